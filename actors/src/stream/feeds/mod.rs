//! What gives the actors of a pipeline their items.

mod bench;
mod failed;
mod iter;
mod line;
mod link;
mod succession;
mod transform;

pub(crate) use failed::FailedFeed;
pub(crate) use iter::IterFeed;
pub(crate) use line::{LineFeed, pass_on};
pub(crate) use link::LinkFeed;
pub(crate) use succession::{Next, Plan, Run, Succession};
pub(crate) use transform::{Goal, Transform, transform};
