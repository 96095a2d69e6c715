//! One listener in the list: where its events go, and what waits for it.
//!
//! Kept by [`Listeners`](super::Listeners). It gives one event and says what became of it; it does not leave the list by
//! itself.

use std::collections::VecDeque;

use roundsman_runtime::{
    Owner, Ready, Recipient, RecipientIdentity, Reply, SendError, TimerId, TrySendError,
};

use super::notices::Removal;
use super::subscriber::Subscriber;
use crate::slow::SlowPolicy;
use crate::stream::{Full, Outlet};

/// One listener.
pub(crate) struct Entry<E: Send + 'static> {
    target: Target<E>,
    slow: SlowPolicy,
    once: bool,
    /// Removed already, and still to be called: see [`Listeners::spend`](super::Listeners).
    spent: bool,
    room: u32,
    kept: Option<Box<Kept<E>>>,
}

enum Target<E: Send + 'static> {
    Actor(Recipient<E>),
    Other(Box<Other<E>>),
}

enum Other<E: Send + 'static> {
    /// Somebody who has asked for the next event.
    Asker { reply: Option<Reply<E>>, number: u64, timer: TimerId },
    /// A source.
    Source(Outlet<E>),
}

/// What is kept for a listener that is over, and what was lost.
struct Kept<E> {
    events: VecDeque<E>,
    dropped: u64,
    /// News that it is ready again are under way.
    asked: bool,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// It is on its way, or kept, or dropped by the listener's policy.
    Yes,
    /// The same, and whoever emits should wait.
    Pressed,
    /// The listener is no longer there.
    Gone(Removal),
}

/// A listener that has left the list.
pub(crate) struct Gone {
    pub(crate) owner: Option<Owner>,
    pub(crate) why: Removal,
    pub(crate) timer: Option<TimerId>,
}

impl<E: Send + 'static> Entry<E> {
    pub(crate) fn new(subscriber: Subscriber<E>) -> Self {
        let Subscriber { recipient, slow, room, once, .. } = subscriber;
        Self { target: Target::Actor(recipient), slow, once, spent: false, room, kept: None }
    }

    pub(crate) fn asker(reply: Reply<E>, number: u64, timer: TimerId) -> Self {
        let target = Target::Other(Box::new(Other::Asker { reply: Some(reply), number, timer }));
        Self { target, slow: SlowPolicy::Wait, once: true, spent: false, room: 0, kept: None }
    }

    pub(crate) fn source(outlet: Outlet<E>, slow: SlowPolicy, room: u32) -> Self {
        let target = Target::Other(Box::new(Other::Source(outlet)));
        Self { target, slow, once: false, spent: false, room, kept: None }
    }

    pub(crate) fn owner(&self) -> Option<Owner> {
        match &self.target {
            Target::Actor(recipient) => Some(recipient.owner()),
            Target::Other(_) => None,
        }
    }

    pub(crate) fn is(&self, listener: &RecipientIdentity) -> bool {
        match &self.target {
            Target::Actor(recipient) => listener.is_of(recipient),
            Target::Other(_) => false,
        }
    }

    pub(crate) fn is_asker(&self, asked: u64) -> bool {
        let Target::Other(other) = &self.target else { return false };
        matches!(**other, Other::Asker { number, .. } if number == asked)
    }

    pub(crate) fn is_once(&self) -> bool {
        self.once
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.spent
    }

    pub(crate) fn spend(&mut self) {
        self.spent = true;
    }

    /// Whether somebody is there: an actor that has ended listens to nothing.
    pub(crate) fn listens(&self) -> bool {
        match &self.target {
            Target::Actor(recipient) => !recipient.is_closed(),
            Target::Other(_) => true,
        }
    }

    /// More is kept for it than should: whoever emits should wait.
    pub(crate) fn is_pressed(&self) -> bool {
        let kept = self.kept.as_ref().map_or(0, |kept| kept.events.len());
        self.slow == SlowPolicy::Wait && kept > 0 && kept >= self.room as usize
    }

    /// What it has lost so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.kept.as_ref().map_or(0, |kept| kept.dropped)
    }

    /// What it will have lost if it leaves now.
    pub(crate) fn lost(&self) -> u64 {
        self.kept.as_ref().map_or(0, |kept| kept.dropped + kept.events.len() as u64)
    }

    /// Leaves the list. What was kept for it is dropped.
    pub(crate) fn leave(self, why: Removal) -> Gone {
        let owner = self.owner();
        let mut timer = None;
        if let Target::Other(other) = self.target
            && let Other::Asker { reply, timer: armed, .. } = *other
        {
            timer = Some(armed);
            if let (Some(reply), Removal::Expired) = (reply, why) {
                reply.expire();
            }
        }
        Gone { owner, why, timer }
    }

    /// The emitter ends as planned: so does the stream, if nothing is missing.
    pub(crate) fn end(&mut self) {
        let nothing_kept = self.kept.as_ref().is_none_or(|kept| kept.events.is_empty());
        if let Target::Other(other) = &mut self.target
            && let Other::Source(outlet) = &mut **other
            && nothing_kept
        {
            outlet.end();
        }
    }

    /// Gives it an event. `wake` is told when one that is over is ready again.
    #[inline]
    pub(crate) fn give(&mut self, event: E, wake: Option<&Recipient<Ready>>) -> Given {
        if let (Target::Actor(recipient), SlowPolicy::Wait) = (&self.target, self.slow) {
            return match recipient.send(event) {
                Ok(()) => Given::Yes,
                Err(refused) => self.refused(refused, 1),
            };
        }
        self.give_unless_over(event, wake)
    }

    /// Gives it several.
    pub(crate) fn give_all(&mut self, events: &[E], wake: Option<&Recipient<Ready>>) -> Given
    where
        E: Clone,
    {
        if let (Target::Actor(recipient), SlowPolicy::Wait) = (&self.target, self.slow) {
            return match recipient.send_all(events.to_vec()) {
                Ok(()) => Given::Yes,
                Err(refused) => self.refused(refused, events.len()),
            };
        }
        let mut given = Given::Yes;
        for event in events {
            given = self.give_unless_over(event.clone(), wake);
            if let Given::Gone(_) = given {
                break;
            }
        }
        given
    }

    #[cold]
    #[inline(never)]
    fn refused<R>(&mut self, refused: SendError<R>, events: usize) -> Given {
        match refused {
            SendError::Closed(_) => Given::Gone(Removal::OwnerEnded),
            // Its own mailbox rejects what comes now: that is its policy.
            _ => {
                self.count_dropped(events as u64);
                Given::Yes
            }
        }
    }

    #[inline(never)]
    fn give_unless_over(&mut self, event: E, wake: Option<&Recipient<Ready>>) -> Given {
        if let Given::Gone(why) = self.flush(wake) {
            return Given::Gone(why);
        }
        let event = if self.is_keeping() {
            event
        } else {
            match self.offer(event) {
                Ok(()) => return Given::Yes,
                Err(TrySendError::Over(event)) => event,
                Err(_) => return Given::Gone(Removal::OwnerEnded),
            }
        };
        self.keep(event, wake)
    }

    fn is_keeping(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| !kept.events.is_empty())
    }

    /// Gives it what was kept, as far as it takes that.
    pub(crate) fn flush(&mut self, wake: Option<&Recipient<Ready>>) -> Given {
        let Some(mut kept) = self.kept.take() else { return Given::Yes };
        kept.asked = false;
        let mut given = Given::Yes;
        while let Some(event) = kept.events.pop_front() {
            match self.offer(event) {
                Ok(()) => {}
                Err(TrySendError::Over(event)) => {
                    kept.events.push_front(event);
                    break;
                }
                Err(_) => {
                    given = Given::Gone(Removal::OwnerEnded);
                    break;
                }
            }
        }
        if !kept.events.is_empty() {
            kept.asked = self.ask(wake);
        }
        self.kept = Some(kept);
        given
    }

    fn offer(&mut self, event: E) -> Result<(), TrySendError<E>> {
        match &mut self.target {
            Target::Actor(recipient) => recipient.try_send(event),
            Target::Other(other) => match &mut **other {
                Other::Asker { reply, .. } => {
                    if let Some(reply) = reply.take() {
                        reply.send(event);
                    }
                    Ok(())
                }
                Other::Source(outlet) => match outlet.push(event) {
                    Ok(_) => Ok(()),
                    Err(Full::Limit(event)) => Err(TrySendError::Over(event)),
                    Err(Full::Closed(event)) => Err(TrySendError::Closed(event)),
                },
            },
        }
    }

    /// Keeps an event for a listener that is over, or does what its policy says.
    fn keep(&mut self, event: E, wake: Option<&Recipient<Ready>>) -> Given {
        let room = self.room as usize;
        let kept = self.kept_mut();
        let full = kept.events.len() >= room;
        let mut lost = None;
        match self.slow {
            SlowPolicy::DropNewest if full => return self.drop_one(event),
            SlowPolicy::DropOldest if room == 0 => return self.drop_one(event),
            SlowPolicy::Disconnect if full => {
                self.count_dropped(1);
                return Given::Gone(Removal::Slow);
            }
            SlowPolicy::DropOldest if full => lost = self.kept_mut().events.pop_front(),
            _ => {}
        }
        let kept = self.kept_mut();
        kept.events.push_back(event);
        if !kept.asked {
            let asked = self.ask(wake);
            self.kept_mut().asked = asked;
        }
        if let Some(lost) = lost {
            return self.drop_one(lost);
        }
        if self.is_pressed() { Given::Pressed } else { Given::Yes }
    }

    fn kept_mut(&mut self) -> &mut Kept<E> {
        self.kept.get_or_insert_with(|| {
            Box::new(Kept { events: VecDeque::new(), dropped: 0, asked: false })
        })
    }

    /// Asks for news of a listener that is over. A source tells by itself.
    fn ask(&self, wake: Option<&Recipient<Ready>>) -> bool {
        if let (Target::Actor(recipient), Some(wake)) = (&self.target, wake) {
            recipient.when_ready(wake.clone());
        }
        wake.is_some()
    }

    fn drop_one(&mut self, event: E) -> Given {
        self.count_dropped(1);
        drop(event);
        Given::Yes
    }

    #[cold]
    fn count_dropped(&mut self, events: u64) {
        self.kept_mut().dropped += events;
    }
}
