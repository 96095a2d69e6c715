//! What gives the actors of a pipeline their items.

mod bench;
mod iter;
mod link;
mod transform;

pub(crate) use iter::IterFeed;
pub(crate) use link::LinkFeed;
pub(crate) use transform::{Goal, Transform, transform};
