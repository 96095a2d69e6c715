//! Lanes: caps, reserved threads, and first in, first out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use roundsman::{JobError, Lane, LaneLimits, Placement, Runtime, Spawn, job};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::{Gate, started_thread};

/// How many run, and how many did at most.
#[derive(Clone, Default)]
struct Crowd(Arc<[AtomicUsize; 2]>);

impl Crowd {
    fn enter(&self) {
        let now = self.0[0].fetch_add(1, Ordering::SeqCst) + 1;
        self.0[1].fetch_max(now, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.0[0].fetch_sub(1, Ordering::SeqCst);
    }

    fn most(&self) -> usize {
        self.0[1].load(Ordering::SeqCst)
    }
}

#[test]
fn a_lane_never_runs_more_at_once_than_its_cap() {
    must_end(|| {
        let crowd = Crowd::default();
        let inside = crowd.clone();
        let root = move || {
            Role::<Result<(), JobError>>::new(|outcome, _| Ok(outcome?)).started(move |ctx| {
                for _ in 0..500 {
                    let crowd = inside.clone();
                    let job = job(Lane::Crypto, move || {
                        crowd.enter();
                        std::thread::yield_now();
                        crowd.leave();
                    });
                    ctx.start(job, |outcome| outcome);
                }
                Ok(())
            })
        };
        let crypto = LaneLimits::default().cap(2);
        let builder = Runtime::builder().loops(1).pool_threads(8).lane(Lane::Crypto, crypto);
        builder.build().unwrap().run(root).unwrap();
        assert!(crowd.most() <= 2, "{}", crowd.most());
    });
}

#[test]
fn every_thread_runs_a_job_before_any_job_waits() {
    must_end(|| {
        let gate = Gate::default();
        let held = gate.clone();
        // Each waits for all others: a thread that kept one for later would wait for ever.
        let opener = started_thread(move || {
            gate.gathered(8);
            gate.open();
        });
        let root = move || {
            Role::<Result<(), JobError>>::new(|outcome, _| Ok(outcome?)).started(move |ctx| {
                for _ in 0..8 {
                    let held = held.clone();
                    ctx.start(job(Lane::User, move || held.pass()), |outcome| outcome);
                }
                Ok(())
            })
        };
        let shared = LaneLimits::default().reserved(0);
        let builder = Runtime::builder().loops(1).pool_threads(8);
        let builder = builder.lane(Lane::Fs, shared).lane(Lane::Dns, shared);
        builder.build().unwrap().run(root).unwrap();
        opener.join().unwrap();
    });
}

#[test]
fn code_that_does_not_return_leaves_a_thread_to_files_and_one_to_names() {
    must_end(|| {
        let gate = Gate::default();
        let held = gate.clone();
        let root = move || {
            let mut heard = Vec::new();
            Role::<Lane>::new(move |lane, ctx| {
                heard.push(lane);
                if heard.len() == 2 {
                    heard.sort_unstable();
                    assert_eq!(heard, [Lane::Fs, Lane::Dns]);
                    gate.open();
                    ctx.stop();
                }
                Ok(())
            })
            .started(move |ctx| {
                for _ in 0..20 {
                    for lane in [Lane::User, Lane::Crypto] {
                        let held = held.clone();
                        ctx.start(job(lane, move || held.pass()), move |_| lane);
                    }
                }
                for lane in [Lane::Fs, Lane::Dns] {
                    ctx.start(job(lane, || ()), move |_| lane);
                }
                Ok(())
            })
        };
        let builder = Runtime::builder().loops(1).pool_threads(4);
        builder.build().unwrap().run(root).unwrap();
    });
}

#[test]
fn jobs_of_a_lane_start_in_the_order_in_which_they_were_started() {
    each_world(20, 1..=2, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            Role::new(move |number, _| Ok(tell.send(number)?)).started(move |ctx| {
                for number in 0..100 {
                    ctx.start(job(Lane::Dns, move || number), |number| number.unwrap());
                }
                Ok(())
            })
        };
        let one = LaneLimits::default().cap(1);
        play(world(seed, loops).lane(Lane::Dns, one), root).unwrap();
        assert!(told.into_iter().eq(0..100));
    });
}

#[test]
fn no_lane_waits_until_another_is_empty() {
    each_world(20, 1..=1, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            Role::new(move |lane, _| Ok(tell.send(lane)?)).started(move |ctx| {
                for lane in [Lane::User, Lane::Crypto] {
                    for _ in 0..200 {
                        ctx.start(job(lane, || ()), move |_| lane);
                    }
                }
                Ok(())
            })
        };
        play(world(seed, loops).pool_threads(1), root).unwrap();
        let heard: Vec<_> = told.into_iter().collect();
        let crypto = heard.iter().take(200).filter(|lane| **lane == Lane::Crypto).count();
        assert!((90..=110).contains(&crypto), "{crypto} of the first 200, with one thread in turn");
    });
}

#[test]
fn threads_are_started_when_they_are_first_needed_and_metrics_count_what_lanes_do() {
    beside(Runtime::builder().loops(1).pool_threads(3), |handle| {
        assert!(handle.metrics().lanes.iter().all(|lane| lane.threads == 0));
        let (tell, told) = mpsc::channel();
        let starter = move || {
            Role::<Option<Lane>>::new(move |lane, ctx| {
                match lane {
                    Some(lane) => _ = ctx.start(job(lane, || ()), |_| None),
                    None => tell.send(())?,
                }
                Ok(())
            })
        };
        let starter = handle.spawn(Placement::Here, Spawn::new(), starter).expect("it runs");
        for lane in [Lane::Dns, Lane::User, Lane::Dns] {
            starter.send(Some(lane)).unwrap();
            told.recv().unwrap();
        }
        let lanes = handle.metrics().lanes;
        assert!(lanes.iter().map(|lane| lane.lane).eq([
            Lane::Fs,
            Lane::Dns,
            Lane::Crypto,
            Lane::User
        ]));
        assert!(lanes.iter().map(|lane| lane.done).eq([0, 2, 0, 1]));
        for lane in lanes {
            assert_eq!((lane.queued, lane.running, lane.unstarted), (0, 0, 0));
            assert!((1..=3).contains(&lane.threads));
            assert_eq!(lane.ran_nanos > 0, lane.done > 0, "{lane:?}");
            assert!(lane.ran_nanos_max <= lane.ran_nanos);
            assert!(lane.waited_nanos_max <= lane.waited_nanos);
        }
    });
}

#[test]
fn what_runs_and_what_waits_is_listed_by_name_lane_and_owner() {
    let gate = Gate::default();
    let held = gate.clone();
    beside(Runtime::builder().loops(1).pool_threads(1), move |handle| {
        let starter = move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.start(job(Lane::Fs, move || held.pass()).named("first"), |_| ());
                ctx.start(job(Lane::User, || ()).named("second"), |_| ());
                Ok(())
            })
        };
        handle.spawn(Placement::Here, Spawn::named("starter"), starter).expect("it runs");
        gate.gathered(1);
        while handle.jobs().len() < 2 {
            std::thread::yield_now();
        }
        let listed = handle.jobs();
        let names: Vec<_> = listed.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["first (fs lane) of /starter", "second (user lane) of /starter"]);
        assert!(listed[0].running && !listed[1].running);
        let lanes = handle.metrics().lanes;
        assert_eq!((lanes[0].running, lanes[3].queued), (1, 1));
        gate.open();
    });
}
