//! The pool: threads that run what would block a loop, in lanes.
//!
//! Fed by [`jobs`](crate::jobs) through each loop's [`outbox`](crate::outbox). It knows errands, not actors: an errand says itself how it
//! runs and how it goes home. Threads come from the function that it was made with, the first time that a job may run
//! and none is idle. Under simulation there are none, and [`simulate`](crate::simulate) takes the jobs instead.
//!
//! # One state for all lanes
//! Caps and reserved threads need one choice over all queues, so there is one mutex, and no user code runs under it:
//! not even the drop of an errand. A thread takes it once a job: to note the end of one and choose the next. Then it
//! sends the ended one home, and runs the next: it never holds a job that another thread could run, nor a result.
//!
//! | a thread | where it looks | who ends it |
//! |---|---|---|
//! | runs | – | the job |
//! | takes | its lanes; then, if a lane is hungry, the trays of all loops | – |
//! | looks (one at most) | `filled`, for some µs | whoever submits, by `filled`; else time |
//! | is idle | `bell` | whoever submits or takes one of several jobs; it counts as woken from then on |
//!
//! One thread is woken at a time; it wakes the next before it runs anything, if more may start.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::agenda::{Agenda, Taken};
use crate::backlog::{Backlog, Resume};
use crate::clock::{Clock, Timestamp};
use crate::errand::{Errand, Refusal, refuse};
use crate::lane::{LANES, Lane, LaneMetrics, Limits};
use crate::spinning::Spinning;
use crate::tray::Tray;

/// Starts the pool's thread of this number, which calls [`Pool::work`].
pub(crate) type StartThread = fn(&Arc<Pool>, usize) -> io::Result<()>;

/// How long the pool does with fewer threads, when the OS has given none, before it asks again.
const PAUSE: Duration = Duration::from_secs(1);

/// The threads, and what waits for them.
pub(crate) struct Pool {
    size: usize,
    origin: Instant,
    start_thread: Option<StartThread>,
    /// How long it does with the threads that it has before it asks the OS for another.
    pause: Duration,
    /// How long the end of a run waits for jobs.
    pub(crate) deadline: Duration,
    spin: bool,
    state: Apart<Mutex<Agenda>>,
    /// Idle threads wait here.
    bell: Condvar,
    /// Whoever waits for the end waits here.
    ended: Condvar,
    /// The lanes in which a job would start at once. A hint, written under the mutex.
    hungry: Apart<AtomicU8>,
    /// What the thread that looks looks at. Written under the mutex.
    filled: Apart<AtomicBool>,
}

/// On cache lines of its own: what one core writes all the time must not take from others what they only read.
#[repr(align(128))]
struct Apart<T>(T);

/// With how many more jobs each lane is over; 0 if it is.
pub(crate) type Room = [usize; LANES];

/// What must be done, without the mutex, so that a job gets its thread.
enum Summons {
    Ring,
    Start(usize),
}

/// A job that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobStatus {
    /// Its name ([`Job::named`](crate::Job::named)), else the path of its code.
    pub name: String,
    /// Its lane.
    pub lane: Lane,
    /// The path of the actor that started it; empty if nobody waits for it ([`Job::detach`](crate::Job::detach)).
    pub owner: String,
    /// It runs; else it waits for a thread.
    pub running: bool,
}

impl fmt::Display for JobStatus {
    /// `resize (user lane) of /server/session-17`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} lane)", self.name, self.lane)?;
        if self.is_awaited() { write!(f, " of {}", self.owner) } else { Ok(()) }
    }
}

impl JobStatus {
    /// Whether an actor waits for it.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.owner.is_empty()
    }
}

thread_local! {
    static ON_POOL_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread runs a job: it must not wait for an actor.
pub(crate) fn is_pool_thread() -> bool {
    ON_POOL_THREAD.get()
}

impl Pool {
    /// A pool of at most `size` threads.
    pub(crate) fn new(
        size: usize,
        limits: [Limits; LANES],
        deadline: Duration,
        spin: bool,
        start_thread: Option<StartThread>,
    ) -> Arc<Self> {
        let threads = if start_thread.is_some() { 0 } else { size };
        let agenda = Agenda::new(size, limits, threads);
        let pool = Self {
            size,
            origin: Clock::origin(),
            start_thread,
            pause: PAUSE,
            deadline,
            spin,
            hungry: Apart(AtomicU8::new(agenda.hungry())),
            state: Apart(Mutex::new(agenda)),
            bell: Condvar::new(),
            ended: Condvar::new(),
            filled: Apart(AtomicBool::new(false)),
        };
        Arc::new(pool)
    }

    /// The moment from which a real runtime counts time.
    pub(crate) fn origin(&self) -> Instant {
        self.origin
    }

    /// Whether a job of this lane would start at once. A hint.
    #[inline]
    pub(crate) fn is_hungry(&self, lane: Lane) -> bool {
        // Relaxed: see the fences of `tray`.
        self.hungry.0.load(Ordering::Relaxed) & lane.bit() != 0
    }

    /// Takes jobs out of this tray, too, whenever a thread is free for one.
    pub(crate) fn serve(&self, tray: &Arc<Tray>) {
        self.lock().trays.push(Arc::clone(tray));
    }

    /// The end of [`serve`](Self::serve). What is left in the tray is nobody's any more.
    pub(crate) fn forsake(&self, tray: &Arc<Tray>) {
        let mut state = self.lock();
        state.trays.retain(|other| !Arc::ptr_eq(other, tray));
        let left = state.turn_away(tray);
        drop(state);
        drop(left);
    }

    /// Puts what is in a tray into its lanes, in this order.
    pub(crate) fn submit(self: &Arc<Self>, tray: &Tray, now: Timestamp) -> Room {
        let mut state = self.lock();
        if state.closed {
            let jobs = state.turn_away(tray);
            drop(state);
            refuse(jobs, Refusal::Closed);
            return [usize::MAX; LANES];
        }
        state.accept(tray, now);
        let room = state.backlogs.each_ref().map(Backlog::room);
        self.restock(&mut state, now);
        let summons = self.summon(&mut state);
        drop(state);
        self.carry_out(summons);
        room
    }

    /// Takes a job back that has not been given to a thread. Its ticket is asked for under the mutex.
    pub(crate) fn withdraw(
        self: &Arc<Self>,
        lane: Lane,
        ticket: impl FnOnce() -> u64,
        now: Timestamp,
    ) -> Option<Arc<dyn Errand>> {
        let mut state = self.lock();
        // It may still be on its way.
        state.accept_all(now);
        let withdrawn = state.backlogs[lane.index()].withdraw(ticket());
        let resumed = state.backlogs[lane.index()].fell();
        self.restock(&mut state, now);
        let summons = self.summon(&mut state);
        drop(state);
        self.carry_out(summons);
        resumed.into_iter().for_each(Resume::go_on);
        withdrawn.map(|job| job.errand)
    }

    /// The turn of a job that was parked has come: it waits for a thread like any other.
    pub(crate) fn call_in(self: &Arc<Self>, lane: Lane, ticket: u64) {
        let mut state = self.lock();
        state.call_in(lane, ticket);
        // No lane becomes hungry by it, so nothing is to be taken in.
        self.hungry.0.store(state.hungry(), Ordering::Relaxed);
        let summons = self.summon(&mut state);
        drop(state);
        self.carry_out(summons);
    }

    /// Waits until the lane is no longer over: `resume` is called then. False if it is not over.
    pub(crate) fn wait(&self, lane: Lane, resume: impl FnOnce() -> Resume) -> bool {
        let mut state = self.lock();
        let backlog = &mut state.backlogs[lane.index()];
        let gone = backlog.weed();
        let over = backlog.wait(resume);
        drop(state);
        drop(gone);
        over
    }

    /// What a pool thread does all its life.
    pub(crate) fn work(self: &Arc<Self>, index: usize) {
        ON_POOL_THREAD.set(true);
        let mut spinning = Spinning::new(self.spin);
        let mut now = self.now();
        let mut state = self.lock();
        // What it has run last, until it is sent home.
        let mut done: Option<Arc<dyn Errand>> = None;
        loop {
            let mut taken = state.take(index, now);
            if self.restock(&mut state, now) && taken.is_none() {
                taken = state.take(index, now);
                self.restock(&mut state, now);
            }
            if taken.is_none() && done.is_none() {
                if state.closed {
                    break;
                }
                state = self.rest(state, &mut spinning);
                now = self.now();
                continue;
            }
            let summons = self.summon(&mut state);
            drop(state);
            if let Some(done) = done.take() {
                done.go_home();
            }
            self.carry_out(summons);
            done = taken.map(Taken::resume_others);
            if let Some(errand) = &done {
                let started = errand.begin(now);
                if started {
                    errand.run();
                }
                now = self.now();
                state = self.lock();
                state.ended(index, now, started);
            } else {
                state = self.lock();
            }
        }
        state.numbers[index] = false;
        state.threads -= 1;
        drop(state);
        self.ended.notify_all();
    }

    /// Looks for a moment, if that has lately paid and nobody else does; else sleeps until somebody rings.
    fn rest<'a>(
        &'a self,
        mut state: MutexGuard<'a, Agenda>,
        spinning: &mut Spinning,
    ) -> MutexGuard<'a, Agenda> {
        if !state.looking && spinning.may_spin() {
            state.looking = true;
            self.filled.0.store(false, Ordering::Relaxed);
            drop(state);
            // Relaxed: the mutex orders what was submitted.
            spinning.spin(|| self.filled.0.load(Ordering::Relaxed));
            state = self.lock();
            state.looking = false;
            return state;
        }
        state.idle += 1;
        let slept_at = self.now();
        state = self
            .bell
            .wait_while(state, |state| state.woken == 0 && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if state.woken > 0 {
            state.woken -= 1;
        } else {
            state.idle -= 1;
        }
        spinning.woke(true, self.now() - slept_at);
        state
    }

    /// Sees to it that a job that may start gets a thread, if one does.
    fn summon(&self, state: &mut Agenda) -> Option<Summons> {
        if state.nothing_waits() {
            return None;
        }
        if state.ask_again.is_some_and(|then| then <= self.now()) {
            state.ask_again = None;
            state.lanes.restore(self.size);
        }
        if state.next().is_none() {
            None
        } else if state.looking {
            self.filled.0.store(true, Ordering::Relaxed);
            None
        } else if state.woken > 0 {
            // It will look for another itself, if there is still something to do.
            None
        } else if state.idle > 0 {
            state.idle -= 1;
            state.woken += 1;
            Some(Summons::Ring)
        } else if state.closed || self.start_thread.is_none() || state.ask_again.is_some() {
            None
        } else {
            let number = state.numbers.iter().position(|taken| !taken)?;
            state.numbers[number] = true;
            state.threads += 1;
            Some(Summons::Start(number))
        }
    }

    fn carry_out(self: &Arc<Self>, summons: Option<Summons>) {
        match (summons, self.start_thread) {
            (Some(Summons::Ring), _) => self.bell.notify_one(),
            (Some(Summons::Start(number)), Some(start)) => match start(self, number) {
                Ok(()) => self.lock().complained = false,
                Err(error) => self.do_without(number, &error),
            },
            _ => {}
        }
    }

    /// The OS gave no thread: for a while the pool goes on with those that it has. Without any, nothing that waits would
    /// run, so it is answered, and the next job asks again.
    #[cold]
    fn do_without(self: &Arc<Self>, number: usize, error: &io::Error) {
        let now = self.now();
        let mut state = self.lock();
        state.numbers[number] = false;
        state.threads -= 1;
        let threads = state.threads;
        if !std::mem::replace(&mut state.complained, true) {
            tracing::error!(%error, threads, "the OS gives the pool no more threads: it asks again later");
        }
        if threads > 0 {
            state.lanes.shrink(threads);
            state.ask_again = Some(now + self.pause);
            // Without reserved threads something may start that could not.
            self.restock(&mut state, now);
            let summons = self.summon(&mut state);
            drop(state);
            self.carry_out(summons);
            return;
        }
        state.lanes.restore(self.size);
        state.ask_again = None;
        let (jobs, resumed) = state.take_all();
        self.restock(&mut state, now);
        drop(state);
        self.ended.notify_all();
        refuse(jobs, Refusal::NoThread);
        resumed.into_iter().for_each(Resume::go_on);
    }

    // The end.

    /// Takes no more jobs, takes back those that wait, and tells those that run.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let (jobs, resumed) = state.take_all();
        let running: Vec<_> =
            state.running.iter().flatten().map(|one| one.errand.clone()).collect();
        drop(state);
        self.bell.notify_all();
        for errand in running {
            errand.cancel();
        }
        refuse(jobs, Refusal::Closed);
        resumed.into_iter().for_each(Resume::go_on);
    }

    /// Waits until nothing runs and every thread has ended, until the deadline, and returns what still runs.
    pub(crate) fn wait_for_end(&self, longest: Duration) -> Vec<JobStatus> {
        let state = self.lock();
        let waited = self.ended.wait_timeout_while(state, longest, |state| state.threads > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        self.jobs()
    }

    // What goes on.

    /// What runs, then what waits, by name.
    pub(crate) fn jobs(&self) -> Vec<JobStatus> {
        let state = self.lock();
        let mut jobs = Vec::with_capacity(state.outstanding());
        let running = state.running.iter().flatten();
        jobs.extend(running.map(|one| (Lane::ALL[one.lane], Arc::clone(&one.errand), true)));
        for lane in Lane::ALL {
            let waiting = state.backlogs[lane.index()].iter();
            jobs.extend(waiting.map(|job| (lane, Arc::clone(&job.errand), false)));
            for tray in &state.trays {
                tray.each(|of, job| {
                    if of == lane {
                        jobs.push((lane, Arc::clone(&job.errand), false));
                    }
                });
            }
        }
        drop(state);
        let status = |(lane, errand, running): (Lane, Arc<dyn Errand>, bool)| {
            let (name, owner) = errand.describe();
            JobStatus { name, lane, owner, running }
        };
        jobs.into_iter().map(status).collect()
    }

    /// What each lane has done.
    pub(crate) fn metrics(&self) -> Vec<LaneMetrics> {
        let state = self.lock();
        let mut on_their_way = [0; LANES];
        for tray in &state.trays {
            tray.each(|lane, _| on_their_way[lane.index()] += 1);
        }
        let of = |backlog: &Backlog<_>| LaneMetrics {
            started: backlog.metrics.started + on_their_way[backlog.metrics.lane.index()],
            queued: backlog.len() as u64 + on_their_way[backlog.metrics.lane.index()],
            running: state.lanes.running(backlog.metrics.lane.index()) as u64,
            threads: state.threads as u64,
            ..backlog.metrics.clone()
        };
        state.backlogs.iter().map(of).collect()
    }

    // Simulation: whoever simulates is all threads.

    /// Whether its runtime is simulated: whoever waits for it on the same thread waits in vain.
    pub(crate) fn is_simulated(&self) -> bool {
        self.start_thread.is_none()
    }

    /// Whether the calling thread runs a job of this pool, under simulation: then no loop goes on before it returns.
    pub(crate) fn is_simulated_job(&self) -> bool {
        self.is_simulated() && is_pool_thread()
    }

    /// The job that starts next, if one may, with the number of its thread and of its lane.
    pub(crate) fn take(&self, now: Timestamp) -> Option<(usize, usize, Arc<dyn Errand>)> {
        let mut state = self.lock();
        let index = state.running.iter().position(Option::is_none)?;
        let mut taken = state.take(index, now);
        if self.restock(&mut state, now) && taken.is_none() {
            taken = state.take(index, now);
            self.restock(&mut state, now);
        }
        let lane = state.running[index].as_ref().map_or(0, |running| running.lane);
        drop(state);
        Some((index, lane, taken?.resume_others()))
    }

    /// A job that was taken ends now: it runs, if it is to, as on a thread of the pool.
    pub(crate) fn run_simulated(
        &self,
        index: usize,
        errand: Arc<dyn Errand>,
        now: Timestamp,
        started: bool,
    ) {
        let before = ON_POOL_THREAD.replace(true);
        if started {
            errand.run();
        }
        ON_POOL_THREAD.set(before);
        let mut state = self.lock();
        state.ended(index, now, started);
        self.restock(&mut state, now);
        drop(state);
        errand.go_home();
    }

    fn now(&self) -> Timestamp {
        Timestamp::read(self.origin)
    }

    /// Says in which lanes a job would start at once. If that is new of one, takes in what is on its way, for nobody else
    /// would. True if there was anything.
    #[inline]
    fn restock(&self, state: &mut Agenda, now: Timestamp) -> bool {
        let hungry = state.hungry();
        let before = self.hungry.0.load(Ordering::Relaxed);
        if before == hungry {
            return false;
        }
        self.hungry.0.store(hungry, Ordering::Relaxed);
        if hungry & !before == 0 {
            return false;
        }
        // Pairs with the fence in `Tray::push`.
        fence(Ordering::SeqCst);
        let news = hungry & !before;
        if state.closed || state.trays.iter().all(|tray| tray.lanes() & news == 0) {
            return false;
        }
        state.accept_all(now);
        self.hungry.0.store(state.hungry(), Ordering::Relaxed);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Agenda> {
        // A poisoned mutex means that a push panicked for want of memory; the state is whole all the same.
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests;
