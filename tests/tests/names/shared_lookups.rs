//! Look-ups of the same name that are under way at the same time.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::Duration;

use roundsman::dns::{self, Addresses, Family, LookupError, Lookups};
use roundsman::{Address, Context, Placement, Recipient, Runtime};
use roundsman_tests::diary::Diary;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use super::lookups::Found;

fn here() -> Addresses {
    [IpAddr::V4(Ipv4Addr::LOCALHOST)].into_iter().collect()
}

/// Finds everything, and counts how often it was asked.
fn counting() -> (Lookups, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&count);
    let lookups = Lookups::by(move |_, _| {
        counts.fetch_add(1, Ordering::SeqCst);
        Ok(here())
    });
    (lookups, count)
}

/// An actor that looks names up and notes what it hears.
fn looks(names: Vec<(&'static str, Family)>, notes: Diary<Found>) -> Role<Found> {
    let receive = move |found, _: &mut Context<'_, Role<Found>>| {
        notes.note(found);
        Ok(())
    };
    Role::new(receive).started(move |ctx| {
        for (name, family) in names {
            dns::lookup(name).family(family).start(ctx, |found| found);
        }
        Ok(())
    })
}

#[test]
fn look_ups_of_one_name_share_one_job() {
    each_world(10, [1], |seed, loops| {
        let (lookups, count) = counting();
        let diary = Diary::default();
        let notes = diary.clone();
        let names = vec![("a.test", Family::Any); 100];
        play(world(seed, loops).provide(lookups), move || looks(names, notes)).unwrap();
        assert_eq!(diary.take(), vec![Ok(here()); 100]);
        assert_eq!(count.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn every_look_up_is_answered_once_on_whichever_loops_they_are() {
    each_world(20, [2, 4], |seed, loops| {
        let (lookups, count) = counting();
        let diary = Diary::default();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                for index in 0..loops {
                    let notes = notes.clone();
                    let names = vec![("a.test", Family::Any); 10];
                    ctx.spawn_on(Placement::Loop(index), move || looks(names, notes));
                }
                Ok(())
            })
        };
        play(world(seed, loops).provide(lookups), root).unwrap();
        assert_eq!(diary.take(), vec![Ok(here()); 10 * loops]);
        // One after another may come too late to share.
        assert!((1..=loops).contains(&count.load(Ordering::SeqCst)));
    });
}

#[test]
fn look_ups_of_other_names_or_families_share_nothing() {
    let (lookups, count) = counting();
    let diary = Diary::default();
    let notes = diary.clone();
    let names = vec![
        ("a.test", Family::Any),
        ("a.test", Family::V4),
        ("b.test", Family::Any),
        ("a.test.", Family::Any),
    ];
    play(world(1, 1).provide(lookups), move || looks(names, notes)).unwrap();
    assert_eq!(diary.len(), 4);
    assert_eq!(count.load(Ordering::SeqCst), 4);
}

#[test]
fn a_look_up_after_another_has_been_answered_asks_again() {
    let (lookups, count) = counting();
    let root = move || {
        let mut left = 3;
        let receive = move |found: Found, ctx: &mut Context<'_, Role<Found>>| {
            assert!(found.is_ok());
            left -= 1;
            if left > 0 {
                dns::lookup("a.test").start(ctx, |found| found);
            }
            Ok(())
        };
        Role::new(receive).started(|ctx| {
            dns::lookup("a.test").start(ctx, |found| found);
            Ok(())
        })
    };
    play(world(1, 1).provide(lookups), root).unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[test]
fn a_look_up_that_is_cancelled_is_answered_so_and_the_others_go_on() {
    each_world(10, [1], |seed, loops| {
        for cancelled in 0..3 {
            let (lookups, count) = counting();
            let diary = Diary::<(usize, Found)>::default();
            let notes = diary.clone();
            let root = move || {
                let receive = move |told, _: &mut Context<'_, Role<(usize, Found)>>| {
                    notes.note(told);
                    Ok(())
                };
                Role::new(receive).started(move |ctx| {
                    for index in 0..3 {
                        let asked = dns::lookup("a.test").start(ctx, move |found| (index, found));
                        if index == cancelled {
                            asked.cancel();
                            asked.cancel();
                        }
                    }
                    Ok(())
                })
            };
            play(world(seed, loops).provide(lookups), root).unwrap();
            let mut told = diary.take();
            told.sort_by_key(|(index, _)| *index);
            let gone = LookupError::Cancelled { host: "a.test".into() };
            for (index, found) in told.iter().enumerate().map(|(at, (index, found))| {
                assert_eq!(at, *index, "each once");
                (at, found)
            }) {
                if index == cancelled {
                    assert_eq!(*found, Err(gone.clone()));
                } else {
                    assert_eq!(*found, Ok(here()));
                }
            }
            assert_eq!((told.len(), count.load(Ordering::SeqCst)), (3, 1));
        }
    });
}

#[test]
fn a_panic_of_the_code_is_a_failure_to_everybody_who_waits() {
    each_world(5, [1, 2], |seed, loops| {
        let diary = Diary::default();
        let notes = diary.clone();
        let bad = Lookups::by(|_, _| panic!("the book is torn"));
        let names = vec![("a.test", Family::Any); 5];
        play(world(seed, loops).provide(bad), move || looks(names, notes)).unwrap();
        let told = diary.take();
        assert_eq!(told.len(), 5);
        for found in told {
            let error = found.unwrap_err().to_string();
            assert!(error.contains("a.test") && error.contains("the book is torn"), "{error}");
        }
    });
}

/// Code that tells which name it is asked for, and waits until it is released.
fn gated(tell: Arc<OnceLock<Recipient<String>>>, released: mpsc::Receiver<()>) -> Lookups {
    let released = Mutex::new(released);
    Lookups::by(move |host, _| {
        tell.get().expect("an actor listens").complete(host.to_owned());
        // An error says that everything is released.
        let _ = released.lock().expect("nobody panics").recv();
        Ok(here())
    })
}

enum Step {
    Asked(String),
    StopLeader,
    LeaderGone,
}

/// One looks a name up, and another the same; then the first ends, `before` its job has run or while it runs. Returns what the
/// other hears.
fn led_by_one_that_ends(before: bool) -> Vec<Found> {
    must_end(move || {
        let listener = Arc::<OnceLock<Recipient<String>>>::default();
        let (release, released) = mpsc::channel();
        let lookups = gated(Arc::clone(&listener), released);
        let builder = Runtime::builder().loops(1).pool_threads(1).provide(lookups);
        let diary = Diary::<Found>::default();
        let (notes, other_notes) = (diary.clone(), diary.clone());
        let root = move || {
            let (mut release, mut leader) = (Some(release), None::<Address<()>>);
            let receive = move |step, ctx: &mut Context<'_, Role<Step>>| {
                match step {
                    // It holds the pool's only thread.
                    Step::Asked(name) if name == "first.test" => {
                        leader = Some(ctx.spawn(looks_until_told()));
                        ctx.spawn(looks(vec![("a.test", Family::Any)], notes.clone()));
                        // Both have joined long before.
                        ctx.send_after(Duration::from_millis(5), Step::StopLeader);
                    }
                    Step::Asked(_) if release.is_some() => {
                        leader = Some(ctx.find("leader").ok_or("it is there")?);
                        ctx.address().send(Step::StopLeader)?;
                    }
                    Step::Asked(_) => {}
                    Step::StopLeader => {
                        let leader = leader.take().ok_or("it was spawned")?;
                        ctx.watch(&leader, |_| Step::LeaderGone);
                        leader.send(())?;
                    }
                    // What waits, and whatever is asked from now on, is let through.
                    Step::LeaderGone => drop(release.take()),
                }
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                let _ = listener.set(ctx.recipient(Step::Asked));
                if before {
                    ctx.spawn(looks(vec![("first.test", Family::Any)], Diary::default()));
                } else {
                    ctx.spawn(looks_until_told());
                    ctx.spawn(looks(vec![("a.test", Family::Any)], other_notes));
                }
                Ok(())
            })
        };
        run_balanced(builder.build().expect("a runtime"), root).expect("the root does not fail");
        diary.take()
    })
}

/// Looks a name up, and stops when told.
fn looks_until_told() -> Role<()> {
    let stops = |(), ctx: &mut Context<'_, Role<()>>| {
        ctx.stop();
        Ok(())
    };
    Role::new(stops).started(|ctx| {
        ctx.register_name("leader")?;
        dns::lookup("a.test").start(ctx, drop);
        Ok(())
    })
}

#[test]
fn when_the_first_ends_before_its_job_has_run_the_next_takes_over() {
    assert_eq!(led_by_one_that_ends(true), [Ok(here())]);
}

#[test]
fn when_the_first_ends_while_its_job_runs_the_others_hear_of_it_all_the_same() {
    assert_eq!(led_by_one_that_ends(false), [Ok(here())]);
}

#[test]
fn look_ups_whose_owners_end_leave_nothing_behind() {
    each_world(20, [1, 3], |seed, loops| {
        let (lookups, _) = counting();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                for index in 0..3 * loops {
                    ctx.spawn_on(Placement::Loop(index), move || {
                        let stops = |(), ctx: &mut Context<'_, Role<()>>| {
                            ctx.stop();
                            Ok(())
                        };
                        Role::new(stops).started(move |ctx| {
                            dns::lookup("a.test").start(ctx, drop);
                            ctx.address().send(())?;
                            Ok(())
                        })
                    });
                }
                Ok(())
            })
        };
        // The run ends: nobody waits for a job that is gone.
        play(world(seed, loops).provide(lookups), root).unwrap();
    });
}
