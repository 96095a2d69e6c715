//! Looks whether all is well in a world: after each step, and when something is done to a host.
//!
//! A part of [`Sim`]. What it finds wrong is the seed's failure; it changes nothing else.

use std::fmt::Write as _;
use std::sync::Arc;

use super::Sim;
use crate::sim::failed::Failed;
use crate::sim::host::{Life, Site};
use crate::sim::watcher::Broken;
use crate::sim::{faults, quiet};
use crate::{ASKED_FOR_PANIC, ExitReason, Ledger, RunError};

impl Sim {
    /// Looks at what the step has left, in the order in which it came.
    pub(super) fn look(&self) {
        self.take_broken();
        self.panicked(self.0.simulation.take_panics());
        self.0.watcher.check();
        self.take_broken();
        if self.0.simulation.ended() != self.0.ended.get() {
            self.0.ended.set(self.0.simulation.ended());
            self.bury();
        }
    }

    /// The invariant that does not hold, if there is one.
    fn take_broken(&self) {
        if let Some(Broken { failed, panics }) = self.0.watcher.take_broken() {
            self.panicked(panics);
            self.fail(failed);
        }
    }

    /// Actors have panicked.
    fn panicked(&self, panics: Vec<(usize, String, String)>) {
        for (number, path, text) in panics {
            let actor = format!("{}{path}", self.0.watcher.name(number));
            let may = self.0.may_panic.borrow().iter().any(|may| faults::matches(may, &actor));
            if text != ASKED_FOR_PANIC && !may {
                self.fail(Failed::Panicked { actor, text: quiet::placed(&text) });
            }
        }
    }

    /// Looks for hosts that have ended, and at how.
    fn bury(&self) {
        let sites: Vec<_> = self.0.sites.borrow().clone();
        for site in sites.iter().filter(|site| site.is_alive()) {
            let number = site.number.get();
            if self.0.simulation.is_alive(number) {
                continue;
            }
            // It is told once.
            let result = self.0.simulation.result(number).unwrap_or(Ok(())).map_err(Arc::new);
            if let Err(error) = &result
                && !site.plan.may_fail
                && !is_asked_for(error)
            {
                let host = site.name.to_string();
                self.fail(Failed::Host { host, error: Arc::clone(error) });
            }
            self.lay_down(site, Life::Ended(result));
        }
    }

    /// A host has ended: its books are looked at.
    pub(super) fn lay_down(&self, site: &Site, life: Life) {
        site.life.replace(life);
        if !site.plan.serves {
            self.0.awaited.set(self.0.awaited.get() - 1);
        }
        let handle = site.handle.borrow();
        let ledger = handle.as_ref().map(|handle| handle.metrics().ledger()).unwrap_or_default();
        self.weigh(&site.name, ledger);
    }

    /// Every message of a host that has ended has had one fate.
    pub(super) fn weigh(&self, host: &str, ledger: Ledger) {
        if !ledger.is_balanced() {
            let (host, ledger) = (host.to_owned(), Box::new(ledger));
            self.fail(Failed::Unbalanced { host, ledger });
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.0.failure.borrow().is_some()
    }

    pub(super) fn failure(&self) -> Option<Failed> {
        self.0.failure.borrow().as_ref().map(|(failed, _)| failed.clone())
    }

    /// The seed has failed. The first failure counts.
    pub(super) fn fail(&self, failed: Failed) -> Failed {
        self.0.watcher.end();
        let now = self.now();
        self.0.failure.borrow_mut().get_or_insert((failed, now)).0.clone()
    }

    /// What keeps the hosts that live, and who waits on whom, a line each.
    pub(super) fn waiting(&self) -> String {
        let mut text = String::new();
        for site in self.0.sites.borrow().iter().filter(|site| site.is_alive()) {
            let name = &site.name;
            let Some(why) = self.0.simulation.why_alive(site.number.get()) else { continue };
            for reason in &why.reasons {
                let _ = writeln!(text, "  {name}: {reason}");
            }
            if why.is_empty() {
                let _ = writeln!(text, "  {name}: nothing");
            }
        }
        for (number, pause) in self.0.simulation.pauses() {
            let (name, waited) = (self.0.watcher.name(number), pause.waited);
            let _ =
                writeln!(text, "  {name}: {} waits on {}, since {waited:?}", pause.who, pause.on);
        }
        text
    }
}

/// Whether a host's root has failed because a fault had it panic.
fn is_asked_for(error: &RunError) -> bool {
    match error {
        RunError::RootFailed { reason: ExitReason::Panicked(text), .. } => {
            **text == *ASKED_FOR_PANIC
        }
        _ => false,
    }
}
