//! A seed that fails, and the report on it.
//!
//! Made by [`check`](super::check), read by people.

use std::error::Error;
use std::fmt;
use std::thread;

use super::failed::Failed;
use super::trace::{Trace, clock};
use crate::Timestamp;

/// A seed that fails: why, and how it comes to that. Shown, it is the report that [`check`](super::check()) panics with.
pub struct Failing {
    pub(super) seed: u64,
    pub(super) failed: Failed,
    pub(super) at: Timestamp,
    pub(super) trace: Trace,
    /// Lines of the trace before it was shrunk.
    pub(super) before: u64,
    /// Choices that the run made, and those that are left of them and not 0.
    pub(super) choices: (usize, usize),
    /// What shrinking took.
    pub(super) runs: usize,
    /// Whether the check looks into the environment for a seed.
    pub(super) asks_environment: bool,
}

impl Failing {
    /// The same seed has done two things: there is no trace that could be shown.
    pub(super) fn of_two(seed: u64) -> Self {
        Self {
            seed,
            failed: Failed::Differs,
            at: Timestamp::default(),
            trace: Trace::default(),
            before: 0,
            choices: (0, 0),
            runs: 0,
            asks_environment: false,
        }
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Why it fails.
    #[must_use]
    pub fn failed(&self) -> &Failed {
        &self.failed
    }

    /// What comes before that, shrunk.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// When: the time of the simulation.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// How many lines the trace had as the failure was found.
    #[must_use]
    pub fn lines_before(&self) -> u64 {
        self.before
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failed.to_string();
        writeln!(f, "seed {} fails, at {} s: {}", self.seed, clock(self.at), failed.trim_end())?;
        writeln!(f)?;
        if self.asks_environment {
            let current = thread::current();
            let test = current.name().filter(|name| *name != "main").unwrap_or_default();
            let command = format!("ROUNDSMAN_SIM_SEED={} cargo test {test}", self.seed);
            writeln!(f, "again: {}", command.trim_end())?;
        } else {
            writeln!(f, "again: Check::first_seed({}), Check::seeds(1)", self.seed)?;
        }
        if self.trace.is_empty() {
            return Ok(());
        }
        let (len, before) = (grouped(self.trace.len() as u64), grouped(self.before));
        let (made, left) = (grouped(self.choices.0 as u64), grouped(self.choices.1 as u64));
        let runs = grouped(self.runs as u64);
        write!(f, "trace: {len} of {before} lines, {left} of {made} choices are left")?;
        writeln!(f, ", after {runs} more runs")?;
        writeln!(f)?;
        for line in self.trace.to_string().lines() {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// The report, as it is read.
impl fmt::Debug for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Failing {}

/// With its thousands set apart: 1,312.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
