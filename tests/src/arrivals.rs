//! What arrives behind a link, compared with what should: nothing doubled, nothing foreign, in the order that is kept.

use std::collections::BTreeSet;

use crate::payload::Payload;

/// What a kind of link keeps of the order of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// All of it.
    Kept,
    /// Even items and odd ones go different ways: the order of each half is kept.
    OfHalves,
    /// Nothing: each item arrives once.
    Lost,
}

/// Looks at items as they arrive.
#[derive(Debug)]
pub struct Arrivals {
    order: Order,
    items: u64,
    weight: u64,
    disorder: bool,
    /// What comes next of the even items and of the odd ones.
    next: [u64; 2],
    seen: BTreeSet<u64>,
}

impl Arrivals {
    /// Nothing yet.
    #[must_use]
    pub fn new(order: Order) -> Self {
        let (next, seen) = ([0, 1], BTreeSet::new());
        Self { order, items: 0, weight: 0, disorder: false, next, seen }
    }

    /// One has arrived.
    ///
    /// # Panics
    /// If the order of such items cannot be lost, for they do not say which they are.
    pub fn take<T: Payload>(&mut self, item: &T) {
        let place = || item.place().expect("items that say which they are");
        self.disorder |= !match self.order {
            Order::Kept => item.is_at(self.weight),
            Order::OfHalves => {
                let next = &mut self.next[(place() % 2) as usize];
                *next += 2;
                *next - 2 == place()
            }
            Order::Lost => self.seen.insert(place()),
        };
        self.items += 1;
        self.weight += item.weight();
    }

    /// How many there were.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.items
    }

    /// How much they counted together. With the weight of all, and no disorder, all have arrived.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// Whether something arrived that was not to come next.
    #[must_use]
    pub fn disorder(&self) -> bool {
        self.disorder
    }
}
