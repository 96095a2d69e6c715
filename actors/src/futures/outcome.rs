//! A future whose owner is told what came of it, and the handle by which the owner cancels it.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use roundsman_runtime::Recipient;

use super::{FutureError, TaskHandle};

/// A future that was started with [`run_future`](super::FutureContext::run_future), in the hands of its owner. Dropping the
/// handle changes nothing.
pub struct FutureHandle {
    slot: Rc<dyn Cancel>,
    task: TaskHandle,
}

impl FutureHandle {
    pub(super) fn new(slot: Rc<dyn Cancel>, task: TaskHandle) -> Self {
        Self { slot, task }
    }

    /// Drops the future, before this returns. Its owner is told: [`FutureError::Cancelled`]. One that has ended already is
    /// told of as it ended.
    ///
    /// Called from inside of the future itself, it is dropped as soon as it returns from its poll.
    pub fn cancel(&self) {
        self.slot.cancel();
        self.task.wake();
    }
}

impl fmt::Debug for FutureHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FutureHandle")
    }
}

/// Where a future is while it runs: its task and its handle both reach it, on one loop.
struct Slot<F>(RefCell<State<F>>);

enum State<F> {
    Running(Pin<Box<F>>),
    /// Lent to the poll that is going on.
    Lent,
    Cancelled,
}

/// Cancels a future of any type.
pub(super) trait Cancel {
    fn cancel(&self);
}

impl<F> Cancel for Slot<F> {
    fn cancel(&self) {
        let before = self.0.replace(State::Cancelled);
        // The user's drop, with nothing borrowed.
        drop(before);
    }
}

/// The future of the task: polls the user's, and tells.
pub(super) struct Telling<F: Future> {
    slot: Rc<Slot<F>>,
    tell: Recipient<Result<F::Output, FutureError>>,
}

/// Wraps a future so that `tell` hears what comes of it.
pub(super) fn telling<F>(
    future: F,
    tell: Recipient<Result<F::Output, FutureError>>,
) -> (Telling<F>, Rc<dyn Cancel>)
where
    F: Future + 'static,
{
    let slot = Rc::new(Slot(RefCell::new(State::Running(Box::pin(future)))));
    (Telling { slot: Rc::clone(&slot), tell }, slot)
}

impl<F> Future for Telling<F>
where
    F: Future,
    F::Output: Send + 'static,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let State::Running(mut future) = self.slot.0.replace(State::Lent) else {
            self.tell.complete(Err(FutureError::Cancelled));
            return Poll::Ready(());
        };
        // After a panic the future is not looked at again.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        let outcome = match polled {
            Ok(Poll::Pending) => match self.slot.0.replace(State::Lent) {
                State::Cancelled => Err(FutureError::Cancelled),
                State::Lent | State::Running(_) => {
                    self.slot.0.replace(State::Running(future));
                    return Poll::Pending;
                }
            },
            Ok(Poll::Ready(value)) => Ok(value),
            Err(panic) => Err(panicked(panic)),
        };
        let outcome = match catch_unwind(AssertUnwindSafe(|| drop(future))) {
            Ok(()) => outcome,
            Err(panic) => outcome.and(Err(panicked(panic))),
        };
        self.tell.complete(outcome);
        Poll::Ready(())
    }
}

/// The error that says what a panic says.
fn panicked(panic: Box<dyn Any + Send>) -> FutureError {
    let text = text_of(&*panic);
    // What was thrown is the user's, and so is its drop.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
    FutureError::Panicked(text)
}

/// What a panic says.
fn text_of(panic: &(dyn Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Arc::from(text.unwrap_or("a value that is no text"))
}
