//! The loop: one round after another, until nothing is left to do.
//!
//! Run by [`worker`](crate::worker) on a thread of its own, or step by step by [`simulate`](crate::simulate). It says
//! when things happen; what happens to an actor in its turn is said by [`turn`](crate::turn).

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::context::take_guard;
use crate::describe;
use crate::drainer;
use crate::dying;
use crate::exit::ExitReason;
use crate::extras::Then;
use crate::local::{Due, Local};
use crate::own::flag;
use crate::panics;
use crate::parcel::{Control, Parcel};
use crate::poller::Readiness;
use crate::spinning::Spinning;
use crate::supervising;
use crate::timer_wheel::TimerKey;
use crate::waiting;

/// The inbox is looked at every so many turns, not only once a round.
const TURNS_PER_LOOK: u32 = 16;
/// So many rounds in a row may leave an actor's end of the round to the next.
const POSTPONED_MAX: u8 = 4;
/// The clock is looked at every so many messages.
const MESSAGES_PER_CLOCK: u64 = 64;
/// And every so many looks at the inbox: there are turns without messages, first ones and last ones.
const LOOKS_PER_CLOCK: u32 = 4;

/// How far a round's dispatching has come.
struct Pace {
    turns: usize,
    until_look: u32,
    looks: u32,
    /// The clock is looked at when so many messages have been handled.
    clock_at: u64,
    end: Timestamp,
}

impl Pace {
    fn new(local: &Local) -> Self {
        Self {
            turns: local.driver.turns(),
            until_look: TURNS_PER_LOOK,
            looks: 0,
            clock_at: local.counters().handled.get() + MESSAGES_PER_CLOCK,
            end: local.now() + local.home.world.settings.round,
        }
    }
}

/// One loop: its own things, and what it needs to take what others send.
pub(crate) struct EventLoop {
    pub(crate) local: Rc<Local>,
    control: flume::Receiver<Control>,
    spinning: Spinning,
    // Room that is used again each round.
    parcels: Vec<Parcel>,
    due: Vec<(TimerKey, Due)>,
    /// How many rounds in a row have left something of step 4 to the next.
    postponed: u8,
    /// When the round began, and how long it has slept.
    began: Timestamp,
    slept: Duration,
}

impl EventLoop {
    pub(crate) fn new(local: Local, control: flume::Receiver<Control>) -> Self {
        let spinning = Spinning::new(local.home.world.settings.spin);
        let (parcels, due) = (Vec::new(), Vec::new());
        let (began, slept) = (local.now(), Duration::ZERO);
        let local = Rc::new(local);
        Self { local, control, spinning, parcels, due, postponed: 0, began, slept }
    }

    /// Rounds until the runtime ends, on the calling thread.
    pub(crate) fn run(&mut self) {
        let local = Rc::clone(&self.local);
        let _current = local.enter();
        while !self.is_done() {
            if self.is_left_behind() {
                self.wind_down();
                break;
            }
            self.round();
        }
        if local.home.dedicated {
            local.home.world.remove_dedicated(&local.home);
        }
    }

    /// One round. The same five steps, in the same order, stand in `docs/loop.md`.
    pub(crate) fn round(&mut self) {
        self.fire_timers();
        self.take_inbox();
        self.dispatch();
        self.run_deferred();
        self.publish();
        self.poll();
    }

    /// Step 1: timers that are due reach their actors.
    fn fire_timers(&mut self) {
        self.measure();
        let local = &self.local;
        local.take_due(&mut self.due);
        for (key, due) in self.due.drain(..) {
            match due {
                Due::Timer(cell, id) => (cell.ops().timer_due)(&cell, local, id),
                Due::Guard(cell, guard) => _ = take_guard(local, &cell, guard, key),
                Due::Shutdown(parent, slot) => supervising::shutdown_due(local, &parent, slot, key),
                Due::Restart(parent, who, stamp) => {
                    supervising::restart_due(local, &parent, who, stamp, key);
                }
                Due::Job(cell, id) => (cell.ops().job_expired)(&cell, local, id),
            }
        }
    }

    /// Looks at the clock, and measures how long it took since the last round began, sleep left out.
    fn measure(&mut self) {
        let local = &self.local;
        let now = local.update_now();
        let elapsed = now - std::mem::replace(&mut self.began, now);
        let slept = std::mem::take(&mut self.slept);
        // Simulated time passes while nothing is runnable, and only then.
        let busy = if local.driver.is_simulated() {
            local.counters().idle_nanos.add(elapsed.as_nanos() as u64);
            Duration::ZERO
        } else {
            elapsed.saturating_sub(slept)
        };
        local.counters().busy_nanos.add(busy.as_nanos() as u64);
        local.counters().delay.record(busy);
    }

    /// Step 2: everything that other loops and threads have sent.
    fn take_inbox(&mut self) {
        let local = &self.local;
        local.outbox.flush(local);
        // Whoever sent to these has pushed before they were left: see `Uncounted`.
        let graves = std::mem::take(&mut *local.graves.borrow_mut());
        if local.home.inbox().looks_filled() {
            local.home.inbox().take(&mut self.parcels);
        }
        local.counters().parcels.add(self.parcels.len() as u64);
        let (mut parcels, control) = (self.parcels.drain(..), &self.control);
        // All user code that a parcel may run is guarded where it runs. What has been overlooked must not end the loop.
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| {
            parcels.by_ref().for_each(|parcel| open(local, control, parcel));
        })) {
            let text = panics::text_of(&*panic);
            tracing::error!(text, "a panic as a parcel was opened: this is a bug of roundsman");
            panics::let_go(panic);
        }
        drop(parcels);
        drop(graves);
    }

    /// Step 3: each runnable actor in turn, for a bounded time, so that I/O is seen.
    fn dispatch(&mut self) {
        let mut pace = Pace::new(&self.local);
        self.local.set_round_end(pace.end);
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.dispatch_at(&mut pace))) {
            // Not in a turn: a bug of this crate.
            let Some(cell) = self.local.in_turn() else { resume_unwind(panic) };
            cell.with(|cell| (cell.ops().panicked)(cell, &self.local, &*panic));
            panics::let_go(panic);
        }
    }

    #[inline]
    fn dispatch_at(&mut self, pace: &mut Pace) {
        while pace.turns > 0 {
            let local = &*self.local;
            let Some(cell) = local.driver.choose(&local.run_queue, local.home.index) else { break };
            pace.turns -= 1;
            cell.with(|cell| (cell.ops().turn)(cell, local));
            if local.counters().handled.get() >= pace.clock_at {
                pace.clock_at = local.counters().handled.get() + MESSAGES_PER_CLOCK;
                if local.update_now() >= pace.end {
                    break;
                }
            }
            pace.until_look -= 1;
            if pace.until_look == 0 {
                pace.until_look = TURNS_PER_LOOK;
                self.take_inbox();
                pace.looks += 1;
                if pace.looks.is_multiple_of(LOOKS_PER_CLOCK) && self.local.update_now() >= pace.end
                {
                    break;
                }
            }
        }
    }

    /// Step 4: what was put off to the end of the round. Writes to sockets go out here.
    ///
    /// An actor for which messages still wait, because the round ended for want of time, is left for the next round, a
    /// few times at most: so a line for a thousand sockets still is one write to each.
    fn run_deferred(&mut self) {
        let local = &self.local;
        local.outbox.flush(local);
        let deferred = std::mem::take(&mut *local.deferred.borrow_mut());
        let may_wait = self.postponed < POSTPONED_MAX;
        let mut postponed = false;
        for cell in deferred {
            let own = cell.own(local);
            if may_wait && own.has(flag::SCHEDULED) {
                postponed = true;
                local.deferred.borrow_mut().push(cell);
                continue;
            }
            // One that was built anew since has not asked for it.
            if own.has(flag::DEFERRED) {
                own.clear(flag::DEFERRED);
                (cell.ops().deferred)(&cell, local);
            }
        }
        self.postponed = if postponed { self.postponed + 1 } else { 0 };
    }

    /// Step 5: the OS. Without waiting if anything is runnable, else until the nearest timer.
    fn poll(&mut self) {
        let local = &self.local;
        local.outbox.flush(local);
        if local.driver.is_simulated() || self.is_done() {
            return;
        }
        if self.has_work() || self.spinning.spin(|| local.home.inbox().looks_filled()) {
            local.driver.poll(Some(Duration::ZERO), |entry, ready| self.report(entry, ready));
            return;
        }
        let mut last = false;
        let world = &local.home.world;
        let asleep = local.home.inbox().sleep(!local.is_kept(), || last = world.retire());
        if last {
            world.run_dry();
        }
        let slept_at = local.update_now();
        local.counters().asleep_since.set((slept_at.since_start().as_nanos() as u64).max(1));
        let timeout =
            if asleep { local.wakes_at().map(|at| at - slept_at) } else { Some(Duration::ZERO) };
        let woken = local.driver.poll(timeout, |entry, ready| self.report(entry, ready));
        local.home.inbox().wake(|| world.revive());
        let slept = local.update_now() - slept_at;
        local.counters().asleep_since.set(0);
        world.watchdog.loop_woke();
        local.counters().idle_nanos.add(slept.as_nanos() as u64);
        self.slept = slept;
        self.spinning.woke(woken, slept);
    }

    fn report(&self, entry: usize, readiness: Readiness) {
        self.local.ready(entry, readiness);
    }

    fn publish(&mut self) {
        let local = &self.local;
        local.give_back_room();
        local.counters().rounds.add(1);
        local.counters().actors.set(local.population.get() as u64);
    }

    /// Whether anything can be done without waiting.
    pub(crate) fn has_work(&self) -> bool {
        let local = &self.local;
        !local.run_queue.is_empty()
            || !local.deferred.borrow().is_empty()
            || local.home.inbox().looks_filled()
    }

    /// When the nearest timer is due.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.local.next_deadline()
    }

    /// Whether the runtime has ended without this loop, which blocked for too long: nobody tells its actors to stop any more.
    fn is_left_behind(&self) -> bool {
        let home = &self.local.home;
        home.world.is_ending() && home.inbox().is_closed()
    }

    /// Ends whoever has something to do, as it comes to that. Those that wait for others wait in vain: they stay as they are,
    /// without a thread.
    #[cold]
    fn wind_down(&mut self) {
        let local = Rc::clone(&self.local);
        let mut ending = local.top.borrow().in_order();
        loop {
            let queued: Vec<_> = std::iter::from_fn(|| local.run_queue.pop()).collect();
            for cell in queued {
                cell.with(|cell| ending.push(cell.clone()));
                local.run_queue.push(cell);
            }
            for cell in ending.drain(..).rev() {
                dying::kill(&local, &cell, Then::End);
            }
            if !self.has_work() {
                return;
            }
            self.round();
        }
    }

    /// Whether the loop has ended: all its actors are buried and its inbox is closed.
    pub(crate) fn is_done(&self) -> bool {
        let local = &self.local;
        let ending = local.home.world.is_ending() || (local.home.dedicated && local.lived.get());
        ending
            && local.population.get() == 0
            && local.run_queue.is_empty()
            && local.home.inbox().close()
    }
}

/// A loop that ends by a panic of this crate still has its inbox open: nothing in it may outlive the graves of the loop,
/// which go with [`Local`].
impl Drop for EventLoop {
    fn drop(&mut self) {
        self.parcels.clear();
        drop(self.local.home.inbox().shut());
    }
}

fn open(local: &Local, control: &flume::Receiver<Control>, parcel: Parcel) {
    if let Parcel::Control = parcel {
        // One request a parcel: whoever asks again and again must not hold the loop.
        if let Ok(request) = control.try_recv() {
            obey(local, request);
        }
    } else {
        parcel.open(local);
    }
}

/// Does what a request from outside asks for.
fn obey(local: &Local, request: Control) {
    match request {
        Control::Drain(plan, reply) => drainer::begin(local, plan, reply),
        Control::Announce => drainer::announce_here(local),
        Control::Collect => drainer::collect_here(local),
        Control::End => {
            let top = local.top.borrow().in_order();
            for cell in top.iter().rev() {
                dying::stop(local, cell, ExitReason::Shutdown, None);
            }
        }
        // The asker may have stopped waiting.
        Control::Pauses(reply) => {
            let pauses = waiting::pauses(local);
            local.home.answered();
            drop(reply.try_send(pauses));
        }
        Control::Describe(questions, reply) => {
            let answers = describe::answer(local, questions);
            local.home.answered();
            drop(reply.try_send(answers));
        }
    }
}
