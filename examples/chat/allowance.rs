//! How much a client may say: the bucket behind `--flood`.
//!
//! Used by a session. It reads no clock and holds no line.

use std::time::Duration;

use roundsman::Timestamp;

use super::settings::Flood;

#[cfg(test)]
mod tests;

/// So many lines at once, and then as many in each period, evenly (the generic cell rate algorithm of ATM).
#[derive(Debug)]
pub struct Allowance {
    /// How long one line takes to be forgiven.
    cost: Duration,
    /// How far ahead of the time the lines may run.
    period: Duration,
    /// When all lines that were taken will have been forgiven.
    forgiven_at: Timestamp,
}

impl Allowance {
    pub fn new(flood: Flood) -> Self {
        let cost = flood.period / flood.lines.max(1);
        Self { cost, period: flood.period, forgiven_at: Timestamp::default() }
    }

    /// Takes one line, or says how long it has to wait.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        let then = self.forgiven_at.max(now) + self.cost;
        let ahead = then - now;
        if ahead > self.period {
            return Err(ahead - self.period);
        }
        self.forgiven_at = then;
        Ok(())
    }
}
