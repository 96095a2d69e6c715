//! `zip`: the items of two sources, in pairs.

use roundsman_runtime::Context;

use crate::stream::link::Flow;
use crate::stream::port::Port;
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::source::Outflow;
use crate::stream::stage::Tail;
use crate::stream::{PipeError, Source};

/// The items of two sources, in pairs: the first with the first, the second with the second. (Rust: `std::iter::zip`; Pekko:
/// `Zip`.)
///
/// - Demand: both are asked for one item whenever a pair has gone and there is room for another. So neither is pulled more
///   than one item ahead of the other, and at most one item waits here.
/// - End: when either has ended, and its last pair is complete. The other is cancelled, and an item of it that waits here is
///   dropped: Rust's `zip`, too, loses one. A failure of either fails both, and a cancel reaches both.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source, zip};
///
/// struct Numbered;
///
/// impl Actor for Numbered {
///     type Message = Result<Vec<(u32, &'static str)>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         zip(Source::iter(1..), Source::iter(["one", "two"])).collect().start(ctx, |pairs| pairs);
///         Ok(())
///     }
///
///     fn receive(&mut self, pairs: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(pairs?, [(1, "one"), (2, "two")]);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Numbered)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn zip<A, B>(first: Source<A>, second: Source<B>) -> Source<(A, B)>
where
    A: Send + 'static,
    B: Send + 'static,
{
    Source::new(move |assembly, outflow| {
        let tail = outflow.into_tail(assembly);
        assembly.run.push("zip");
        let feed = ZipFeed { first: Side::new(), second: Side::new() };
        let (address, to) = Runner::spawn(assembly, feed, tail);
        let link = address.recipient(|flow| RunnerMessage::Event(Either::First(flow)));
        first.start(assembly, Outflow::Link { link: Box::new(link), to: to.clone() });
        let link = address.recipient(|flow| RunnerMessage::Event(Either::Second(flow)));
        second.start(assembly, Outflow::Link { link: Box::new(link), to });
    })
}

impl<T: Send + 'static> Source<T> {
    /// The items of this source and of another, in pairs. See [`zip`](super::zip()).
    pub fn zip<U: Send + 'static>(self, other: Source<U>) -> Source<(T, U)> {
        zip(self, other)
    }

    /// What `f` makes of each pair of [`zip`](super::zip()). (Pekko: `ZipWith`.) Demand, end, failure and cancel are
    /// as there; a panic of `f` fails the pipeline, and nothing else.
    ///
    /// # Examples
    /// ```
    /// use roundsman::stream::Source;
    ///
    /// // Gives 0, 2, 6 and 12.
    /// let products = Source::iter(0..4_u32).zip_with(Source::iter(1..), |a, b| a * b);
    /// # drop(products);
    /// ```
    pub fn zip_with<U, Out>(
        self,
        other: Source<U>,
        mut f: impl FnMut(T, U) -> Out + Send + 'static,
    ) -> Source<Out>
    where
        U: Send + 'static,
        Out: Send + 'static,
    {
        self.zip(other).map(move |(first, second)| f(first, second))
    }
}

/// What has come, and from which of the two.
enum Either<A, B> {
    First(A),
    Second(B),
}

/// One of the two links, and its item that waits for a partner.
struct Side<T> {
    port: Port,
    item: Option<T>,
}

impl<T: Send + 'static> Side<T> {
    fn new() -> Self {
        Self { port: Port::new(), item: None }
    }

    fn take(&mut self, flow: Flow<T>) -> Result<(), PipeError> {
        match flow {
            Flow::Begin(upstream) => self.port.begin(upstream),
            Flow::Item(item) => self.keep([item]),
            Flow::Items(items) => self.keep(items),
            Flow::End => self.port.end(),
            Flow::Failed(error) => {
                self.port.end();
                return Err(error);
            }
        }
        Ok(())
    }

    fn keep(&mut self, items: impl IntoIterator<Item = T>) {
        for item in items {
            self.port.arrived(&item);
            // Only one is asked for at a time.
            self.item = Some(item);
        }
    }

    /// Asks for one item, if none is here. An item of bytes counts as one, however long: it may begin while any is asked for.
    fn ask(&mut self) {
        if self.item.is_none() {
            self.port.ask_up_to(1);
        }
    }

    /// Whether it gives no more.
    fn is_over(&self) -> bool {
        self.item.is_none() && self.port.is_over()
    }
}

struct ZipFeed<A, B> {
    first: Side<A>,
    second: Side<B>,
}

impl<A: Send + 'static, B: Send + 'static> Feed for ZipFeed<A, B> {
    type Item = (A, B);
    type Event = Either<Flow<A>, Flow<B>>;

    fn take(
        &mut self,
        event: Self::Event,
        _: &mut dyn Tail<(A, B)>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            Either::First(flow) => self.first.take(flow),
            Either::Second(flow) => self.second.take(flow),
        }
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<(A, B)>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        if tail.room() > 0 && self.first.item.is_some() && self.second.item.is_some() {
            let pair = (self.first.item.take(), self.second.item.take());
            if let (Some(first), Some(second)) = pair {
                tail.push((first, second))?;
            }
        }
        if self.first.is_over() || self.second.is_over() {
            self.let_go();
            tail.end()?;
        } else if tail.room() > 0 {
            self.first.ask();
            self.second.ask();
        }
        Ok(false)
    }

    fn let_go(&mut self) {
        self.first.port.cancel();
        self.second.port.cancel();
    }
}
