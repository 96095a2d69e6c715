//! What one item gives is held back: it fills no memory, holds no loop, and is not lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use roundsman::Context;
use roundsman::stream::{PipeError, Running, Source, Summary, flat_map};
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

use crate::{in_each_place, kept, list, numbers};

#[test]
fn of_an_item_that_gives_for_ever_no_more_is_pulled_than_is_asked_for() {
    let pulled = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&pulled);
    let (source, items) = numbers(1_000);
    let kept = kept(source.flat_map(move |_| {
        let count = Arc::clone(&count);
        (0..).inspect(move |_| _ = count.fetch_add(1, Ordering::SeqCst))
    }));
    assert_eq!(kept.items, (0..16).collect::<Vec<_>>());
    assert_eq!((pulled.load(Ordering::SeqCst), items.items()), (16, 1));
}

#[test]
fn the_function_is_not_called_before_something_is_asked_for() {
    let calls = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&calls);
    let (source, _) = numbers(1_000);
    // The link brings sixteen items at once; the first gives enough.
    let source = source.boundary().flat_map(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        0..20
    });
    assert_eq!(kept(source).items.len(), 16);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn what_came_ahead_of_demand_is_not_lost() {
    seeds::each_world(60, 1..=3, |seed, loops| {
        let (source, _) = numbers(100);
        let source = source.boundary().flat_map(|n| (0..100).map(move |m| n * 100 + m)).boundary();
        let all = result(World::Simulated { seed, loops }, source.collect()).expect("a list");
        assert!(all.into_iter().eq(0..10_000));
    });
}

#[test]
fn large_items_within_large_items_all_arrive() {
    in_each_place(|standing, world| {
        // More than is given in one turn, at each level.
        let thousands = || flat_map(|n: u64| (0..1_500).map(move |m| n + m));
        let twice = thousands().then(flat_map(|n: u64| [n, n]));
        let stages = twice.then(flat_map(|n: u64| (0..3).map(move |m| n + m)));
        let source = standing.stand(Source::iter(0..4), stages);
        assert_eq!(result(world, source.count()).expect("a count"), 4 * 1_500 * 2 * 3);
    });
}

#[test]
fn items_that_give_nothing_are_passed_over() {
    let (source, _) = numbers(100_000);
    assert_eq!(list(source.flat_map(|n| (n == 99_999).then_some(n))), [99_999]);
}

#[test]
fn the_end_follows_what_is_held_back_and_needs_no_demand() {
    let kept = kept(Source::once(()).flat_map(|()| 0..16));
    assert_eq!(kept.items.len(), 16);
    assert!(matches!(kept.end, Some(Ok(_))));
    let held = crate::kept(Source::once(()).flat_map(|()| 0..17));
    assert!(held.end.is_none(), "one is held back");
}

enum Message {
    Look,
    Resume,
    Ended(Result<Summary, PipeError>),
}

/// Starts a pipeline that gives for ever, in a world of its own, and lets `look` look at it each virtual millisecond.
fn endless(look: impl FnMut(u64, &Running, &mut Context<'_, Role<Message>>) + Send + 'static) {
    must_end(move || {
        let (mut running, mut looks, mut look) = (None, 0, look);
        let root = move || {
            Role::new(move |message, ctx: &mut Context<'_, Role<Message>>| {
                match (message, &running) {
                    (Message::Look, None) => {
                        let source = Source::once(()).flat_map(|()| 0_u64..);
                        running = Some(source.for_each(drop).start(ctx, Message::Ended));
                        ctx.address().send(Message::Look)?;
                    }
                    (Message::Look | Message::Resume, Some(running)) => {
                        looks += 1;
                        look(looks, running, ctx);
                    }
                    (Message::Ended(result), _) => {
                        assert!(result.is_err_and(|error| error.is_cancelled()));
                        ctx.stop();
                    }
                    (Message::Resume, None) => {}
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(Message::Look)?))
        };
        play(seeds::world(1, 1), root).expect("the root does not fail");
    });
}

#[test]
fn an_item_that_gives_for_ever_leaves_others_their_turns() {
    endless(|looks, running, ctx| match looks {
        10 => running.cancel("it has run beside others"),
        _ => _ = ctx.address().send(Message::Look),
    });
}

#[test]
fn an_item_that_gives_for_ever_pauses_and_goes_on() {
    let mut before = 0;
    endless(move |looks, running, ctx| {
        let items = running.progress(ctx).items;
        match looks {
            // Time passes only when nothing can run: not before it has paused.
            1 => {
                running.pause();
                ctx.send_after(Duration::from_secs(1), Message::Resume);
            }
            2 => {
                before = items;
                running.resume();
                ctx.send_after(Duration::ZERO, Message::Look);
            }
            _ if items > before + 10_000 => running.cancel("it has gone on"),
            _ => _ = ctx.address().send(Message::Look),
        }
    });
}

#[test]
fn a_panic_of_the_iterator_fails_the_pipeline_and_nothing_else() {
    let source = Source::iter(0..3).flat_map(|n| (0..3).map(move |m| 1 / (1 - n * m)));
    let error = result(ONE_LOOP, source.collect()).expect_err("it panics");
    assert!(error.stage().contains("flat_map"), "{error}");
}
