//! A sink: where items go, as a blueprint.

use std::any::Any;

use super::Summary;
use super::assembly::Assembly;
use super::source::Outflow;

/// Where items go: a socket, an actor's inlet, a fold. `R` is what its pipeline gives at the end.
///
/// A blueprint: nothing runs until the pipeline is started.
#[must_use = "a sink does nothing until a source is piped into it"]
pub struct Sink<T, R = Summary> {
    open: Open<T>,
    pub(crate) conclude: Conclude<R>,
}

/// Says where the items go, once the pipeline is being put together.
type Open<T> = Box<dyn FnOnce(&mut Assembly<'_>) -> Outflow<T> + Send>;

/// Makes the pipeline's result from its summary and what the sink has produced.
pub(crate) type Conclude<R> = fn(Summary, Option<Product>) -> Option<R>;

/// What a sink has produced by the end: a fold's value.
pub(crate) type Product = Box<dyn Any + Send>;

impl<T: Send + 'static> Sink<T> {
    /// A sink whose pipeline gives a summary.
    pub(crate) fn new(open: impl FnOnce(&mut Assembly<'_>) -> Outflow<T> + Send + 'static) -> Self {
        Self { open: Box::new(open), conclude: |summary, _| Some(summary) }
    }
}

impl<T: Send + 'static, R: Send + 'static> Sink<T, R> {
    /// A sink that produces an `R`.
    pub(crate) fn producing(
        open: impl FnOnce(&mut Assembly<'_>) -> Outflow<T> + Send + 'static,
    ) -> Self {
        let conclude: Conclude<R> = |_, product| product?.downcast().ok().map(|product| *product);
        Self { open: Box::new(open), conclude }
    }

    pub(crate) fn open(self, assembly: &mut Assembly<'_>) -> Outflow<T> {
        (self.open)(assembly)
    }
}

impl<T, R> std::fmt::Debug for Sink<T, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sink")
    }
}
