//! A link as a feed: what stands before it runs in another actor.

use std::marker::PhantomData;

use roundsman_runtime::Context;

use crate::stream::PipeError;
use crate::stream::link::Flow;
use crate::stream::port::Port;
use crate::stream::runner::{Feed, Runner};
use crate::stream::stage::Tail;

/// Passes on what comes down a link.
pub(crate) struct LinkFeed<T> {
    port: Port,
    /// Asks for no more than there is room for now, for others could take it.
    modest: bool,
    items: PhantomData<fn() -> T>,
}

impl<T> LinkFeed<T> {
    pub(crate) fn new() -> Self {
        Self { port: Port::new(), modest: false, items: PhantomData }
    }

    /// One that asks for no more than there is room for now.
    pub(crate) fn modest() -> Self {
        Self { modest: true, ..Self::new() }
    }
}

impl<T: Send + 'static> Feed for LinkFeed<T> {
    type Item = T;
    type Event = Flow<T>;

    fn take(
        &mut self,
        flow: Flow<T>,
        tail: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        self.port.pass(flow, tail)
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        if self.modest {
            self.port.ask_for_room::<T>(tail.room());
        } else if tail.room() > 0 {
            self.port.ask_within::<T>(tail.room(), tail.remaining());
        }
        Ok(false)
    }

    fn let_go(&mut self) {
        self.port.cancel();
    }

    fn show(flow: &Flow<T>) -> String {
        flow.shown()
    }
}
