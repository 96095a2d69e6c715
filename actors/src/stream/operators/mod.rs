//! Operators: the stages and sinks that wait for nothing. A run of them shares one actor.
//!
//! Each file has an operator as a value, to be put together with others, and as a method of [`Source`](super::Source).

mod boundary;
mod collect;
mod filter;
mod fold;
mod for_each;
mod lines;
mod map;

pub(crate) use boundary::spawn_linked;
pub use boundary::{boundary, on};
pub use collect::collect;
pub use filter::filter;
pub use fold::fold;
pub(crate) use fold::last;
pub use for_each::for_each;
pub use lines::{LineTooLong, lines};
pub use map::map;
