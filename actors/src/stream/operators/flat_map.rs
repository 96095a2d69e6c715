//! `flat_map` and `flatten`: each item turned into any number of others.

use crate::stream::stage::Stage;
use crate::stream::unpacked::{Unpack, Unpacked};
use crate::stream::{PipeError, Source};

/// Each item turned into any number of others, in order: those that the iterator gives which `f` makes of it. (Rust:
/// `Iterator::flat_map`; Pekko: `mapConcat`.)
///
/// - Demand: one item asked for is one `next` of the iterator in hand; the next item is pulled once that iterator has
///   ended. So an iterator of millions, or without an end, fills no memory; and it holds no loop, for after a thousand
///   items others have their turn. A paused pipeline takes nothing from it.
/// - End: follows what the last iterator gives. Failure and cancel drop the iterator in hand.
/// - `f` and the iterators run on the loop and must not block. A panic of theirs fails the pipeline, and nothing else.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, collect, flat_map};
///
/// struct Counting;
///
/// impl Actor for Counting {
///     type Message = Result<Vec<u64>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let numbers = Source::iter([2_u64, 100]).through(flat_map(|n| n..));
///         numbers.take(3).pipe(collect()).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, numbers: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(numbers?, [2, 3, 4], "the first has no end, so the second never begins");
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Counting)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn flat_map<In, I>(f: impl FnMut(In) -> I + Send + 'static) -> Stage<In, I::Item>
where
    In: Send + 'static,
    I: IntoIterator + 'static,
    I::Item: Send + 'static,
    I::IntoIter: Send + 'static,
{
    Stage::pure("flat_map", Unpacked::new(FlatMap { f, items: None }))
}

/// Each item is a collection, or an iterator: what it holds, in order. (Rust: `Iterator::flatten`.)
///
/// Demand, end, failure and cancel as in [`flat_map`].
///
/// # Examples
/// ```
/// use roundsman::stream::{Source, collect, flatten};
///
/// // Gives `Ok(vec![1, 2, 3])` when started.
/// let flat = Source::iter([vec![1, 2], vec![], vec![3]]).through(flatten()).pipe(collect());
/// # drop(flat);
/// ```
pub fn flatten<T>() -> Stage<T, T::Item>
where
    T: IntoIterator + Send + 'static,
    T::Item: Send + 'static,
    T::IntoIter: Send + 'static,
{
    Stage::pure("flatten", Unpacked::new(FlatMap { f: |item: T| item, items: None }))
}

impl<T: Send + 'static> Source<T> {
    /// Each item turned into any number of others. See [`flat_map`](super::flat_map()).
    pub fn flat_map<I>(self, f: impl FnMut(T) -> I + Send + 'static) -> Source<I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Send + 'static,
        I::IntoIter: Send + 'static,
    {
        self.through(flat_map(f))
    }

    /// What the items hold, in order. See [`flatten`](super::flatten()).
    pub fn flatten(self) -> Source<T::Item>
    where
        T: IntoIterator,
        T::Item: Send + 'static,
        T::IntoIter: Send + 'static,
    {
        self.through(flatten())
    }
}

struct FlatMap<F, I: IntoIterator> {
    f: F,
    items: Option<I::IntoIter>,
}

impl<In, I, F> Unpack<In> for FlatMap<F, I>
where
    I: IntoIterator + 'static,
    I::Item: Send + 'static,
    I::IntoIter: Send + 'static,
    F: FnMut(In) -> I + Send + 'static,
{
    type Out = I::Item;

    fn fill(&mut self, item: In) {
        self.items = Some((self.f)(item).into_iter());
    }

    fn next(&mut self) -> Result<Option<I::Item>, PipeError> {
        let item = self.items.as_mut().and_then(Iterator::next);
        if item.is_none() {
            // An iterator may not be asked again after its end.
            self.items = None;
        }
        Ok(item)
    }

    fn is_empty(&self) -> bool {
        // It may say by itself that there is no more, and the end needs no demand (rule 5).
        self.items.as_ref().is_none_or(|items| items.size_hint().1 == Some(0))
    }
}
