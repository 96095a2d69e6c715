//! An outlet: an actor, or a thread, as a source.

use std::sync::mpsc;

use bytes::Bytes;
use roundsman::stream::{
    Full, Item, Outlet, PipeError, Pusher, StreamContext, Summary, Wanted, collect, outlet,
};
use roundsman::{Address, Overflow, Placement, Runtime, Spawn};
use roundsman_tests::patience::must_end;
use roundsman_tests::peer::aside;
use roundsman_tests::role::Role;
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

use crate::{ONE_LOOP, result};

/// What the actors here take.
enum Step {
    Start,
    Number(Item<u64>),
    Ended(Result<Summary, PipeError>),
    List(Result<Vec<u64>, PipeError>),
    Wanted(Wanted),
}

/// Runs a root in 200 simulated worlds.
fn in_worlds(root: impl Fn() -> Role<Step> + Clone + Send + 'static) {
    seeds::each_world(67, 1..=3, |seed, loops| {
        let root = root.clone();
        must_end(move || {
            World::Simulated { seed, loops }.runtime().run(root).expect("the root does not fail");
        });
    });
}

#[test]
fn what_is_pushed_before_the_start_comes_first() {
    let (source, mut outlet) = outlet(3);
    for n in 0..3 {
        assert_eq!(outlet.push(n), Ok(0));
    }
    assert_eq!((outlet.push(3), outlet.waiting()), (Err(Full::Limit(3)), 3));
    outlet.end();
    assert_eq!(outlet.push(4), Err(Full::Closed(4)));
    assert_eq!(result(ONE_LOOP, source.pipe(collect())).ok(), Some(vec![0, 1, 2]));
}

#[test]
fn bytes_count_by_length_against_the_limit() {
    let (source, mut outlet) = outlet(10);
    assert_eq!(outlet.push(Bytes::from_static(b"12345678")), Ok(0));
    assert!(matches!(outlet.push(Bytes::from_static(b"123")), Err(Full::Limit(_))));
    assert_eq!(outlet.push(Bytes::from_static(b"12")), Ok(0));
    assert_eq!(outlet.waiting(), 10);
    assert_eq!((outlet.discard(), outlet.waiting()), (2, 0));
    drop(source);
}

#[test]
fn a_pusher_shares_the_order_the_limit_and_the_end_of_its_outlet() {
    let (source, mut outlet) = outlet(4);
    let (one, other) = (outlet.pusher(), outlet.pusher().clone());
    let pushed = [one.push(0), outlet.push(1), other.push(2), one.push(3)];
    assert_eq!(pushed, [Ok(0); 4]);
    assert_eq!([outlet.push(4), other.push(5)], [Err(Full::Limit(4)), Err(Full::Limit(5))]);
    outlet.end();
    assert_eq!(one.push(6), Err(Full::Closed(6)));
    assert_eq!(result(ONE_LOOP, source.pipe(collect())).ok(), Some(vec![0, 1, 2, 3]));
    assert_eq!(one.push(7), Err(Full::Closed(7)));
}

#[test]
fn a_pusher_does_not_keep_a_stream_alive() {
    let (source, outlet) = outlet::<u64>(10);
    let pusher = outlet.pusher();
    assert_eq!(pusher.push(1), Ok(0));
    drop(outlet);
    assert_eq!(pusher.push(2), Err(Full::Closed(2)));
    let error = result(ONE_LOOP, source.pipe(collect())).expect_err("a failure");
    assert_eq!(error.stage(), "outlet");
}

#[test]
fn much_that_was_pushed_ahead_comes_out_in_order() {
    const MANY: u64 = 200_000;
    let (source, mut outlet) = outlet(MANY);
    assert!((0..MANY).all(|n| outlet.push(n) == Ok(0)));
    outlet.end();
    let all = result(ONE_LOOP, source.pipe(collect())).expect("it ends");
    assert!(all.into_iter().eq(0..MANY));
}

#[test]
fn what_was_asked_for_is_not_discarded() {
    in_worlds(|| {
        let mut seen = Vec::new();
        Role::new(move |step, ctx| {
            match step {
                Step::Number(number) => seen.push(*number),
                Step::Ended(end) => {
                    assert_eq!(end?.items, 17);
                    assert!(seen.iter().copied().eq((0..16).chain([18])), "{seen:?}");
                    ctx.stop();
                }
                _ => {}
            }
            Ok(())
        })
        .started(|ctx| {
            let (source, mut outlet) = outlet(2);
            source.pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended);
            assert!((0..18).all(|n| outlet.push(n).is_ok()), "16 are wanted, and two are kept");
            assert_eq!((outlet.discard(), outlet.waiting()), (2, 0));
            assert_eq!(outlet.push(18), Ok(0));
            outlet.end();
            Ok(())
        })
    });
}

#[test]
fn an_outlet_without_a_source_is_closed() {
    let (source, mut outlet) = outlet(10);
    assert_eq!(outlet.push(1), Ok(0));
    assert!(!outlet.is_closed());
    drop(source);
    assert!(outlet.is_closed());
    assert_eq!((outlet.push(2), outlet.waiting()), (Err(Full::Closed(2)), 0));
}

#[test]
fn an_outlet_says_without_a_push_that_its_pipeline_has_ended() {
    in_worlds(|| {
        let (source, outlet) = outlet::<u64>(10);
        Role::new(move |step, _| {
            if let Step::Ended(end) = step {
                assert!(end.is_err_and(|error| error.is_cancelled()));
                assert!(outlet.is_closed());
            }
            Ok(())
        })
        .started(move |ctx| {
            source.boundary().for_each(drop).start(ctx, Step::Ended).cancel("enough");
            Ok(())
        })
    });
}

#[test]
fn an_outlet_that_was_ended_is_closed() {
    let (source, mut outlet) = outlet::<u64>(10);
    assert_eq!(outlet.push(1), Ok(0));
    outlet.end();
    assert!(outlet.is_closed());
    drop(source);
}

#[test]
fn a_pipeline_whose_outlet_is_gone_before_the_start_fails() {
    let (source, outlet) = outlet::<u64>(10);
    drop(outlet);
    let error = result(ONE_LOOP, source.pipe(collect())).expect_err("a failure");
    assert_eq!(error.stage(), "outlet");
}

#[test]
fn push_says_how_much_more_is_wanted() {
    in_worlds(|| {
        Role::new(|_, _| Ok(())).started(|ctx| {
            let (source, mut outlet) = outlet(1);
            let running = source.pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended);
            for n in 0..16 {
                assert_eq!(outlet.push(n), Ok(15 - n));
            }
            assert_eq!((outlet.push(16), outlet.waiting()), (Ok(0), 1));
            assert_eq!(outlet.push(17), Err(Full::Limit(17)));
            running.cancel("enough");
            Ok(())
        })
    });
}

/// Pushes numbers for as long as they are wanted.
fn push_on(outlet: &mut Outlet<u64>, next: &mut u64, last: u64) {
    while *next < last {
        match outlet.push(*next) {
            Ok(_) => *next += 1,
            Err(Full::Limit(_)) => return,
            Err(error) => panic!("{error}"),
        }
    }
    outlet.end();
}

#[test]
fn a_notice_of_demand_comes_after_each_push_that_found_none() {
    in_worlds(|| {
        let (source, mut outlet) = outlet(5);
        let mut source = Some(source);
        let mut next = 0;
        Role::new(move |step, ctx| {
            match step {
                Step::Start => {
                    outlet.notify(ctx.recipient(Step::Wanted));
                    let source = source.take().expect("it starts once");
                    source.boundary().pipe(collect()).start(ctx, Step::List);
                }
                Step::List(list) => {
                    assert!(list?.into_iter().eq(0..500));
                    ctx.stop();
                    return Ok(());
                }
                Step::Number(_) | Step::Ended(_) | Step::Wanted(Wanted) => {}
            }
            push_on(&mut outlet, &mut next, 500);
            Ok(())
        })
        .started(|ctx| Ok(ctx.address().send(Step::Start)?))
    });
}

#[test]
fn whoever_waits_for_demand_hears_of_the_end_of_the_pipeline() {
    in_worlds(|| {
        let (source, mut outlet) = outlet(5);
        let mut source = Some(source);
        let mut kept = Vec::new();
        let mut told = false;
        Role::new(move |step, ctx| {
            match step {
                Step::Start => {
                    outlet.notify(ctx.recipient(Step::Wanted));
                    let source = source.take().expect("it starts once");
                    let running = source.pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended);
                    while outlet.push(0).is_ok() {}
                    running.cancel("enough");
                }
                Step::Number(number) => kept.push(number),
                Step::Wanted(Wanted) => {
                    assert_eq!(outlet.push(1), Err(Full::Closed(1)));
                    told = true;
                }
                Step::Ended(end) => {
                    assert!(end.is_err_and(|error| error.is_cancelled()));
                    assert!(told, "the notice comes before the result");
                    assert_eq!(kept.len(), 16);
                    ctx.stop();
                }
                Step::List(_) => {}
            }
            Ok(())
        })
        .started(|ctx| Ok(ctx.address().send(Step::Start)?))
    });
}

#[test]
fn demand_that_returns_from_inside_a_send_is_taken() {
    // The receiver drops its oldest message when another comes: on the sender's stack.
    must_end(|| {
        let runtime = Runtime::builder().loops(1).build().expect("a runtime");
        let root = || {
            let mut seen = 0;
            Role::new(move |step, ctx| {
                match step {
                    Step::Number(number) => seen = *number,
                    Step::Ended(end) => {
                        assert_eq!((seen, end?.items), (9_999, 10_000));
                        ctx.stop();
                    }
                    _ => {}
                }
                Ok(())
            })
            .started(|ctx| {
                let (source, mut outlet) = outlet(10_000);
                source.pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended);
                for n in 0..10_000 {
                    outlet.push(n)?;
                }
                outlet.end();
                Ok(())
            })
        };
        let spawn = Spawn::new().high(4).overflow(Overflow::DropOldest);
        runtime.run_with(spawn, root).expect("the root does not fail");
    });
}

#[test]
fn what_is_pushed_on_one_loop_and_asked_for_on_another_stays_in_order() {
    // Real threads: in a simulated world no loop works while another is in the middle of a round.
    must_end(|| {
        let mut seen = 0;
        let root = move || {
            Role::new(move |step, ctx| {
                match step {
                    Step::Number(number) => {
                        assert_eq!(*number, seen);
                        seen += 1;
                    }
                    Step::Ended(end) => {
                        assert_eq!((end?.items, seen), (ITEMS, ITEMS));
                        ctx.stop();
                    }
                    _ => {}
                }
                Ok(())
            })
            .started(|ctx| {
                let (source, outlet) = outlet(3);
                source.pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended);
                ctx.spawn_on(Placement::Loop(1), move || pusher(outlet));
                Ok(())
            })
        };
        World::Real { loops: 2 }.runtime().run(root).expect("the root does not fail");
    });
}

/// Pushes numbers from `first` on, as many as `ITEMS`, and says when it has.
fn push_all(pusher: Pusher<u64>, first: u64, done: Address<Step>) -> Role<Step> {
    let mut next = first;
    Role::new(move |_, ctx| {
        while next < first + ITEMS {
            match pusher.push(next) {
                Ok(_) => next += 1,
                Err(Full::Limit(_)) => return Ok(ctx.address().send(Step::Start)?),
                Err(error) => panic!("{error}"),
            }
        }
        done.send(Step::Start)?;
        ctx.stop();
        Ok(())
    })
    .started(|ctx| Ok(ctx.address().send(Step::Start)?))
}

#[test]
fn of_several_that_push_from_other_loops_each_keeps_its_order() {
    must_end(|| {
        let root = || {
            let (source, outlet) = outlet(64);
            let (mut outlet, mut busy) = (Some(outlet), 3);
            let pushers: Vec<_> =
                outlet.iter().flat_map(|o| (0..busy).map(|_| o.pusher())).collect();
            Role::new(move |step, ctx| {
                match step {
                    Step::Start => busy -= 1,
                    Step::List(list) => {
                        let list = list?;
                        for first in (0..3).map(|n| n * ITEMS) {
                            let its = first..first + ITEMS;
                            let heard = list.iter().copied().filter(|n| its.contains(n));
                            assert!(heard.eq(its.clone()), "each once and in order");
                        }
                        ctx.stop();
                    }
                    _ => {}
                }
                if busy == 0 {
                    outlet.take().into_iter().for_each(|mut outlet| outlet.end());
                }
                Ok(())
            })
            .started(move |ctx| {
                source.pipe(collect()).start(ctx, Step::List);
                for (n, pusher) in (0..).zip(pushers) {
                    let (done, at) = (ctx.address(), Placement::Loop(n % 2));
                    ctx.spawn_on(at, move || push_all(pusher, n as u64 * ITEMS, done));
                }
                Ok(())
            })
        };
        World::Real { loops: 2 }.runtime().run(root).expect("the root does not fail");
    });
}

const ITEMS: u64 = 50_000;

/// Pushes numbers, and tries again when there is no room.
fn pusher(mut outlet: Outlet<u64>) -> Role<Step> {
    let mut next = 0;
    Role::new(move |_, ctx| {
        push_on(&mut outlet, &mut next, ITEMS);
        if next < ITEMS {
            ctx.address().send(Step::Start)?;
        }
        Ok(())
    })
    .started(|ctx| Ok(ctx.address().send(Step::Start)?))
}

#[test]
fn a_thread_can_push_while_the_receiver_lets_items_go() {
    must_end(|| {
        let runtime = Runtime::builder().loops(2).build().expect("a runtime");
        let (source, mut outlet) = outlet(64);
        let pushing = aside(move || {
            for n in 0..50_000 {
                while let Err(Full::Limit(_)) = outlet.push(n) {
                    std::thread::yield_now();
                }
            }
            outlet.end();
        });
        let mut seen = 0;
        let root = move || {
            Role::new(move |step, ctx| {
                match step {
                    Step::Number(number) => {
                        assert_eq!(*number, seen);
                        seen += 1;
                    }
                    Step::Ended(end) => {
                        assert_eq!((end?.items, seen), (50_000, 50_000));
                        ctx.stop();
                    }
                    _ => {}
                }
                Ok(())
            })
            .started(move |ctx| {
                source.pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended);
                Ok(())
            })
        };
        runtime.run(root).expect("the root does not fail");
        pushing.join().expect("everything was pushed");
    });
}

#[test]
fn a_push_to_an_actor_that_has_ended_says_closed() {
    in_worlds(|| {
        let (sender, pushing) = mpsc::channel::<Outlet<u64>>();
        Role::new(move |step, _| {
            if let Step::Wanted(Wanted) = step {
                let mut outlet = pushing.try_recv()?;
                while outlet.push(0).is_ok() {}
                assert_eq!(outlet.push(1), Err(Full::Closed(1)));
            }
            Ok(())
        })
        .started(move |ctx| {
            let me = ctx.recipient(Step::Wanted);
            ctx.spawn(
                Role::new(|step, ctx| {
                    // It ends with an item in its hands, and more in its mailbox.
                    if let Step::Number(_) = step {
                        ctx.stop();
                    }
                    Ok(())
                })
                .started(move |ctx| {
                    let (source, mut outlet) = outlet(100);
                    source.pipe(ctx.inlet(Step::Number)).start(ctx, Step::Ended);
                    for n in 0..20 {
                        outlet.push(n)?;
                    }
                    sender.send(outlet)?;
                    Ok(())
                })
                .stopping(move |_, _| _ = me.send(Wanted)),
            );
            Ok(())
        })
    });
}
