//! The actor that writes a file: what comes down its link goes to the pool, one job at a time.
//!
//! It is not paused and asks for no more than a window. Whatever happens, it reports after its file was closed.

use bytes::Bytes;
use roundsman_runtime::{
    Actor, Address, Context, ExitReason, JobError, Lane, Outcome, Spawn, job, try_job,
};

use super::output::Output;
use super::{FsError, names};
use crate::kernel;
use crate::stream::assembly::{Control, Counts, Reporter};
use crate::stream::source::Outflow;
use crate::stream::stage_name::StageName;
use crate::stream::straight::{Borrower, Straight, Target};
use crate::stream::{Cut, Flow, Owed, PipeError, Sink, Subscriber, Upstream, weight};
use crate::write_queue::WriteQueue;

/// Bytes that may wait here, or be written: larger than the window of a link, for each job is a way there and back.
const WINDOW: u64 = 256 * 1024;

/// A sink whose items jobs write to `output`. `name` says what it is, for errors and progress.
pub(crate) fn into_output(name: String, output: impl Output) -> Sink<Bytes> {
    Sink::new(move |assembly| {
        let reporter = assembly.enter(name);
        let (member, to) = (reporter.member, reporter.name.clone());
        let spawn = Spawn::named(format!("{member}:{to}")).tireless().unmourned();
        let writer = FileWriter {
            output: Some(Box::new(output)),
            busy: false,
            upstream: None,
            owed: Owed::default(),
            queue: WriteQueue::default(),
            writing: 0,
            borrower: None,
            ending: false,
            failed: None,
            reporter,
            counts: Counts::default(),
        };
        let address = assembly.stages.spawn_with(spawn, writer);
        assembly.set_control(member, address.recipient(Message::Control));
        let name = to.clone();
        Outflow::Link { link: Box::new(IntoFile { address, name }), to }
    })
}

/// The lower end of a link into a file.
struct IntoFile {
    address: Address<Message>,
    name: StageName,
}

impl Subscriber<Bytes> for IntoFile {
    fn take(&mut self, flow: Flow<Bytes>) -> bool {
        self.address.send(Message::Flow(flow)).is_ok()
    }

    fn straight(&self) -> Option<Straight> {
        let lender = self.address.recipient(Message::Lend);
        let moves = kernel::MOVES && !names::are_simulated();
        moves.then(|| Straight { kind: Target::File, name: self.name.clone(), lender })
    }

    fn moved(&mut self, bytes: u64) {
        // One that has ended has said so.
        let _ = self.address.send(Message::Moved(bytes));
    }
}

type Lent = Box<dyn Output>;

/// What the writer takes.
enum Message {
    Flow(Flow<Bytes>),
    /// Somebody wants to have the kernel move bytes into the file.
    Lend(Borrower),
    /// So many were moved.
    Moved(u64),
    Control(Control),
    /// A job has opened the file, or written to it.
    Written(Result<Lent, JobError<FsError>>),
    /// The last job: the file is closed.
    Closed(Result<(), JobError<FsError>>),
}

/// Writes one file.
struct FileWriter {
    /// `None` while a job has it, and once it is closed.
    output: Option<Lent>,
    /// A job runs.
    busy: bool,
    upstream: Option<Upstream>,
    /// Asked for and not come.
    owed: Owed,
    queue: WriteQueue,
    /// Bytes that a job writes now.
    writing: u64,
    /// Who waits for the file's descriptor, until it is open and everything is written.
    borrower: Option<Borrower>,
    /// Nothing more will come.
    ending: bool,
    /// Why it will have failed, once the file is closed.
    failed: Option<PipeError>,
    reporter: Reporter,
    counts: Counts,
}

impl FileWriter {
    fn take(&mut self, flow: Flow<Bytes>) {
        if self.failed.is_some() {
            if let Flow::Begin(upstream) = flow {
                upstream.cancel();
            }
            return;
        }
        match flow {
            Flow::Begin(upstream) => {
                // It may begin again, if the kernel cannot move what comes.
                self.owed = Owed::default();
                self.upstream = Some(upstream);
            }
            Flow::Item(bytes) => self.enqueue(bytes),
            Flow::Items(pieces) => pieces.into_iter().for_each(|bytes| self.enqueue(bytes)),
            Flow::End => {
                self.upstream = None;
                self.ending = true;
            }
            Flow::Failed(error) => self.fail(error),
        }
    }

    fn enqueue(&mut self, bytes: Bytes) {
        self.owed.give(weight(&bytes));
        self.counts.add(&bytes);
        self.queue.push(bytes);
    }

    /// What waits is given up. The first failure stands.
    fn fail(&mut self, error: PipeError) {
        if let Some(upstream) = self.upstream.take() {
            upstream.cancel();
        }
        self.queue = WriteQueue::default();
        self.failed.get_or_insert(error);
    }

    fn fail_job(&mut self, error: JobError<FsError>) {
        self.busy = false;
        let error = match error {
            JobError::Failed(error) => self.reporter.error(error),
            other => self.reporter.error(other),
        };
        self.fail(error);
    }

    fn ask(&mut self) {
        let Some(upstream) = &self.upstream else { return };
        let held = self.writing + self.queue.len() as u64;
        if self.owed.leaves_half(held, WINDOW) {
            let missing = self.owed.missing(held, WINDOW);
            upstream.request(missing);
            self.owed.ask(missing);
        }
    }

    /// Gives the pool what there is to do.
    fn go_on(&mut self, ctx: &mut Context<'_, Self>) {
        self.ask();
        if self.busy {
            return;
        }
        if self.failed.is_some() {
            return self.give_up(ctx);
        }
        if self.queue.is_empty()
            && let (Some(output), Some(borrower)) = (&self.output, self.borrower.take())
        {
            // One that has ended needs none.
            let _ = borrower.send(output.lend());
        }
        if self.queue.is_empty() && !self.ending {
            return;
        }
        let Some(mut output) = self.output.take() else { return };
        self.busy = true;
        if self.queue.is_empty() {
            let close = try_job(Lane::Fs, move || output.finish()).named("closing a file");
            ctx.start(close, Message::Closed);
            return;
        }
        let mut queue = std::mem::take(&mut self.queue);
        self.writing = queue.len() as u64;
        let write = try_job(Lane::Fs, move || {
            output.write(&mut queue)?;
            Ok(output)
        });
        ctx.start(write.named("writing a file"), Message::Written);
    }

    /// Drops what was written, and then says why.
    fn give_up(&mut self, ctx: &mut Context<'_, Self>) {
        match self.output.take() {
            Some(output) => {
                self.busy = true;
                let drop = job(Lane::Fs, move || drop(output)).named("giving a file up");
                // A pool that takes no more jobs has dropped it.
                ctx.start(drop, |_| Message::Closed(Ok(())));
            }
            None => self.close(ctx),
        }
    }

    fn close(&mut self, ctx: &mut Context<'_, Self>) {
        let result = match self.failed.take() {
            Some(error) => Err(error),
            None => Ok(self.counts),
        };
        self.reporter.closed(result);
        ctx.stop();
    }
}

impl Actor for FileWriter {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let Some(mut output) = self.output.take() else { return Ok(()) };
        self.busy = true;
        let open = try_job(Lane::Fs, move || {
            output.open()?;
            Ok(output)
        });
        ctx.start(open.named("opening a file"), Message::Written);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            Message::Flow(flow) => self.take(flow),
            Message::Lend(borrower) => self.borrower = Some(borrower),
            Message::Moved(0) => self.owed = Owed::default(),
            Message::Moved(bytes) => {
                self.counts.items += 1;
                self.counts.bytes += bytes;
            }
            Message::Control(Control::Abort(error)) => self.fail(error),
            // What is under way is still written.
            Message::Control(Control::Pause | Control::Resume) => {}
            Message::Written(Ok(output)) => {
                (self.busy, self.writing) = (false, 0);
                self.output = Some(output);
            }
            Message::Closed(Ok(())) => {
                self.close(ctx);
                return Ok(());
            }
            Message::Written(Err(error)) | Message::Closed(Err(error)) => self.fail_job(error),
        }
        self.go_on(ctx);
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<'_, Self>) {
        // Its owner has ended. What it has is dropped with it, a job's as that comes home: no loop closes a file by that.
        if let Some(upstream) = self.upstream.take() {
            upstream.cancel();
        }
        let error = self.failed.take().unwrap_or_else(|| self.reporter.error(Cut::OwnerGone));
        self.reporter.closed(Err(error));
    }
}
