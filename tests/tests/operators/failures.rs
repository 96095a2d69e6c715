//! Functions that may fail: the pipeline fails with what they say, once what was before has gone on.

use std::collections::VecDeque;
use std::num::ParseIntError;
use std::sync::mpsc;
use std::time::Duration;

use roundsman::stream::{Item, PipeError, Source, StreamContext, Summary};
use roundsman::{Context, MissedTicks};
use roundsman_tests::outcome::result;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds;

use crate::{error, in_each_place, numbers};

#[derive(Debug, PartialEq, Eq)]
struct Refused(u64);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is refused", self.0)
    }
}

impl std::error::Error for Refused {}

fn below(limit: u64) -> impl FnMut(u64) -> Result<u64, Refused> + Send + Clone {
    move |n| if n < limit { Ok(n) } else { Err(Refused(n)) }
}

#[test]
fn the_error_of_try_map_is_the_pipelines() {
    in_each_place(|standing, world| {
        let (source, count) = numbers(1_000);
        let source = standing.stand(source, roundsman::stream::try_map(below(50)));
        let error = result(world, source.collect()).expect_err("it fails");
        assert_eq!((error.stage(), error.cause_as()), ("try_map", Some(&Refused(50))));
        assert_eq!(error.to_string(), "try_map: 50 is refused");
        assert_eq!(count.drops(), 1, "{standing:?}");
    });
}

#[test]
fn an_error_may_be_a_text_or_boxed() {
    let text = Source::once(1).try_map(|_| Err::<(), _>("no"));
    assert_eq!(error(text.collect()).to_string(), "try_map: no");
    let boxed =
        Source::once("x").try_map(|word| -> Result<u8, Box<dyn std::error::Error + Send + Sync>> {
            Ok(word.parse()?)
        });
    assert!(error(boxed.collect()).cause_as::<ParseIntError>().is_some());
}

enum Message {
    Item(Item<u64>),
    Tick,
    Ended(Result<Summary, PipeError>),
}

/// What arrives at a slow actor of 100 numbers of which `refused` is refused, behind a link.
fn arrivals(refused: u64, seed: u64, loops: usize) -> Vec<u64> {
    let (tell, told) = mpsc::channel();
    let mut kept = VecDeque::new();
    let root = move || {
        Role::new(move |message, ctx: &mut Context<'_, Role<Message>>| {
            match message {
                Message::Item(item) => {
                    tell.send(*item)?;
                    kept.push_back(item);
                }
                Message::Tick => drop(kept.pop_front()),
                Message::Ended(result) => {
                    assert!(result.is_err_and(|error| error.stage() == "try_map"));
                    ctx.stop();
                }
            }
            Ok(())
        })
        .started(move |ctx| {
            let source = numbers(100).0.boundary().try_map(below(refused));
            source.pipe(ctx.inlet(Message::Item)).start(ctx, Message::Ended);
            ctx.send_every(Duration::from_millis(1), MissedTicks::Skip, || Message::Tick);
            Ok(())
        })
    };
    play(seeds::world(seed, loops), root).expect("the root does not fail");
    told.try_iter().collect()
}

#[test]
fn everything_before_the_item_that_fails_arrives() {
    seeds::each_world(60, 1..=3, |seed, loops| {
        // Some of these are pulled ahead of what the actor has asked for.
        let refused = 30 + seed % 60;
        assert!(arrivals(refused, seed, loops).into_iter().eq(0..refused));
    });
}

#[test]
fn try_for_each_fails_and_is_not_called_again() {
    in_each_place(|standing, world| {
        let (tell, told) = mpsc::channel();
        let (source, count) = numbers(1_000);
        let source = standing.stand(source, roundsman::stream::map(|n| n));
        let pipeline = source.try_for_each(move |n| {
            tell.send(n).expect("the test listens");
            below(5)(n).map(drop)
        });
        let error = result(world, pipeline).expect_err("it fails");
        assert_eq!((error.stage(), error.cause_as()), ("try_for_each", Some(&Refused(5))));
        assert!(told.try_iter().eq(0..=5));
        assert_eq!(count.drops(), 1);
    });
}

#[test]
fn try_fold_gives_its_value_or_the_error() {
    let add = |sum: u8, n: u8| sum.checked_add(n).ok_or("too large");
    let world = roundsman_tests::outcome::ONE_LOOP;
    assert_eq!(result(world, Source::iter([100, 100]).try_fold(0, add)).ok(), Some(200));
    let error = error(Source::iter([100, 100, 100, 1]).try_fold(0, add));
    assert_eq!(error.to_string(), "try_fold: too large");
}

#[test]
fn a_failure_above_drops_the_chunk_in_hand_and_passes() {
    let error = error(numbers(100).0.try_map(below(5)).chunks(10).collect());
    assert_eq!(error.stage(), "try_map");
}

#[test]
fn a_panic_of_a_function_fails_the_pipeline_and_names_the_stages() {
    let source = numbers(10).0.scan(0, |_, n| Some(1 / (5 - n))).inspect(|_| ());
    let error = error(source.count());
    assert!(error.stage().contains("scan, inspect, count"), "{error}");
}
