//! A link: what two neighbours in a pipeline say to each other.
//!
//! Downstream flow items, the end or a failure ([`Flow`]); upstream flows demand, or the wish to have no more
//! ([`Demand`]). The rules are numbered in [`stream`](crate::stream). Spoken by stages, sockets, inlets and outlets; it
//! knows none of them.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use roundsman_runtime::{Address, Recipient};

use super::PipeError;
use super::meter::Gauge;
use super::straight::Straight;

/// What comes down a link.
#[derive(Debug)]
#[non_exhaustive]
pub enum Flow<T> {
    /// First, once: whom to ask.
    Begin(Upstream),
    /// An item. Never more than was asked.
    Item(T),
    /// Several, in order: what one turn of the upper end had to send.
    Items(Vec<T>),
    /// Last, once: there is no more. Needs no demand.
    End,
    /// Last, once: something upstream failed. Needs no demand; items that were not asked for yet are lost with it.
    Failed(PipeError),
}

/// What goes up a link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Demand {
    /// So much more may come, in items, or in bytes where items are [`Bytes`]. Adds up, and saturates.
    More(u64),
    /// Nothing more is wanted. Says so as often as it likes.
    Cancel,
}

/// As a trace of a simulation shows it.
impl<T> Flow<T> {
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Begin(_) => "a link begins".to_owned(),
            Self::Item(_) => "an item".to_owned(),
            Self::Items(items) => format!("{} items", items.len()),
            Self::End => "the end".to_owned(),
            Self::Failed(error) => format!("a failure: {error}"),
        }
    }
}

/// As a trace of a simulation shows it.
impl Demand {
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::More(amount) => format!("asked for {amount} more"),
            Self::Cancel => "asked for no more".to_owned(),
        }
    }
}

/// The upper end of a link, in the hands of the lower one. When the last clone is gone, nothing more is wanted: so the
/// upper end hears of a lower one that has ended in whatever way, even before the link has begun there.
#[derive(Clone)]
pub struct Upstream {
    supplier: Arc<dyn Supplier>,
    /// Counts what is asked for.
    gauge: Option<Arc<Gauge>>,
}

/// Cancels when nobody can ask any more.
struct Asked<S: Supplier>(S);

impl<S: Supplier> Supplier for Asked<S> {
    fn ask(&self, demand: Demand) {
        self.0.ask(demand);
    }
}

impl<S: Supplier> Drop for Asked<S> {
    fn drop(&mut self) {
        // After the end it is harmless.
        self.0.ask(Demand::Cancel);
    }
}

/// Somebody who can be asked for items.
pub(crate) trait Supplier: Send + Sync {
    /// So much more, or no more.
    fn ask(&self, demand: Demand);
}

/// An actor that is asked by message, made by `map`. One that has ended asks for nothing and sends nothing.
struct Asking<M, F> {
    address: Address<M>,
    map: F,
}

impl<M, F> Supplier for Asking<M, F>
where
    M: Send + 'static,
    F: Fn(Demand) -> M + Send + Sync,
{
    fn ask(&self, demand: Demand) {
        let _ = self.address.send((self.map)(demand));
    }
}

/// A link that another one continues.
impl Supplier for Upstream {
    fn ask(&self, demand: Demand) {
        if let (Demand::More(amount), Some(gauge)) = (&demand, &self.gauge) {
            gauge.request(*amount);
        }
        self.supplier.ask(demand);
    }
}

impl Upstream {
    pub(crate) fn new(supplier: impl Supplier + 'static) -> Self {
        Self { supplier: Arc::new(Asked(supplier)), gauge: None }
    }

    /// An actor, which is asked by message.
    pub(crate) fn to<M, F>(address: Address<M>, map: F) -> Self
    where
        M: Send + 'static,
        F: Fn(Demand) -> M + Send + Sync + 'static,
    {
        Self::new(Asking { address, map })
    }

    /// The same, and what is asked for is counted.
    pub(crate) fn metered(self, gauge: Arc<Gauge>) -> Self {
        // What counts already goes on to.
        let Self { supplier, .. } = if self.gauge.is_some() { Self::new(self) } else { self };
        Self { supplier, gauge: Some(gauge) }
    }

    /// Nobody: for a link that fails as it begins.
    pub(crate) fn none() -> Self {
        struct Nobody;
        impl Supplier for Nobody {
            fn ask(&self, _: Demand) {}
        }
        Self::new(Nobody)
    }

    /// Asks for `amount` more (rule 1: only this lets items come).
    pub fn request(&self, amount: u64) {
        self.ask(Demand::More(amount));
    }

    /// Says that nothing more is wanted. Harmless after the end, and when said twice.
    pub fn cancel(&self) {
        self.ask(Demand::Cancel);
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upstream")
    }
}

/// The lower end of a link, before it is in the hands of the upper one, which has it [metered](super::Downstream).
pub(crate) type Link<T> = Box<dyn Subscriber<T>>;

/// Somebody who takes what comes down a link.
pub(crate) trait Subscriber<T>: Send {
    /// Takes what comes. False if nobody is there to take it: the same as being told to cancel.
    fn take(&mut self, flow: Flow<T>) -> bool;

    /// The descriptor in which the link ends, if it ends in one and the kernel moves bytes.
    fn straight(&self) -> Option<Straight> {
        None
    }

    /// The kernel has moved so many bytes past the link, into that descriptor. 0: it moves none any more, items follow,
    /// and demand begins anew.
    fn moved(&mut self, bytes: u64) {
        let _ = bytes;
    }
}

/// An actor at the lower end of a link; `map` makes its message.
pub(crate) struct ToActor<T, M> {
    pub(crate) address: Address<M>,
    pub(crate) map: fn(Flow<T>) -> M,
}

impl<T: Send + 'static, M: Send + 'static> Subscriber<T> for ToActor<T, M> {
    fn take(&mut self, flow: Flow<T>) -> bool {
        self.address.send((self.map)(flow)).is_ok()
    }
}

/// How much a link lets be under way, and how an item counts against it.
///
/// `Bytes` count by length, at least 1, in a window of 64 KiB; everything else counts 1 in a window of 16.
pub(crate) fn window<T: 'static>() -> u64 {
    if is_bytes::<T>() { 64 * 1024 } else { 16 }
}

/// How much may be under way to a stage behind which everything has room: nothing waits there, and larger batches cost
/// less. 16 KiB of items, between 16 and 256 of them.
pub(crate) fn wide_window<T: 'static>() -> u64 {
    let items = 16 * 1024 / size_of::<T>().max(1) as u64;
    if is_bytes::<T>() { window::<T>() } else { items.clamp(window::<T>(), 256) }
}

/// How much an item counts.
#[inline]
pub(crate) fn weight<T: 'static>(item: &T) -> u64 {
    if !is_bytes::<T>() {
        return 1;
    }
    let item: &dyn Any = item;
    item.downcast_ref::<Bytes>().map_or(1, |bytes| (bytes.len() as u64).max(1))
}

/// How many bytes an item is, for summaries.
pub(crate) fn bytes_of<T: 'static>(item: &T) -> u64 {
    let item: &dyn Any = item;
    item.downcast_ref::<Bytes>().map_or(0, |bytes| bytes.len() as u64)
}

pub(crate) fn is_bytes<T: 'static>() -> bool {
    std::any::TypeId::of::<T>() == std::any::TypeId::of::<Bytes>()
}

/// An actor that is sent what comes down a link, by a function that may keep something: which of several links it is.
impl<T: Send + 'static> Subscriber<T> for Recipient<Flow<T>> {
    fn take(&mut self, flow: Flow<T>) -> bool {
        self.send(flow).is_ok()
    }
}
