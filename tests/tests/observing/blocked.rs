//! Actors that block on a thread of their own, and what looks on meanwhile.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};

use roundsman::{ActorState, Address, Placement, Runtime, RuntimeHandle, Spawn};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

/// An actor on a thread of its own that blocks in `started` until the sender is dropped. Returns when it does.
fn block(handle: &RuntimeHandle, name: &str) -> (Address<u32>, Sender<()>) {
    let (release, released) = mpsc::channel::<()>();
    let (blocks, is_blocked) = mpsc::channel();
    let make = move || {
        Role::idle().started(move |_| {
            blocks.send(())?;
            // Until it is let go.
            let _ = released.recv();
            Ok(())
        })
    };
    let address = handle.spawn(Placement::OwnThread, Spawn::named(name), make).unwrap();
    is_blocked.recv().unwrap();
    (address, release)
}

#[test]
fn looking_on_leaves_nothing_behind_at_a_loop_that_does_not_answer() {
    beside(Runtime::builder().loops(1), |handle| {
        let (address, release) = block(&handle, "blocks");
        // More than an inbox takes before it refuses.
        for _ in 0..1_100 {
            let _ = (handle.tree(), handle.pauses(), handle.actor(&address));
        }
        let metrics = handle.metrics();
        let waiting = metrics.loops.iter().map(|one| one.inbox).max();
        assert!(waiting <= Some(1), "{metrics:?}");
        address.try_send(1).unwrap();
        drop(release);
        // It has answered what it was asked, and may be asked again.
        while handle.actor(&address).state != ActorState::Idle {}
        assert_eq!(handle.actor(&address).ledger.handled, 1);
    });
}

#[test]
fn what_is_asked_from_outside_is_no_message_that_fills_an_inbox() {
    beside(Runtime::builder().loops(1), |handle| {
        let (address, release) = block(&handle, "blocks");
        let _ = handle.tree();
        // As many as an inbox takes.
        let taken = (0..2_000).take_while(|_| address.try_send(1).is_ok()).count();
        assert_eq!(taken, 1_024);
        drop(release);
    });
}

#[test]
fn the_actor_whose_turn_does_not_end_is_running() {
    beside(Runtime::builder().loops(1), |handle| {
        let (first, release) = block(&handle, "first");
        let (second, _release) = block(&handle, "second");
        let (other, is_other) = mpsc::channel();
        handle.spawn(Placement::Loop(0), Spawn::named("parent"), move || {
            Role::<()>::idle().started(move |ctx| {
                let (blocks, is_blocked) = mpsc::channel();
                let (release, released) = mpsc::channel::<()>();
                let named = Spawn::named("child");
                ctx.spawn_on_with(Placement::OwnThread, named, move || {
                    let sibling = Role::<()>::idle();
                    Role::<()>::idle().started(move |ctx| {
                        let sibling = ctx.spawn_with(Spawn::named("sibling"), sibling);
                        blocks.send(sibling)?;
                        let _ = released.recv();
                        Ok(())
                    })
                });
                other.send((is_blocked, release)).unwrap();
                Ok(())
            })
        });
        let (is_blocked, last): (Receiver<Address<()>>, Sender<()>) = is_other.recv().unwrap();
        let sibling = is_blocked.recv().unwrap();
        assert_eq!(handle.tree().find("/parent/child").unwrap().state, ActorState::Running);
        for address in [&first, &second] {
            assert_eq!(handle.actor(address).state, ActorState::Running);
        }
        assert_eq!(handle.actor(&sibling).state, ActorState::Unknown);
        drop((release, last));
    });
}

#[test]
fn a_runtime_that_is_dropped_without_a_run_ends_the_threads_of_its_actors() {
    must_end(|| {
        let runtime = Runtime::builder().loops(1).build().unwrap();
        let handle = runtime.handle().unref();
        let state = Arc::new(());
        let theirs = Arc::clone(&state);
        let (starts, has_started) = mpsc::channel();
        let make = move || {
            Role::<()>::new(move |(), _| {
                let _ = &theirs;
                Ok(())
            })
            .started(move |_| Ok(starts.send(())?))
        };
        let address = handle.spawn(Placement::OwnThread, Spawn::named("own"), make).unwrap();
        has_started.recv().unwrap();
        drop(runtime);
        assert_eq!(Arc::strong_count(&state), 1, "the actor has gone with its loop");
        assert!(address.send(()).is_err());
        assert!(handle.metrics().ledger().is_balanced());
    });
}

/// A root that spawns so many actors with a thread of their own, each when the one before it has ended, and sends `sends`
/// messages to each.
fn come_and_go(actors: u32, sends: u32, over: impl FnOnce() + 'static) -> Role<()> {
    let (mut left, mut over) = (actors, Some(over));
    Role::<()>::new(move |(), ctx| {
        if left == 0 {
            over.take().expect("once")();
            ctx.stop();
            return Ok(());
        }
        left -= 1;
        let brief = ctx.spawn_on(Placement::OwnThread, move || {
            let mut expected = sends;
            Role::<()>::new(move |(), ctx| {
                expected -= 1;
                if expected == 0 {
                    ctx.stop();
                }
                Ok(())
            })
        });
        ctx.watch(&brief, |_| ());
        for _ in 0..sends {
            brief.send(())?;
        }
        Ok(())
    })
    .started(|ctx| Ok(ctx.address().send(())?))
}

#[test]
fn loops_of_one_actor_each_that_have_ended_are_one_entry() {
    must_end(|| {
        let runtime = Runtime::builder().loops(1).build().unwrap();
        let handle = runtime.handle().unref();
        let (asks, (tell, told)) = (handle.clone(), mpsc::channel());
        let over = move || tell.send(asks.metrics().loops.len()).unwrap();
        runtime.run(|| come_and_go(100, 1, over)).unwrap();
        // The root's, those that have ended, and those whose actor has ended a moment ago.
        assert!(told.recv().unwrap() <= 4);
        let metrics = handle.metrics();
        assert_eq!(metrics.loops.len(), 2);
        let own = &metrics.loops[1];
        assert_eq!((own.own_thread, own.ended_loops, own.handled), (true, 100, 100));
        assert_eq!((own.loop_index, own.actors, own.delay.count >= 100), (1, 0, true));
    });
}

#[test]
fn the_sum_of_what_was_handled_never_falls_while_loops_come_and_go() {
    must_end(|| {
        let runtime = Runtime::builder().loops(1).build().unwrap();
        let handle = runtime.handle().unref();
        let (done, is_done) = mpsc::channel::<()>();
        #[expect(clippy::disallowed_methods, reason = "what a plain thread sees")]
        let looks = std::thread::spawn(move || {
            let mut last = 0;
            while is_done.try_recv() == Err(TryRecvError::Empty) {
                let handled = handle.metrics().handled();
                assert!(handled >= last, "{handled} after {last}");
                last = handled;
            }
        });
        runtime.run(|| come_and_go(500, 50, move || drop(done))).unwrap();
        looks.join().unwrap();
    });
}
