//! A stream on trial: a counted source, a kind of link, and a receiver that keeps items as long as the test likes.
//!
//! The receiver notes everything that a rule of streams speaks of; the tests of `tests/streams.rs` compare.

use std::marker::PhantomData;
use std::sync::mpsc;
use std::time::Duration;

use roundsman::stream::{Item, PipeError, Running, Sink, Source, StreamContext, Summary, for_each};
use roundsman::{Actor, Address, Context, MissedTicks, Outcome, Placement, Runtime, TimerId};

use crate::counted::{Count, Counted};
use crate::ledger::run_balanced;
use crate::links::Kind;
use crate::pairs::{Pair, Pairing};
use crate::patience::must_end;
use crate::payload::Payload;
use crate::tally::{Counts, Tally};

/// How the receiver keeps items. A tick is a millisecond, virtual in a simulated world; with [`Keep::OneEveryTen`], ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Not at all.
    Nothing,
    /// One goes each tick.
    OneATime,
    /// One goes every ten milliseconds.
    OneEveryTen,
    /// One goes, then two, then three, and so on.
    OneTwoThree,
    /// Seven go at once, if there are so many; then nothing goes for a while.
    SevenAtATime,
    /// All go at once, now and then, the last first.
    AllAtOnce,
    /// Each goes while the next is handled, or at the next tick if none comes.
    UntilTheNext,
    /// Each is sent on, to an actor on another loop, and goes there.
    Elsewhere,
    /// There is nothing to keep: a `for_each` takes them, which has room for any number.
    ForEach,
    /// None ever goes.
    Everything,
}

/// All ways to keep items that come to an end.
pub const PATTERNS: [Keep; 8] = [
    Keep::Nothing,
    Keep::OneATime,
    Keep::SevenAtATime,
    Keep::AllAtOnce,
    Keep::OneTwoThree,
    Keep::UntilTheNext,
    Keep::Elsewhere,
    Keep::ForEach,
];

/// The items of a source that would be endless and must end.
const WHOLE_MAX: u64 = 300;

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

    /// How far the source may be pulled ahead of what the receiver has let go.
    #[must_use]
    pub fn ahead_max(&self) -> u64 {
        let usual = T::LINK + self.kind.slack;
        // Where everything has room, windows are wider: nothing waits in them.
        if self.keep == Keep::ForEach { usual.saturating_mul(T::WIDER) } else { usual }
    }

    /// Runs it. It is over a while after the pipeline has ended and the source was let go, or when nothing moves.
    ///
    /// # Panics
    /// If the runtime ends with an error, or not at all.
    #[must_use]
    pub fn run(&self, world: World) -> Report {
        let (sender, receiver) = mpsc::channel();
        let mut trial = *self;
        if trial.kind.whole && trial.items == u64::MAX {
            trial.items = WHOLE_MAX;
        }
        must_end(move || {
            let receiver = Receiver::new(trial, world, sender);
            run_balanced(world.runtime(), move || receiver).expect("the receiver does not fail");
        });
        receiver.recv().expect("a receiver reports as it stops")
    }
}

/// Ticks without any change after which nothing more is expected.
const STILL: u64 = 15;
/// The same where time is real, of a pipeline that has not ended: a busy machine may do something else meanwhile.
const REALLY_STILL: u64 = 100;
/// Ticks after which one of which nothing has arrived is taken for one that never begins.
const SILENT_MAX: u64 = 5_000;
/// Ticks after which a simulated world is taken for one that never ends.
const TICKS_MAX: u64 = 50_000;

struct Receiver<T: Payload> {
    trial: Trial<T>,
    world: World,
    tell: mpsc::Sender<Report>,
    source: Count,
    tally: Tally,
    ends: Vec<Result<Summary, PipeError>>,
    kept: Vec<Item<T>>,
    /// Who lets items go, if they are sent on.
    elsewhere: Option<Address<Item<T>>>,
    running: Option<Running>,
    ticker: Option<TimerId>,
    ticks: u64,
    /// What was pulled and had arrived at the tick when something last changed, and when that was.
    seen: (u64, u64, u64),
}

enum Message<T: Payload> {
    Pairs(Vec<Pair>),
    Item(Item<T>),
    /// As much has gone through a `for_each` as should.
    Enough,
    Ended(Result<Summary, PipeError>),
    Tick,
}

impl<T: Payload> Receiver<T> {
    fn new(trial: Trial<T>, world: World, tell: mpsc::Sender<Report>) -> Self {
        let source = Count::default();
        let tally = Tally::new(source.clone(), trial.kind.order);
        Self {
            trial,
            world,
            tell,
            source,
            tally,
            ends: Vec::new(),
            kept: Vec::new(),
            elsewhere: None,
            running: None,
            ticker: None,
            ticks: 0,
            seen: (0, 0, 0),
        }
    }

    fn begin(&mut self, pairs: Vec<Pair>, ctx: &mut Context<'_, Self>) {
        let source = Source::iter(Counted::new(self.trial.items, &self.source));
        let mut source = self.trial.kind.join(source, ctx.scope(), pairs);
        if let Some(limit) = self.trial.panic_at {
            let mut passed = 0;
            source = source.map(move |item: T| {
                assert!(passed < limit, "it was told to");
                passed += item.weight();
                item
            });
        }
        let pipeline = match self.trial.keep {
            Keep::ForEach => source.pipe(self.for_each(ctx)),
            _ => source.pipe(ctx.inlet(Message::Item)),
        };
        if self.trial.keep == Keep::Elsewhere {
            let tally = self.tally.clone();
            self.elsewhere =
                Some(ctx.spawn_on(Placement::Loop(1), || LettingGo { tally, items: PhantomData }));
        }
        self.running = Some(pipeline.start(ctx, Message::Ended));
        let every = if self.trial.keep == Keep::OneEveryTen { 10 } else { 1 };
        let every = Duration::from_millis(every);
        self.ticker = Some(ctx.send_every(every, MissedTicks::Skip, || Message::Tick));
    }

    /// A sink that takes whatever comes, as fast as it comes.
    fn for_each(&self, ctx: &Context<'_, Self>) -> Sink<T> {
        let (tally, address) = (self.tally.clone(), ctx.address());
        let mut limit = self.trial.cancel_at;
        for_each(move |item: T| {
            tally.arrived(&item);
            tally.release(item.weight());
            if limit.is_some_and(|limit| tally.weight() >= limit) {
                limit = None;
                // A receiver that has ended wants nothing more anyway.
                let _ = address.send(Message::Enough);
            }
        })
    }

    fn take(&mut self, item: Item<T>) {
        self.tally.arrived(&*item);
        match (self.trial.keep, &self.elsewhere) {
            (Keep::Nothing, _) => self.let_go(item),
            (_, Some(elsewhere)) => {
                // It ends with this actor.
                let _ = elsewhere.send(item);
            }
            (Keep::UntilTheNext, _) => {
                self.release(1);
                self.kept.push(item);
            }
            _ => self.kept.push(item),
        }
        if self.trial.cancel_at.is_some_and(|limit| self.tally.weight() >= limit) {
            self.cancel();
        }
    }

    fn cancel(&self) {
        if let Some(running) = &self.running {
            // Rule 6: as often as it likes.
            running.cancel("enough");
            running.cancel("enough");
            running.cancel("enough");
        }
    }

    fn let_go(&self, item: Item<T>) {
        self.tally.release(item.weight());
        drop(item);
    }

    /// Lets the oldest go.
    fn release(&mut self, items: usize) {
        let items: Vec<_> = self.kept.drain(..items.min(self.kept.len())).collect();
        for item in items {
            self.let_go(item);
        }
    }

    fn release_for_a_tick(&mut self) {
        match self.trial.keep {
            Keep::OneATime | Keep::OneEveryTen | Keep::UntilTheNext => self.release(1),
            Keep::OneTwoThree => self.release(self.ticks as usize),
            Keep::SevenAtATime if self.ticks.is_multiple_of(10) && self.kept.len() >= 7 => {
                self.release(7);
            }
            Keep::AllAtOnce | Keep::SevenAtATime if self.ticks.is_multiple_of(13) => {
                self.kept.reverse();
                self.release(usize::MAX);
            }
            Keep::AllAtOnce | Keep::SevenAtATime => {}
            Keep::Nothing | Keep::Everything | Keep::Elsewhere | Keep::ForEach => {}
        }
    }

    fn tick(&mut self, ctx: &mut Context<'_, Self>) {
        self.ticks += 1;
        self.release_for_a_tick();
        let now = (self.source.weight(), self.tally.weight());
        if now != (self.seen.0, self.seen.1) {
            self.seen = (now.0, now.1, self.ticks);
        }
        let still = self.ticks - self.seen.2;
        let over = !self.ends.is_empty() && self.source.drops() > 0;
        let begun = now.1 > 0 || self.ticks > SILENT_MAX;
        let stuck = (self.trial.keep == Keep::Everything && begun) || self.ticks > TICKS_MAX;
        let patience = if matches!(self.world, World::Real { .. }) { REALLY_STILL } else { STILL };
        if (over && still > STILL) || (stuck && still > patience) {
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
            Message::Enough => self.cancel(),
            Message::Ended(end) => {
                self.ends.push(end);
                self.tally.end();
            }
            Message::Tick => self.tick(ctx),
        }
        Ok(())
    }

    fn stopping(&mut self, _: &roundsman::ExitReason, _: &mut Context<'_, Self>) {
        let Counts { items, weight, disorder, most_kept, most_ahead, late } = self.tally.counts();
        let (source, ends) = (self.source.clone(), std::mem::take(&mut self.ends));
        let report = Report { source, items, weight, disorder, most_kept, most_ahead, ends, late };
        // The test has given up if nobody listens.
        let _ = self.tell.send(report);
    }
}

/// Lets items go that another actor has had.
struct LettingGo<T> {
    tally: Tally,
    items: PhantomData<fn(T)>,
}

impl<T: Payload> Actor for LettingGo<T> {
    type Message = Item<T>;

    fn receive(&mut self, item: Item<T>, _: &mut Context<'_, Self>) -> Outcome {
        self.tally.release(item.weight());
        drop(item);
        Ok(())
    }
}
