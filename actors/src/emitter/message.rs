//! What an emitter takes: something to do, without its type.
//!
//! Made by [`Events`](super::Events), and run by [`Emitter`]. One that was refused gives back what is in it.

use std::any::Any;
use std::fmt;

use roundsman_runtime::{Context, Outcome};

use super::emitter::Emitter;
use super::subscriber::Subscriber;

/// What an [`Emitter`] takes; made by [`Events`](super::Events).
pub struct EmitterMessage(Box<dyn Command>);

/// Something that an emitter is to do.
trait Command: Send {
    fn run(self: Box<Self>, emitter: &mut Emitter, ctx: &mut Context<'_, Emitter>) -> Outcome;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

struct Emission<E>(E);

struct Subscribe<E>(Subscriber<E>);

struct Do<F>(F);

impl EmitterMessage {
    pub(crate) fn emission<E: Clone + Send + 'static>(event: E) -> Self {
        Self(Box::new(Emission(event)))
    }

    pub(crate) fn subscribe<E: Clone + Send + 'static>(subscriber: Subscriber<E>) -> Self {
        Self(Box::new(Subscribe(subscriber)))
    }

    pub(crate) fn new<F>(f: F) -> Self
    where
        F: FnOnce(&mut Emitter, &mut Context<'_, Emitter>) + Send + 'static,
    {
        Self(Box::new(Do(f)))
    }

    pub(crate) fn run(self, emitter: &mut Emitter, ctx: &mut Context<'_, Emitter>) -> Outcome {
        self.0.run(emitter, ctx)
    }

    /// The event of a message that was refused.
    pub(crate) fn into_event<E: 'static>(self) -> Option<E> {
        self.0.into_any().downcast::<Emission<E>>().ok().map(|emission| emission.0)
    }

    /// The same for a listener.
    pub(crate) fn into_subscriber<E: 'static>(self) -> Option<Subscriber<E>> {
        self.0.into_any().downcast::<Subscribe<E>>().ok().map(|subscribe| subscribe.0)
    }
}

impl fmt::Debug for EmitterMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmitterMessage")
    }
}

impl<E: Clone + Send + 'static> Command for Emission<E> {
    fn run(self: Box<Self>, emitter: &mut Emitter, ctx: &mut Context<'_, Emitter>) -> Outcome {
        emitter.emit(self.0, ctx)
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl<E: Clone + Send + 'static> Command for Subscribe<E> {
    fn run(self: Box<Self>, emitter: &mut Emitter, ctx: &mut Context<'_, Emitter>) -> Outcome {
        emitter.give_held(ctx);
        emitter.subscribe(self.0, ctx);
        Ok(())
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl<F> Command for Do<F>
where
    F: FnOnce(&mut Emitter, &mut Context<'_, Emitter>) + Send + 'static,
{
    fn run(self: Box<Self>, emitter: &mut Emitter, ctx: &mut Context<'_, Emitter>) -> Outcome {
        emitter.give_held(ctx);
        (self.0)(emitter, ctx);
        Ok(())
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
