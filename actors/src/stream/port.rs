//! A port: the lower end of a link in the hands of an actor that takes from it.

use super::PipeError;
use super::link::{Flow, Upstream, is_bytes, weight, wide_window, window};
use super::stage::Tail;

/// The lower end of a link: whom to ask, and how much was asked for and has not come.
pub(crate) struct Port {
    upstream: Option<Upstream>,
    asked: u64,
    /// It has said its last, or was cancelled.
    over: bool,
}

impl Port {
    pub(crate) fn new() -> Self {
        Self { upstream: None, asked: 0, over: false }
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
        self.asked = self.asked.saturating_sub(weight(item));
    }

    /// Asks again, if at most half of the window is asked for.
    pub(crate) fn ask<T: 'static>(&mut self) {
        self.ask_within::<T>(0, u64::MAX);
    }

    /// The same for whoever has room for so many items now, and will take so many in all. With room for more than a
    /// window, more is asked for: nothing waits here.
    pub(crate) fn ask_within<T: 'static>(&mut self, room: u64, remaining: u64) {
        let most = room.min(wide_window::<T>()).max(window::<T>());
        if self.asked <= most / 2 {
            // How many items bytes are is not known before they are there.
            self.ask_up_to(if is_bytes::<T>() { most } else { most.min(remaining) });
        }
    }

    /// Asks until so much is asked for.
    pub(crate) fn ask_up_to(&mut self, most: u64) {
        if let Some(upstream) = &self.upstream
            && self.asked < most
        {
            upstream.request(most - self.asked);
            self.asked = most;
        }
    }

    /// Asks for as much as there is room for, at most a window, if at most half of that is asked for.
    pub(crate) fn ask_for_room<T: 'static>(&mut self, room: u64) {
        let most = window::<T>().min(room);
        if self.asked() <= most / 2 {
            self.ask_up_to(most);
        }
    }

    /// Asked for and not come.
    pub(crate) fn asked(&self) -> u64 {
        self.asked
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
