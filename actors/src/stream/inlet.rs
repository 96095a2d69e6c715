//! An actor as a sink: items arrive as its own messages, and demand returns when it has done with them.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use roundsman_runtime::{Actor, Context, Recipient};

use super::assembly::{Counts, Reporter};
use super::error::Cut;
use super::link::{Flow, Subscriber, Upstream, weight, window};
use super::sink::Sink;
use super::source::Outflow;

/// An item in the hands of the actor that receives it: it derefs to the item.
///
/// Its demand returns when it is dropped or [taken](Self::take), so an actor that keeps items keeps the pressure.
pub struct Item<T: Send + 'static> {
    value: Option<T>,
    weight: u64,
    credit: Arc<Credit>,
}

/// How much of a link's window is in use.
///
/// A counter only, so `Relaxed` will do: what an item has added to it reaches the other side with the demand.
struct Credit {
    /// Asked for, and not given back: what comes only changes from the one to the other. Below zero if an item was given
    /// back that was larger than what was asked for (see [`Owed`](super::owed::Owed)).
    in_use: AtomicI64,
    window: i64,
    upstream: OnceLock<Upstream>,
}

impl Credit {
    fn new(window: u64) -> Self {
        let window = i64::try_from(window).unwrap_or(i64::MAX);
        Self { in_use: AtomicI64::new(window), window, upstream: OnceLock::new() }
    }

    /// An item has been dropped: asks for more once half of the window is free.
    fn give_back(&self, weight: u64) {
        let weight = i64::try_from(weight).unwrap_or(i64::MAX);
        let mut in_use = self.in_use.fetch_sub(weight, Ordering::Relaxed) - weight;
        while in_use <= self.window / 2 {
            // Whoever fills the window asks for what that took; items are dropped on any thread.
            match self.in_use.compare_exchange_weak(
                in_use,
                self.window,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return self.ask(in_use.abs_diff(self.window)),
                Err(now) => in_use = now,
            }
        }
    }

    fn ask(&self, amount: u64) {
        if let Some(upstream) = self.upstream.get() {
            upstream.request(amount);
        }
    }
}

impl<T: Send + 'static> Item<T> {
    /// The item itself. Its demand returns now.
    #[must_use]
    pub fn take(mut self) -> T {
        match self.value.take() {
            Some(value) => value,
            None => unreachable!("only `take` takes the value, and it consumes the item"),
        }
    }
}

impl<T: Send + 'static> Deref for Item<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.value {
            Some(value) => value,
            None => unreachable!("only `take` takes the value, and it consumes the item"),
        }
    }
}

impl<T: Send + 'static> DerefMut for Item<T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.value {
            Some(value) => value,
            None => unreachable!("only `take` takes the value, and it consumes the item"),
        }
    }
}

impl<T: Send + 'static> Drop for Item<T> {
    fn drop(&mut self) {
        self.credit.give_back(self.weight);
    }
}

impl<T: fmt::Debug + Send + 'static> fmt::Debug for Item<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value, f)
    }
}

/// A sink whose items arrive as an actor's own messages.
pub(crate) fn inlet<A, T, F>(ctx: &Context<'_, A>, map: F) -> Sink<T>
where
    A: Actor,
    T: Send + 'static,
    F: Fn(Item<T>) -> A::Message + Send + Sync + 'static,
{
    let to = ctx.recipient(map);
    Sink::new(move |assembly| {
        let credit = Arc::new(Credit::new(window::<T>()));
        let reporter = assembly.enter("inlet");
        let (name, counts) = (reporter.name.clone(), Counts::default());
        Outflow::Link { link: Box::new(IntoActor { to, credit, reporter, counts }), to: name }
    })
}

/// The lower end of a link, when the items are an actor's messages.
struct IntoActor<T: Send + 'static> {
    to: Recipient<Item<T>>,
    credit: Arc<Credit>,
    reporter: Reporter,
    counts: Counts,
}

impl<T: Send + 'static> IntoActor<T> {
    fn give(&mut self, value: T) -> bool {
        let weight = weight(&value);
        self.counts.add(&value);
        let item = Item { value: Some(value), weight, credit: Arc::clone(&self.credit) };
        if self.to.send(item).is_ok() {
            return true;
        }
        let error = self.reporter.error(Cut::OwnerGone);
        self.reporter.closed(Err(error));
        false
    }
}

impl<T: Send + 'static> Subscriber<T> for IntoActor<T> {
    fn take(&mut self, flow: Flow<T>) -> bool {
        match flow {
            Flow::Begin(upstream) => {
                // A link begins once (rule 2).
                self.credit.upstream.get_or_init(|| upstream);
                self.credit.ask(self.credit.window.unsigned_abs());
            }
            Flow::Item(value) => return self.give(value),
            Flow::Items(values) => return values.into_iter().all(|value| self.give(value)),
            Flow::End => self.reporter.closed(Ok(self.counts)),
            Flow::Failed(error) => self.reporter.closed(Err(error)),
        }
        true
    }
}
