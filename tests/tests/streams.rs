//! Streams: the rules of `stream/mod.rs`, one by one, on every kind of link; then their ends, sinks and operators.

#[path = "streams/endings.rs"]
mod endings;
#[path = "streams/lines.rs"]
mod lines;
#[path = "streams/outlets.rs"]
mod outlets;
#[path = "streams/rules.rs"]
mod rules;
#[path = "streams/sinks.rs"]
mod sinks;

use std::sync::mpsc;

use roundsman::stream::{PipeError, Pipeline};
use roundsman::{Context, Outcome, Scope};
use roundsman_tests::links::Kind;
use roundsman_tests::pairs::{Pair, Pairing};
use roundsman_tests::patience::must_end;
use roundsman_tests::payload::Payload;
use roundsman_tests::role::Role;
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

/// What an actor that runs one pipeline takes.
enum Step<R> {
    Paired(Vec<Pair>),
    Ended(Result<R, PipeError>),
}

/// Runs a pipeline that is made with so many pairs of connections, and returns its one result.
fn result_with<R: Send + 'static>(
    world: World,
    pairs: usize,
    make: impl FnOnce(Scope<'_>, Vec<Pair>) -> Pipeline<R> + Send + 'static,
) -> Result<R, PipeError> {
    let (sender, results) = mpsc::channel();
    let mut make = Some(make);
    must_end(move || {
        let root = move || {
            let receive = move |step, ctx: &mut Context<'_, Role<Step<R>>>| -> Outcome {
                match step {
                    Step::Paired(pairs) => {
                        let make = make.take().expect("they come once");
                        make(ctx.scope(), pairs).start(ctx, Step::Ended);
                    }
                    Step::Ended(result) => {
                        let _ = sender.send(result);
                        ctx.stop();
                    }
                }
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                match pairs {
                    // Its own address takes messages for as long as it runs.
                    0 => _ = ctx.address().send(Step::Paired(Vec::new())),
                    pairs => _ = ctx.spawn(Pairing::new(pairs, ctx.recipient(Step::Paired))),
                }
                Ok(())
            })
        };
        world.runtime().run(root).expect("the root does not fail");
    });
    let result = results.recv().expect("a result");
    assert!(results.recv().is_err(), "one result only");
    result
}

/// Runs a pipeline, and returns its one result.
fn result<R: Send + 'static>(world: World, pipeline: Pipeline<R>) -> Result<R, PipeError> {
    result_with(world, 0, move |_, _| pipeline)
}

const ONE_LOOP: World = World::Simulated { seed: 1, loops: 1 };

/// The worlds for a kind of link, with a number that is another in each: 200 simulated ones and
/// a real one where no socket is needed, else 3 real ones.
fn in_worlds<T: Payload>(kind: Kind<T>, test: impl Fn(World, u64)) {
    if kind.pairs == 0 {
        seeds::each_world(67, 1..=3, |seed, loops| test(World::Simulated { seed, loops }, seed));
        test(World::Real { loops: 2 }, 2);
        return;
    }
    for loops in 1..=3 {
        test(World::Real { loops }, loops as u64);
    }
}

/// One test of each `check` for each kind of link, for items that count 1 and for bytes.
macro_rules! on_every_link {
    ($($claim:ident: $check:path,)*) => {
        $(mod $claim {
            crate::on_every_link!(@ items, u64, $check:
                one_actor, boundary, one_stage, three_stages, relay, relay_elsewhere);
            crate::on_every_link!(@ bytes, bytes::Bytes, $check:
                one_actor, boundary, three_stages, relay, relay_elsewhere, tcp, tcp_to_tcp);
        })*
    };
    (@ $module:ident, $item:ty, $check:path: $($kind:ident),*) => {
        mod $module {
            $(#[test]
            fn $kind() {
                $check(roundsman_tests::links::Kind::<$item>::$kind());
            })*
        }
    };
}
use on_every_link;
