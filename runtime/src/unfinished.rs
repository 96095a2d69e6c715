//! Who was unfinished when a run ended because nothing could happen any more: a pipeline whose source never gives more.
//!
//! Noted by actors' ends, on each loop; said once by [`runtime`](crate::runtime), so that nothing is lost silently. Where a
//! drain ends a run its report names them, and where the root does that is what was asked for: neither is noted here.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many are named.
const NAMED_MAX: usize = 10;

/// Those that never finished.
#[derive(Default)]
pub(crate) struct Unfinished {
    /// The run ends because nothing can happen any more. Stored before any loop is told to end, and each is told through
    /// its inbox, so `Relaxed` will do.
    ran_dry: AtomicBool,
    noted: Mutex<Noted>,
}

/// The first of them, by name, and how many there are.
#[derive(Default)]
pub(crate) struct Noted {
    names: Vec<String>,
    count: usize,
}

impl Unfinished {
    /// Nothing can happen any more: whoever is unfinished now will never be finished.
    pub(crate) fn run_dry(&self) {
        self.ran_dry.store(true, Ordering::Relaxed);
    }

    /// An actor that was unfinished has ended, or says that it has finished.
    pub(crate) fn note(&self, path: impl FnOnce() -> String) {
        if !self.ran_dry.load(Ordering::Relaxed) {
            return;
        }
        let mut noted = self.noted();
        noted.count += 1;
        if noted.names.len() < NAMED_MAX {
            noted.names.push(path());
        }
    }

    /// Says so, once, if there was any.
    pub(crate) fn tell(&self) {
        let noted = std::mem::take(&mut *self.noted());
        if noted.count > 0 {
            let unfinished = noted.count;
            tracing::warn!(
                unfinished,
                "the run has ended, for nothing could happen any more, and these never finished: {noted}"
            );
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names.join(", "))?;
        match self.count - self.names.len() {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
