//! What a drain waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use roundsman::stream::{Source, for_each};
use roundsman::{
    Actor, Address, AskError, Context, Drain, DrainPhase, Lane, MissedTicks, Outcome, Overflow,
    Placement, Reply, RunError, Runtime, RuntimeHandle, Spawn, job,
};
use roundsman_tests::diary::Diary;
use roundsman_tests::outside::{beside, beside_any};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn what_is_in_mailboxes_when_the_stop_is_planned_is_handled() {
    each_world(30, 1..=4, |seed, loops| {
        let handled = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&handled);
        let builder = world(seed, loops).on_dead_letter(|letter| panic!("{letter:?}"));
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let last = ctx.spawn_on(Placement::Loop(2), move || {
                    Role::<u32>::new(move |_, _| {
                        counts.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    })
                });
                let spawn = Spawn::named("first").overflow(Overflow::Unbounded);
                let first = ctx.spawn_on_with(Placement::Loop(1), spawn, move || {
                    Role::<u32>::new(move |number, _| Ok(last.send(number)?))
                });
                for number in 0..3_000 {
                    first.send(number)?;
                }
                ctx.shutdown(Drain::default());
                Ok(())
            })
        };
        play(builder, root).unwrap();
        assert_eq!(handled.load(Ordering::SeqCst), 3_000);
    });
}

/// Notes which phases it is told of.
struct Listens {
    name: &'static str,
    children: u32,
    diary: Diary,
}

impl Actor for Listens {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        for _ in 0..self.children {
            let (children, diary) = (self.children - 1, self.diary.clone());
            ctx.spawn_on(Placement::RoundRobin, move || Self { name: "child", children, diary });
        }
        Ok(())
    }

    fn receive(&mut self, (): (), ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.shutdown(Drain::default());
        Ok(())
    }

    fn draining(&mut self, phase: DrainPhase, ctx: &mut Context<'_, Self>) -> Outcome {
        self.diary.note(format!("{} {phase}", self.name));
        if self.name == "root" && phase == DrainPhase::Accept {
            let (name, diary) = ("late", self.diary.clone());
            ctx.spawn(Self { name, children: 0, diary });
        }
        Ok(())
    }
}

#[test]
fn every_actor_is_told_once_as_nothing_is_accepted_any_more_and_once_as_reads_end() {
    each_world(30, 1..=4, |seed, loops| {
        let diary = Diary::new();
        let root = Listens { name: "root", children: 3, diary: diary.clone() };
        let start = move || {
            Role::<()>::idle().started(move |ctx| {
                let root = ctx.spawn(root);
                ctx.spawn(Role::<()>::new(move |(), _| Ok(root.send(())?)).started(|ctx| {
                    ctx.send_after(SECOND, ());
                    Ok(())
                }));
                Ok(())
            })
        };
        play(world(seed, loops), start).unwrap();
        let mut notes = diary.take();
        let reads = notes.iter().position(|note| note.ends_with("read")).expect("reads end");
        // 3 children, each with 2, each with 1: 3 + 6 + 6.
        let count = |notes: &[String], what: &str| notes.iter().filter(|n| *n == what).count();
        assert_eq!(count(&notes[..reads], "child accept"), 15);
        assert_eq!(count(&notes[..reads], "root accept"), 1);
        let later = notes.split_off(reads);
        assert_eq!((count(&later, "child read"), count(&later, "root read")), (15, 1));
        assert!(count(&later, "child accept") + count(&later, "root accept") == 0);
        // Spawned after the phase had begun.
        assert_eq!(count(&notes, "late accept") + count(&later, "late read"), 2);
    });
}

/// Notes a phase that it is told of twice.
struct ToldOnce {
    told: Vec<DrainPhase>,
    diary: Diary,
}

impl Actor for ToldOnce {
    type Message = ();

    fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
        Ok(())
    }

    fn draining(&mut self, phase: DrainPhase, _: &mut Context<'_, Self>) -> Outcome {
        if self.told.contains(&phase) {
            self.diary.note(format!("{phase} twice"));
        }
        self.told.push(phase);
        Ok(())
    }
}

#[test]
fn nobody_is_told_of_a_phase_twice_whenever_it_was_spawned() {
    each_world(100, 1..=2, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            let mut left = 60;
            Role::<()>::new(move |(), ctx| {
                if left == 55 {
                    ctx.shutdown(Drain::default());
                }
                let diary = notes.clone();
                let make = move || ToldOnce { told: Vec::new(), diary };
                ctx.spawn_on(Placement::RoundRobin, make);
                left -= 1;
                if left > 0 { Ok(ctx.address().send(())?) } else { Ok(()) }
            })
            .started(|ctx| Ok(ctx.address().send(())?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [""; 0]);
    });
}

#[test]
fn links_run_dry_however_slow_their_receiver() {
    each_world(10, 1..=2, |seed, loops| {
        let items = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&items);
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let count = for_each(move |_: u32| _ = counts.fetch_add(1, Ordering::SeqCst));
                let source = Source::iter(0..5_000_u32).boundary().map(|n| n);
                source.pipe(count).start(ctx, |result| assert!(result.is_ok(), "{result:?}"));
                ctx.shutdown(Drain::default());
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(items.load(Ordering::SeqCst), 5_000);
    });
}

#[test]
fn jobs_that_were_started_end_and_their_results_are_handled() {
    each_world(20, 1..=3, |seed, loops| {
        let done = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&done);
        let root = move || {
            Role::<Option<u32>>::new(move |number, ctx| {
                counts.fetch_add(1, Ordering::SeqCst);
                // What it begins meanwhile is waited for as well.
                if let Some(number @ 1..) = number {
                    ctx.start(job(Lane::User, move || number - 1), Result::ok);
                }
                Ok(())
            })
            .started(|ctx| {
                for _ in 0..20 {
                    ctx.start(job(Lane::User, || 3), Result::ok);
                }
                ctx.shutdown(Drain::default());
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 80);
    });
}

/// What an actor with timers has heard by the end of a drain that was clean.
fn timers(plan: Drain, seed: u64, loops: usize) -> Vec<String> {
    let diary = Diary::new();
    let notes = diary.clone();
    let root = move || {
        Role::<&str>::new(move |what, _| {
            notes.note(what);
            Ok(())
        })
        .started(move |ctx| {
            ctx.send_after(SECOND, "once");
            let unref = ctx.send_after(SECOND * 2, "unref'd");
            ctx.unref_timer(unref);
            ctx.send_every(SECOND * 3 / 4, MissedTicks::Skip, || "tick");
            ctx.shutdown(plan);
            Ok(())
        })
    };
    play(world(seed, loops), root).unwrap();
    diary.take()
}

#[test]
fn timers_are_waited_for_only_if_the_plan_says_so_and_never_those_that_come_again() {
    each_world(10, 1..=2, |seed, loops| {
        assert_eq!(timers(Drain::default(), seed, loops), [""; 0]);
        let plan = Drain::default().phase(DrainPhase::Timers, SECOND * 10);
        assert_eq!(timers(plan, seed, loops), ["tick", "once"]);
    });
}

enum Oracle {
    Ask(Reply<u32>),
    Answer,
}

#[test]
fn asks_are_waited_for_until_they_are_answered() {
    each_world(10, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<Result<u32, AskError>>::new(move |answer, _| {
                notes.note(format!("{answer:?}"));
                Ok(())
            })
            .started(|ctx| {
                let oracle = ctx.spawn_on(Placement::Loop(1), || {
                    let mut kept = None;
                    Role::<Oracle>::new(move |message, ctx| {
                        match message {
                            Oracle::Ask(reply) => {
                                kept = Some(reply);
                                ctx.send_after(SECOND, Oracle::Answer);
                            }
                            Oracle::Answer => {
                                if let Some(reply) = kept.take() {
                                    reply.send(42);
                                }
                            }
                        }
                        Ok(())
                    })
                });
                ctx.ask(&oracle, Oracle::Ask, |answer| answer);
                ctx.shutdown(Drain::default());
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["Ok(42)"]);
    });
}

#[test]
fn whoever_says_that_it_is_unfinished_is_waited_for() {
    each_world(10, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.spawn_on(Placement::Loop(1), move || {
                    Role::<()>::new(move |(), ctx| {
                        notes.note("finished");
                        ctx.set_unfinished(false);
                        Ok(())
                    })
                    .started(|ctx| {
                        ctx.set_unfinished(true);
                        ctx.send_after(SECOND * 3, ());
                        Ok(())
                    })
                });
                ctx.send_after(SECOND, ());
                ctx.shutdown(Drain::default());
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["finished"]);
    });
}

#[test]
fn a_thread_that_shuts_a_runtime_down_gets_the_report_with_all_phases() {
    for loops in [1, 2] {
        beside(Runtime::builder().loops(loops), |handle| {
            let report = handle.shutdown(Drain::default());
            assert!(report.is_clean() && report.is_complete(), "{report}");
            let phases: Vec<_> = report.phases.iter().map(|phase| phase.phase).collect();
            assert_eq!(phases, DrainPhase::ALL);
            assert!(report.phases.iter().all(|phase| phase.complete), "{report:?}");
            assert!(report.to_string().starts_with("drained in"));
        });
    }
}

#[test]
fn a_runtime_that_has_ended_has_nothing_to_drain() {
    let runtime = Runtime::builder().loops(1).build().unwrap();
    let handle = runtime.handle().unref();
    runtime.run(Role::<()>::idle).unwrap();
    assert!(handle.shutdown(Drain::default()).is_clean());
}

#[test]
fn inside_an_actor_shutdown_begins_the_drain_and_does_not_wait() {
    let runtime = Runtime::builder().loops(1).build().unwrap();
    let handle: RuntimeHandle = runtime.handle();
    let root = move || {
        Role::<()>::idle().started(move |_| {
            let report = handle.shutdown(Drain::default());
            assert!(!report.is_complete());
            Ok(())
        })
    };
    runtime.run(root).unwrap();
}

#[test]
fn two_that_shut_down_at_once_both_get_the_report_and_the_shorter_plan_counts() {
    let result = beside_any(Runtime::builder().loops(1), |handle| {
        let busy = handle.spawn(Placement::Here, Spawn::named("busy"), || {
            Role::<()>::idle().started(|ctx| {
                ctx.set_unfinished(true);
                Ok(())
            })
        });
        let _busy: Address<()> = busy.expect("the runtime lives");
        let other = handle.clone();
        #[expect(clippy::disallowed_methods, reason = "what plain threads see")]
        let first =
            std::thread::spawn(move || other.shutdown(Drain::within(Duration::from_secs(3_600))));
        let report = handle.shutdown(Drain::now());
        assert_eq!(report.actors.len(), 1, "{report}");
        let first = first.join().unwrap();
        assert!(first.is_clean() || first.actors == report.actors, "{first}");
    });
    assert!(matches!(result, Err(RunError::Cut(_))), "{result:?}");
}
