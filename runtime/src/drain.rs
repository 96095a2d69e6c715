//! Stopping as a plan: what is waited for, for how long, and what was cut.
//!
//! Given to [`RuntimeHandle::shutdown`](crate::RuntimeHandle::shutdown) and [`Builder::drain`](crate::Builder::drain);
//! carried out by [`drainer`](crate::drainer). It is data.

use std::fmt;
use std::time::Duration;

use crate::pool::JobStatus;

/// The phases of a drain, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DrainPhase {
    /// Nothing new is accepted: listeners close, and every actor is told
    /// ([`Actor::draining`](crate::Actor::draining)).
    Accept,
    /// Reads end: to what reads from a socket it is as if the peer had ended. Every actor is told once more.
    Read,
    /// Links run dry from upstream to downstream: waits until every pipeline has ended, and whatever else has said
    /// that it is [unfinished](crate::Context::set_unfinished).
    Links,
    /// Mailboxes run empty: waits until no message is in flight and no ask is without its answer.
    Mailboxes,
    /// Waits until the pool has no job.
    Jobs,
    /// Waits for timers that were set with [`send_after`](crate::Context::send_after) and keep the runtime alive.
    Timers,
}

impl DrainPhase {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Accept, Self::Read, Self::Links, Self::Mailboxes, Self::Jobs, Self::Timers];
}

impl fmt::Display for DrainPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accept => "accept",
            Self::Read => "read",
            Self::Links => "links",
            Self::Mailboxes => "mailboxes",
            Self::Jobs => "jobs",
            Self::Timers => "timers",
        })
    }
}

/// A plan to stop: how long each phase may take. What is left when a phase's time is up is not waited for any more; at
/// the end it is cut, and named.
///
/// The default: 1 s until everybody has been told, twice; 5 s each for links, mailboxes and jobs; timers are not waited
/// for, for most of them say that something did *not* happen.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use roundsman_runtime::{Drain, DrainPhase};
///
/// let plan = Drain::default().phase(DrainPhase::Jobs, Duration::from_secs(60));
/// # let _ = plan;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    deadlines: [Duration; DrainPhase::ALL.len()],
}

impl Default for Drain {
    fn default() -> Self {
        let deadlines = [1, 1, 5, 5, 5, 0].map(Duration::from_secs);
        Self { deadlines }
    }
}

impl Drain {
    /// Waits for nothing: what is there is cut at once.
    #[must_use]
    pub fn now() -> Self {
        Self { deadlines: [Duration::ZERO; DrainPhase::ALL.len()] }
    }

    /// Each phase may take so long, timers included.
    #[must_use]
    pub fn within(each: Duration) -> Self {
        Self { deadlines: [each; DrainPhase::ALL.len()] }
    }

    /// This phase may take so long.
    #[must_use]
    pub fn phase(mut self, phase: DrainPhase, longest: Duration) -> Self {
        self.deadlines[phase as usize] = longest;
        self
    }

    /// How long a phase may take.
    #[must_use]
    pub fn deadline(&self, phase: DrainPhase) -> Duration {
        self.deadlines[phase as usize]
    }

    /// The longest that all phases may take together.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.deadlines.iter().fold(Duration::ZERO, |sum, one| sum.saturating_add(*one))
    }

    /// The shorter of two plans, phase by phase.
    pub(crate) fn shorter(&self, other: &Self) -> Self {
        let mut shorter = *self;
        for (mine, theirs) in shorter.deadlines.iter_mut().zip(other.deadlines) {
            *mine = (*mine).min(theirs);
        }
        shorter
    }
}

/// What became of a drain.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DrainReport {
    /// The phases that were begun, in order.
    pub phases: Vec<PhaseReport>,
    /// Actors that were cut off with something left to do; at most 1,000 of them.
    pub actors: Vec<CutActor>,
    /// How many more there were.
    pub more_actors: usize,
    /// Jobs that had not ended.
    pub jobs: Vec<JobStatus>,
    /// Loops that gave no answer, with the actor that kept each busy.
    pub silent: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// What became of one phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhaseReport {
    /// Which.
    pub phase: DrainPhase,
    /// How long it took.
    pub took: Duration,
    /// How long it might have taken.
    pub longest: Duration,
    /// Whether it ended by itself rather than by its deadline.
    pub complete: bool,
}

/// An actor that was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CutActor {
    /// Where it stood in the tree.
    pub path: String,
    /// Messages that waited for it, those that it had put aside included.
    pub queued: usize,
    /// It had said that it was [unfinished](crate::Context::set_unfinished).
    pub unfinished: bool,
    /// Questions of its own without an answer.
    pub asks: usize,
    /// Timers of its own that had not fired, if the plan had time for them.
    pub timers: usize,
}

impl DrainReport {
    /// Whether nothing was cut: nothing was left, and no phase that had time ran out of it.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let waited = |one: &&PhaseReport| one.phase > DrainPhase::Read && !one.longest.is_zero();
        let left = !(self.actors.is_empty() && self.jobs.is_empty() && self.silent.is_empty());
        !left && self.phases.iter().filter(waited).all(|phase| phase.complete)
    }

    /// Whether the drain has come to its end: not so in what
    /// [`RuntimeHandle::shutdown`](crate::RuntimeHandle::shutdown) returns inside an actor.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.phases.len() == DrainPhase::ALL.len()
    }
}

impl fmt::Display for CutActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, queued, unfinished, asks, timers } = self;
        write!(f, "{path} with {queued} messages queued")?;
        if *unfinished {
            f.write_str(", unfinished")?;
        }
        if *asks > 0 {
            write!(f, ", {asks} asks without an answer")?;
        }
        if *timers > 0 {
            write!(f, ", {timers} timers set")?;
        }
        Ok(())
    }
}

/// So many actors are written out; the others are in the report.
const SHOWN: usize = 10;

impl fmt::Display for DrainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() && self.phases.is_empty() {
            return f.write_str(
                "nothing was drained: it has only begun, or there was nothing any more",
            );
        }
        if self.is_clean() {
            return write!(f, "drained in {:?}", self.elapsed);
        }
        write!(f, "cut after {:?}", self.elapsed)?;
        for actor in self.actors.iter().take(SHOWN) {
            write!(f, "; {actor}")?;
        }
        let more = self.actors.len().saturating_sub(SHOWN) + self.more_actors;
        if more > 0 {
            write!(f, "; {more} more actors")?;
        }
        for job in &self.jobs {
            write!(f, "; job {job}")?;
        }
        for silent in &self.silent {
            write!(f, "; {silent}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! What a plan and a report say.

    use super::*;

    #[test]
    fn the_shorter_of_two_plans_is_shorter_in_every_phase() {
        let one = Drain::within(Duration::from_secs(2)).phase(DrainPhase::Jobs, Duration::ZERO);
        let other = Drain::within(Duration::from_secs(3)).phase(DrainPhase::Read, Duration::ZERO);
        let shorter = one.shorter(&other);
        for phase in DrainPhase::ALL {
            let both = one.deadline(phase).min(other.deadline(phase));
            assert_eq!(shorter.deadline(phase), both);
        }
        assert_eq!(shorter.longest(), Duration::from_secs(8));
    }

    #[test]
    fn a_report_names_what_was_cut() {
        let path = "/service/slow".to_owned();
        let actors = vec![CutActor { path, queued: 3, unfinished: true, asks: 0, timers: 0 }];
        let report = DrainReport { actors, more_actors: 2, ..DrainReport::default() };
        assert!(!report.is_clean());
        let text = report.to_string();
        assert!(
            text.contains("/service/slow with 3 messages queued, unfinished; 2 more"),
            "{text}"
        );
        assert!(DrainReport::default().is_clean());
    }
}
