//! Asks name servers: `cargo run --example resolve -- NAME [TYPE] [@SERVER[:PORT]]` prints one record a line.
//!
//! Without a type it asks for IPv4 addresses; without a server, whom the system asks.
#![expect(clippy::disallowed_macros, reason = "a program prints what it finds")]
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;

use roundsman::dns::{Answer, Question, RecordType, ResolveError, Resolver};
use roundsman::prelude::*;

struct Asker(Question);

enum Msg {
    Answered(Result<Answer, ResolveError>),
}

impl Actor for Asker {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.0.clone().start(ctx, Msg::Answered);
        Ok(())
    }

    fn receive(&mut self, Msg::Answered(answer): Msg, ctx: &mut Context<Self>) -> Outcome {
        answer?.iter().for_each(|record| println!("{record}"));
        ctx.stop();
        Ok(())
    }
}

/// What the command line asks for.
fn question() -> Result<Question, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or("usage: resolve NAME [TYPE] [@SERVER[:PORT]]")?;
    let (mut record_type, mut resolver) = (RecordType::A, Resolver::system());
    for argument in arguments {
        match argument.strip_prefix('@') {
            Some(server) => resolver = Resolver::builder().servers([address(server)?]).build(),
            None => record_type = argument.parse()?,
        }
    }
    Ok(resolver.resolve(name, record_type))
}

/// `ADDRESS` or `ADDRESS:PORT`; an IPv6 address with a port is written `[ADDRESS]:PORT`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let with_port = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    text.parse().or_else(|_| with_port()).map_err(|error| format!("@{text}: {error}"))
}

fn main() -> ExitCode {
    let question = match question() {
        Ok(question) => question,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let run = Runtime::builder().loops(1).build().map(|runtime| runtime.run(|| Asker(question)));
    match run {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
