//! A port: the lower end of a link in the hands of an actor that takes from it.

use super::PipeError;
use super::link::{Flow, Upstream, is_bytes, weight, wide_window, window};
use super::owed::Owed;
use super::stage::Tail;

/// The lower end of a link: whom to ask, and how much was asked for and has not come.
pub(crate) struct Port {
    upstream: Option<Upstream>,
    owed: Owed,
    /// It has said its last, or was cancelled.
    over: bool,
}

impl Port {
    pub(crate) fn new() -> Self {
        Self { upstream: None, owed: Owed::default(), over: false }
    }

    /// The link has begun. If it was cancelled before, the upper end hears of it now: an [`Upstream`] that is dropped
    /// cancels.
    pub(crate) fn begin(&mut self, upstream: Upstream) {
        if !self.over {
            self.upstream = Some(upstream);
        }
    }

    /// Takes what has come, and passes it on.
    pub(crate) fn pass<T: 'static>(
        &mut self,
        flow: Flow<T>,
        tail: &mut dyn Tail<T>,
    ) -> Result<(), PipeError> {
        match flow {
            Flow::Begin(upstream) => self.begin(upstream),
            Flow::Item(item) => {
                self.arrived(&item);
                tail.push(item)?;
            }
            Flow::Items(items) => {
                for item in items {
                    self.arrived(&item);
                    tail.push(item)?;
                }
            }
            Flow::End => {
                self.end();
                tail.end()?;
            }
            Flow::Failed(error) => {
                self.end();
                return Err(error);
            }
        }
        Ok(())
    }

    /// An item has come.
    #[inline]
    pub(crate) fn arrived<T: 'static>(&mut self, item: &T) {
        self.owed.give(weight(item));
    }

    /// Asks again, if at most half of the window is asked for.
    pub(crate) fn ask<T: 'static>(&mut self) {
        self.ask_within::<T>(0, u64::MAX);
    }

    /// The same for whoever has room for so many items now, and will take so many in all. With room for more than a
    /// window, more is asked for: nothing waits here.
    pub(crate) fn ask_within<T: 'static>(&mut self, room: u64, remaining: u64) {
        let most = room.min(wide_window::<T>()).max(window::<T>());
        if self.owed.leaves_half(0, most) {
            // How many items bytes are is not known before they are there.
            self.fill(0, if is_bytes::<T>() { most } else { most.min(remaining) });
        }
    }

    /// Asks until so much is held by whoever has this end, or on its way; not before half of it is free.
    pub(crate) fn ask_beside(&mut self, held: u64, most: u64) {
        if self.owed.leaves_half(held, most) {
            self.fill(held, most);
        }
    }

    /// Asks until so much is on its way.
    pub(crate) fn ask_up_to(&mut self, most: u64) {
        self.fill(0, most);
    }

    fn fill(&mut self, held: u64, most: u64) {
        let missing = self.owed.missing(held, most);
        if let Some(upstream) = &self.upstream
            && missing > 0
        {
            upstream.request(missing);
            self.owed.ask(missing);
        }
    }

    /// Asks for as much as there is room for, at most a window, if at most half of that is asked for.
    pub(crate) fn ask_for_room<T: 'static>(&mut self, room: u64) {
        self.ask_beside(0, window::<T>().min(room));
    }

    /// The end has come, or a failure.
    pub(crate) fn end(&mut self) {
        self.upstream = None;
        self.over = true;
    }

    /// Nothing more is wanted.
    pub(crate) fn cancel(&mut self) {
        if let Some(upstream) = self.upstream.take() {
            upstream.cancel();
        }
        self.over = true;
    }

    /// Whether nothing more will come.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }
}
