//! Why a seed fails.
//!
//! Made by [`world`](super::world) as it happens, shown by [`failing`](super::failing), compared by
//! [`check`](super::check), which must know a failure when it sees it again.

use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::{Ledger, RunError};

/// Why a seed fails.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failed {
    /// The test's body returned an error.
    #[error("the test failed: {0}")]
    Body(String),
    /// The test's body panicked.
    #[error("the test panicked: {0}")]
    BodyPanicked(String),
    /// An actor panicked, supervised or not, and no fault was to make it: see [`Sim::may_panic`](super::Sim::may_panic).
    #[error("{actor} panicked: {text}")]
    Panicked {
        /// Its host and its path.
        actor: String,
        /// What it said, and where in the source.
        text: String,
    },
    /// An invariant does not hold.
    #[error("not so: {name}{}", if why.is_empty() { String::new() } else { format!(": {why}") })]
    Invariant {
        /// What it claims.
        name: String,
        /// Why that is not so, if it says so.
        why: String,
    },
    /// A host has ended in an error: see [`HostBuilder::may_fail`](super::HostBuilder::may_fail).
    #[error("host {host} has ended in an error: {error}")]
    Host {
        /// Its name.
        host: String,
        /// What [`Runtime::run`](crate::Runtime::run) would have returned.
        error: Arc<RunError>,
    },
    /// A host has ended, and not every message that was sent there has had exactly one fate: a bug of roundsman.
    #[error("the books of host {host} do not balance, a bug of roundsman: {ledger}")]
    Unbalanced {
        /// Its name.
        host: String,
        /// Its books.
        ledger: Box<Ledger>,
    },
    /// Nothing can happen any more, and not everything is done.
    #[error("deadlock: nothing can happen any more, and these have not finished:\n{0}")]
    Deadlock(String),
    /// Nothing can be done without time, and that is held.
    #[error(
        "nothing can be done at this moment, and time is held: drop the `TimeHold`; meanwhile these have not ended:\n{0}"
    )]
    Held(String),
    /// A condition did not come true in time.
    #[error(
        "what was waited for did not come true within {within:?} ({place}); meanwhile these have not ended:\n{waiting}"
    )]
    NotReached {
        /// Where in the source it was waited for.
        place: &'static Location<'static>,
        /// The time that it had.
        within: Duration,
        /// What keeps the hosts, and who waits on whom.
        waiting: String,
    },
    /// It goes on and on: perhaps it would for ever.
    #[error(
        "no end after {steps} steps: does something go in circles? Raise `Check::steps` if not; these have not ended:\n{waiting}"
    )]
    Endless {
        /// Most steps of a run.
        steps: u64,
        /// What keeps the hosts, and who waits on whom.
        waiting: String,
    },
    /// The same seed has not done the same twice.
    #[error(
        "the same seed has done two things: something depends on what is no part of it, as the order of a `HashMap`, an address, the wall clock, a thread"
    )]
    Differs,
}

impl Failed {
    /// Whether this, of a shorter run, is the failure that was `found`: it says the same, whatever the numbers in it and
    /// whatever it quotes, and says so at the same place in the source, if it names one. Of those that wait, some may be
    /// missing.
    pub(super) fn is_as(&self, found: &Self) -> bool {
        match (self, found) {
            (Self::Deadlock(left), Self::Deadlock(found))
            | (Self::Held(left), Self::Held(found)) => {
                let kinds = |text: &str| text.lines().map(frame).collect::<BTreeSet<_>>();
                kinds(left).is_subset(&kinds(found))
            }
            (Self::NotReached { place, .. }, Self::NotReached { place: found, .. }) => {
                place == found
            }
            (this, found) => kind(&this.to_string()) == kind(&found.to_string()),
        }
    }
}

/// The first line, and the place in the source with which the last one ends.
fn kind(text: &str) -> (String, &str) {
    let first = text.lines().next().unwrap_or_default();
    let place =
        text.strip_suffix(')').and_then(|text| text.rsplit_once('(')).map(|(_, place)| place);
    let place = place.filter(|place| place.matches(':').count() >= 2).unwrap_or_default();
    let said = first.strip_suffix(')').and_then(|first| first.strip_suffix(place)).unwrap_or(first);
    (frame(said), place)
}

/// A text without its digits, and without what it quotes.
fn frame(text: &str) -> String {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let stays = |c: &char| {
        let was_quoted = is_quoted;
        is_quoted ^= *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        !was_quoted && !c.is_ascii_digit()
    };
    text.chars().filter(stays).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panicked(text: &str) -> Failed {
        Failed::BodyPanicked(text.to_owned())
    }

    #[test]
    fn numbers_do_not_tell_failures_apart_and_places_do() {
        let found = panicked("7 is too much (a.rs:12:3)");
        assert!(panicked("99 is too much (a.rs:12:3)").is_as(&found));
        assert!(!panicked("7 is too much (a.rs:13:3)").is_as(&found));
        assert!(!panicked("7 is too little (a.rs:12:3)").is_as(&found));
        let found = panicked("assertion `left == right` failed\n  left: 1\n right: 2 (a.rs:12:3)");
        let other = "assertion `left == right` failed\n  left: 5\n right: 0 (a.rs:";
        assert!(panicked(&format!("{other}12:3)")).is_as(&found));
        assert!(!panicked(&format!("{other}12:9)")).is_as(&found));
        assert!(
            !Failed::Body("7 is too much (a.rs:12:3)".into())
                .is_as(&panicked("7 is too much (a.rs:12:3)"))
        );
    }

    #[test]
    fn what_is_quoted_does_not_tell_failures_apart() {
        let found = panicked(r#"it was "a" and not "b" (a.rs:12:3)"#);
        assert!(panicked(r#"it was "c \" d" and not "" (a.rs:12:3)"#).is_as(&found));
        assert!(!panicked(r#"it was "a" or "b" (a.rs:12:3)"#).is_as(&found));
    }

    #[test]
    fn of_those_that_wait_some_may_be_missing_and_others_may_not_come() {
        let deadlock = |waiting: &str| Failed::Deadlock(waiting.to_owned());
        let found = deadlock("  a: /x1 waits on /y, since 3s\n  b: /z is paused\n");
        assert!(deadlock("  a: /x2 waits on /y, since 1s\n").is_as(&found));
        assert!(!deadlock("  a: /y waits on /x1, since 3s\n").is_as(&found));
    }
}
