//! A lane that holds more than it should pauses whoever starts jobs there; a job never waits for an actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use roundsman::{
    Address, AskError, Builder, Context, JobError, Lane, LaneLimits, MissedTicks, Reply, Runtime,
    SendError, Spawn, TrySendError, job,
};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

const LIMIT: usize = 8;

fn narrow(builder: Builder) -> Builder {
    builder.lane(Lane::User, LaneLimits::default().cap(2).queue(LIMIT))
}

/// Starts jobs, one a message, as fast as it is let, and notes how many are outstanding at most.
struct Eager {
    most: Arc<AtomicUsize>,
    jobs: usize,
}

impl Eager {
    fn role(self) -> Role<Option<Result<(), JobError>>> {
        let (mut started, mut ended) = (0, 0);
        Role::new(move |heard: Option<Result<(), JobError>>, ctx| {
            match heard {
                Some(outcome) => {
                    outcome?;
                    ended += 1;
                }
                None => {
                    ctx.start(job(Lane::User, || ()), Some);
                    started += 1;
                    if started < self.jobs {
                        ctx.address().send(None)?;
                    }
                    self.most.fetch_max(started - ended, Ordering::SeqCst);
                }
            }
            if ended == self.jobs {
                ctx.stop();
            }
            Ok(())
        })
        .started(|ctx| Ok(ctx.address().send(None)?))
    }
}

#[test]
fn an_actor_that_fills_a_lane_is_paused_and_the_lane_stays_within_its_bound() {
    each_world(40, 1..=2, |seed, loops| {
        let most = Arc::new(AtomicUsize::new(0));
        let eager = Eager { most: Arc::clone(&most), jobs: 300 };
        play(narrow(world(seed, loops)), move || eager.role()).unwrap();
        // Those that wait, those that run, and results that it has not been told.
        let most = most.load(Ordering::SeqCst);
        assert!(most > LIMIT, "it was paused too early: {most}");
        assert!(most <= 2 * (LIMIT + 1 + 2), "it was not paused: {most}");
    });
}

#[test]
fn a_real_pool_pauses_whoever_fills_a_lane_and_lets_it_go_on() {
    must_end(|| {
        for loops in 1..=2 {
            let most = Arc::new(AtomicUsize::new(0));
            let eager = Eager { most: Arc::clone(&most), jobs: 20_000 };
            let runtime = narrow(Runtime::builder().loops(loops)).build().unwrap();
            let handle = runtime.handle();
            let (tell, told) = mpsc::channel();
            let root = move || {
                eager.role().stopping(move |_, _| {
                    let loops = handle.metrics().loops;
                    tell.send(loops.iter().map(|one| one.pauses).sum::<u64>()).unwrap();
                })
            };
            runtime.run(root).unwrap();
            assert!(told.recv().unwrap() > 0, "it was never paused");
            // Results that are on their way, or wait in its mailbox, are no longer in the lane.
            assert!(most.load(Ordering::SeqCst) > LIMIT);
        }
    });
}

#[test]
fn a_pause_says_that_it_waits_for_the_lane() {
    each_world(40, 1..=1, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            let tick = Duration::from_millis(1);
            Role::<bool>::new(move |ended, ctx| {
                for pause in ctx.pauses() {
                    tell.send((pause.who, pause.on))?;
                }
                if ended {
                    ctx.stop();
                }
                Ok(())
            })
            .started(move |ctx| {
                let eager = Eager { most: Arc::default(), jobs: 50 };
                let eager = ctx.spawn_with(Spawn::named("eager"), eager.role());
                ctx.watch(&eager, |_| true);
                ctx.send_every(tick, MissedTicks::Skip, || false);
                Ok(())
            })
        };
        play(narrow(world(seed, loops)), root).unwrap();
        let pauses: Vec<_> = told.into_iter().collect();
        assert!(!pauses.is_empty(), "nobody was ever paused");
        for (who, on) in pauses {
            assert!(who.ends_with("/eager"), "{who}");
            assert_eq!(on, "pool:user");
        }
    });
}

#[test]
fn a_tireless_actor_is_not_paused() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<bool>::new(|_, ctx| {
                assert_eq!(ctx.pauses().len(), 0);
                ctx.stop();
                Ok(())
            })
            .started(|ctx| {
                let tireless = Role::<()>::new(|(), ctx| {
                    if ctx.children() == 0 {
                        ctx.stop();
                    }
                    Ok(())
                })
                .started(|ctx| {
                    for _ in 0..100 {
                        ctx.start(job(Lane::User, || ()), |_| ());
                    }
                    Ok(())
                });
                let tireless = ctx.spawn_with(Spawn::new().tireless(), tireless);
                ctx.watch(&tireless, |_| true);
                Ok(())
            })
        };
        play(narrow(world(seed, loops)), root).unwrap();
    });
}

#[test]
fn results_never_count_towards_the_mailbox() {
    each_world(20, 1..=2, |seed, loops| {
        let root = || {
            let mut left = 100;
            Role::<Address<Option<u32>>>::idle().started(move |ctx| {
                let starter = Role::<Option<u32>>::new(move |heard, ctx| {
                    assert!(!ctx.address().is_over(), "{left} results make it over");
                    if heard.is_some() {
                        left -= 1;
                    }
                    if left == 0 {
                        ctx.stop();
                    }
                    Ok(())
                })
                .started(|ctx| {
                    for number in 0..100 {
                        ctx.start(job(Lane::Crypto, move || number), |number| number.ok());
                    }
                    Ok(())
                });
                ctx.spawn_with(Spawn::new().high(2), starter);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

enum Wish {
    /// From a job: so many messages were taken, so many handed back.
    Heard(Result<(usize, usize), JobError>),
    /// Sent by a job.
    Wanted,
    Next,
}

/// An actor that is paused on a lane, all of whose jobs want it: see the design's hard cases.
fn wanted(jobs: usize, tell: mpsc::Sender<(usize, usize)>) -> Role<Wish> {
    let (mut started, mut ended, mut taken, mut handled) = (0, 0, 0, 0);
    Role::new(move |wish, ctx: &mut Context<'_, Role<Wish>>| {
        match wish {
            Wish::Next => {
                let me = ctx.address();
                let want = job(Lane::User, move || {
                    let (mut taken, mut back) = (0, 0);
                    for _ in 0..10 {
                        match me.send(Wish::Wanted) {
                            Ok(()) => taken += 1,
                            Err(SendError::Rejected(Wish::Wanted)) => back += 1,
                            Err(_) => panic!("it lives, and its message comes back"),
                        }
                    }
                    (taken, back)
                });
                ctx.start(want, Wish::Heard);
                started += 1;
                if started < jobs {
                    ctx.address().send(Wish::Next)?;
                }
            }
            Wish::Wanted => handled += 1,
            Wish::Heard(outcome) => {
                let (more, _) = outcome?;
                taken += more;
                ended += 1;
            }
        }
        if ended == jobs && handled == taken {
            tell.send((taken, handled))?;
            ctx.stop();
        }
        Ok(())
    })
    .started(|ctx| Ok(ctx.address().send(Wish::Next)?))
}

#[test]
fn an_actor_paused_on_a_lane_whose_jobs_want_it_goes_on() {
    each_world(40, 1..=2, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || wanted(50, tell);
        let spawn = Spawn::new().high(4);
        let runtime = narrow(world(seed, loops)).build().unwrap();
        runtime.run_with(spawn, root).unwrap();
        let (taken, handled) = told.recv().expect("it ends");
        assert_eq!(taken, handled, "what was taken is handled");
    });
    must_end(|| {
        let (tell, told) = mpsc::channel();
        let runtime = narrow(Runtime::builder().loops(1)).build().unwrap();
        runtime.run_with(Spawn::new().high(4), move || wanted(2_000, tell)).unwrap();
        assert!(told.recv().is_ok());
    });
}

#[test]
fn a_job_waits_neither_for_an_answer_nor_for_a_mailbox() {
    each_world(20, 1..=2, |seed, loops| {
        type Question = Reply<()>;
        let (tell, told) = mpsc::channel();
        let root = move || {
            Role::<Question>::idle().started(move |ctx| {
                let me = ctx.address();
                let ask = job(Lane::User, move || {
                    let second = Duration::from_secs(1);
                    assert_eq!(me.ask_blocking(|reply| reply, second), Err(AskError::InsideActor));
                });
                let asker = Role::<Result<(), JobError>>::new(move |outcome, ctx| {
                    tell.send(outcome)?;
                    ctx.stop();
                    Ok(())
                })
                .started(move |ctx| {
                    ctx.start(ask, |outcome| outcome);
                    Ok(())
                });
                ctx.spawn(asker);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(told.recv(), Ok(Ok(())));
    });
    must_end(|| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            Role::<Option<u32>>::new(move |heard, ctx| {
                if let Some(back) = heard {
                    tell.send(back)?;
                    ctx.stop();
                }
                Ok(())
            })
            .started(|ctx| {
                // Over, and not to be handled before the job has tried: this handler waits for it.
                let me = ctx.address();
                for _ in 0..5 {
                    me.send(None)?;
                }
                let (done, wait) = mpsc::channel();
                let try_it = job(Lane::User, move || {
                    let long = Duration::from_secs(3_600);
                    let over = |result| matches!(result, Err(TrySendError::Over(None)));
                    let back = u32::from(over(me.send_timeout(None, long)))
                        + u32::from(matches!(me.send(None), Err(SendError::Rejected(None))))
                        + u32::from(over(me.try_send(None)));
                    done.send(()).expect("the handler waits");
                    back
                });
                ctx.start(try_it, |back| Some(back.unwrap()));
                wait.recv()?;
                Ok(())
            })
        };
        let runtime = Runtime::builder().loops(1).build().unwrap();
        runtime.run_with(Spawn::new().high(2), root).unwrap();
        assert_eq!(told.recv(), Ok(3));
    });
}
