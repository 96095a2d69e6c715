//! `Events`: an emitter in the hands of whoever emits, or listens.

use std::fmt;
use std::time::Duration;

use roundsman_runtime::{Address, SendError, TrySendError};

use super::message::EmitterMessage;
use super::question::Question;
use super::subscriber::{Subscriber, Subscription};
use crate::slow::SlowPolicy;
use crate::stream::{Source, outlet};

/// An emitter in the hands of whoever emits, or listens: made of the address of an [`Emitter`](super::Emitter), cheap to copy,
/// and usable from any loop and from any thread.
///
/// Events are types of your own, mostly: `E: Clone + Send + 'static`. Each listener gets a clone; put what is large into an `Arc`. A listener for
/// another event does not compile:
///
/// ```compile_fail
/// # use roundsman::emitter::Events;
/// # use roundsman::Recipient;
/// fn wrong(events: &Events, names: Recipient<String>) {
///     events.on::<u32>(names).unwrap();
/// }
/// ```
///
/// # Order
/// What one sender asks of an emitter is done in the order of its calls, whatever it is: one that listens and then emits
/// hears it. Nothing is promised between senders.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use roundsman::emitter::{Emitter, Events};
/// use roundsman::prelude::*;
///
/// #[derive(Clone, Debug)]
/// struct Joined(&'static str);
///
/// #[derive(Debug)]
/// enum Msg {
///     Joined(Joined),
///     Next(Result<Joined, AskError>),
///     Count(Result<usize, AskError>),
/// }
///
/// struct Room(Vec<String>);
///
/// impl Actor for Room {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let events = Events::from(ctx.spawn(Emitter::new()));
///         let subscription = events.on::<Joined>(ctx.recipient(Msg::Joined))?;
///         events.emit(Joined("ada"))?;
///         events.next::<Joined>().within(Duration::from_secs(1)).ask(ctx, Msg::Next);
///         events.off(subscription)?;
///         events.listener_count::<Joined>().ask(ctx, Msg::Count);
///         events.emit(Joined("bob"))?;
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         self.0.push(format!("{message:?}"));
///         if self.0.len() == 3 {
///             // The one that waits for the next event listens, too.
///             let expected = [r#"Joined(Joined("ada"))"#, "Count(Ok(1))", r#"Next(Ok(Joined("bob")))"#];
///             assert_eq!(self.0, expected);
///             ctx.stop();
///         }
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| Room(Vec::new()))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Events(Address<EmitterMessage>);

impl From<Address<EmitterMessage>> for Events {
    fn from(emitter: Address<EmitterMessage>) -> Self {
        Self(emitter)
    }
}

impl Events {
    /// Listens to the event `E`, after those that do so already. `listener` is a [`Recipient`](crate::Recipient), or a
    /// [`Subscriber`] that says more, until it is taken [`off`](Self::off) or its owner ends. (Node: `on`.)
    ///
    /// # Errors
    /// The emitter has ended, or rejects; the listener is handed back.
    pub fn on<E: Clone + Send + 'static>(
        &self,
        listener: impl Into<Subscriber<E>>,
    ) -> Result<Subscription, SendError<Subscriber<E>>> {
        let subscriber = listener.into();
        let subscription = subscriber.subscription();
        match self.0.send(EmitterMessage::subscribe(subscriber)) {
            Ok(()) => Ok(subscription),
            Err(error) => Err(with(error, EmitterMessage::into_subscriber)),
        }
    }

    /// The same for the next such event only: the listener is removed before it is called. (Node: `once`.)
    ///
    /// # Errors
    /// As [`on`](Self::on).
    pub fn once<E: Clone + Send + 'static>(
        &self,
        listener: impl Into<Subscriber<E>>,
    ) -> Result<Subscription, SendError<Subscriber<E>>> {
        self.on(listener.into().once())
    }

    /// Listens before those that do so already. (Node: `prependListener`; with [`Subscriber::once`],
    /// `prependOnceListener`.)
    ///
    /// # Errors
    /// As [`on`](Self::on).
    pub fn prepend<E: Clone + Send + 'static>(
        &self,
        listener: impl Into<Subscriber<E>>,
    ) -> Result<Subscription, SendError<Subscriber<E>>> {
        self.on(listener.into().first())
    }

    /// Listens no longer. Of several times that the same listener was added, the latest in the order in which they are called
    /// is taken back; of none, nothing. Events that were emitted before may still be on their way. (Node: `off`.)
    ///
    /// # Errors
    /// The emitter has ended, and nobody listens any more; or it rejects.
    pub fn off(
        &self,
        subscription: impl std::borrow::Borrow<Subscription>,
    ) -> Result<(), SendError<Subscription>> {
        let subscription = subscription.borrow().clone();
        let taken = subscription.clone();
        let message = EmitterMessage::new(move |emitter, ctx| emitter.off(&taken, ctx));
        self.0.send(message).map_err(|error| with(error, |_| Some(subscription)))
    }

    /// Removes everybody who listens to `E`: actors, sources, and those that wait for the next. The last to come goes first.
    /// (Node: `removeAllListeners`.)
    ///
    /// # Errors
    /// The emitter has ended, and nobody listens any more; or it rejects.
    pub fn remove_all<E: Clone + Send + 'static>(&self) -> Result<(), SendError<()>> {
        let message = EmitterMessage::new(|emitter, ctx| emitter.remove_all::<E>(ctx));
        self.0.send(message).map_err(|error| with(error, |_| Some(())))
    }

    /// Emits an event to everybody who listens to it when the emitter comes to it. As with any send, an actor pauses if the
    /// emitter is over, and a plain thread blocks. (Node: `emit`.)
    ///
    /// That nobody listens is no error, but for [`Error`](super::Error).
    ///
    /// # Errors
    /// The emitter has ended, or rejects; the event is handed back.
    pub fn emit<E: Clone + Send + 'static>(&self, event: E) -> Result<(), SendError<E>> {
        self.0
            .send(EmitterMessage::emission(event))
            .map_err(|error| with(error, EmitterMessage::into_event))
    }

    /// The same unless the emitter is over.
    ///
    /// # Errors
    /// It is over or has ended; the event is handed back.
    pub fn try_emit<E: Clone + Send + 'static>(&self, event: E) -> Result<(), TrySendError<E>> {
        self.0.try_send(EmitterMessage::emission(event)).map_err(|error| {
            let closed = matches!(error, TrySendError::Closed(_));
            let event = refused(error.into_message(), EmitterMessage::into_event);
            if closed { TrySendError::Closed(event) } else { TrySendError::Over(event) }
        })
    }

    /// How many listen to `E`. (Node: `listenerCount`.)
    pub fn listener_count<E: Clone + Send + 'static>(&self) -> Question<usize> {
        self.ask(|emitter| emitter.listener_count::<E>())
    }

    /// The events that anybody listens to, by the names of their types, in the order in which they came to be listened to.
    /// (Node: `eventNames`.)
    pub fn event_names(&self) -> Question<Vec<&'static str>> {
        self.ask(|emitter| emitter.event_names())
    }

    /// How many events `E` listeners have lost: dropped by their policies, or kept for one that was cut off or has left.
    pub fn dropped<E: Clone + Send + 'static>(&self) -> Question<u64> {
        self.ask(|emitter| emitter.dropped::<E>())
    }

    /// How many listeners one owner may have from now on without a warning: see
    /// [`Emitter::max_listeners`](super::Emitter::max_listeners).
    ///
    /// # Errors
    /// The emitter has ended, or rejects.
    pub fn set_max_listeners(&self, listeners: usize) -> Result<(), SendError<()>> {
        let set = EmitterMessage::new(move |emitter, _| emitter.set_max_listeners(listeners));
        self.0.send(set).map_err(|error| with(error, |_| Some(())))
    }

    /// The next event `E`, as the answer to a question with a deadline. (Node: `events.once`.)
    ///
    /// Whoever waits listens, like one that was added with [`once`](Self::once), until the deadline has passed. If the emitter
    /// fails meanwhile, as it does at an [`Error`](super::Error) that nobody listens to, the answer is
    /// [`AskError::Failed`](crate::AskError::Failed). An `Error` that somebody else listens to ends no wait, as it does in
    /// Node.
    pub fn next<E: Clone + Send + 'static>(&self) -> Question<E> {
        Question::new(self.0.clone(), |reply, within: Duration| {
            EmitterMessage::new(move |emitter, ctx| emitter.answer_next(reply, within, ctx))
        })
    }

    /// The events `E` from now on, as a source for one pipeline. (Node: `events.on`.)
    ///
    /// At most `limit` of them wait for demand here, besides the window of the link, 16. When as many wait, `slow` decides.
    /// With [`SlowPolicy::Wait`] whoever emits is paused, up to 5 s for each event: what waits for the emitter already comes
    /// on top of `limit`, and so do events that are emitted by whoever consumes them, who cannot wait for itself.
    ///
    /// The stream ends when the emitter stops as planned and nothing waits, and fails when it fails or something is lost with
    /// it. A pipeline that has ended listens until the next event `E`.
    ///
    /// # Examples
    /// ```
    /// use roundsman::SlowPolicy;
    /// use roundsman::emitter::{Emitter, Events};
    /// use roundsman::prelude::*;
    /// use roundsman::stream::{PipeError, collect};
    ///
    /// struct Sampler(Option<Address<roundsman::emitter::EmitterMessage>>);
    ///
    /// impl Actor for Sampler {
    ///     type Message = Result<Vec<u32>, PipeError>;
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let emitter = ctx.spawn(Emitter::new());
    ///         let events = Events::from(emitter.clone());
    ///         let samples = events.source::<u32>(100, SlowPolicy::DropOldest);
    ///         samples.through(roundsman::stream::map(|n| n * 10)).pipe(collect()).start(ctx, |all| all);
    ///         for n in 1..=3_u32 {
    ///             events.emit(n)?;
    ///         }
    ///         ctx.send_after(std::time::Duration::from_secs(1), Ok(Vec::new()));
    ///         self.0 = Some(emitter);
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, all: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         match self.0.take() {
    ///             Some(emitter) => emitter.stop(),
    ///             None => {
    ///                 assert_eq!(all?, [10, 20, 30]);
    ///                 ctx.stop();
    ///             }
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().simulated(1).build()?.run(|| Sampler(None))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn source<E: Clone + Send + 'static>(&self, limit: u32, slow: SlowPolicy) -> Source<E> {
        // What waits, waits in the emitter's list, where it can be dropped.
        let (source, outlet) = outlet(0);
        let feed = EmitterMessage::new(move |emitter, ctx| emitter.feed(outlet, slow, limit, ctx));
        // If the emitter has ended the outlet is gone, and the pipeline fails.
        let _ = self.0.send(feed);
        source
    }

    /// The emitter's address: to watch it, or to stop it.
    #[must_use]
    pub fn address(&self) -> &Address<EmitterMessage> {
        &self.0
    }

    fn ask<T: Send + 'static>(
        &self,
        answer: impl FnOnce(&super::Emitter) -> T + Send + 'static,
    ) -> Question<T> {
        Question::new(self.0.clone(), |reply, _| {
            EmitterMessage::new(move |emitter, _| reply.send(answer(emitter)))
        })
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Events({})", self.0.path())
    }
}

/// The error of a send with what was in the message.
fn with<T>(
    error: SendError<EmitterMessage>,
    unwrap: impl FnOnce(EmitterMessage) -> Option<T>,
) -> SendError<T> {
    match error {
        SendError::Closed(message) => SendError::Closed(refused(message, unwrap)),
        error => SendError::Rejected(refused(error.into_message(), unwrap)),
    }
}

fn refused<T>(message: EmitterMessage, unwrap: impl FnOnce(EmitterMessage) -> Option<T>) -> T {
    match unwrap(message) {
        Some(inside) => inside,
        None => unreachable!("a refused message is the one that was sent"),
    }
}
