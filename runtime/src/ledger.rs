//! The books about messages: what was sent, and what became of it.
//!
//! It is data: the counts are made by [`address`](crate::address), [`turn`](crate::turn) and
//! [`dead_letter`](crate::dead_letter), where each thing happens, and added up by [`metrics`](crate::metrics).

use std::fmt;
use std::iter::Sum;
use std::ops::AddAssign;

/// Why a message that was accepted was never handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeadLetterReason {
    /// Its receiver ended before it came to it.
    ReceiverEnded,
    /// Its receiver's mailbox was over and rejects what comes then ([`Overflow::Reject`](crate::Overflow::Reject)).
    Rejected,
    /// Dropped by the mailbox's declared policy ([`Overflow::DropOldest`](crate::Overflow::DropOldest),
    /// [`Overflow::DropNewest`](crate::Overflow::DropNewest)).
    DroppedByPolicy,
    /// It was under way to a loop that ended.
    LoopEnded,
}

/// How many reasons there are.
pub(crate) const REASONS: usize = DeadLetterReason::ALL.len();

impl DeadLetterReason {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::ReceiverEnded, Self::Rejected, Self::DroppedByPolicy, Self::LoopEnded];
}

impl fmt::Display for DeadLetterReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReceiverEnded => "receiver ended",
            Self::Rejected => "rejected",
            Self::DroppedByPolicy => "dropped by policy",
            Self::LoopEnded => "loop ended",
        })
    }
}

/// The books about messages, of one actor or of all: double entry, so that what is missing shows.
///
/// *sent = handled + handed back + dropped by policy + dead-lettered + in flight*
///
/// `sent` is counted where a message is sent and the rest where each message's fate is decided, so nothing of it is
/// derived but [`in_flight`](Self::in_flight). It is exact when the runtime has stopped: then nothing is in flight. While
/// a runtime runs, its loops are read one after another, and what travels meanwhile may be seen once too often.
///
/// # Examples
/// ```
/// # use roundsman_runtime::{Actor, Context, Outcome, Runtime};
/// # struct Echo;
/// # impl Actor for Echo {
/// #     type Message = u32;
/// #     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
/// #         ctx.address().send(1)?;
/// #         ctx.address().send(2)?;
/// #         Ok(())
/// #     }
/// #     fn receive(&mut self, n: u32, ctx: &mut Context<Self>) -> Outcome {
/// #         ctx.stop();
/// #         Ok(())
/// #     }
/// # }
/// let runtime = Runtime::builder().simulated(1).build()?;
/// let handle = runtime.handle().unref();
/// // The root sends itself two messages and stops at the first.
/// runtime.run(|| Echo)?;
/// let ledger = handle.metrics().ledger();
/// assert_eq!((ledger.sent, ledger.handled, ledger.dead_letters()), (2, 1, 1));
/// assert!(ledger.is_balanced(), "{ledger}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ledger {
    /// Messages sent. A reply or a completion is one when it becomes its receiver's message; a timer's tick or a
    /// socket's readiness when the actor's turn makes a message of it; a stashed message once more as it is put away.
    pub sent: u64,
    /// Messages handled, those among them in whose handling the actor failed.
    pub handled: u64,
    /// Messages that were not accepted: the send that failed had them in its error.
    pub handed_back: u64,
    /// Messages dropped by the declared policy of a mailbox that was over.
    pub dropped: u64,
    letters: [u64; REASONS],
}

impl Ledger {
    /// Messages that were accepted and never handled, for this reason.
    #[must_use]
    pub fn dead_lettered(&self, reason: DeadLetterReason) -> u64 {
        match reason {
            DeadLetterReason::DroppedByPolicy => self.dropped,
            reason => self.letters[reason as usize],
        }
    }

    /// Messages that were accepted and never handled, for any reason but a mailbox's policy.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        self.letters.iter().sum()
    }

    /// Messages whose fate is not decided: in a mailbox, or under way.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.sent.saturating_sub(self.decided())
    }

    /// Whether every message that was sent has had exactly one fate, and nothing is in flight.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.sent == self.decided()
    }

    fn decided(&self) -> u64 {
        self.handled + self.handed_back + self.dropped + self.dead_letters()
    }

    /// Enters dead letters.
    pub(crate) fn enter(&mut self, reason: DeadLetterReason, count: u64) {
        match reason {
            DeadLetterReason::DroppedByPolicy => self.dropped += count,
            reason => self.letters[reason as usize] += count,
        }
    }
}

impl AddAssign for Ledger {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.handled += other.handled;
        self.handed_back += other.handed_back;
        self.dropped += other.dropped;
        for (mine, others) in self.letters.iter_mut().zip(other.letters) {
            *mine += others;
        }
    }
}

impl Sum for Ledger {
    fn sum<I: Iterator<Item = Self>>(ledgers: I) -> Self {
        ledgers.fold(Self::default(), |mut sum, one| {
            sum += one;
            sum
        })
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, handled, handed_back, dropped, .. } = self;
        write!(f, "sent {sent} = handled {handled} + handed back {handed_back}")?;
        write!(f, " + dropped {dropped} + dead-lettered {}", self.dead_letters())?;
        let reasons = DeadLetterReason::ALL.into_iter();
        let mut before = " (";
        for reason in reasons.filter(|reason| self.letters[*reason as usize] != 0) {
            write!(f, "{before}{reason} {}", self.letters[reason as usize])?;
            before = ", ";
        }
        f.write_str(if before == ", " { ")" } else { "" })?;
        match self.decided().checked_sub(self.sent) {
            None | Some(0) => write!(f, " + in flight {}", self.in_flight()),
            Some(excess) => write!(f, " - {excess} decided more than once"),
        }
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests;
