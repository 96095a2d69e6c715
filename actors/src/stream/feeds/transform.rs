//! A transformation of bytes as a feed: it has a state, and works on its loop or, if there is much to do, on the pool.
//!
//! Hashing and compression are [`Transform`]s; everything that they have in common is here: what waits, what is where,
//! when to ask for more, and the way to the pool and back. It knows no algorithm.
//!
//! | the bench, which is the state and its input, is | then |
//! |---|---|
//! | at home, with little to do | the loop works at it, at once |
//! | at home, with much to do | it goes to the pool |
//! | away | loop and job meet at the counter: new input there, finished blocks back; the loop is told when to look |
//! | home again | as at the beginning |
//!
//! So at most a window is worked on, a window waits, and two windows of output wait for demand.

use std::collections::VecDeque;
use std::error::Error;

use bytes::Bytes;
use roundsman_runtime::{Context, JobError, Lane, Recipient, try_job};

use super::bench::{Bench, Counter, State};
use crate::stream::PipeError;
use crate::stream::link::{Flow, window};
use crate::stream::port::Port;
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::stage::{Stage, Tail};

/// What is done with bytes, in order. It runs on a loop or on a thread of the pool, and makes the same of them on both.
pub(crate) trait Transform: Send + 'static {
    type Error: Error + Send + Sync + 'static;
    /// Where it works when there is much to do.
    const LANE: Lane;
    /// How much it may do on the loop at once, as [`effort`](Self::effort) counts: a fraction of a millisecond.
    const INLINE_MAX: usize;
    /// It only looks: each block goes on as it is, before it is worked on, and nothing else does.
    const PASSES: bool = false;

    /// Works on `input` from its beginning, and takes off what it has used. What it makes is appended to `out`, up to its
    /// capacity. True if `goal` is reached; false if `out` is full, and it is to be called again.
    fn run(
        &mut self,
        input: &mut Bytes,
        goal: Goal,
        out: &mut Vec<u8>,
    ) -> Result<bool, Self::Error>;

    /// How many bytes it would work on if so many came now; `last`: and then the end.
    fn effort(&self, input: usize, last: bool) -> usize {
        let _ = last;
        input
    }

    /// Whether all that has come is to be put out whenever nothing more waits.
    fn flushes(&self) -> bool {
        false
    }

    /// All was put out, and the end is passed on now. On the loop, once; never after a failure.
    fn finished(&mut self) {}
}

/// How far a [`Transform`] is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// The input is used up.
    Used,
    /// And all that it gives is put out.
    Flushed,
    /// And nothing comes after it.
    Finished,
}

/// A stage that does this. What it works with is made as it starts.
pub(crate) fn transform<T: Transform>(
    name: &'static str,
    make: impl FnOnce() -> Result<T, T::Error> + Send + 'static,
) -> Stage<Bytes, Bytes> {
    let feed = TransformFeed {
        name,
        port: Port::new(),
        make: Some(Box::new(make)),
        made: VecDeque::new(),
        bench: Place::Away,
        counter: Counter::default(),
        look: None,
    };
    Stage::waiting(name, feed)
}

/// A stage that transforms bytes.
struct TransformFeed<T: Transform> {
    name: &'static str,
    port: Port,
    make: Option<Make<T>>,
    /// What was taken from the counter and not passed on.
    made: VecDeque<Bytes>,
    bench: Place<Box<Bench<T>>>,
    counter: Counter,
    /// How a job has the loop look.
    look: Option<Recipient<()>>,
}

type Make<T> = Box<dyn FnOnce() -> Result<T, <T as Transform>::Error> + Send>;

/// Where the work is.
enum Place<B> {
    Home(B),
    /// With the pool; or not made yet.
    Away,
    /// Done, and the end was passed on.
    Gone,
}

/// What such a stage waits for.
enum Event<T: Transform> {
    Flow(Flow<Bytes>),
    /// A job has left something on the counter, or has taken something.
    Moved,
    Worked(Result<Box<Bench<T>>, JobError<T::Error>>),
}

impl<T: Transform> From<Flow<Bytes>> for Event<T> {
    fn from(flow: Flow<Bytes>) -> Self {
        Self::Flow(flow)
    }
}

impl<T: Transform> TransformFeed<T> {
    fn error(&self, cause: impl Error + Send + Sync + 'static) -> PipeError {
        PipeError::new(self.name, Box::new(cause) as Box<dyn Error + Send + Sync>)
    }

    fn arrived(&mut self, block: Bytes, tail: &mut dyn Tail<Bytes>) -> Result<(), PipeError> {
        self.port.arrived(&block);
        if !block.is_empty() {
            self.counter.lock().put(block.clone());
        }
        if T::PASSES { tail.push(block) } else { Ok(()) }
    }

    fn flow(&mut self, flow: Flow<Bytes>, tail: &mut dyn Tail<Bytes>) -> Result<(), PipeError> {
        match flow {
            Flow::Begin(upstream) => self.port.begin(upstream),
            Flow::Item(block) => self.arrived(block, tail)?,
            Flow::Items(blocks) => {
                for block in blocks {
                    self.arrived(block, tail)?;
                }
            }
            Flow::End => {
                self.port.end();
                self.counter.lock().input.last = true;
            }
            Flow::Failed(error) => {
                self.port.end();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Asks for what may wait beside what is worked on, if anything is wanted below.
    fn ask(&mut self, tail: &dyn Tail<Bytes>) {
        if tail.room() > 0 {
            let waits = self.counter.lock().weight;
            self.port.ask_beside(waits, window::<Bytes>());
        }
    }

    /// Passes on what was made, as far as there is room. True if nothing is left.
    fn give(&mut self, tail: &mut dyn Tail<Bytes>) -> Result<bool, PipeError> {
        loop {
            if self.made.is_empty() {
                std::mem::swap(&mut self.made, &mut self.counter.lock().made);
            }
            if self.made.is_empty() || tail.room() == 0 {
                return Ok(self.made.is_empty());
            }
            if let Some(block) = self.made.pop_front() {
                tail.push(block)?;
            }
        }
    }

    /// Does what is to be done, here or on the pool.
    fn work(
        &mut self,
        tail: &mut dyn Tail<Bytes>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        // At most two rounds: what is not done after a block goes to the pool.
        while self.give(tail)? {
            let Place::Home(bench) = &mut self.bench else { return Ok(()) };
            self.counter.lock().give_input(bench);
            if bench.state == State::Finished {
                bench.transform.finished();
                self.bench = Place::Gone;
                return tail.end();
            }
            if !bench.is_busy() {
                return Ok(());
            }
            if bench.is_heavy() {
                self.send_away(ctx);
                return Ok(());
            }
            if let Err(error) = bench.step() {
                return Err(self.error(error));
            }
            self.made.append(&mut bench.made);
        }
        Ok(())
    }

    fn send_away(&mut self, ctx: &mut Context<'_, Runner<Self>>) {
        if let Place::Home(mut bench) = std::mem::replace(&mut self.bench, Place::Away) {
            let (counter, look) = (self.counter.clone(), self.look.clone());
            let work = try_job(T::LANE, move || {
                bench.work(&counter, look.as_ref())?;
                Ok(bench)
            });
            ctx.start(work.named(self.name), |worked| RunnerMessage::Event(Event::Worked(worked)));
        }
    }
}

impl<T: Transform> Feed for TransformFeed<T> {
    type Item = Bytes;
    type Event = Event<T>;

    fn begin(&mut self, ctx: &mut Context<'_, Runner<Self>>) -> Result<(), PipeError> {
        self.look = Some(ctx.recipient(|()| RunnerMessage::Event(Event::Moved)));
        if let Some(make) = self.make.take() {
            let transform = make().map_err(|error| self.error(error))?;
            self.bench = Place::Home(Box::new(Bench::new(transform)));
        }
        Ok(())
    }

    fn take(
        &mut self,
        event: Event<T>,
        tail: &mut dyn Tail<Bytes>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            Event::Flow(flow) => return self.flow(flow, tail),
            Event::Moved => self.counter.lock().told = false,
            Event::Worked(Ok(bench)) => self.bench = Place::Home(bench),
            Event::Worked(Err(JobError::Failed(error))) => return Err(self.error(error)),
            Event::Worked(Err(error)) => return Err(self.error(error)),
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<Bytes>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        self.work(tail, ctx)?;
        self.ask(tail);
        Ok(false)
    }

    fn let_go(&mut self) {
        self.port.cancel();
    }
}
