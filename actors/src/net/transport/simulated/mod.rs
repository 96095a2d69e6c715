//! Sockets of a simulated network, in memory, in the place of the OS's.
//!
//! Made by the sockets of [`transport`](super) where a simulated host has a [`Stack`]; put together and disturbed by
//! [`sim`](crate::sim). The engine above sees a socket like any other: it would block, gives less than was asked for, is
//! reset. Nothing here runs but in a turn, or in an event of the simulation, on one thread.
//!
//! | file | what |
//! |---|---|
//! | `network.rs` | the hosts, their addresses, what is between them, and what befalls it |
//! | `wire.rs` | one direction of a connection: what is under way |
//! | `stream.rs` | one end of a connection, as its socket has it |
//! | `arriving.rs` | what comes to an end over the network, and what is answered |
//! | `listening.rs` | a socket that listens, and how connections are made |
//! | `datagrams.rs` | a socket for datagrams |
//! | `table.rs` | where they are, by number |

mod arriving;
mod datagrams;
mod listening;
mod network;
mod stream;
mod table;
mod wire;

use std::sync::Arc;

use roundsman_runtime::{Readiness, Simulation, simulated_provided};

pub(crate) use datagrams::Datagrams;
pub(crate) use listening::Listening;
pub(crate) use network::{Network, Stack};
pub(crate) use stream::Stream;

/// The network stack of the simulated host whose code runs now, if it has one.
pub(crate) fn stack() -> Option<Arc<Stack>> {
    simulated_provided()
}

/// All that a socket that has failed is ready for.
pub(crate) const FAILED: Readiness = Readiness::READABLE
    .and(Readiness::WRITABLE)
    .and(Readiness::READ_CLOSED)
    .and(Readiness::WRITE_CLOSED)
    .and(Readiness::ERROR);

/// True at a rate of so many in a million. The plain choice is false.
fn happens(simulation: &Simulation, per_million: u32) -> bool {
    const MILLION: usize = 1_000_000;
    per_million > 0 && simulation.below(MILLION) >= MILLION - (per_million as usize).min(MILLION)
}
