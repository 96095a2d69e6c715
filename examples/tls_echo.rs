//! An echo server with TLS: what a client sends comes back, and nobody in between can read it.
//!
//! `cargo run --release --example tls_echo -- 127.0.0.1:7443 cert.pem key.pem`, then
//! `openssl s_client -connect 127.0.0.1:7443 -CAfile cert.pem`. A certificate for tries is made by OpenSSL:
//!
//! ```sh
//! openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=try \
//!     -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem
//! ```
//!
//! At SIGHUP it reads both files anew, for those who connect from then on. Its exit status is 0 after Ctrl-C, 1 if it failed,
//! 2 if it was called wrongly or a client had to be cut off.
#![expect(clippy::disallowed_macros, reason = "a program prints where it listens")]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use roundsman::net::{Connection, tcp, tls};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Summary};
use roundsman::{Happening, JobError, Lane, Signal, try_job};

struct Echo {
    listen: String,
    certificate: PathBuf,
    key: PathBuf,
    tls: tls::Server,
}

enum Msg {
    Accepted(Item<Connection>),
    Closed(Result<Summary, PipeError>),
    ListenerClosed(Result<Summary, PipeError>),
    Happened(Happening),
    HangUp,
    Read(Result<tls::Server, JobError<tls::ConfigError>>),
}

impl Actor for Echo {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let listener = tcp::listen(&self.listen)?;
        println!("tls_echo listens on {}", listener.local());
        ctx.on_happening(Msg::Happened);
        if cfg!(unix) {
            ctx.on_signal(Signal::HangUp, |_| Msg::HangUp)?;
        }
        let secured = listener.incoming().through(tls::accept(&self.tls));
        secured.pipe(ctx.inlet(Msg::Accepted)).start(ctx, Msg::ListenerClosed);
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Accepted(conn) => {
                if let Some(agreed) = conn.tls() {
                    println!("a client, {}", agreed.version());
                }
                conn.reader().pipe(conn.writer()).start(ctx, Msg::Closed);
            }
            Msg::Closed(Ok(summary)) => println!("echoed {} bytes", summary.bytes),
            Msg::Closed(Err(error)) => println!("a connection failed: {error}"),
            Msg::ListenerClosed(result) => _ = result?,
            Msg::Happened(happening) => {
                if let Some(failed) = happening.what().downcast_ref::<tls::HandshakeFailed>() {
                    println!("a handshake failed: {}", failed.error);
                }
            }
            Msg::HangUp => {
                let server = tls::server(&self.certificate, &self.key);
                ctx.start(try_job(Lane::Fs, move || server.build()), Msg::Read);
            }
            Msg::Read(Ok(server)) => {
                self.tls.replace(&server);
                println!("the certificate was read anew");
            }
            Msg::Read(Err(error)) => println!("the old certificate stays: {error}"),
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [listen, certificate, key] = &arguments[..] else {
        eprintln!("usage: tls_echo ADDRESS CERTIFICATE.pem KEY.pem");
        return ExitCode::from(2);
    };
    match run(listen.clone(), certificate.into(), key.into()) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("tls_echo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(listen: String, certificate: PathBuf, key: PathBuf) -> Result<ExitCode, Box<dyn Error>> {
    // The files are read here, before there is a loop that could be held up.
    let tls = tls::server(&certificate, &key).build()?;
    let runtime = Runtime::builder().stop_on_signals().build()?;
    Ok(match runtime.run(|| Echo { listen, certificate, key, tls }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tls_echo: {error}");
            ExitCode::from(error.exit_status())
        }
    })
}
