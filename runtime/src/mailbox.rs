//! The mailbox of an actor: a plain queue, and the rules of those that need more than a length.
//!
//! Filled by [`address`](crate::address) and emptied by [`turn`](crate::turn), both on the owner's thread. It is data:
//! it neither schedules nor pauses anybody, and runs no user code.

use std::collections::VecDeque;

/// Over from more than this many messages, unless said otherwise.
pub(crate) const HIGH: u32 = 1024;
/// No longer over at this many. A quarter would be too low to cover the time that a resumed sender takes.
pub(crate) const LOW: u32 = 512;
/// Room for the first few messages is made one by one.
const ONE_BY_ONE: usize = 4;
/// Over from more than this many bytes, where messages are weighed.
pub(crate) const WEIGHT_HIGH: usize = 1 << 20;

/// What happens to a message that comes while the mailbox is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// It is taken, and its sender pauses until there is room. Nothing is lost.
    #[default]
    Wait,
    /// It is handed back to its sender ([`SendError::Rejected`](crate::SendError::Rejected)).
    Reject,
    /// The oldest queued message is dropped for it, and counted.
    DropOldest,
    /// It is dropped, and counted.
    DropNewest,
    /// It is taken, and nobody ever pauses: memory is the only bound.
    Unbounded,
}

/// What waits for an actor.
pub(crate) struct Mailbox<M> {
    queue: VecDeque<M>,
    rules: Option<Box<Rules<M>>>,
}

struct Rules<M> {
    /// Messages taken out since there are rules, wrapping: names positions for `exempt`.
    taken: u32,
    /// Positions (as `taken` counts) of replies in the queue: they never count.
    exempt: VecDeque<u32>,
    weigh: Option<fn(&M) -> usize>,
    /// The weight of each queued message, where they are weighed: a weigh function is the user's, and runs only while
    /// nothing is borrowed.
    weights: VecDeque<usize>,
    weight: usize,
    overflow: Overflow,
}

impl<M> Rules<M> {
    fn new() -> Box<Self> {
        Box::new(Self {
            taken: 0,
            exempt: VecDeque::new(),
            weigh: None,
            weights: VecDeque::new(),
            weight: 0,
            overflow: Overflow::Wait,
        })
    }

    fn took(&mut self, weight: Option<usize>) {
        self.weight -= weight.unwrap_or(0);
    }
}

impl<M> Mailbox<M> {
    /// An empty one.
    pub(crate) fn new(overflow: Overflow, weigh: Option<fn(&M) -> usize>) -> Self {
        let plain = weigh.is_none() && matches!(overflow, Overflow::Wait | Overflow::Unbounded);
        let rules = (!plain).then(|| Box::new(Rules { weigh, overflow, ..*Rules::new() }));
        Self { queue: VecDeque::new(), rules }
    }

    /// Whether a message can be added without allocating.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.queue.len() < self.queue.capacity()
    }

    /// Adds a message to a mailbox without rules, and returns how many wait now.
    #[inline]
    pub(crate) fn push_plain(&mut self, message: M) -> usize {
        debug_assert!(self.rules.is_none());
        self.queue.push_back(message);
        self.queue.len()
    }

    /// The same for several, which may allocate.
    pub(crate) fn append_plain(&mut self, messages: Vec<M>) -> usize {
        debug_assert!(self.rules.is_none());
        self.queue.extend(messages);
        self.queue.len()
    }

    /// The function that weighs its messages, to be called while the mailbox is not borrowed.
    pub(crate) fn weigher(&self) -> Option<fn(&M) -> usize> {
        self.rules.as_ref()?.weigh
    }

    /// Gives up rules that were needed for replies only, when none of them is queued. True if it has none now.
    pub(crate) fn relax(&mut self) -> bool {
        let needed = self.rules.as_ref().is_some_and(|rules| {
            let plain = matches!(rules.overflow, Overflow::Wait | Overflow::Unbounded);
            rules.weigh.is_some() || !plain || !rules.exempt.is_empty()
        });
        if !needed {
            self.rules = None;
        }
        !needed
    }

    /// Adds a message of this weight and returns how many count now.
    pub(crate) fn push(&mut self, message: M, weight: usize) -> usize {
        if let Some(rules) = &mut self.rules
            && rules.weigh.is_some()
        {
            // More than enough to be over; so sums stay far from overflowing.
            let weight = weight.min(2 * WEIGHT_HIGH);
            rules.weight += weight;
            rules.weights.push_back(weight);
        }
        if self.queue.len() == self.queue.capacity() && self.queue.len() < ONE_BY_ONE {
            // Most actors of a crowd never have two waiting.
            self.queue.reserve_exact(1);
        }
        self.queue.push_back(message);
        self.counted()
    }

    /// Adds a reply or a completion, which never counts.
    pub(crate) fn push_exempt(&mut self, message: M) {
        let rules = self.rules.get_or_insert_with(Rules::new);
        let position = rules.taken.wrapping_add(self.queue.len() as u32);
        rules.exempt.push_back(position);
        self.push(message, 0);
    }

    /// Takes the oldest message.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<M> {
        let message = self.queue.pop_front()?;
        if self.rules.is_some() {
            self.account();
        }
        Some(message)
    }

    /// What the rules say of a message that was taken out.
    #[cold]
    #[inline(never)]
    fn account(&mut self) {
        let Some(rules) = &mut self.rules else { return };
        if rules.exempt.front() == Some(&rules.taken) {
            rules.exempt.pop_front();
        }
        rules.taken = rules.taken.wrapping_add(1);
        let weight = rules.weights.pop_front();
        rules.took(weight);
    }

    /// Takes the oldest message that is no reply, for [`Overflow::DropOldest`].
    pub(crate) fn pop_oldest_counted(&mut self) -> Option<M> {
        let Some(rules) = &mut self.rules else { return self.pop() };
        let replies_ahead = rules
            .exempt
            .iter()
            .enumerate()
            .take_while(|(index, position)| **position == rules.taken.wrapping_add(*index as u32))
            .count();
        let message = self.queue.remove(replies_ahead)?;
        let weight = rules.weights.remove(replies_ahead);
        rules.took(weight);
        for position in rules.exempt.iter_mut().skip(replies_ahead) {
            *position = position.wrapping_sub(1);
        }
        Some(message)
    }

    /// All messages, replies included.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Gives its room back. False if something is in it.
    pub(crate) fn give_back(&mut self) -> bool {
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
        self.queue.is_empty()
    }

    /// Messages that count towards the marks.
    #[inline]
    pub(crate) fn counted(&self) -> usize {
        self.queue.len() - self.rules.as_ref().map_or(0, |rules| rules.exempt.len())
    }

    /// Whether it has passed its high mark.
    #[inline]
    pub(crate) fn above(&self, high: u32) -> bool {
        self.counted() > high as usize
            || self.rules.as_ref().is_some_and(|rules| rules.weight > WEIGHT_HIGH)
    }

    /// Whether it has fallen to its low mark.
    pub(crate) fn at_low(&self, low: u32) -> bool {
        self.counted() <= low as usize
            && self.rules.as_ref().is_none_or(|rules| rules.weight <= WEIGHT_HIGH / 2)
    }

    /// What it does when it is over.
    pub(crate) fn overflow(&self) -> Overflow {
        self.rules.as_ref().map_or(Overflow::Wait, |rules| rules.overflow)
    }
}

#[cfg(test)]
mod tests;
