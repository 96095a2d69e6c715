//! A host of a simulation: a runtime with a name, which can be killed and begun again.
//!
//! Described by a [`HostBuilder`], kept by [`Sim`], which says when it begins and ends.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::Disk;
use super::network::Network;
use super::world::Sim;
use crate::{Actor, Builder, RunError, Runtime, RuntimeHandle, Simulation, Spawn};

/// A host of a simulation: see [`Sim::host`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Host(pub(super) usize);

/// What a host is to be like. [`start`](Self::start) has it begin.
#[must_use = "a host begins with `start`"]
pub struct HostBuilder<'a> {
    sim: &'a Sim,
    name: String,
    plan: Plan,
}

/// What is said of a host.
pub(super) struct Plan {
    pub(super) loops: usize,
    pub(super) serves: bool,
    pub(super) may_fail: bool,
    pub(super) ahead: Duration,
    pub(super) parts_per_million: i32,
    pub(super) disk: Option<Disk>,
    pub(super) equipment: Vec<Equipment>,
}

type Equipment = Box<dyn Fn(Builder) -> Builder>;
type Launch = Box<dyn Fn(&Simulation, Runtime) -> usize>;

/// A host, through all its lives.
pub(super) struct Site {
    pub(super) name: Rc<str>,
    pub(super) plan: Plan,
    pub(super) launch: Launch,
    pub(super) life: RefCell<Life>,
    /// The number that the simulation has given to its last life.
    pub(super) number: Cell<usize>,
    /// Of the last life.
    pub(super) handle: RefCell<Option<RuntimeHandle>>,
}

/// Whether a host lives.
pub(super) enum Life {
    /// Kept by a handle, if it serves.
    Alive(#[expect(dead_code, reason = "kept for its drop")] Option<RuntimeHandle>),
    /// Killed, or not yet begun.
    Down,
    Ended(Result<(), Arc<RunError>>),
}

/// As many as a runtime has that nobody has said anything of.
const POOL_THREADS: usize = 4;

impl<'a> HostBuilder<'a> {
    pub(super) fn new(sim: &'a Sim, name: String) -> Self {
        let plan = Plan {
            loops: 1,
            serves: false,
            may_fail: false,
            ahead: Duration::ZERO,
            parts_per_million: 0,
            disk: None,
            equipment: Vec::new(),
        };
        Self { sim, name, plan }
    }

    /// On how many loops its actors live. Default 1: what several add is explored in several.
    pub fn loops(mut self, loops: usize) -> Self {
        self.plan.loops = loops;
        self
    }

    /// It serves others, and has no end of its own: the run does not wait for it. It lives, even when nothing can happen there,
    /// until all others have ended; then it is told to stop, and must.
    pub fn serves(mut self) -> Self {
        self.plan.serves = true;
        self
    }

    /// Its root may fail: that is what is tested, or nobody minds. Without it, a host that ends in an error fails the seed,
    /// unless a fault that was asked for has made its root panic.
    pub fn may_fail(mut self) -> Self {
        self.plan.may_fail = true;
        self
    }

    /// Its clock is so far ahead from its beginning, and goes faster by so many parts in a million, or slower below 0. See
    /// [`Simulation::skew`].
    pub fn clock(mut self, ahead: Duration, parts_per_million: i32) -> Self {
        (self.plan.ahead, self.plan.parts_per_million) = (ahead, parts_per_million);
        self
    }

    /// Its files are on this disk, in all its lives: when it is [killed](Sim::kill), the disk [crashes](Disk::crash) with it.
    /// Default: it has the real files.
    pub fn disk(mut self, disk: &Disk) -> Self {
        self.plan.disk = Some(disk.clone());
        self
    }

    /// What else is said of its runtime: marks, budget, things that it is provided with. Called at each of its beginnings. Its pool
    /// has four threads, unless this says otherwise: the environment is not asked.
    pub fn with(mut self, equip: impl Fn(Builder) -> Builder + 'static) -> Self {
        self.plan.equipment.push(Box::new(equip));
        self
    }

    /// Has it begin now, with the root that `root` makes; and again after each [restart](Sim::restart).
    ///
    /// # Panics
    /// If the simulation has a host of this name already, or if its runtime cannot be built as it was described.
    pub fn start<A: Actor>(self, root: impl Fn() -> A + 'static) -> Host {
        self.start_with(Spawn::new(), root)
    }

    /// The same, with a name or a mailbox for the root.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_with<A: Actor>(
        self,
        spawn: impl Into<Spawn<A::Message>>,
        root: impl Fn() -> A + 'static,
    ) -> Host {
        let spawn = spawn.into();
        let launch: Launch =
            Box::new(move |simulation, runtime| simulation.launch(runtime, spawn.clone(), &root));
        self.sim.add(Site {
            name: Rc::from(self.name),
            plan: self.plan,
            launch,
            life: RefCell::new(Life::Down),
            number: Cell::new(usize::MAX),
            handle: RefCell::new(None),
        })
    }
}

impl Site {
    pub(super) fn is_alive(&self) -> bool {
        matches!(*self.life.borrow(), Life::Alive(_))
    }

    /// Puts its runtime together and has it begin.
    pub(super) fn begin(&self, simulation: &Simulation, network: &Network) {
        // What the environment says of pools is no part of a seed.
        let builder = Runtime::builder().loops(self.plan.loops).pool_threads(POOL_THREADS);
        let builder = network.join(&self.name, builder);
        let builder = match &self.plan.disk {
            Some(disk) => disk.give_to(builder),
            None => builder,
        };
        let builder = self.plan.equipment.iter().fold(builder, |builder, equip| equip(builder));
        let runtime = match builder.build_in(simulation) {
            Ok(runtime) => runtime,
            Err(error) => panic!("host {}: {error}", self.name),
        };
        let handle = runtime.handle();
        let keeps = self.plan.serves.then(|| handle.clone());
        self.handle.replace(Some(handle.unref()));
        self.number.set((self.launch)(simulation, runtime));
        self.life.replace(Life::Alive(keeps));
        simulation.skew(self.number.get(), self.plan.ahead, self.plan.parts_per_million);
    }
}
