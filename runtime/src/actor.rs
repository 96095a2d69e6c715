//! What an actor is: the trait that users implement, its outcome and its identity.
//!
//! Called by [`turn`](crate::turn). It knows no loop.

use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::mem::discriminant;

use crate::context::Context;
use crate::drain::DrainPhase;
use crate::exit::{ExitReason, Terminated};

/// Something that handles one message at a time, with `&mut self`.
///
/// An actor lives on one loop for its whole life and is built and dropped there, so its state need not be `Send`.
///
/// # Guarantees
/// - Calls of one actor never overlap.
/// - Messages from one sender arrive in the order sent, also across loops.
/// - An accepted message is handled, or counted as a dead letter with a reason, exactly once.
///
/// # Not guaranteed
/// - An order between messages of different senders.
/// - An order between timers or socket readiness and messages: what is due comes first.
///
/// # Examples
/// ```
/// use roundsman_runtime::{Actor, Context, Outcome, Runtime};
///
/// struct Countdown(u32);
///
/// impl Actor for Countdown {
///     type Message = ();
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.address().send(())?;
///         Ok(())
///     }
///
///     fn receive(&mut self, (): (), ctx: &mut Context<Self>) -> Outcome {
///         self.0 -= 1;
///         if self.0 == 0 {
///             ctx.stop();
///         } else {
///             ctx.address().send(())?;
///         }
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Countdown(3))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Actor: Sized + 'static {
    /// What it takes: one enum, so that nothing is boxed and nothing is cast.
    type Message: Send + 'static;

    /// Called once, before the first message; of a supervised actor, after each restart.
    ///
    /// # Errors
    /// A failure here is a failure of the actor, as in [`receive`](Actor::receive).
    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let _ = ctx;
        Ok(())
    }

    /// Handles one message.
    ///
    /// # Errors
    /// An `Err`, or a panic, stops this actor and nothing else; it is logged with the actor's path, or returned by `run` if
    /// this is the root.
    fn receive(&mut self, message: Self::Message, ctx: &mut Context<'_, Self>) -> Outcome;

    /// How a message is shown to people, in the trace of a simulation. Default: the name of its type; of an enum also the
    /// number of the variant, counted from 0.
    ///
    /// A type that is `Debug` has a better text: `format!("{message:?}")`.
    fn show(message: &Self::Message) -> String {
        shown(message)
    }

    /// Called at the end of a round in which the actor asked for it with [`Context::defer`].
    ///
    /// What a round's messages prepared is done here at one stroke: a socket's writes, for example.
    ///
    /// # Errors
    /// As in [`receive`](Actor::receive).
    fn deferred(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let _ = ctx;
        Ok(())
    }

    /// Called when a child that is not supervised has failed: in its constructor, in `started`, or later.
    ///
    /// It is the answer to a [`spawn`](Context::spawn) that came to nothing, ahead of the mailbox. By default nothing more
    /// is done: the failure has been logged, and ends that child only. Whoever would rather not live without it returns
    /// an error, and the failure goes up.
    ///
    /// # Errors
    /// As in [`receive`](Actor::receive).
    fn child_failed(&mut self, child: &Terminated, ctx: &mut Context<'_, Self>) -> Outcome {
        let _ = (child, ctx);
        Ok(())
    }

    /// Called when a planned stop has begun ([`RuntimeHandle::shutdown`](crate::RuntimeHandle::shutdown)): as nothing new
    /// is accepted any more ([`DrainPhase::Accept`]), and again as reads end ([`DrainPhase::Read`]); only then, if the
    /// actor could not be told in time. An actor that is spawned meanwhile is told after it has started.
    ///
    /// The time to say goodbye, and to end what does not end by itself: outlets, and timers that come again. By default
    /// nothing is done.
    ///
    /// # Errors
    /// As in [`receive`](Actor::receive).
    fn draining(&mut self, phase: DrainPhase, ctx: &mut Context<'_, Self>) -> Outcome {
        let _ = (phase, ctx);
        Ok(())
    }

    /// Called once, last, after all children have stopped. Not called if `started` never was.
    fn stopping(&mut self, why: &ExitReason, ctx: &mut Context<'_, Self>) {
        let _ = (why, ctx);
    }
}

/// What a handler answers: `Ok(())`, or the failure that stops the actor.
pub type Outcome = Result<(), Failure>;

/// Why a handler failed: any error, so that `?` works in handlers.
///
/// It is not itself an [`Error`], which is what lets every error turn into it.
pub struct Failure(Box<dyn Error + Send + Sync>);

impl Failure {
    /// The error behind it.
    #[must_use]
    pub fn cause(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }

    /// The same, to keep.
    #[must_use]
    pub fn into_cause(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        let mut source = self.0.source();
        while let Some(error) = source {
            let cause = error.to_string();
            // Many errors say their cause themselves, wherever in their text.
            if !said.contains(&cause) {
                said.push_str(": ");
                said.push_str(&cause);
            }
            source = error.source();
        }
        f.write_str(&said)
    }
}

/// Who an actor is: unique in its runtime, never used again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActorId(pub(crate) u64);

impl fmt::Debug for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorId({}.{})", self.0 >> 48, self.0 & 0xffff_ffff_ffff)
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 >> 48, self.0 & 0xffff_ffff_ffff)
    }
}

/// `my_crate::room::Message::<T>`, the third of its variants → `Message#2`.
fn shown<M>(message: &M) -> String {
    let plain = type_name::<M>().split('<').next().unwrap_or_default();
    let short = plain.rsplit("::").next().unwrap_or(plain);
    // `Discriminant(2)`; what is no enum has none that means anything.
    let variant = format!("{:?}", discriminant(message));
    let number: String = variant.chars().filter(char::is_ascii_digit).collect();
    if short == "()" { short.to_owned() } else { format!("{short}#{number}") }
}
