//! The end of a run: opens when every party has counted down, and says how long that took.
//!
//! The time is taken where the last party counts down, so that it does not include the wake-up
//! of whoever waits.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::clock;

/// Counts the parties that are still at work.
#[derive(Debug)]
pub struct Latch {
    parties: AtomicUsize,
    started: OnceLock<Instant>,
    opened: Mutex<Option<oneshot::Sender<Duration>>>,
}

impl Latch {
    /// A latch for `parties` parties, and the other end to wait at.
    pub fn new(parties: usize) -> (Arc<Self>, Finish) {
        let (opened, finish) = oneshot::channel();
        let latch = Self {
            parties: AtomicUsize::new(parties),
            started: OnceLock::new(),
            opened: Mutex::new(Some(opened)),
        };
        (Arc::new(latch), Finish(finish))
    }

    /// Starts the clock. Calls after the first do nothing.
    pub fn start(&self) {
        self.started.get_or_init(clock::now);
    }

    /// One party has done its work. The last one stops the clock.
    ///
    /// # Panics
    /// If the clock was never started.
    pub fn count_down(&self) {
        // AcqRel pairs with the count-downs of the others: the last party ends after all of them.
        if self.parties.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let elapsed = self.started.get().expect("the run was started").elapsed();
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(opened) = opened {
            // Nobody waits any more: the run was given up.
            let _ = opened.send(elapsed);
        }
    }
}

/// Where the end of a run is awaited.
#[derive(Debug)]
pub struct Finish(oneshot::Receiver<Duration>);

impl Finish {
    /// Waits as a future; how long the run took.
    ///
    /// # Panics
    /// If the actors were dropped before they were done.
    pub async fn wait(self) -> Duration {
        self.0.await.expect("every party counts down before it is dropped")
    }

    /// Waits as a thread; how long the run took.
    ///
    /// # Panics
    /// If the actors were dropped before they were done, or inside an async runtime.
    pub fn wait_blocking(self) -> Duration {
        self.0.blocking_recv().expect("every party counts down before it is dropped")
    }
}
