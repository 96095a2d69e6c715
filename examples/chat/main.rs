//! The chat server as a program: reads its options, and runs [`Server`] until it ends.
//!
//! `cargo run --release --example chat`, then `irssi -c 127.0.0.1`. Everything else is in `mod.rs`, a library, so that tests
//! can run the server in a world of their own.

use std::error::Error;
use std::fmt::Display;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, io};

use roundsman::net::Endpoint;
use roundsman::{Runtime, Spawn};
use roundsman_examples::chat::{About, HELP, Options, Server, Settings};

/// How long the loop may dispatch before it turns to its sockets. All that a round has for a socket is one write, so in
/// a round that is long enough for some lines to 1,000 members, each of these gets them in one go.
const ROUND: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    match Options::parse(env::args_os().skip(1)) {
        Ok(Options::Help) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Options::Serve(settings)) => match serve(settings) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(error, 1),
        },
        Err(error) => complain(error, 2),
    }
}

fn serve(settings: Settings) -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).init();
    let motd = settings.motd.as_ref().map(|file| {
        fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
    });
    let about =
        About { name: settings.server_name, motd: motd.transpose()?, started_unix_s: unix_s() };
    // One loop: whoever is in a channel talks to everybody in it, so a second loop would only turn plain pushes into
    // locked ones.
    let runtime = Runtime::builder().loops(1).round(ROUND).build()?;
    runtime.run_with(Spawn::named("chat"), || Server::new(about, settings.listen, announce))?;
    Ok(())
}

#[expect(clippy::disallowed_macros, reason = "a program prints where it listens")]
fn announce(local: &Endpoint) {
    println!("chat listens on {local}");
}

#[expect(clippy::disallowed_methods, reason = "read once; from then on the runtime's clock counts")]
fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[expect(clippy::disallowed_macros, reason = "a program says why it ends")]
fn complain(error: impl Display, status: u8) -> ExitCode {
    eprintln!("chat: {error}");
    ExitCode::from(status)
}
