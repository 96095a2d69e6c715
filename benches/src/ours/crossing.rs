//! The workloads of `cross` and `flood`: two loops of one runtime, or a loop and a plain thread.

#![expect(clippy::disallowed_methods, reason = "the outside thread of a benchmark")]

use std::{sync::Arc, thread, time::Duration};

use roundsman::{Actor, Context, Outcome, Placement, Runtime, Spawn};

use crate::{
    latch::Latch,
    node::Node,
    ours::host::{Host, HostAddress, Message},
    system::{Introduction, Packet},
    workload::{Pattern, Workload},
};

/// How long the workload takes; `None` if it needs no second loop.
///
/// # Panics
/// If the runtime cannot be built or fails.
pub fn run(workload: Workload) -> Option<Duration> {
    let count = workload.operations;
    let (latch, finish) = Latch::new(1);
    let loops = if workload.pattern == Pattern::OutsideIn { 1 } else { 2 };
    let runtime = Runtime::builder().loops(loops).build().expect("loops can be had");
    match workload.pattern {
        Pattern::OutsideIn => {
            let handle = runtime.handle();
            let outside = thread::spawn(move || {
                let consumer = Node::consumer(count, Duration::ZERO, &latch);
                let spawned =
                    handle.spawn(Placement::Loop(0), Spawn::new(), || Host::new(consumer));
                let consumer = spawned.expect("the runtime runs while a handle exists");
                latch.start();
                for value in 0..count {
                    let _ = consumer.send(Message::Packet(Packet::new(value)));
                }
            });
            runtime.run(|| Idle).expect("nothing fails");
            outside.join().expect("the sender does not panic");
        }
        Pattern::LoopToLoop | Pattern::RoundTrip | Pattern::Flood => {
            runtime.run(|| Crossing { workload, latch }).expect("nothing fails");
        }
        _ => return None,
    }
    Some(finish.wait_blocking())
}

/// A root that does nothing.
struct Idle;

impl Actor for Idle {
    type Message = ();

    fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
        Ok(())
    }
}

/// Puts an actor on each of two loops.
struct Crossing {
    workload: Workload,
    latch: Arc<Latch>,
}

impl Crossing {
    fn host(&self, at: usize, node: Node<HostAddress>, ctx: &mut Context<Self>) -> HostAddress {
        ctx.spawn_on(Placement::Loop(at), || Host::new(node))
    }
}

impl Actor for Crossing {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let count = self.workload.operations;
        let meet = |to: &HostAddress, neighbours: &[&HostAddress]| {
            let neighbours = neighbours.iter().map(|one| (*one).clone()).collect();
            to.send(Message::Meet(Introduction(neighbours)))
        };
        let (first, value) = if self.workload.pattern == Pattern::RoundTrip {
            let ping = self.host(0, Node::relay(&self.latch), ctx);
            let pong = self.host(1, Node::relay(&self.latch), ctx);
            meet(&ping, &[&pong])?;
            meet(&pong, &[&ping])?;
            (ping, 2 * count)
        } else {
            let flood = self.workload.pattern == Pattern::Flood;
            let busy = if flood { Duration::from_micros(1) } else { Duration::ZERO };
            let consumer = self.host(1, Node::consumer(count, busy, &self.latch), ctx);
            let producer = self.host(0, Node::producer(count, &self.latch), ctx);
            meet(&producer, &[&consumer, &producer])?;
            (producer, 0)
        };
        self.latch.start();
        first.send(Message::Packet(Packet::new(value)))?;
        Ok(())
    }

    fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
        Ok(())
    }
}
