//! The listeners of one event, as whoever does not know its type sees them.
//!
//! Kept by [`Emitter`](super::Emitter), one for each type of event that somebody has listened to.

use std::any::{Any, type_name};

use roundsman_runtime::Owner;

use super::entry::Gone;
use super::listeners::{Listeners, Met};
use super::message::EmitterMessage;
use super::subscriber::Subscription;

/// The listeners of one event.
pub(crate) trait Topic {
    fn name(&self) -> &'static str;
    fn count(&self) -> usize;
    fn dropped(&self) -> u64;
    fn is_pressed(&self) -> bool;
    /// When the first of those who listen now came, in the emitter's count.
    fn since(&self) -> u64;
    fn take_off(&mut self, subscription: &Subscription) -> Option<Gone>;
    fn take_of(&mut self, owner: Owner, gone: &mut Vec<Gone>);
    /// Gives the events that are held.
    fn give_held(&mut self, gone: &mut Vec<Gone>) -> Met;
    /// The emitter ends as planned.
    fn end(&mut self);
    /// The message that emits `event`, if that is of this type.
    fn emission(&self, event: &(dyn Any + Send + Sync)) -> Option<EmitterMessage>;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// The same with its type.
pub(crate) struct TopicOf<E: Send + 'static> {
    pub(crate) listeners: Listeners<E>,
    pub(crate) since: u64,
    /// Events that are to be given at one stroke: see [`Emitter`](super::Emitter).
    pub(crate) held: Vec<E>,
}

impl<E: Clone + Send + 'static> Topic for TopicOf<E> {
    fn name(&self) -> &'static str {
        type_name::<E>()
    }

    fn count(&self) -> usize {
        self.listeners.len()
    }

    fn dropped(&self) -> u64 {
        self.listeners.dropped()
    }

    fn is_pressed(&self) -> bool {
        self.listeners.is_pressed()
    }

    fn since(&self) -> u64 {
        self.since
    }

    fn take_off(&mut self, subscription: &Subscription) -> Option<Gone> {
        self.listeners.take_off(subscription)
    }

    fn take_of(&mut self, owner: Owner, gone: &mut Vec<Gone>) {
        self.listeners.take_of(owner, gone);
    }

    fn give_held(&mut self, gone: &mut Vec<Gone>) -> Met {
        self.listeners.deliver_all(&mut self.held, gone)
    }

    fn end(&mut self) {
        self.listeners.end();
    }

    fn emission(&self, event: &(dyn Any + Send + Sync)) -> Option<EmitterMessage> {
        event.downcast_ref::<E>().cloned().map(EmitterMessage::emission)
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
