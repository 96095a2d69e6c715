//! `ask`: one question and its answer at a time.

use std::{sync::Arc, time::Duration};

use roundsman::{Actor, Address, AskError, Context, Outcome, Reply, Runtime};

use crate::latch::Latch;

struct Counter(u64);

impl Actor for Counter {
    type Message = Reply<u64>;

    fn receive(&mut self, reply: Reply<u64>, _: &mut Context<Self>) -> Outcome {
        self.0 += 1;
        reply.send(self.0);
        Ok(())
    }
}

struct Asker {
    counter: Option<Address<Reply<u64>>>,
    left: u64,
    latch: Arc<Latch>,
}

impl Asker {
    fn ask(&mut self, ctx: &mut Context<Self>) {
        if let Some(counter) = &self.counter {
            ctx.ask(counter, |reply| reply, |answer| answer);
        }
    }
}

impl Actor for Asker {
    type Message = Result<u64, AskError>;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.counter = Some(ctx.spawn(Counter(0)));
        self.latch.start();
        self.ask(ctx);
        Ok(())
    }

    fn receive(&mut self, answer: Result<u64, AskError>, ctx: &mut Context<Self>) -> Outcome {
        answer?;
        self.left -= 1;
        if self.left == 0 {
            self.latch.count_down();
            ctx.stop();
        } else {
            self.ask(ctx);
        }
        Ok(())
    }
}

/// How long `count` questions take on one loop.
///
/// # Panics
/// If the runtime cannot be built or fails.
pub fn run(count: u64) -> Duration {
    let (latch, finish) = Latch::new(1);
    let runtime = Runtime::builder().loops(1).build().expect("one loop can be had");
    runtime.run(|| Asker { counter: None, left: count, latch }).expect("nothing fails");
    finish.wait_blocking()
}
