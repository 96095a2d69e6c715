//! What came of a load: how many lines were delivered, and how long they were on their way.

use std::fmt::Write as _;
use std::time::Duration;

use super::client::Results;

/// The latencies of all clients.
#[derive(Debug, Default)]
pub struct Report {
    latencies_us: Vec<u32>,
    /// How many lines were not the next of their speaker.
    pub disorder: u64,
}

impl Report {
    pub fn add(&mut self, results: Results) {
        self.latencies_us.extend(results.latencies_us);
        self.disorder += results.disorder;
    }

    pub fn delivered(&self) -> u64 {
        self.latencies_us.len() as u64
    }

    /// Two lines for people.
    pub fn text(&mut self, time: Duration) -> String {
        self.latencies_us.sort_unstable();
        let (delivered, seconds) = (self.delivered(), time.as_secs_f64());
        let rate = delivered as f64 / seconds.max(f64::EPSILON);
        let mut text =
            format!("{delivered} lines delivered in {seconds:.2} s: {rate:.0} lines/s\nlatency");
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)] {
            let _ = write!(text, " {name} {:.2} ms", self.at(share));
        }
        text.push('\n');
        text
    }

    /// The latency, in milliseconds, that this share of the lines did not exceed.
    fn at(&self, share: f64) -> f64 {
        let nth = (self.latencies_us.len() as f64 * share).ceil() as usize;
        let latency = self.latencies_us.get(nth.saturating_sub(1)).copied().unwrap_or_default();
        f64::from(latency) / 1_000.0
    }
}
