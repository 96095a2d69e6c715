//! An actor as a source: it pushes items, and is told how much is wanted.
//!
//! An outlet can be pushed into from any loop, or from a thread, and demand comes back from any other. A link is serial
//! (rule 3), so neither of them sends: both only change the state that they share, and an actor on the pipeline's loop,
//! the [`Pump`], sends what was asked for.

use std::collections::VecDeque;
use std::fmt;
use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roundsman_runtime::{Actor, Address, Context, ExitReason, Outcome, Recipient, Spawn};

use super::PipeError;
use super::assembly::{Control, Counts, Reporter};
use super::error::Cut;
use super::link::{Demand, Flow, Supplier, Upstream, weight};
use super::meter::Downstream;
use super::owed::Owed;
use super::source::Source;

/// A pair: a source to pipe, and the outlet through which an actor (or a thread) feeds it.
///
/// What is pushed ahead of demand waits in the outlet, at most `limit` (in items, or in bytes where items are
/// [`Bytes`](bytes::Bytes)); past it, [`Outlet::push`] hands the item back.
///
/// # Examples
/// ```
/// use roundsman::stream::{Full, outlet};
///
/// let (source, mut outlet) = outlet::<u32>(2);
/// assert_eq!(outlet.push(1), Ok(0), "nothing is wanted yet");
/// assert_eq!(outlet.push(2), Ok(0));
/// assert_eq!(outlet.push(3), Err(Full::Limit(3)));
/// # drop(source);
/// ```
pub fn outlet<T: Send + 'static>(limit: u64) -> (Source<T>, Outlet<T>) {
    let shared = Arc::new(Shared(Mutex::new(State {
        pump: None,
        nudged: false,
        owed: Owed::default(),
        items: Items::default(),
        asked: 0,
        kept_weight: 0,
        limit,
        life: Life::Open,
        wanted: None,
    })));
    // A source that is dropped before it is started cancels, and so closes the outlet.
    let upstream = Upstream::new(Arc::clone(&shared));
    let outlet = Outlet { shared: Arc::clone(&shared) };
    let source = Source::new(move |assembly, outflow| {
        let mut link = outflow.into_link(assembly);
        let reporter = assembly.enter("outlet");
        let member = reporter.member;
        link.take(Flow::Begin(upstream));
        let pump = Pump { shared, link, reporter, paused: false, closed: false };
        let spawn = Spawn::numbered(member, "outlet").tireless().unmourned();
        let address = assembly.stages.spawn_with(spawn, pump);
        assembly.set_control(member, address.recipient(Message::Control));
    });
    (source, outlet)
}

/// Where an actor pushes the items of a source; see [`outlet`].
///
/// Dropped without [`end`](Self::end), it fails the pipeline: what ends halfway must not look complete.
pub struct Outlet<T: Send + 'static> {
    shared: Arc<Shared<T>>,
}

/// An item that an outlet did not take; it is handed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Full<T> {
    /// As much waits as the outlet may hold.
    #[error("the outlet holds as much as it may: raise its limit, or push when there is demand")]
    Limit(T),
    /// Nobody takes items any more: the pipeline has ended, or the outlet has.
    #[error("the pipeline has ended")]
    Closed(T),
}

impl<T: Send + 'static> Outlet<T> {
    /// Gives an item and returns how much is still wanted beyond it: 0 says "wait if you can".
    ///
    /// # Errors
    /// [`Full`] hands the item back: the limit is reached, or nobody takes items any more.
    pub fn push(&mut self, item: T) -> Result<u64, Full<T>> {
        self.shared.with(|state| state.push(item))
    }

    /// Another hand that pushes, for an actor that should not have to go through this one's.
    #[must_use]
    pub fn pusher(&self) -> Pusher<T> {
        Pusher { shared: Arc::clone(&self.shared) }
    }

    /// Whether it takes nothing any more: it was [ended](Self::end), its pipeline has ended, or its source was dropped
    /// unstarted. Once closed it stays so.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.lock().life != Life::Open
    }

    /// What waits here because nobody has asked for it yet, in items or bytes.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.shared.lock().kept_weight
    }

    /// Drops what waits here and was not asked for; returns how many items that were.
    pub fn discard(&mut self) -> usize {
        let discarded = self.shared.with(State::discard);
        discarded.len()
    }

    /// The stream ends once everything has been taken. Later pushes are refused.
    pub fn end(&mut self) {
        self.shared.with(|state| {
            if state.life == Life::Open {
                state.life = Life::Ending;
            }
        });
    }

    /// Tells `recipient` when there is demand again after a push that found none, be it a [`pusher`](Self::pusher)'s; or when the pipeline has ended
    /// meanwhile, which the next push says. (Node: `drain`.)
    pub fn notify(&mut self, recipient: Recipient<Wanted>) {
        self.shared.with(|state| {
            let told = Told::Enough;
            state.wanted = Some(Box::new(Listener { recipient, told }));
        });
    }
}

/// Pushes into an [`Outlet`], and does no more: for others than whoever says when it ends. Cheap to clone.
///
/// The stream does not wait for it: it ends, or fails, as the outlet says.
///
/// # Examples
/// ```
/// use roundsman::stream::{Full, outlet};
///
/// let (source, mut outlet) = outlet::<u32>(2);
/// let pusher = outlet.pusher();
/// assert_eq!((pusher.push(1), outlet.push(2)), (Ok(0), Ok(0)));
/// outlet.end();
/// assert_eq!(pusher.push(3), Err(Full::Closed(3)));
/// # drop(source);
/// ```
pub struct Pusher<T: Send + 'static> {
    shared: Arc<Shared<T>>,
}

impl<T: Send + 'static> Pusher<T> {
    /// As [`Outlet::push`]. Of several who push, one after another, each item has its place as it is pushed.
    ///
    /// # Errors
    /// [`Full`] hands the item back: the limit is reached, or nobody takes items any more.
    pub fn push(&self, item: T) -> Result<u64, Full<T>> {
        self.shared.with(|state| state.push(item))
    }
}

impl<T: Send + 'static> Clone for Pusher<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T: Send + 'static> fmt::Debug for Pusher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pusher({} waiting)", self.shared.lock().kept_weight)
    }
}

/// It is worth pushing again: there is demand, or nobody takes items any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted;

/// What the outlet, the link's lower end and the pump have in common.
///
/// The mutex is held for the change of a few fields only: sends, which may block a thread or come back as demand, and
/// drops of items, which are the user's code, happen outside.
struct Shared<T: Send + 'static>(Mutex<State<T>>);

struct State<T: Send + 'static> {
    /// Who sends, once started and until closed.
    pump: Option<Address<Message>>,
    /// The pump has been told to look and has not looked yet.
    nudged: bool,
    /// Asked for, and not pushed yet.
    owed: Owed,
    /// What was pushed and not sent yet.
    items: Items<T>,
    /// So many of them are asked for: no more than the link's window. The others are kept until they are.
    asked: usize,
    kept_weight: u64,
    limit: u64,
    life: Life,
    wanted: Option<Box<Listener>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Open,
    /// The end follows what is kept.
    Ending,
    /// The outlet was dropped without an end.
    Abandoned,
    /// Nobody takes items any more.
    Closed,
}

/// Who is told of demand.
struct Listener {
    recipient: Recipient<Wanted>,
    told: Told,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// No push has found no demand since.
    Enough,
    /// A push has: it waits for news.
    Waits,
    /// There are news.
    Now,
}

impl<T: Send + 'static> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing in here is left half done by a panic: an allocation that fails aborts.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, then tells whoever has to know.
    fn with<R>(&self, change: impl FnOnce(&mut State<T>) -> R) -> R {
        let (result, nudge, news) = {
            let mut state = self.lock();
            let result = change(&mut state);
            (result, state.nudge(), state.news())
        };
        if let Some(pump) = nudge {
            // One that has ended has closed the outlet, or is about to.
            let _ = pump.send(Message::Look);
        }
        if let Some(recipient) = news {
            // An actor that has ended wants nothing.
            let _ = recipient.send(Wanted);
        }
        result
    }
}

impl<T: Send + 'static> State<T> {
    fn push(&mut self, item: T) -> Result<u64, Full<T>> {
        if self.life != Life::Open {
            return Err(Full::Closed(item));
        }
        let weight = weight(&item);
        if self.keeps_nothing() && self.owed.is_due() {
            self.owed.give(weight);
            self.asked += 1;
        } else {
            if self.kept_weight.saturating_add(weight) > self.limit {
                self.listen();
                return Err(Full::Limit(item));
            }
            self.kept_weight += weight;
        }
        self.items.push(item);
        if !self.owed.is_due() {
            self.listen();
        }
        Ok(self.owed.left())
    }

    fn keeps_nothing(&self) -> bool {
        self.asked == self.items.len()
    }

    /// A push has found no demand.
    fn listen(&mut self) {
        if let Some(listener) = &mut self.wanted {
            listener.told = Told::Waits;
        }
    }

    /// So much more is asked for.
    fn request(&mut self, amount: u64) {
        self.owed.ask(amount);
        while self.owed.is_due() {
            let Some(item) = self.items.get(self.asked) else { break };
            let weight = weight(item);
            self.kept_weight -= weight;
            self.owed.give(weight);
            self.asked += 1;
        }
        if self.owed.is_due() {
            self.tell();
        }
    }

    fn tell(&mut self) {
        if let Some(listener) = &mut self.wanted
            && listener.told == Told::Waits
        {
            listener.told = Told::Now;
        }
    }

    /// What is asked for.
    fn take_asked(&mut self) -> Items<T> {
        self.items.take_front(std::mem::take(&mut self.asked))
    }

    /// What is kept.
    fn discard(&mut self) -> Items<T> {
        self.kept_weight = 0;
        self.items.split_off(self.asked)
    }

    /// Nobody takes items any more. Returns those that are left, to be dropped outside of the mutex.
    #[must_use]
    fn close(&mut self) -> Items<T> {
        self.life = Life::Closed;
        self.tell();
        (self.asked, self.kept_weight) = (0, 0);
        std::mem::take(&mut self.items)
    }

    /// The pump, if it has something to do and does not know.
    fn nudge(&mut self) -> Option<Address<Message>> {
        let idle = match self.life {
            Life::Open => true,
            Life::Ending => !self.keeps_nothing(),
            Life::Abandoned | Life::Closed => false,
        };
        if self.nudged || (idle && self.asked == 0) {
            return None;
        }
        self.nudged = self.pump.is_some();
        self.pump.clone()
    }

    /// Who is to be told that it is worth pushing again.
    fn news(&mut self) -> Option<Recipient<Wanted>> {
        let listener = self.wanted.as_mut().filter(|listener| listener.told == Told::Now)?;
        listener.told = Told::Enough;
        Some(listener.recipient.clone())
    }
}

/// Items in order. Mostly there is one at most, which takes no room of its own.
struct Items<T> {
    /// `None` only if there are no others.
    first: Option<T>,
    others: VecDeque<T>,
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self { first: None, others: VecDeque::new() }
    }
}

impl<T> Items<T> {
    fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.others.push_back(item);
        }
    }

    fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    fn get(&self, at: usize) -> Option<&T> {
        match at.checked_sub(1) {
            None => self.first.as_ref(),
            Some(other) => self.others.get(other),
        }
    }

    /// Takes so many off the front: at a cost for these, however many there are.
    fn take_front(&mut self, count: usize) -> Self {
        let Some(others) = count.checked_sub(1) else { return Self::default() };
        let taken =
            Self { first: self.first.take(), others: self.others.drain(..others).collect() };
        self.first = self.others.pop_front();
        taken
    }

    /// Takes off those from `at` on.
    fn split_off(&mut self, at: usize) -> Self {
        match at.checked_sub(1) {
            None => std::mem::take(self),
            Some(other) => {
                let mut others = self.others.split_off(other);
                Self { first: others.pop_front(), others }
            }
        }
    }
}

impl<T> IntoIterator for Items<T> {
    type Item = T;
    type IntoIter = iter::Chain<std::option::IntoIter<T>, std::collections::vec_deque::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.others)
    }
}

impl<T: Send + 'static> Supplier for Arc<Shared<T>> {
    fn ask(&self, demand: Demand) {
        match demand {
            Demand::More(amount) => self.with(|state| state.request(amount)),
            Demand::Cancel => drop(self.with(State::close)),
        }
    }
}

impl<T: Send + 'static> Drop for Outlet<T> {
    fn drop(&mut self) {
        let lost = self.shared.with(|state| {
            state.wanted = None;
            if state.life != Life::Open {
                return Items::default();
            }
            state.life = Life::Abandoned;
            state.discard()
        });
        drop(lost);
    }
}

impl<T: Send + 'static> fmt::Debug for Outlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outlet({} waiting)", self.waiting())
    }
}

/// Sends what was asked for. An actor on the pipeline's loop, so that all of it takes the same way.
struct Pump<T: Send + 'static> {
    shared: Arc<Shared<T>>,
    link: Downstream<T>,
    reporter: Reporter,
    paused: bool,
    closed: bool,
}

enum Message {
    /// There is something to send, or to say.
    Look,
    Control(Control),
}

impl<T: Send + 'static> Pump<T> {
    fn look(&mut self, ctx: &mut Context<Self>) {
        if self.paused {
            return;
        }
        let (items, life) = {
            let mut state = self.shared.lock();
            state.nudged = false;
            let ends = state.life != Life::Ending || state.keeps_nothing();
            (state.take_asked(), if ends { state.life } else { Life::Open })
        };
        let taken = match items {
            Items { first: None, .. } => true,
            Items { first: Some(item), others } if others.is_empty() => {
                self.link.take(Flow::Item(item))
            }
            items => self.link.take(Flow::Items(items.into_iter().collect())),
        };
        if !taken {
            return self.close(Ok(Counts::default()), ctx);
        }
        match life {
            Life::Open => {}
            Life::Closed => self.close(Ok(Counts::default()), ctx),
            Life::Ending => {
                self.link.take(Flow::End);
                self.close(Ok(Counts::default()), ctx);
            }
            Life::Abandoned => self.fail(PipeError::new("outlet", Cut::OwnerGone), ctx),
        }
    }

    fn fail(&mut self, error: PipeError, ctx: &mut Context<Self>) {
        self.link.take(Flow::Failed(error.clone()));
        self.close(Err(error), ctx);
    }

    fn close(&mut self, result: Result<Counts, PipeError>, ctx: &mut Context<Self>) {
        self.closed = true;
        let left = self.shared.with(|state| {
            state.pump = None;
            state.close()
        });
        drop(left);
        self.reporter.closed(result);
        ctx.stop();
    }
}

impl<T: Send + 'static> Actor for Pump<T> {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.shared.lock().pump = Some(ctx.address());
        self.look(ctx);
        Ok(())
    }

    fn show(message: &Message) -> String {
        match message {
            Message::Look => "there is something to send".to_owned(),
            Message::Control(control) => control.shown(),
        }
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Look => self.look(ctx),
            Message::Control(Control::Abort(error)) => self.fail(error, ctx),
            Message::Control(Control::Pause) => self.paused = true,
            Message::Control(Control::Resume) => {
                self.paused = false;
                self.look(ctx);
            }
        }
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, ctx: &mut Context<Self>) {
        if !self.closed {
            let error = self.reporter.error(Cut::OwnerGone);
            self.fail(error, ctx);
        }
    }
}
