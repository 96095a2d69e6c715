//! Runs a workload of `messages` on a peer.

use std::time::Duration;

use crate::{
    clock,
    node::Node,
    peers::{Peer, executor::Executor},
    topology,
    workload::{Pattern, Workload},
};

/// How long the workload takes.
pub fn run<P: Peer>(executor: Executor, mut peer: P, workload: Workload) -> Option<Duration> {
    Some(executor.run(async move {
        let (latch, finish) = topology::latch(workload);
        if workload.pattern == Pattern::Ask {
            let whom = peer.spawn(Node::relay(&latch));
            return ask(&peer, &whom, workload.operations).await;
        }
        topology::start(workload, &mut peer, &latch);
        finish.wait().await
    }))
}

async fn ask<P: Peer>(peer: &P, whom: &P::Address, questions: u64) -> Duration {
    let start = clock::now();
    for asked in 1..=questions {
        assert_eq!(peer.ask(whom).await, asked, "every question is answered once");
    }
    start.elapsed()
}
