//! A chat server for IRC clients: how a service is built from actors and links.
//!
//! `cargo run --release --example chat`, then `irssi -c 127.0.0.1`, or `nc 127.0.0.1 6667` for whoever types
//! `NICK ann` and `USER ann 0 * :Ann` by hand.
//!
//! # Who is there
//!
//! | actor | one for each | knows |
//! |---|---|---|
//! | `server` | process | the listener and every session: accepts, and ends in good order |
//! | `session` | connection | its client: what it has said and not been answered, what it has not read |
//! | `directory` | process | every nick, and every channel by its name |
//! | `channel` | channel | its members, its topic |
//!
//! # The way of a line
//!
//! Socket → `lines` → session (`wire` takes the line apart, `command` makes commands of it) → directory or channel
//! → sessions of all who are to know → their sockets. The first arrow and the last are links: a client that sends
//! faster than it is served is read from no further, and one that does not read is cut off once 1 MiB waits for it.
//! In between are messages.
//!
//! # Order
//!
//! A session has one command in hand. The command travels with a `Caller`, which the last actor on its
//! way gives back when all that the command causes has been sent; only then does the session turn to the next line. So
//! whoever has a PONG knows that everything it said before stands in the queues of all whom it concerns.
//!
//! # Where to read
//!
//! `session.rs` first, then `channel.rs` and `directory.rs`; `circular.rs` is how a new nick gets around.

mod channel;
mod circular;
mod client;
mod command;
mod directory;
mod names;
mod options;
mod replies;
mod server;
mod session;
mod wire;

use std::error::Error;
use std::fmt::Display;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, io};

use roundsman::net::tcp;
use roundsman::{Runtime, Spawn};

use crate::options::{HELP, Options, Settings};
use crate::server::{About, Server};

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
    let listener = tcp::listen(settings.listen)?;
    // One loop: whoever is in a channel talks to everybody in it, so a second loop would only turn plain pushes into
    // locked ones.
    let runtime = Runtime::builder().loops(1).round(ROUND).build()?;
    runtime.run_with(Spawn::named("chat"), || Server::new(about, listener))?;
    Ok(())
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
