//! What a panic throws is user code, too: it may panic as it is dropped, and that harms nobody.

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use roundsman::{Lane, Placement, Reply, RunError, Runtime, Spawn, job};
use roundsman_tests::role::Role;

/// Panics as it is dropped.
struct Bomb(Arc<AtomicUsize>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        if !std::thread::panicking() {
            panic!("what was thrown panics as well");
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Where {
    Constructor,
    Elsewhere,
    Started,
    Receive,
    Deferred,
    Stopping,
    Job,
    Answer,
}

const EVERYWHERE: [Where; 8] = [
    Where::Constructor,
    Where::Elsewhere,
    Where::Started,
    Where::Receive,
    Where::Deferred,
    Where::Stopping,
    Where::Job,
    Where::Answer,
];

/// An actor that throws a bomb at this place.
fn thrower(place: Where, dropped: &Arc<AtomicUsize>) -> Role<u32> {
    let dropped = Arc::clone(dropped);
    let throw = move |here| {
        if here == place {
            panic_any(Bomb(Arc::clone(&dropped)));
        }
    };
    throw(Where::Constructor);
    throw(Where::Elsewhere);
    let (in_receive, in_deferred, in_stopping) = (throw.clone(), throw.clone(), throw.clone());
    Role::new(move |_, ctx| {
        in_receive(Where::Receive);
        ctx.defer();
        Ok(())
    })
    .may_panic()
    .started(move |ctx| {
        throw(Where::Started);
        let in_answer = throw.clone();
        ctx.start(job(Lane::User, || ()), move |_| {
            throw(Where::Job);
            1
        });
        let answers = ctx.spawn(Role::<Reply<u32>>::new(|reply, _| {
            reply.send(1);
            Ok(())
        }));
        ctx.ask(
            &answers,
            |reply| reply,
            move |_| {
                in_answer(Where::Answer);
                2
            },
        );
        Ok(())
    })
    .deferred(move |ctx| {
        in_deferred(Where::Deferred);
        if place == Where::Stopping {
            ctx.stop();
        }
        Ok(())
    })
    .stopping(move |_, _| in_stopping(Where::Stopping))
}

#[test]
fn what_a_panic_throws_may_panic_as_it_is_dropped() {
    for place in EVERYWHERE {
        let dropped = Arc::new(AtomicUsize::new(0));
        let thrown = Arc::clone(&dropped);
        let on = Placement::Loop(usize::from(place == Where::Elsewhere));
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.spawn_on(on, move || thrower(place, &thrown));
                Ok(())
            })
        };
        let result: Result<(), RunError> = Runtime::builder().loops(2).build().unwrap().run(root);
        assert!(result.is_ok(), "{place:?}: {result:?}");
        assert_eq!(dropped.load(Ordering::Relaxed), 1, "{place:?}");
    }
}

#[test]
fn a_runtime_that_never_ran_drops_what_was_to_build_its_actors_with_care() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let runtime = Runtime::builder().loops(1).build().unwrap();
    let handle = runtime.handle().unref();
    for _ in 0..3 {
        let bomb = Bomb(Arc::clone(&dropped));
        let make = move || {
            let _bomb = bomb;
            Role::<()>::idle()
        };
        handle.spawn(Placement::Loop(0), Spawn::new(), make).unwrap();
    }
    drop(runtime);
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
}
