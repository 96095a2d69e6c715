//! A job that was started gives exactly one message.

use std::cell::RefCell;
use std::num::ParseIntError;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use roundsman::{
    CancelToken, Job, JobError, JobId, Lane, LaneLimits, Runtime, Timestamp, job, job_with_token,
    try_job,
};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{Dice, each_world, world};

use crate::{Gate, started_thread};

const MS: Duration = Duration::from_millis(1);

/// What becomes of these jobs, started at once by one actor, in the order in which it hears of them.
fn outcomes<T, E>(
    seed: u64,
    loops: usize,
    jobs: impl FnOnce() -> Vec<Job<T, E>> + 'static,
) -> Vec<Result<T, JobError<E>>>
where
    T: Send + 'static,
    E: Send + 'static,
{
    let (tell, told) = mpsc::channel();
    let root = move || {
        Role::new(move |outcome, _| {
            tell.send(outcome).expect("the test listens");
            Ok(())
        })
        .started(move |ctx| {
            for job in jobs() {
                ctx.start(job, |outcome| outcome);
            }
            Ok(())
        })
    };
    play(world(seed, loops), root).unwrap();
    told.into_iter().collect()
}

#[test]
fn a_result_arrives_as_the_starters_own_message() {
    each_world(20, 1..=3, |seed, loops| {
        assert_eq!(outcomes(seed, loops, || vec![job(Lane::User, || 42)]), [Ok(42)]);
    });
}

#[test]
fn an_error_of_the_code_arrives_as_failed() {
    each_world(20, 1..=2, |seed, loops| {
        let parse = |text: &'static str| try_job(Lane::Crypto, move || text.parse::<u32>());
        let mut parsed: Vec<Result<u32, JobError<ParseIntError>>> =
            outcomes(seed, loops, move || vec![parse("7"), parse("seven")]);
        parsed.sort_by_key(Result::is_err);
        let error = "seven".parse::<u32>().unwrap_err();
        assert_eq!(error.to_string(), "invalid digit found in string");
        assert_eq!(parsed, [Ok(7), Err(JobError::Failed(error.clone()))]);
        let said = JobError::Failed(error).to_string();
        assert_eq!(said, "the job failed: invalid digit found in string");
    });
}

#[test]
fn a_job_keeps_the_runtime_alive_until_it_is_answered() {
    must_end(|| {
        let (tell, told) = mpsc::channel();
        let gate = Gate::default();
        let held = gate.clone();
        let opener = started_thread(move || {
            gate.gathered(1);
            gate.open();
        });
        let root = move || {
            Role::new(move |(), _| Ok(tell.send("answered")?)).started(move |ctx| {
                ctx.start(job(Lane::Fs, move || held.pass()), |_| ());
                Ok(())
            })
        };
        Runtime::builder().loops(1).build().unwrap().run(root).unwrap();
        opener.join().unwrap();
        assert_eq!(told.into_iter().collect::<Vec<_>>(), ["answered"]);
    });
}

enum Act {
    Cancel,
    Heard(usize, Result<(), JobError>),
}

#[test]
fn a_job_that_waits_and_is_cancelled_never_runs_and_is_answered_at_once() {
    each_world(40, 1..=2, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let ran = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&ran);
        let root = move || {
            let ids: Rc<RefCell<Vec<JobId>>> = Rc::default();
            let started = Rc::clone(&ids);
            Role::new(move |act, ctx| {
                match act {
                    // One has a thread; whatever waits behind it is cancelled, the last first.
                    Act::Cancel => {
                        for id in ids.borrow_mut().drain(1..).rev() {
                            assert!(ctx.cancel_job(id));
                            assert!(!ctx.cancel_job(id), "it was answered");
                        }
                    }
                    Act::Heard(job, outcome) => tell.send((job, outcome, ctx.now()))?,
                }
                Ok(())
            })
            .started(move |ctx| {
                for number in 0..100 {
                    let counter = Arc::clone(&counter);
                    let job = job(Lane::User, move || _ = counter.fetch_add(1, Ordering::SeqCst));
                    let id = ctx.start(job, move |outcome| Act::Heard(number, outcome));
                    started.borrow_mut().push(id);
                }
                Ok(ctx.address().send(Act::Cancel)?)
            })
        };
        let one_thread = LaneLimits::default().cap(1);
        play(world(seed, loops).lane(Lane::User, one_thread), root).unwrap();
        let (mut one, mut others): (Vec<_>, Vec<_>) =
            told.into_iter().partition(|told| told.0 == 0);
        assert_eq!(one.pop().map(|(_, outcome, _)| outcome), Some(Ok(())));
        others.sort_by_key(|told| told.0);
        assert!(others.iter().map(|told| told.0).eq(1..100), "one message each");
        for (_, outcome, at) in others {
            assert_eq!((outcome, at), (Err(JobError::Cancelled), Timestamp::default()));
        }
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_job_that_is_cancelled_where_it_was_started_never_runs() {
    each_world(20, 1..=2, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            Role::new(move |outcome: Result<(), JobError>, _| Ok(tell.send(outcome)?)).started(
                move |ctx| {
                    let job = job(Lane::User, || panic!("it runs"));
                    let id = ctx.start(job, |outcome| outcome);
                    assert!(ctx.cancel_job(id));
                    Ok(())
                },
            )
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [Err(JobError::Cancelled)]);
    });
}

#[test]
fn a_job_that_runs_and_is_cancelled_sees_its_token_and_answers_as_it_ends() {
    must_end(|| {
        let gate = Gate::default();
        let (held, tell_begun) = (gate.clone(), gate.clone());
        let (tell, told) = mpsc::channel();
        let root = move || {
            let id = Rc::new(RefCell::new(None::<JobId>));
            let started = Rc::clone(&id);
            Role::new(move |outcome: Option<Result<bool, JobError<()>>>, ctx| {
                match outcome {
                    None => {
                        tell_begun.gathered(1);
                        let id = id.borrow_mut().take().expect("it was started");
                        assert!(ctx.cancel_job(id));
                        tell_begun.open();
                    }
                    Some(outcome) => tell.send(outcome)?,
                }
                Ok(())
            })
            .started(move |ctx| {
                let look = job_with_token(Lane::User, move |token: &CancelToken| {
                    let before = token.is_cancelled();
                    held.pass();
                    assert!(!before);
                    Ok(token.is_cancelled())
                });
                *started.borrow_mut() = Some(ctx.start(look, Some));
                Ok(ctx.address().send(None)?)
            })
        };
        Runtime::builder().loops(1).build().unwrap().run(root).unwrap();
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [Ok(true)]);
    });
}

#[test]
fn a_job_that_has_ended_cannot_be_cancelled() {
    each_world(20, 1..=2, |seed, loops| {
        let root = || {
            let id = Rc::new(RefCell::new(None::<JobId>));
            let started = Rc::clone(&id);
            Role::new(move |outcome: Result<u8, JobError>, ctx| {
                assert_eq!(outcome, Ok(7));
                let id = id.borrow_mut().take().expect("one message");
                assert!(!ctx.cancel_job(id));
                // Its place is another's now: that one must not be hit by the old name.
                let next = ctx.start(job(Lane::User, || 8), |outcome| {
                    assert_eq!(outcome, Ok(8));
                    Ok(7)
                });
                assert!(!ctx.cancel_job(id));
                assert_ne!(id, next);
                ctx.stop();
                Ok(())
            })
            .started(move |ctx| {
                *started.borrow_mut() = Some(ctx.start(job(Lane::User, || 7), |outcome| outcome));
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn a_job_that_waits_too_long_never_starts_and_its_actor_is_told_at_the_deadline() {
    each_world(40, 1..=2, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            Role::new(move |told, ctx| Ok(tell.send((told, ctx.now().since_start()))?)).started(
                move |ctx| {
                    // Ten jobs of up to 10 ms each, one at a time, each of which may wait for 5 ms.
                    for number in 0..10 {
                        let job = job(Lane::User, move || number).within(5 * MS);
                        ctx.start(job, move |outcome| (number, outcome));
                    }
                    Ok(())
                },
            )
        };
        let one_thread = LaneLimits::default().cap(1);
        play(world(seed, loops).lane(Lane::User, one_thread), root).unwrap();
        let told: Vec<_> = told.into_iter().collect();
        assert_eq!(told.len(), 10);
        let expired: Vec<_> = told.iter().filter(|((_, outcome), _)| outcome.is_err()).collect();
        // What has begun within 5 ms answers; the first always has.
        assert!(!told.iter().any(|((number, outcome), _)| *number == 0 && outcome.is_err()));
        for ((_, outcome), at) in expired {
            assert_eq!(outcome, &Err(JobError::Expired));
            assert_eq!(*at, 5 * MS, "in time, though every thread is taken");
        }
    });
}

#[test]
fn whatever_happens_to_it_every_job_gives_one_message() {
    each_world(60, 1..=3, |seed, loops| {
        let (tell, told) = mpsc::channel();
        const JOBS: usize = 200;
        let root = move || {
            let mut dice = Dice::new(seed);
            let ids: Rc<RefCell<Vec<JobId>>> = Rc::default();
            let started = Rc::clone(&ids);
            let mut cancels = Dice::new(!seed);
            Role::new(move |number: usize, ctx| {
                tell.send(number)?;
                let ids = ids.borrow();
                for _ in 0..cancels.below(3) {
                    ctx.cancel_job(cancels.pick(&ids));
                }
                Ok(())
            })
            .started(move |ctx| {
                for number in 0..JOBS {
                    let lane = dice.pick(&[Lane::Fs, Lane::Dns, Lane::Crypto, Lane::User]);
                    let kind = dice.below(4);
                    let mut job = try_job(lane, move || match kind {
                        0 => Err(()),
                        1 => panic!("it was told to"),
                        _ => Ok(()),
                    });
                    if dice.below(3) == 0 {
                        job = job.within(dice.below(40) as u32 * MS);
                    }
                    let id = ctx.start(job, move |_| number);
                    started.borrow_mut().push(id);
                    if dice.below(10) == 0 {
                        ctx.cancel_job(dice.pick(&started.borrow()));
                    }
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let mut told: Vec<_> = told.into_iter().collect();
        told.sort_unstable();
        assert!(told.into_iter().eq(0..JOBS));
    });
}

#[test]
fn a_name_and_a_lane_are_seen_in_the_value() {
    let resize = job(Lane::User, || ()).named("resize");
    assert_eq!(format!("{resize:?}"), r#"Job { name: "resize", lane: User }"#);
    let unnamed = format!("{:?}", job(Lane::Fs, || ()));
    assert!(unnamed.contains("a_name_and_a_lane_are_seen_in_the_value"), "{unnamed}");
}
