//! The upper limit: a plain loop with a queue for each boxed actor and a run queue, and nothing
//! of what an actor system is for (threads, failures, pressure, time, I/O).

use std::{collections::VecDeque, time::Duration};

use slab::Slab;

use crate::{
    node::{Next, Node},
    system::{Introduction, Packet, System},
    topology,
    workload::Workload,
};

/// How long the workload takes.
///
/// # Panics
/// If the queues run dry before the workload is done.
pub fn run(workload: Workload) -> Option<Duration> {
    let (latch, finish) = topology::latch(workload);
    let mut world = World::default();
    topology::start(workload, &mut world, &latch);
    world.run();
    Some(finish.wait_blocking())
}

/// All actors, and which of them have something to do.
#[derive(Default)]
struct World {
    slots: Slab<Slot>,
    runnable: VecDeque<usize>,
}

struct Slot {
    /// Absent while it has its turn.
    actor: Option<Box<dyn Actor>>,
    mailbox: VecDeque<Packet>,
    queued: bool,
}

trait Actor {
    fn receive(&mut self, packet: Packet, world: &mut World) -> Next;
    fn meet(&mut self, neighbours: Introduction<usize>);
}

impl Actor for Node<usize> {
    fn receive(&mut self, packet: Packet, world: &mut World) -> Next {
        self.receive(packet, world)
    }

    fn meet(&mut self, neighbours: Introduction<usize>) {
        self.meet(neighbours);
    }
}

impl World {
    fn run(&mut self) {
        while let Some(address) = self.runnable.pop_front() {
            self.turn(address);
        }
    }

    /// Handles what is queued for one actor now.
    fn turn(&mut self, address: usize) {
        let slot = &mut self.slots[address];
        slot.queued = false;
        let Some(mut actor) = slot.actor.take() else { return };
        for _ in 0..slot.mailbox.len() {
            let Some(packet) = self.slots[address].mailbox.pop_front() else { break };
            if actor.receive(packet, self) == Next::Stop {
                self.slots.remove(address);
                return;
            }
        }
        self.slots[address].actor = Some(actor);
    }
}

impl System for World {
    type Address = usize;

    fn spawn(&mut self, node: Node<usize>) -> usize {
        let actor: Box<dyn Actor> = Box::new(node);
        self.slots.insert(Slot { actor: Some(actor), mailbox: VecDeque::new(), queued: false })
    }

    fn introduce(&mut self, to: &usize, neighbours: Introduction<usize>) {
        if let Some(actor) = &mut self.slots[*to].actor {
            actor.meet(neighbours);
        }
    }

    fn send(&mut self, to: &usize, packet: Packet) {
        let slot = &mut self.slots[*to];
        slot.mailbox.push_back(packet);
        if !slot.queued {
            slot.queued = true;
            self.runnable.push_back(*to);
        }
    }
}
