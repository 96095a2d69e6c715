//! Runs a workload of `cross` or `flood` on a peer: loops in two threads, or a loop and a plain
//! thread.

use std::{
    sync::mpsc,
    thread::{self, Scope},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    latch::Latch,
    node::Node,
    peers::{Peer, executor::Executor},
    system::{Introduction, Packet, System},
    workload::{Pattern, Workload},
};

/// How long the workload takes; `None` if it needs no second loop.
pub fn run<P: Peer>(executor: Executor, mut peer: P, workload: Workload) -> Option<Duration> {
    let count = workload.operations;
    let (latch, finish) = Latch::new(1);
    thread::scope(|scope| {
        let host = |node| Hosted::new(scope, executor, peer.clone(), node);
        match workload.pattern {
            Pattern::OutsideIn => {
                let consumer = host(Node::consumer(count, Duration::ZERO, &latch));
                latch.start();
                for value in 0..count {
                    peer.send(&consumer.address, Packet::new(value));
                }
                Some(finish.wait_blocking())
            }
            Pattern::LoopToLoop => {
                let consumer = host(Node::consumer(count, Duration::ZERO, &latch));
                let producer = host(Node::producer(count, &latch));
                introduce(&mut peer, &producer, &[&consumer, &producer]);
                latch.start();
                peer.send(&producer.address, Packet::new(0));
                Some(finish.wait_blocking())
            }
            Pattern::RoundTrip => {
                let (ping, pong) = (host(Node::relay(&latch)), host(Node::relay(&latch)));
                introduce(&mut peer, &ping, &[&pong]);
                introduce(&mut peer, &pong, &[&ping]);
                latch.start();
                peer.send(&ping.address, Packet::new(2 * count));
                Some(finish.wait_blocking())
            }
            Pattern::Flood => {
                let consumer = host(Node::consumer(count, Duration::from_micros(1), &latch));
                latch.start();
                executor.run({
                    let (mut peer, consumer) = (peer.clone(), consumer.address.clone());
                    async move {
                        for value in 0..count {
                            peer.offer(&consumer, Packet::new(value)).await;
                        }
                    }
                });
                Some(finish.wait_blocking())
            }
            _ => None,
        }
    })
}

fn introduce<P: Peer>(peer: &mut P, to: &Hosted<P>, neighbours: &[&Hosted<P>]) {
    let neighbours = neighbours.iter().map(|hosted| hosted.address.clone()).collect();
    peer.introduce(&to.address, Introduction(neighbours));
}

/// An actor alone on a loop of its own thread; the loop ends when this is dropped.
struct Hosted<P: System> {
    address: P::Address,
    _release: oneshot::Sender<()>,
}

impl<P: Peer> Hosted<P> {
    fn new<'scope>(
        scope: &'scope Scope<'scope, '_>,
        executor: Executor,
        mut peer: P,
        node: Node<P::Address>,
    ) -> Self {
        let (address_out, address) = mpsc::channel();
        let (release, released) = oneshot::channel::<()>();
        scope.spawn(move || {
            executor.run(async move {
                // The other end waits for it.
                let _ = address_out.send(peer.spawn(node));
                // An error: the other end was dropped, which is the sign to end.
                let _ = released.await;
            });
        });
        let address = address.recv().expect("the loop's thread spawns the actor");
        Self { address, _release: release }
    }
}
