//! Who knows whom in each workload that runs on one loop.

use std::{sync::Arc, time::Duration};

use crate::{
    latch::{Finish, Latch},
    node::Node,
    system::{Introduction, Packet, System},
    workload::{MANY, Pattern, Workload},
};

/// The latch for a workload: who counts down differs between the patterns.
pub fn latch(workload: Workload) -> (Arc<Latch>, Finish) {
    Latch::new(match workload.pattern {
        Pattern::OneToMany => MANY as usize,
        Pattern::Spawn => workload.operations as usize,
        _ => 1,
    })
}

/// Spawns the actors of the workload, starts the clock and sends the first packets. The latch
/// opens when all operations are done.
///
/// `Ask` is laid out as a question and an answer that are packets; a system with an `ask` of its
/// own measures that instead and does not come here.
///
/// # Panics
/// If the pattern needs more than one loop.
pub fn start<S: System>(workload: Workload, system: &mut S, latch: &Arc<Latch>) {
    let count = workload.operations;
    match workload.pattern {
        Pattern::PingPong => ring(2, count, system, latch),
        Pattern::Ring => ring(MANY, count, system, latch),
        Pattern::Ask => ring(2, 2 * count, system, latch),
        Pattern::OneToOne => produce(1, 1, count, system, latch),
        Pattern::OneToMany => produce(1, MANY, count, system, latch),
        Pattern::ManyToOne => produce(MANY, 1, count, system, latch),
        Pattern::Spawn => {
            let spawner = system.spawn(Node::spawner(count, latch));
            system.introduce(&spawner, Introduction([spawner.clone()].into()));
            latch.start();
            system.send(&spawner, Packet::new(0));
        }
        Pattern::OutsideIn | Pattern::LoopToLoop | Pattern::RoundTrip | Pattern::Flood => {
            panic!("{} needs two loops", workload.pattern.name())
        }
    }
}

fn ring<S: System>(size: u64, hops: u64, system: &mut S, latch: &Arc<Latch>) {
    let relays: Vec<_> = (0..size).map(|_| system.spawn(Node::relay(latch))).collect();
    for (relay, next) in relays.iter().zip(relays.iter().cycle().skip(1)) {
        system.introduce(relay, Introduction([next.clone()].into()));
    }
    latch.start();
    // The first packet is a hop too, and the one that arrives with 0 ends the run.
    system.send(&relays[0], Packet::new(hops - 1));
}

fn produce<S: System>(
    producers: u64,
    consumers: u64,
    count: u64,
    system: &mut S,
    latch: &Arc<Latch>,
) {
    let consumers: Vec<_> = (0..consumers)
        .map(|_| system.spawn(Node::consumer(count / consumers, Duration::ZERO, latch)))
        .collect();
    let producers: Vec<_> = (0..producers)
        .map(|_| {
            let producer = system.spawn(Node::producer(count / producers, latch));
            let neighbours = consumers.iter().chain([&producer]).cloned().collect();
            system.introduce(&producer, Introduction(neighbours));
            producer
        })
        .collect();
    latch.start();
    for producer in &producers {
        system.send(producer, Packet::new(0));
    }
}
