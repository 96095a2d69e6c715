//! A `tracing` span around every turn. This file with the feature `spans`, [`no_spans`](self) without.
//!
//! Entered by [`turn`](crate::turn). The path is put together only if somebody listens to spans of this level.

use std::any::type_name;

use crate::actor::Actor;
use crate::cell::Handle;
use crate::dying;

/// Runs the turn of an actor in a span `turn` at level DEBUG, with the actor's `path` and the type of its `message`s.
pub(crate) fn in_turn<A: Actor>(actor: &Handle<'_, A>, turn: impl FnOnce()) {
    let message = type_name::<A::Message>();
    tracing::debug_span!("turn", path = %dying::path_of(actor.cell), message).in_scope(turn);
}
