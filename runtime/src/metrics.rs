//! Snapshots of what loops have done, for people and for what watches a service.
//!
//! Made by [`home`](crate::home) of what a loop [counts](crate::counters). It changes nothing, and costs the same however
//! many actors there are.

use std::time::Duration;

use crate::counters::Counters;
use crate::histogram::Distribution;
use crate::lane::LaneMetrics;
use crate::ledger::Ledger;

macro_rules! loop_metrics {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What one loop has done since it began, as of its last round. Numbers only rise, but for the last ones.
        #[derive(Clone, Debug, Default)]
        #[non_exhaustive]
        pub struct LoopMetrics {
            /// The loop, counted from 0; those with one actor each come after the others.
            pub loop_index: usize,
            /// It is the loop of one actor with a thread of its own.
            pub own_thread: bool,
            /// How many loops of one actor each this entry sums up, all of which have ended; 0 for one loop. Its
            /// `loop_index` is the lowest of theirs, and its `delay` the worst of theirs.
            pub ended_loops: u64,
            $($(#[$doc])* pub $name: u64,)*
            /// Messages that were accepted and never handled, those among them that a mailbox's policy dropped.
            pub dead_letters: u64,
            /// How long it took from one look at the OS to the next, sleep excluded: so long could something that had
            /// turned ready wait.
            pub delay: Distribution,
            /// Actors that live on it now.
            pub actors: u64,
            /// Actors that wait for their turn now.
            pub runnable: u64,
            /// Parcels that wait in its inbox now: messages and requests from other loops and threads.
            pub inbox: u64,
            /// What was counted on this loop. Only the sum over all loops balances.
            pub(crate) ledger: Ledger,
        }

        impl LoopMetrics {
            /// What the loop has counted; `since_start` is now, if the loop's clock can be read from elsewhere.
            pub(crate) fn read(counters: &Counters, since_start: Option<Duration>) -> Self {
                let ledger = counters.ledger();
                let mut metrics = Self {
                    loop_index: 0,
                    own_thread: false,
                    ended_loops: 0,
                    $($name: counters.$name.get(),)*
                    dead_letters: ledger.dead_letters() + ledger.dropped,
                    delay: counters.delay.read(),
                    actors: counters.actors.get(),
                    runnable: counters.runnable(),
                    inbox: 0,
                    ledger,
                };
                let asleep_since = counters.asleep_since.get();
                if let Some(now) = since_start
                    && asleep_since != 0
                {
                    metrics.idle_nanos += (now.as_nanos() as u64).saturating_sub(asleep_since);
                }
                metrics
            }

            /// Adds up what several loops have done.
            pub(crate) fn absorb(&mut self, other: &Self) {
                self.loop_index = self.loop_index.min(other.loop_index);
                self.ended_loops += 1;
                $(self.$name += other.$name;)*
                self.dead_letters += other.dead_letters;
                self.delay = self.delay.worst(other.delay);
                self.actors += other.actors;
                self.runnable += other.runnable;
                self.inbox += other.inbox;
                self.ledger += other.ledger;
            }
        }
    };
}

loop_metrics! {
    /// Rounds of the loop.
    rounds,
    /// Turns: visits to an actor. Calls at the end of a round are not among them.
    turns,
    /// Messages handled.
    handled,
    /// Messages handed back to their sender by a send on this loop.
    handed_back,
    /// Times that an actor failed.
    failures,
    /// Jobs that were run where they were started ([`Job::in_place`](crate::Job::in_place)). The lanes of the pool do not
    /// count them.
    jobs_in_place,
    /// Answers that came after the deadline of their ask.
    late_replies,
    /// Dead letters that a subscriber was not told of, for it was over.
    untold,
    /// Times that an actor paused.
    pauses,
    /// Waits that were not begun because they would have closed a cycle, or joined too long a chain.
    waits_withdrawn,
    /// Time that actors have spent paused, in nanoseconds, summed over actors.
    paused_nanos,
    /// Time that the loop has slept, in nanoseconds, the sleep that it is in included.
    idle_nanos,
    /// Time that the loop has been awake, in nanoseconds.
    busy_nanos,
    /// Parcels taken from the inbox.
    parcels,
}

impl LoopMetrics {
    /// Which part of its time the loop was awake: 0 to 1. (Node.js: event loop utilisation.)
    ///
    /// For the utilisation of the last second, take two snapshots and divide the differences.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        let elapsed = self.busy_nanos + self.idle_nanos;
        if elapsed == 0 { 0.0 } else { self.busy_nanos as f64 / elapsed as f64 }
    }

    /// For how long the loop has run.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.busy_nanos + self.idle_nanos)
    }

    /// An entry for loops of one actor each that have ended.
    pub(crate) fn of_ended() -> Self {
        Self { loop_index: usize::MAX, own_thread: true, ..Self::default() }
    }

    /// Enters what others than the loop have counted for it.
    pub(crate) fn enter(&mut self, outside: Ledger) {
        self.handed_back += outside.handed_back;
        self.dead_letters += outside.dead_letters() + outside.dropped;
        self.ledger += outside;
    }
}

/// What a runtime has done, loop by loop.
///
/// # Examples
/// ```
/// # use roundsman_runtime::{Actor, Context, Outcome, Runtime};
/// # struct Done;
/// # impl Actor for Done {
/// #     type Message = ();
/// #     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome { Ok(ctx.address().send(())?) }
/// #     fn receive(&mut self, (): (), ctx: &mut Context<Self>) -> Outcome { ctx.stop(); Ok(()) }
/// # }
/// let runtime = Runtime::builder().loops(1).build()?;
/// let handle = runtime.handle().unref();
/// runtime.run(|| Done)?;
/// let metrics = handle.metrics();
/// assert_eq!((metrics.handled(), metrics.actors()), (1, 0));
/// println!("{:.0} % busy, delays {}", 100.0 * metrics.loops[0].utilisation(), metrics.loops[0].delay);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// The loops, in order; those that have ended come last. Loops of one actor each that have ended are one entry,
    /// however many there were: see [`LoopMetrics::ended_loops`].
    pub loops: Vec<LoopMetrics>,
    /// The lanes of the pool, in order.
    pub lanes: Vec<LaneMetrics>,
}

impl Metrics {
    /// Messages handled on all loops.
    #[must_use]
    pub fn handled(&self) -> u64 {
        self.loops.iter().map(|one| one.handled).sum()
    }

    /// Messages accepted and never handled, on all loops, those among them that a mailbox's policy dropped.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.loops.iter().map(|one| one.dead_letters).sum()
    }

    /// Actors that live now.
    #[must_use]
    pub fn actors(&self) -> u64 {
        self.loops.iter().map(|one| one.actors).sum()
    }

    /// The books about messages, of all actors. Balanced when the runtime has stopped.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.loops.iter().map(|one| one.ledger).sum()
    }
}

/// An actor that is paused, and on whom it waits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pause {
    /// The path of the actor that waits.
    pub who: String,
    /// The path of the actor that is over, or `pool:user` for a lane of the pool.
    pub on: String,
    /// For how long it has waited.
    pub waited: Duration,
}
