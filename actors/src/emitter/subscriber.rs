//! Who listens, and how: what is given to `on`, and what comes back.
//!
//! Values: [`Listeners`](super::Listeners) keeps them.

use std::any::TypeId;
use std::fmt;

use roundsman_runtime::{Recipient, RecipientIdentity};

use crate::slow::SlowPolicy;

/// Events that are kept for a listener that is over, unless said otherwise.
pub(crate) const ROOM: u32 = 16;

/// A listener to be: where the events go, and what happens when it does not keep up. A [`Recipient`] is one by itself.
///
/// # Examples
/// ```
/// use roundsman::SlowPolicy;
/// use roundsman::emitter::{EmitterMessage, Events, Subscriber};
/// use roundsman::prelude::*;
/// # use roundsman::emitter::Emitter;
///
/// #[derive(Clone)]
/// struct Tick(u64);
///
/// struct Gauge;
///
/// impl Actor for Gauge {
///     type Message = Tick;
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let events = Events::from(ctx.spawn(Emitter::new()));
///         // The newest 4, however slow this actor is.
///         let me = Subscriber::new(ctx.recipient(|tick| tick));
///         events.on::<Tick>(me.slow(SlowPolicy::DropOldest).room(4))?;
///         events.emit(Tick(1))?;
///         Ok(())
///     }
///     fn receive(&mut self, tick: Tick, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(tick.0, 1);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| Gauge)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Subscriber<E> {
    pub(crate) recipient: Recipient<E>,
    pub(crate) slow: SlowPolicy,
    pub(crate) room: u32,
    pub(crate) once: bool,
    pub(crate) first: bool,
}

impl<E> Subscriber<E> {
    /// One that is waited for.
    #[must_use]
    pub fn new(recipient: Recipient<E>) -> Self {
        Self { recipient, slow: SlowPolicy::Wait, room: ROOM, once: false, first: false }
    }

    /// What happens when it does not keep up: its actor is over, and [`room`](Self::room) events are kept for it already.
    /// Default: whoever emits waits for it.
    #[must_use]
    pub fn slow(mut self, policy: SlowPolicy) -> Self {
        self.slow = policy;
        self
    }

    /// How many events are kept for it while its actor is over, before the policy decides. Default 16. They come on top of
    /// what its mailbox holds. One that is waited for needs none.
    #[must_use]
    pub fn room(mut self, events: u32) -> Self {
        self.room = events;
        self
    }

    /// Called once only, as with [`Events::once`](super::Events::once).
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Called before those that listen already, as with [`Events::prepend`](super::Events::prepend).
    #[must_use]
    pub fn first(mut self) -> Self {
        self.first = true;
        self
    }

    pub(crate) fn subscription(&self) -> Subscription
    where
        E: 'static,
    {
        Subscription { event: TypeId::of::<E>(), listener: self.recipient.identity() }
    }
}

impl<E> From<Recipient<E>> for Subscriber<E> {
    fn from(recipient: Recipient<E>) -> Self {
        Self::new(recipient)
    }
}

/// Says which listener listens to which event; for [`Events::off`](super::Events::off).
///
/// A listener is a [`Recipient`]: clones of one are the same listener, two that were made by two calls are two, as two
/// closures are two in Node. So a subscription does not say which of several times that the same listener was added:
/// `off` takes back the latest.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Subscription {
    pub(crate) event: TypeId,
    pub(crate) listener: RecipientIdentity,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}
