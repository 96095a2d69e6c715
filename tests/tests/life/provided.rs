//! Things that belong to one runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use roundsman::{Placement, Runtime};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

#[derive(Debug, PartialEq, Eq)]
struct Colour(&'static str);

/// Counts how many of it have been dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn what_was_provided_is_found_by_its_type_on_every_loop() {
    each_world(3, [1, 3], |seed, loops| {
        let diary = Diary::<(usize, &'static str, bool)>::default();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                for index in 0..loops {
                    let notes = notes.clone();
                    ctx.spawn_on(Placement::Loop(index), move || {
                        Role::<()>::idle().started(move |ctx| {
                            let colour = ctx.provided::<Colour>().expect("it was provided");
                            notes.note((index, colour.0, ctx.provided::<String>().is_none()));
                            Ok(())
                        })
                    });
                }
                Ok(())
            })
        };
        play(world(seed, loops).provide(Colour("green")), root).unwrap();
        let mut found = diary.take();
        found.sort_unstable();
        let expected: Vec<_> = (0..loops).map(|index| (index, "green", true)).collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn the_last_of_a_type_that_is_provided_counts() {
    let root = || {
        Role::<()>::idle().started(|ctx| {
            assert_eq!(ctx.provided::<Colour>().as_deref(), Some(&Colour("red")));
            Ok(())
        })
    };
    play(world(1, 1).provide(Colour("green")).provide(Colour("red")), root).unwrap();
}

#[test]
fn what_the_first_actor_makes_is_what_all_others_find() {
    let root = || {
        Role::<()>::idle().started(|ctx| {
            assert!(ctx.provided::<Colour>().is_none());
            let first = ctx.provided_or(|| Colour("blue"));
            let second = ctx.provided_or(|| Colour("white"));
            assert!(Arc::ptr_eq(&first, &second));
            assert_eq!(ctx.provided::<Colour>().as_deref(), Some(&Colour("blue")));
            Ok(())
        })
    };
    play(world(1, 1), root).unwrap();
}

#[test]
fn what_was_provided_comes_before_what_an_actor_would_make() {
    let root = || {
        Role::<()>::idle().started(|ctx| {
            let colour = ctx.provided_or(|| Colour("white"));
            assert_eq!(*colour, Colour("green"));
            Ok(())
        })
    };
    play(world(1, 1).provide(Colour("green")), root).unwrap();
}

#[test]
fn it_goes_with_its_runtime_and_no_other_runtime_has_it() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let first = Runtime::builder().simulated(1).provide(Counted(Arc::clone(&dropped)));
    let first = first.build().expect("a runtime");
    let handle = first.handle().unref();
    let root = || {
        Role::<()>::idle().started(|ctx| {
            assert!(ctx.provided::<Counted>().is_none());
            Ok(())
        })
    };
    play(world(1, 1), root).unwrap();
    first.run(Role::<()>::idle).unwrap();
    // Though somebody still holds the runtime that has ended.
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    drop(handle);
}
