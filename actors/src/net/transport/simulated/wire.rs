//! One direction of a simulated connection: what was sent and has not arrived.
//!
//! Filled by the socket that writes, emptied by the events of the network. It knows no hosts: when something arrives is said
//! to it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use roundsman_runtime::Timestamp;

/// What travels.
#[derive(Debug)]
pub(super) enum Segment {
    /// To who wishes to connect: it is let in. (SYN and ACK)
    Welcome,
    /// And it has heard that. (ACK)
    Thanks,
    Data(Bytes),
    /// The sender has ended.
    Fin,
    /// The sender has cut the connection.
    Reset,
}

impl Segment {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Data(bytes) => bytes.len(),
            Self::Welcome | Self::Thanks | Self::Fin | Self::Reset => 0,
        }
    }
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Wire {
    under_way: VecDeque<(Timestamp, Segment)>,
    /// Bytes among it.
    len: usize,
    /// The sender's line is busy until then.
    busy_until: Timestamp,
    last_arrival: Timestamp,
    /// An event will look at it.
    pub(super) is_watched: bool,
}

impl Wire {
    /// Sends something off: `takes` is how long the line is busy with it, `latency` how long it travels then. Nothing
    /// overtakes what was sent before.
    pub(super) fn send(
        &mut self,
        now: Timestamp,
        takes: Duration,
        latency: Duration,
        what: Segment,
    ) {
        self.busy_until = self.busy_until.max(now) + takes;
        self.last_arrival = self.last_arrival.max(self.busy_until + latency);
        self.len += what.len();
        self.under_way.push_back((self.last_arrival, what));
    }

    /// What is under way never arrives.
    pub(super) fn leave_behind(&mut self) {
        self.under_way.clear();
        self.len = 0;
    }

    /// Bytes under way.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Whether what comes next is not sent again by who has sent it.
    pub(super) fn sends_once(&self) -> bool {
        matches!(self.under_way.front(), Some((_, Segment::Reset | Segment::Welcome)))
    }

    /// When the next thing arrives.
    pub(super) fn next_arrival(&self) -> Option<Timestamp> {
        self.under_way.front().map(|(at, _)| *at)
    }

    /// Takes what has arrived.
    pub(super) fn arrived(&mut self, now: Timestamp) -> Option<Segment> {
        if self.next_arrival()? > now {
            return None;
        }
        let (_, segment) = self.under_way.pop_front()?;
        self.len -= segment.len();
        Some(segment)
    }

    /// What waits is sent again, and arrives at this moment at the earliest.
    pub(super) fn postpone(&mut self, until: Timestamp) {
        for (at, _) in &mut self.under_way {
            *at = (*at).max(until);
        }
        self.last_arrival = self.last_arrival.max(until);
    }
}
