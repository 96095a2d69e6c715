//! What almost every program needs: `use roundsman::prelude::*`.

pub use crate::futures::FutureContext;
pub use crate::stream::StreamContext;
pub use crate::{
    Actor, Address, AskError, Context, ExitReason, Outcome, Placement, Reply, Runtime, Spawn,
};
