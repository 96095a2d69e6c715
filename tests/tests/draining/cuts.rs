//! What is not done in time is cut, and named.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use roundsman::{
    Actor, AskError, Backoff, ChildSpec, Context, Drain, DrainPhase, DrainReport, ExitReason, Lane,
    Outcome, Placement, Reply, RunError, Runtime, Shutdown, Spawn, Supervision, job,
};
use roundsman_tests::outside::beside_any;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

fn cut(result: Result<(), RunError>) -> DrainReport {
    let error = result.expect_err("something was cut");
    assert_eq!(error.exit_status(), 2);
    match error {
        RunError::Cut(report) => report,
        other => panic!("{other}"),
    }
}

fn incomplete(report: &DrainReport) -> Vec<DrainPhase> {
    let phases = report.phases.iter().filter(|phase| !phase.complete);
    phases.map(|phase| phase.phase).collect()
}

#[test]
fn an_actor_that_keeps_messages_back_is_cut_and_named_with_what_waits_for_it() {
    each_world(10, 1..=3, |seed, loops| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                let spawn = Spawn::named("keeps");
                let keeps = ctx.spawn_on_with(Placement::Loop(1), spawn, || {
                    Role::<u32>::new(|number, ctx| {
                        ctx.stash(number).map_err(|full| full.to_string().into())
                    })
                });
                keeps.send(1)?;
                keeps.send(2)?;
                ctx.shutdown(Drain::within(Duration::from_millis(20)));
                Ok(())
            })
        };
        let report = cut(play(world(seed, loops), root));
        assert_eq!(incomplete(&report), [DrainPhase::Mailboxes]);
        assert_eq!(report.actors.len(), 1, "{report}");
        assert!(report.actors[0].path.ends_with("/keeps"));
        assert_eq!((report.actors[0].queued, report.actors[0].unfinished), (2, false));
        assert!(report.to_string().contains("/keeps with 2 messages queued"), "{report}");
    });
}

#[test]
fn an_actor_that_never_comes_to_rest_is_cut_on_real_loops() {
    for loops in [1, 2] {
        let report = must_end(move || {
            let root = || {
                Role::<()>::idle().started(|ctx| {
                    let spawn = Spawn::named("restless");
                    let restless = ctx.spawn_on_with(Placement::Loop(1), spawn, || {
                        Role::<u32>::new(|number, ctx| Ok(ctx.address().send(number)?))
                    });
                    restless.send(1)?;
                    let twenty = Duration::from_millis(20);
                    ctx.shutdown(Drain::default().phase(DrainPhase::Mailboxes, twenty));
                    Ok(())
                })
            };
            cut(Runtime::builder().loops(loops).build().unwrap().run(root))
        });
        assert_eq!(incomplete(&report), [DrainPhase::Mailboxes]);
        assert_eq!(report.actors.len(), 1, "{report}");
        assert!(report.actors[0].path.ends_with("/restless") && report.actors[0].queued == 1);
    }
}

#[test]
fn an_actor_that_waits_to_be_built_anew_is_cut_with_its_mailbox() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                let wait = Duration::from_secs(3_600);
                let backoff = Backoff::exponential(wait, wait);
                ctx.supervision(Supervision::one_for_one().backoff(backoff));
                let spec = ChildSpec::permanent("broken");
                let child = ctx.supervise_on(Placement::Loop(1), spec, || {
                    Role::<()>::new(|(), _| Err("on purpose".into()))
                });
                for _ in 0..3 {
                    child.send(())?;
                }
                ctx.shutdown(Drain::within(Duration::from_secs(1)));
                Ok(())
            })
        };
        let report = cut(play(world(seed, loops), root));
        assert!(report.actors[0].path.ends_with("/broken"), "{report}");
        assert_eq!(report.actors[0].queued, 2);
    });
}

#[test]
fn what_is_unfinished_is_cut_and_named_as_such() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                ctx.spawn_on_with(Placement::Loop(1), Spawn::named("endless"), || {
                    Role::<()>::idle().started(|ctx| {
                        ctx.set_unfinished(true);
                        Ok(())
                    })
                });
                ctx.shutdown(Drain::default());
                Ok(())
            })
        };
        let report = cut(play(world(seed, loops), root));
        assert_eq!(incomplete(&report), [DrainPhase::Links], "later phases do not wait for it");
        assert!(report.actors[0].unfinished && report.actors[0].path.ends_with("/endless"));
        assert_eq!(report.elapsed.as_secs(), 5, "the default");
    });
}

#[test]
fn a_job_that_never_returns_is_named_and_the_stop_ends_at_its_deadline() {
    let (release, released) = mpsc::channel::<()>();
    let report = must_end(move || {
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let endless = job(Lane::User, move || released.recv().is_ok()).named("endless");
                ctx.start(endless, |_| ());
                ctx.shutdown(Drain::within(Duration::from_millis(20)));
                Ok(())
            })
        };
        let builder = Runtime::builder().loops(1).pool_deadline(Duration::from_millis(20));
        let error = builder.build().unwrap().run(root).expect_err("a job was left");
        assert_eq!(error.exit_status(), 2);
        error.to_string()
    });
    drop(release);
    assert!(report.contains("endless"), "{report}");
}

#[test]
fn a_root_that_fails_during_the_drain_is_the_runs_error() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<()>::new(|(), _| Err("on purpose".into())).started(|ctx| {
                ctx.set_unfinished(true);
                ctx.send_after(Duration::from_secs(1), ());
                ctx.shutdown(Drain::default());
                Ok(())
            })
        };
        let error = play(world(seed, loops), root).unwrap_err();
        assert!(matches!(error, RunError::RootFailed { .. }), "{error}");
        assert_eq!(error.exit_status(), 1);
    });
}

#[test]
fn a_drain_that_waits_for_nothing_cuts_at_once() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                for _ in 0..5 {
                    let busy = ctx.spawn_on(Placement::RoundRobin, || {
                        Role::<()>::idle().started(|ctx| {
                            ctx.set_unfinished(true);
                            Ok(())
                        })
                    });
                    busy.send(())?;
                }
                ctx.shutdown(Drain::now());
                Ok(())
            })
        };
        match play(world(seed, loops), root) {
            Ok(()) => {}
            Err(RunError::Cut(report)) => assert!(report.elapsed < Duration::from_secs(1)),
            Err(other) => panic!("{other}"),
        }
    });
}

#[test]
fn more_actors_than_can_be_named_are_counted() {
    let result = beside_any(Runtime::builder().loops(1), |handle| {
        let root = handle.spawn(Placement::Here, Spawn::named("top"), || {
            Role::<()>::idle().started(|ctx| {
                for _ in 0..1_500 {
                    ctx.spawn(Role::<()>::idle().started(|ctx| {
                        ctx.set_unfinished(true);
                        Ok(())
                    }));
                }
                Ok(())
            })
        });
        let root = Arc::new(root.expect("the runtime lives"));
        while handle.metrics().actors() < 1_501 {
            std::thread::yield_now();
        }
        let fifty = Duration::from_millis(50);
        let report = handle.shutdown(Drain::default().phase(DrainPhase::Links, fifty));
        assert_eq!((report.actors.len(), report.more_actors), (1_000, 500));
        assert!(report.to_string().ends_with("; 1490 more actors"), "ten are written out");
        drop(root);
    });
    assert_eq!(cut(result).more_actors, 500);
}

/// Blocks in its handler until the test lets it go.
struct Blocks {
    until: mpsc::Receiver<()>,
    /// Dropped with it.
    _lives: mpsc::Sender<()>,
}

impl Actor for Blocks {
    type Message = ();

    fn receive(&mut self, (): (), ctx: &mut Context<'_, Self>) -> Outcome {
        // An error says that it may go on. It would for ever.
        let _ = self.until.recv();
        Ok(ctx.address().send(())?)
    }
}

#[test]
fn an_actor_that_blocks_for_ever_is_named_and_not_waited_for_a_second_time() {
    let (release, until) = mpsc::channel::<()>();
    let (_lives, lived) = mpsc::channel::<()>();
    // Its shutdown time and the end of a run would each wait for seconds more; they are not waited for.
    let report = must_end(move || {
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let spawn = Spawn::named("blocks").shutdown(Shutdown::Never);
                let make = move || Blocks { until, _lives };
                let blocks = ctx.spawn_on_with(Placement::OwnThread, spawn, make);
                blocks.send(())?;
                blocks.send(())?;
                ctx.shutdown(Drain::within(Duration::from_millis(100)));
                Ok(())
            })
        };
        cut(Runtime::builder().loops(1).build().unwrap().run(root))
    });
    drop(release);
    assert_eq!(report.silent.len(), 1, "{report}");
    assert!(report.silent[0].contains("/blocks is in its turn"), "{report}");
    // When it goes on after all, it ends, and its loop with it.
    must_end(move || lived.recv().expect_err("it says nothing"));
}

#[test]
fn a_question_without_an_answer_is_cut_and_its_asker_named() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<Result<(), AskError>>::idle().started(|ctx| {
                let keeps = ctx.spawn_on(Placement::Loop(1), || {
                    let mut kept = Vec::new();
                    Role::<Reply<()>>::new(move |reply, _| {
                        kept.push(reply);
                        Ok(())
                    })
                });
                ctx.ask_within(Duration::from_secs(3_600), &keeps, |reply| reply, |answer| answer);
                ctx.shutdown(Drain::within(Duration::from_millis(500)));
                Ok(())
            })
        };
        let report = cut(play(world(seed, loops), root));
        assert_eq!(report.actors.len(), 1, "{report}");
        assert_eq!((report.actors[0].asks, report.actors[0].queued), (1, 0));
        assert!(report.to_string().contains("1 asks without an answer"), "{report}");
    });
}

#[test]
fn timers_that_the_plan_had_time_for_and_that_did_not_fire_are_cut_and_named() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                ctx.send_after(Duration::from_secs(3_600), ());
                ctx.shutdown(Drain::default().phase(DrainPhase::Timers, Duration::from_secs(1)));
                Ok(())
            })
        };
        let report = cut(play(world(seed, loops), root));
        assert_eq!((report.actors.len(), report.actors[0].timers), (1, 1), "{report}");
    });
}

/// Stops only when the test lets it.
struct StopsLate(mpsc::Receiver<()>);

impl Actor for StopsLate {
    type Message = u32;

    fn receive(&mut self, number: u32, ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.stash(number).map_err(|full| full.to_string().into())
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<'_, Self>) {
        // An error says that the test goes on.
        let _ = self.0.recv();
    }
}

#[test]
fn who_shuts_down_while_everything_stops_gets_the_report() {
    let (release, released) = mpsc::channel::<()>();
    let result = beside_any(Runtime::builder().loops(2), move |handle| {
        let late = handle.spawn(Placement::Loop(1), Spawn::named("late"), || StopsLate(released));
        late.expect("the runtime lives").send(1).expect("it lives");
        let plan = Drain::default().phase(DrainPhase::Mailboxes, Duration::from_millis(20));
        let first = handle.shutdown(plan);
        let second = handle.shutdown(plan);
        drop(release);
        assert_eq!(first.actors.len(), 1, "{first}");
        assert_eq!(second.actors, first.actors, "{second}");
    });
    assert_eq!(cut(result).actors.len(), 1);
}
