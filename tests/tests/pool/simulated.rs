//! Under simulation jobs run in virtual time, in an order drawn from the seed.

use std::sync::mpsc;
use std::time::Duration;

use roundsman::{AliveReason, Lane, LaneLimits, job};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

/// Which job ended when.
fn order(seed: u64, loops: usize, cap: usize) -> Vec<(u32, Duration)> {
    let (tell, told) = mpsc::channel();
    let root = move || {
        Role::new(move |number: u32, ctx| Ok(tell.send((number, ctx.now().since_start()))?))
            .started(|ctx| {
                for number in 0..30 {
                    ctx.start(job(Lane::User, move || number), |number| number.unwrap());
                }
                Ok(())
            })
    };
    let limits = LaneLimits::default().cap(cap);
    play(world(seed, loops).pool_threads(16).lane(Lane::User, limits), root).unwrap();
    told.into_iter().collect()
}

#[test]
fn the_same_seed_gives_the_same_order_at_the_same_times() {
    each_world(20, 1..=2, |seed, loops| {
        assert_eq!(order(seed, loops, 8), order(seed, loops, 8));
    });
}

#[test]
fn seeds_give_different_orders() {
    let mut orders: Vec<Vec<u32>> = (1..=20)
        .map(|seed| order(seed, 1, 8).into_iter().map(|(number, _)| number).collect())
        .collect();
    orders.sort();
    orders.dedup();
    assert!(orders.len() > 15, "{} orders of 20 seeds", orders.len());
    for mut order in orders {
        order.sort_unstable();
        assert!(order.into_iter().eq(0..30));
    }
}

#[test]
fn more_threads_take_less_virtual_time() {
    let last = |cap| -> Duration {
        (1..=20).map(|seed| order(seed, 1, cap).last().expect("30 of them").1).sum()
    };
    assert!(last(1) > 3 * last(8), "{:?} and {:?}", last(1), last(8));
}

#[test]
fn a_simulated_job_that_looks_at_the_runtime_asks_no_loop() {
    let (tell, told) = mpsc::channel();
    let runtime = world(1, 2).build().unwrap();
    let handle = runtime.handle().unref();
    let root = move || {
        Role::<()>::idle().started(move |ctx| {
            let look = move || {
                drop((handle.tree(), handle.pauses()));
                tell.send(handle.why_alive()).unwrap();
            };
            ctx.start(job(Lane::User, look), |_| ());
            Ok(())
        })
    };
    runtime.run(root).unwrap();
    // What was asked and could not be answered would lie in the inbox of a loop.
    let alive = told.recv().unwrap();
    let asked = |reason: &AliveReason| matches!(reason, AliveReason::Inbox { .. });
    assert!(!alive.reasons.iter().any(asked), "{alive}");
}
