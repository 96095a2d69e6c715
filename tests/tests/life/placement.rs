//! On which loop an actor lives.

use std::rc::Rc;
use std::thread;
use std::time::Duration;

use roundsman::{Placement, Reply, Runtime, Spawn};
use roundsman_tests::diary::Diary;
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

/// On which loops these placements put one actor each, spawned from loop 0 of three.
fn loops_of(seed: u64, placements: Vec<Placement>) -> Vec<usize> {
    let diary = Diary::<(usize, usize)>::default();
    let notes = diary.clone();
    let root = move || {
        Role::<()>::idle().started(move |ctx| {
            for (number, placement) in placements.into_iter().enumerate() {
                let notes = notes.clone();
                // Its state may be `!Send`: it is built where it lives.
                ctx.spawn_on(placement, move || {
                    let state = Rc::new(notes);
                    Role::<()>::idle().started(move |ctx| {
                        state.note((number, ctx.loop_index()));
                        Ok(())
                    })
                });
            }
            Ok(())
        })
    };
    play(world(seed, 3), root).unwrap();
    let mut placed = diary.take();
    placed.sort_unstable();
    placed.into_iter().map(|(_, index)| index).collect()
}

#[test]
fn here_is_the_spawners_loop_and_a_loop_is_named_modulo_their_number() {
    each_world(5, [3], |seed, _| {
        let named = [0, 1, 2, 3, 7].map(Placement::Loop);
        assert_eq!(loops_of(seed, named.into()), [0, 1, 2, 0, 1]);
        assert_eq!(loops_of(seed, vec![Placement::Here; 3]), [0, 0, 0]);
    });
}

#[test]
fn round_robin_takes_each_loop_in_turn() {
    each_world(5, [3], |seed, _| {
        assert_eq!(loops_of(seed, vec![Placement::RoundRobin; 7]), [0, 1, 2, 0, 1, 2, 0]);
        // A thread of its own is nothing that a simulation has.
        assert_eq!(loops_of(seed, vec![Placement::OwnThread; 3]), [0, 1, 2]);
    });
}

#[test]
fn the_least_loaded_loop_is_the_one_with_fewest_actors() {
    each_world(10, [3], |seed, _| {
        let diary = Diary::<usize>::default();
        let notes = diary.clone();
        let root = move || {
            let mut notes = Some(notes);
            Role::<()>::new(move |(), ctx| {
                let notes = notes.take().expect("once");
                ctx.spawn_on(Placement::LeastLoaded, move || {
                    Role::<()>::idle().started(move |ctx| {
                        notes.note(ctx.loop_index());
                        Ok(())
                    })
                });
                Ok(())
            })
            .started(|ctx| {
                for index in [0, 0, 0, 1, 1, 1, 2] {
                    ctx.spawn_on(Placement::Loop(index), Role::<()>::idle);
                }
                ctx.send_after(Duration::from_secs(1), ());
                Ok(())
            })
        };
        play(world(seed, 3), root).unwrap();
        assert_eq!(diary.take(), [2]);
    });
}

#[test]
fn least_loaded_spreads_a_burst_over_all_loops() {
    each_world(10, [3], |seed, _| {
        let mut placed = loops_of(seed, vec![Placement::LeastLoaded; 300]);
        placed.sort_unstable();
        let shares: Vec<_> = placed.chunk_by(|one, next| one == next).map(<[_]>::len).collect();
        assert_eq!(shares.len(), 3, "{shares:?}");
        assert!(shares.iter().all(|share| *share >= 50), "{shares:?}");
    });
}

#[test]
fn an_actor_with_a_thread_of_its_own_may_block_it() {
    beside(Runtime::builder().loops(2), |handle| {
        let (go, blocked) = std::sync::mpsc::channel();
        let blocks = handle.spawn(Placement::OwnThread, Spawn::new(), move || {
            Role::new(move |reply: Reply<thread::ThreadId>, _| {
                blocked.recv().expect("the test says so");
                reply.send(thread::current().id());
                Ok(())
            })
        });
        let blocks = blocks.expect("the runtime lives");
        let patience = Duration::from_secs(60);
        thread::scope(|scope| {
            let asks = scope.spawn(|| blocks.ask_blocking(|reply| reply, patience));
            // All the loops go on meanwhile.
            for index in 0..2 {
                let other = handle.spawn(Placement::Loop(index), Spawn::new(), || {
                    Role::new(|reply: Reply<thread::ThreadId>, _| {
                        reply.send(thread::current().id());
                        Ok(())
                    })
                });
                let id = other.expect("it lives").ask_blocking(|reply| reply, patience);
                assert_ne!(id.expect("an answer"), thread::current().id());
            }
            go.send(()).expect("it waits");
            let id = asks.join().expect("no panic").expect("an answer");
            assert_ne!(id, thread::current().id());
        });
    });
}

/// How many descriptors this process has open.
#[cfg(target_os = "linux")]
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux has it").count()
}

#[cfg(target_os = "linux")]
#[test]
fn threads_of_actors_that_have_ended_leave_no_descriptor_behind() {
    const ACTORS: usize = 200;
    must_end(|| {
        let root = || {
            let before = descriptors();
            let mut left = ACTORS;
            Role::<()>::new(move |(), ctx| {
                if left == 0 {
                    // Other tests open some, too; but not that many.
                    let more = descriptors().saturating_sub(before);
                    assert!(more < ACTORS / 2, "{more} more descriptors after {ACTORS} actors");
                    ctx.stop();
                    return Ok(());
                }
                left -= 1;
                let short = ctx.spawn_on(Placement::OwnThread, || {
                    Role::<()>::idle().started(|ctx| {
                        ctx.stop();
                        Ok(())
                    })
                });
                ctx.watch(&short, |_| ());
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(())?))
        };
        Runtime::builder().loops(1).build().unwrap().run(root).unwrap();
    });
}
