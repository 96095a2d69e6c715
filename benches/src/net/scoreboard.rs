//! Who has heard which lines of the chat benchmark, and how late.

use std::{
    io,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use crate::net::line::{Line, PROBE};

/// Longer delays count as this one.
const DELAY_MICROS_MAX: u64 = 60_000_000;

/// How many clients speak.
pub const SPEAKERS: usize = 10;

/// Counts deliveries.
#[derive(Debug)]
pub struct Scoreboard {
    /// When each line of each speaker was sent.
    sent: [Vec<Instant>; SPEAKERS],
    /// For each client, the number that it should hear next from each speaker.
    next: Vec<[u64; SPEAKERS]>,
    /// For each client, whether it has heard a probe.
    joined: Vec<bool>,
    /// How many have not.
    absent: usize,
    /// How many should hear each line.
    listeners: u64,
    /// Lines that clients heard.
    pub delivered: u64,
    /// Lines that clients should have heard before a later one of the same speaker.
    skipped: u64,
    /// Microseconds from sending to hearing.
    delays: Histogram<u64>,
}

impl Scoreboard {
    /// Nobody has heard anything.
    ///
    /// # Panics
    /// Never: the bounds of the histogram are valid.
    pub fn new(clients: usize) -> Self {
        Self {
            sent: Default::default(),
            next: vec![[0; SPEAKERS]; clients],
            joined: vec![false; clients],
            absent: clients,
            listeners: clients as u64,
            delivered: 0,
            skipped: 0,
            delays: Histogram::new_with_bounds(1, DELAY_MICROS_MAX, 3)
                .expect("the bounds are valid"),
        }
    }

    /// The same where nobody is to hear itself.
    pub fn of_others(clients: usize) -> Self {
        Self { listeners: clients as u64 - 1, ..Self::new(clients) }
    }

    /// The next line of a speaker, sent now.
    pub fn speak(&mut self, speaker: usize, now: Instant) -> Line {
        let sent = &mut self.sent[speaker];
        sent.push(now);
        Line { speaker: b'0' + speaker as u8, number: sent.len() as u64 - 1 }
    }

    /// A client has heard a line; whether it was its own.
    ///
    /// # Errors
    /// If the line was never sent, or heard before.
    pub fn hear(&mut self, client: usize, line: Line, now: Instant) -> io::Result<bool> {
        if line.speaker == PROBE {
            self.absent -= usize::from(!self.joined[client]);
            self.joined[client] = true;
            return Ok(false);
        }
        let speaker = usize::from(line.speaker.wrapping_sub(b'0'));
        let sent = self.sent.get(speaker).and_then(|sent| sent.get(line.number as usize));
        let sent = sent.ok_or_else(|| io::Error::other(format!("nobody said {line:?}")))?;
        let next = &mut self.next[client][speaker];
        if line.number < *next {
            return Err(io::Error::other(format!("{line:?} came twice or out of order")));
        }
        self.skipped += line.number - *next;
        *next = line.number + 1;
        self.delivered += 1;
        self.delays.saturating_record((now - *sent).as_micros() as u64);
        Ok(speaker == client)
    }

    /// Whether every client has heard a probe.
    pub fn all_joined(&self) -> bool {
        self.absent == 0
    }

    /// Forgets the delays so far.
    pub fn forget_delays(&mut self) {
        self.delays.reset();
    }

    /// The delay that this share of the deliveries does not exceed.
    pub fn delay(&self, share: f64) -> Duration {
        Duration::from_micros(self.delays.value_at_quantile(share))
    }

    /// How many deliveries are missing now.
    pub fn missing(&self) -> u64 {
        let sent: u64 = self.sent.iter().map(|sent| sent.len() as u64).sum();
        sent * self.listeners - self.delivered
    }

    /// Whether nothing that is missing can still come: a later line has come already.
    pub fn all_heard(&self) -> bool {
        self.missing() == self.skipped
    }
}

#[cfg(test)]
mod tests;
