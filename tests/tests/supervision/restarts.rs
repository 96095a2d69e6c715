//! What a restart leaves and what it takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use roundsman::{
    Actor, Address, AskError, Backoff, ChildSpec, Context, ExitReason, MissedTicks, Outcome,
    Placement, Reply, RunError, Runtime, Spawn, Supervision, Terminated,
};
use roundsman_tests::diary::Diary;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::often;

const PLACES: [Placement; 2] = [Placement::Here, Placement::Loop(1)];

#[test]
fn the_address_and_the_mailbox_survive_a_restart_and_the_message_in_hand_does_not() {
    for place in PLACES {
        each_world(20, 1..=3, |seed, loops| {
            let diary = Diary::new();
            let notes = diary.clone();
            let root = move || {
                Role::<()>::idle().started(move |ctx| {
                    ctx.supervision(often(Supervision::one_for_one()));
                    let builds = Arc::new(AtomicU32::new(0));
                    let child = ctx.supervise_on(place, ChildSpec::permanent("child"), move || {
                        let life = builds.fetch_add(1, Ordering::SeqCst) + 1;
                        let notes = notes.clone();
                        let role = Role::<u32>::new(move |number, _| {
                            assert!(number % 3 != 0, "on purpose");
                            notes.note(format!("{number} in life {life}"));
                            Ok(())
                        });
                        role.may_panic()
                    });
                    for number in 1..=7 {
                        child.send(number)?;
                    }
                    Ok(())
                })
            };
            play(world(seed, loops), root).unwrap();
            let lives = [(1, 1), (2, 1), (4, 2), (5, 2), (7, 3)];
            let expected = lives.map(|(number, life)| format!("{number} in life {life}"));
            assert_eq!(diary.take(), expected);
        });
    }
}

/// Where an actor fails in its first life.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Where {
    Constructor,
    Started,
    StartedWithError,
    Receive,
    ReceiveWithError,
    Timer,
    TickMaker,
    Deferred,
    StateDrop,
    MessageDrop,
    Stopping,
}

const EVERYWHERE: [Where; 11] = [
    Where::Constructor,
    Where::Started,
    Where::StartedWithError,
    Where::Receive,
    Where::ReceiveWithError,
    Where::Timer,
    Where::TickMaker,
    Where::Deferred,
    Where::StateDrop,
    Where::MessageDrop,
    Where::Stopping,
];

struct Fragile {
    at: Option<Where>,
}

enum Step {
    Go(Bomb),
    Tick,
    Alive(Reply<()>),
}

struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0, "as the message is dropped");
    }
}

impl Actor for Fragile {
    type Message = Step;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        match self.at {
            Some(Where::Started) => panic!("as it starts"),
            Some(Where::StartedWithError) => return Err("as it starts".into()),
            Some(Where::Timer) => _ = ctx.send_after(Duration::from_millis(1), Step::Tick),
            Some(Where::TickMaker) => {
                let make = || panic!("as a tick is made");
                ctx.send_every(Duration::from_millis(1), MissedTicks::Skip, make);
            }
            _ => {}
        }
        Ok(())
    }

    fn receive(&mut self, step: Step, ctx: &mut Context<'_, Self>) -> Outcome {
        match (step, self.at) {
            (Step::Alive(reply), _) => reply.send(()),
            (Step::Tick, _) => panic!("in a timer"),
            (Step::Go(mut bomb), at) => {
                bomb.0 = at == Some(Where::MessageDrop);
                match at {
                    Some(Where::Receive | Where::StateDrop) => panic!("in a message"),
                    Some(Where::ReceiveWithError) => return Err("in a message".into()),
                    Some(Where::Deferred) => ctx.defer(),
                    Some(Where::Stopping) => ctx.stop(),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn deferred(&mut self, _: &mut Context<'_, Self>) -> Outcome {
        panic!("at the end of a round")
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<'_, Self>) {
        assert!(self.at != Some(Where::Stopping), "as it stops");
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(self.at != Some(Where::StateDrop), "as it is dropped");
    }
}

/// Has a child fail somewhere, waits, and asks whether it is there.
struct Parent {
    at: Where,
    place: Placement,
    diary: Diary,
    child: Option<Address<Step>>,
}

enum News {
    Later,
    Answer(Result<(), AskError>),
}

impl Actor for Parent {
    type Message = News;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let (at, builds) = (self.at, AtomicU32::new(0));
        let child = ctx.supervise_on(self.place, ChildSpec::permanent("fragile"), move || {
            let first = builds.fetch_add(1, Ordering::SeqCst) == 0;
            assert!(!first || at != Where::Constructor, "as it is built");
            Fragile { at: first.then_some(at) }
        });
        child.send(Step::Go(Bomb(false)))?;
        self.child = Some(child);
        ctx.send_after(Duration::from_millis(50), News::Later);
        Ok(())
    }

    fn receive(&mut self, news: News, ctx: &mut Context<'_, Self>) -> Outcome {
        match (news, &self.child) {
            (News::Later, Some(child)) => ctx.ask(child, Step::Alive, News::Answer),
            (News::Later, None) => {}
            (News::Answer(answer), _) => {
                self.diary.note(format!("{answer:?}"));
                ctx.stop();
            }
        }
        Ok(())
    }
}

#[test]
fn a_supervised_actor_that_fails_anywhere_in_its_life_is_built_anew() {
    for at in EVERYWHERE {
        for place in PLACES {
            each_world(3, 1..=2, |seed, loops| {
                let diary = Diary::new();
                let parent = Parent { at, place, diary: diary.clone(), child: None };
                play(world(seed, loops), || parent).unwrap();
                assert_eq!(diary.take(), ["Ok(())"], "{at:?} {place:?}");
            });
        }
    }
}

#[test]
fn a_supervised_actor_that_fails_on_a_real_loop_is_built_anew() {
    must_end(|| {
        for at in EVERYWHERE {
            for place in [Placement::Here, Placement::Loop(1), Placement::OwnThread] {
                let diary = Diary::new();
                let parent = Parent { at, place, diary: diary.clone(), child: None };
                Runtime::builder().loops(2).build().unwrap().run(|| parent).unwrap();
                assert_eq!(diary.take(), ["Ok(())"], "{at:?} {place:?}");
            }
        }
    });
}

/// What becomes of a question to an actor that fails.
enum Question {
    /// Never answered: it is in hand as the actor fails.
    Fail(#[expect(dead_code, reason = "it is dropped")] Reply<()>),
    Keep(Reply<()>),
    Answer(Reply<()>),
}

#[test]
fn asks_in_flight_to_an_actor_that_fails_answer_at_once_and_those_behind_go_to_its_next_life() {
    for place in PLACES {
        for panics in [true, false] {
            each_world(20, 1..=2, |seed, loops| {
                let diary = Diary::new();
                let notes = diary.clone();
                let root = move || {
                    Role::<(&str, Result<(), AskError>)>::new(move |(which, answer), ctx| {
                        assert_eq!(ctx.now().since_start(), Duration::ZERO, "at once");
                        notes.note(format!("{which}: {answer:?}"));
                        Ok(())
                    })
                    .started(move |ctx| {
                        let spec = ChildSpec::permanent("oracle");
                        let oracle = ctx.supervise_on(place, spec, move || {
                            let mut kept = Vec::new();
                            let role = Role::new(move |question, _| {
                                match question {
                                    Question::Keep(reply) => kept.push(reply),
                                    Question::Answer(reply) => reply.send(()),
                                    Question::Fail(_) if panics => panic!("on purpose"),
                                    Question::Fail(_) => Err("on purpose")?,
                                }
                                Ok(())
                            });
                            role.may_panic()
                        });
                        ctx.ask(&oracle, Question::Keep, |answer| ("kept", answer));
                        ctx.ask(&oracle, Question::Fail, |answer| ("in hand", answer));
                        ctx.ask(&oracle, Question::Answer, |answer| ("behind", answer));
                        Ok(())
                    })
                };
                play(world(seed, loops), root).unwrap();
                let mut answers = diary.take();
                answers.sort();
                assert_eq!(
                    answers,
                    ["behind: Ok(())", "in hand: Err(Failed)", "kept: Err(Failed)"]
                );
            });
        }
    }
}

#[test]
fn a_restart_ends_timers_and_children_and_keeps_names_and_watches() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            let (gone, told) = (notes.clone(), notes.clone());
            let mut next = 0;
            Role::<Option<Terminated>>::new(move |terminated, ctx| {
                match terminated {
                    Some(terminated) => told.note(terminated.reason.to_string()),
                    None => {
                        let child: Address<u32> = ctx.find("child").expect("it keeps its name");
                        next += 1;
                        child.send(next)?;
                    }
                }
                Ok(())
            })
            .started(move |ctx| {
                let builds = AtomicU32::new(0);
                let spec = ChildSpec::transient("child").registered();
                let child = ctx.supervise_on(Placement::Loop(1), spec, move || {
                    let life = builds.fetch_add(1, Ordering::SeqCst) + 1;
                    let (gone, notes) = (gone.clone(), gone.clone());
                    Role::<u32>::new(move |number, ctx| match number {
                        1 => Err("on purpose".into()),
                        2 => {
                            notes.note(format!("life {life}"));
                            ctx.stop();
                            Ok(())
                        }
                        _ => panic!("a timer of an earlier life"),
                    })
                    .started(move |ctx| {
                        if life == 1 {
                            ctx.send_after(Duration::from_millis(5), 3);
                        }
                        let grandchild = Role::<()>::idle();
                        let note = format!("grandchild {life} is gone");
                        ctx.spawn(grandchild.stopping(move |_, _| gone.note(note)));
                        Ok(())
                    })
                });
                ctx.watch(&child, Some);
                ctx.send_after(Duration::from_millis(1), None);
                ctx.send_after(Duration::from_millis(20), None);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let expected = ["grandchild 1 is gone", "life 2", "grandchild 2 is gone", "stopped"];
        assert_eq!(diary.take(), expected);
    });
}

#[test]
fn an_actor_is_built_anew_after_its_wait_and_what_is_sent_meanwhile_waits() {
    each_world(10, 1..=2, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(4));
                ctx.supervision(often(Supervision::one_for_one()).backoff(backoff));
                let child = ctx.supervise_on(Placement::Loop(1), ChildSpec::permanent("c"), {
                    move || {
                        let (built, received) = (notes.clone(), notes.clone());
                        Role::<u32>::new(move |number, ctx| {
                            received.note(number.to_string());
                            match number {
                                4 => ctx.end_runtime(),
                                _ => return Err("on purpose".into()),
                            }
                            Ok(())
                        })
                        .started(move |ctx| {
                            built.note(format!("{:?}", ctx.now().since_start().as_secs_f64()));
                            Ok(())
                        })
                    }
                });
                for number in 1..=4 {
                    child.send(number)?;
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let notes = diary.take();
        let starts: Vec<f64> = notes.iter().step_by(2).map(|at| at.parse().unwrap()).collect();
        assert_eq!(notes.iter().skip(1).step_by(2).collect::<Vec<_>>(), ["1", "2", "3", "4"]);
        for (pair, longest) in starts.windows(2).zip([1.0, 2.0, 4.0]) {
            let wait = pair[1] - pair[0];
            assert!(wait >= longest / 2.0 && wait <= longest + 0.001, "{starts:?}");
        }
    });
}

#[test]
fn senders_to_an_actor_that_waits_to_be_built_anew_pause_and_go_on() {
    each_world(20, 1..=3, |seed, loops| {
        let handled = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&handled);
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(1));
                ctx.supervision(Supervision::one_for_one().backoff(backoff));
                let builds = AtomicU32::new(0);
                let spec = ChildSpec::permanent(Spawn::named("slow").high(8));
                let child = ctx.supervise_on(Placement::Loop(1), spec, move || {
                    let first = builds.fetch_add(1, Ordering::SeqCst) == 0;
                    let counts = Arc::clone(&counts);
                    Role::<u32>::new(move |_, _| {
                        counts.fetch_add(1, Ordering::SeqCst);
                        if first { Err("on purpose".into()) } else { Ok(()) }
                    })
                });
                for _ in 0..3 {
                    let child = child.clone();
                    let mut left = 100;
                    ctx.spawn_on(Placement::RoundRobin, move || {
                        Role::<()>::new(move |(), ctx| {
                            child.send(left)?;
                            left -= 1;
                            if left > 0 { Ok(ctx.address().send(())?) } else { Ok(()) }
                        })
                        .started(|ctx| Ok(ctx.address().send(())?))
                    });
                }
                // The supervisor itself fills the mailbox of the child that it is to build anew.
                for number in 0..50 {
                    child.send(number)?;
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(handled.load(Ordering::SeqCst), 350);
    });
}

#[test]
fn a_supervisor_that_is_stopped_during_a_restart_ends_with_its_children() {
    for strategy in
        [Supervision::one_for_one(), Supervision::one_for_all(), Supervision::rest_for_one()]
    {
        each_world(20, 1..=3, |seed, loops| {
            let diary = Diary::new();
            let notes = diary.clone();
            let root = move || {
                Role::<Option<Terminated>>::new(move |gone, ctx| {
                    match gone {
                        None => ctx.end_runtime(),
                        Some(gone) => notes.note(gone.reason.to_string()),
                    }
                    Ok(())
                })
                .started(move |ctx| {
                    let backoff = Backoff::exponential(Duration::from_secs(9), Duration::MAX);
                    let supervisor = Role::<()>::idle().started(move |ctx| {
                        ctx.supervision(strategy.backoff(backoff));
                        for place in [Placement::Here, Placement::Loop(1), Placement::Loop(2)] {
                            let spec = ChildSpec::permanent("child");
                            let child = ctx.supervise_on(place, spec, || {
                                Role::<()>::new(|(), _| Err("on purpose".into()))
                            });
                            if place == Placement::Loop(1) {
                                child.send(())?;
                            }
                        }
                        Ok(())
                    });
                    let supervisor = ctx.spawn(supervisor);
                    ctx.watch(&supervisor, Some);
                    let stop = supervisor.clone();
                    ctx.spawn(
                        Role::<()>::new(move |(), _| {
                            stop.stop();
                            Ok(())
                        })
                        .started(|ctx| {
                            ctx.send_after(Duration::from_secs(1), ());
                            Ok(())
                        }),
                    );
                    ctx.send_after(Duration::from_secs(2), None);
                    Ok(())
                })
            };
            play(world(seed, loops), root).unwrap();
            assert_eq!(diary.take(), ["was stopped"]);
        });
    }
}

#[test]
fn a_permanent_child_is_built_anew_however_it_ends_and_others_as_their_kind_says() {
    type Kind = fn(&'static str) -> ChildSpec<u32>;
    let kinds: [(Kind, [u32; 3]); 3] = [
        (ChildSpec::permanent, [2, 2, 2]),
        (ChildSpec::transient, [1, 1, 2]),
        (ChildSpec::temporary, [1, 1, 1]),
    ];
    for (kind, expected) in kinds {
        for (how, expected) in (0..).zip(expected) {
            each_world(5, 1..=2, |seed, loops| {
                let builds = Arc::new(AtomicU32::new(0));
                let counts = Arc::clone(&builds);
                let root = move || {
                    Role::<()>::idle().started(move |ctx| {
                        let spec = kind("child");
                        let child = ctx.supervise_on(Placement::Loop(1), spec, move || {
                            counts.fetch_add(1, Ordering::SeqCst);
                            Role::<u32>::new(|how, ctx| match how {
                                0 => {
                                    ctx.stop();
                                    Ok(())
                                }
                                1 => {
                                    ctx.address().stop();
                                    Ok(())
                                }
                                _ => Err("on purpose".into()),
                            })
                        });
                        Ok(child.send(how)?)
                    })
                };
                play(world(seed, loops), root).unwrap();
                assert_eq!(builds.load(Ordering::SeqCst), expected, "how: {how}");
            });
        }
    }
}

/// Builds a chain of supervisors of this depth with an actor at its end that always fails.
fn tree(depth: u32, starts: Arc<AtomicU32>) -> Role<()> {
    Role::<()>::idle().started(move |ctx| {
        ctx.supervise_on(Placement::RoundRobin, ChildSpec::permanent("node"), move || {
            let starts = Arc::clone(&starts);
            if depth > 1 {
                tree(depth - 1, starts)
            } else {
                Role::<()>::idle().started(move |_| {
                    starts.fetch_add(1, Ordering::SeqCst);
                    Err("for ever".into())
                })
            }
        });
        Ok(())
    })
}

#[test]
fn a_failure_goes_up_a_tree_five_deep_and_ends_the_run() {
    each_world(10, 1..=3, |seed, loops| {
        let starts = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&starts);
        let error = play(world(seed, loops), || tree(5, counts)).unwrap_err();
        let RunError::RootFailed { reason, .. } = error else { panic!("{error}") };
        let text = reason.to_string();
        assert!(text.contains("more often than 1 times in 5s"), "{text}");
        assert!(text.ends_with("/node failed: for ever"), "it names what was behind it: {text}");
        // Each level tries once more: 2 × 2 × 2 × 2 × 2.
        assert_eq!(starts.load(Ordering::SeqCst), 32);
    });
}

#[test]
fn with_intensity_0_a_child_that_always_fails_ends_its_supervisor_without_a_second_try() {
    each_world(10, 1..=2, |seed, loops| {
        let starts = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&starts);
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.supervision(Supervision::one_for_one().intensity(0, Duration::from_secs(1)));
                ctx.supervise_on(Placement::Loop(1), ChildSpec::permanent("child"), move || {
                    counts.fetch_add(1, Ordering::SeqCst);
                    Role::<()>::idle().started(|_| Err("for ever".into()))
                });
                Ok(())
            })
        };
        assert!(matches!(play(world(seed, loops), root), Err(RunError::RootFailed { .. })));
        assert_eq!(starts.load(Ordering::SeqCst), 1);
    });
}
