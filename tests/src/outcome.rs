//! What comes of a pipeline.

use std::sync::mpsc;

use roundsman::stream::{PipeError, Pipeline};
use roundsman::{Builder, Context, Metrics, Outcome, Scope};

use crate::ledger::run_balanced;
use crate::pairs::{Pair, Pairing};
use crate::patience::must_end;
use crate::role::Role;
use crate::trial::World;

/// What an actor that runs one pipeline takes.
enum Step<R> {
    Paired(Vec<Pair>),
    Ended(Result<R, PipeError>),
}

/// Runs a pipeline that is made with so many pairs of connections, and returns its one result.
///
/// # Errors
/// As the pipeline.
///
/// # Panics
/// If it has no result, or several.
pub fn result_with<R: Send + 'static>(
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
        run_balanced(world.runtime(), root).expect("the root does not fail");
    });
    let result = results.recv().expect("a result");
    assert!(results.recv().is_err(), "one result only");
    result
}

/// Runs a pipeline, and returns its one result.
///
/// # Errors
/// As the pipeline.
pub fn result<R: Send + 'static>(world: World, pipeline: Pipeline<R>) -> Result<R, PipeError> {
    result_with(world, 0, move |_, _| pipeline)
}

/// Runs a pipeline in a runtime of one's own, and returns its one result and what the runtime has counted.
///
/// # Errors
/// As the pipeline.
///
/// # Panics
/// If it has no result, or several, or if the runtime cannot be built.
pub fn result_in<R: Send + 'static>(
    builder: Builder,
    pipeline: Pipeline<R>,
) -> (Result<R, PipeError>, Metrics) {
    let (sender, results) = mpsc::channel();
    let metrics = must_end(move || {
        let runtime = builder.build().expect("a runtime");
        let handle = runtime.handle().unref();
        let root = move || {
            let receive = move |result, ctx: &mut Context<'_, Role<Result<R, PipeError>>>| {
                // The test has given up if nobody listens.
                let _ = sender.send(result);
                ctx.stop();
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                pipeline.start(ctx, |result| result);
                Ok(())
            })
        };
        run_balanced(runtime, root).expect("the root does not fail");
        handle.metrics()
    });
    let result = results.recv().expect("a result");
    assert!(results.recv().is_err(), "one result only");
    (result, metrics)
}

/// A simulated world of one loop.
pub const ONE_LOOP: World = World::Simulated { seed: 1, loops: 1 };
