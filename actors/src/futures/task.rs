//! A future as an executor runs it, and the signal by which it is woken and cancelled.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Wake, Waker};

use super::ready::Ready;

/// A future on its way to an executor, or at home in one.
pub(crate) struct Task<F: ?Sized = dyn Future<Output = ()>> {
    pub(super) signal: Arc<Signal>,
    pub(super) waker: Waker,
    pub(super) future: Pin<Box<F>>,
}

/// A task that may travel in a message.
pub(crate) type SendTask = Task<dyn Future<Output = ()> + Send>;

impl Task {
    /// A task, and the handle of whoever wants its outcome.
    pub(crate) fn new(future: impl Future<Output = ()> + 'static) -> (Self, TaskHandle) {
        let signal = Arc::<Signal>::default();
        (Self::with(Arc::clone(&signal), Box::pin(future)), TaskHandle(signal))
    }

    fn with(signal: Arc<Signal>, future: Pin<Box<dyn Future<Output = ()>>>) -> Self {
        Self { waker: Waker::from(Arc::clone(&signal)), signal, future }
    }
}

impl SendTask {
    /// One that a handle belongs to.
    pub(crate) fn with_handle(
        future: impl Future<Output = ()> + Send + 'static,
        handle: &TaskHandle,
    ) -> Self {
        let signal = Arc::clone(&handle.0);
        Self { waker: Waker::from(Arc::clone(&signal)), signal, future: Box::pin(future) }
    }

    pub(super) fn at_home(self) -> Task {
        Task { signal: self.signal, waker: self.waker, future: self.future }
    }
}

/// Wakes or cancels a task from its own loop.
pub(crate) struct TaskHandle(Arc<Signal>);

impl TaskHandle {
    /// Of a task that is made later.
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn wake(&self) {
        self.0.wake_by_ref();
    }

    /// Its future is dropped in the executor's next turn, and never polled again.
    pub(crate) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        self.0.wake_by_ref();
    }

    /// The same handle in other hands.
    pub(crate) fn twin(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// What all wakers of one task share. Wakes that come before it was polled again are one.
#[derive(Default)]
pub(super) struct Signal {
    woken: AtomicBool,
    cancelled: AtomicBool,
    /// Once an executor has it: where to say that it is ready, and as whom.
    place: OnceLock<(Arc<Ready>, usize)>,
}

impl Signal {
    /// It has a home, where it is woken as it comes.
    pub(super) fn settle(&self, ready: &Arc<Ready>, key: usize) {
        // A task has one home for its whole life.
        let _ = self.place.set((Arc::clone(ready), key));
        self.woken.store(true, Ordering::Release);
    }

    /// Its key in its executor.
    pub(super) fn key(&self) -> Option<usize> {
        self.place.get().map(|(_, key)| *key)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// It is going to be polled: a wake from now on counts anew.
    pub(super) fn begin(&self) {
        // Pairs with the swap in `wake_by_ref`: what was done before a wake that is taken here is seen by the poll.
        self.woken.swap(false, Ordering::AcqRel);
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Pairs with the swap in `begin`.
        if !self.woken.swap(true, Ordering::AcqRel)
            && let Some((ready, _)) = self.place.get()
        {
            ready.push(Arc::clone(self));
        }
    }
}
