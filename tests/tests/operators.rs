//! Operators, as far as they wait for nothing: that they do what iterators do, wherever a pipeline is cut into actors,
//! pull nothing in vain, hold back what nobody asks for, and fail as they should.

#[path = "operators/failures.rs"]
mod failures;
#[path = "operators/holding.rs"]
mod holding;
#[path = "operators/pulling.rs"]
mod pulling;
#[path = "operators/sinks.rs"]
mod sinks;
#[path = "operators/sources.rs"]
mod sources;
#[path = "operators/stages.rs"]
mod stages;

use std::time::Duration;

use roundsman::stream::{Item, PipeError, Pipeline, Source, Stage, StreamContext, Summary};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

/// All items of a source, in a simulated world of one loop.
fn list<T: Send + 'static>(source: Source<T>) -> Vec<T> {
    result(ONE_LOOP, source.collect()).expect("a list")
}

/// A counted source of numbers from 0.
fn numbers(items: u64) -> (Source<u64>, Count) {
    let count = Count::default();
    (Source::iter(Counted::new(items, &count)), count)
}

/// How a stage may stand among actors.
#[derive(Clone, Copy, Debug)]
enum Standing {
    /// With the source and the sink.
    OneActor,
    /// With the sink only.
    BehindALink,
    /// With the source only.
    BeforeALink,
    /// Alone.
    BetweenLinks,
}

impl Standing {
    const ALL: [Self; 4] =
        [Self::OneActor, Self::BehindALink, Self::BeforeALink, Self::BetweenLinks];

    /// The stage behind the source.
    fn stand<In, Out>(self, source: Source<In>, stage: Stage<In, Out>) -> Source<Out>
    where
        In: Send + 'static,
        Out: Send + 'static,
    {
        match self {
            Self::OneActor => source.through(stage),
            Self::BehindALink => source.boundary().through(stage),
            Self::BeforeALink => source.through(stage).boundary(),
            Self::BetweenLinks => source.boundary().through(stage).boundary(),
        }
    }
}

/// Runs `test` with a stage in each place, in simulated worlds of one and two loops.
fn in_each_place(test: impl Fn(Standing, World)) {
    for standing in Standing::ALL {
        seeds::each_world(4, 1..=2, |seed, loops| test(standing, World::Simulated { seed, loops }));
    }
}

/// What has become of a pipeline after a second of virtual time, in which nothing that arrived was let go.
struct Kept<T> {
    items: Vec<T>,
    end: Option<Result<Summary, PipeError>>,
}

/// Runs a source into an actor that keeps everything.
fn kept<T: Send + 'static>(source: Source<T>) -> Kept<T> {
    enum Message<T: Send + 'static> {
        Item(Item<T>),
        Ended(Result<Summary, PipeError>),
        Enough,
    }
    let (tell, told) = std::sync::mpsc::channel();
    let mut items = Vec::new();
    let mut end = None;
    let root = move || {
        let receive = move |message, ctx: &mut roundsman::Context<'_, Role<Message<T>>>| {
            match message {
                Message::Item(item) => items.push(item),
                Message::Ended(result) => end = Some(result),
                Message::Enough => {
                    let kept = (std::mem::take(&mut items), end.take());
                    tell.send(kept).expect("the test listens");
                    ctx.stop();
                }
            }
            Ok(())
        };
        Role::new(receive).started(move |ctx| {
            source.pipe(ctx.inlet(Message::Item)).start(ctx, Message::Ended);
            ctx.send_after(Duration::from_secs(1), Message::Enough);
            Ok(())
        })
    };
    play(seeds::world(1, 1), root).expect("the root does not fail");
    // By now nobody pulls anything for what is let go.
    let (items, end): (Vec<Item<T>>, _) = told.recv().expect("it reports");
    Kept { items: items.into_iter().map(Item::take).collect(), end }
}

/// Why a pipeline failed, in a simulated world of one loop.
fn error<R: Send + 'static>(pipeline: Pipeline<R>) -> PipeError {
    result(ONE_LOOP, pipeline).err().expect("it fails")
}
