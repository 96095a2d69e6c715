//! An echo server of WebSockets: each message comes back as it was.
//!
//! `cargo run --release --example ws_echo -- 127.0.0.1:9001`, then in a browser's console
//! `socket = new WebSocket("ws://127.0.0.1:9001"); socket.onmessage = console.log; socket.onopen = () => socket.send("hello")`.
//! It is what a conformance suite for WebSockets wants to talk to: the fuzzing client of Autobahn|Testsuite, say.
//!
//! Without an argument it listens on 127.0.0.1:9001. Its exit status is 0 after Ctrl-C, 1 if it cannot listen, 2 if a client had to
//! be cut off, or it was called wrongly.
#![expect(
    clippy::disallowed_macros,
    reason = "a program prints where it listens, and what it is asked for"
)]

use std::process::ExitCode;

use roundsman::net::tcp;
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Summary};
use roundsman::websocket::{self, HandshakeFailed, Options, Socket};
use roundsman::{BuildError, Happening, RunError};

const USAGE: &str = "usage: ws_echo [ADDRESS:PORT]";

/// The largest message that is taken: as large as conformance suites send them.
const MESSAGE_MAX: usize = 16 * 1024 * 1024;

struct Echo {
    listen: String,
}

enum Msg {
    Opened(Item<Socket>),
    Echoed(Result<Summary, PipeError>),
    ListenerClosed(Result<Summary, PipeError>),
    Happened(Happening),
}

impl Actor for Echo {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let listener = tcp::listen(&self.listen)?;
        println!("ws_echo listens on {}", listener.local());
        ctx.on_happening(Msg::Happened);
        let server = websocket::server().options(Options::new().message_max(MESSAGE_MAX));
        let sockets = listener.incoming().through(websocket::accept(&server));
        sockets.pipe(ctx.inlet(Msg::Opened)).start(ctx, Msg::ListenerClosed);
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Opened(socket) => {
                socket.reader().pipe(socket.writer()).start(ctx, Msg::Echoed);
            }
            Msg::Echoed(Ok(summary)) => {
                println!("echoed {} messages, {} bytes", summary.items, summary.bytes);
            }
            Msg::Echoed(Err(error)) => println!("a socket failed: {error}"),
            Msg::ListenerClosed(result) => _ = result?,
            Msg::Happened(happening) => {
                if let Some(failed) = happening.what().downcast_ref::<HandshakeFailed>() {
                    println!("a handshake failed: {}", failed.error);
                }
            }
        }
        Ok(())
    }
}

fn main() -> Result<ExitCode, BuildError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let listen = match &arguments[..] {
        [] => "127.0.0.1:9001",
        [help] if help == "--help" || help == "-h" => {
            println!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        [address] if !address.starts_with('-') => address,
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    let runtime = Runtime::builder().stop_on_signals().build()?;
    let echo = Echo { listen: listen.to_owned() };
    Ok(match runtime.run(|| echo) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let status = error.exit_status();
            match error {
                // Why it cannot listen says enough.
                RunError::RootFailed { source: Some(why), .. } => eprintln!("ws_echo: {why}"),
                error => eprintln!("ws_echo: {error}"),
            }
            ExitCode::from(status)
        }
    })
}
