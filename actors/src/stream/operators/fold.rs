//! `fold`: all items combined into one value.

use std::sync::Arc;

use crate::stream::assembly::{Assembly, Counts};
use crate::stream::link::{Demand, Upstream};
use crate::stream::meter::Gauge;
use crate::stream::sink::Sink;
use crate::stream::source::Outflow;
use crate::stream::stage::Tail;
use crate::stream::{PipeError, Pipeline, Source};

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
    Sink::producing(move |assembly, product| {
        let step = move |value: &mut Option<Acc>, item| {
            *value = value.take().map(|so_far| f(so_far, item));
        };
        let finish = move |value: Option<Acc>| {
            if let Some(value) = value {
                product.put(value);
            }
        };
        last(assembly, "fold", Some(init), step, finish)
    })
}

impl<T: Send + 'static> Source<T> {
    /// All items combined into one value. See [`fold`](super::fold()).
    pub fn fold<Acc: Send + 'static>(
        self,
        init: Acc,
        f: impl FnMut(Acc, T) -> Acc + Send + 'static,
    ) -> Pipeline<Acc> {
        self.pipe(fold(init, f))
    }
}

/// The last tail of a run: it takes everything and goes nowhere.
struct Last<S, F, E> {
    state: Option<S>,
    step: F,
    finish: Option<E>,
    counts: Counts,
    gauge: Arc<Gauge>,
    closed: bool,
}

/// An outflow into a tail that keeps a state, takes each item by `step`, and ends with `finish`.
pub(crate) fn last<T, S, F, E>(
    assembly: &mut Assembly<'_>,
    name: &'static str,
    state: S,
    step: F,
    finish: E,
) -> Outflow<T>
where
    T: 'static,
    S: Send + 'static,
    F: FnMut(&mut S, T) + Send + 'static,
    E: FnOnce(S) + Send + 'static,
{
    assembly.run.push(name);
    let (counts, gauge) = (Counts::default(), assembly.sink_gauge(name));
    let (state, finish) = (Some(state), Some(finish));
    Outflow::Tail(Box::new(Last { state, step, finish, counts, gauge, closed: false }))
}

impl<T, S, F, E> Tail<T> for Last<S, F, E>
where
    T: 'static,
    S: Send,
    F: FnMut(&mut S, T) + Send,
    E: FnOnce(S) + Send,
{
    fn begin(&mut self, _: Upstream) {}

    #[inline]
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

    fn resume(&mut self) -> Result<bool, PipeError> {
        Ok(false)
    }

    fn flush(&mut self) {
        self.gauge.set(self.counts);
    }

    fn room(&self) -> u64 {
        if self.closed { 0 } else { u64::MAX }
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}
