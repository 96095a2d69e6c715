//! Pausing meets the end of an actor, and the end of a round.

use std::time::Duration;

use roundsman::{Actor, Address, Context, Outcome, Placement};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::waits::{after, simulate};
use crate::{Brake, braking};

#[test]
fn a_child_that_floods_its_parent_and_stops_in_one_message_ends_with_it() {
    each_world(30, 1..=2, |seed, loops| {
        let root = move || {
            let mut got = 0;
            Role::<()>::new(move |(), ctx| {
                got += 1;
                if got == 2 {
                    ctx.stop();
                }
                Ok(())
            })
            .started(move |ctx| {
                let parent = ctx.address();
                let child = move || {
                    Role::<()>::new(move |(), ctx| {
                        // It has a child to wait for, and fills its parent as it stops.
                        ctx.spawn_on(Placement::Loop(1), Role::<()>::idle);
                        for _ in 0..2_000 {
                            parent.send(())?;
                        }
                        ctx.stop();
                        Ok(())
                    })
                };
                Ok(ctx.spawn_on(Placement::Loop(1), child).send(())?)
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

/// Fills one target in a message and the other at the end of the round.
struct TwoTargets(Address<Brake>, Address<Brake>, u32);

impl Actor for TwoTargets {
    type Message = ();

    fn receive(&mut self, (): (), ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.defer();
        Ok(self.0.send(Brake::Item)?)
    }

    fn deferred(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.2 += 1;
        if self.2 == 1 {
            self.1.send(Brake::Item)?;
        }
        assert!(ctx.pauses().len() <= 1, "it waits twice: {:?}", ctx.pauses());
        Ok(())
    }
}

#[test]
fn an_actor_that_waits_already_waits_for_the_targets_of_its_end_of_round_after_that() {
    each_world(10, 1..=1, |seed, loops| {
        simulate(seed, loops, |ctx| {
            let first = ctx.spawn(braking(Duration::from_secs(5)));
            let second = ctx.spawn(braking(Duration::from_secs(9)));
            after(ctx, Duration::from_secs(1), move |ctx| {
                let sender = ctx.spawn(TwoTargets(first, second, 0));
                sender.send(())?;
                let waits = sender.clone();
                after(ctx, Duration::from_secs(6), move |ctx| {
                    let pause = ctx.why_paused(&waits).expect("it waits for the second now");
                    assert!(pause.waited < Duration::from_secs(3), "{pause:?}");
                    assert_eq!(ctx.pauses().len(), 1);
                    Ok(())
                });
                Ok(())
            });
        });
    });
}
