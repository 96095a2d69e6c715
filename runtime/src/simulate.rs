//! One runtime of a simulation: its loops and its jobs, in virtual time, every choice drawn.
//!
//! Stepped by [`simulation`](crate::simulation), on one thread. The loops are the same [`EventLoop`]s doing the same rounds;
//! here is only said what can be done next, and when something can be done again.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Drift, Timestamp};
use crate::course::Course;
use crate::driver::Driver;
use crate::dying;
use crate::errand::{Errand, Refusal, refuse};
use crate::event_loop::EventLoop;
use crate::exit::RootExit;
use crate::extras::Then;
use crate::home::Home;
use crate::local::Local;
use crate::metrics::Pause;
use crate::pool::Pool;
use crate::tree::Reach;
use crate::waiting;
use crate::why_alive::WhyAlive;
use crate::world::World;

/// So many rounds the killing of a host may take, and for each of its actors.
const KILLING: usize = 100_000;
const KILLING_EACH: usize = 8;

/// The loops of a simulated runtime.
pub(crate) struct Simulated {
    pub(crate) course: Rc<Course>,
    loops: Vec<EventLoop>,
    /// Until when each of them stands still.
    stalled: Vec<Timestamp>,
    /// Jobs that run in virtual time: when each ends, and whether it has begun at all.
    jobs: Vec<RunningJob>,
    drift: Rc<Cell<Drift>>,
    clock: Clock,
}

struct RunningJob {
    index: usize,
    errand: Arc<dyn Errand>,
    begun: bool,
    end: Timestamp,
}

/// Something that one runtime can do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Round(usize),
    EndOfJob(usize),
}

/// What becomes of a runtime that can do nothing now.
pub(crate) enum Rest {
    /// It has ended.
    Ended,
    /// It goes on at this moment of the simulation at the latest; `None` if only others can bring it on.
    Until(Option<Timestamp>),
    /// Nothing can ever happen there: it was told to end.
    Dry,
}

impl Simulated {
    /// The runtime of the host with this number.
    pub(crate) fn new(world: &Arc<World>, course: Rc<Course>, host: usize, loops: usize) -> Self {
        let drift = Rc::new(Cell::new(Drift::from(course.now.get())));
        let clock = Clock::Virtual { now: Rc::clone(&course.now), drift: Rc::clone(&drift) };
        let make = |index| {
            let (sender, control) = flume::unbounded();
            let home = Home::new(Arc::clone(world), index, false, None, sender, None);
            world.add_home(Arc::clone(&home));
            let driver = Driver::simulated(Rc::clone(&course), host, clock.clone());
            EventLoop::new(Local::new(home, driver), control)
        };
        let loops: Vec<_> = (0..loops).map(make).collect();
        for one in &loops {
            let all = loops.iter().map(|other| Rc::downgrade(&other.local));
            one.local.meet(all.collect());
        }
        let stalled = vec![Timestamp::default(); loops.len()];
        Self { course, loops, stalled, jobs: Vec::new(), drift, clock }
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.loops[0].local.home.world
    }

    fn pool(&self) -> &Pool {
        &self.world().pool
    }

    /// Runs `plant` on the first loop.
    pub(crate) fn plant(&self, plant: impl FnOnce(&EventLoop)) {
        let local = Rc::clone(&self.loops[0].local);
        let _current = local.enter();
        plant(&self.loops[0]);
    }

    /// How the root has ended.
    pub(crate) fn root_exit(&self) -> Option<RootExit> {
        self.loops[0].local.take_root_exit()
    }

    /// Its clock jumps ahead, and goes at another rate from now on.
    pub(crate) fn skew(&self, ahead: Duration, parts_per_million: i32) {
        let drift = self.drift.get().changed(self.course.now.get(), ahead, parts_per_million);
        self.drift.set(drift);
    }

    // What can be done.

    /// Begins every job that may, each for a time drawn from the seed.
    pub(crate) fn begin_jobs(&mut self) {
        let now = self.clock.now();
        while let Some((index, lane, errand)) = self.pool().take(now) {
            let begun = errand.begin(now);
            let takes = if begun { self.job_time(lane) } else { Duration::ZERO };
            let end = self.course.now.get() + takes;
            self.jobs.push(RunningJob { index, errand, begun, end });
        }
    }

    /// How long a job of this lane takes.
    fn job_time(&self, lane: usize) -> Duration {
        let any = Duration::ZERO..self.course.longest_job.get();
        let Range { start, end } = self.world().settings.job_times[lane].clone().unwrap_or(any);
        let longer = self.course.chance.below(end.saturating_sub(start).as_micros() as usize);
        start + Duration::from_micros(longer as u64)
    }

    /// What can be done now: rounds of loops, and ends of jobs.
    pub(crate) fn deeds(&self, mut add: impl FnMut(Deed)) {
        let now = self.course.now.get();
        let shown = self.clock.now();
        for (index, one) in self.loops.iter().enumerate() {
            let is_due = || one.next_deadline().is_some_and(|deadline| deadline <= shown);
            if self.stalled[index] <= now && (one.has_work() || is_due()) {
                add(Deed::Round(index));
            }
        }
        for (place, job) in self.jobs.iter().enumerate() {
            if job.end <= now {
                add(Deed::EndOfJob(place));
            }
        }
    }

    pub(crate) fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Round(index) => self.round(index),
            Deed::EndOfJob(place) => self.end_job(place),
        }
    }

    fn round(&mut self, index: usize) {
        let event_loop = &mut self.loops[index];
        let local = Rc::clone(&event_loop.local);
        let _current = local.enter();
        event_loop.round();
        let stall = self.course.take_stall();
        if !stall.is_zero() {
            self.stalled[index] = self.course.now.get() + stall;
        }
    }

    /// The code of a job runs as it ends: whatever has cancelled it meanwhile, it sees.
    fn end_job(&mut self, place: usize) {
        let RunningJob { index, errand, begun, .. } = self.jobs.swap_remove(place);
        self.pool().run_simulated(index, errand, self.clock.now(), begun);
    }

    /// What is to become of it, now that nothing can be done.
    pub(crate) fn rest(&mut self) -> Rest {
        let world = Arc::clone(self.world());
        let next_job = self.jobs.iter().map(|job| job.end).min();
        if self.loops.iter().any(EventLoop::has_work) {
            // One that stands still: its work waits, and time goes on.
            return Rest::Until([self.next_timer(), next_job].into_iter().flatten().min());
        }
        if world.is_ending() {
            if self.loops.iter().all(EventLoop::is_done) {
                // Nobody waits for the jobs that run: they are told, and run to their end.
                self.pool().close();
                return next_job.map_or(Rest::Ended, |end| Rest::Until(Some(end)));
            }
            // Children have so long to stop; then their parents go on without them.
            return Rest::Until(self.next_timer().filter(|_| self.is_kept()));
        }
        // A loop that waits for nothing may still have been stopped from outside.
        let handles = world.alive() > self.loops.len();
        if !self.is_kept() && !handles {
            if self.course.is_watched && self.is_blocked() {
                // On the OS this would end as if all were done. Whoever looks on is to see it.
                return Rest::Until(next_job);
            }
            world.run_dry();
            return Rest::Dry;
        }
        Rest::Until([self.next_timer(), next_job].into_iter().flatten().min())
    }

    /// Whether something is waited for.
    fn is_kept(&self) -> bool {
        self.loops.iter().any(|one| one.local.is_kept())
    }

    /// Whether somebody there is paused, or has not finished.
    fn is_blocked(&self) -> bool {
        let paused = self.loops.iter().any(|one| !one.local.paused.borrow().is_empty());
        paused || self.world().draining.has_unfinished()
    }

    /// When a loop has something to do again, in the time of the simulation.
    fn next_timer(&self) -> Option<Timestamp> {
        let drift = self.drift.get();
        let next = |(one, stalled): (&EventLoop, &Timestamp)| {
            let timer = one.next_deadline().map(|deadline| drift.when(deadline).max(*stalled));
            if one.has_work() { Some(*stalled) } else { timer }
        };
        self.loops.iter().zip(&self.stalled).filter_map(next).min()
    }

    // The end.

    /// Ends it at once: no code of its actors runs any more, but the drop of what they have. Its jobs never end.
    pub(crate) fn kill(&mut self) {
        self.course.kills.set(true);
        self.world().end();
        for one in &self.loops {
            let _current = one.local.enter();
            let top = one.local.top.borrow().in_order();
            for cell in top.iter().rev() {
                dying::kill(&one.local, cell, Then::End);
            }
        }
        self.run_out();
        // Their results have nowhere to go, and their effects do not happen.
        refuse(self.jobs.drain(..).map(|job| job.errand), Refusal::Closed);
        self.pool().close();
        // They come home all the same.
        self.run_out();
        let is_done = self.loops.iter().all(EventLoop::is_done);
        debug_assert!(is_done, "a host that is killed has nobody left");
        self.course.kills.set(false);
    }

    /// Rounds, until no loop has anything to do.
    fn run_out(&mut self) {
        let actors: usize = self.loops.iter().map(|one| one.local.population.get()).sum();
        for _ in 0..KILLING + KILLING_EACH * actors {
            let Some(index) = self.loops.iter().position(EventLoop::has_work) else { break };
            self.round(index);
        }
    }

    /// What keeps it alive, by name.
    pub(crate) fn why_alive(&self) -> WhyAlive {
        let locals = self.loops.iter().map(|one| Rc::clone(&one.local)).collect();
        WhyAlive::seen(self.world(), Reach::Simulated(locals))
    }

    /// Who waits on whom.
    pub(crate) fn pauses(&self) -> Vec<Pause> {
        self.loops.iter().flat_map(|one| waiting::pauses(&one.local)).collect()
    }
}
