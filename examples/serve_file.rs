//! A file server: whoever connects gets the file, and then the end.
//!
//! `cargo run --release --example serve_file -- Cargo.lock 127.0.0.1:7070`, then `nc 127.0.0.1 7070 > copy`. A pipeline from a file
//! straight into a socket is moved by the kernel: none of the file is ever in this process, however large it is and however
//! slow the client reads. A stage between them, `.gzip(6)` say, would have it read and written here.
#![expect(clippy::disallowed_macros, reason = "a program prints what it serves")]

use std::path::PathBuf;

use roundsman::fs;
use roundsman::net::{Connection, tcp};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Summary};

struct FileServer {
    file: PathBuf,
    listen: String,
}

enum Msg {
    Accepted(Item<Connection>),
    Sent(Result<Summary, PipeError>),
    ListenerClosed(Result<Summary, PipeError>),
}

impl Actor for FileServer {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let listener = tcp::listen(&self.listen)?;
        println!("serving {} on {}", self.file.display(), listener.local());
        listener.incoming().pipe(ctx.inlet(Msg::Accepted)).start(ctx, Msg::ListenerClosed);
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Accepted(client) => {
                fs::reader(&self.file).source().pipe(client.writer()).start(ctx, Msg::Sent);
            }
            Msg::Sent(Ok(summary)) => {
                println!("{} bytes in {:.1} s", summary.bytes, summary.elapsed.as_secs_f64());
            }
            // A client that went away, or a file that is not there: the next one may fare better.
            Msg::Sent(Err(error)) => println!("not sent: {error}"),
            Msg::ListenerClosed(result) => _ = result?,
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let file = args.next().ok_or("usage: serve_file FILE [LISTEN]")?.into();
    let listen = args.next().unwrap_or_else(|| "127.0.0.1:7070".to_owned());
    Runtime::builder().stop_on_signals().build()?.run(|| FileServer { file, listen })?;
    Ok(())
}
