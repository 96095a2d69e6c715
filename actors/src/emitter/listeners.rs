//! `Listeners`: who listens to one event, in order, as plain data.
//!
//! Inside [`Emitter`](super::Emitter), one for each type of event; and inside actors that emit in their own turn. It keeps
//! the order, and gives; it spawns nothing, watches nobody, and has no timers.

use std::any::{TypeId, type_name};
use std::borrow::Borrow;
use std::fmt;

use roundsman_runtime::{ActorId, Owner, Ready, Recipient};

use super::entry::{Entry, Given, Gone};
use super::notices::Removal;
use super::subscriber::{Subscriber, Subscription};

/// Who listens to the event `E`, for an actor that emits in its own turn, without an [`Emitter`](super::Emitter).
///
/// The rules are those of the [module](super), but for what needs an actor: nobody hears of
/// [`NewListener`](super::NewListener), and nobody is watched. A listener whose actor has ended leaves with the next event;
/// or with [`remove_owner`](Self::remove_owner), if you watch it.
///
/// # Examples
/// ```
/// use roundsman::emitter::Listeners;
/// use roundsman::prelude::*;
///
/// #[derive(Clone)]
/// struct Joined(&'static str);
///
/// enum Room {
///     Listen(roundsman::Recipient<Joined>),
///     Join(&'static str),
/// }
///
/// struct Lobby(Listeners<Joined>);
///
/// impl Actor for Lobby {
///     type Message = Room;
///     fn receive(&mut self, message: Room, _: &mut Context<Self>) -> Outcome {
///         match message {
///             Room::Listen(recipient) => drop(self.0.on(recipient)),
///             Room::Join(name) => _ = self.0.emit(Joined(name)),
///         }
///         Ok(())
///     }
/// }
///
/// struct Guest;
///
/// impl Actor for Guest {
///     type Message = Joined;
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let lobby = ctx.spawn(Lobby(Listeners::new()));
///         lobby.send(Room::Listen(ctx.recipient(|joined| joined)))?;
///         lobby.send(Room::Join("ada"))?;
///         Ok(())
///     }
///     fn receive(&mut self, Joined(name): Joined, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(name, "ada");
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run(|| Guest)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Listeners<E: Send + 'static> {
    entries: Vec<Entry<E>>,
    /// Of these, those that were removed already and are still to be called.
    spent: usize,
    /// Of these, those that are called once.
    once: usize,
    /// What those that have left have lost.
    dropped: u64,
    wake: Option<Recipient<Ready>>,
    /// Whether each owner has one listener only, if that is known.
    solo: Option<bool>,
}

/// What an event has met.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Met {
    /// How many listeners it was given.
    pub(crate) listeners: usize,
    /// Whoever emits should wait.
    pub(crate) pressed: bool,
}

/// An event on its way to everybody, one by one.
#[derive(Default)]
pub(crate) struct Round {
    met: Met,
    leaving: Vec<(usize, Removal)>,
}

impl<E: Send + 'static> Default for Listeners<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Send + 'static> Listeners<E> {
    /// Nobody listens.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new(), spent: 0, once: 0, dropped: 0, wake: None, solo: None }
    }

    /// Adds a listener, after those that are there: a [`Recipient`], or a [`Subscriber`] that says more. The same listener
    /// twice is called twice.
    pub fn on(&mut self, listener: impl Into<Subscriber<E>>) -> Subscription {
        let subscriber = listener.into();
        let subscription = subscriber.subscription();
        let first = subscriber.first;
        self.enter(Entry::new(subscriber), first);
        subscription
    }

    /// Adds a listener that is called once: it is removed before it is called.
    pub fn once(&mut self, listener: impl Into<Subscriber<E>>) -> Subscription {
        self.on(listener.into().once())
    }

    /// Adds a listener before those that are there.
    pub fn prepend(&mut self, listener: impl Into<Subscriber<E>>) -> Subscription {
        self.on(listener.into().first())
    }

    /// Removes a listener: of several times that it was added, the latest in the order in which they are called. False if it
    /// does not listen.
    pub fn off(&mut self, subscription: impl Borrow<Subscription>) -> bool {
        self.take_off(subscription.borrow()).is_some()
    }

    /// Removes everybody, and returns how many that were.
    pub fn remove_all(&mut self) -> usize {
        let mut gone = Vec::new();
        self.take_all(&mut gone);
        gone.len()
    }

    /// Removes all listeners of one actor, and returns how many that were.
    pub fn remove_owner(&mut self, owner: ActorId) -> usize {
        let mut gone = Vec::new();
        self.take_where(Removal::OwnerEnded, &mut gone, |entry| {
            entry.owner().is_some_and(|one| one.id() == owner)
        });
        gone.len()
    }

    /// How many listen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len() - self.spent
    }

    /// Whether nobody does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events listeners have lost, by their policies or because they were cut off.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped + self.entries.iter().map(Entry::dropped).sum::<u64>()
    }

    /// Tells `wake` when a listener that is over, and for which events are kept, is ready again: then [`flush`](Self::flush).
    /// Without it what is kept goes with the next event. (Compare [`Outlet::notify`](crate::stream::Outlet::notify).)
    pub fn notify(&mut self, wake: Recipient<Ready>) {
        self.wake = Some(wake);
    }

    /// Gives listeners what is kept for them, as far as they take it.
    pub fn flush(&mut self) {
        self.flush_all(&mut Vec::new());
    }

    /// Gives the event to everybody who listens now, in order, and returns how many that are. Each but the last gets a clone.
    ///
    /// A listener on another loop handles it when its turn comes: the order is that of sending. A listener that is over and
    /// [waited for](crate::SlowPolicy::Wait) pauses this actor after the message in hand, as any send does.
    pub fn emit(&mut self, event: E) -> usize
    where
        E: Clone,
    {
        let mut gone = Vec::new();
        let once = self.spend(&mut gone);
        self.deliver(event, once, &mut gone).listeners
    }

    // For the emitter, which has to know who left.

    pub(crate) fn enter(&mut self, entry: Entry<E>, first: bool) {
        self.once += usize::from(entry.is_once());
        self.solo = None;
        let at = if first { 0 } else { self.entries.len() };
        self.entries.insert(at, entry);
    }

    pub(crate) fn take_off(&mut self, subscription: &Subscription) -> Option<Gone> {
        if subscription.event != TypeId::of::<E>() {
            return None;
        }
        let is_it = |entry: &Entry<E>| !entry.is_spent() && entry.is(&subscription.listener);
        let at = self.entries.iter().rposition(is_it)?;
        Some(self.remove(at, Removal::Off))
    }

    pub(crate) fn take_asker(&mut self, number: u64) -> Option<Gone> {
        let is_it = |entry: &Entry<E>| !entry.is_spent() && entry.is_asker(number);
        let at = self.entries.iter().position(is_it)?;
        Some(self.remove(at, Removal::Expired))
    }

    fn remove(&mut self, at: usize, why: Removal) -> Gone {
        let entry = self.entries.remove(at);
        self.left(entry, why)
    }

    /// Books for one that has left the list, not having been spent.
    fn left(&mut self, entry: Entry<E>, why: Removal) -> Gone {
        self.once -= usize::from(entry.is_once());
        self.solo = None;
        self.dropped += entry.lost();
        entry.leave(why)
    }

    /// The last to come is the first to go, as in Node.
    pub(crate) fn take_all(&mut self, gone: &mut Vec<Gone>) {
        self.take_where(Removal::Off, gone, |_| true);
        gone.reverse();
    }

    pub(crate) fn take_of(&mut self, owner: Owner, gone: &mut Vec<Gone>) {
        self.take_where(Removal::OwnerEnded, gone, |entry| entry.owner() == Some(owner));
    }

    fn take_where(
        &mut self,
        why: Removal,
        gone: &mut Vec<Gone>,
        leaves: impl Fn(&Entry<E>) -> bool,
    ) {
        let mut at = 0;
        while at < self.entries.len() {
            if !self.entries[at].is_spent() && leaves(&self.entries[at]) {
                gone.push(self.remove(at, why));
            } else {
                at += 1;
            }
        }
    }

    /// Removes those that are called once, of whom others may be told now, and keeps them to be called. True if there are any.
    pub(crate) fn spend(&mut self, gone: &mut Vec<Gone>) -> bool {
        if !self.spends() {
            return false;
        }
        gone.extend((0..self.places()).filter_map(|at| self.spend_at(at)));
        true
    }

    /// Gives the event to everybody, and to those that were spent for it, if it is their event.
    pub(crate) fn deliver(&mut self, event: E, with_spent: bool, gone: &mut Vec<Gone>) -> Met
    where
        E: Clone,
    {
        let mut met = Met::default();
        let mut leaving = Vec::new();
        let wake = self.wake.as_ref();
        let len = self.entries.len();
        if let Some((last, others)) = self.entries.split_last_mut() {
            for (at, entry) in others.iter_mut().enumerate() {
                if !with_spent && entry.is_spent() {
                    continue;
                }
                match entry.give(event.clone(), wake) {
                    Given::Yes => met.listeners += 1,
                    unusual => note(unusual, at, &mut met, &mut leaving),
                }
            }
            if with_spent || !last.is_spent() {
                match last.give(event, wake) {
                    Given::Yes => met.listeners += 1,
                    unusual => note(unusual, len - 1, &mut met, &mut leaving),
                }
            }
        }
        if with_spent || !leaving.is_empty() {
            self.tidy(with_spent, leaving, gone);
        }
        met
    }

    /// How many stand in the list, with those that were removed and are still to be called.
    pub(crate) fn places(&self) -> usize {
        self.entries.len()
    }

    /// Removes the listener at this place, if it is called once, and keeps it to be called.
    pub(crate) fn spend_at(&mut self, at: usize) -> Option<Gone> {
        let entry =
            self.entries.get_mut(at).filter(|entry| entry.is_once() && !entry.is_spent())?;
        entry.spend();
        self.spent += 1;
        Some(Gone { owner: entry.owner(), why: Removal::Once, timer: None })
    }

    /// Gives the event to the listener at this place; [`let_go`](Self::let_go) follows once all have it.
    pub(crate) fn deliver_at(&mut self, at: usize, event: E, into: &mut Round) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        let given = entry.give(event, self.wake.as_ref());
        note(given, at, &mut into.met, &mut into.leaving);
    }

    /// Lets those go that were called once, or that have left meanwhile.
    pub(crate) fn let_go(&mut self, round: Round, gone: &mut Vec<Gone>) -> Met {
        self.tidy(true, round.leaving, gone);
        round.met
    }

    /// Whether somebody is called once, and has not been.
    pub(crate) fn spends(&self) -> bool {
        self.once > self.spent
    }

    /// Whether several events may be given to one listener after another: nobody can tell whether each event had gone to
    /// everybody before the next, for no actor listens twice, and the list stays as it is meanwhile.
    pub(crate) fn takes_several(&mut self) -> bool {
        let entries = &self.entries;
        let mut solo = || {
            let mut owners: Vec<_> =
                entries.iter().filter_map(|entry| Some(entry.owner()?.id())).collect();
            owners.sort_unstable();
            owners.windows(2).all(|pair| pair[0] != pair[1])
        };
        self.once == 0 && *self.solo.get_or_insert_with(&mut solo)
    }

    /// Gives these events to everybody, to each listener all of them. Nobody in the list is called once.
    pub(crate) fn deliver_all(&mut self, events: &mut Vec<E>, gone: &mut Vec<Gone>) -> Met
    where
        E: Clone,
    {
        let mut met = Met::default();
        let mut leaving = Vec::new();
        let wake = self.wake.as_ref();
        for (at, entry) in self.entries.iter_mut().enumerate() {
            match entry.give_all(events, wake) {
                Given::Yes => met.listeners += 1,
                unusual => note(unusual, at, &mut met, &mut leaving),
            }
        }
        events.clear();
        if !leaving.is_empty() {
            self.tidy(false, leaving, gone);
        }
        met
    }

    /// Lets those go that were called once or that have left.
    #[inline(never)]
    fn tidy(&mut self, with_spent: bool, leaving: Vec<(usize, Removal)>, gone: &mut Vec<Gone>) {
        let mut leaving = leaving.into_iter().peekable();
        for (at, entry) in std::mem::take(&mut self.entries).into_iter().enumerate() {
            let leaves = leaving.next_if(|(place, _)| *place == at).map(|(_, why)| why);
            if with_spent && entry.is_spent() {
                // Told of before; but a timer is left.
                self.spent -= 1;
                let Gone { timer, .. } = self.left(entry, Removal::Once);
                if timer.is_some() {
                    gone.push(Gone { owner: None, why: Removal::Once, timer });
                }
            } else if let Some(why) = leaves {
                gone.push(self.left(entry, why));
            } else {
                self.entries.push(entry);
            }
        }
    }

    pub(crate) fn flush_all(&mut self, gone: &mut Vec<Gone>) {
        let wake = self.wake.as_ref();
        let mut leaving = Vec::new();
        for (at, entry) in self.entries.iter_mut().enumerate() {
            if let Given::Gone(why) = entry.flush(wake) {
                leaving.push((at, why));
            }
        }
        if !leaving.is_empty() {
            self.tidy(false, leaving, gone);
        }
    }

    pub(crate) fn has_wake(&self) -> bool {
        self.wake.is_some()
    }

    /// Whether anybody is there to hear.
    pub(crate) fn anybody_listens(&self) -> bool {
        self.entries.iter().any(|entry| !entry.is_spent() && entry.listens())
    }

    pub(crate) fn is_pressed(&self) -> bool {
        self.entries.iter().any(Entry::is_pressed)
    }

    pub(crate) fn end(&mut self) {
        self.entries.iter_mut().for_each(Entry::end);
    }
}

#[cold]
fn note(unusual: Given, at: usize, met: &mut Met, leaving: &mut Vec<(usize, Removal)>) {
    match unusual {
        Given::Yes => met.listeners += 1,
        Given::Pressed => {
            met.listeners += 1;
            met.pressed = true;
        }
        Given::Gone(why) => leaving.push((at, why)),
    }
}

impl<E: Send + 'static> fmt::Debug for Listeners<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listeners<{}>({})", type_name::<E>(), self.len())
    }
}

#[cfg(test)]
mod tests;
