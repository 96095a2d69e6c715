//! The benchmark `streams`: what each item goes through, and who carries it.
//!
//! Numbers go through `source → map → filter → fold`. The three functions are the same for all, and cost next to
//! nothing, so that what is measured is the way from one to the next. Each carrier returns what it has gathered, and
//! is compared with [`expected`].

use std::{hint::black_box, time::Duration};

pub mod limit;
pub mod node;
pub mod tokio_stream;

/// How the four parts are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As closely as the contender can.
    Fused,
    /// What is behind `map` is on its own: an actor, a task, a stream.
    Boundary,
}

impl Form {
    /// All forms, in the order of the rows.
    pub const ALL: [Self; 2] = [Self::Fused, Self::Boundary];

    /// The row's name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fused => "fused",
            Self::Boundary => "one boundary",
        }
    }
}

/// So many items in one of the forms.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// How the parts are joined.
    pub form: Form,
    /// The source gives the numbers below this.
    pub items: u32,
}

/// How long a flow took, from its start to its result, and the result.
#[derive(Clone, Copy, Debug)]
pub struct Carried {
    /// Setting up and tearing down excluded.
    pub elapsed: Duration,
    /// What was gathered from the items.
    pub gathered: u32,
}

/// What carries a flow; `None` if it has nothing of this form, or is not installed.
pub type Carry = fn(Flow) -> Option<Carried>;

/// Odd, so that it can be undone: no two items become one. A product keeps to 32 bits, which is what JavaScript has.
const FACTOR: u32 = 0x9e37_79b1;

/// The function of `map`. The compiler must not see through it, lest it do many items at once.
pub fn change(item: u32) -> u32 {
    black_box(item).wrapping_mul(FACTOR)
}

/// The function of `filter`: every second item, which a processor foresees.
pub fn keep(item: &u32) -> bool {
    item.is_multiple_of(2)
}

/// The function of `fold`.
pub fn gather(gathered: u32, item: u32) -> u32 {
    gathered ^ item
}

/// What a flow of so many items gathers.
pub fn expected(items: u32) -> u32 {
    (0..items).map(change).filter(keep).fold(0, gather)
}

#[cfg(test)]
mod tests;
