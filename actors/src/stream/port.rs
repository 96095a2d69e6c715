//! A port: the lower end of a link in the hands of an actor that takes from it.

use super::PipeError;
use super::link::{Flow, Upstream, weight, window};
use super::stage::Tail;

/// The lower end of a link: whom to ask, and how much was asked for and has not come.
pub(crate) struct Port {
    upstream: Option<Upstream>,
    asked: u64,
    life: Life,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Not begun.
    New,
    Open,
    /// It has said its last.
    Over,
}

impl Port {
    pub(crate) fn new() -> Self {
        Self { upstream: None, asked: 0, life: Life::New }
    }

    /// The link has begun.
    pub(crate) fn begin(&mut self, upstream: Upstream) {
        if self.life == Life::Over {
            // It was let go before it began.
            return upstream.cancel();
        }
        self.upstream = Some(upstream);
        self.life = Life::Open;
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
        let window = window::<T>();
        if self.asked <= window / 2 {
            self.ask_up_to(window);
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

    /// Asked for and not come.
    pub(crate) fn asked(&self) -> u64 {
        self.asked
    }

    /// The end has come, or a failure.
    pub(crate) fn end(&mut self) {
        self.upstream = None;
        self.life = Life::Over;
    }

    /// Nothing more is wanted.
    pub(crate) fn cancel(&mut self) {
        if let Some(upstream) = self.upstream.take() {
            upstream.cancel();
        }
        self.life = Life::Over;
    }

    /// Whether nothing more will come.
    pub(crate) fn is_over(&self) -> bool {
        self.life == Life::Over
    }
}
