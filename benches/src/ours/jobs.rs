//! No-op jobs on our pool, so many outstanding at any time, started by one actor.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use roundsman::{Actor, Context, JobError, Lane, LaneLimits, Outcome, Runtime, job};

use crate::{clock, workload::POOL_THREADS};

struct Starter {
    outstanding: u64,
    to_start: u64,
    to_end: u64,
    /// The jobs that are measured, once the threads are there.
    measured: Option<u64>,
    begun: Instant,
    tell: mpsc::Sender<Duration>,
}

enum Msg {
    Done(Result<(), JobError>),
}

impl Starter {
    fn begin(&mut self, jobs: u64, ctx: &mut Context<'_, Self>) {
        (self.to_start, self.to_end) = (jobs, jobs);
        self.begun = clock::now();
        for _ in 0..self.outstanding.min(jobs) {
            self.next(ctx);
        }
    }

    fn next(&mut self, ctx: &mut Context<'_, Self>) {
        self.to_start -= 1;
        ctx.start(job(Lane::User, || ()), Msg::Done);
    }
}

impl Actor for Starter {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.begin(self.outstanding, ctx);
        Ok(())
    }

    fn receive(&mut self, Msg::Done(done): Msg, ctx: &mut Context<Self>) -> Outcome {
        done?;
        self.to_end -= 1;
        if self.to_start > 0 {
            self.next(ctx);
        } else if self.to_end == 0 {
            match self.measured.take() {
                Some(jobs) => self.begin(jobs, ctx),
                None => self.tell.send(self.begun.elapsed())?,
            }
        }
        Ok(())
    }
}

/// How long `jobs` no-op jobs take with so many outstanding.
///
/// # Panics
/// If the runtime cannot be built or fails.
pub fn run(outstanding: u64, jobs: u64) -> Option<Duration> {
    let (tell, told) = mpsc::channel();
    // As the peers have it: every thread for every job.
    let shared = LaneLimits::default().reserved(0);
    let runtime = Runtime::builder()
        .loops(1)
        .pool_threads(POOL_THREADS)
        .lane(Lane::Fs, shared)
        .lane(Lane::Dns, shared)
        .build()
        .expect("one loop can be had");
    let (to_start, to_end, measured) = (0, 0, Some(jobs));
    let begun = clock::now();
    let starter = Starter { outstanding, to_start, to_end, measured, begun, tell };
    runtime.run(|| starter).expect("nothing fails");
    told.recv().ok()
}
