//! Hosts: actors that hand their packets to a node; and the workloads on one loop.

use std::{sync::Arc, time::Duration};

use roundsman::{Actor, Address, Context, Outcome, Runtime};

use crate::{
    latch::Latch,
    node::{Next, Node},
    ours::asking,
    system::{Introduction, Packet, System},
    topology,
    workload::{Pattern, Workload},
};

/// An actor that hands its packets to a node.
#[derive(Debug)]
pub struct Host(Node<HostAddress>);

/// The address of a host.
pub type HostAddress = Address<Message>;

/// What a host takes: 16 bytes.
#[derive(Debug)]
pub enum Message {
    /// One packet.
    Packet(Packet),
    /// Whom it sends to.
    Meet(Introduction<HostAddress>),
}

const _: () = assert!(size_of::<Message>() <= 24, "the introduction is a fat pointer");

impl Host {
    /// A host for a node.
    pub fn new(node: Node<HostAddress>) -> Self {
        Self(node)
    }
}

impl Actor for Host {
    type Message = Message;

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Packet(packet) => {
                if self.0.receive(packet, &mut Here(ctx)) == Next::Stop {
                    ctx.stop();
                }
            }
            Message::Meet(neighbours) => self.0.meet(neighbours),
        }
        Ok(())
    }
}

/// The loop of an actor, as a system.
pub struct Here<'a, 'b, A: Actor>(pub &'a mut Context<'b, A>);

impl<A: Actor> System for Here<'_, '_, A> {
    type Address = HostAddress;

    fn spawn(&mut self, node: Node<HostAddress>) -> HostAddress {
        self.0.spawn(Host(node))
    }

    fn introduce(&mut self, to: &HostAddress, neighbours: Introduction<HostAddress>) {
        // Nobody stops before the workload is done.
        let _ = to.send(Message::Meet(neighbours));
    }

    fn send(&mut self, to: &HostAddress, packet: Packet) {
        let _ = to.send(Message::Packet(packet));
    }
}

/// Lays out the workload, then does nothing.
struct Root {
    workload: Workload,
    latch: Arc<Latch>,
}

impl Actor for Root {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        topology::start(self.workload, &mut Here(ctx), &self.latch);
        Ok(())
    }

    fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
        Ok(())
    }
}

/// How long the workload takes on one loop.
///
/// # Panics
/// If the runtime cannot be built or fails.
pub fn run(workload: Workload) -> Option<Duration> {
    if workload.pattern == Pattern::Ask {
        return Some(asking::run(workload.operations));
    }
    let (latch, finish) = topology::latch(workload);
    let runtime = Runtime::builder().loops(1).build().expect("one loop can be had");
    runtime.run(|| Root { workload, latch }).expect("nothing fails");
    Some(finish.wait_blocking())
}
