//! actix: an actor for each listener, which a list of recipients leads to.

use std::{sync::Arc, time::Duration};

use actix::{Actor, Context, Handler, Message, Recipient};

use crate::{latch::Latch, peers::executor::Executor, workload::LISTENERS};

/// Events between two looks at what others do.
const BATCH: u64 = 64;

#[derive(Clone, Copy)]
struct Event(u64);

impl Message for Event {
    type Result = ();
}

struct Listener {
    left: u64,
    sum: u64,
    latch: Arc<Latch>,
}

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<Event> for Listener {
    type Result = ();

    fn handle(&mut self, Event(number): Event, _: &mut Context<Self>) {
        self.sum = self.sum.wrapping_add(number);
        self.left -= 1;
        if self.left == 0 {
            self.latch.count_down();
        }
    }
}

/// How long so many events take.
pub fn run(events: u64) -> Option<Duration> {
    Some(Executor::Arbiter.run(async move {
        let (latch, finish) = Latch::new(LISTENERS as usize);
        let listeners: Vec<Recipient<Event>> = (0..LISTENERS)
            .map(|_| Listener { left: events, sum: 0, latch: latch.clone() }.start().recipient())
            .collect();
        latch.start();
        for number in 0..events {
            listeners.iter().for_each(|listener| listener.do_send(Event(number)));
            if number % BATCH == BATCH - 1 {
                tokio::task::yield_now().await;
            }
        }
        finish.wait().await
    }))
}
