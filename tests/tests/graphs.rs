//! Graphs of streams: sources joined, split, and joined again.

#[path = "graphs/fan_in.rs"]
mod fan_in;
#[path = "graphs/fan_out.rs"]
mod fan_out;
#[path = "graphs/groups.rs"]
mod groups;
#[path = "graphs/random.rs"]
mod random;

use std::sync::mpsc;

use roundsman::stream::{Cut, PipeError, Pipeline, Source};
use roundsman::{Context, Placement};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::outcome;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

/// Simulated worlds of one to three loops, and a real one.
fn in_worlds(each: u64, test: impl Fn(World)) {
    seeds::each_world(each, 1..=3, |seed, loops| test(World::Simulated { seed, loops }));
    test(World::Real { loops: 2 });
}

/// What becomes of the pipeline that `make` makes, in each of some worlds.
fn each_result<R: Send + 'static>(
    make: impl Fn() -> Pipeline<R>,
    check: impl Fn(Result<R, PipeError>),
) {
    in_worlds(20, |world| check(outcome::result(world, make())));
}

/// Starts each pipeline in an actor of its own, on each loop in turn, and returns what becomes of them, in order.
///
/// A pipeline that has no result, because it waits for ever, has none in the list.
fn results<R: Send + 'static>(
    world: World,
    pipelines: Vec<Pipeline<R>>,
) -> Vec<Result<R, PipeError>> {
    let (sender, receiver) = mpsc::channel();
    let count = pipelines.len();
    must_end(move || {
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                for (place, pipeline) in pipelines.into_iter().enumerate() {
                    let sender = sender.clone();
                    ctx.spawn_on(Placement::Loop(place), move || owner(place, pipeline, sender));
                }
                Ok(())
            })
        };
        run_balanced(world.runtime(), root).expect("the root does not fail");
    });
    let mut results: Vec<_> = receiver.iter().collect();
    results.sort_by_key(|(place, _)| *place);
    assert_eq!(results.len(), count, "a result of each");
    results.into_iter().map(|(_, result)| result).collect()
}

/// The actor of one pipeline.
fn owner<R: Send + 'static>(
    place: usize,
    pipeline: Pipeline<R>,
    sender: mpsc::Sender<(usize, Result<R, PipeError>)>,
) -> Role<Result<R, PipeError>> {
    // It stays, for it owns what feeds a junction whose first branch it has started.
    let receive = move |result, _: &mut Context<'_, _>| {
        let _ = sender.send((place, result));
        Ok(())
    };
    Role::new(receive).started(move |ctx| {
        pipeline.start(ctx, |result| result);
        Ok(())
    })
}

fn counted(items: u64, count: &Count) -> Source<u64> {
    Source::iter(Counted::new(items, count))
}

/// A source that panics after so many items.
fn failing(after: u64) -> Source<u64> {
    Source::iter(0..).map(move |n| {
        assert!(n < after, "it was told to");
        n
    })
}

fn is_panic(error: &PipeError) -> bool {
    matches!(error.cause_as(), Some(Cut::Panicked(_)))
}
