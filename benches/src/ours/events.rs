//! One emitter and its listeners on one loop.

use std::{sync::Arc, time::Duration};

use roundsman::{
    Actor, Address, Context, Outcome, Recipient, Runtime,
    emitter::{Emitter, Events, Listeners},
};

use crate::{latch::Latch, workload::LISTENERS};

/// Events that are emitted in one turn.
const BATCH: u64 = 64;

/// An event of 8 bytes.
#[derive(Clone, Copy, Debug)]
struct Event(u64);

/// Counts what it hears.
struct Listener {
    left: u64,
    sum: u64,
    latch: Arc<Latch>,
    /// Told of each event, if somebody waits for that.
    heard: Option<Address<Step>>,
}

impl Actor for Listener {
    type Message = Event;

    fn receive(&mut self, Event(number): Event, _: &mut Context<Self>) -> Outcome {
        self.left -= 1;
        self.sum = self.sum.wrapping_add(number);
        if let Some(heard) = &self.heard {
            heard.send(Step::Heard)?;
        }
        if self.left == 0 {
            self.latch.count_down();
        }
        Ok(())
    }
}

enum Step {
    /// Emit a batch.
    Go,
    /// The last listener has heard it.
    Heard,
}

/// Where events are emitted.
enum Way {
    Emitter(Events),
    OwnTurn(Listeners<Event>),
}

/// Emits so many events.
struct Driver {
    kind: Kind,
    events: u64,
    emitted: u64,
    way: Option<Way>,
    latch: Arc<Latch>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stream,
    OwnTurn,
    OneAtATime,
}

impl Driver {
    fn emit(&mut self) -> Outcome {
        match &mut self.way {
            Some(Way::Emitter(events)) => events.emit(Event(self.emitted))?,
            Some(Way::OwnTurn(listeners)) => _ = listeners.emit(Event(self.emitted)),
            None => {}
        }
        self.emitted += 1;
        Ok(())
    }
}

impl Actor for Driver {
    type Message = Step;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let heard = (self.kind == Kind::OneAtATime).then(|| ctx.address());
        let recipients: Vec<Recipient<Event>> = (1..=LISTENERS)
            .map(|number| {
                let listener = Listener {
                    left: self.events,
                    sum: 0,
                    latch: Arc::clone(&self.latch),
                    heard: heard.clone().filter(|_| number == LISTENERS),
                };
                ctx.spawn(listener).recipient(|event| event)
            })
            .collect();
        let way = if self.kind == Kind::OwnTurn {
            let mut listeners = Listeners::new();
            recipients.into_iter().for_each(|one| drop(listeners.on(one)));
            Way::OwnTurn(listeners)
        } else {
            let events = Events::from(ctx.spawn(Emitter::new()));
            for one in recipients {
                events.on::<Event>(one)?;
            }
            Way::Emitter(events)
        };
        self.way = Some(way);
        self.latch.start();
        ctx.address().send(Step::Go)?;
        Ok(())
    }

    fn receive(&mut self, step: Step, ctx: &mut Context<Self>) -> Outcome {
        match (step, self.kind) {
            (_, Kind::OneAtATime) if self.emitted < self.events => self.emit()?,
            (Step::Go, Kind::Stream | Kind::OwnTurn) => {
                for _ in 0..BATCH.min(self.events - self.emitted) {
                    self.emit()?;
                }
                if self.emitted < self.events {
                    ctx.address().send(Step::Go)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn run(kind: Kind, events: u64) -> Option<Duration> {
    let (latch, finish) = Latch::new(LISTENERS as usize);
    let runtime = Runtime::builder().loops(1).build().expect("one loop can be had");
    let driver = Driver { kind, events, emitted: 0, way: None, latch };
    runtime.run(|| driver).expect("nothing fails");
    Some(finish.wait_blocking())
}

/// How long so many events take that are emitted one after another.
///
/// # Panics
/// If the runtime cannot be built or fails.
pub fn stream(events: u64) -> Option<Duration> {
    run(Kind::Stream, events)
}

/// The same, emitted by the actor that has the list.
///
/// # Panics
/// If the runtime cannot be built or fails.
pub fn own_turn(events: u64) -> Option<Duration> {
    run(Kind::OwnTurn, events)
}

/// How long they take if each waits until the one before it was heard.
///
/// # Panics
/// If the runtime cannot be built or fails.
pub fn one_at_a_time(events: u64) -> Option<Duration> {
    run(Kind::OneAtATime, events)
}
