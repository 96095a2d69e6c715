//! Turns without spans: what stands for [`spans`](self) without the feature `spans`, and costs nothing.

use crate::actor::Actor;
use crate::cell::Handle;

/// Runs the turn of an actor.
#[inline(always)]
pub(crate) fn in_turn<A: Actor>(_: &Handle<'_, A>, turn: impl FnOnce()) {
    turn();
}
