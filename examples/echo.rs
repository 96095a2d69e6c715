//! An echo server: what a client sends comes back.
//!
//! `cargo run --release --example echo -- 127.0.0.1:7777`, then `nc 127.0.0.1 7777`. Without an argument it listens on
//! 127.0.0.1:7777. Each connection is a pipeline from its reader to its writer, so a client that does not read is not
//! read from either. Its exit status is 0 after Ctrl-C, 1 if it failed, 2 if a client had to be cut off.
#![expect(clippy::disallowed_macros, reason = "a program prints where it listens")]

use std::process::ExitCode;

use roundsman::BuildError;
use roundsman::net::{Connection, tcp};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Summary};

struct Echo {
    listen: String,
}

enum Msg {
    Accepted(Item<Connection>),
    Closed(Result<Summary, PipeError>),
    ListenerClosed(Result<Summary, PipeError>),
}

impl Actor for Echo {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let listener = tcp::listen(&self.listen)?;
        println!("echo listens on {}", listener.local());
        listener.incoming().pipe(ctx.inlet(Msg::Accepted)).start(ctx, Msg::ListenerClosed);
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Accepted(conn) => {
                conn.reader().pipe(conn.writer()).start(ctx, Msg::Closed);
            }
            Msg::Closed(Ok(summary)) => println!("echoed {} bytes", summary.bytes),
            Msg::Closed(Err(error)) => println!("a connection failed: {error}"),
            Msg::ListenerClosed(result) => _ = result?,
        }
        Ok(())
    }
}

fn main() -> Result<ExitCode, BuildError> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7777".to_owned());
    // Ctrl-C stops it as planned: nobody new, nothing more read, everything written.
    let runtime = Runtime::builder().stop_on_signals().build()?;
    Ok(match runtime.run(|| Echo { listen }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::from(error.exit_status())
        }
    })
}
