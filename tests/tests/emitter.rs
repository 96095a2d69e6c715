//! Events: Node's rules, what they are where listeners are actors, and what happens in a runtime as events.

#[path = "emitter/asking.rs"]
mod asking;
#[path = "emitter/errors.rs"]
mod errors;
#[path = "emitter/happenings.rs"]
mod happenings;
#[path = "emitter/lists.rs"]
mod lists;
#[path = "observing/log.rs"]
mod log;
#[path = "emitter/owners.rs"]
mod owners;
#[path = "emitter/rules.rs"]
mod rules;
#[path = "emitter/slow.rs"]
mod slow;
#[path = "emitter/sources.rs"]
mod sources;

use roundsman::emitter::{Emitter, Events};
use roundsman::{Actor, Context, Placement};

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said(u32);

/// Another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Left(&'static str);

/// An emitter on the last of three loops, if there are as many.
fn emitter<A: Actor>(ctx: &mut Context<'_, A>) -> Events {
    Events::from(ctx.spawn_on_with(Placement::Loop(2), "emitter".into(), Emitter::new))
}
