//! `Sink::sender`: into a channel.

use std::sync::Arc;
use std::task::{Context as Polling, Poll};

use flume::{SendError, Sender, TrySendError};
use roundsman_runtime::Context;

use super::tally::Tally;
use super::wakeup::{Waiting, Wakeup, Woken};
use crate::stream::assembly::Counts;
use crate::stream::holdback::Holdback;
use crate::stream::link::{Flow, ToActor};
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::source::Outflow;
use crate::stream::stage::Tail;
use crate::stream::{PipeError, Sink};

impl<T: Send + 'static> Sink<T> {
    /// Into a channel of the crate `flume`, out of which a thread, or anybody, takes. (Node: `worker.postMessage`.)
    ///
    /// - Demand: a channel that is full holds the stream back; a window waits here beyond what is in it. One without a
    ///   bound takes everything, and grows.
    /// - The end drops the sender, when everything is in the channel: if it was the last, receivers see the end then.
    ///   A failure or a cancel drops it at once, which looks the same from there: what must tell them apart sends it.
    /// - It fails with [`ReceiversGone`] when there is something to send and all receivers are gone.
    /// - While the channel is full it keeps the runtime alive, and
    ///   [`why_alive`](roundsman_runtime::RuntimeHandle::why_alive) names it. No thread is blocked.
    ///
    /// # Examples
    /// ```
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{PipeError, Sink, Source, Summary};
    ///
    /// struct Numbers(Option<flume::Sender<u64>>);
    ///
    /// impl Actor for Numbers {
    ///     type Message = Result<Summary, PipeError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         if let Some(sender) = self.0.take() {
    ///             Source::iter(1..=100).pipe(Sink::sender(sender)).start(ctx, |result| result);
    ///         }
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, result: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         assert_eq!(result?.items, 100);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let (sender, receiver) = flume::bounded(8);
    /// let thread = std::thread::spawn(move || receiver.iter().sum::<u64>());
    /// Runtime::builder().loops(1).build()?.run(|| Numbers(Some(sender)))?;
    /// assert_eq!(thread.join().expect("it does not panic"), 5050);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sender(sender: Sender<T>) -> Self {
        Self::new(move |assembly| {
            let open = Some(Open { sender, wait: None });
            let feed = SenderFeed { held: Holdback::new(), open, wakeup: None };
            assembly.run.push("sender");
            let (address, to) = Runner::spawn(assembly, feed, Box::new(Tally::default()));
            let map = |flow| RunnerMessage::Event(SenderEvent::Flow(flow));
            Outflow::Link { link: Box::new(ToActor { address, map }), to }
        })
    }
}

/// Everybody who might have taken items out of the channel is gone; see [`Sink::sender`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all receivers of the channel are gone; keep one for as long as the stream runs")]
pub struct ReceiversGone;

struct SenderFeed<T: Send + 'static> {
    held: Holdback<T>,
    /// Until the end.
    open: Option<Open<T>>,
    wakeup: Option<Arc<Wakeup>>,
}

struct Open<T: Send + 'static> {
    sender: Sender<T>,
    wait: Option<Held<T>>,
}

/// An item that the channel has no room for yet.
struct Held<T> {
    sending: Waiting<Result<(), SendError<T>>>,
    counts: Counts,
}

enum SenderEvent<T> {
    Flow(Flow<T>),
    Woken,
}

impl<T: Send + 'static> Open<T> {
    /// Sends an item; or has it wait for room.
    fn send(&mut self, item: T, wakeup: &Arc<Wakeup>) -> Poll<Result<Counts, SendError<T>>> {
        let mut counts = Counts::default();
        counts.add(&item);
        match self.sender.try_send(item) {
            Ok(()) => return Poll::Ready(Ok(counts)),
            Err(TrySendError::Disconnected(item)) => return Poll::Ready(Err(SendError(item))),
            Err(TrySendError::Full(item)) => {
                let sending = Box::pin(self.sender.clone().into_send_async(item));
                self.wait = Some(Held { sending, counts });
            }
        }
        self.go_on(wakeup)
    }

    /// Looks whether the item that waits has found room.
    fn go_on(&mut self, wakeup: &Arc<Wakeup>) -> Poll<Result<Counts, SendError<T>>> {
        let Some(held) = &mut self.wait else { return Poll::Ready(Ok(Counts::default())) };
        let counts = held.counts;
        let polled = held.sending.as_mut().poll(&mut Polling::from_waker(&wakeup.waker()));
        if polled.is_ready() {
            self.wait = None;
        }
        polled.map_ok(|()| counts)
    }
}

impl<T: Send + 'static> Feed for SenderFeed<T> {
    type Item = Counts;
    type Event = SenderEvent<T>;

    fn begin(&mut self, ctx: &mut Context<'_, Runner<Self>>) -> Result<(), PipeError> {
        let to = ctx.recipient(|Woken| RunnerMessage::Event(SenderEvent::Woken));
        self.wakeup = Some(Wakeup::new(to));
        Ok(())
    }

    fn take(
        &mut self,
        event: SenderEvent<T>,
        _: &mut dyn Tail<Counts>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match (event, &self.wakeup) {
            (SenderEvent::Flow(flow), _) => self.held.take(flow)?,
            (SenderEvent::Woken, Some(wakeup)) => wakeup.came(),
            (SenderEvent::Woken, None) => {}
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<Counts>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let (Some(open), Some(wakeup)) = (&mut self.open, &self.wakeup) else { return Ok(false) };
        let mut sent = open.go_on(wakeup);
        loop {
            match sent {
                Poll::Ready(Ok(counts)) => tail.push(counts)?,
                Poll::Ready(Err(_)) => return Err(PipeError::new("sender", ReceiversGone)),
                Poll::Pending => break,
            }
            let Some(item) = self.held.pop() else { break };
            sent = open.send(item, wakeup);
        }
        let waits = open.wait.is_some();
        ctx.set_expecting(waits);
        if self.held.is_dry() && !waits {
            self.open = None;
            tail.end()?;
        } else {
            self.held.ask();
        }
        Ok(false)
    }

    fn let_go(&mut self) {
        self.held.cancel();
        self.open = None;
    }
}
