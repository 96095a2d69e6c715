//! A sink: where items go, as a blueprint.

use std::sync::{Arc, Mutex, PoisonError};

use super::Summary;
use super::assembly::Assembly;
use super::source::Outflow;
use super::stage::Stage;

/// Where items go: a socket, an actor's inlet, a fold. `R` is what its pipeline gives at the end.
///
/// A blueprint: nothing runs until the pipeline is started.
#[must_use = "a sink does nothing until a source is piped into it"]
pub struct Sink<T, R = Summary> {
    pub(crate) open: Open<T>,
    pub(crate) conclude: Conclude<R>,
}

/// Says where the items go, once the pipeline is being put together.
pub(crate) type Open<T> = Box<dyn FnOnce(&mut Assembly<'_>) -> Outflow<T> + Send>;

/// Makes the pipeline's result from its summary. `None`: the sink has produced nothing.
pub(crate) type Conclude<R> = Box<dyn FnOnce(Summary) -> Option<R> + Send>;

/// Where a sink leaves what it has produced: a fold's value.
pub(crate) struct Product<R>(Arc<Mutex<Option<R>>>);

impl<R> Product<R> {
    pub(crate) fn put(&self, product: R) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(product);
    }

    fn take(&self) -> Option<R> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T: Send + 'static> Sink<T> {
    /// A sink whose pipeline gives a summary.
    pub(crate) fn new(open: impl FnOnce(&mut Assembly<'_>) -> Outflow<T> + Send + 'static) -> Self {
        Self { open: Box::new(open), conclude: Box::new(Some) }
    }
}

impl<T: Send + 'static, R: Send + 'static> Sink<T, R> {
    /// A sink that produces an `R`.
    pub(crate) fn producing(
        open: impl FnOnce(&mut Assembly<'_>, Product<R>) -> Outflow<T> + Send + 'static,
    ) -> Self {
        let product = Arc::new(Mutex::new(None));
        let result = Product(Arc::clone(&product));
        Self {
            open: Box::new(move |assembly| open(assembly, Product(product))),
            conclude: Box::new(move |_| result.take()),
        }
    }

    /// This sink with a stage before it.
    pub(crate) fn behind<In: Send + 'static>(self, stage: Stage<In, T>) -> Sink<In, R> {
        let Self { open, conclude } = self;
        let open = move |assembly: &mut Assembly<'_>| {
            let outflow = open(assembly);
            stage.build(assembly, outflow)
        };
        Sink { open: Box::new(open), conclude }
    }

    /// The same sink, whose pipeline gives what `f` makes of its result. A panic of `f` fails the pipeline, in a stage of
    /// this name.
    pub fn map_result<S: Send + 'static>(
        self,
        f: impl FnOnce(R) -> S + Send + 'static,
    ) -> Sink<T, S> {
        let conclude = self.conclude;
        Sink { open: self.open, conclude: Box::new(move |summary| conclude(summary).map(f)) }
    }
}

impl<T, R> std::fmt::Debug for Sink<T, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sink")
    }
}
