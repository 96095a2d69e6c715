//! The watchdog: names the actor whose turn takes too long, while it still takes it.
//!
//! Run by [`worker`](crate::worker) on a thread of its own, one for each runtime on the OS; a simulated one has none. It
//! watches and tells; it stops nobody.
//!
//! # What it costs
//! A loop publishes which actor is [in turn](crate::in_turn) and how many turns there have been: plain stores. The time is
//! measured here, by looking again every sixteenth of the limit, and when a turn that was seen has reached it. While all loops sleep this thread sleeps, too, without a
//! timeout: the first loop that wakes finds it `dozing` and wakes it.
//!
//! | who | stores, then a `SeqCst` fence, then loads |
//! |---|---|
//! | watchdog | `dozing`; whether each loop sleeps; it sleeps only if all do |
//! | loop, awake again | that it no longer sleeps; `dozing`; if set, it wakes the watchdog |
//!
//! Of two fences one comes first, so at least one of the two sees what the other has stored.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::actor::ActorId;
use crate::builder::Builder;
use crate::cell::Uncounted;
use crate::clock::Clock;
use crate::dying;
use crate::happening;
use crate::home::Home;
use crate::panics;
use crate::world::World;

/// A turn that takes longer than [`Builder::watchdog`] allows, and has not ended. Or something that runs for an actor in
/// nobody's turn: its constructor, a function that makes a message of an answer, a `Drop` of what it never got.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SlowTurn {
    /// Whose turn it is.
    pub id: ActorId,
    /// Where that actor stands in the tree.
    pub path: String,
    /// The type of its messages.
    pub message: &'static str,
    /// For how long the turn has been seen to last. It began up to a sixteenth of the limit earlier.
    pub elapsed: Duration,
    /// How many actors wait behind it in the run queue of the same loop. Those to whom only others have sent, since the
    /// loop last looked at its inbox, are not among them.
    pub waiting: u64,
    /// How many messages and requests of other loops and threads wait in the loop's inbox.
    pub inbox: u64,
    /// The loop, counted from 0.
    pub loop_index: usize,
}

/// Hears of each slow turn.
pub(crate) type TellSlowTurn = Arc<dyn Fn(&SlowTurn) + Send + Sync>;

/// The watchdog's limit unless said otherwise.
pub(crate) const LIMIT: Duration = Duration::from_millis(100);
/// No shorter limit is allowed, and it does not look more often unless it knows why.
pub(crate) const LIMIT_MIN: Duration = Duration::from_millis(1);

/// It looks so often in the time of its limit.
const LOOKS: u32 = 16;
/// It waits so long at least until a turn that it has seen reaches the limit.
const LOOK_MIN: Duration = Duration::from_micros(100);

/// How the watchdog sleeps, and how others wake it.
#[derive(Default)]
pub(crate) struct Watchdog {
    dozing: AtomicBool,
    over: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Watchdog {
    /// The calling loop is awake again, and has said so.
    #[inline]
    pub(crate) fn loop_woke(&self) {
        // Pairs with the fence in `doze`.
        fence(Ordering::SeqCst);
        if self.dozing.load(Ordering::Relaxed) && self.dozing.swap(false, Ordering::Relaxed) {
            self.wake();
        }
    }

    /// Tells it to end.
    pub(crate) fn end(&self) {
        // SeqCst, with the unpark behind it: who parks after this does not stay.
        self.over.store(true, Ordering::SeqCst);
        self.wake();
    }

    /// Says which thread it is: whoever can say so first.
    pub(crate) fn is_on(&self, thread: Thread) {
        let _ = self.thread.set(thread);
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Sleeps until a loop wakes, unless one is awake.
    fn doze(&self, all_asleep: impl Fn() -> bool) {
        self.dozing.store(true, Ordering::Relaxed);
        // Pairs with the fence in `loop_woke`.
        fence(Ordering::SeqCst);
        if all_asleep() && !self.over.load(Ordering::SeqCst) {
            thread::park();
        }
        self.dozing.store(false, Ordering::Relaxed);
    }
}

/// What is known of one loop.
struct Watch {
    /// The number of the turn that was seen last.
    turn: u64,
    /// It had not ended then.
    lasts: bool,
    since: Instant,
    /// It is told of when it has lasted so long.
    told_at: Duration,
}

impl Watch {
    fn new(now: Instant, limit: Duration) -> Self {
        Self { turn: 0, lasts: false, since: now, told_at: limit }
    }

    /// Looks once at the number of the turn that began last, and whether it lasts. Returns for how long it has, if that is
    /// to be told.
    fn see(&mut self, turn: u64, lasts: bool, now: Instant, limit: Duration) -> Option<Duration> {
        if turn != self.turn || !lasts {
            *self = Self { turn, lasts, since: now, told_at: limit };
            return None;
        }
        if !self.lasts {
            // It began after the last look.
            (self.lasts, self.since) = (true, now);
        }
        let elapsed = now.duration_since(self.since);
        if elapsed < self.told_at {
            return None;
        }
        while self.told_at <= elapsed {
            self.told_at = self.told_at.saturating_mul(2);
        }
        Some(elapsed)
    }

    /// In what time to look again, at the latest.
    fn pause(&self, now: Instant, limit: Duration) -> Duration {
        let often = (limit / LOOKS).max(LIMIT_MIN);
        if !self.lasts {
            return often;
        }
        // Not a moment too early, either: that would be one look more.
        (self.since + self.told_at).saturating_duration_since(now).clamp(LOOK_MIN, often)
    }

    /// Looks once. Returns a turn that has lasted too long since it was last told of.
    fn look(&mut self, home: &Home, now: Instant, limit: Duration) -> Option<SlowTurn> {
        let turn = home.counters.visits();
        let elapsed = self.see(turn, !home.in_turn.is_free(), now, limit)?;
        let inbox = home.inbox().depth().0 as u64;
        let slow = home.in_turn.look(|place| {
            Uncounted::at(place).with(|cell| SlowTurn {
                id: cell.header().id,
                path: dying::path_of(cell),
                message: (cell.ops().message_name)(),
                elapsed,
                waiting: home.counters.runnable(),
                inbox,
                loop_index: home.index,
            })
        });
        // It may have ended meanwhile, and what was seen may be another's.
        slow.filter(|_| home.counters.visits() == turn)
    }
}

/// Watches the loops of `world` until it is told to end.
pub(crate) fn run(world: &World, limit: Duration) {
    let homes = world.placeable_homes();
    let all_asleep = || homes.iter().all(|home| home.counters.asleep_since.get() != 0);
    let now = Clock::origin();
    let mut watches: Vec<_> = homes.iter().map(|_| Watch::new(now, limit)).collect();
    while !world.watchdog.over.load(Ordering::SeqCst) {
        let now = Clock::origin();
        for (home, watch) in homes.iter().zip(&mut watches) {
            if let Some(slow) = watch.look(home, now, limit) {
                tell(world, &slow);
            }
        }
        if all_asleep() {
            world.watchdog.doze(all_asleep);
        } else {
            let pauses = watches.iter().map(|watch| watch.pause(now, limit));
            thread::park_timeout(pauses.min().unwrap_or(limit));
        }
    }
}

fn tell(world: &World, slow: &SlowTurn) {
    let SlowTurn { path, message, elapsed, waiting, inbox, loop_index, .. } = slow;
    tracing::warn!(
        %path,
        message,
        ?elapsed,
        waiting,
        inbox,
        loop_index,
        "a turn takes too long: give the work to the pool, or cut it into messages"
    );
    happening::happens(world, || slow.clone());
    if let Some(function) = &world.settings.on_slow_turn
        && let Err(panic) = catch_unwind(AssertUnwindSafe(|| function(slow)))
    {
        tracing::error!("the function of `Builder::on_slow_turn` panicked");
        panics::let_go(panic);
    }
}

impl Builder {
    /// How long a turn may take before the watchdog names its actor, at least 1 ms. Default 100 ms.
    ///
    /// While the turn goes on it is told of once, and again each time that the elapsed time has doubled: through `tracing`,
    /// and to [`on_slow_turn`](Self::on_slow_turn). A turn is up to [`budget`](Self::budget) messages of one actor, and
    /// `started`, `deferred` and `stopping` belong to one. Actors with a [thread of their
    /// own](crate::Placement::OwnThread) may take as long as they like.
    ///
    /// The watchdog is a thread of its own, which sleeps while all loops do. A simulated runtime has none.
    pub fn watchdog(mut self, limit: Duration) -> Self {
        self.settings.watchdog = Some(limit);
        self
    }

    /// No watchdog, and no thread for it.
    pub fn no_watchdog(mut self) -> Self {
        self.settings.watchdog = None;
        self
    }

    /// Calls `tell` for each turn that takes too long, on the watchdog's thread, while the turn still goes on. It must not
    /// block: meanwhile nothing is watched.
    ///
    /// # Examples
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// use roundsman_runtime::{Actor, Context, Outcome, Runtime, SlowTurn, Spawn};
    ///
    /// /// Blocks its loop until somebody has named it.
    /// struct Culprit(mpsc::Receiver<SlowTurn>);
    ///
    /// impl Actor for Culprit {
    ///     type Message = ();
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let named = self.0.recv()?;
    ///         assert_eq!(named.path, "/culprit");
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let (tell, told) = mpsc::channel();
    /// let runtime = Runtime::builder()
    ///     .loops(1)
    ///     .watchdog(Duration::from_millis(5))
    ///     .on_slow_turn(move |slow| _ = tell.send(slow.clone()))
    ///     .build()?;
    /// runtime.run_with(Spawn::named("culprit"), || Culprit(told))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_slow_turn(mut self, tell: impl Fn(&SlowTurn) + Send + Sync + 'static) -> Self {
        self.settings.on_slow_turn = Some(Arc::new(tell));
        self
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests;
