//! The desk: where a future that is being polled leaves what it wants of its executor.
//!
//! A future has no [`Context`](roundsman_runtime::Context). So while an executor polls, its thread has a desk, on which
//! timers, sockets and further tasks are put down; the executor clears it as soon as the poll has returned. On any other thread,
//! and at any other time, there is none: every function here then says so, and does nothing.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use roundsman_runtime::{Context, Readiness, SourceId};

use super::alarm::Alarm;
use super::executor::Executor;
use super::task::Task;

thread_local! {
    static DESK: RefCell<Option<Vec<Request>>> = const { RefCell::new(None) };
}

/// What a future wants of its executor.
pub(super) enum Request {
    Arm(Duration, Arc<Alarm>),
    Disarm(Arc<Alarm>),
    Attach(Arc<dyn Attached>),
    Detach(Arc<dyn Attached>),
    Spawn(Task),
}

/// Something whose readiness an executor hears of, on behalf of a future: a socket.
pub(crate) trait Attached: Send + Sync {
    /// Registers it; its readiness is to arrive as what `ready` of [`Message`](super::Message) makes of `key`.
    ///
    /// # Errors
    /// What the OS says; under simulation, `Unsupported`.
    fn register(&self, ctx: &mut Context<'_, Executor>, key: usize) -> io::Result<SourceId>;
    /// Takes it back.
    fn deregister(&self, ctx: &mut Context<'_, Executor>, source: SourceId);
    /// It is ready.
    fn ready(&self, readiness: Readiness);
    /// It could not be registered.
    fn failed(&self, error: io::Error);
    /// Where the executor notes its key, once it is registered; then it says that it is [`ready`](Self::ready).
    fn key(&self) -> &OnceLock<usize>;
}

/// There is no desk here: no executor is polling on this thread.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no future of a runtime is being polled on this thread: poll it by `run_future` only")]
pub(crate) struct NoDesk;

impl From<NoDesk> for io::Error {
    fn from(no_desk: NoDesk) -> Self {
        Self::other(no_desk)
    }
}

/// Runs `work` at a desk, which is `requests`, empty, and returns it with what was put down.
pub(super) fn at<T>(requests: Vec<Request>, work: impl FnOnce() -> T) -> (T, Vec<Request>) {
    /// Clears the desk also if `work` panics.
    struct Cleared(Option<Vec<Request>>);

    impl Drop for Cleared {
        fn drop(&mut self) {
            let left = DESK.replace(self.0.take());
            // What is left after a panic: sockets and tasks that nobody polls.
            drop(left);
        }
    }

    let outer = Cleared(DESK.replace(Some(requests)));
    let value = work();
    let requests = DESK.take().unwrap_or_default();
    drop(outer);
    (value, requests)
}

fn put(request: Request) -> Result<(), NoDesk> {
    let refused = DESK.with_borrow_mut(|desk| match desk {
        Some(requests) => {
            requests.push(request);
            None
        }
        None => Some(request),
    });
    // Outside of the borrow: its drop may want a desk.
    refused.map_or(Ok(()), |_| Err(NoDesk))
}

pub(super) fn arm(duration: Duration, alarm: &Arc<Alarm>) -> Result<(), NoDesk> {
    put(Request::Arm(duration, Arc::clone(alarm)))
}

pub(super) fn disarm(alarm: Arc<Alarm>) -> Result<(), NoDesk> {
    put(Request::Disarm(alarm))
}

/// Has a socket registered after this poll.
///
/// # Errors
/// There is no desk.
pub(crate) fn attach(attached: Arc<dyn Attached>) -> Result<(), NoDesk> {
    put(Request::Attach(attached))
}

/// Has a socket taken back after this poll, and let go.
///
/// # Errors
/// There is no desk: it is let go with its executor.
pub(crate) fn detach(attached: Arc<dyn Attached>) -> Result<(), NoDesk> {
    put(Request::Detach(attached))
}

/// Has a task run beside this one, by the same executor.
///
/// # Errors
/// There is no desk: the future is dropped.
pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) -> Result<(), NoDesk> {
    let (task, _) = Task::new(future);
    put(Request::Spawn(task))
}
