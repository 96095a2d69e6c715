//! Actors that block on a thread of their own, and what looks on meanwhile.

use std::sync::mpsc::{self, Receiver, Sender};

use roundsman::{ActorState, Address, Placement, Runtime, RuntimeHandle, Spawn};
use roundsman_tests::outside::beside;
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
