//! A feed whose items are read by jobs: it reads a little ahead, and keeps the order.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use roundsman_runtime::{Context, JobError, Lane, try_job};

use super::FsError;
use super::chunks::Chunks;
use super::input::{Batch, Input};
use crate::stream::PipeError;
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::source::Source;
use crate::stream::stage::Tail;

/// Chunks that are read before they are asked for.
const AHEAD: usize = 2;

/// A source of what jobs read from `input`, in chunks of `chunk` bytes.
pub(crate) fn from_input(name: &'static str, input: impl Input, chunk: usize) -> Source<Bytes> {
    looking_again(name, input, chunk, None)
}

/// The same of an input that may have nothing yet, if `look_again` is given or it says so itself: it is looked at again
/// after so long, and ends when the runtime is stopped as planned.
pub(crate) fn looking_again(
    name: &'static str,
    input: impl Input,
    chunk: usize,
    look_again: Option<Duration>,
) -> Source<Bytes> {
    Source::new(move |assembly, outflow| {
        let tail = outflow.into_tail(assembly);
        assembly.run.push(name);
        let feed = ReadFeed {
            name,
            input: Some(Box::new(input)),
            chunks: Chunks::new(chunk),
            ready: VecDeque::new(),
            look_again,
            waiting: false,
            ended: false,
            draining: false,
        };
        Runner::spawn(assembly, feed, tail);
    })
}

/// Reads by jobs, one at a time.
struct ReadFeed {
    name: &'static str,
    /// `None` while a job has it.
    input: Option<Box<dyn Input>>,
    chunks: Chunks,
    /// Read and not given.
    ready: VecDeque<Bytes>,
    look_again: Option<Duration>,
    /// There was nothing the last time, and the time to look again has not come.
    waiting: bool,
    /// The input has no more.
    ended: bool,
    /// If it never ends by itself, it ends with what is there.
    draining: bool,
}

/// What the feed waits for.
enum Event {
    Read(Result<(Box<dyn Input>, Batch), JobError<FsError>>),
    LookAgain,
}

impl ReadFeed {
    fn take_batch(&mut self, batch: Batch, ctx: &mut Context<'_, Runner<Self>>) {
        for buffer in batch.unused {
            self.chunks.give_back(buffer);
        }
        let nothing = batch.filled.is_empty();
        self.look_again = batch.look_again.or(self.look_again);
        let open_ended = self.look_again.is_some();
        self.ended = batch.ended || self.draining && open_ended && nothing;
        self.waiting = nothing && !self.ended;
        if let (true, Some(look_again)) = (self.waiting, self.look_again) {
            ctx.send_after(look_again, RunnerMessage::Event(Event::LookAgain));
        }
        let chunks = batch.filled.into_iter().map(|buffer| self.chunks.lend(buffer));
        self.ready.extend(chunks);
    }

    /// Has a job read on, if less is ready than should be.
    fn read_on(&mut self, ctx: &mut Context<'_, Runner<Self>>) {
        if self.ended || self.waiting || self.ready.len() >= AHEAD {
            return;
        }
        let Some(mut input) = self.input.take() else { return };
        // One for what is asked for while the job runs.
        let buffers = self.chunks.take(AHEAD + 1 - self.ready.len());
        let job = try_job(Lane::Fs, move || {
            let batch = input.read(buffers)?;
            Ok((input, batch))
        });
        ctx.start(job.named(self.name), |read| RunnerMessage::Event(Event::Read(read)));
    }
}

impl Feed for ReadFeed {
    type Item = Bytes;
    type Event = Event;

    fn take(
        &mut self,
        event: Event,
        _: &mut dyn Tail<Bytes>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            Event::Read(Ok((input, batch))) => {
                self.input = Some(input);
                self.take_batch(batch, ctx);
            }
            Event::Read(Err(JobError::Failed(error))) => {
                return Err(PipeError::new(self.name, error));
            }
            Event::Read(Err(error)) => return Err(PipeError::new(self.name, error)),
            Event::LookAgain => self.waiting = false,
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<Bytes>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        while tail.room() > 0 {
            let Some(chunk) = self.ready.pop_front() else { break };
            tail.push(chunk)?;
        }
        if self.ready.is_empty() && self.ended {
            tail.end()?;
        } else if !tail.is_closed() {
            self.read_on(ctx);
        }
        Ok(false)
    }

    fn drain(&mut self) {
        self.draining = true;
        self.ended |= self.waiting;
    }

    fn let_go(&mut self) {
        // What a job has is dropped as it comes home.
        self.input = None;
        self.ended = true;
        self.ready.clear();
    }
}
