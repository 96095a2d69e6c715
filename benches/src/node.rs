//! What an actor of the message workloads does, whatever it runs on.

use std::{sync::Arc, time::Duration};

use crate::{
    clock,
    latch::Latch,
    system::{Introduction, Packet, System},
    workload::BATCH,
};

/// The state of one actor: 56 bytes, which is also what an idle actor of `idle` holds.
#[derive(Debug)]
pub struct Node<A> {
    role: Role,
    neighbours: Box<[A]>,
    latch: Arc<Latch>,
    taken: u64,
}

const _: () = assert!(size_of::<Node<usize>>() == 56, "the state of an idle actor is 56 bytes");

#[derive(Debug)]
enum Role {
    /// Sends a packet on to its neighbour with one hop less; ends the run at 0.
    Relay,
    /// Sends to its neighbours in turn; the last of them is itself.
    Producer { left: u64 },
    /// Takes `left` packets, at `busy` each, then counts down.
    Consumer { left: u64, busy: Duration },
    /// Spawns a mortal and sends it a packet, then one to itself, its only neighbour, to go on.
    Spawner { left: u64 },
    /// Stops at its first packet and counts down when it is dropped.
    Mortal,
}

/// Whether an actor goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// Wait for the next packet.
    Continue,
    /// Stop the actor and drop the node.
    Stop,
}

impl<A> Node<A> {
    /// Passes packets on until their hops are used up. Does nothing by itself, and so serves as
    /// the idle actor too.
    pub fn relay(latch: &Arc<Latch>) -> Self {
        Self::new(Role::Relay, latch)
    }

    /// Produces `count` packets for its neighbours, the last of which must be itself.
    pub fn producer(count: u64, latch: &Arc<Latch>) -> Self {
        Self::new(Role::Producer { left: count }, latch)
    }

    /// Consumes `count` packets, working on each for `busy`.
    pub fn consumer(count: u64, busy: Duration, latch: &Arc<Latch>) -> Self {
        Self::new(Role::Consumer { left: count, busy }, latch)
    }

    /// Spawns `count` mortals; its only neighbour must be itself.
    pub fn spawner(count: u64, latch: &Arc<Latch>) -> Self {
        Self::new(Role::Spawner { left: count }, latch)
    }

    fn new(role: Role, latch: &Arc<Latch>) -> Self {
        Self { role, neighbours: Box::default(), latch: Arc::clone(latch), taken: 0 }
    }

    /// Learns whom it sends to.
    pub fn meet(&mut self, neighbours: Introduction<A>) {
        self.neighbours = neighbours.0;
    }

    /// Answers [`Count`](crate::system::Count).
    pub fn count(&mut self) -> u64 {
        self.taken += 1;
        self.taken
    }

    /// Handles one packet.
    pub fn receive<S>(&mut self, packet: Packet, system: &mut S) -> Next
    where
        S: System<Address = A>,
    {
        self.taken += 1;
        match &mut self.role {
            Role::Relay if packet.value == 0 => self.latch.count_down(),
            Role::Relay => system.send(&self.neighbours[0], Packet::new(packet.value - 1)),
            Role::Producer { left } => {
                let batch = BATCH.min(*left);
                *left -= batch;
                if let Some((myself, consumers)) = self.neighbours.split_last() {
                    for consumer in consumers.iter().cycle().take(batch as usize) {
                        system.send(consumer, packet);
                    }
                    if *left > 0 {
                        system.send(myself, packet);
                    }
                }
            }
            Role::Consumer { left, busy } => {
                if !busy.is_zero() {
                    clock::spin(*busy);
                }
                *left -= 1;
                if *left == 0 {
                    self.latch.count_down();
                }
            }
            Role::Spawner { left } => {
                *left -= 1;
                let mortal = system.spawn(Self::new(Role::Mortal, &self.latch));
                system.send(&mortal, packet);
                // One at a time: a task that finds its own message at once goes on, and with
                // batches the mortals would pile up by the ten thousand and leave the cache.
                if *left > 0 {
                    system.send(&self.neighbours[0], packet);
                }
            }
            Role::Mortal => return Next::Stop,
        }
        Next::Continue
    }
}

impl<A> Drop for Node<A> {
    fn drop(&mut self) {
        if matches!(self.role, Role::Mortal) {
            self.latch.count_down();
        }
    }
}
