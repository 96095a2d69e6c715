//! `group_by`: one source that becomes a source of groups, by a key of its items.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roundsman_runtime::{Context, Recipient};

use crate::stream::assembly::Assembly;
use crate::stream::error::Cut;
use crate::stream::feeds::LinkFeed;
use crate::stream::link::{Demand, Flow, Supplier, ToActor, Upstream, weight};
use crate::stream::meter::Downstream;
use crate::stream::owed::Owed;
use crate::stream::port::Port;
use crate::stream::runner::{Feed, Runner, RunnerMessage};
use crate::stream::source::Outflow;
use crate::stream::stage::{Stage, Tail};
use crate::stream::{PipeError, Source};

const NAME: &str = "group_by";
/// Items dealt in one turn; then others have theirs.
const BATCH: usize = 1024;

/// The items of one key, as an item: see [`group_by`].
#[must_use = "a group that is dropped is forgotten, and its first item with it"]
pub struct Group<K, T> {
    /// What its items have in common.
    pub key: K,
    items: Source<T>,
}

impl<K, T> Group<K, T> {
    /// Its items, as a source to pipe.
    pub fn items(self) -> Source<T> {
        self.items
    }
}

impl<K, T> From<Group<K, T>> for Source<T> {
    fn from(group: Group<K, T>) -> Self {
        group.items
    }
}

impl<K: fmt::Debug, T> fmt::Debug for Group<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({:?})", self.key)
    }
}

/// There were more groups at once than [`group_by`] may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "more than {max} groups at once: raise the limit of `group_by`, or end the pipelines of groups that are done"
)]
pub struct TooManyGroups {
    /// The limit.
    pub max: usize,
}

/// Items parted by what `key` says of them: each new key gives a [`Group`], which is a source of its items. (Pekko:
/// `groupBy`, with closed substreams opened anew; Rx: `groupBy`.)
///
/// **One slow group holds up all.** Items come in one stream, so one that its group does not take yet is waited for, and
/// everything behind it waits, too. A group that is kept and not piped holds the others up from its second item on.
///
/// - Demand: a window of items is asked for, and again as they are taken. So at most that waits here, and the first item of
///   each group.
/// - End, and a failure above, reach the stream of groups and every open group once.
/// - At most `max_groups` at once: one more fails the pipeline and all groups with [`TooManyGroups`]. A group whose pipeline
///   has ended, or that is dropped, is forgotten, and does not count. An item of its key that comes later opens a new one.
/// - A cancel of the stream of groups lets the open ones go on: items of other keys are dropped from then on. When the
///   last group has gone, too, the source is cancelled.
/// - `key` is called once for each item, on the loop, and must not block. A panic of it fails the pipeline and its groups.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source};
///
/// struct Sums;
///
/// impl Actor for Sums {
///     type Message = Result<Vec<(u32, u32)>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let groups = Source::iter(0..9_u32).group_by(3, |n| n % 3);
///         // Each group runs on its own; here they are merged again.
///         let tagged = groups.flat_merge(3, |group| {
///             let key = group.key;
///             group.items().map(move |n| (key, n))
///         });
///         tagged.collect().start(ctx, |tagged| tagged);
///         Ok(())
///     }
///
///     fn receive(&mut self, tagged: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         let tagged = tagged?;
///         assert_eq!(tagged.len(), 9);
///         assert!(tagged.iter().all(|(key, n)| n % 3 == *key));
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Sums)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn group_by<T, K>(
    max_groups: usize,
    key: impl FnMut(&T) -> K + Send + 'static,
) -> Stage<T, Group<K, T>>
where
    T: Send + 'static,
    K: Clone + Eq + Hash + Send + 'static,
{
    Stage::waiting(NAME, GroupFeed::new(max_groups, key))
}

impl<T: Send + 'static> Source<T> {
    /// Items parted by what `key` says of them, as a source of groups. See [`group_by`](super::group_by()).
    pub fn group_by<K: Clone + Eq + Hash + Send + 'static>(
        self,
        max_groups: usize,
        key: impl FnMut(&T) -> K + Send + 'static,
    ) -> Source<Group<K, T>> {
        self.through(group_by(max_groups, key))
    }
}

struct GroupFeed<T: Send + 'static, K, F> {
    key: F,
    max: usize,
    port: Port,
    /// Came and was not looked at yet.
    line: VecDeque<T>,
    /// The first of all, with its key: its group does not take it yet.
    held: Option<(K, T)>,
    numbers: HashMap<K, u64>,
    groups: BTreeMap<u64, Open<K, T>>,
    opened: u64,
    /// Those that have something to be sent.
    touched: Vec<u64>,
    /// Nobody takes new groups.
    sealed: bool,
    /// Every group that could be told the end was told.
    end_told: bool,
}

/// A group that is open.
struct Open<K, T: Send + 'static> {
    key: K,
    /// Until its pipeline is started.
    link: Option<GroupLink<T>>,
    owed: Owed,
    /// The item that has opened it, until it is asked for.
    first: Option<T>,
    /// To be sent when the turn is over.
    batch: Vec<T>,
    /// It has said, or is about to, that it wants nothing more. A hint, so `Relaxed` will do.
    left: Arc<AtomicBool>,
}

enum GroupEvent<T: Send + 'static> {
    Above(Flow<T>),
    Of(u64, GroupNote<T>),
}

impl<T: Send + 'static> From<Flow<T>> for GroupEvent<T> {
    fn from(flow: Flow<T>) -> Self {
        Self::Above(flow)
    }
}

/// What a group says.
enum GroupNote<T: Send + 'static> {
    Started(GroupLink<T>),
    Demand(Demand),
}

impl<T, K, F> GroupFeed<T, K, F>
where
    T: Send + 'static,
    K: Clone + Eq + Hash + Send + 'static,
    F: FnMut(&T) -> K + Send + 'static,
{
    fn new(max: usize, key: F) -> Self {
        Self {
            key,
            max,
            port: Port::new(),
            line: VecDeque::new(),
            held: None,
            numbers: HashMap::new(),
            groups: BTreeMap::new(),
            opened: 0,
            touched: Vec::new(),
            sealed: false,
            end_told: false,
        }
    }

    /// Deals what has come, as far as groups take it. True if there is more to deal now.
    fn deal(
        &mut self,
        tail: &mut dyn Tail<Group<K, T>>,
        ctx: &Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        for _ in 0..BATCH {
            let (key, item) = match self.held.take() {
                Some(held) => held,
                None => match self.line.pop_front() {
                    Some(item) => ((self.key)(&item), item),
                    None => return Ok(false),
                },
            };
            if let Some(number) = self.numbers.get(&key) {
                let group = self.groups.get_mut(number).filter(|group| group.has_room());
                let Some(group) = group else {
                    self.held = Some((key, item));
                    return Ok(false);
                };
                self.port.arrived(&item);
                group.give(item);
                self.touched.push(*number);
            } else if self.sealed {
                self.port.arrived(&item);
            } else if self.is_full() {
                let error = PipeError::new(NAME, TooManyGroups { max: self.max });
                return Err(self.fail(error));
            } else if tail.room() == 0 {
                self.held = Some((key, item));
                return Ok(false);
            } else {
                self.port.arrived(&item);
                tail.push(self.open(key, item, ctx))?;
            }
        }
        Ok(true)
    }

    /// Whether as many groups are open as may be. Those that have left, and whose word is under way, are not.
    fn is_full(&mut self) -> bool {
        if self.groups.len() < self.max {
            return false;
        }
        let left = |(number, group): (&u64, &Open<K, T>)| {
            group.left.load(Ordering::Relaxed).then_some(*number)
        };
        let left: Vec<_> = self.groups.iter().filter_map(left).collect();
        left.into_iter().for_each(|number| self.forget(number));
        self.groups.len() >= self.max
    }

    fn open(&mut self, key: K, first: T, ctx: &Context<'_, Runner<Self>>) -> Group<K, T> {
        let number = self.opened;
        self.opened += 1;
        self.numbers.insert(key.clone(), number);
        let left = Arc::new(AtomicBool::new(false));
        let open = Open {
            key: key.clone(),
            link: None,
            owed: Owed::default(),
            first: Some(first),
            batch: Vec::new(),
            left: Arc::clone(&left),
        };
        self.groups.insert(number, open);
        let to = ctx.recipient(move |note| RunnerMessage::Event(GroupEvent::Of(number, note)));
        let recipient = to.clone();
        // A group that is dropped before it is piped wants nothing, as every upstream that is dropped.
        let upstream = Upstream::new(Asking { to, left });
        let items = move |assembly: &mut Assembly<'_>, outflow| {
            let link = start(upstream, assembly, outflow);
            // Handed back or lost, the link says that the stage is gone.
            let _ = recipient.send(GroupNote::Started(link));
        };
        Group { key, items: Source::new(items) }
    }

    fn heard(&mut self, number: u64, note: GroupNote<T>) {
        let Some(group) = self.groups.get_mut(&number) else { return };
        self.touched.push(number);
        match note {
            GroupNote::Started(link) => group.link = Some(link),
            GroupNote::Demand(Demand::More(amount)) => {
                group.owed.ask(amount);
                if let Some(first) = group.first.take() {
                    group.give(first);
                }
            }
            GroupNote::Demand(Demand::Cancel) => self.forget(number),
        }
    }

    fn forget(&mut self, number: u64) {
        if let Some(group) = self.groups.remove(&number) {
            self.numbers.remove(&group.key);
        }
    }

    /// Sends what was dealt, and the end where nothing more can come.
    fn flush(&mut self) {
        let ended = self.port.is_over() && self.line.is_empty() && self.held.is_none();
        let mut touched = std::mem::take(&mut self.touched);
        // Those that cannot be told yet are touched again when they can: there may be thousands, so once is enough.
        if ended && !std::mem::replace(&mut self.end_told, true) {
            touched.extend(self.groups.keys());
        }
        for number in touched {
            let Some(group) = self.groups.get_mut(&number) else { continue };
            if !group.send_batch() || (ended && group.end()) {
                self.forget(number);
            }
        }
    }

    /// Tells every group of a failure, and gives it back.
    fn fail(&mut self, error: PipeError) -> PipeError {
        self.forget_keys();
        for (_, mut group) in std::mem::take(&mut self.groups) {
            group.send_batch();
            if let Some(link) = &mut group.link {
                link.last(Flow::Failed(error.clone()));
            }
        }
        error
    }

    /// All that can be done now.
    fn go_on(
        &mut self,
        tail: &mut dyn Tail<Group<K, T>>,
        ctx: &Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        let more = self.deal(tail, ctx)?;
        self.flush();
        self.port.ask::<T>();
        if self.port.is_over() && self.line.is_empty() && self.held.is_none() {
            tail.end()?;
        }
        Ok(more)
    }
}

impl<T, K, F> Feed for GroupFeed<T, K, F>
where
    T: Send + 'static,
    K: Clone + Eq + Hash + Send + 'static,
    F: FnMut(&T) -> K + Send + 'static,
{
    type Item = Group<K, T>;
    type Event = GroupEvent<T>;

    fn take(
        &mut self,
        event: GroupEvent<T>,
        tail: &mut dyn Tail<Group<K, T>>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            GroupEvent::Of(number, note) => self.heard(number, note),
            GroupEvent::Above(Flow::Begin(upstream)) => self.port.begin(upstream),
            GroupEvent::Above(Flow::Item(item)) => self.line.push_back(item),
            GroupEvent::Above(Flow::Items(items)) => self.line.extend(items),
            GroupEvent::Above(Flow::End) => self.port.end(),
            GroupEvent::Above(Flow::Failed(error)) => {
                self.port.end();
                return Err(self.fail(error));
            }
        }
        if self.sealed {
            // It is not told to go on when nobody takes groups; those that are open go on.
            while self.go_on(tail, ctx)? {}
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<Group<K, T>>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        self.go_on(tail, ctx)
    }

    fn let_go(&mut self) {
        self.sealed = true;
        if self.groups.is_empty() {
            self.line.clear();
            self.held = None;
            self.port.cancel();
        }
    }

    fn is_let_go(&self) -> bool {
        self.groups.is_empty()
    }
}

impl<T: Send + 'static, K, F> GroupFeed<T, K, F> {
    /// Drops the keys in the order in which their groups were opened. That of the table is another in each run, and what a
    /// key does as it is dropped is the user's.
    fn forget_keys(&mut self) {
        let mut keys: Vec<_> = std::mem::take(&mut self.numbers).into_iter().collect();
        keys.sort_unstable_by_key(|(_, number)| *number);
    }
}

impl<T: Send + 'static, K, F> Drop for GroupFeed<T, K, F> {
    fn drop(&mut self) {
        self.forget_keys();
    }
}

impl<K, T: Send + 'static> Open<K, T> {
    fn has_room(&self) -> bool {
        self.link.is_some() && self.first.is_none() && self.owed.is_due()
    }

    fn give(&mut self, item: T) {
        self.owed.give(weight(&item));
        self.batch.push(item);
    }

    /// False if nobody takes its items any more.
    fn send_batch(&mut self) -> bool {
        let Some(link) = &mut self.link else { return true };
        match self.batch.len() {
            0 => true,
            1 => self.batch.pop().is_none_or(|item| link.send(Flow::Item(item))),
            _ => link.send(Flow::Items(std::mem::take(&mut self.batch))),
        }
    }

    /// Says that nothing more comes, if that is so.
    fn end(&mut self) -> bool {
        match &mut self.link {
            Some(link) if self.first.is_none() => {
                link.last(Flow::End);
                true
            }
            _ => false,
        }
    }
}

/// The link of a group. Dropped without a last word, it says that the stage is gone.
struct GroupLink<T: Send + 'static>(Option<Downstream<T>>);

impl<T: Send + 'static> GroupLink<T> {
    fn send(&mut self, flow: Flow<T>) -> bool {
        self.0.as_mut().is_some_and(|link| link.take(flow))
    }

    fn last(&mut self, flow: Flow<T>) {
        if let Some(mut link) = self.0.take() {
            link.take(flow);
        }
    }
}

impl<T: Send + 'static> Drop for GroupLink<T> {
    fn drop(&mut self) {
        self.last(Flow::Failed(PipeError::new(NAME, Cut::StageGone)));
    }
}

/// Where a group asks.
struct Asking<T: Send + 'static> {
    to: Recipient<GroupNote<T>>,
    left: Arc<AtomicBool>,
}

impl<T: Send + 'static> Supplier for Asking<T> {
    fn ask(&self, demand: Demand) {
        if demand == Demand::Cancel {
            self.left.store(true, Ordering::Relaxed);
        }
        // A stage that has ended has said so.
        let _ = self.to.send(GroupNote::Demand(demand));
    }
}

/// Starts a group in the pipeline that it was piped in.
fn start<T: Send + 'static>(
    upstream: Upstream,
    assembly: &mut Assembly<'_>,
    outflow: Outflow<T>,
) -> GroupLink<T> {
    let tail = outflow.into_tail(assembly);
    assembly.run.push(NAME);
    let (address, to) = Runner::spawn(assembly, LinkFeed::new(), tail);
    let link = Box::new(ToActor { address, map: RunnerMessage::Event });
    let mut link = Outflow::Link { link, to }.into_foreign_link(assembly, NAME);
    link.take(Flow::Begin(upstream));
    GroupLink(Some(link))
}
