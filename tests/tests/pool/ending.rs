//! What becomes of jobs when their actor ends, and when the runtime does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use roundsman::{CancelToken, Lane, LaneLimits, RunError, Runtime, Spawn, job, job_with_token};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::Gate;

#[test]
fn jobs_that_wait_never_run_when_their_actor_has_ended() {
    each_world(40, 1..=2, |seed, loops| {
        let ran = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&ran);
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let owner = Role::<()>::new(|(), ctx| {
                    ctx.stop();
                    Ok(())
                })
                .started(move |ctx| {
                    for _ in 0..100 {
                        let counter = Arc::clone(&counter);
                        let job =
                            job(Lane::User, move || _ = counter.fetch_add(1, Ordering::SeqCst));
                        ctx.start(job, |_| ());
                    }
                    Ok(())
                });
                ctx.spawn(owner);
                Ok(())
            })
        };
        // The first result ends the owner; one more may have begun.
        let one = LaneLimits::default().cap(1);
        play(world(seed, loops).lane(Lane::User, one), root).unwrap();
        assert!((1..=2).contains(&ran.load(Ordering::SeqCst)), "{ran:?}");
    });
}

#[test]
fn a_job_that_runs_sees_that_its_actor_has_ended_and_the_run_waits_for_it() {
    must_end(|| {
        let (tell, told) = mpsc::channel();
        let gate = Gate::default();
        let held = gate.clone();
        let root = move || {
            Role::<()>::new(move |(), ctx| {
                gate.gathered(1);
                gate.open();
                ctx.stop();
                Ok(())
            })
            .started(move |ctx| {
                let job = job_with_token(Lane::User, move |token: &CancelToken| {
                    held.pass();
                    while !token.is_cancelled() {
                        std::thread::yield_now();
                    }
                    tell.send("it has seen it").map_err(|_| ())
                });
                ctx.start(job, |_| ());
                Ok(ctx.address().send(())?)
            })
        };
        Runtime::builder().loops(1).build().unwrap().run(root).unwrap();
        assert_eq!(told.try_recv(), Ok("it has seen it"));
    });
}

#[test]
fn a_job_that_never_returns_is_named_when_the_end_has_waited_long_enough() {
    must_end(|| {
        let gate = Gate::default();
        let (held, also_held) = (gate.clone(), gate.clone());
        let begun = gate.clone();
        let root = move || {
            Role::<()>::new(move |(), ctx| {
                begun.gathered(2);
                ctx.stop();
                Ok(())
            })
            .started(move |ctx| {
                ctx.start(job(Lane::User, move || held.pass()).named("forever"), |_| ());
                ctx.start(job(Lane::Fs, move || also_held.pass()), |_| ());
                Ok(ctx.address().send(())?)
            })
        };
        let runtime = Runtime::builder().loops(1).pool_deadline(Duration::from_millis(50));
        let runtime = runtime.build().unwrap();
        let error = runtime.run_with(Spawn::named("main"), root).unwrap_err();
        gate.open();
        let text = error.to_string();
        let RunError::JobsLeft { mut jobs, waited, .. } = error else { panic!("{text}") };
        assert_eq!(waited, Duration::from_millis(50));
        jobs.sort();
        assert_eq!(jobs.len(), 2);
        assert_eq!(jobs[0], "forever (user lane) of /main");
        // Without a name of its own it is known by where its code stands.
        let place = "a_job_that_never_returns_is_named_when_the_end_has_waited_long_enough";
        assert!(jobs[1].contains(place) && jobs[1].ends_with("(fs lane) of /main"), "{}", jobs[1]);
        for part in ["forever (user lane) of /main", "OwnThread", "Builder::pool_deadline"] {
            assert!(text.contains(part), "{text:?} does not name {part:?}");
        }
    });
}

#[test]
fn a_runtime_leaves_no_pool_thread_behind() {
    must_end(|| {
        let captured = Arc::new(());
        for loops in 1..=2 {
            let captured = Arc::clone(&captured);
            let root = move || {
                Role::<()>::idle().started(move |ctx| {
                    for _ in 0..100 {
                        let captured = Arc::clone(&captured);
                        ctx.start(job(Lane::User, move || drop(captured)), |_| ());
                    }
                    Ok(())
                })
            };
            let runtime = Runtime::builder().loops(loops).build().unwrap();
            runtime.run(root).unwrap();
        }
        assert_eq!(Arc::strong_count(&captured), 1, "a job was kept");
    });
}

#[test]
fn a_simulated_run_ends_what_runs_and_drops_what_waits() {
    each_world(40, 1..=2, |seed, loops| {
        let captured = Arc::new(());
        let theirs = Arc::clone(&captured);
        let root = move || {
            Role::<()>::new(|(), ctx| {
                ctx.end_runtime();
                Ok(())
            })
            .started(move |ctx| {
                for _ in 0..50 {
                    let theirs = Arc::clone(&theirs);
                    ctx.start(job(Lane::Crypto, move || theirs), |_| ());
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(Arc::strong_count(&captured), 1, "a job was kept");
    });
}
