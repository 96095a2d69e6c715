//! An actor as a sink: items arrive as its own messages, and demand returns when it has done with them.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
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
/// The counters are counters only, so `Relaxed` will do: what one side adds reaches the other with the demand, or the
/// item, that it was added for.
struct Credit {
    /// Asked for and not come.
    asked: AtomicU64,
    /// The same, and what has come and not been dropped. More than the window by less than one item.
    in_use: AtomicU64,
    window: u64,
    upstream: OnceLock<Upstream>,
}

impl Credit {
    fn new(window: u64) -> Self {
        let (asked, in_use) = (AtomicU64::new(window), AtomicU64::new(window));
        Self { asked, in_use, window, upstream: OnceLock::new() }
    }

    /// An item has come. One that is larger than what was asked for takes more of the window than was promised.
    fn arrived(&self, weight: u64) {
        // The link is serial and what it brings was asked for before, so nobody lowers `asked` meanwhile.
        let covered = weight.min(self.asked.load(Ordering::Relaxed));
        self.asked.fetch_sub(covered, Ordering::Relaxed);
        self.in_use.fetch_add(weight - covered, Ordering::Relaxed);
    }

    /// An item has been dropped: asks for more once half of the window is free.
    fn give_back(&self, weight: u64) {
        let mut in_use = self.in_use.fetch_sub(weight, Ordering::Relaxed) - weight;
        while in_use <= self.window / 2 {
            // Whoever fills the window asks for what that took; items are dropped on any thread.
            match self.in_use.compare_exchange_weak(
                in_use,
                self.window,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return self.ask(self.window - in_use),
                Err(now) => in_use = now,
            }
        }
    }

    fn ask(&self, amount: u64) {
        self.asked.fetch_add(amount, Ordering::Relaxed);
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
        let reporter = assembly.enter("inlet", None);
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
        self.credit.arrived(weight);
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
                self.credit.upstream.get_or_init(|| upstream).request(self.credit.window);
            }
            Flow::Item(value) => return self.give(value),
            Flow::Items(values) => return values.into_iter().all(|value| self.give(value)),
            Flow::End => self.reporter.closed(Ok(self.counts)),
            Flow::Failed(error) => self.reporter.closed(Err(error)),
        }
        true
    }
}
