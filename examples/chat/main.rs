//! The chat server as a program: reads its options, and runs [`Server`] until it ends.
//!
//! `cargo run --release --example chat`, then `irssi -c 127.0.0.1`. Everything else is in `mod.rs`, a library, so that
//! tests can run the server in a world of their own. Its exit status is 0 after a signal, 1 if it failed, 2 if it was
//! called wrongly.

use std::error::Error;
use std::fmt::Display;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, io};

use roundsman::net::tls;
use roundsman::{RunError, Spawn, process};
use roundsman_examples::chat::{
    About, CommandLine, HELP, Listening, Notices, Options, Server, Settings, VERSION,
};
use tracing_subscriber::filter::LevelFilter;

#[expect(clippy::disallowed_macros, reason = "a program says what it is asked for")]
fn main() -> ExitCode {
    match Options::parse(env::args_os().skip(1)) {
        Ok(Options::Help) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Options::Version) => {
            println!("{VERSION}");
            ExitCode::SUCCESS
        }
        Ok(Options::Serve(line)) => match read(&line) {
            Ok((settings, files)) => match serve(settings, files, line) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => complain(error, 1),
            },
            Err(error) => complain(error, 2),
        },
        Err(error) => complain(error, 2),
    }
}

fn read(line: &CommandLine) -> Result<(Settings, Files), String> {
    let settings = settings(line)?;
    let files = Files::read(&settings)?;
    Ok((settings, files))
}

fn settings(line: &CommandLine) -> Result<Settings, String> {
    line.settings(|file| fs::read_to_string(file)).map_err(|error| error.to_string())
}

/// What the options name. It is read before there is a loop that could be held up.
struct Files {
    motd: Option<String>,
    tls: Option<tls::Server>,
}

impl Files {
    fn read(settings: &Settings) -> Result<Self, String> {
        let certificates = settings.tls_cert.as_ref().zip(settings.tls_key.as_ref());
        let tls = certificates.map(|(certificate, key)| tls::server(certificate, key).build());
        let tls = tls.transpose().map_err(|error| format!("TLS: {error}"))?;
        Ok(Self { motd: motd(settings)?, tls })
    }
}

fn serve(settings: Settings, files: Files, line: CommandLine) -> Result<(), Box<dyn Error>> {
    let level: LevelFilter = settings.log.to_string().parse()?;
    let colours = io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_max_level(level);
    log.with_writer(io::stderr).with_ansi(colours).init();

    // A connection is a descriptor. What cannot be raised is no reason not to serve those that fit.
    if let Err(error) = process::raise_descriptor_limit() {
        tracing::warn!(%error, "the limit of open descriptors stays what it was");
    }
    let about = About::new(settings, since_1970()).motd(files.motd);
    let ended = Server::runtime().build()?.run_with(Spawn::named("chat"), || {
        let server = Server::new(about, announce).reread(move || reread(&line));
        match files.tls {
            Some(tls) => server.tls(tls),
            None => server,
        }
    });
    match ended {
        // Why the server has failed, such as that it cannot listen, says enough.
        Err(RunError::RootFailed { source: Some(why), .. }) => Err(why),
        ended => Ok(ended?),
    }
}

fn motd(settings: &Settings) -> Result<Option<String>, String> {
    let read = |file: &std::path::PathBuf| {
        fs::read_to_string(file).map_err(|error| {
            format!("cannot read the message of the day, {}: {error}", file.display())
        })
    };
    settings.motd.as_ref().map(read).transpose()
}

fn reread(line: &CommandLine) -> Result<Notices, String> {
    let settings = settings(line)?;
    Ok(Notices { motd: motd(&settings)?, operators: settings.operators })
}

#[expect(clippy::disallowed_macros, reason = "a program prints where it listens")]
fn announce(listening: &Listening) {
    println!("chat listens on {}", listening.plain);
    if let Some(tls) = &listening.tls {
        println!("chat listens on {tls} with TLS");
    }
    if let Some(web) = &listening.web {
        println!("chat listens on http://{web}");
    }
}

#[expect(clippy::disallowed_methods, reason = "read once; from then on the runtime's clock counts")]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[expect(clippy::disallowed_macros, reason = "a program says why it ends")]
fn complain(error: impl Display, status: u8) -> ExitCode {
    eprintln!("chat: {error}");
    ExitCode::from(status)
}
