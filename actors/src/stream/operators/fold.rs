//! `fold`: all items combined into one value.

use crate::stream::PipeError;
use crate::stream::assembly::Counts;
use crate::stream::link::{Demand, Upstream};
use crate::stream::sink::Sink;
use crate::stream::source::Outflow;
use crate::stream::stage::Tail;

/// All items combined into one value, which is the pipeline's result. (Rust: `Iterator::fold`.)
///
/// - Demand: takes what comes.
/// - At the end the pipeline's result is the value; after a failure or a cancel it is the error.
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, fold};
///
/// // Gives `Ok(5050)` when started.
/// let sum = Source::iter(1..=100).pipe(fold(0_u32, |sum, n| sum + n));
/// # drop(sum);
/// ```
pub fn fold<T, Acc>(init: Acc, mut f: impl FnMut(Acc, T) -> Acc + Send + 'static) -> Sink<T, Acc>
where
    T: Send + 'static,
    Acc: Send + 'static,
{
    Sink::producing(move |assembly| {
        assembly.run.push("fold");
        let step = move |value: &mut Option<Acc>, item| {
            *value = value.take().map(|so_far| f(so_far, item));
        };
        let product = assembly.product.clone();
        let finish = move |value: Option<Acc>| {
            if let Some(value) = value {
                product.put(Box::new(value));
            }
        };
        Outflow::Tail(Box::new(Last::new(Some(init), step, finish)))
    })
}

/// The last tail of a run: it takes everything and goes nowhere.
pub(crate) struct Last<S, F, E> {
    state: Option<S>,
    step: F,
    finish: Option<E>,
    counts: Counts,
    closed: bool,
}

impl<S, F, E> Last<S, F, E> {
    pub(crate) fn new(state: S, step: F, finish: E) -> Self {
        let counts = Counts::default();
        Self { state: Some(state), step, finish: Some(finish), counts, closed: false }
    }
}

impl<T, S, F, E> Tail<T> for Last<S, F, E>
where
    T: 'static,
    S: Send,
    F: FnMut(&mut S, T) + Send,
    E: FnOnce(S) + Send,
{
    fn begin(&mut self, _: Upstream) {}

    fn push(&mut self, item: T) -> Result<(), PipeError> {
        self.counts.add(&item);
        if let Some(state) = &mut self.state {
            (self.step)(state, item);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), PipeError> {
        if let (Some(state), Some(finish)) = (self.state.take(), self.finish.take()) {
            finish(state);
        }
        self.closed = true;
        Ok(())
    }

    fn fail(&mut self, _: PipeError) {
        self.closed = true;
    }

    fn demand(&mut self, _: Demand) {}

    fn wants(&self) -> bool {
        !self.closed
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}
