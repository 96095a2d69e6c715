//! Who is taken along: the strategies, seen from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use roundsman::{
    Address, AutoShutdown, Backoff, ChildSpec, Context, ExitReason, Placement, Restart,
    Supervision, Terminated,
};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::often;

/// A child that notes its starts and its ends, and fails when it is told to.
fn child(name: &'static str, diary: Diary) -> Role<()> {
    let ends = diary.clone();
    Role::<()>::new(|(), _| Err("on purpose".into()))
        .started(move |_| {
            diary.note(format!("+{name}"));
            Ok(())
        })
        .stopping(move |_, _| ends.note(format!("-{name}")))
}

fn children(ctx: &mut Context<'_, Role<()>>, diary: &Diary) -> Vec<Address<()>> {
    let spawn = |name: &'static str| {
        let diary = diary.clone();
        let spec = ChildSpec::permanent(name);
        ctx.supervise_on(Placement::RoundRobin, spec, move || child(name, diary.clone()))
    };
    ["a", "b", "c", "d"].map(spawn).into()
}

/// What happens after all have started when the second fails.
fn second_fails(strategy: Supervision, seed: u64, loops: usize) -> Vec<String> {
    let diary = Diary::new();
    let notes = diary.clone();
    let root = move || {
        let mut all = Vec::new();
        let starts = notes.clone();
        Role::<()>::new(move |(), ctx| {
            if all.is_empty() {
                all = children(ctx, &starts);
                ctx.send_after(Duration::from_millis(1), ());
            } else {
                assert_eq!(starts.take().len(), 4, "all have started");
                all[1].send(())?;
            }
            Ok(())
        })
        .started(move |ctx| {
            ctx.supervision(often(strategy));
            Ok(ctx.address().send(())?)
        })
        .stopping(move |_, _| notes.note("end"))
    };
    play(world(seed, loops), root).unwrap();
    diary.take()
}

#[test]
fn each_strategy_restarts_the_children_that_otp_says_in_the_order_that_otp_says() {
    each_world(30, 1..=4, |seed, loops| {
        let until_end = |strategy| {
            let mut all = second_fails(strategy, seed, loops);
            // The end of the run stops all, in reverse.
            let end = all.split_off(all.len() - 5);
            assert_eq!(end, ["-d", "-c", "-b", "-a", "end"]);
            all
        };
        assert_eq!(until_end(Supervision::one_for_one()), ["-b", "+b"]);
        let all = ["-b", "-d", "-c", "-a", "+a", "+b", "+c", "+d"];
        assert_eq!(until_end(Supervision::one_for_all()), all);
        assert_eq!(until_end(Supervision::rest_for_one()), ["-b", "-d", "-c", "+b", "+c", "+d"]);
    });
}

#[test]
fn siblings_that_are_taken_along_keep_their_mailboxes() {
    each_world(30, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.supervision(often(Supervision::one_for_all()));
                let spec = ChildSpec::permanent("a");
                let a = ctx.supervise_on(Placement::Loop(1), spec, move || {
                    let notes = notes.clone();
                    Role::<u32>::new(move |number, _| {
                        notes.note(number.to_string());
                        Ok(())
                    })
                });
                let spec = ChildSpec::permanent("b");
                let b = ctx.supervise_on(Placement::Loop(2), spec, || {
                    Role::<()>::new(|(), _| Err("on purpose".into()))
                });
                for number in 0..300 {
                    a.send(number)?;
                    if number % 100 == 50 {
                        b.send(())?;
                    }
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let all: Vec<String> = (0..300).map(|number: u32| number.to_string()).collect();
        assert_eq!(diary.take(), all);
    });
}

#[test]
fn a_significant_child_that_has_ended_ends_its_supervisor_as_the_policy_says() {
    for (when, expected) in [
        (AutoShutdown::Never, &[][..]),
        (AutoShutdown::AnySignificant, &["after 1"][..]),
        (AutoShutdown::AllSignificant, &["after 2"][..]),
    ] {
        each_world(10, 1..=2, |seed, loops| {
            let diary = Diary::new();
            let notes = diary.clone();
            let root = move || {
                Role::<Terminated>::new(move |gone, ctx| {
                    assert_eq!(gone.reason, ExitReason::Shutdown);
                    notes.note(format!("after {}", ctx.now().since_start().as_secs()));
                    Ok(())
                })
                .started(move |ctx| {
                    let supervisor = Role::<()>::idle().started(move |ctx| {
                        ctx.supervision(Supervision::one_for_one().auto_shutdown(when));
                        for seconds in [1, 2] {
                            let spec = ChildSpec::transient("significant").significant();
                            ctx.supervise_on(Placement::Loop(1), spec, move || {
                                Role::<()>::new(|(), ctx| {
                                    ctx.stop();
                                    Ok(())
                                })
                                .started(move |ctx| {
                                    ctx.send_after(Duration::from_secs(seconds), ());
                                    Ok(())
                                })
                            });
                        }
                        ctx.spawn(Role::<()>::idle());
                        ctx.send_after(Duration::from_secs(5), ());
                        Ok(())
                    });
                    let supervisor = ctx.spawn(supervisor);
                    ctx.watch(&supervisor, |gone| gone);
                    Ok(())
                })
            };
            play(world(seed, loops), root).unwrap();
            let notes = diary.take();
            // At the end of the run the root ends first and hears of nothing.
            assert_eq!(notes, expected, "{when:?}");
        });
    }
}

#[test]
fn a_child_that_its_supervisor_terminates_is_gone_for_good() {
    each_world(10, 1..=2, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            let mut kept: Option<Address<()>> = None;
            let told = notes.clone();
            let ended = AtomicBool::new(false);
            Role::<Option<Terminated>>::new(move |gone, ctx| {
                match gone {
                    None => {
                        let child = kept.get_or_insert_with(|| {
                            let notes = told.clone();
                            let spec = ChildSpec::permanent("child");
                            ctx.supervise_on(Placement::Loop(1), spec, move || {
                                child("x", notes.clone())
                            })
                        });
                        ctx.watch(child, Some);
                        if ended.swap(true, Ordering::SeqCst) {
                            assert!(ctx.terminate_child(child));
                        } else {
                            ctx.send_after(Duration::from_secs(1), None);
                        }
                    }
                    Some(gone) => {
                        told.note(gone.reason.to_string());
                        let child = kept.as_ref().expect("it was there");
                        assert!(child.send(()).is_err());
                        assert!(!ctx.terminate_child(child), "it is no child any more");
                        assert_eq!(ctx.count_children().specs, 0);
                    }
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(None)?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["+x", "-x", "was stopped", "was stopped"]);
    });
}

#[test]
fn a_significant_child_that_is_stopped_while_it_waits_has_ended_by_itself() {
    each_world(10, 1..=2, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<Option<Terminated>>::new(move |gone, ctx| {
                if let Some(gone) = gone {
                    notes.note(gone.reason.to_string());
                }
                ctx.stop();
                Ok(())
            })
            .started(|ctx| {
                let supervisor = ctx.spawn(Role::<()>::idle().started(|ctx| {
                    let wait = Duration::from_secs(9);
                    let policy = often(Supervision::one_for_one())
                        .backoff(Backoff::exponential(wait, wait))
                        .auto_shutdown(AutoShutdown::AllSignificant);
                    ctx.supervision(policy);
                    let spec = ChildSpec::transient("significant").significant();
                    let child = ctx.supervise_on(Placement::Loop(1), spec, || {
                        Role::<()>::new(|(), _| Err("on purpose".into()))
                    });
                    child.send(())?;
                    ctx.spawn(
                        Role::<()>::new(move |(), _| {
                            child.stop();
                            Ok(())
                        })
                        .started(|ctx| {
                            ctx.send_after(Duration::from_secs(1), ());
                            Ok(())
                        }),
                    );
                    Ok(())
                }));
                ctx.watch(&supervisor, Some);
                ctx.send_after(Duration::from_secs(60), None);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["was stopped"]);
    });
}

#[test]
fn a_supervisor_says_which_children_it_has() {
    each_world(10, 1..=2, |seed, loops| {
        let root = move || {
            Role::<()>::new(|(), ctx| {
                let children = ctx.which_children();
                let names = children.iter().map(|child| child.path.rsplit('/').next().unwrap());
                assert_eq!(names.collect::<Vec<_>>(), ["a", "b"]);
                let kinds: Vec<_> = children.iter().map(|child| child.restart).collect();
                assert_eq!(kinds, [Restart::Permanent, Restart::Temporary]);
                assert!(children.iter().all(|child| child.running));
                Ok(())
            })
            .started(|ctx| {
                ctx.supervise(ChildSpec::permanent("a"), Role::<()>::idle);
                let spec = ChildSpec::temporary("b");
                ctx.supervise_on(Placement::Loop(1), spec, Role::<()>::idle);
                ctx.spawn(Role::<()>::idle());
                ctx.send_after(Duration::from_secs(1), ());
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn a_child_that_is_taken_along_before_it_was_built_anew_is_stopped_once_it_is() {
    each_world(50, 2..=3, |seed, loops| {
        let builds = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&builds);
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.supervision(often(Supervision::one_for_all()));
                let first = ctx.supervise_on(Placement::Loop(1), ChildSpec::permanent("a"), || {
                    Role::<()>::new(|(), _| Err("on purpose".into()))
                });
                ctx.supervise(ChildSpec::permanent("b"), move || {
                    counts.fetch_add(1, Ordering::SeqCst);
                    Role::<()>::idle()
                });
                // It has the next of them before it as it comes back, and so fails while its sibling is to be built.
                for _ in 0..10 {
                    first.send(())?;
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).expect("nobody has to be cut off");
        assert!(builds.load(Ordering::SeqCst) > 1, "it was taken along");
    });
}
