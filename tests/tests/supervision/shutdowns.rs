//! A child has so long to stop; then it is dead, whatever it does.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use roundsman::{
    Actor, Address, ChildSpec, Context, ExitReason, Outcome, Placement, Runtime, Shutdown, Spawn,
    Supervision,
};
use roundsman_tests::diary::Diary;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::often;

/// Blocks in its handler until the test lets it go.
struct Blocks(mpsc::Receiver<()>, Arc<Mutex<Option<mpsc::Sender<()>>>>);

impl Actor for Blocks {
    type Message = ();

    fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
        // It blocks now.
        drop(self.1.lock().unwrap().take());
        let _ = self.0.recv();
        Ok(())
    }
}

/// A parent with a child that blocks for ever on a thread of its own; it stops once the child does.
fn parent_of_blocked(release: mpsc::Receiver<()>, notes: Diary, supervised: bool) -> Role<()> {
    let (blocked, is_blocked) = mpsc::channel();
    let child: Arc<Mutex<Option<Address<()>>>> = Arc::default();
    let known = Arc::clone(&child);
    Role::<()>::idle()
        .started(move |ctx| {
            let limit = Shutdown::Within(Duration::from_millis(50));
            let spawn = Spawn::named("blocks").shutdown(limit);
            let blocks = Blocks(release, Arc::new(Mutex::new(Some(blocked))));
            let mut make = Some(blocks);
            let make = move || make.take().expect("once");
            let blocks = if supervised {
                let spec = ChildSpec::permanent(spawn);
                ctx.supervise_on(Placement::OwnThread, spec, make)
            } else {
                ctx.spawn_on_with(Placement::OwnThread, spawn, make)
            };
            blocks.send(())?;
            *child.lock().unwrap() = Some(blocks);
            // Its sender is dropped as it begins to block.
            let _ = is_blocked.recv();
            ctx.stop();
            Ok(())
        })
        .stopping(move |_, _| {
            let child = known.lock().unwrap().take().expect("it was started");
            notes.note(format!("closed: {}, {}", child.is_closed(), child.send(()).is_err()));
        })
}

#[test]
fn a_child_that_does_not_stop_in_time_is_dead_and_its_parent_goes_on() {
    for supervised in [false, true] {
        let diary = Diary::new();
        let notes = diary.clone();
        must_end(move || {
            let (release, released) = mpsc::channel();
            let runtime = Runtime::builder().loops(1).build().unwrap();
            let told = notes.clone();
            let parent = parent_of_blocked(released, told, supervised);
            #[expect(clippy::disallowed_methods, reason = "somebody must end what blocks")]
            let ends = std::thread::spawn(move || {
                while notes.is_empty() {
                    std::thread::yield_now();
                }
                drop(release);
            });
            runtime.run(|| parent).unwrap();
            ends.join().unwrap();
        });
        assert_eq!(diary.take(), ["closed: true, true"]);
    }
}

/// A chain of actors, each on another loop, the last of which is told to stop and takes its time.
fn chain(depth: usize, diary: Diary, shutdown: Shutdown) -> Role<()> {
    let notes = diary.clone();
    Role::<()>::idle()
        .started(move |ctx| {
            if depth > 0 {
                let spawn = Spawn::named(format!("{depth}")).shutdown(shutdown);
                let make = move || chain(depth - 1, diary, shutdown);
                ctx.spawn_on_with(Placement::RoundRobin, spawn, make);
            }
            Ok(())
        })
        .stopping(move |why, _| notes.note(format!("{depth} {why}")))
}

#[test]
fn a_tree_five_deep_stops_from_below_within_the_times_of_its_members() {
    for shutdown in
        [Shutdown::default(), Shutdown::Never, Shutdown::Within(Duration::from_millis(1))]
    {
        each_world(10, 1..=4, |seed, loops| {
            let diary = Diary::new();
            play(world(seed, loops), || chain(5, diary.clone(), shutdown)).unwrap();
            let expected: Vec<_> = (0..=5).map(|depth| format!("{depth} was stopped")).collect();
            assert_eq!(diary.take(), expected);
        });
    }
}

#[test]
fn a_child_that_is_to_be_cut_off_at_once_is_not_asked_and_takes_its_children_along() {
    each_world(20, 1..=4, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            let ends = notes.clone();
            Role::<()>::new(|(), ctx| {
                ctx.stop();
                Ok(())
            })
            .started(move |ctx| {
                let spawn = Spawn::named("victim").shutdown(Shutdown::Now);
                let make = move || chain(3, notes, Shutdown::default());
                let victim = ctx.spawn_on_with(Placement::Loop(1), spawn, make);
                ctx.spawn(Role::<ExitReason>::new(|_, _| Ok(())).started(move |ctx| {
                    ctx.watch(&victim, |gone| gone.reason);
                    Ok(())
                }));
                ctx.send_after(Duration::from_secs(1), ());
                Ok(())
            })
            .stopping(move |_, _| ends.note("root"))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["root"]);
    });
}

#[test]
fn a_child_that_is_to_be_cut_off_at_once_is_not_asked_when_a_sibling_takes_it_along_and_comes_back()
{
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.supervision(often(Supervision::one_for_all()));
                let spawn = Spawn::named("now").shutdown(Shutdown::Now);
                ctx.supervise_on(Placement::Loop(1), ChildSpec::permanent(spawn), move || {
                    let (starts, stops) = (notes.clone(), notes.clone());
                    Role::<()>::idle()
                        .started(move |_| {
                            starts.note("starts");
                            Ok(())
                        })
                        .stopping(move |_, _| stops.note("is asked"))
                });
                let sibling = ctx.supervise(ChildSpec::permanent("sibling"), || {
                    Role::<()>::new(|(), _| Err("on purpose".into()))
                });
                ctx.spawn(Role::<()>::new(move |(), _| Ok(sibling.send(())?)).started(|ctx| {
                    ctx.send_after(Duration::from_secs(1), ());
                    Ok(())
                }));
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["starts", "starts"]);
    });
}

/// A tree whose second level has a child that blocks and one that fails; each life of the second level is noted.
fn blocked_sibling(
    first: mpsc::Receiver<()>,
    blocked: Arc<Mutex<Option<mpsc::Sender<()>>>>,
    diary: Diary,
) -> Role<()> {
    let first = Arc::new(Mutex::new(Some(first)));
    let make = move || {
        let (first, blocked, diary) = (Arc::clone(&first), Arc::clone(&blocked), diary.clone());
        Role::<()>::idle().started(move |ctx| {
            ctx.supervision(often(Supervision::one_for_all()));
            let life = first.lock().unwrap().take();
            diary.note(if life.is_some() { "first life" } else { "next life" });
            if life.is_none() {
                let service: Option<Address<()>> = ctx.find("service");
                assert!(service.is_none(), "the dead one is not found");
            }
            let spawn =
                Spawn::named("service").shutdown(Shutdown::Within(Duration::from_millis(50)));
            let spec = ChildSpec::permanent(spawn).registered();
            let blocks = life.is_some();
            let mut life = life;
            let service = ctx.supervise_on(Placement::OwnThread, spec, move || {
                let (_, idle) = mpsc::channel();
                Blocks(life.take().unwrap_or(idle), Arc::clone(&blocked))
            });
            if blocks {
                service.send(())?;
                let fails = ctx.supervise(ChildSpec::permanent("fails"), || {
                    Role::<()>::new(|(), _| Err("on purpose".into()))
                });
                ctx.spawn(Role::<()>::new(move |(), _| Ok(fails.send(())?)).started(|ctx| {
                    ctx.send_after(Duration::from_millis(50), ());
                    Ok(())
                }));
            } else {
                let found: Option<Address<()>> = ctx.find("service");
                assert_eq!(found, Some(service), "the name is free for the next");
                ctx.end_runtime();
            }
            Ok(())
        })
    };
    Role::<()>::idle().started(move |ctx| {
        ctx.supervision(often(Supervision::one_for_one()));
        ctx.supervise(ChildSpec::permanent("tree"), make);
        Ok(())
    })
}

#[test]
fn a_supervisor_that_cannot_bring_a_child_back_fails_and_its_own_begins_the_tree_anew() {
    let diary = Diary::new();
    let notes = diary.clone();
    must_end(move || {
        let (release, released) = mpsc::channel();
        let blocked = Arc::new(Mutex::new(None));
        let told = notes.clone();
        #[expect(clippy::disallowed_methods, reason = "somebody must end what blocks")]
        let ends = std::thread::spawn(move || {
            while notes.len() < 2 {
                std::thread::yield_now();
            }
            drop(release);
        });
        let runtime = Runtime::builder().loops(1).build().unwrap();
        runtime.run(|| blocked_sibling(released, blocked, told)).unwrap();
        ends.join().unwrap();
    });
    assert_eq!(diary.take(), ["first life", "next life"]);
}
