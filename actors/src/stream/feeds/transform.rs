//! A transformation of bytes as a feed: it has a state, and works on its loop or, if there is much to do, on the pool.
//!
//! Hashing and compression are [`Transform`]s; everything that they have in common is here: what waits, what is where,
//! when to ask for more, and the way to the pool and back. It knows no algorithm.
//!
//! | state and input are | then |
//! |---|---|
//! | at home, little to do | the loop works on it, at once |
//! | at home, much to do | they go to the pool, with all the input that waits |
//! | away | what comes waits: at most a window |
//! | home again | what was made is passed on; what waits is next |
//!
//! So at most a window is worked on, a window waits, and `BLOCKS_MAX` blocks of output wait for demand.

use std::collections::VecDeque;
use std::error::Error;

use bytes::Bytes;
use roundsman_runtime::{Context, JobError, Lane, try_job};

use crate::stream::PipeError;
use crate::stream::link::{Flow, weight, window};
use crate::stream::port::Port;
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::stage::{Stage, Tail};

/// How large a block of output is at most: Node's `chunkSize`.
const BLOCK: usize = 16 * 1024;
/// Blocks of output that are made before they are passed on: together a window.
const BLOCKS_MAX: usize = 4;

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
        waiting: VecDeque::new(),
        waits: 0,
        made: VecDeque::new(),
        bench: Place::Away,
        ended: false,
    };
    Stage::waiting(name, feed)
}

/// A stage that transforms bytes.
struct TransformFeed<T: Transform> {
    name: &'static str,
    port: Port,
    make: Option<Make<T>>,
    /// What has come and is with nobody yet.
    waiting: VecDeque<Bytes>,
    /// How much it counts.
    waits: u64,
    /// What was made and not passed on.
    made: VecDeque<Bytes>,
    bench: Place<Box<Bench<T>>>,
    /// Nothing more comes.
    ended: bool,
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

/// A transformation and what it works on: what travels to the pool and back.
struct Bench<T> {
    transform: T,
    input: VecDeque<Bytes>,
    /// No input comes after this.
    last: bool,
    out: Vec<u8>,
    made: VecDeque<Bytes>,
    state: State,
}

/// How far it has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has put out what it will, before more comes.
    Idle,
    /// Input was used since the last flush.
    Dirty,
    /// It has stopped because its output was full.
    Full,
    Finished,
}

impl<T: Transform> Bench<T> {
    fn new(transform: T) -> Self {
        let (input, made) = (VecDeque::new(), VecDeque::new());
        Self { transform, input, last: false, out: Vec::new(), made, state: State::Idle }
    }

    /// Whether there is anything to do.
    fn is_busy(&self) -> bool {
        match self.state {
            State::Finished => false,
            State::Full => true,
            State::Dirty if self.transform.flushes() => true,
            State::Dirty | State::Idle => self.last || !self.input.is_empty(),
        }
    }

    /// Whether that is more than should be done on a loop.
    fn is_heavy(&self) -> bool {
        let input = self.input.iter().map(Bytes::len).sum();
        // What has filled a block may fill many.
        self.state == State::Full || self.transform.effort(input, self.last) > T::INLINE_MAX
    }

    /// Works until the input is used up, or so many blocks are made.
    fn work(&mut self, blocks: usize) -> Result<(), T::Error> {
        while self.is_busy() && self.made.len() < blocks {
            self.step()?;
        }
        Ok(())
    }

    /// Works until the input is used up, or a block is full.
    fn step(&mut self) -> Result<(), T::Error> {
        if !T::PASSES {
            self.out.reserve_exact(BLOCK);
        }
        while self.is_busy() {
            let mut nothing = Bytes::new();
            let goal = match self.input.len() {
                0 if self.last => Goal::Finished,
                0 if self.transform.flushes() => Goal::Flushed,
                _ => Goal::Used,
            };
            let input = self.input.front_mut().unwrap_or(&mut nothing);
            let reached = self.transform.run(input, goal, &mut self.out)?;
            self.state = match goal {
                _ if !reached => State::Full,
                Goal::Used => State::Dirty,
                Goal::Flushed => State::Idle,
                Goal::Finished => State::Finished,
            };
            if !reached {
                break;
            }
            self.input.pop_front();
        }
        self.cut_block();
        Ok(())
    }

    fn cut_block(&mut self) {
        if self.out.len() > BLOCK / 2 {
            self.made.push_back(std::mem::take(&mut self.out).into());
        } else if !self.out.is_empty() {
            // A block of its own size: whoever keeps it keeps no more than that.
            self.made.push_back(Bytes::copy_from_slice(&self.out));
            self.out.clear();
        }
    }
}

/// What such a stage waits for.
enum Event<T: Transform> {
    Flow(Flow<Bytes>),
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
            self.waits += weight(&block);
            self.waiting.push_back(block.clone());
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
                self.ended = true;
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
        let window = window::<Bytes>();
        if tail.room() > 0 && self.port.asked() + self.waits <= window / 2 {
            self.port.ask_up_to(window - self.waits);
        }
    }

    /// Passes on what was made, as far as there is room. True if nothing is left.
    fn give(&mut self, tail: &mut dyn Tail<Bytes>) -> Result<bool, PipeError> {
        while tail.room() > 0 {
            let Some(block) = self.made.pop_front() else { break };
            tail.push(block)?;
        }
        Ok(self.made.is_empty())
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
            bench.input.append(&mut self.waiting);
            self.waits = 0;
            bench.last = self.ended;
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
            let worked = bench.work(1);
            self.made.append(&mut bench.made);
            worked.map_err(|error| self.error(error))?;
        }
        Ok(())
    }

    fn send_away(&mut self, ctx: &mut Context<'_, Runner<Self>>) {
        if let Place::Home(mut bench) = std::mem::replace(&mut self.bench, Place::Away) {
            let work = try_job(T::LANE, move || bench.work(BLOCKS_MAX).map(|()| bench));
            ctx.start(work.named(self.name), |worked| RunnerMessage::Event(Event::Worked(worked)));
        }
    }
}

impl<T: Transform> Feed for TransformFeed<T> {
    type Item = Bytes;
    type Event = Event<T>;

    fn begin(&mut self, _: &mut Context<'_, Runner<Self>>) -> Result<(), PipeError> {
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
            Event::Worked(Ok(mut bench)) => {
                self.made.append(&mut bench.made);
                self.bench = Place::Home(bench);
            }
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
