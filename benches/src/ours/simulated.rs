//! Pairs of actors that throw a ball to and fro, in a simulated world.

use std::time::Duration;

use roundsman::sim::{Check, Schedule};
use roundsman::{Actor, Address, Context, Outcome, Placement};

use crate::clock;

/// What has come of it.
#[derive(Clone, Copy, Debug)]
pub struct Played {
    /// How long it took.
    pub elapsed: Duration,
    /// Messages that were handled, each looked at and hashed.
    pub messages: u64,
    /// Turns that actors had.
    pub turns: u64,
}

enum Ball {
    Begin(Address<Ball>),
    Thrown(Address<Ball>),
}

struct Player {
    left: u64,
}

impl Actor for Player {
    type Message = Ball;

    fn receive(&mut self, ball: Ball, ctx: &mut Context<'_, Self>) -> Outcome {
        let (Ball::Begin(other) | Ball::Thrown(other)) = ball;
        if self.left > 0 {
            self.left -= 1;
            other.send(Ball::Thrown(ctx.address()))?;
        }
        Ok(())
    }
}

struct Field {
    pairs: usize,
    throws: u64,
}

impl Actor for Field {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let left = self.throws;
        for pair in 0..self.pairs {
            let [one, other] = [0, 1]
                .map(|side| ctx.spawn_on(Placement::Loop(pair + side), move || Player { left }));
            one.send(Ball::Begin(other))?;
        }
        Ok(())
    }

    fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
        Ok(())
    }
}

/// So many pairs, on so many loops: each side of a pair on the next. Each player throws so often.
///
/// # Panics
/// If it fails.
pub fn run(schedule: Schedule, loops: usize, pairs: usize, throws: u64) -> Played {
    let turns = std::cell::Cell::new(0);
    let start = clock::now();
    let check = Check::new().seeds(1).steps(u64::MAX).schedule(schedule);
    let checked = check.run(|sim| {
        let field = sim.host("field").loops(loops).start(move || Field { pairs, throws });
        sim.run()?;
        turns.set(sim.handle(field).metrics().loops.iter().map(|one| one.turns).sum());
        Ok(())
    });
    let messages = checked.expect("nothing fails").messages;
    Played { elapsed: start.elapsed(), messages, turns: turns.get() }
}
