//! The loops on which the peers run: all of them are tokio's.

use tokio::runtime::{Builder, Runtime};

/// A kind of loop.
#[derive(Clone, Copy, Debug)]
pub enum Executor {
    /// tokio's loop on the calling thread.
    CurrentThread,
    /// tokio's work-stealing scheduler with this many threads.
    MultiThread(usize),
    /// actix's loop on the calling thread: an arbiter.
    Arbiter,
}

impl Executor {
    /// Runs `future` as a task among the actors, and drops all actors when it has ended.
    ///
    /// # Panics
    /// If the runtime cannot be built, or the future panics.
    pub fn run<F>(self, future: F) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let mut builder = match self {
            Self::CurrentThread => Builder::new_current_thread(),
            Self::MultiThread(_) => Builder::new_multi_thread(),
            Self::Arbiter => return actix_rt::System::new().block_on(future),
        };
        if let Self::MultiThread(threads) = self {
            builder.worker_threads(threads);
        }
        let runtime: Runtime = builder.enable_all().build().expect("the OS grants a loop");
        let task = runtime.spawn(future);
        runtime.block_on(task).expect("the run does not panic")
    }
}
