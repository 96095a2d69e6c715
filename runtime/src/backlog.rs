//! What waits in one lane, first in, first out, and who waits until there is less of it.
//!
//! One per lane, in the state of the [`pool`](crate::pool). It runs nothing and drops nothing: what leaves is returned.
//!
//! What is taken back leaves a gap, found by its ticket in O(log n); gaps go as they reach the front, or all together
//! when there are more of them than jobs. A job whose [`Line`](crate::Line) holds it back is parked aside, and counts as
//! waiting all the same.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use crate::clock::Timestamp;
use crate::lane::{Lane, LaneMetrics};

/// Who goes on when a lane is no longer over, unless it has given up before.
pub(crate) struct Resume {
    call: Weak<AtomicBool>,
    go_on: Box<dyn FnOnce() + Send>,
}

impl Resume {
    /// Whoever waits holds `call`, and lets go of it when it waits no longer. It is true from the call on.
    pub(crate) fn new(call: &Arc<AtomicBool>, go_on: impl FnOnce() + Send + 'static) -> Self {
        Self { call: Arc::downgrade(call), go_on: Box::new(go_on) }
    }

    fn has_given_up(&self) -> bool {
        self.call.strong_count() == 0
    }

    /// Calls whoever waits.
    pub(crate) fn go_on(self) {
        if let Some(call) = self.call.upgrade() {
            // Relaxed: what follows goes through an inbox, which orders it.
            call.store(true, Ordering::Relaxed);
            (self.go_on)();
        }
    }
}

/// Waiters that have given up are looked for at every so many.
const WAITERS_PER_LOOK: usize = 64;

/// So many gaps are left alone.
const GAPS: usize = 32;

/// What waits in one lane.
pub(crate) struct Backlog<J> {
    jobs: VecDeque<Waiting<J>>,
    /// Those of them that were not taken back.
    live: usize,
    /// Those that others of their line must end before, by ticket.
    parked: BTreeMap<u64, Waiting<J>>,
    limit: usize,
    /// More than `limit` have waited, and since then never as few as half of it.
    over: bool,
    /// Who waits until it is no longer over.
    waiters: Vec<Resume>,
    ticket: u64,
    pub(crate) metrics: LaneMetrics,
}

struct Waiting<J> {
    ticket: u64,
    since: Timestamp,
    /// `None`: a gap.
    job: Option<J>,
}

impl<J> Backlog<J> {
    pub(crate) fn new(lane: Lane, limit: usize) -> Self {
        Self {
            jobs: VecDeque::new(),
            live: 0,
            parked: BTreeMap::new(),
            limit,
            over: false,
            waiters: Vec::new(),
            ticket: 0,
            metrics: LaneMetrics::new(lane),
        }
    }

    /// The ticket of the job that is added next: the first is 1.
    pub(crate) fn next_ticket(&self) -> u64 {
        self.ticket + 1
    }

    /// Adds a job, and returns its ticket.
    #[inline]
    pub(crate) fn push(&mut self, job: J, now: Timestamp) -> u64 {
        self.ticket += 1;
        self.jobs.push_back(Waiting { ticket: self.ticket, since: now, job: Some(job) });
        self.live += 1;
        self.added()
    }

    /// Adds a job that must not start before it is called in, and returns its ticket.
    pub(crate) fn park(&mut self, job: J, now: Timestamp) -> u64 {
        self.ticket += 1;
        self.parked
            .insert(self.ticket, Waiting { ticket: self.ticket, since: now, job: Some(job) });
        self.added()
    }

    #[inline]
    fn added(&mut self) -> u64 {
        self.metrics.started += 1;
        self.over |= self.len() > self.limit;
        self.ticket
    }

    /// A job that was parked may start, behind those that wait. Its ticket is the [next](Self::next_ticket). `None` if it
    /// was taken back.
    pub(crate) fn call_in(&mut self, ticket: u64) -> Option<&J> {
        let Waiting { since, job, .. } = self.parked.remove(&ticket)?;
        self.ticket += 1;
        self.jobs.push_back(Waiting { ticket: self.ticket, since, job });
        self.live += 1;
        self.jobs.back()?.job.as_ref()
    }

    /// A job came too late to be added.
    pub(crate) fn turned_away(&mut self) {
        self.metrics.started += 1;
        self.metrics.unstarted += 1;
    }

    /// How many jobs wait.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.live + self.parked.len()
    }

    /// Whether no job was ever added.
    #[inline]
    pub(crate) fn is_unused(&self) -> bool {
        self.ticket == 0
    }

    /// Whether no job waits that may start.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// With how many more jobs it is over; 0 if it is.
    pub(crate) fn room(&self) -> usize {
        if self.over { 0 } else { self.limit.saturating_add(1) - self.len() }
    }

    /// Takes the oldest.
    #[inline]
    pub(crate) fn pop(&mut self, now: Timestamp) -> Option<J> {
        loop {
            let Waiting { since, job, .. } = self.jobs.pop_front()?;
            if job.is_some() {
                self.live -= 1;
                self.metrics.has_waited(now - since);
                return job;
            }
        }
    }

    /// Takes the job with this ticket back, if it still waits.
    pub(crate) fn withdraw(&mut self, ticket: u64) -> Option<J> {
        if let Some(parked) = self.parked.remove(&ticket) {
            self.metrics.unstarted += 1;
            return parked.job;
        }
        // Tickets rise along the queue.
        let place = self.jobs.binary_search_by_key(&ticket, |waiting| waiting.ticket).ok()?;
        let job = self.jobs[place].job.take()?;
        self.live -= 1;
        self.metrics.unstarted += 1;
        if self.jobs.len() > 2 * self.live + GAPS {
            self.jobs.retain(|waiting| waiting.job.is_some());
        }
        Some(job)
    }

    /// Takes everything back.
    pub(crate) fn withdraw_all(&mut self) -> impl Iterator<Item = J> + use<'_, J> {
        self.metrics.unstarted += self.len() as u64;
        self.live = 0;
        let parked = std::mem::take(&mut self.parked).into_values();
        self.jobs.drain(..).chain(parked).filter_map(|waiting| waiting.job)
    }

    /// What waits, the oldest first; then what is parked.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &J> {
        self.jobs.iter().chain(self.parked.values()).filter_map(|waiting| waiting.job.as_ref())
    }

    /// Waits until it is no longer over: `resume` is returned by [`fell`](Self::fell) then. False if it is not over.
    pub(crate) fn wait(&mut self, resume: impl FnOnce() -> Resume) -> bool {
        if self.over {
            self.waiters.push(resume());
        }
        self.over
    }

    /// Those waiters that have given up, now and then. They are returned to be dropped elsewhere.
    pub(crate) fn weed(&mut self) -> Vec<Resume> {
        if self.waiters.len() % WAITERS_PER_LOOK != WAITERS_PER_LOOK - 1 {
            return Vec::new();
        }
        let waiters = std::mem::take(&mut self.waiters);
        let (gone, waiters) = waiters.into_iter().partition(Resume::has_given_up);
        self.waiters = waiters;
        gone
    }

    /// After jobs have left: who goes on, in the order in which they came, if half of the limit is reached.
    #[inline]
    pub(crate) fn fell(&mut self) -> Vec<Resume> {
        if !self.over || self.len() > self.limit / 2 {
            return Vec::new();
        }
        self.over = false;
        std::mem::take(&mut self.waiters)
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests;
