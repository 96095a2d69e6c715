//! What an actor has started is seen and can run at once, although its turn goes on.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc;

use roundsman::{JobError, JobId, Lane, LaneLimits, Runtime, RuntimeHandle, job};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

/// Starts jobs and, in the same turn, waits until all of them have run.
fn waits_for_its_jobs(threads: usize, lanes: &'static [Lane]) {
    must_end(move || {
        let root = move || {
            Role::<Result<(), JobError>>::new(|outcome, _| Ok(outcome?)).started(move |ctx| {
                let (tell, told) = mpsc::channel();
                for &lane in lanes {
                    let tell = tell.clone();
                    ctx.start(job(lane, move || tell.send(()).unwrap()), |outcome| outcome);
                }
                drop(tell);
                assert_eq!(told.into_iter().count(), lanes.len());
                Ok(())
            })
        };
        let builder = Runtime::builder().loops(1).pool_threads(threads).no_watchdog();
        play(builder, root).unwrap();
    });
}

#[test]
fn jobs_run_although_the_turn_that_started_them_goes_on() {
    for threads in [1, 2, 4] {
        for _ in 0..100 {
            waits_for_its_jobs(threads, &[Lane::User; 40]);
        }
    }
}

#[test]
fn a_job_of_a_lane_that_was_full_runs_although_other_lanes_have_work() {
    use Lane::{Crypto, Dns, Fs, User};
    for _ in 0..100 {
        waits_for_its_jobs(
            3,
            &[User, User, Dns, Dns, Dns, Crypto, User, Fs, Dns, Dns, User, Fs, Crypto, Dns],
        );
    }
}

#[test]
fn a_job_is_known_from_the_moment_it_was_started() {
    each_world(20, 1..=2, |seed, loops| {
        let seen = Rc::new(RefCell::new(None));
        let note = Rc::clone(&seen);
        let runtime = world(seed, loops).pool_threads(1).build().unwrap();
        let handle = runtime.handle().unref();
        let look: RuntimeHandle = handle.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                for number in 0..5 {
                    ctx.start(job(Lane::User, || ()).named(format!("job-{number}")), |_| ());
                }
                let lane = look.metrics().lanes[Lane::User as usize].clone();
                let alive = ctx.why_alive().to_string();
                *note.borrow_mut() = Some((look.jobs(), lane, alive));
                Ok(())
            })
        };
        runtime.run(root).unwrap();
        let (jobs, lane, alive) = seen.borrow_mut().take().unwrap();
        let names: Vec<_> = jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["job-0", "job-1", "job-2", "job-3", "job-4"]);
        assert_eq!((lane.started, lane.queued), (5, 5));
        for name in names {
            assert!(alive.contains(name), "{name} is missing in {alive}");
        }
    });
}

#[test]
fn jobs_that_were_taken_back_in_the_turn_that_started_them_are_counted() {
    each_world(20, 1..=2, |seed, loops| {
        let limits = LaneLimits::default().queue(5);
        let runtime = world(seed, loops).pool_threads(1).lane(Lane::Fs, limits).build().unwrap();
        let handle = runtime.handle().unref();
        let root = || {
            Role::<Result<(), JobError>>::idle().started(|ctx| {
                let ids: Vec<JobId> =
                    (0..20).map(|_| ctx.start(job(Lane::Fs, || ()), |outcome| outcome)).collect();
                for id in ids.into_iter().skip(1) {
                    assert!(ctx.cancel_job(id));
                }
                Ok(())
            })
        };
        runtime.run(root).unwrap();
        let lane = &handle.metrics().lanes[Lane::Fs as usize];
        assert_eq!((lane.started, lane.done, lane.unstarted), (20, 1, 19));
    });
}
