//! A holdback: the lower end of a link, and what came through it that cannot go on yet.
//!
//! For stages that hold items back. What it holds and what it has asked for are together no more than it may hold.

use std::collections::VecDeque;

use super::PipeError;
use super::link::{Flow, weight, window};
use super::port::Port;

/// The lower end of a link with a queue.
pub(crate) struct Holdback<T> {
    port: Port,
    queue: VecDeque<T>,
    /// Of what is in the queue, as links count it.
    weight: u64,
}

impl<T: 'static> Holdback<T> {
    pub(crate) fn new() -> Self {
        Self { port: Port::new(), queue: VecDeque::new(), weight: 0 }
    }

    /// Takes what has come. A failure is returned, and drops what is held.
    pub(crate) fn take(&mut self, flow: Flow<T>) -> Result<(), PipeError> {
        match flow {
            Flow::Begin(upstream) => self.port.begin(upstream),
            Flow::Item(item) => self.enter(item),
            Flow::Items(items) => items.into_iter().for_each(|item| self.enter(item)),
            Flow::End => self.port.end(),
            Flow::Failed(error) => {
                self.port.end();
                self.queue.clear();
                return Err(error);
            }
        }
        Ok(())
    }

    fn enter(&mut self, item: T) {
        self.port.arrived(&item);
        self.weight += weight(&item);
        self.queue.push_back(item);
    }

    /// Asks for a window, less what is held.
    pub(crate) fn ask(&mut self) {
        self.ask_up_to(window::<T>());
    }

    /// Asks until so much is held or asked for; not before half of it is free.
    pub(crate) fn ask_up_to(&mut self, most: u64) {
        self.port.ask_beside(self.weight, most);
    }

    /// The item that came first.
    pub(crate) fn first(&self) -> Option<&T> {
        self.queue.front()
    }

    /// The same, taken out.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let item = self.queue.pop_front()?;
        self.weight -= weight(&item);
        Some(item)
    }

    /// How many items are held.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether the end has come, and everything before it has been taken out.
    pub(crate) fn is_dry(&self) -> bool {
        self.port.is_over() && self.queue.is_empty()
    }

    /// Nothing more is wanted.
    pub(crate) fn cancel(&mut self) {
        self.port.cancel();
        self.queue.clear();
        self.weight = 0;
    }
}
