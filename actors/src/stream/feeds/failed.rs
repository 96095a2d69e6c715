//! An error as a feed: it gives no item.

use std::convert::Infallible;
use std::marker::PhantomData;

use roundsman_runtime::Context;

use crate::stream::PipeError;
use crate::stream::runner::{Feed, Runner};
use crate::stream::stage::Tail;

/// Fails as it begins.
pub(crate) struct FailedFeed<T> {
    error: PipeError,
    items: PhantomData<fn() -> T>,
}

impl<T> FailedFeed<T> {
    pub(crate) fn new(error: PipeError) -> Self {
        Self { error, items: PhantomData }
    }
}

impl<T: Send + 'static> Feed for FailedFeed<T> {
    type Item = T;
    type Event = Infallible;

    fn begin(&mut self, _: &mut Context<'_, Runner<Self>>) -> Result<(), PipeError> {
        Err(self.error.clone())
    }

    fn take(
        &mut self,
        event: Infallible,
        _: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {}
    }

    fn advance(
        &mut self,
        _: &mut dyn Tail<T>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        Err(self.error.clone())
    }

    fn let_go(&mut self) {}
}
