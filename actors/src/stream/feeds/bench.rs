//! A bench: a transformation with its input, which travels to the pool and back; and the counter, where loop and job meet.
//!
//! Used by [`transform`](super::transform). It passes nothing on and asks for nothing: that is done on the loop.
//!
//! Waking a thread takes longer than hashing 16 KiB. With a job for each piece of input, thread and loop would wait for
//! each other half of the time. So a job looks at the counter between pieces: it takes input that has come, and leaves
//! what is finished. It comes home when it finds nothing to do, when enough is finished, and after some milliseconds in
//! any case, for others want the thread, too.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use roundsman_runtime::Recipient;

use super::transform::{Goal, Transform};
use crate::stream::link::weight;

/// How large a block of output is at most: Node's `chunkSize`.
const BLOCK: usize = 16 * 1024;
/// Blocks of output that are made before they are passed on: together a window.
const BLOCKS_MAX: usize = 4;
/// How much more a job does than the loop would at once; then it lets others have the thread. Some milliseconds.
const JOB_FACTOR: usize = 64;

/// A transformation and what it works on: what travels to the pool and back.
pub(super) struct Bench<T> {
    pub(super) transform: T,
    input: Input,
    out: Vec<u8>,
    pub(super) made: VecDeque<Bytes>,
    pub(super) state: State,
}

/// How far it has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It has put out what it will, before more comes.
    Idle,
    /// Input was used since the last flush.
    Dirty,
    /// It has stopped because its output was full.
    Full,
    Finished,
}

impl<T: Transform> Bench<T> {
    pub(super) fn new(transform: T) -> Self {
        let (input, made) = (Input::default(), VecDeque::new());
        Self { transform, input, out: Vec::new(), made, state: State::Idle }
    }

    /// Whether there is anything to do.
    pub(super) fn is_busy(&self) -> bool {
        match self.state {
            State::Finished => false,
            State::Full => true,
            State::Dirty if self.transform.flushes() => true,
            State::Dirty | State::Idle => self.input.last || !self.input.blocks.is_empty(),
        }
    }

    /// Whether that is more than should be done on a loop.
    pub(super) fn is_heavy(&self) -> bool {
        // What has filled a block may fill many.
        self.state == State::Full || self.effort() > T::INLINE_MAX
    }

    /// Works on the pool.
    pub(super) fn work(
        &mut self,
        counter: &Counter,
        look: Option<&Recipient<()>>,
    ) -> Result<(), T::Error> {
        let mut done = 0;
        loop {
            let Exchange { tells, is_full } = counter.exchange(self);
            // It is told again only after it has looked, so that one message at most is under way.
            if let Some(look) = look.filter(|look| tells && !look.is_closed()) {
                look.complete(());
            }
            if is_full || done > JOB_FACTOR * T::INLINE_MAX || !self.is_busy() {
                return Ok(());
            }
            done += self.effort();
            self.step()?;
            done += self.made.iter().map(Bytes::len).sum::<usize>();
        }
    }

    fn effort(&self) -> usize {
        let input = self.input.blocks.iter().map(Bytes::len).sum();
        self.transform.effort(input, self.input.last)
    }

    /// Works until the input is used up, or a block is full.
    pub(super) fn step(&mut self) -> Result<(), T::Error> {
        if !T::PASSES {
            self.out.reserve_exact(BLOCK);
        }
        while self.is_busy() {
            let mut nothing = Bytes::new();
            let goal = match self.input.blocks.len() {
                0 if self.input.last => Goal::Finished,
                0 if self.transform.flushes() => Goal::Flushed,
                _ => Goal::Used,
            };
            let input = self.input.blocks.front_mut().unwrap_or(&mut nothing);
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
            self.input.blocks.pop_front();
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

/// Input that waits.
#[derive(Default)]
pub(super) struct Input {
    blocks: VecDeque<Bytes>,
    /// Nothing comes after it.
    pub(super) last: bool,
}

/// Where the loop and a job meet: all input comes here first. Either holds the lock only to move blocks.
#[derive(Clone, Default)]
pub(super) struct Counter(Arc<Mutex<OnCounter>>);

#[derive(Default)]
pub(super) struct OnCounter {
    /// For the bench.
    pub(super) input: Input,
    /// How much it counts.
    pub(super) weight: u64,
    /// For the loop.
    pub(super) made: VecDeque<Bytes>,
    /// The loop was told to look, and has not looked yet.
    pub(super) told: bool,
}

impl Counter {
    pub(super) fn lock(&self) -> MutexGuard<'_, OnCounter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a job: leaves what is finished, and takes what is new.
    fn exchange<T>(&self, bench: &mut Bench<T>) -> Exchange {
        let mut counter = self.lock();
        let leaves = !bench.made.is_empty();
        counter.made.append(&mut bench.made);
        let takes = counter.give_input(bench);
        let tells = (leaves || takes) && !counter.told;
        counter.told |= tells;
        Exchange { tells, is_full: counter.made.len() >= BLOCKS_MAX }
    }
}

impl OnCounter {
    /// Takes an input.
    pub(super) fn put(&mut self, block: Bytes) {
        self.weight += weight(&block);
        self.input.blocks.push_back(block);
    }

    /// Puts all input on a bench that has none left: what is not used up makes no room for more. True if there was any.
    pub(super) fn give_input<T>(&mut self, bench: &mut Bench<T>) -> bool {
        if !bench.input.blocks.is_empty() {
            return false;
        }
        bench.input.blocks.append(&mut self.input.blocks);
        bench.input.last = self.input.last;
        std::mem::take(&mut self.weight) > 0
    }
}

/// What there was to exchange.
struct Exchange {
    /// Something moved, and the loop does not know yet.
    tells: bool,
    /// So much is finished that no more should be made.
    is_full: bool,
}
