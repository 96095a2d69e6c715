//! Stopping as a plan: what is waited for, in which order, and what is cut.

#[path = "draining/cuts.rs"]
mod cuts;
#[path = "draining/phases.rs"]
mod phases;
#[path = "draining/signals.rs"]
mod signals;
#[path = "draining/sockets.rs"]
mod sockets;

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// Sends to an echo server until it takes no more: what it has read it cannot write, for nobody reads it.
fn stuff(client: &mut TcpStream) {
    // Far longer than a server that reads would need.
    client.set_write_timeout(Some(Duration::from_secs(1))).expect("it can be set");
    while client.write_all(&[1; 65_536]).is_ok() {}
}
