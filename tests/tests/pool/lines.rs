//! Jobs that stand in a line.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use roundsman::{JobError, JobId, Lane, LaneLimits, Line, Runtime, job};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{Dice, each_world, world};

use crate::Gate;

const LANES: [Lane; 4] = [Lane::Fs, Lane::Dns, Lane::Crypto, Lane::User];

type Done = (u32, Result<u32, JobError>);

#[test]
fn they_run_one_at_a_time_in_the_order_of_their_start_and_come_home_in_it() {
    each_world(40, 1..=2, |seed, loops| {
        let ran = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&ran);
        let root = move || {
            let mut home = 0;
            let role = Role::new(move |(number, done): (Option<u32>, Result<(), JobError>), _| {
                done?;
                if let Some(number) = number {
                    assert_eq!(number, home);
                    home += 1;
                }
                Ok(())
            });
            role.started(move |ctx| {
                let line = Line::new();
                for number in 0..100 {
                    let ran = Arc::clone(&ran);
                    let lane = LANES[number as usize % LANES.len()];
                    let note = job(lane, move || ran.lock().unwrap().push(number));
                    ctx.start(note.in_line(&line), move |done| (Some(number), done));
                    // Others of the lane are between them.
                    ctx.start(job(lane, || ()), |done| (None, done));
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert!(seen.lock().unwrap().iter().copied().eq(0..100));
    });
}

#[test]
fn those_that_wait_hold_no_thread() {
    let (gate, behind) = (Gate::default(), 50);
    let opens = gate.clone();
    must_end(move || {
        let root = move || {
            let mut others = 0;
            let role = Role::new(move |(is_other, done): (bool, Result<(), JobError>), _| {
                done?;
                others += usize::from(is_other);
                // All others have run before anything of the line has.
                if others == behind {
                    opens.open();
                }
                Ok(())
            });
            role.started(move |ctx| {
                let line = Line::new();
                let first = gate.clone();
                ctx.start(job(Lane::User, move || first.pass()).in_line(&line), |done| {
                    (false, done)
                });
                for _ in 0..behind {
                    ctx.start(job(Lane::User, || ()).in_line(&line), |done| (false, done));
                }
                for _ in 0..behind {
                    ctx.start(job(Lane::User, || ()), |done| (true, done));
                }
                Ok(())
            })
        };
        play(Runtime::builder().loops(1).pool_threads(2), root).unwrap();
    });
}

#[test]
fn those_that_share_their_turn_run_together_and_the_next_waits_for_all() {
    const TOGETHER: usize = 2;
    must_end(|| {
        let (gate, ended) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
        let root = move || {
            Role::<Result<(), JobError>>::new(|done, _| Ok(done?)).started(move |ctx| {
                let line = Line::new();
                for _ in 0..TOGETHER {
                    let (gate, ended) = (gate.clone(), Arc::clone(&ended));
                    let shared = job(Lane::User, move || {
                        gate.pass();
                        ended.fetch_add(1, Ordering::SeqCst);
                    });
                    ctx.start(shared.in_line_shared(&line), |done| done);
                }
                let ended = Arc::clone(&ended);
                let alone =
                    job(Lane::User, move || assert_eq!(ended.load(Ordering::SeqCst), TOGETHER));
                ctx.start(alone.in_line(&line), |done| done);
                // All of them are at it now, or this waits for ever.
                gate.gathered(TOGETHER);
                gate.open();
                Ok(())
            })
        };
        play(Runtime::builder().loops(1).pool_threads(4).no_watchdog(), root).unwrap();
    });
}

#[test]
fn whoever_is_cancelled_or_expires_or_panics_stops_nobody_behind() {
    each_world(60, 1..=2, |seed, loops| {
        let mut dice = Dice::new(seed);
        let (sender, outcomes) = mpsc::channel();
        let root = move || {
            Role::new(move |(number, done): Done, _| {
                sender.send((number, done))?;
                Ok(())
            })
            .started(move |ctx| {
                let line = Line::new();
                let mut started: Vec<JobId> = Vec::new();
                for number in 0..60 {
                    let fate = dice.below(4);
                    let mut one = job(Lane::User, move || {
                        assert!(fate != 0, "it was told to");
                        number
                    });
                    one = if dice.below(2) == 0 {
                        one.in_line(&line)
                    } else {
                        one.in_line_shared(&line)
                    };
                    if fate == 1 {
                        one = one.within(Duration::from_millis(5));
                    }
                    started.push(ctx.start(one, move |done| (number, done)));
                    if fate == 2 {
                        ctx.cancel_job(dice.pick(&started));
                    }
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let outcomes: Vec<_> = outcomes.iter().collect();
        assert_eq!(outcomes.len(), 60, "each is answered once");
        let ran = outcomes.iter().filter(|(_, done)| done.is_ok());
        assert!(ran.count() > 0);
    });
}

#[test]
fn a_job_whose_actor_has_ended_leaves_the_line_to_others() {
    each_world(40, 1..=2, |seed, loops| {
        let line = Line::new();
        let (mine, theirs) = (line.clone(), line);
        let root = move || {
            let mut left = 20;
            let role = Role::<Result<(), JobError>>::new(move |done, ctx| {
                done?;
                left -= 1;
                if left == 0 {
                    ctx.stop();
                }
                Ok(())
            });
            role.started(move |ctx| {
                let short = Role::<Result<(), JobError>>::idle().started(move |ctx| {
                    for _ in 0..20 {
                        ctx.start(job(Lane::User, || ()).in_line(&theirs), |done| done);
                    }
                    ctx.stop();
                    Ok(())
                });
                ctx.spawn(short);
                for _ in 0..20 {
                    ctx.start(job(Lane::User, || ()).in_line(&mine), |done| done);
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

/// Does something when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn when_their_actor_ends_none_runs_whose_forerunner_did_not() {
    let ran = must_end(|| {
        let (gate, ran) = (Gate::default(), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&ran);
        let root = move || {
            Role::<Result<(), JobError>>::idle().started(move |ctx| {
                let line = Line::new();
                let (first, at_it) = (gate.clone(), gate.clone());
                ctx.start(job(Lane::User, move || first.pass()).in_line(&line), |done| done);
                at_it.gathered(1);
                let (last_is_gone, gone) = mpsc::channel::<()>();
                let second = Arc::clone(&ran);
                let second = job(Lane::User, move || second.lock().unwrap().push(2));
                // Dropped with the answer of the second, before which the third may be taken back or not: the first ends,
                // and the line goes on as far as it can.
                let go_on = OnDrop(move || {
                    gate.open();
                    let _ = gone.recv();
                });
                ctx.start(second.in_line(&line), move |done| {
                    let _ = &go_on;
                    done
                });
                let third = job(Lane::User, move || {
                    ran.lock().unwrap().push(3);
                    drop(last_is_gone);
                });
                ctx.start(third.in_line(&line), |done| done);
                ctx.stop();
                Ok(())
            })
        };
        play(Runtime::builder().loops(1).pool_threads(2).no_watchdog(), root).unwrap();
        let seen = seen.lock().unwrap();
        seen.clone()
    });
    assert!(ran.is_empty(), "without their forerunners: {ran:?}");
}

#[test]
fn those_that_wait_in_a_line_count_as_waiting_in_their_lane() {
    let limits = LaneLimits::default().queue(10);
    let runtime = world(1, 1).lane(Lane::User, limits).build().unwrap();
    let handle = runtime.handle().unref();
    let look = handle.clone();
    let root = move || {
        let mut most = 0;
        Role::new(move |step: Option<Result<(), JobError>>, ctx| {
            let Some(done) = step else {
                let line = Line::new();
                for _ in 0..50 {
                    ctx.start(job(Lane::User, || ()).in_line(&line), Some);
                }
                return Ok(());
            };
            done?;
            let metrics = look.metrics();
            let lane = metrics.lane(Lane::User).expect("it is there");
            let sum = lane.queued + lane.running + lane.done + lane.unstarted;
            assert_eq!(lane.started, sum);
            most = most.max(lane.queued);
            Ok(())
        })
        .started(|ctx| {
            ctx.address().send(None).map_err(|_| "it runs")?;
            Ok(())
        })
    };
    runtime.run(root).unwrap();
    let metrics = handle.metrics();
    let lane = metrics.lane(Lane::User).expect("it is there");
    assert_eq!((lane.started, lane.done, lane.queued), (50, 50, 0));
}
