//! The contenders: what they run on, how each of them hosts a [`Node`](crate::node::Node), and
//! the runs that are the same for all of them.
//!
//! `limit` and `flume_threads` are no actor systems and run by themselves; the others implement
//! [`Peer`] and share `one_loop`, `two_loops` and `idle`.

use crate::system::{Packet, System};

pub mod actix;
pub mod blocking;
pub mod blocking_reads;
pub mod broadcast;
pub mod delay_queue;
pub mod executor;
pub mod flume_threads;
pub mod idle;
pub mod kameo;
pub mod limit;
pub mod node;
pub mod one_loop;
pub mod ractor;
pub mod recipients;
pub mod tokio_tasks;
pub mod two_loops;
pub mod uv;
pub mod uv_names;
pub mod uv_read;
pub mod uv_timers;

/// An actor system on tokio.
pub trait Peer: System<Address: Sync> + Clone + Send + Sync + 'static {
    /// Asks an actor how many packets it has taken.
    fn ask(&self, whom: &Self::Address) -> impl Future<Output = u64> + Send;

    /// Sends, and waits for room first if the mailbox is bounded.
    fn offer(&mut self, to: &Self::Address, packet: Packet) -> impl Future<Output = ()> + Send {
        self.send(to, packet);
        std::future::ready(())
    }
}

#[cfg(test)]
mod tests;
