//! Sockets of a simulated network, in memory, in the place of the OS's.
//!
//! Made by the sockets of [`transport`](super) where a simulated host has a [`Stack`]; put together and disturbed by
//! [`sim`](crate::sim). The engine above sees a socket like any other: it would block, gives less than was asked for, is
//! reset. Nothing here runs but in a turn, or in an event of the simulation, on one thread.
//!
//! | file | what |
//! |---|---|
//! | `faults.rs` | what goes wrong, and how often |
//! | `network.rs` | the hosts, their addresses, what is between them, and what befalls it |
//! | `scene.rs` | the network with the simulation's chance and time |
//! | `listening.rs`, `handshake.rs` | a socket that listens; how connections are made |
//! | `stream.rs`, `end.rs` | the socket of one end of a connection; the end, in the network's table |
//! | `wire.rs`, `arriving.rs` | one direction of a connection: what is under way; what comes to an end, and what is answered |
//! | `datagrams.rs` | a socket for datagrams |
//! | `table.rs` | where they are, by number |

mod arriving;
mod datagrams;
mod end;
mod faults;
mod handshake;
mod listening;
mod network;
mod scene;
mod stream;
mod table;
mod wire;

use std::sync::Arc;

use roundsman_runtime::{Readiness, Simulation, simulated_provided};

pub(crate) use datagrams::Datagrams;
pub use faults::NetworkFaults;
pub(crate) use listening::Listening;
pub(crate) use network::{Network, Stack};
pub(crate) use stream::Stream;

/// The network stack of the simulated host whose code runs now, if it has one.
pub(crate) fn stack() -> Option<Arc<Stack>> {
    simulated_provided()
}

/// Whether what runs now is part of a simulation.
pub(crate) fn is_here() -> bool {
    Simulation::is_current()
}

/// All that a socket that has failed is ready for.
pub(crate) const FAILED: Readiness = Readiness::READABLE
    .and(Readiness::WRITABLE)
    .and(Readiness::READ_CLOSED)
    .and(Readiness::WRITE_CLOSED)
    .and(Readiness::ERROR);
