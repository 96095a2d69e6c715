//! The example `chat` as it stands, on a port of its own, without an end to how many may come from one address.

use std::{io, net::Ipv4Addr};

use roundsman_examples::chat::{About, LogLevel, Server, Settings};

use crate::{clock, net::server::Announce};

/// More clients than any load has.
const CLIENTS_MAX: usize = 100_000;

/// Serves until it is killed.
///
/// # Errors
/// If the runtime cannot be built or the server fails.
pub fn serve(announce: Announce) -> io::Result<()> {
    let settings = Settings {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        max_clients: CLIENTS_MAX,
        max_per_address: CLIENTS_MAX,
        log: LogLevel::Off,
        ..Settings::default()
    };
    let about = About::new(settings, clock::since_1970());
    let runtime = Server::runtime().build().map_err(io::Error::other)?;
    let told = move |listening: &roundsman_examples::chat::Listening| {
        announce(listening.plain.port().unwrap_or_default());
    };
    runtime.run(move || Server::new(about, told)).map_err(io::Error::other)
}
