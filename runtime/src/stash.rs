//! Messages that an actor cannot handle in its present state, put aside until it can. (Akka: stash.)
//!
//! Kept in the actor's hooks. Taken out of the stash they come ahead of the mailbox, in the order in which they were put
//! aside. It knows no states: those are the actor's own, mostly an enum.

use std::fmt;

use crate::actor::Actor;
use crate::context::Context;
use crate::dead_letter;
use crate::hooks;

/// Most messages that a stash holds, unless [`Spawn::stash`](crate::Spawn::stash) says otherwise.
pub(crate) const STASH: usize = 1024;

/// A message was not put aside: the stash holds as many as it may. The message is handed back.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the stash holds {limit} messages, as many as it may: raise `Spawn::stash`, or answer that it is not the time"
)]
#[non_exhaustive]
pub struct StashFull<M> {
    /// The message.
    pub message: M,
    /// How many the stash may hold.
    pub limit: usize,
}

impl<M> fmt::Debug for StashFull<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StashFull {{ limit: {} }}", self.limit)
    }
}

impl<A: Actor> Context<'_, A> {
    /// Puts the message in hand aside until [`unstash_all`](Self::unstash_all).
    ///
    /// It counts as handled, and as sent once more. What is in the stash survives a restart; when the actor ends it
    /// becomes dead letters.
    ///
    /// # Errors
    /// [`StashFull`] hands the message back: the stash holds 1,024 messages, or what
    /// [`Spawn::stash`](crate::Spawn::stash) says.
    ///
    /// # Examples
    /// A state machine is an enum in the actor's state; what does not fit the present state is put aside:
    /// ```
    /// # use roundsman_runtime::{Actor, Context, Outcome, Runtime};
    /// # use std::time::Duration;
    /// enum State { Connecting, Connected }
    /// enum Msg { Connected, Query(u32) }
    /// struct Client { state: State, done: Vec<u32> }
    ///
    /// impl Actor for Client {
    ///     type Message = Msg;
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let me = ctx.address();
    ///         for message in [Msg::Query(1), Msg::Query(2), Msg::Connected, Msg::Query(3)] {
    ///             me.send(message)?;
    ///         }
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
    ///         match (&self.state, message) {
    ///             (State::Connecting, Msg::Connected) => {
    ///                 self.state = State::Connected;
    ///                 ctx.unstash_all();
    ///             }
    ///             (State::Connecting, query) => ctx.stash(query).map_err(|full| full.to_string())?,
    ///             (State::Connected, Msg::Query(n)) => self.done.push(n),
    ///             (State::Connected, Msg::Connected) => {}
    ///         }
    ///         if self.done.len() == 3 {
    ///             assert_eq!(self.done, [1, 2, 3]);
    ///             ctx.stop();
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// # let client = || Client { state: State::Connecting, done: Vec::new() };
    /// # Runtime::builder().loops(1).build()?.run(client)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stash(&mut self, message: A::Message) -> Result<(), StashFull<A::Message>> {
        let own = self.handle().own();
        let limit = own.extras_if_any().and_then(|extras| extras.borrow().stash);
        let limit = limit.map_or(STASH, |limit| limit as usize);
        hooks::stash(self.handle(), message, limit)
            .map_err(|message| StashFull { message, limit })?;
        dead_letter::sent_again(self.local(), self.cell());
        Ok(())
    }

    /// Takes everything out of the stash: it is handled next, ahead of the mailbox, in the order in which it was put
    /// aside.
    pub fn unstash_all(&mut self) {
        hooks::unstash(self.handle());
    }

    /// How many messages are put aside.
    #[must_use]
    pub fn stashed(&self) -> usize {
        hooks::stashed(self.handle())
    }
}
