//! A crowd of idle actors.

use std::{sync::Arc, time::Instant};

use roundsman::{Actor, Context, Outcome, Runtime};

use crate::{
    clock,
    latch::Latch,
    node::Node,
    ours::host::{Host, HostAddress},
    peers::idle::Cost,
    process,
};

/// Spawns the crowd, and looks when the last of it has started.
struct Crowd {
    count: u64,
    latch: Arc<Latch>,
    members: Vec<HostAddress>,
    before: u64,
    begun: Instant,
    cost: Arc<std::sync::OnceLock<Cost>>,
}

impl Actor for Crowd {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.before = process::resident_bytes();
        self.begun = clock::now();
        for _ in 0..self.count {
            self.members.push(ctx.spawn(Host::new(Node::relay(&self.latch))));
        }
        // First come, first served: when this arrives, all have started.
        ctx.address().send(())?;
        Ok(())
    }

    fn receive(&mut self, (): (), ctx: &mut Context<Self>) -> Outcome {
        let elapsed = self.begun.elapsed();
        let bytes = process::resident_bytes().saturating_sub(self.before);
        // Asked for once.
        let _ = self.cost.set(Cost { elapsed, bytes });
        ctx.stop();
        Ok(())
    }
}

/// Spawns `count` actors that never get a message.
///
/// # Panics
/// If the runtime cannot be built or fails.
pub fn run(count: u64) -> Cost {
    let (latch, _finish) = Latch::new(1);
    let cost = Arc::new(std::sync::OnceLock::new());
    let told = Arc::clone(&cost);
    let runtime = Runtime::builder().loops(1).build().expect("one loop can be had");
    let crowd = move || Crowd {
        count,
        latch,
        members: Vec::new(),
        before: 0,
        begun: clock::now(),
        cost: told,
    };
    runtime.run(crowd).expect("nothing fails");
    *cost.get().expect("the crowd has looked")
}
