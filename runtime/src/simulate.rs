//! All loops of a runtime on one thread, in virtual time, every choice drawn from a seed.
//!
//! Run by [`runtime`](crate::runtime) instead of threads. The loops are the same [`EventLoop`]s doing the same rounds;
//! here is only said which of them comes next, and when time jumps.

use std::rc::Rc;
use std::sync::Arc;

use crate::driver::{Driver, Simulation};
use crate::event_loop::EventLoop;
use crate::exit::ExitReason;
use crate::home::Home;
use crate::local::Local;
use crate::runtime::RunError;
use crate::tree::Reach;
use crate::why_alive::WhyAlive;
use crate::world::World;

/// The loops of a simulated runtime.
pub(crate) struct Simulated {
    simulation: Rc<Simulation>,
    loops: Vec<EventLoop>,
}

impl Simulated {
    pub(crate) fn new(world: &Arc<World>, seed: u64, loops: usize) -> Self {
        let simulation = Simulation::new(seed);
        let make = |index| {
            let (sender, control) = flume::unbounded();
            let home = Home::new(Arc::clone(world), index, None, sender, None);
            world.add_home(Arc::clone(&home), false);
            let driver = Driver::simulated(Rc::clone(&simulation));
            EventLoop::new(Local::new(home, driver), control, false)
        };
        let loops: Vec<_> = (0..loops).map(make).collect();
        for one in &loops {
            let all = loops.iter().map(|other| Rc::downgrade(&other.local));
            one.local.meet(all.collect());
        }
        Self { simulation, loops }
    }

    /// Nothing can happen any more, yet something keeps the runtime alive.
    fn stuck(&self) -> RunError {
        let locals = self.loops.iter().map(|one| Rc::clone(&one.local)).collect();
        let world = &self.loops[0].local.home.world;
        RunError::Stuck(WhyAlive::seen(world, Reach::Simulated(locals)).to_string())
    }

    /// The loops that have something to do now, by their place.
    fn runnable(&self) -> Vec<usize> {
        let now = self.simulation.now.get();
        let ready = |one: &EventLoop| {
            one.has_work() || one.next_deadline().is_some_and(|deadline| deadline <= now)
        };
        (0..self.loops.len()).filter(|&index| ready(&self.loops[index])).collect()
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
        let runnable = simulated.runnable();
        if !runnable.is_empty() {
            let chosen = runnable[simulated.simulation.below(runnable.len())];
            let event_loop = &mut simulated.loops[chosen];
            let local = Rc::clone(&event_loop.local);
            let _current = local.enter();
            event_loop.round();
            continue;
        }
        if world.is_ending() {
            if simulated.loops.iter().all(EventLoop::is_done) {
                return Ok(simulated.loops[0].local.root_exit.take());
            }
            return Err(simulated.stuck());
        }
        // Nothing is runnable anywhere: only now may time pass.
        let kept = simulated.loops.iter().any(|one| one.local.is_kept());
        let handles = world.alive() > simulated.loops.len();
        let next = simulated.loops.iter().filter_map(EventLoop::next_deadline).min();
        match next {
            Some(deadline) if kept || handles => simulated.simulation.now.set(deadline),
            _ if kept || handles => return Err(simulated.stuck()),
            _ => world.end(),
        }
    }
}
