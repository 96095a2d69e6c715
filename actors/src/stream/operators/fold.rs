//! `fold`: all items combined into one value.

use std::ops::ControlFlow;
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

/// The last tail of a run: it takes everything, or as much as it wants, and goes nowhere.
struct Last<S, F, E> {
    state: Option<S>,
    step: F,
    finish: Option<E>,
    counts: Counts,
    gauge: Arc<Gauge>,
    appetite: Appetite,
    closed: bool,
}

/// How much a sink takes, so that nothing is pulled in vain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appetite {
    /// Whatever comes.
    All,
    /// Any item may be the one after which it has enough.
    UntilEnough,
    /// One item.
    One,
}

/// What becomes of a sink after an item: it goes on, it has enough, or it fails.
pub(crate) type Verdict = Result<ControlFlow<()>, PipeError>;

/// An outflow into a tail that keeps a state, takes each item by `step`, and ends with `finish`.
pub(crate) fn last<T, S, F, E>(
    assembly: &mut Assembly<'_>,
    name: &'static str,
    state: S,
    mut step: F,
    finish: E,
) -> Outflow<T>
where
    T: 'static,
    S: Send + 'static,
    F: FnMut(&mut S, T) + Send + 'static,
    E: FnOnce(S) + Send + 'static,
{
    let step = move |state: &mut S, item| {
        step(state, item);
        Ok(ControlFlow::Continue(()))
    };
    last_until(assembly, name, Appetite::All, state, step, finish)
}

/// The same with a `step` that may fail, or say that it has enough: nothing more is pulled then, and it ends.
pub(crate) fn last_until<T, S, F, E>(
    assembly: &mut Assembly<'_>,
    name: &'static str,
    appetite: Appetite,
    state: S,
    step: F,
    finish: E,
) -> Outflow<T>
where
    T: 'static,
    S: Send + 'static,
    F: FnMut(&mut S, T) -> Verdict + Send + 'static,
    E: FnOnce(S) + Send + 'static,
{
    assembly.run.push(name);
    let (counts, gauge) = (Counts::default(), assembly.sink_gauge(name));
    let (state, finish) = (Some(state), Some(finish));
    Outflow::Tail(Box::new(Last { state, step, finish, counts, gauge, appetite, closed: false }))
}

impl<T, S, F, E> Tail<T> for Last<S, F, E>
where
    T: 'static,
    S: Send,
    F: FnMut(&mut S, T) -> Verdict + Send,
    E: FnOnce(S) + Send,
{
    fn begin(&mut self, _: Upstream) {}

    #[inline]
    fn push(&mut self, item: T) -> Result<(), PipeError> {
        let Some(state) = &mut self.state else { return Ok(()) };
        self.counts.add(&item);
        if (self.step)(state, item)?.is_break() {
            return Tail::<T>::end(self);
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
        match self.appetite {
            _ if self.closed => 0,
            Appetite::All => u64::MAX,
            Appetite::UntilEnough | Appetite::One => 1,
        }
    }

    fn remaining(&self) -> u64 {
        if self.appetite == Appetite::One { Tail::<T>::room(self) } else { u64::MAX }
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}
