//! A crowd of timers of one actor, armed and cancelled, then armed and fired.

use std::{sync::mpsc, time::Duration};

use roundsman::{Actor, Context, Outcome, Runtime, TimerId};

use crate::{
    process,
    timer_load::{Cost, TO_CANCEL, TO_FIRE, delay},
};

struct Crowd {
    count: u64,
    fired: u64,
    timers: Vec<TimerId>,
    cancelled: Duration,
    begun: Duration,
    tell: mpsc::Sender<Cost>,
}

enum Msg {
    /// The clock has been read afresh: to begin.
    Begin,
    Tick,
}

impl Crowd {
    fn arm_and_cancel(&mut self, ctx: &mut Context<'_, Self>) -> Duration {
        let begun = process::own_cpu_time();
        for index in 0..self.count {
            self.timers.push(ctx.send_after(delay(index, TO_CANCEL), Msg::Tick));
        }
        for timer in self.timers.drain(..) {
            ctx.cancel(timer);
        }
        process::own_cpu_time() - begun
    }
}

impl Actor for Crowd {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        // Touches the memory.
        self.arm_and_cancel(ctx);
        self.cancelled = self.arm_and_cancel(ctx);
        ctx.send_after(Duration::from_millis(1), Msg::Begin);
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Begin => {
                self.begun = process::own_cpu_time();
                for index in 0..self.count {
                    ctx.send_after(delay(index, TO_FIRE), Msg::Tick);
                }
            }
            Msg::Tick => self.fired += 1,
        }
        if self.fired == self.count {
            let fired = process::own_cpu_time() - self.begun;
            self.tell.send(Cost { cancelled: self.cancelled, fired })?;
            ctx.stop();
        }
        Ok(())
    }
}

/// What `count` timers cost.
///
/// # Panics
/// If the runtime cannot be built or fails.
pub fn run(count: u64) -> Cost {
    let (tell, told) = mpsc::channel();
    let runtime = Runtime::builder().loops(1).build().expect("one loop can be had");
    let (cancelled, begun) = Default::default();
    let timers = Vec::with_capacity(count as usize);
    runtime
        .run(move || Crowd { count, fired: 0, timers, cancelled, begun, tell })
        .expect("nothing fails");
    told.recv().expect("all timers have fired")
}
