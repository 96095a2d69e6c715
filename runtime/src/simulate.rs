//! All loops of a runtime on one thread, in virtual time, every choice drawn from a seed.
//!
//! Run by [`runtime`](crate::runtime) instead of threads. The loops are the same [`EventLoop`]s doing the same rounds;
//! here is only said which of them comes next, and when time jumps.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::driver::{Driver, Simulation};
use crate::errand::Errand;
use crate::event_loop::EventLoop;
use crate::exit::ExitReason;
use crate::home::Home;
use crate::local::Local;
use crate::pool::Pool;
use crate::runtime::RunError;
use crate::tree::Reach;
use crate::why_alive::WhyAlive;
use crate::world::World;

/// The loops of a simulated runtime.
pub(crate) struct Simulated {
    simulation: Rc<Simulation>,
    loops: Vec<EventLoop>,
    /// Jobs that run in virtual time: when each ends, and whether it has begun at all.
    jobs: Vec<RunningJob>,
}

struct RunningJob {
    index: usize,
    errand: Arc<dyn Errand>,
    begun: bool,
    end: Timestamp,
}

/// A job takes less than this.
const LONGEST_JOB: Duration = Duration::from_millis(10);

/// Something that can be done now.
enum Step {
    Round(usize),
    EndOfJob(usize),
}

impl Simulated {
    pub(crate) fn new(world: &Arc<World>, seed: u64, loops: usize) -> Self {
        let simulation = Simulation::new(seed);
        let make = |index| {
            let (sender, control) = flume::unbounded();
            let home = Home::new(Arc::clone(world), index, false, None, sender, None);
            world.add_home(Arc::clone(&home));
            let driver = Driver::simulated(Rc::clone(&simulation));
            EventLoop::new(Local::new(home, driver), control)
        };
        let loops: Vec<_> = (0..loops).map(make).collect();
        for one in &loops {
            let all = loops.iter().map(|other| Rc::downgrade(&other.local));
            one.local.meet(all.collect());
        }
        Self { simulation, loops, jobs: Vec::new() }
    }

    /// Nothing can happen any more, yet something keeps the runtime alive.
    fn stuck(&self) -> RunError {
        let locals = self.loops.iter().map(|one| Rc::clone(&one.local)).collect();
        let world = &self.loops[0].local.home.world;
        RunError::Stuck(WhyAlive::seen(world, Reach::Simulated(locals)).to_string())
    }

    /// When the nearest timer is due, if something is waited for.
    fn next_kept_deadline(&self) -> Option<Timestamp> {
        let kept = self.loops.iter().any(|one| one.local.is_kept());
        let next = self.loops.iter().filter_map(EventLoop::next_deadline).min();
        next.filter(|_| kept)
    }

    fn pool(&self) -> &Pool {
        &self.loops[0].local.home.world.pool
    }

    /// Begins every job that may, each for a time drawn from the seed.
    fn begin_jobs(&mut self) {
        let now = self.simulation.now.get();
        while let Some((index, errand)) = self.pool().take(now) {
            let begun = errand.begin(now);
            let takes = self.simulation.below(LONGEST_JOB.as_micros() as usize) as u64;
            let takes = if begun { Duration::from_micros(takes) } else { Duration::ZERO };
            self.jobs.push(RunningJob { index, errand, begun, end: now + takes });
        }
    }

    /// Nobody waits for the jobs that run: they are told, and run to their end.
    fn end_all_jobs(&mut self) {
        self.pool().close();
        while let Some(last) = self.jobs.len().checked_sub(1) {
            let end = self.jobs[last].end;
            self.simulation.now.set(end.max(self.simulation.now.get()));
            self.end_job(last);
        }
    }

    /// The code of a job runs as it ends: whatever has cancelled it meanwhile, it sees.
    fn end_job(&mut self, place: usize) {
        let RunningJob { index, errand, begun, .. } = self.jobs.swap_remove(place);
        let now = self.simulation.now.get();
        self.pool().run_simulated(index, errand, now, begun);
    }

    /// What can be done now: rounds of loops, and ends of jobs.
    fn runnable(&self) -> Vec<Step> {
        let now = self.simulation.now.get();
        let ready = |one: &EventLoop| {
            one.has_work() || one.next_deadline().is_some_and(|deadline| deadline <= now)
        };
        let rounds = (0..self.loops.len()).filter(|&index| ready(&self.loops[index]));
        let ends = (0..self.jobs.len()).filter(|&place| self.jobs[place].end <= now);
        rounds.map(Step::Round).chain(ends.map(Step::EndOfJob)).collect()
    }
}

/// Runs until the runtime ends.
pub(crate) fn run(
    mut simulated: Simulated,
    plant: impl FnOnce(&EventLoop),
) -> Result<Option<ExitReason>, RunError> {
    {
        let local = Rc::clone(&simulated.loops[0].local);
        let _current = local.enter();
        plant(&simulated.loops[0]);
    }
    let world = Arc::clone(&simulated.loops[0].local.home.world);
    loop {
        simulated.begin_jobs();
        let mut runnable = simulated.runnable();
        if !runnable.is_empty() {
            let chosen = runnable.swap_remove(simulated.simulation.below(runnable.len()));
            let chosen = match chosen {
                Step::Round(index) => index,
                Step::EndOfJob(place) => {
                    simulated.end_job(place);
                    continue;
                }
            };
            let event_loop = &mut simulated.loops[chosen];
            let local = Rc::clone(&event_loop.local);
            let _current = local.enter();
            event_loop.round();
            continue;
        }
        if world.is_ending() {
            if simulated.loops.iter().all(EventLoop::is_done) {
                simulated.end_all_jobs();
                return Ok(simulated.loops[0].local.root_exit.take());
            }
            // Children have so long to stop; then their parents go on without them.
            match simulated.next_kept_deadline() {
                Some(deadline) => {
                    simulated.simulation.now.set(deadline);
                    continue;
                }
                None => return Err(simulated.stuck()),
            }
        }
        // Nothing is runnable anywhere: only now may time pass.
        let kept = simulated.loops.iter().any(|one| one.local.is_kept());
        let handles = world.alive() > simulated.loops.len();
        let timers = simulated.loops.iter().filter_map(EventLoop::next_deadline);
        let next = timers.chain(simulated.jobs.iter().map(|job| job.end)).min();
        match next {
            Some(deadline) if kept || handles => simulated.simulation.now.set(deadline),
            _ if kept || handles => return Err(simulated.stuck()),
            _ => world.run_dry(),
        }
    }
}
