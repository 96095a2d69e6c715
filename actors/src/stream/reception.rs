//! A reception: the lower end of a link whose items are each worked on by an actor of its own, several at a time.
//!
//! For stages that shake hands. What comes of an item is pushed as it is done, so nobody waits for somebody else. It spawns
//! nothing: the stage says how one begins, and tells when it is done.

use std::collections::VecDeque;

use super::PipeError;
use super::holdback::Holdback;
use super::link::Flow;
use super::stage::Tail;

/// The lower end of a link, so many places, and what was done there and not asked for.
pub(crate) struct Reception<In, Out> {
    held: Holdback<In>,
    places: usize,
    /// Taken by those that are not done.
    taken: usize,
    done: VecDeque<Out>,
}

impl<In: 'static, Out> Reception<In, Out> {
    /// With so many places, for those under way and those done that nobody has asked for together.
    pub(crate) fn new(places: usize) -> Self {
        Self { held: Holdback::new(), places, taken: 0, done: VecDeque::new() }
    }

    /// Takes what has come. A failure is returned, and drops what is held.
    pub(crate) fn take(&mut self, flow: Flow<In>) -> Result<(), PipeError> {
        self.held.take(flow)
    }

    /// Something has come of an item, which keeps its place.
    pub(crate) fn add(&mut self, out: Out) {
        self.done.push_back(out);
    }

    /// Nothing more comes of an item.
    pub(crate) fn leave(&mut self) {
        self.taken -= 1;
    }

    /// Pushes what is done, and begins what there are places for; `begin` says whether it has.
    ///
    /// While nobody asks, none begins. While somebody does, as many begin as there are places, not only as many as are asked
    /// for: else the first few that take long would keep out all others.
    pub(crate) fn advance(
        &mut self,
        tail: &mut dyn Tail<Out>,
        mut begin: impl FnMut(In) -> bool,
    ) -> Result<(), PipeError> {
        while tail.room() > 0
            && let Some(out) = self.done.pop_front()
        {
            tail.push(out)?;
        }
        while tail.room() > 0
            && self.free() > 0
            && let Some(item) = self.held.pop()
        {
            self.taken += usize::from(begin(item));
        }
        if self.held.is_dry() && self.taken == 0 && self.done.is_empty() {
            tail.end()?;
        } else if tail.room() > 0 {
            self.held.ask_up_to(self.free() as u64);
        }
        Ok(())
    }

    /// Turns away those who have not begun; nobody new comes.
    pub(crate) fn close(&mut self) {
        self.held.cancel();
    }

    /// The same, and lets go of what is done, too.
    pub(crate) fn clear(&mut self) {
        self.close();
        self.done.clear();
    }

    fn free(&self) -> usize {
        self.places.saturating_sub(self.taken + self.done.len())
    }
}
