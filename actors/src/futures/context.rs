//! What futures add to a context.

use roundsman_runtime::{Actor, Context, Spawn};

use super::executor::Executor;
use super::outcome::{self, FutureHandle};
use super::{FutureError, Task};

/// What futures add to a [`Context`].
pub trait FutureContext<A: Actor> {
    /// Runs a future on this loop, by an actor of its own: a child of this one. Its outcome arrives as this actor's own
    /// message, made by `map`: mostly an enum variant.
    ///
    /// - Exactly one message comes of it, unless this actor ends first: then the future is dropped. The message never counts
    ///   towards the mailbox's marks.
    /// - It is polled first in a turn of its own, after the message that this actor is handling; then once for each
    ///   time it was woken, however often that was. Waking it from the same loop is a message and no more; from elsewhere, it
    ///   also wakes the loop.
    /// - It must not block: other actors of the loop would wait.
    /// - A panic is an answer, as that of a job of the pool is: [`FutureError::Panicked`]. Nothing else fails.
    /// - It keeps the runtime alive until it has ended, as an ask does.
    /// - Under simulation it runs in virtual time; what is woken from outside never is, and the run ends as
    ///   [stuck](crate::RunError::Stuck).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use roundsman::futures::{FutureError, sleep};
    /// use roundsman::prelude::*;
    ///
    /// enum Msg {
    ///     Done(Result<u32, FutureError>),
    /// }
    ///
    /// struct Patient;
    ///
    /// impl Actor for Patient {
    ///     type Message = Msg;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let answer = async {
    ///             sleep(Duration::from_millis(10)).await;
    ///             42
    ///         };
    ///         ctx.run_future(answer, Msg::Done);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, Msg::Done(answer): Msg, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(answer?, 42);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Patient)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn run_future<F, M>(&mut self, future: F, map: M) -> FutureHandle
    where
        F: Future + 'static,
        F::Output: Send + 'static,
        M: Fn(Result<F::Output, FutureError>) -> A::Message + Send + Sync + 'static;
}

impl<A: Actor> FutureContext<A> for Context<'_, A> {
    fn run_future<F, M>(&mut self, future: F, map: M) -> FutureHandle
    where
        F: Future + 'static,
        F::Output: Send + 'static,
        M: Fn(Result<F::Output, FutureError>) -> A::Message + Send + Sync + 'static,
    {
        let (telling, slot) = outcome::telling(future, self.recipient(map));
        let (task, handle) = Task::new(telling);
        self.spawn_with(Spawn::named("future"), Executor::of_one(task));
        FutureHandle::new(slot, handle)
    }
}
