//! The wait: what is said waits behind everything that the hall has to hear already, and no longer than it may.
//!
//! Ten thousand may have said something at once; who spoke first is not kept waiting until the last has been heard.

use std::time::Duration;

use roundsman::Timestamp;

/// So long, even if the hall has not heard everything by then.
const LONGEST: Duration = Duration::from_millis(50);

/// Since when something waits to be given out, if it does.
#[derive(Default)]
pub struct Wait(Option<Timestamp>);

/// When what waits is to be given out.
#[derive(Debug, PartialEq, Eq)]
pub enum Due {
    /// As the next thing after what has come by now.
    Next,
    /// It has waited for too long.
    Now,
    /// That is settled already.
    Settled,
}

impl Wait {
    /// Something waits, at this time. Where this says [`Due::Next`], [`is_over`](Self::is_over) is called then.
    pub fn due(&mut self, now: Timestamp) -> Due {
        let due = match self.0 {
            None => Due::Next,
            Some(since) if now - since >= LONGEST => Due::Now,
            Some(_) => return Due::Settled,
        };
        self.0 = Some(now);
        due
    }

    /// What had come before has been heard, and nothing waits any more.
    pub fn is_over(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_waits_for_its_turn_and_if_that_does_not_come_for_50_ms_each_time() {
        let at = |millis| Timestamp::default() + Duration::from_millis(millis);
        let mut wait = Wait::default();
        let due = [0, 1, 49, 50, 51, 99, 100, 300].map(|millis| wait.due(at(millis)));
        let expected = [
            Due::Next,
            Due::Settled,
            Due::Settled,
            Due::Now,
            Due::Settled,
            Due::Settled,
            Due::Now,
            Due::Now,
        ];
        assert_eq!(due, expected);
        wait.is_over();
        assert_eq!(wait.due(at(301)), Due::Next);
        assert_eq!(wait.due(at(302)), Due::Settled);
    }
}
