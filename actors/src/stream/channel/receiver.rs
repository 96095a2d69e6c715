//! `Source::receiver`: what comes out of a channel.

use std::sync::Arc;
use std::task::{Context as Polling, Poll};

use flume::{Receiver, RecvError, TryRecvError};
use roundsman_runtime::Context;

use super::wakeup::{Waiting, Wakeup, Woken};
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::stage::Tail;
use crate::stream::{PipeError, Source};

/// Items taken in one turn; then others have theirs.
const BATCH: u64 = 1024;

impl<T: Send + 'static> Source<T> {
    /// What comes out of a channel of the crate `flume`, sent by a thread, or by anybody. (Node: `worker.on('message')`.)
    ///
    /// - Demand: an item is taken out when it is asked for, at most a window ahead. So a bounded channel fills when the
    ///   stream is slow, and its senders wait; one without a bound grows.
    /// - It ends when all senders are gone and everything that they have sent has been taken.
    /// - A cancel or a failure drops the receiver: if it was the last, senders get an error, and what was still in the
    ///   channel is dropped.
    /// - While it waits for an item it keeps the runtime alive, and
    ///   [`why_alive`](roundsman_runtime::RuntimeHandle::why_alive) names it. No thread is blocked.
    ///
    /// Several streams may take from one channel. A thread that does so beside them should use `recv_timeout`: a `recv` of
    /// flume 0.12 may sleep on for ever when it shares its channel with a receiver that waits without blocking.
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{PipeError, Source};
    ///
    /// struct Sum(Option<flume::Receiver<u64>>);
    ///
    /// impl Actor for Sum {
    ///     type Message = Result<u64, PipeError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         if let Some(receiver) = self.0.take() {
    ///             Source::receiver(receiver).fold(0, |sum, n| sum + n).start(ctx, |result| result);
    ///         }
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, sum: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(sum?, 5050);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let (sender, receiver) = flume::bounded(8);
    /// let thread = std::thread::spawn(move || (1..=100).try_for_each(|n| sender.send(n)));
    /// Runtime::builder().loops(1).build()?.run(|| Sum(Some(receiver)))?;
    /// assert_eq!(thread.join().expect("it does not panic"), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn receiver(receiver: Receiver<T>) -> Self {
        Self::fed(
            "receiver",
            ReceiverFeed { open: Some(Open { receiver, wait: None }), wakeup: None },
        )
    }
}

struct ReceiverFeed<T: Send + 'static> {
    /// Until the end.
    open: Option<Open<T>>,
    wakeup: Option<Arc<Wakeup>>,
}

struct Open<T: Send + 'static> {
    receiver: Receiver<T>,
    /// Our place among those who wait for an item.
    wait: Option<Waiting<Result<T, RecvError>>>,
}

impl<T: Send + 'static> Open<T> {
    /// The next item; or our place among those who wait.
    fn next(&mut self, wakeup: &Arc<Wakeup>) -> Poll<Result<T, RecvError>> {
        if self.wait.is_none() {
            match self.receiver.try_recv() {
                Ok(item) => return Poll::Ready(Ok(item)),
                Err(TryRecvError::Disconnected) => {
                    return Poll::Ready(Err(RecvError::Disconnected));
                }
                Err(TryRecvError::Empty) => {}
            }
        }
        let receiver = &self.receiver;
        let wait = self.wait.get_or_insert_with(|| Box::pin(receiver.clone().into_recv_async()));
        let polled = wait.as_mut().poll(&mut Polling::from_waker(&wakeup.waker()));
        if polled.is_ready() {
            self.wait = None;
        }
        polled
    }
}

impl<T: Send + 'static> Feed for ReceiverFeed<T> {
    type Item = T;
    type Event = Woken;

    fn begin(&mut self, ctx: &mut Context<'_, Runner<Self>>) -> Result<(), PipeError> {
        self.wakeup = Some(Wakeup::new(ctx.recipient(RunnerMessage::Event)));
        Ok(())
    }

    fn take(
        &mut self,
        Woken: Woken,
        _: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        if let Some(wakeup) = &self.wakeup {
            wakeup.came();
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<T>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let (Some(open), Some(wakeup)) = (&mut self.open, &self.wakeup) else { return Ok(false) };
        let mut left = BATCH;
        let mut waits = false;
        while left > 0 && !waits && tail.room() > 0 {
            match open.next(wakeup) {
                Poll::Ready(Ok(item)) => tail.push(item)?,
                Poll::Ready(Err(RecvError::Disconnected)) => {
                    self.open = None;
                    ctx.set_expecting(false);
                    tail.end()?;
                    return Ok(false);
                }
                Poll::Pending => waits = true,
            }
            left -= 1;
        }
        ctx.set_expecting(waits);
        Ok(left == 0 && tail.room() > 0)
    }

    fn let_go(&mut self) {
        self.open = None;
    }
}
