//! A question to an emitter, as a blueprint: it is asked by an actor, or by a thread.

use std::fmt;
use std::time::Duration;

use roundsman_runtime::{ASK_TIMEOUT, Actor, Address, AskError, Context, Reply};

use super::message::EmitterMessage;

/// Something to ask an emitter: nothing happens until [`ask`](Self::ask) or [`ask_blocking`](Self::ask_blocking).
#[must_use = "nothing is asked until `ask` or `ask_blocking`"]
pub struct Question<T: Send + 'static> {
    whom: Address<EmitterMessage>,
    timeout: Duration,
    make: Make<T>,
}

/// Makes the message of the way back and the time that the answer may take.
type Make<T> = Box<dyn FnOnce(Reply<T>, Duration) -> EmitterMessage + Send>;

impl<T: Send + 'static> Question<T> {
    pub(crate) fn new(
        whom: Address<EmitterMessage>,
        make: impl FnOnce(Reply<T>, Duration) -> EmitterMessage + Send + 'static,
    ) -> Self {
        Self { whom, timeout: ASK_TIMEOUT, make: Box::new(make) }
    }

    /// How long the answer may take. Default [`ASK_TIMEOUT`], 5 s.
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Asks; the answer arrives as the actor's own message, in time or as [`AskError::Timeout`]: as with [`Context::ask`].
    pub fn ask<A, F>(self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: FnOnce(Result<T, AskError>) -> A::Message + 'static,
    {
        let Self { whom, timeout, make } = self;
        ctx.ask_within(timeout, &whom, |reply| make(reply, timeout), map);
    }

    /// Asks from a plain thread and waits for the answer.
    ///
    /// # Errors
    /// As [`Address::ask_blocking`]; inside an actor, [`AskError::InsideActor`].
    pub fn ask_blocking(self) -> Result<T, AskError> {
        let Self { whom, timeout, make } = self;
        whom.ask_blocking(|reply| make(reply, timeout), timeout)
    }
}

impl<T: Send + 'static> fmt::Debug for Question<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Question({:?}, within {:?})", self.whom, self.timeout)
    }
}
