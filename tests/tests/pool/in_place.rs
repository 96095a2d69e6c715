//! Jobs that are run where they are started.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use roundsman::{
    CancelToken, Job, JobError, Lane, LaneLimits, Runtime, job, job_with_token, try_job,
};
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

#[test]
fn it_runs_at_once_and_its_result_comes_after_the_handler() {
    each_world(20, 1..=3, |seed, loops| {
        let root = || {
            let ended = Rc::new(Cell::new(false));
            let seen = Rc::clone(&ended);
            Role::new(move |result: Result<u32, JobError>, ctx| {
                assert!(seen.get(), "the handler that started it has ended");
                assert_eq!(result, Ok(7));
                ctx.stop();
                Ok(())
            })
            .started(move |ctx| {
                let (tell, told) = mpsc::channel();
                let code = move || {
                    tell.send(thread::current().id()).expect("it is told at once");
                    7
                };
                ctx.start(job(Lane::User, code).in_place(), |result| result);
                assert_eq!(told.try_recv(), Ok(thread::current().id()));
                ended.set(true);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn results_come_in_the_order_of_their_starts() {
    each_world(20, 1..=2, |seed, loops| {
        let root = || {
            let mut expected = 0;
            Role::new(move |result: Result<u32, JobError>, _| {
                assert_eq!(result, Ok(expected));
                expected += 1;
                Ok(())
            })
            .started(|ctx| {
                for n in 0..3_000 {
                    ctx.start(job(Lane::User, move || n).in_place(), |result| result);
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn a_panic_and_an_error_are_results() {
    each_world(5, 1..=2, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            Role::new(move |result: Result<(), JobError<u8>>, _| Ok(tell.send(result)?)).started(
                |ctx| {
                    let panics = try_job(Lane::User, || panic!("it was told to"));
                    ctx.start(panics.in_place(), |result| result);
                    ctx.start(try_job(Lane::User, || Err(3)).in_place(), |result| result);
                    Ok(())
                },
            )
        };
        play(world(seed, loops), root).unwrap();
        let told: Vec<_> = told.into_iter().collect();
        let panicked = JobError::Panicked(Arc::from("it was told to"));
        assert_eq!(told, [Err(panicked), Err(JobError::Failed(3))]);
    });
}

#[test]
fn it_takes_no_thread_and_no_place_in_its_lane() {
    must_end(|| {
        let one = LaneLimits::default().cap(1).queue(1);
        let runtime = Runtime::builder().loops(1).lane(Lane::User, one).build().unwrap();
        let handle = runtime.handle().unref();
        let root = || {
            Role::<Result<(), JobError>>::idle().started(|ctx| {
                for _ in 0..100 {
                    ctx.start(job(Lane::User, || ()).in_place(), |result| result);
                }
                Ok(())
            })
        };
        run_balanced(runtime, root).unwrap();
        let metrics = handle.metrics();
        let lane = metrics.lane(Lane::User).unwrap();
        assert_eq!((lane.started, lane.threads), (0, 0));
        assert_eq!(metrics.loops[0].jobs_in_place, 100);
        assert_eq!(metrics.loops[0].pauses, 0);
    });
}

#[test]
fn it_can_be_cancelled_no_more_and_gives_its_result_all_the_same() {
    each_world(5, 1..=2, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            Role::new(move |result: Result<u32, JobError<()>>, _| Ok(tell.send(result)?)).started(
                |ctx| {
                    let code = |_: &CancelToken| Ok(1);
                    let started = job_with_token(Lane::User, code).within(Duration::ZERO);
                    let id = ctx.start(started.in_place(), |result| result);
                    assert!(!ctx.cancel_job(id));
                    Ok(())
                },
            )
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [Ok(1)]);
    });
}

/// Counts itself as it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_result_that_nobody_waits_for_any_more_is_dropped() {
    each_world(5, 1..=2, |seed, loops| {
        let dropped = Arc::default();
        let counted = Counted(Arc::clone(&dropped));
        let root = move || {
            Role::<Result<Counted, JobError>>::new(|_, _| unreachable!("it has ended")).started(
                |ctx| {
                    let give: Job<Counted> = job(Lane::User, move || counted);
                    ctx.start(give.in_place(), |result| result);
                    ctx.stop();
                    Ok(())
                },
            )
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    });
}
