//! A hierarchical timing wheel: values that wait for a tick, one tick being a millisecond.
//!
//! Called by the event loop, which owns one, moves it with [`advance`](TimerWheel::advance) in step 1 of a round and
//! asks [`next_deadline`](TimerWheel::next_deadline) before it sleeps. It reads no clock, sends no message and does
//! not know what a value means: time is passed in, and what is due is passed out.
//!
//! # Where a timer waits
//!
//! Read `now` and the deadline as numbers in base 64. The highest digit in which they differ is the timer's level,
//! and the deadline's digit there is its slot.
//!
//! | list | holds the deadlines | left when |
//! |---|---|---|
//! | level 0, slot `s` | of one tick | `now` reaches the tick: the timers fire |
//! | level `L`, slot `s` | of one span of `64^L` ticks, not the current one | `now` reaches the start of the span: each timer moves to a lower level, or fires |
//! | `PARKED` | of another era of `64^6` ticks (2.2 years) than the current one | `now` reaches the era of the earliest: those of that era move into the levels |
//! | `OVERDUE` | that had passed already when they were inserted | the next `advance`, sorted |
//!
//! Every move of `now` keeps this true of all timers (`advance` stops at the start of each span in use), and
//! everything else follows from it:
//! 1. Equal deadlines are always in the same list. Lists are filled at the tail and moved from the head, so timers
//!    of equal deadlines fire in the order of insertion, whatever levels they went through.
//! 2. Slots in use lie ahead of `now`, never behind: the lowest set bit of a level is its next slot, and empty time
//!    is skipped at no cost, however long.
//! 3. What waits on one level is due before everything on the levels above.
//!
//! # Cost
//!
//! `insert` and `cancel` are O(1): no hashing and, once the slab is as long as the most timers at a time, no
//! allocation. A timer moves at most once per level before it fires. Overdue timers cost a sort; parked ones a look at
//! each of them whenever `now` enters the era of the earliest.

/// Base-64 digits of a deadline that have a level of their own.
const LEVELS: u32 = 6;
const DIGIT_BITS: u32 = 6;
const SLOTS: u32 = 1 << DIGIT_BITS;
/// An era is what all levels together can tell apart.
const ERA_BITS: u32 = LEVELS * DIGIT_BITS;

/// The lists are numbered level by level, 64 to a level; these two come after the levels.
const PARKED: u32 = LEVELS * SLOTS;
const OVERDUE: u32 = PARKED + 1;
const LISTS: u32 = OVERDUE + 1;

/// Values waiting for their deadlines. See the module for the layout.
pub(crate) struct TimerWheel<T> {
    now: u64,
    /// Each list is a ring through its head. The first `LISTS` entries are the heads, the rest are timers, so that
    /// linking and unlinking need not ask whether a neighbour is a head.
    entries: Vec<Entry<T>>,
    /// The first free entry; they are chained by `next`. 0 ends the chain: entry 0 is a head and never free.
    free: u32,
    len: usize,
    /// Bit `s` of word `L`: list `64 * L + s` is not empty.
    occupied: [u64; LEVELS as usize + 1],
    /// Not later than the earliest deadline in `PARKED`; exact unless that one was cancelled.
    parked_floor: u64,
    /// The same for `OVERDUE`.
    overdue_floor: u64,
    /// Kept between calls so that sorting the overdue allocates nothing.
    sorting: Vec<u32>,
}

/// Names a timer from its insertion until it fires or is cancelled, and nothing after that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimerKey {
    slot: u32,
    generation: u32,
}

struct Entry<T> {
    deadline: u64,
    previous: u32,
    next: u32,
    /// How many timers have left this entry. Keys carry it, so that those of earlier timers do not fit.
    generation: u32,
    /// `None` in heads and free entries.
    value: Option<T>,
}

impl<T> TimerWheel<T> {
    /// An empty wheel at tick 0.
    pub(crate) fn new() -> Self {
        let head =
            |list| Entry { deadline: 0, previous: list, next: list, generation: 0, value: None };
        Self {
            now: 0,
            entries: (0..LISTS).map(head).collect(),
            free: 0,
            len: 0,
            occupied: [0; LEVELS as usize + 1],
            parked_floor: u64::MAX,
            overdue_floor: u64::MAX,
            sorting: Vec::new(),
        }
    }

    /// Adds a value that is due when time reaches `deadline`; at the next [`advance`](Self::advance) if it has.
    pub(crate) fn insert(&mut self, deadline: u64, value: T) -> TimerKey {
        self.len += 1;
        let slot = self.free;
        if slot == 0 {
            return self.insert_at_end(deadline, value);
        }
        let entry = &mut self.entries[slot as usize];
        let generation = entry.generation;
        self.free = entry.next;
        entry.deadline = deadline;
        entry.value = Some(value);
        self.link(slot, deadline);
        TimerKey { slot, generation }
    }

    /// Takes a value back before it is due. `None` if it has fired or was cancelled.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<T> {
        let entry = self.entries.get(key.slot as usize)?;
        if entry.generation != key.generation {
            return None;
        }
        let (previous, next) = (entry.previous, entry.next);
        self.entries[previous as usize].next = next;
        self.entries[next as usize].previous = previous;
        if previous == next {
            // A ring of one: what remains is the head.
            self.mark_empty(next);
        }
        self.vacate(key.slot)
    }

    /// The value of a timer that has neither fired nor been cancelled.
    #[cfg(test)]
    pub(crate) fn get(&self, key: TimerKey) -> Option<&T> {
        let entry = self.entries.get(key.slot as usize)?;
        if entry.generation == key.generation { entry.value.as_ref() } else { None }
    }

    /// Moves time to `now` and appends what is due to `due`: in the order of the deadlines, equal ones in the order
    /// of insertion. Time does not go back: an earlier `now` only delivers what is overdue.
    pub(crate) fn advance(&mut self, now: u64, due: &mut Vec<(TimerKey, T)>) {
        self.fire_overdue(due);
        while let Some((list, start)) = self.next_list()
            && start <= now
        {
            self.now = start;
            self.drain(list, due);
        }
        self.now = self.now.max(now);
    }

    /// A tick that is not later than the earliest deadline, and later than now unless a timer is overdue.
    ///
    /// It is exact for what is due in the current 64 ticks and for timers that are alone in their slot. Otherwise it
    /// is the start of a span: an `advance` to it lowers the timers of the span at least one level, so that asking
    /// again reaches the true deadline after at most one step per level (and one more if a parked timer was
    /// cancelled that was the earliest of them).
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        if self.is_occupied(OVERDUE) {
            return Some(self.overdue_floor);
        }
        let (list, start) = self.next_list()?;
        if list == PARKED {
            return Some(self.parked_floor);
        }
        let head = &self.entries[list as usize];
        let alone = head.next == head.previous;
        Some(if alone { self.entries[head.next as usize].deadline } else { start })
    }

    /// How many timers wait.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// True if no timer waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[cold]
    fn insert_at_end(&mut self, deadline: u64, value: T) -> TimerKey {
        let slot = u32::try_from(self.entries.len()).expect("fewer than 2^32 timers at a time");
        self.entries.push(Entry {
            deadline,
            previous: 0,
            next: 0,
            generation: 0,
            value: Some(value),
        });
        self.link(slot, deadline);
        TimerKey { slot, generation: 0 }
    }

    /// The list that time reaches next, and when. `OVERDUE` is not among them: time has passed it.
    fn next_list(&self) -> Option<(u32, u64)> {
        for level in 0..LEVELS {
            let occupied = self.occupied[level as usize];
            if occupied != 0 {
                let slot = occupied.trailing_zeros();
                let shift = level * DIGIT_BITS;
                let above = self.now >> (shift + DIGIT_BITS) << DIGIT_BITS;
                return Some((level * SLOTS + slot, (above | u64::from(slot)) << shift));
            }
        }
        self.is_occupied(PARKED).then_some((PARKED, self.parked_floor >> ERA_BITS << ERA_BITS))
    }

    /// The list in which a deadline waits, seen from now: the table of the module docs.
    fn list_of(&self, deadline: u64) -> u32 {
        if deadline <= self.now {
            return OVERDUE;
        }
        let highest_bit = (self.now ^ deadline).ilog2();
        let level = highest_bit / DIGIT_BITS;
        if level >= LEVELS {
            return PARKED;
        }
        let digit = (deadline >> (level * DIGIT_BITS)) as u32 % SLOTS;
        level * SLOTS + digit
    }

    /// Puts an entry at the tail of the list in which its deadline waits.
    fn link(&mut self, slot: u32, deadline: u64) {
        let list = self.list_of(deadline);
        if list >= PARKED {
            let empty = !self.is_occupied(list);
            let floor =
                if list == PARKED { &mut self.parked_floor } else { &mut self.overdue_floor };
            *floor = if empty { deadline } else { deadline.min(*floor) };
        }
        self.occupied[(list / SLOTS) as usize] |= 1 << (list % SLOTS);
        let tail = std::mem::replace(&mut self.entries[list as usize].previous, slot);
        self.entries[tail as usize].next = slot;
        let entry = &mut self.entries[slot as usize];
        entry.previous = tail;
        entry.next = list;
    }

    /// Fires what is due in `list` and moves the rest to where it waits now, both in the order of the list.
    fn drain(&mut self, list: u32, due: &mut Vec<(TimerKey, T)>) {
        let mut slot = self.detach(list);
        while slot != list {
            let Entry { deadline, next, .. } = self.entries[slot as usize];
            if deadline <= self.now {
                self.fire(slot, due);
            } else {
                self.link(slot, deadline);
            }
            slot = next;
        }
    }

    fn fire_overdue(&mut self, due: &mut Vec<(TimerKey, T)>) {
        if !self.is_occupied(OVERDUE) {
            return;
        }
        let mut sorting = std::mem::take(&mut self.sorting);
        let mut slot = self.detach(OVERDUE);
        while slot != OVERDUE {
            sorting.push(slot);
            slot = self.entries[slot as usize].next;
        }
        // Stable: equal deadlines stay in the order of insertion.
        sorting.sort_by_key(|&slot| self.entries[slot as usize].deadline);
        for slot in sorting.drain(..) {
            self.fire(slot, due);
        }
        self.sorting = sorting;
    }

    fn fire(&mut self, slot: u32, due: &mut Vec<(TimerKey, T)>) {
        let generation = self.entries[slot as usize].generation;
        if let Some(value) = self.vacate(slot) {
            due.push((TimerKey { slot, generation }, value));
        }
    }

    /// Empties a list and returns its first entry; the chain from there still ends in the head.
    fn detach(&mut self, list: u32) -> u32 {
        self.mark_empty(list);
        let head = &mut self.entries[list as usize];
        head.previous = list;
        std::mem::replace(&mut head.next, list)
    }

    /// Frees an entry that is in no list.
    fn vacate(&mut self, slot: u32) -> Option<T> {
        self.len -= 1;
        let entry = &mut self.entries[slot as usize];
        entry.generation += 1;
        // The last generation is never handed out: rather than wrap, so that a stale key fits again, the entry
        // retires, once in four billion timers.
        if entry.generation < u32::MAX {
            entry.next = self.free;
            self.free = slot;
        }
        entry.value.take()
    }

    fn is_occupied(&self, list: u32) -> bool {
        self.occupied[(list / SLOTS) as usize] & 1 << (list % SLOTS) != 0
    }

    fn mark_empty(&mut self, list: u32) {
        self.occupied[(list / SLOTS) as usize] &= !(1 << (list % SLOTS));
    }
}

#[cfg(test)]
mod tests;
