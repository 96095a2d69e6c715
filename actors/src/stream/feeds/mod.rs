//! What gives the actors of a pipeline their items.

mod iter;
mod link;

pub(crate) use iter::IterFeed;
pub(crate) use link::LinkFeed;
