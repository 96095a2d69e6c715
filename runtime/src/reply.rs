//! Asking and answering: a message that carries the way back.
//!
//! [`Context::ask`](crate::Context::ask) arms a deadline in the asker's hooks and sends a [`Reply`]; answering takes
//! the deadline back and pushes the asker's own message. Whoever comes second, answer or deadline, finds the entry
//! gone and does nothing: an answer is never delivered to a later ask.

use std::any::Any;
use std::marker::PhantomData;

use crate::actor::Actor;
use crate::address::Address;
use crate::cell::{CellRef, Handle};
use crate::dying;
use crate::envelope::{Envelope, Load};
use crate::hooks::{self, TimerId, What};
use crate::local::Local;
use crate::parcel::Parcel;

/// Why an ask has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The deadline passed. A later answer is dropped and counted.
    #[error("no answer came before the deadline")]
    Timeout,
    /// The actor that was asked dropped the [`Reply`], or ended as planned with the question in its mailbox.
    #[error("the question was dropped without an answer")]
    Dropped,
    /// The actor that was asked failed with the question in hand, in its state, or, unless it is built anew, in its
    /// mailbox.
    #[error("the actor that was asked failed before it answered")]
    Failed,
    /// The actor had already ended.
    #[error("the actor that was asked has ended")]
    Closed,
    /// `ask_blocking` was called on a loop's thread, or in a job of the pool, which must not block on an actor: use
    /// `Context::ask` there.
    #[error("neither an actor nor a job of the pool may block on an answer: use `Context::ask`")]
    InsideActor,
}

/// The way back to whoever asks, for one answer.
///
/// Dropped without an answer, it answers by itself: [`AskError::Failed`] if the handler in which it is dropped fails, or
/// if it goes with the state of an actor that has failed; else [`AskError::Dropped`]. In a handler it does so as the
/// handler ends, anywhere else at once. An answer never counts towards the asker's
/// mailbox marks, and never makes the answering actor pause: one slow client does not stop a server's answers.
#[must_use = "a reply that is dropped answers `AskError::Dropped`"]
pub struct Reply<T: Send + 'static>(Option<Way<T>>);

enum Way<T> {
    Actor { asker: CellRef, ask: TimerId, answer: Answer<T> },
    Channel(flume::Sender<Result<T, AskError>>),
}

/// Delivers an answer on the asker's loop; made for the asker's type.
type Answer<T> = fn(&CellRef, &Local, TimerId, Result<T, AskError>);

impl<T: Send + 'static> Reply<T> {
    /// Answers. An answer that comes too late is dropped and counted.
    pub fn send(mut self, answer: T) {
        self.give(Ok(answer));
    }

    /// Lets go of a question whose deadline has passed, without an answer: whoever has asked hears
    /// [`AskError::Timeout`] by its own clock. For whoever keeps replies and knows their deadlines.
    pub fn expire(mut self) {
        self.disarm();
    }

    /// A reply to an actor.
    pub(crate) fn to_actor<A, F>(actor: &Handle<'_, A>, ask: TimerId) -> Self
    where
        A: Actor,
        F: FnOnce(Result<T, AskError>) -> A::Message + 'static,
    {
        let asker = actor.cell.clone();
        Self(Some(Way::Actor { asker, ask, answer: answer::<A, T, F> }))
    }

    /// A reply to a thread that waits.
    pub(crate) fn channel() -> (Self, flume::Receiver<Result<T, AskError>>) {
        let (sender, receiver) = flume::bounded(1);
        (Self(Some(Way::Channel(sender))), receiver)
    }

    /// Takes the way back out, so that nothing is answered on drop.
    pub(crate) fn disarm(&mut self) {
        self.0 = None;
    }

    fn give(&mut self, result: Result<T, AskError>) {
        match self.0.take() {
            None => {}
            // An error means that the thread no longer waits: its deadline has passed.
            Some(Way::Channel(sender)) => drop(sender.try_send(result)),
            Some(Way::Actor { asker, ask, answer }) => {
                if let Some(local) = Local::current(asker.home()) {
                    answer(&asker, &local, ask, result);
                } else {
                    let home = std::sync::Arc::clone(&asker.header().home);
                    let envelope = Envelope::new(&asker, Answered { ask, answer, result });
                    // An ended loop has no asker left.
                    let _ = home.post(Parcel::Message(envelope));
                }
            }
        }
    }
}

impl<T: Send + 'static> Drop for Reply<T> {
    fn drop(&mut self) {
        let Some(way) = self.0.take() else { return };
        let mut left = Some(Self(Some(way)));
        Local::with_any(|local| {
            if local.in_turn().is_some()
                && let Some(mut reply) = left.take()
            {
                local.leave_unanswered(Box::new(move |error| reply.give(Err(error))));
            }
        });
        if let Some(mut reply) = left {
            // Outside of any turn: a pool thread, a plain one, or what an actor left behind.
            let failed = std::thread::panicking();
            reply.give(Err(if failed { AskError::Failed } else { AskError::Dropped }));
        }
    }
}

impl<T: Send + 'static> std::fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}

/// Delivers an answer to an asker of type `A` on its loop.
fn answer<A, T, F>(cell: &CellRef, local: &Local, ask: TimerId, result: Result<T, AskError>)
where
    A: Actor,
    T: Send + 'static,
    F: FnOnce(Result<T, AskError>) -> A::Message + 'static,
{
    let asker = Handle::<A>::new(cell, local);
    let front = asker.front();
    let what = front.hooks_if_any(local).and_then(|hooks| hooks::disarm(hooks, local, ask));
    let Some(What::Ask(asked)) = what else {
        local.counters().late_replies.add(1);
        // The user's `Drop`, in nobody's turn.
        dying::carefully(cell, "dropping a late answer", || drop(result));
        return;
    };
    let Ok(asked) = asked.into_any().downcast::<AskedOf<T, F>>() else { return };
    // The asker's own function, on its loop but not in its turn.
    if let Some(message) = dying::on_behalf(&asker, || (asked.map)(result)) {
        Address::of(&asker).push_exempt(message, local);
    }
}

/// An answer on its way to another loop.
struct Answered<T> {
    ask: TimerId,
    answer: Answer<T>,
    result: Result<T, AskError>,
}

impl<T: Send + 'static> Load for Answered<T> {
    fn deliver(self, cell: &CellRef, local: &Local) {
        (self.answer)(cell, local, self.ask, self.result);
    }

    fn lost(self, cell: &CellRef) {
        dying::carefully(cell, "dropping an answer", || drop(self));
    }
}

/// What the asker keeps of an ask until it is answered: the function that makes its message.
pub(crate) trait Asked<M> {
    /// The message that says that there is no answer.
    fn failed(self: Box<Self>, error: AskError) -> M;
    /// Itself, to find out what answer it takes.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// An ask for a `T`. Costs no allocation if `map` is an enum variant or captures nothing.
pub(crate) struct AskedOf<T, F> {
    pub(crate) map: F,
    pub(crate) answer: PhantomData<fn(T)>,
}

impl<T, M, F> Asked<M> for AskedOf<T, F>
where
    T: 'static,
    F: FnOnce(Result<T, AskError>) -> M + 'static,
{
    fn failed(self: Box<Self>, error: AskError) -> M {
        (self.map)(Err(error))
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
