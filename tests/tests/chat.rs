//! What an IRC client sees of the example `chat`, which runs as a process of its own.
//!
//! Every test starts its own server on a free port, so they run side by side.

use std::net::SocketAddr;

use roundsman_tests::example::Example;
use roundsman_tests::irc_client::{Client, Line};

#[path = "chat/capabilities.rs"]
mod capabilities;
#[path = "chat/channels.rs"]
mod channels;
#[path = "chat/history.rs"]
mod history;
#[path = "chat/inviting.rs"]
mod inviting;
#[path = "chat/labels.rs"]
mod labels;
#[path = "chat/limits.rs"]
mod limits;
#[path = "chat/lines.rs"]
mod lines;
#[path = "chat/lookups.rs"]
mod lookups;
#[path = "chat/messages.rs"]
mod messages;
#[path = "chat/modes.rs"]
mod modes;
#[path = "chat/monitor.rs"]
mod monitor;
#[path = "chat/operators.rs"]
mod operators;
#[path = "chat/order.rs"]
mod order;
#[path = "chat/program.rs"]
mod program;
#[path = "chat/queries.rs"]
mod queries;
#[path = "chat/registration.rs"]
mod registration;
#[path = "chat/simulated.rs"]
mod simulated;
#[path = "chat/slow_client.rs"]
mod slow_client;

/// A chat server, killed at the end of its test.
struct Chat {
    process: Example,
    address: SocketAddr,
}

impl Chat {
    fn start() -> Self {
        Self::with(&[])
    }

    fn with(options: &[&str]) -> Self {
        let (process, address) = Example::serve("chat", options);
        Self { process, address }
    }

    /// A connection that has said nothing.
    fn connection(&self) -> Client {
        Client::connect(self.address)
    }

    /// A client that has registered.
    fn client(&self, nick: &str) -> Client {
        Client::register(self.address, nick)
    }

    /// A client that has registered with these capabilities.
    fn capable(&self, nick: &str, capabilities: &str) -> Client {
        Client::register_with(self.address, nick, capabilities)
    }

    /// Clients that are in one channel, and have seen all of them join it.
    fn room<const N: usize>(&self, channel: &str, nicks: [&str; N]) -> [Client; N] {
        let mut clients = nicks.map(|nick| {
            let mut client = self.client(nick);
            client.join(channel);
            client
        });
        for client in &mut clients {
            client.sync();
        }
        clients
    }
}

/// The lines as they came, to be compared with what was expected.
fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(Line::as_str).collect()
}

/// The commands and numerics of lines.
fn commands(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.command.as_str()).collect()
}

/// The only line there is.
#[track_caller]
fn only(lines: Vec<Line>) -> Line {
    match <[Line; 1]>::try_from(lines) {
        Ok([line]) => line,
        Err(lines) => panic!("one line was expected: {lines:#?}"),
    }
}

/// Holds lines against `NUMERIC first-parameter-after-the-nick`, such as `403 #c`, or a numeric alone.
#[track_caller]
fn assert_answers(lines: &[Line], expected: &[&str]) {
    let answers: Vec<String> = lines
        .iter()
        .zip(expected.iter().chain(std::iter::repeat(&"")))
        .map(|(line, expected)| match expected.contains(' ') {
            true => format!("{} {}", line.command, line.param(1)),
            false => line.command.clone(),
        })
        .collect();
    assert_eq!(answers, expected, "in {lines:#?}");
}
