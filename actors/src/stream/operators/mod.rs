//! Operators: the stages and sinks that wait for nothing. A run of them shares one actor.
//!
//! Each file has an operator as a value, to be put together with others, and as a method of [`Source`](super::Source).

mod also_to;
mod balance;
mod boundary;
mod broadcast;
mod collect;
mod concat;
mod filter;
mod flat_merge;
mod fold;
mod for_each;
mod group_by;
mod lines;
mod map;
mod merge;
mod partition;
mod zip;

pub use also_to::also_to;
pub(crate) use boundary::spawn_linked;
pub use boundary::{boundary, on};
pub use collect::collect;
pub use concat::concat;
pub use filter::filter;
pub use flat_merge::{flat_concat, flat_merge};
pub use fold::fold;
pub use for_each::for_each;
pub use group_by::{Group, TooManyGroups, group_by};
pub use lines::{LineTooLong, lines};
pub use map::map;
pub use merge::merge;
pub use zip::zip;
