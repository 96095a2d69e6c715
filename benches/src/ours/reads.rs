//! Reads at places of an open file, so many outstanding, started by one actor.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use roundsman::fs::{self, File, FsError};
use roundsman::{Actor, Context, JobError, Lane, LaneLimits, Outcome, Runtime};

use crate::{
    clock, process,
    read_load::{BLOCK, Cost, Load, place},
    workload::POOL_THREADS,
};

struct Reader {
    load: Load,
    /// Buffers are handed in and come back; else each read makes its own.
    again: bool,
    file: Option<File>,
    next: u64,
    to_start: u64,
    to_end: u64,
    /// The reads that are measured, once the threads are there.
    measured: Option<u64>,
    begun: (Instant, Duration),
    tell: mpsc::Sender<Cost>,
}

enum Msg {
    Opened(Result<File, JobError<FsError>>),
    Read(Result<Bytes, JobError<FsError>>),
    Filled(Result<Vec<u8>, JobError<FsError>>),
}

impl Reader {
    fn begin(&mut self, reads: u64, ctx: &mut Context<'_, Self>) {
        (self.to_start, self.to_end) = (reads, reads);
        self.begun = (clock::now(), process::own_cpu_time());
        for _ in 0..self.load.outstanding.min(reads) {
            self.start(None, ctx);
        }
    }

    fn start(&mut self, buffer: Option<Vec<u8>>, ctx: &mut Context<'_, Self>) {
        let Some(file) = &self.file else { return };
        let at = place(self.next);
        self.next += 1;
        self.to_start -= 1;
        if self.again {
            let buffer = buffer.unwrap_or_else(|| Vec::with_capacity(BLOCK as usize));
            ctx.start(file.read_at_into(at, buffer), Msg::Filled);
        } else {
            ctx.start(file.read_at(at, BLOCK as usize), Msg::Read);
        }
    }

    fn ended(&mut self, buffer: Option<Vec<u8>>, ctx: &mut Context<'_, Self>) -> Outcome {
        self.to_end -= 1;
        if self.to_start > 0 {
            self.start(buffer, ctx);
        } else if self.to_end == 0 {
            match self.measured.take() {
                Some(reads) => self.begin(reads, ctx),
                None => {
                    let (begun, cpu) = self.begun;
                    let cpu = process::own_cpu_time() - cpu;
                    self.tell.send(Cost { elapsed: begun.elapsed(), cpu })?;
                }
            }
        }
        Ok(())
    }
}

impl Actor for Reader {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        ctx.start(fs::open(&self.load.path), Msg::Opened);
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Opened(file) => {
                self.file = Some(file?);
                self.begin(self.load.outstanding, ctx);
                Ok(())
            }
            Msg::Read(bytes) => {
                assert_eq!(bytes?.len() as u64, BLOCK, "the file is as long as it was");
                self.ended(None, ctx)
            }
            Msg::Filled(buffer) => {
                let mut buffer = buffer?;
                assert_eq!(buffer.len() as u64, BLOCK, "the file is as long as it was");
                buffer.clear();
                self.ended(Some(buffer), ctx)
            }
        }
    }
}

/// What the reads take, each into a buffer of its own: `read_at`.
///
/// # Panics
/// If the runtime cannot be built, or a read fails.
pub fn run(load: &Load) -> Option<Cost> {
    read(load, false)
}

/// What the reads take, each into a buffer that an earlier one has filled: `read_at_into`.
///
/// # Panics
/// If the runtime cannot be built, or a read fails.
pub fn run_into(load: &Load) -> Option<Cost> {
    read(load, true)
}

fn read(load: &Load, again: bool) -> Option<Cost> {
    let (tell, told) = mpsc::channel();
    // As the peers have it: every thread for every job.
    let shared = LaneLimits::default().reserved(0);
    let runtime = Runtime::builder()
        .loops(1)
        .pool_threads(POOL_THREADS)
        .lane(Lane::Dns, shared)
        .build()
        .expect("one loop can be had");
    let reader = Reader {
        load: load.clone(),
        again,
        file: None,
        next: 0,
        to_start: 0,
        to_end: 0,
        measured: Some(load.reads),
        begun: (clock::now(), Duration::ZERO),
        tell,
    };
    runtime.run(|| reader).expect("no read fails");
    told.recv().ok()
}
