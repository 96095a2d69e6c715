//! Who looks on: sees each message before it is handled, and keeps what the rest of the module wants to know.
//!
//! Shared by [`Sim`](super::Sim) and the observer of its simulation. It decides about faults, and runs nothing but
//! invariants.

use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::failed::Failed;
use super::faults::Faults;
use super::mixer::Mixer;
use super::quiet;
use super::trace::{Entry, Trace};
use crate::{Sighting, Simulation, Timestamp, Verdict};

/// Looks on.
#[derive(Default)]
pub(super) struct Watcher {
    /// Of everything that has happened.
    hash: Cell<Mixer>,
    handled: Cell<u64>,
    notes: Cell<u64>,
    /// Names of hosts, by the numbers that the simulation gave them.
    names: RefCell<Vec<Rc<str>>>,
    attention: Attention,
    trace: RefCell<Trace>,
    has_faults: Cell<bool>,
    faults: RefCell<Faults>,
    has_invariants: Cell<bool>,
    invariants: RefCell<Vec<Invariant>>,
    broken: RefCell<Option<Broken>>,
    /// It has failed: what comes now is of no interest.
    is_over: Cell<bool>,
}

/// What is noticed of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Attention {
    /// Of which kind they are.
    #[default]
    Kinds,
    /// And what they say: it goes into the hash.
    Words,
    /// And it is kept, as a trace.
    Kept,
}

struct Invariant {
    name: String,
    holds: Box<dyn FnMut() -> Result<(), String>>,
}

/// An invariant does not hold.
pub(super) struct Broken {
    pub(super) failed: Failed,
    /// What had panicked before within the same step, of which it may be a consequence.
    pub(super) panics: Vec<(usize, String, String)>,
}

impl Watcher {
    pub(super) fn new(attention: Attention) -> Rc<Self> {
        Rc::new(Self { attention, ..Self::default() })
    }

    /// A message is about to be handled, or an actor to start.
    pub(super) fn see(&self, sighting: &Sighting<'_>) -> Verdict {
        // The turn before may have left something that must not be.
        self.check();
        if self.is_over.get() {
            return Verdict::Go;
        }
        let mut hash = self.hash.get();
        hash.write_u64(sighting.now().since_start().as_nanos() as u64);
        sighting.actor().hash(&mut hash);
        hash.write_u64(sighting.kind() ^ (sighting.host() as u64) << 32);
        if self.attention == Attention::Words {
            hash.write(sighting.message().as_bytes());
        }
        self.hash.set(hash);
        self.handled.set(self.handled.get() + 1);
        if self.is_recorded() || self.has_faults.get() {
            return self.see_closely(sighting);
        }
        Verdict::Go
    }

    fn is_recorded(&self) -> bool {
        self.attention == Attention::Kept
    }

    #[cold]
    fn see_closely(&self, sighting: &Sighting<'_>) -> Verdict {
        let host = self.name(sighting.host());
        let verdict = match self.has_faults.get() {
            true => self.faults.borrow_mut().judge(sighting, &host),
            false => Verdict::Go,
        };
        if self.is_recorded() {
            let fault = match verdict {
                Verdict::Go => None,
                Verdict::Panic => Some("panics, as planned".to_owned()),
                Verdict::Stall(time) => Some(format!("then its loop stands still for {time:?}")),
            };
            let (actor, message) = (sighting.path(), sighting.message());
            let at = sighting.now();
            self.trace.borrow_mut().push(Entry { at, host, actor, message, fault });
        }
        verdict
    }

    /// Something is done to a host, or to none.
    pub(super) fn note(&self, at: Timestamp, host: &str, what: &str) {
        if self.is_over.get() {
            return;
        }
        let mut hash = self.hash.get();
        hash.write_u64(at.since_start().as_nanos() as u64);
        hash.write(host.as_bytes());
        hash.write(what.as_bytes());
        self.hash.set(hash);
        self.notes.set(self.notes.get() + 1);
        if self.is_recorded() {
            let (host, message) = (Rc::from(host), what.to_owned());
            let entry = Entry { at, host, actor: String::new(), message, fault: None };
            self.trace.borrow_mut().push(entry);
        }
    }

    // Names.

    /// The host with this number is called so.
    pub(super) fn call(&self, number: usize, name: &Rc<str>) {
        let mut names = self.names.borrow_mut();
        if names.len() <= number {
            names.resize(number + 1, Rc::from(""));
        }
        names[number] = Rc::clone(name);
    }

    pub(super) fn name(&self, number: usize) -> Rc<str> {
        self.names.borrow().get(number).cloned().unwrap_or_else(|| Rc::from(""))
    }

    // Faults and invariants.

    pub(super) fn faults(&self, change: impl FnOnce(&mut Faults)) {
        let mut faults = self.faults.borrow_mut();
        change(&mut faults);
        self.has_faults.set(!faults.is_empty());
    }

    pub(super) fn claim(&self, name: String, holds: Box<dyn FnMut() -> Result<(), String>>) {
        self.invariants.borrow_mut().push(Invariant { name, holds });
        self.has_invariants.set(true);
    }

    /// Looks whether all invariants hold.
    pub(super) fn check(&self) {
        if self.has_invariants.get() && !self.is_over.get() {
            self.check_each();
        }
    }

    #[cold]
    fn check_each(&self) {
        // One that makes something be seen is not asked again meanwhile.
        let Ok(mut invariants) = self.invariants.try_borrow_mut() else { return };
        for Invariant { name, holds } in invariants.iter_mut() {
            let why = match catch_unwind(AssertUnwindSafe(holds)) {
                Ok(Ok(())) => continue,
                Ok(Err(why)) => why,
                Err(panic) => quiet::text_of(&*panic),
            };
            let failed = Failed::Invariant { name: name.clone(), why };
            let panics = Simulation::current().map(|simulation| simulation.take_panics());
            self.broken.replace(Some(Broken { failed, panics: panics.unwrap_or_default() }));
            self.is_over.set(true);
            return;
        }
    }

    /// The invariant that does not hold, once.
    pub(super) fn take_broken(&self) -> Option<Broken> {
        self.broken.borrow_mut().take()
    }

    // What has come of it.

    /// Nothing is noted any more.
    pub(super) fn end(&self) {
        self.is_over.set(true);
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash.get().finish()
    }

    /// Messages that were handled, and starts.
    pub(super) fn handled(&self) -> u64 {
        self.handled.get()
    }

    /// These, and what was noted: the length of the trace.
    pub(super) fn lines(&self) -> u64 {
        self.handled.get() + self.notes.get()
    }

    pub(super) fn take_trace(&self) -> Trace {
        self.trace.take()
    }

    /// Lets go of everything of the test's.
    pub(super) fn clear(&self) {
        let invariants = self.invariants.take();
        drop(invariants);
    }
}
