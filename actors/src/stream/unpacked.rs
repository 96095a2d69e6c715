//! An operator that turns one item into several, and holds back those that nobody has asked for.
//!
//! `flat_map`, `try_map` and the framing are made of it. What comes ahead of demand waits here as it came, and is unpacked
//! piece by piece: so one that gives millions fills no memory, and what may fail fails after what was before it has gone on.

use std::collections::VecDeque;

use crate::stream::PipeError;
use crate::stream::stage::{Operator, Tail};

/// Pieces that are given in one turn; then others have theirs.
const BATCH: u64 = 1024;

/// Turns items into pieces, one piece at a time. Asked only while there is room.
pub(crate) trait Unpack<In>: Send + 'static {
    type Out: Send + 'static;

    /// Whether an item gives one piece at most, so that as many may be pulled as there is room for.
    const ONE_EACH: bool = false;

    /// Takes an item. Comes after [`next`](Self::next) has said that there is nothing left of the one before.
    fn fill(&mut self, item: In);

    /// The next piece of the item in hand, if there is one.
    fn next(&mut self) -> Result<Option<Self::Out>, PipeError>;

    /// Whether nothing is left of the item in hand, as far as can be told without trying.
    fn is_empty(&self) -> bool;

    /// Nothing more comes: what is left over.
    fn finish(&mut self) -> Result<Option<Self::Out>, PipeError> {
        Ok(None)
    }
}

/// The operator; see [`Unpack`].
pub(crate) struct Unpacked<U, In> {
    unpack: U,
    /// What came before there was room: at most a link's window, for nothing is pulled meanwhile.
    waiting: VecDeque<In>,
    /// Pieces that it may still give in this turn.
    left: u64,
    ended: bool,
    finished: bool,
}

impl<U: Unpack<In>, In> Unpacked<U, In> {
    pub(crate) fn new(unpack: U) -> Self {
        Self { unpack, waiting: VecDeque::new(), left: BATCH, ended: false, finished: false }
    }

    /// Whether everything that has come was unpacked.
    fn is_spent(&self) -> bool {
        self.waiting.is_empty() && self.unpack.is_empty()
    }

    /// The next piece of what has come.
    fn next_piece(&mut self) -> Result<Option<U::Out>, PipeError> {
        loop {
            if let Some(piece) = self.unpack.next()? {
                return Ok(Some(piece));
            }
            let Some(item) = self.waiting.pop_front() else { return Ok(None) };
            self.unpack.fill(item);
        }
    }

    /// Gives as many pieces as there is room for, within the turn.
    fn give(&mut self, next: &mut dyn Tail<U::Out>) -> Result<(), PipeError> {
        while !self.is_spent() {
            let room = next.room().min(self.left);
            if room == 0 {
                return Ok(());
            }
            for _ in 0..room {
                let Some(piece) = self.next_piece()? else { break };
                self.left -= 1;
                next.push(piece)?;
            }
        }
        if self.ended && !std::mem::replace(&mut self.finished, true) {
            if let Some(rest) = self.unpack.finish()? {
                next.push(rest)?;
            }
            next.end()?;
        }
        Ok(())
    }
}

impl<In, U> Operator<In> for Unpacked<U, In>
where
    In: Send + 'static,
    U: Unpack<In>,
{
    type Out = U::Out;

    fn push(&mut self, item: In, next: &mut dyn Tail<U::Out>) -> Result<(), PipeError> {
        if self.is_spent() {
            // Mostly each has gone on before the next one comes.
            self.unpack.fill(item);
        } else {
            self.waiting.push_back(item);
        }
        self.give(next)
    }

    fn end(&mut self, next: &mut dyn Tail<U::Out>) -> Result<(), PipeError> {
        self.ended = true;
        self.give(next)
    }

    fn fail(&mut self, error: PipeError, next: &mut dyn Tail<U::Out>) {
        self.waiting.clear();
        next.fail(error);
    }

    fn resume(&mut self, next: &mut dyn Tail<U::Out>) -> Result<bool, PipeError> {
        self.left = BATCH;
        self.give(next)?;
        Ok(self.is_behind(next))
    }

    fn is_behind(&self, next: &dyn Tail<U::Out>) -> bool {
        !self.is_spent() && next.room() > 0
    }

    fn room(&self, next: &dyn Tail<U::Out>) -> u64 {
        if self.ended || !self.is_spent() {
            return 0;
        }
        if U::ONE_EACH { next.room() } else { next.room().min(1) }
    }

    fn remaining(&self, next: &dyn Tail<U::Out>) -> u64 {
        match next.remaining() {
            u64::MAX => u64::MAX,
            few if U::ONE_EACH => few,
            // The next one may give them all.
            few => few.min(1),
        }
    }
}
