//! What waits in all lanes, what runs, and which threads there are: the one state of the [`pool`](crate::pool), under its
//! mutex.
//!
//! It starts no thread, runs nothing and drops nothing of the user's: what leaves is returned.

use std::sync::Arc;

use crate::backlog::{Backlog, Resume};
use crate::clock::Timestamp;
use crate::errand::{Errand, Queued};
use crate::lane::{LANES, Lane, Lanes, Limits};
use crate::tray::Tray;

/// What waits, what runs, and on which threads.
pub(crate) struct Agenda {
    pub(crate) lanes: Lanes,
    pub(crate) backlogs: [Backlog<Queued>; LANES],
    /// What is on its way, loop by loop.
    pub(crate) trays: Vec<Arc<Tray>>,
    /// What each thread runs, and since when.
    pub(crate) running: Vec<Option<Running>>,
    /// Which numbers have a thread that has been started, or is being started, and has not ended.
    pub(crate) numbers: Vec<bool>,
    /// How many these are.
    pub(crate) threads: usize,
    /// When the OS is asked for a thread again, if it has refused one.
    pub(crate) ask_again: Option<Timestamp>,
    /// It has been said that the OS refuses threads.
    pub(crate) complained: bool,
    pub(crate) idle: usize,
    /// Threads that have been woken and do not know it yet.
    pub(crate) woken: usize,
    pub(crate) looking: bool,
    pub(crate) closed: bool,
}

/// What a thread runs.
pub(crate) struct Running {
    pub(crate) lane: usize,
    pub(crate) errand: Arc<dyn Errand>,
    pub(crate) since: Timestamp,
}

/// A job that is to run now, and who goes on because it no longer waits.
pub(crate) struct Taken {
    pub(crate) errand: Arc<dyn Errand>,
    pub(crate) resumed: Vec<Resume>,
}

impl Taken {
    /// Lets those go on who waited for the lane; the job.
    pub(crate) fn resume_others(self) -> Arc<dyn Errand> {
        self.resumed.into_iter().for_each(Resume::go_on);
        self.errand
    }
}

impl Agenda {
    /// Of a pool that may have `size` threads and has so many.
    pub(crate) fn new(size: usize, limits: [Limits; LANES], threads: usize) -> Self {
        Self {
            lanes: Lanes::new(limits, size),
            backlogs: Lane::ALL.map(|lane| Backlog::new(lane, limits[lane.index()].queue)),
            trays: Vec::new(),
            running: std::iter::repeat_with(|| None).take(size).collect(),
            numbers: vec![false; size],
            threads,
            ask_again: None,
            complained: false,
            idle: 0,
            woken: 0,
            looking: false,
            closed: false,
        }
    }

    #[inline]
    pub(crate) fn next(&self) -> Option<usize> {
        self.lanes.next(|lane| !self.backlogs[lane].is_empty())
    }

    /// Puts what is in a tray into its lanes.
    pub(crate) fn accept(&mut self, tray: &Tray, now: Timestamp) {
        let backlogs = &mut self.backlogs;
        tray.empty(|lane, job| {
            let backlog = &mut backlogs[lane.index()];
            if job.errand.enqueued(backlog.next_ticket()) {
                backlog.push(job, now);
            } else {
                backlog.park(job, now);
            }
        });
    }

    /// The turn of a job that was parked has come. It may have been taken back meanwhile.
    pub(crate) fn call_in(&mut self, lane: Lane, ticket: u64) {
        let backlog = &mut self.backlogs[lane.index()];
        let next = backlog.next_ticket();
        if let Some(job) = backlog.call_in(ticket) {
            job.errand.enqueued(next);
        }
    }

    /// Puts everything that is on its way into its lanes.
    pub(crate) fn accept_all(&mut self, now: Timestamp) {
        if self.closed {
            return;
        }
        let trays = std::mem::take(&mut self.trays);
        for tray in trays.iter().filter(|tray| tray.lanes() != 0) {
            self.accept(tray, now);
        }
        self.trays = trays;
    }

    /// Takes what is in a tray out, to be refused.
    pub(crate) fn turn_away(&mut self, tray: &Tray) -> Vec<Arc<dyn Errand>> {
        let mut jobs = Vec::new();
        tray.empty(|lane, job| {
            self.backlogs[lane.index()].turned_away();
            jobs.push(job.errand);
        });
        jobs
    }

    pub(crate) fn nothing_waits(&self) -> bool {
        self.backlogs.iter().all(Backlog::is_empty)
    }

    /// Takes the job that starts next for the thread of this number.
    pub(crate) fn take(&mut self, index: usize, now: Timestamp) -> Option<Taken> {
        let lane = self.next()?;
        let backlog = &mut self.backlogs[lane];
        let Queued { errand, known } = backlog.pop(now)?;
        let resumed = backlog.fell();
        self.lanes.started(lane);
        self.running[index] = Some(Running { lane, errand: known, since: now });
        Some(Taken { errand, resumed })
    }

    /// What the thread of this number ran has ended.
    pub(crate) fn ended(&mut self, index: usize, now: Timestamp, started: bool) {
        // The thread has a reference of its own, so nothing is freed here.
        let Some(running) = self.running[index].take() else { return };
        self.lanes.ended(running.lane);
        self.backlogs[running.lane].metrics.has_ended(now - running.since, started);
    }

    /// How many jobs wait or run.
    pub(crate) fn outstanding(&self) -> usize {
        let waiting: usize = self.backlogs.iter().map(Backlog::len).sum();
        waiting + self.lanes.running_in_all()
    }

    /// Takes everything that waits, and whoever waits for it.
    pub(crate) fn take_all(&mut self) -> (Vec<Arc<dyn Errand>>, Vec<Resume>) {
        let (mut jobs, mut resumed) = (Vec::new(), Vec::new());
        for tray in std::mem::take(&mut self.trays) {
            jobs.extend(self.turn_away(&tray));
            self.trays.push(tray);
        }
        for backlog in &mut self.backlogs {
            jobs.extend(backlog.withdraw_all().map(|job| job.errand));
            resumed.extend(backlog.fell());
        }
        (jobs, resumed)
    }

    /// The lanes in which a job would start at once; and those that never had one, so that lanes which nobody uses do not
    /// come and go.
    #[inline]
    pub(crate) fn hungry(&self) -> u8 {
        let starts = |lane: &Lane| {
            let backlog = &self.backlogs[lane.index()];
            backlog.is_empty() && (backlog.is_unused() || self.lanes.may_start(lane.index()))
        };
        Lane::ALL.into_iter().filter(starts).fold(0, |set, lane| set | lane.bit())
    }
}
