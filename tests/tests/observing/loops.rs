//! Metrics of loops: what is counted, and that it is cheap to ask.

use std::sync::mpsc;
use std::time::Duration;

use roundsman::{Address, MissedTicks, Placement, Runtime, Spawn};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::seeds::{each_world, world};

#[test]
fn rounds_turns_and_messages_are_counted() {
    each_world(5, 1..=2, |seed, loops| {
        let runtime = world(seed, loops).build().unwrap();
        let handle = runtime.handle().unref();
        let root = || {
            Role::<()>::idle().started(|ctx| {
                let to: Address<()> = ctx.spawn_on(Placement::Loop(1), Role::idle);
                for _ in 0..10 {
                    to.send(())?;
                }
                Ok(())
            })
        };
        runtime.run(root).unwrap();
        let metrics = handle.metrics();
        assert_eq!((metrics.handled(), metrics.actors()), (10, 0));
        let last = &metrics.loops[loops - 1];
        assert!(last.rounds > 0 && last.turns > 0 && last.handled == 10, "{last:?}");
        assert_eq!((last.runnable, last.inbox), (0, 0), "nothing is left");
        assert_eq!(last.loop_index, loops - 1);
    });
}

#[test]
fn simulated_time_passes_in_idle_loops() {
    let runtime = world(1, 1).build().unwrap();
    let handle = runtime.handle().unref();
    let root = || {
        Role::new(|(), ctx| {
            ctx.stop();
            Ok(())
        })
        .started(|ctx| {
            ctx.send_after(Duration::from_secs(10), ());
            Ok(())
        })
    };
    runtime.run(root).unwrap();
    let metrics = handle.metrics();
    assert_eq!(metrics.loops[0].elapsed(), Duration::from_secs(10));
    assert_eq!((metrics.loops[0].utilisation(), metrics.loops[0].delay.max), (0.0, Duration::ZERO));
}

#[test]
fn a_loop_that_sleeps_is_idle_and_what_it_did_before_is_its_delay() {
    must_end(|| {
        let runtime = Runtime::builder().loops(1).build().unwrap();
        let handle = runtime.handle().unref();
        let asks = handle.clone();
        let root = move || {
            let mut left = 20;
            let mut before = 0;
            Role::new(move |(), ctx| {
                let metrics = asks.metrics();
                let one = &metrics.loops[0];
                assert!(one.idle_nanos >= before && (0.0..=1.0).contains(&one.utilisation()));
                before = one.idle_nanos;
                left -= 1;
                if left == 0 {
                    ctx.stop();
                }
                Ok(())
            })
            .started(|ctx| {
                ctx.send_every(Duration::from_millis(2), MissedTicks::Delay, || ());
                Ok(())
            })
        };
        runtime.run(root).unwrap();
        let metrics = handle.metrics();
        let one = &metrics.loops[0];
        // Ticks come 2 ms apart: it must have slept in between, and each sleep ended a round.
        assert!(one.idle_nanos > 0 && one.delay.count >= 20, "{one:?}");
        assert!(one.delay.p50 <= one.delay.p99 && one.delay.p99 <= one.delay.max, "{one:?}");
    });
}

#[test]
fn a_turn_that_holds_the_loop_shows_in_its_delay() {
    must_end(|| {
        let runtime = Runtime::builder().loops(1).no_watchdog().build().unwrap();
        let handle = runtime.handle().unref();
        let long = Duration::from_millis(30);
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                // Nobody ever sends: this blocks for 30 ms.
                let (_never, nothing) = mpsc::channel::<()>();
                let _ = nothing.recv_timeout(long);
                ctx.send_after(Duration::from_millis(1), ());
                Ok(())
            })
        };
        runtime.run(root).unwrap();
        let delay = handle.metrics().loops[0].delay;
        assert!(delay.max >= long && delay.p50 < long, "{delay}");
    });
}

#[test]
fn the_depth_of_an_inbox_is_what_waits_in_it() {
    beside(Runtime::builder().loops(2).no_watchdog(), |handle| {
        let (tell, told) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let holds: Address<()> = handle
            .spawn(Placement::Loop(1), Spawn::new(), move || {
                Role::new(move |(), _| {
                    tell.send(())?;
                    let _ = released.recv();
                    Ok(())
                })
            })
            .unwrap();
        holds.send(()).unwrap();
        told.recv().unwrap();
        for n in 1..=5 {
            holds.send(()).unwrap();
            assert_eq!(handle.metrics().loops[1].inbox, n);
        }
        drop((release, told));
    });
}

#[test]
fn runnable_actors_are_those_that_wait_for_their_turn() {
    each_world(5, 1..=1, |seed, loops| {
        let runtime = world(seed, loops).build().unwrap();
        let handle = runtime.handle().unref();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let before = handle.metrics().loops[0].runnable;
                for _ in 0..7 {
                    ctx.spawn(Role::<()>::idle());
                }
                assert_eq!(handle.metrics().loops[0].runnable, before + 7);
                Ok(())
            })
        };
        runtime.run(root).unwrap();
    });
}

#[test]
fn an_unrefd_handle_and_its_clones_do_not_keep_the_runtime_alive() {
    must_end(|| {
        let runtime = Runtime::builder().loops(2).build().unwrap();
        let handle = runtime.handle().unref();
        let copy = handle.clone();
        runtime.run(Role::<()>::idle).unwrap();
        assert_eq!(copy.metrics().actors(), 0);
        drop((handle, copy));
    });
}

#[test]
fn giving_up_the_last_handle_that_keeps_a_runtime_ends_it() {
    beside(Runtime::builder().loops(2), |handle| {
        let looks_on = handle.unref();
        // It may have ended already; it can be asked all the same.
        let _ = looks_on.metrics();
    });
}
