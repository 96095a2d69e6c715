//! A file on its way into a socket or another file, moved by the kernel.
//!
//! Stands in for [`read_feed`](super::read_feed) where a pipeline is straight: a file, and a link that ends in a
//! descriptor. Moving may wait for the disk, so it is done by jobs, one at a time. It copies nothing by itself.

use std::fs::{File, OpenOptions};
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use roundsman_runtime::{
    Actor, Context, ExitReason, JobError, JobId, Lane, Outcome, Spawn, try_job,
};

use super::FsError;
use super::os;
use super::reader::Reader;
use crate::kernel;
use crate::stream::assembly::{Assembly, Control, Counts, Reporter};
use crate::stream::source::Outflow;
use crate::stream::stage_name::StageName;
use crate::stream::straight::{Straight, Target};
use crate::stream::{Cut, Demand, Downstream, Flow, PipeError, Running, Sink, Summary, Upstream};

/// Bytes that one job moves at most; then another job has the thread.
const JOB: u64 = 4 * 1024 * 1024;

/// Moves a file down a link that ends in a descriptor.
pub(crate) struct Mover {
    reader: Reader,
    /// What is moved next.
    at: u64,
    end: u64,
    /// None once somebody else has it: what copies instead.
    link: Option<Downstream<Bytes>>,
    to: StageName,
    kind: Target,
    reporter: Reporter,
    file: Option<Arc<File>>,
    target: Option<Arc<File>>,
    /// The target takes some, as far as is known.
    takes: bool,
    /// The job that is under way.
    job: Option<JobId>,
    paused: bool,
    /// What it reports once nobody has its files any more.
    closing: Option<Result<Counts, PipeError>>,
    reported: bool,
    copying: Option<Running>,
}

pub(crate) enum Message {
    Opened(Result<File, JobError<FsError>>),
    Lent(io::Result<File>),
    Moved(Result<Step, JobError<Failure>>),
    Demand(Demand),
    Control(Control),
    Copied(Result<Summary, PipeError>),
}

/// What a job has moved, and why it went no further.
pub(crate) struct Step {
    bytes: u64,
    stop: Stop,
}

enum Stop {
    /// The target takes no more for now.
    Full,
    /// The file ends.
    End,
    /// Others have their turn first.
    Cap,
}

/// Whose error it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Target(io::Error),
    #[error("{0}")]
    File(io::Error),
    /// The kernel does not move bytes between such files.
    #[error("the kernel cannot move them")]
    Unfit,
}

impl Mover {
    /// Spawns one for the file that `reader` reads.
    pub(crate) fn spawn(
        assembly: &mut Assembly<'_>,
        reader: Reader,
        straight: Straight,
        outflow: Outflow<Bytes>,
    ) {
        let (from, to) = reader.region();
        let link = outflow.into_link(assembly);
        let reporter = assembly.enter("fs::reader");
        let member = reporter.member;
        let mover = Self {
            reader,
            at: from,
            end: to,
            link: Some(link),
            to: straight.name,
            kind: straight.kind,
            reporter,
            file: None,
            target: None,
            takes: true,
            job: None,
            paused: false,
            closing: None,
            reported: false,
            copying: None,
        };
        let spawn = Spawn::numbered(member, "fs::reader").tireless().unmourned();
        let address = assembly.stages.spawn_with(spawn, mover);
        assembly.set_control(member, address.recipient(Message::Control));
        // One that has ended says so by the link.
        let _ = straight.lender.send(address.recipient(Message::Lent));
    }

    /// Starts a job, if everything is there for it.
    fn go_on(&mut self, ctx: &mut Context<'_, Self>) {
        let (Some(file), Some(target)) = (&self.file, &self.target) else { return };
        let waits = self.job.is_some() || self.paused || !self.takes;
        if waits || self.is_closing() || self.link.is_none() {
            return;
        }
        let (file, target, kind) = (Arc::clone(file), Arc::clone(target), self.kind);
        let (at, end) = (self.at, self.end);
        // What the target says meanwhile is news.
        self.takes = kind == Target::File;
        let job = try_job(Lane::Fs, move || step(&file, &target, kind, at, end));
        let job = job.named("fs::reader (moved by the kernel)");
        self.job = Some(ctx.start(job, Message::Moved));
    }

    fn moved(&mut self, step: Result<Step, JobError<Failure>>, ctx: &mut Context<'_, Self>) {
        self.job = None;
        if let Some(result) = self.closing.take() {
            return self.report(result, ctx);
        }
        let Step { bytes, stop } = match step {
            Ok(step) => step,
            Err(JobError::Failed(Failure::Unfit)) => return self.copy(ctx),
            Err(JobError::Failed(Failure::Target(error))) => {
                return self.fail(PipeError::new(self.to.clone(), error), ctx);
            }
            Err(JobError::Failed(Failure::File(error))) => {
                let error = FsError::new("reading", self.reader.path(), error);
                return self.fail(self.reporter.error(error), ctx);
            }
            Err(error) => return self.fail(self.reporter.error(error), ctx),
        };
        self.at += bytes;
        if let Some(link) = &mut self.link
            && bytes > 0
        {
            link.moved(bytes);
        }
        match stop {
            Stop::Full => {}
            Stop::Cap => self.takes = true,
            Stop::End => {
                if let Some(link) = &mut self.link {
                    link.take(Flow::End);
                }
                self.close(Ok(Counts::default()), ctx);
            }
        }
    }

    /// The kernel cannot move these: what is left is read and written.
    fn copy(&mut self, ctx: &mut Context<'_, Self>) {
        let Some(mut link) = self.link.take() else { return };
        link.moved(0);
        let to = self.to.clone();
        let sink = Sink::new(move |_| Outflow::Link { link: Box::new(link), to });
        // The same file, whatever is at the path by now. A job that had it is home.
        let file = self.file.take().and_then(Arc::into_inner);
        let rest = self.reader.clone().range(self.at..self.end).copied(file);
        let running = rest.pipe(sink).start(ctx, Message::Copied);
        if self.paused {
            running.pause();
        }
        self.copying = Some(running);
    }

    fn control(&mut self, control: Control, ctx: &mut Context<'_, Self>) {
        match control {
            Control::Abort(error) => return self.fail(error, ctx),
            Control::Pause => self.paused = true,
            Control::Resume => self.paused = false,
        }
        if let Some(copying) = &self.copying {
            if self.paused { copying.pause() } else { copying.resume() }
        }
    }

    fn fail(&mut self, error: PipeError, ctx: &mut Context<'_, Self>) {
        if self.is_closing() {
            return;
        }
        if let Some(link) = &mut self.link {
            link.take(Flow::Failed(error.clone()));
        }
        self.close(Err(error), ctx);
    }

    /// It is over; it says so once the job is home that has its files.
    fn close(&mut self, result: Result<Counts, PipeError>, ctx: &mut Context<'_, Self>) {
        if self.is_closing() {
            return;
        }
        match self.job {
            Some(job) => {
                self.closing = Some(result);
                // One that waits for a thread never begins, and is home at once.
                ctx.cancel_job(job);
            }
            None => self.report(result, ctx),
        }
    }

    fn is_closing(&self) -> bool {
        self.reported || self.closing.is_some()
    }

    fn report(&mut self, result: Result<Counts, PipeError>, ctx: &mut Context<'_, Self>) {
        self.reported = true;
        (self.file, self.target) = (None, None);
        self.reporter.closed(result);
        ctx.stop();
    }
}

impl Actor for Mover {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let upstream = Upstream::to(ctx.address(), Message::Demand);
        if let Some(link) = &mut self.link {
            link.take(Flow::Begin(upstream));
        }
        let path = self.reader.path().to_owned();
        let open = try_job(Lane::Fs, move || {
            let file = os::open_at_once(OpenOptions::new().read(true), &path);
            file.map_err(|error| FsError::new("opening", &path, error))
        });
        ctx.start(open.named("fs::reader"), Message::Opened);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            Message::Opened(Ok(file)) => self.file = Some(Arc::new(file)),
            Message::Opened(Err(JobError::Failed(error))) => {
                self.fail(self.reporter.error(error), ctx);
            }
            Message::Opened(Err(error)) => self.fail(self.reporter.error(error), ctx),
            Message::Lent(Ok(target)) => self.target = Some(Arc::new(target)),
            // No descriptor is left to lend.
            Message::Lent(Err(_)) => self.copy(ctx),
            Message::Moved(step) => self.moved(step, ctx),
            Message::Demand(Demand::More(_)) => self.takes = true,
            // Once it is copied, the link has another upper end.
            Message::Demand(Demand::Cancel) if self.copying.is_none() => {
                self.close(Ok(Counts::default()), ctx);
            }
            Message::Demand(Demand::Cancel) => {}
            Message::Control(control) => self.control(control, ctx),
            Message::Copied(result) => self.close(result.map(|_| Counts::default()), ctx),
        }
        self.go_on(ctx);
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, ctx: &mut Context<'_, Self>) {
        if self.reported {
            return;
        }
        let gone = self.reporter.error(Cut::OwnerGone);
        if let Some(link) = &mut self.link {
            link.take(Flow::Failed(gone.clone()));
        }
        let result = self.closing.take().unwrap_or(Err(gone));
        self.report(result, ctx);
    }
}

/// Moves bytes until the target is full, the file ends, or others should have their turn. On a thread of the pool.
fn step(file: &File, target: &File, kind: Target, from: u64, end: u64) -> Result<Step, Failure> {
    let mut at = from;
    let stop = loop {
        let left = end.min(from + JOB).saturating_sub(at);
        if left == 0 {
            break if at >= end { Stop::End } else { Stop::Cap };
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let moved = match kind {
            Target::Socket => kernel::send_file(target, file, at, most),
            Target::File => kernel::copy_file(target, file, at, most),
        };
        match moved {
            // Files without a length, as those of /proc, look empty to some kernels.
            Ok(0) if kind == Target::File && at == 0 => return Err(Failure::Unfit),
            Ok(0) => break Stop::End,
            Ok(bytes) => at += bytes as u64,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Stop::Full,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(whose(error, kind)),
        }
    };
    Ok(Step { bytes: at - from, stop })
}

/// EXDEV, EBADF (a file that is appended to), ENOSYS, EOPNOTSUPP, ESPIPE: copying finds out what is really the matter.
fn whose(error: io::Error, kind: Target) -> Failure {
    use io::ErrorKind::{
        BrokenPipe, ConnectionReset, InvalidInput, NotConnected, NotSeekable, StorageFull,
    };
    match error.kind() {
        BrokenPipe | ConnectionReset | NotConnected | StorageFull => Failure::Target(error),
        InvalidInput | NotSeekable => Failure::Unfit,
        _ if kind == Target::File => Failure::Unfit,
        _ => Failure::File(error),
    }
}
