//! A limit for what must not hang: a test that would stand still for ever fails instead.
//!
//! The limit is no measurement. It is far beyond what anything here takes on a slow machine.

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// Runs `work` on a thread of its own and returns what it returns.
///
/// # Panics
/// If `work` does, or has not ended within a minute.
#[track_caller]
pub fn must_end<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    #[expect(clippy::disallowed_methods, reason = "the work may hang, this thread must not")]
    thread::spawn(move || {
        // The test has given up if nobody listens.
        let _ = sender.send(panic::catch_unwind(AssertUnwindSafe(work)));
    });
    match receiver.recv_timeout(LIMIT) {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => panic::resume_unwind(panic),
        Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(RecvTimeoutError::Disconnected) => panic!("its thread is gone"),
    }
}
