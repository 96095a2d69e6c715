//! A world in which a test takes place: hosts in one virtual time, what goes wrong there, and what must be true.
//!
//! Made by [`check`](super::check) for each run of a seed, and handed to the test's body. What comes next is said by
//! [`Simulation`]; here is said when to go on, and whether all is well.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::claim::Claim;
use super::failed::Failed;
use super::faults::Faults;
use super::host::{Host, HostBuilder, Life, Site};
use super::network::Network;
use super::ran::Ran;
use super::watcher::{Attention, Watcher};
use crate::{
    Actor, Address, Outcome, Placement, RunError, RuntimeHandle, Simulation, Spawn, Stepped,
    TimeHold, Timestamp, TrySendError, WhyAlive,
};

/// A world in which a test takes place: one seed, one virtual time, hosts.
///
/// Given to the body of [`check`](super::check()). Clones are the same one. As soon as something is wrong the seed has failed:
/// nothing happens any more, whatever the body still asks for, and what waits for something returns that failure.
#[derive(Clone)]
pub struct Sim(Rc<Inner>);

struct Inner {
    seed: u64,
    simulation: Simulation,
    network: Network,
    watcher: Rc<Watcher>,
    sites: RefCell<Vec<Rc<Site>>>,
    failure: RefCell<Option<(Failed, Timestamp)>>,
    /// Patterns of those that may panic.
    may_panic: RefCell<Vec<String>>,
    most_steps: u64,
    /// Hosts that have ended, as the simulation counts, when that was last looked at.
    ended: Cell<u64>,
    /// Hosts that live and are waited for.
    awaited: Cell<usize>,
    /// What was asked for with [`Sim::at`] and has not come.
    pending: Cell<usize>,
    is_stepping: Cell<bool>,
}

impl Sim {
    pub(super) fn new(
        seed: u64,
        simulation: Simulation,
        most_steps: u64,
        attention: Attention,
    ) -> Self {
        let watcher = Watcher::new(attention);
        let (network, looks_on) = (Network::watched(&simulation, &watcher), Rc::clone(&watcher));
        simulation.observe(move |sighting| looks_on.see(sighting));
        Self(Rc::new(Inner {
            seed,
            network,
            simulation,
            watcher,
            sites: RefCell::default(),
            failure: RefCell::default(),
            may_panic: RefCell::default(),
            most_steps,
            ended: Cell::default(),
            awaited: Cell::default(),
            pending: Cell::default(),
            is_stepping: Cell::default(),
        }))
    }

    // Time and chance.

    /// The seed of this run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// The time of the simulation. Clocks of hosts may differ from it: see [`skew`](Self::skew).
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.simulation.now()
    }

    /// A number below `bound`; 0 if that is 0. For what a test varies: it is shrunk with everything else, towards 0.
    #[must_use]
    pub fn below(&self, bound: usize) -> usize {
        self.0.simulation.below(bound)
    }

    /// True with this chance in a million: 0 never, 1,000,000 always. Between them, shrinking makes it false.
    #[must_use]
    pub fn chance(&self, per_million: u32) -> bool {
        self.0.simulation.chance(per_million)
    }

    /// A time below `bound`, in whole microseconds. Shrinking makes it shorter.
    #[must_use]
    pub fn time_below(&self, bound: Duration) -> Duration {
        let micros = usize::try_from(bound.as_micros()).unwrap_or(usize::MAX);
        Duration::from_micros(self.below(micros) as u64)
    }

    /// One of these. Shrinking chooses the first.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<T: Clone>(&self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// Keeps time from passing until what it returns is dropped: for what must happen at once, without a timer and without a
    /// journey. To wait for anything else meanwhile fails the seed.
    pub fn hold_time(&self) -> TimeHold {
        self.0.simulation.hold_time()
    }

    /// The simulation below, for what is not offered here.
    #[must_use]
    pub fn simulation(&self) -> &Simulation {
        &self.0.simulation
    }

    /// The network that all hosts are on, each by its name.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.0.network
    }

    // Hosts.

    /// A new host: a runtime of its own, with a name, on the [network](Self::network).
    pub fn host(&self, name: impl Into<String>) -> HostBuilder<'_> {
        HostBuilder::new(self, name.into())
    }

    pub(super) fn add(&self, site: Site) -> Host {
        let mut sites = self.0.sites.borrow_mut();
        let known = sites.iter().any(|other| other.name.eq_ignore_ascii_case(&site.name));
        assert!(!known, "there is a host {} already: give each a name of its own", site.name);
        sites.push(Rc::new(site));
        let host = Host(sites.len() - 1);
        drop(sites);
        self.begin(host);
        host
    }

    fn begin(&self, host: Host) {
        let site = self.site(host);
        // Its root is made, and may panic, as it is launched.
        site.begin(&self.0.simulation, &self.0.network);
        self.0.watcher.call(site.number.get(), &site.name);
        if !site.plan.serves {
            self.0.awaited.set(self.0.awaited.get() + 1);
        }
    }

    pub(super) fn site(&self, host: Host) -> Rc<Site> {
        Rc::clone(&self.0.sites.borrow()[host.0])
    }

    /// The name of a host.
    #[must_use]
    pub fn name(&self, host: Host) -> Rc<str> {
        Rc::clone(&self.site(host).name)
    }

    /// Whether a host lives: it has begun, and has not ended.
    #[must_use]
    pub fn is_alive(&self, host: Host) -> bool {
        self.site(host).is_alive()
    }

    /// How the last life of a host has ended: as [`Runtime::run`](crate::Runtime::run) would have returned. `None` while it
    /// lives, and if it was killed.
    #[must_use]
    pub fn result(&self, host: Host) -> Option<Result<(), Arc<RunError>>> {
        match &*self.site(host).life.borrow() {
            Life::Ended(result) => Some(result.clone()),
            _ => None,
        }
    }

    /// The runtime of a host, in its last life: to look at its metrics, to spawn, to stop. It keeps nothing alive.
    ///
    /// What asks loops and waits for their answers (its `pauses`, `tree`, `why_alive`) waits in vain, up to a second of real
    /// time: they run when time passes here. Use [`why_alive`](Self::why_alive).
    ///
    /// # Panics
    /// If that runtime could never be built.
    #[must_use]
    pub fn handle(&self, host: Host) -> RuntimeHandle {
        self.site(host).handle.borrow().clone().expect("a host is begun as it is made")
    }

    /// What keeps a host from ending, who waits on whom among it. `None` unless it lives.
    #[must_use]
    pub fn why_alive(&self, host: Host) -> Option<WhyAlive> {
        self.0.simulation.why_alive(self.site(host).number.get())
    }

    /// Sends a message from outside of all hosts. While the receiver is over, things go on until it is not. ([`Address::send`] is
    /// not for the body of a test: a plain thread that sends to what is over blocks, and here for ever.)
    ///
    /// # Errors
    /// With the message: [`TrySendError::Closed`] if the receiver has ended, [`TrySendError::Over`] if nothing happens any more
    /// that could make room, or the seed has failed meanwhile.
    ///
    /// # Panics
    /// If the receiver is over, within what was asked for with [`at`](Self::at).
    pub fn send<M: Send + 'static>(
        &self,
        to: &Address<M>,
        mut message: M,
    ) -> Result<(), TrySendError<M>> {
        loop {
            message = match to.try_send(message) {
                Err(TrySendError::Over(message)) => message,
                sent => return sent,
            };
            if !matches!(self.step(None), Ok(Stepped::Acted | Stepped::Waited)) {
                return Err(TrySendError::Over(message));
            }
        }
    }

    /// Spawns an actor without a parent on a host, and returns its address. A restart of the host does not bring it back.
    ///
    /// # Panics
    /// If the host does not live.
    pub fn spawn<A: Actor>(
        &self,
        host: Host,
        make: impl FnOnce() -> A + Send + 'static,
    ) -> Address<A::Message> {
        let address = self.handle(host).spawn(Placement::Here, Spawn::new(), make);
        address.unwrap_or_else(|| panic!("host {} does not live", self.name(host)))
    }

    /// Ends a host at once, as a power cut does: none of its code runs any more but `Drop`. Its peers are told nothing, and
    /// its [disk](HostBuilder::disk) loses what was not synced. Nothing happens if it does not live.
    ///
    /// # Panics
    /// If what is left of the disk cannot be kept, for the real one is full.
    ///
    /// Not to be called by an actor of that host.
    pub fn kill(&self, host: Host) {
        let site = self.site(host);
        if !site.is_alive() || self.has_failed() {
            return;
        }
        self.note_of(&site, "killed");
        self.0.network.take_down(&site.name);
        if let Some(disk) = &site.plan.disk
            && let Err(error) = disk.crash(&self.0.simulation)
        {
            panic!("the disk of host {} cannot be kept: {error}", site.name);
        }
        self.0.simulation.kill(site.number.get());
        self.lay_down(&site, Life::Down);
        self.look();
    }

    /// Has a host begin again, with a new root; one that lives is killed first.
    pub fn restart(&self, host: Host) {
        self.kill(host);
        if self.has_failed() {
            return;
        }
        let site = self.site(host);
        self.note_of(&site, "begins again");
        self.0.network.bring_up(&site.name);
        self.begin(host);
    }

    /// Kills a host at one moment of the next `within`, drawn, or never; it begins again after less than `down`, unless it
    /// has by then. One that does not live at that moment is left alone.
    pub fn crash_within(&self, host: Host, within: Duration, down: Duration) {
        let at = self.time_below(within);
        if at.is_zero() {
            return;
        }
        self.after(at, move |sim| {
            if !sim.is_alive(host) {
                return;
            }
            sim.kill(host);
            let (down, killed) = (sim.time_below(down), sim.site(host).number.get());
            sim.after(down, move |sim| {
                if sim.site(host).number.get() == killed {
                    sim.restart(host);
                }
            });
        });
    }

    /// The clock of a host jumps ahead by this, and from now on goes faster by so many parts in a million, or slower below 0.
    pub fn skew(&self, host: Host, ahead: Duration, parts_per_million: i32) {
        let site = self.site(host);
        let text =
            format!("its clock jumps {ahead:?} ahead, and goes {parts_per_million} ppm fast");
        self.note_of(&site, &text);
        self.0.simulation.skew(site.number.get(), ahead, parts_per_million);
    }

    // What is to be so.

    /// Claims that this holds after every turn of every actor, from now on. The first time it does not, the seed has failed.
    ///
    /// It is called on the thread of the simulation, between two messages: what actors share with it (an atomic, a mutex)
    /// nobody else holds. A panic means that it does not hold.
    pub fn invariant<C: Claim>(
        &self,
        name: impl Into<String>,
        mut holds: impl FnMut() -> C + 'static,
    ) {
        self.0.watcher.claim(name.into(), Box::new(move || holds().claim()));
    }

    /// Actors whose host and path fit this pattern may panic: `server/*/session-*`, where `*` is any text. Without it, a panic
    /// that no fault has asked for fails the seed, even if a supervisor has seen to it: it is a bug of the actor.
    pub fn may_panic(&self, pattern: impl Into<String>) {
        self.0.may_panic.borrow_mut().push(pattern.into());
    }

    /// Puts a line into the trace.
    pub fn note(&self, what: impl AsRef<str>) {
        self.0.watcher.note(self.now(), "", what.as_ref());
    }

    fn note_of(&self, site: &Site, what: &str) {
        self.0.watcher.note(self.now(), &site.name, what);
    }

    pub(super) fn faults(&self, change: impl FnOnce(&mut Faults)) {
        self.0.watcher.faults(change);
    }

    // What happens.

    /// Calls `what` at this time of the simulation, counted from its beginning; at once, if that is over. It may do anything
    /// but wait.
    pub fn at(&self, time: Duration, what: impl FnOnce(&Self) + 'static) {
        self.0.pending.set(self.0.pending.get() + 1);
        let inner = Rc::downgrade(&self.0);
        self.0.simulation.at(Timestamp::default() + time, move |_| {
            let Some(inner) = inner.upgrade() else { return };
            inner.pending.set(inner.pending.get() - 1);
            what(&Self(inner));
        });
    }

    /// The same, counted from now.
    pub fn after(&self, time: Duration, what: impl FnOnce(&Self) + 'static) {
        self.at(self.now().since_start().saturating_add(time), what);
    }

    /// Lets so much time pass, with all that happens in it.
    ///
    /// # Panics
    /// Within what was asked for with [`at`](Self::at).
    pub fn advance(&self, time: Duration) {
        let end = self.now() + time;
        while let Ok(stepped) = self.step(Some(end)) {
            if stepped == Stepped::Reached {
                break;
            }
        }
    }

    /// Goes on until this is true. It is asked between any two steps, first now.
    ///
    /// # Errors
    /// [`Failed::NotReached`] if it is not within so much time; any other way in which the seed has failed.
    ///
    /// # Panics
    /// As [`advance`](Self::advance).
    #[track_caller]
    pub fn run_until(
        &self,
        mut condition: impl FnMut() -> bool,
        within: Duration,
    ) -> Result<(), Failed> {
        let place = Location::caller();
        let end = self.now() + within;
        loop {
            if condition() {
                return self.failure().map_or(Ok(()), Err);
            }
            if self.step(Some(end))? == Stepped::Reached && !condition() {
                let waiting = self.waiting();
                return Err(self.fail(Failed::NotReached { place, within, waiting }));
            }
        }
    }

    /// Goes on until every host has ended, and everything that was asked for with [`at`](Self::at) has come. Hosts that
    /// [serve](HostBuilder::serves) are told to stop when all others have.
    ///
    /// A host ends as a runtime does: when its root has stopped, or when nothing can happen there any more. An actor that is
    /// paused, or [unfinished](crate::Context::set_unfinished), prevents the latter.
    ///
    /// # Errors
    /// [`Failed::Deadlock`] if nothing can happen any more and a host has not ended; any other way in which the seed has
    /// failed.
    ///
    /// # Panics
    /// As [`advance`](Self::advance).
    pub fn run(&self) -> Result<(), Failed> {
        while self.0.awaited.get() > 0 || self.0.pending.get() > 0 {
            match self.step(None)? {
                Stepped::Stuck => return Err(self.fail(Failed::Deadlock(self.waiting()))),
                Stepped::Ended => break,
                _ => {}
            }
        }
        self.failure().map_or(Ok(()), Err)?;
        self.wind_up()
    }

    /// Tells hosts that serve to stop, and waits until they have.
    fn wind_up(&self) -> Result<(), Failed> {
        let sites: Vec<_> = self.0.sites.borrow().clone();
        for site in sites.iter().filter(|site| site.is_alive()) {
            if let Some(handle) = &*site.handle.borrow() {
                handle.stop();
            }
            site.life.replace(Life::Alive(None));
        }
        while sites.iter().any(|site| site.is_alive()) {
            match self.step(None)? {
                Stepped::Stuck => return Err(self.fail(Failed::Deadlock(self.waiting()))),
                Stepped::Ended => break,
                _ => {}
            }
        }
        self.failure().map_or(Ok(()), Err)
    }

    /// One step, not beyond `limit`.
    pub(super) fn step(&self, limit: Option<Timestamp>) -> Result<Stepped, Failed> {
        if let Some(failed) = self.failure() {
            return Err(failed);
        }
        if self.0.simulation.steps() >= self.0.most_steps {
            let (steps, waiting) = (self.0.most_steps, self.waiting());
            return Err(self.fail(Failed::Endless { steps, waiting }));
        }
        let nested = self.0.is_stepping.replace(true);
        assert!(!nested, "what comes at a time must not wait: let the test's body do that");
        let stepped = self.0.simulation.step(limit);
        self.0.is_stepping.set(false);
        self.look();
        if stepped == Stepped::Held {
            return Err(self.fail(Failed::Held(self.waiting())));
        }
        self.failure().map_or(Ok(stepped), Err)
    }

    // The end.

    /// The body has returned, or panicked: all that is left of its world ends.
    pub(super) fn finish(&self, outcome: Result<Outcome, String>) -> Ran {
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => _ = self.fail(Failed::Body(failure.to_string())),
            Err(text) => _ = self.fail(Failed::BodyPanicked(text)),
        }
        let ran = |sim: &Self| Ran {
            failure: sim.0.failure.borrow().clone(),
            hash: sim.0.watcher.hash(),
            handled: sim.0.watcher.handled(),
            lines: sim.0.watcher.lines(),
            steps: sim.0.simulation.steps(),
            operations: sim.0.network.operations(),
            choices: sim.0.simulation.tape(),
            trace: sim.0.watcher.take_trace(),
        };
        let mut before = ran(self);
        self.0.watcher.end();
        self.0.watcher.clear();
        self.0.simulation.forget_events();
        // Actors are dropped on this thread, here, and not never.
        for site in self.0.sites.borrow().iter() {
            self.0.simulation.kill(site.number.get());
        }
        // What they were made with may hold this world.
        drop(self.0.sites.take());
        self.look();
        before.failure = before.failure.or_else(|| self.0.failure.borrow().clone());
        before
    }
}

mod looking;
#[cfg(test)]
mod tests;
