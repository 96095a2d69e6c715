//! Pressure flows backwards by itself: nothing grows without bound, nothing stalls, nobody starves.

#[path = "pressure/endings.rs"]
mod endings;
#[path = "pressure/guards.rs"]
mod guards;
#[path = "pressure/replies.rs"]
mod replies;
#[path = "pressure/threads.rs"]
mod threads;
#[path = "pressure/topologies.rs"]
mod topologies;
#[path = "pressure/waits.rs"]
mod waits;

use std::time::Duration;

use roundsman_tests::role::Role;

/// What a [`brake`] takes.
enum Brake {
    /// Hold pressure, at most so long.
    Hold(Duration),
    /// No longer.
    Release,
    /// Something to be held back.
    Item,
}

/// An actor that makes whoever sends to it wait, for as long as it is told.
fn brake() -> Role<Brake> {
    let mut guard = None;
    Role::new(move |message, ctx| {
        match message {
            Brake::Hold(longest) => guard = Some(ctx.pressure(longest)),
            Brake::Release => drop(guard.take()),
            Brake::Item => {}
        }
        Ok(())
    })
}

/// A brake that holds from its start.
fn braking(longest: Duration) -> Role<Brake> {
    brake().started(move |ctx| {
        ctx.address().send(Brake::Hold(longest))?;
        Ok(())
    })
}
