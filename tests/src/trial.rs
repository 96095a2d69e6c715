//! A stream on trial: a counted source, a kind of link, and a receiver that keeps items as long as the test likes.
//!
//! The receiver notes everything that a rule of streams speaks of; the tests of `tests/streams.rs` compare.

use std::sync::mpsc;
use std::time::Duration;

use roundsman::stream::{Item, PipeError, Running, Source, StreamContext, Summary};
use roundsman::{Actor, Context, MissedTicks, Outcome, Runtime, TimerId};

use crate::counted::{Count, Counted};
use crate::ledger::run_balanced;
use crate::links::Kind;
use crate::pairs::{Pair, Pairing};
use crate::patience::must_end;
use crate::payload::Payload;

/// How the receiver keeps items. A tick is a millisecond, virtual in a simulated world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Not at all.
    Nothing,
    /// One goes each tick.
    OneATime,
    /// Seven go at once, if there are so many; then nothing goes for a while.
    SevenAtATime,
    /// All go at once, now and then, the last first.
    AllAtOnce,
    /// None ever goes.
    Everything,
}

/// All ways to keep items that come to an end.
pub const PATTERNS: [Keep; 4] =
    [Keep::Nothing, Keep::OneATime, Keep::SevenAtATime, Keep::AllAtOnce];

/// A world to run in.
#[derive(Clone, Copy, Debug)]
pub enum World {
    /// Simulated, on so many loops.
    Simulated {
        /// The seed.
        seed: u64,
        /// The loops.
        loops: usize,
    },
    /// The real one, on so many loops.
    Real {
        /// The loops.
        loops: usize,
    },
}

impl World {
    /// A runtime for it.
    ///
    /// # Panics
    /// If it cannot be built.
    #[must_use]
    pub fn runtime(self) -> Runtime {
        let builder = match self {
            Self::Simulated { seed, loops } => Runtime::builder().loops(loops).simulated(seed),
            Self::Real { loops } => Runtime::builder().loops(loops),
        };
        builder.build().expect("a runtime")
    }
}

/// What is tried.
pub struct Trial<T> {
    /// The kind of link.
    pub kind: Kind<T>,
    /// How many items the source gives.
    pub items: u64,
    /// How the receiver keeps them.
    pub keep: Keep,
    /// The weight from which on a stage behind the link panics.
    pub panic_at: Option<u64>,
    /// The weight after which the receiver cancels.
    pub cancel_at: Option<u64>,
}

impl<T> Clone for Trial<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Trial<T> {}

/// What was seen.
#[derive(Debug)]
pub struct Report {
    /// The source.
    pub source: Count,
    /// Items that arrived.
    pub items: u64,
    /// How much they counted.
    pub weight: u64,
    /// Whether something arrived that was not what comes next.
    pub disorder: bool,
    /// The most that the receiver had at once.
    pub most_kept: u64,
    /// The most that the source was pulled ahead of what the receiver had let go.
    pub most_ahead: u64,
    /// How the pipeline ended: once, when all is well.
    pub ends: Vec<Result<Summary, PipeError>>,
    /// Items that came after the end.
    pub late: u64,
}

impl<T: Payload> Trial<T> {
    /// A source of so many items through a link to a receiver that keeps nothing.
    #[must_use]
    pub fn new(kind: Kind<T>, items: u64) -> Self {
        Self { kind, items, keep: Keep::Nothing, panic_at: None, cancel_at: None }
    }

    /// With a receiver that keeps items.
    #[must_use]
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// With a stage behind the link that panics once so much has passed.
    #[must_use]
    pub fn panic_at(mut self, weight: u64) -> Self {
        self.panic_at = Some(weight);
        self
    }

    /// With a receiver that cancels, three times, once so much has arrived.
    #[must_use]
    pub fn cancel_at(mut self, weight: u64) -> Self {
        self.cancel_at = Some(weight);
        self
    }

    /// Runs it. It is over a while after the pipeline has ended and the source was let go, or when nothing moves.
    ///
    /// # Panics
    /// If the runtime ends with an error, or not at all.
    #[must_use]
    pub fn run(&self, world: World) -> Report {
        let (sender, receiver) = mpsc::channel();
        let trial = *self;
        must_end(move || {
            let receiver = Receiver::new(trial, sender);
            run_balanced(world.runtime(), move || receiver).expect("the receiver does not fail");
        });
        receiver.recv().expect("a receiver reports as it stops")
    }
}

/// Ticks without any change after which nothing more is expected.
const STILL: u64 = 15;
/// Ticks after which a simulated world is taken for one that never ends.
const TICKS_MAX: u64 = 50_000;

struct Receiver<T: Payload> {
    trial: Trial<T>,
    tell: mpsc::Sender<Report>,
    report: Report,
    kept: Vec<Item<T>>,
    released: u64,
    running: Option<Running>,
    ticker: Option<TimerId>,
    ticks: u64,
    /// What was pulled and had arrived at the tick when something last changed, and when that was.
    seen: (u64, u64, u64),
}

enum Message<T: Payload> {
    Pairs(Vec<Pair>),
    Item(Item<T>),
    Ended(Result<Summary, PipeError>),
    Tick,
}

impl<T: Payload> Receiver<T> {
    fn new(trial: Trial<T>, tell: mpsc::Sender<Report>) -> Self {
        let report = Report {
            source: Count::default(),
            items: 0,
            weight: 0,
            disorder: false,
            most_kept: 0,
            most_ahead: 0,
            ends: Vec::new(),
            late: 0,
        };
        Self {
            trial,
            tell,
            report,
            kept: Vec::new(),
            released: 0,
            running: None,
            ticker: None,
            ticks: 0,
            seen: (0, 0, 0),
        }
    }

    fn begin(&mut self, pairs: Vec<Pair>, ctx: &mut Context<'_, Self>) {
        let source = Source::iter(Counted::new(self.trial.items, &self.report.source));
        let mut source = self.trial.kind.join(source, ctx.scope(), pairs);
        if let Some(limit) = self.trial.panic_at {
            let mut passed = 0;
            source = source.map(move |item: T| {
                assert!(passed < limit, "it was told to");
                passed += item.weight();
                item
            });
        }
        let pipeline = source.pipe(ctx.inlet(Message::Item));
        self.running = Some(pipeline.start(ctx, Message::Ended));
        let every = Duration::from_millis(1);
        self.ticker = Some(ctx.send_every(every, MissedTicks::Skip, || Message::Tick));
    }

    fn take(&mut self, item: Item<T>) {
        let report = &mut self.report;
        report.disorder |= !item.is_at(report.weight);
        report.items += 1;
        report.weight += item.weight();
        report.late += u64::from(!report.ends.is_empty());
        report.most_kept = report.most_kept.max(report.weight - self.released);
        report.most_ahead = report.most_ahead.max(report.source.weight() - self.released);
        self.kept.push(item);
        if self.trial.keep == Keep::Nothing {
            self.release(1);
        }
        if let (Some(limit), Some(running)) = (self.trial.cancel_at, &self.running)
            && self.report.weight >= limit
        {
            // Rule 6: as often as it likes.
            running.cancel("enough");
            running.cancel("enough");
            running.cancel("enough");
        }
    }

    /// Lets the oldest go.
    fn release(&mut self, items: usize) {
        for item in self.kept.drain(..items.min(self.kept.len())) {
            // Counted before the demand returns: another thread may pull at once.
            self.released += item.weight();
            drop(item);
        }
    }

    fn tick(&mut self, ctx: &mut Context<'_, Self>) {
        self.ticks += 1;
        match self.trial.keep {
            Keep::Nothing | Keep::Everything => {}
            Keep::OneATime => self.release(1),
            Keep::SevenAtATime if self.ticks.is_multiple_of(10) && self.kept.len() >= 7 => {
                self.release(7);
            }
            Keep::AllAtOnce | Keep::SevenAtATime if self.ticks.is_multiple_of(13) => {
                self.kept.reverse();
                self.release(usize::MAX);
            }
            Keep::AllAtOnce | Keep::SevenAtATime => {}
        }
        let now = (self.report.source.weight(), self.report.weight);
        if now != (self.seen.0, self.seen.1) {
            self.seen = (now.0, now.1, self.ticks);
        }
        let still = self.ticks - self.seen.2 > STILL;
        let over = !self.report.ends.is_empty() && self.report.source.drops() > 0;
        let stuck = self.trial.keep == Keep::Everything || self.ticks > TICKS_MAX;
        if still && (over || stuck) {
            ctx.stop();
        }
    }
}

impl<T: Payload> Actor for Receiver<T> {
    type Message = Message<T>;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        match self.trial.kind.pairs {
            0 => self.begin(Vec::new(), ctx),
            pairs => _ = ctx.spawn(Pairing::new(pairs, ctx.recipient(Message::Pairs))),
        }
        Ok(())
    }

    fn receive(&mut self, message: Message<T>, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            Message::Pairs(pairs) => self.begin(pairs, ctx),
            Message::Item(item) => self.take(item),
            Message::Ended(end) => self.report.ends.push(end),
            Message::Tick => self.tick(ctx),
        }
        Ok(())
    }

    fn stopping(&mut self, _: &roundsman::ExitReason, _: &mut Context<'_, Self>) {
        let report = Report {
            source: self.report.source.clone(),
            ends: std::mem::take(&mut self.report.ends),
            ..self.report
        };
        // The test has given up if nobody listens.
        let _ = self.tell.send(report);
    }
}
