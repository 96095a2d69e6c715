//! The tree of actors: paths, states, depths; from outside, from inside, and in simulation.

use std::sync::mpsc;
use std::time::Duration;

use roundsman::{Actor, ActorState, Address, Context, Outcome, Placement, Runtime, Spawn, Tree};
use roundsman_tests::outside::beside;
use roundsman_tests::role::Role;
use roundsman_tests::seeds::{each_world, world};

/// An actor with children, each a generation younger, on loops in turn.
struct Parent {
    generations: u32,
    children: u32,
}

impl Actor for Parent {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        if self.generations > 0 {
            let (generations, children) = (self.generations - 1, self.children);
            for n in 0..children {
                let spawn = Spawn::named(format!("c{n}"));
                let make = move || Self { generations, children };
                ctx.spawn_on_with(Placement::RoundRobin, spawn, make);
            }
        }
        Ok(())
    }

    fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
        Ok(())
    }
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.nodes.iter().map(|node| &*node.path).collect()
}

#[test]
fn under_simulation_an_actor_sees_the_whole_tree_parents_first_and_siblings_in_order() {
    each_world(20, 1..=4, |seed, loops| {
        let root = || {
            Role::<()>::new(|(), ctx| {
                let tree = ctx.tree();
                let seen = paths(&tree);
                let expected = ["/top", "/top/p", "/top/p/c0", "/top/p/c0/c0", "/top/p/c0/c1"];
                assert_eq!(&seen[..5], expected);
                assert_eq!(&seen[5..], ["/top/p/c1", "/top/p/c1/c0", "/top/p/c1/c1"]);
                assert!(tree.nodes.iter().all(|node| node.state != ActorState::Unknown), "{tree}");
                let depths: Vec<_> = tree.nodes.iter().map(|node| node.depth).collect();
                assert_eq!(depths, [0, 1, 2, 3, 3, 2, 3, 3]);
                Ok(())
            })
            .started(|ctx| {
                let parent = Parent { generations: 2, children: 2 };
                ctx.spawn_with(Spawn::named("p"), parent);
                ctx.send_after(Duration::from_secs(1), ());
                Ok(())
            })
        };
        let runtime = world(seed, loops).build().unwrap();
        runtime.run_with(Spawn::named("top"), root).unwrap();
    });
}

#[test]
fn states_say_what_each_actor_is_about() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            let mut over: Option<Address<u32>> = None;
            Role::<u32>::new(move |second, ctx: &mut Context<'_, Role<u32>>| {
                if second == 0 {
                    // Over for a minute: whoever sends to it pauses.
                    let guard = Role::<u32>::idle().started(|ctx| {
                        std::mem::forget(ctx.pressure(Duration::from_secs(60)));
                        Ok(())
                    });
                    over = Some(ctx.spawn_with(Spawn::named("over"), guard));
                } else if second == 1 {
                    let over = over.clone().unwrap();
                    let sender = Role::<()>::new(move |(), _| Ok(over.send(1)?));
                    let sender = ctx.spawn_with(Spawn::named("sender"), sender);
                    sender.send(())?;
                    sender.send(())?;
                    ctx.spawn_with(Spawn::named("idle"), Role::<()>::idle());
                } else {
                    ctx.spawn_with(Spawn::named("new"), Role::<()>::idle());
                    let tree = ctx.tree();
                    let state = |path| tree.find(path).unwrap().state.clone();
                    assert_eq!(state("/top"), ActorState::Running);
                    assert_eq!(state("/top/idle"), ActorState::Idle);
                    assert_eq!(state("/top/new"), ActorState::Runnable);
                    let ActorState::Paused { on, waited } = state("/top/sender") else {
                        panic!("{tree}")
                    };
                    assert_eq!((&*on, waited), ("/top/over", Duration::from_secs(1)));
                    let sender = tree.find("/top/sender").unwrap();
                    assert_eq!((sender.queued, sender.ledger.handled), (1, 1));
                    assert_eq!(sender.paused, Duration::from_secs(1));
                    let over = tree.find("/top/over").unwrap();
                    assert_eq!((over.held.guards, over.message), (1, "u32"));
                    let printed = tree.to_string();
                    assert!(
                        printed.contains(
                            "\n  sender paused on /top/over for 1s, queued 1, handled 1\n"
                        ),
                        "{printed}"
                    );
                    ctx.stop();
                    return Ok(());
                }
                ctx.send_after(Duration::from_secs(1), second + 1);
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(0)?))
        };
        let runtime = world(seed, loops).build().unwrap();
        runtime.run_with(Spawn::named("top"), root).unwrap();
    });
}

#[test]
fn an_actor_that_is_stopping_is_shown_while_its_children_go() {
    beside(Runtime::builder().loops(2), |handle| {
        let (release, released) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let parent: Address<()> = handle
            .spawn(Placement::Loop(1), Spawn::named("parent"), move || {
                Role::idle().started(move |ctx| {
                    // It blocks as it stops, on a thread of its own.
                    ctx.spawn_on_with(Placement::OwnThread, Spawn::named("child"), move || {
                        let begun = tell.clone();
                        let child = Role::<()>::idle().started(move |_| Ok(begun.send(())?));
                        child.stopping(move |_, _| {
                            tell.send(()).unwrap();
                            let _ = released.recv();
                        })
                    });
                    Ok(())
                })
            })
            .unwrap();
        told.recv().unwrap();
        parent.stop();
        told.recv().unwrap();
        let tree = handle.tree();
        assert_eq!(tree.find("/parent").unwrap().state, ActorState::Stopping, "{tree}");
        let child = tree.find("/parent/child").unwrap();
        assert_eq!(child.state, ActorState::Running, "its loop does not answer: {tree}");
        drop(release);
    });
}

#[test]
fn from_outside_the_tree_of_all_loops_is_seen_however_large() {
    beside(Runtime::builder().loops(3), |handle| {
        let (tell, told) = mpsc::channel();
        let many = 5_000;
        handle.spawn(Placement::Loop(0), Spawn::named("many"), move || {
            Role::<()>::new(move |(), _| Ok(tell.send(())?)).started(move |ctx| {
                for _ in 0..many {
                    ctx.spawn_on(Placement::RoundRobin, Role::<()>::idle);
                }
                Ok(ctx.address().send(())?)
            })
        });
        told.recv().unwrap();
        let tree = handle.tree();
        assert_eq!(tree.nodes.iter().filter(|node| node.path.starts_with("/many/")).count(), many);
        assert!(tree.nodes.iter().all(|node| node.state != ActorState::Unknown));
        let mut seen: Vec<_> = tree.nodes.iter().map(|node| node.id).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), tree.nodes.len(), "nobody stands there twice");
    });
}

#[test]
fn a_loop_goes_on_between_the_pages_of_a_large_tree() {
    beside(Runtime::builder().loops(1), |handle| {
        let (tell, told) = mpsc::channel();
        handle.spawn(Placement::Loop(0), Spawn::named("many"), move || {
            Role::<()>::new(move |(), _| Ok(tell.send(())?)).started(move |ctx| {
                for _ in 0..10_000 {
                    ctx.spawn(Role::<()>::idle());
                }
                Ok(ctx.address().send(())?)
            })
        });
        told.recv().unwrap();
        // All have started: the loop has nothing else to do any more.
        while handle.metrics().loops[0].turns < 10_000 || handle.metrics().loops[0].runnable > 0 {
            std::thread::yield_now();
        }
        let before = handle.metrics().loops[0].rounds;
        let tree = handle.tree();
        let rounds = handle.metrics().loops[0].rounds - before;
        assert_eq!(tree.nodes.len(), 10_002);
        // 10,000 children are ten pages; a round answers one.
        assert!(rounds >= 10, "{rounds} rounds");
    });
}

/// The parent of one, and so on.
struct Link(u32, mpsc::Sender<()>);

impl Actor for Link {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        if self.0 == 0 {
            self.1.send(())?;
        } else {
            ctx.spawn_with(Spawn::named("x"), Self(self.0 - 1, self.1.clone()));
        }
        Ok(())
    }

    fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
        Ok(())
    }
}

#[test]
fn a_family_deeper_than_the_stack_is_seen_too() {
    beside(Runtime::builder().loops(1), |handle| {
        let (tell, told) = mpsc::channel();
        handle.spawn(Placement::Here, Spawn::named("x"), move || Link(5_000, tell));
        told.recv().unwrap();
        let tree = handle.tree();
        assert_eq!(tree.nodes.last().unwrap().depth, 5_000);
        handle.stop();
    });
}

#[test]
fn inside_an_actor_the_actors_of_other_loops_are_unknown_and_nobody_waits() {
    beside(Runtime::builder().loops(2), |handle| {
        let (tell, told) = mpsc::channel();
        let inside = handle.clone();
        handle.spawn(Placement::Loop(0), Spawn::named("asks"), move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.spawn_on_with(Placement::Loop(1), Spawn::named("far"), Role::<()>::idle);
                ctx.spawn_with(Spawn::named("near"), Role::<()>::idle());
                Ok(tell.send((ctx.tree(), inside.tree()))?)
            })
        });
        let (by_context, by_handle) = told.recv().unwrap();
        drop(handle);
        for tree in [by_context, by_handle] {
            assert_eq!(tree.find("/asks/far").unwrap().state, ActorState::Unknown, "{tree}");
            assert_eq!(tree.find("/asks/near").unwrap().state, ActorState::Runnable, "{tree}");
        }
    });
}

#[test]
fn where_a_loop_does_not_answer_the_actor_in_turn_is_said_to_run() {
    beside(Runtime::builder().loops(2), |handle| {
        let (tell, told) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        handle.spawn(Placement::Loop(0), Spawn::named("parent"), move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.spawn_on_with(Placement::Loop(1), Spawn::named("holds"), move || {
                    Role::<()>::idle().started(move |_| {
                        tell.send(())?;
                        let _ = released.recv();
                        Ok(())
                    })
                });
                Ok(())
            })
        });
        told.recv().unwrap();
        let tree = handle.tree();
        assert_eq!(tree.find("/parent").unwrap().state, ActorState::Idle, "{tree}");
        assert_eq!(tree.find("/parent/holds").unwrap().state, ActorState::Running, "{tree}");
        let why = handle.why_alive().to_string();
        assert!(why.contains("loop 1, where /parent/holds is in its turn"), "{why}");
        drop(release);
    });
}

#[test]
fn one_actor_can_be_looked_at_from_outside() {
    beside(Runtime::builder().loops(2), |handle| {
        let (tell, told) = mpsc::channel();
        let named = Spawn::named("one");
        let one: Address<u32> = handle
            .spawn(Placement::Loop(1), named, move || Role::new(move |n, _| Ok(tell.send(n)?)))
            .unwrap();
        for n in 0..3 {
            one.send(n).unwrap();
        }
        assert_eq!(told.iter().take(3).count(), 3);
        let node = handle.actor(&one);
        assert_eq!((&*node.path, node.loop_index, node.depth), ("/one", 1, 0));
        assert_eq!((node.queued, node.ledger.sent, node.ledger.handled), (0, 3, 3));
        one.stop();
        let ended = loop {
            let node = handle.actor(&one);
            if node.state == ActorState::Ended {
                break node;
            }
        };
        assert!(ended.ledger.is_balanced(), "{}", ended.ledger);
    });
}

#[test]
fn the_tree_of_a_runtime_that_has_ended_is_empty() {
    let runtime = world(1, 2).build().unwrap();
    let handle = runtime.handle().unref();
    runtime.run(Role::<()>::idle).unwrap();
    assert!(handle.tree().nodes.is_empty());
    assert_eq!(handle.why_alive().to_string(), "nothing");
}
