//! Loops that stand still, and go on; hosts that are killed in the middle of something.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use roundsman::sim::check;
use roundsman::{ChildSpec, Lane, Spawn, Supervision, job};
use roundsman_tests::role::Role;

use super::secs;

#[test]
fn a_loop_that_stands_still_goes_on_with_what_is_left_though_nothing_else_keeps_it() {
    check(200, |sim| {
        let handled = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&handled);
        let root = move || {
            let counts = Arc::clone(&counts);
            let role = Role::<u32>::new(move |left, ctx| {
                counts.fetch_add(1, Ordering::SeqCst);
                if left > 0 { Ok(ctx.address().send(left - 1)?) } else { Ok(()) }
            });
            role.started(|ctx| Ok(ctx.address().send(9)?))
        };
        sim.host("busy").start_with("top", root);
        sim.stall("busy/top", 5, secs(60));
        sim.run()?;
        assert_eq!(handled.load(Ordering::SeqCst), 10);
        assert!(sim.now().since_start() >= secs(60));
        Ok(())
    });
}

#[test]
fn a_loop_that_stands_still_as_its_runtime_ends_goes_on_to_the_end() {
    check(200, |sim| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                ctx.supervision(Supervision::one_for_one());
                let child = ctx.supervise(ChildSpec::permanent(Spawn::named("child")), || {
                    Role::<()>::new(|(), ctx| {
                        ctx.end_runtime();
                        Ok(())
                    })
                });
                Ok(child.send(())?)
            })
        };
        sim.host("ends").start_with("top", root);
        sim.stall("ends/top/child", 1, Duration::from_secs(60));
        sim.run()?;
        assert!(sim.now().since_start() >= secs(60));
        Ok(())
    });
}

#[test]
fn a_host_that_is_killed_as_jobs_of_its_run_and_wait_leaves_nothing() {
    check(200, |sim| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                for _ in 0..10 {
                    ctx.start(job(Lane::User, || ()), |_| ());
                }
                Ok(())
            })
        };
        let host = sim.host("works").loops(1 + sim.below(2)).start_with("top", root);
        sim.advance(sim.time_below(Duration::from_millis(5)));
        sim.kill(host);
        Ok(sim.run()?)
    });
}
