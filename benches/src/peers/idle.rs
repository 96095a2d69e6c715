//! How much memory an idle actor takes, and how long it takes to spawn one.

use std::time::Duration;

use crate::{
    clock,
    latch::Latch,
    node::Node,
    peers::{Peer, executor::Executor},
    process,
};

/// What a crowd of idle actors costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// From the first spawn until all actors have started.
    pub elapsed: Duration,
    /// Resident memory that was added, an address for each actor included.
    pub bytes: u64,
}

/// Spawns `count` actors that never get a message.
///
/// # Panics
/// If `count` is 0.
pub fn run<P: Peer>(executor: Executor, mut peer: P, count: u64) -> Cost {
    executor.run(async move {
        let (latch, _finish) = Latch::new(1);
        let before = process::resident_bytes();
        let start = clock::now();
        let crowd: Vec<_> = (0..count).map(|_| peer.spawn(Node::relay(&latch))).collect();
        // The loop is first come, first served: when the last one answers, all have started.
        peer.ask(crowd.last().expect("a crowd is not empty")).await;
        let elapsed = start.elapsed();
        Cost { elapsed, bytes: process::resident_bytes().saturating_sub(before) }
    })
}
