//! Models of a turn that somebody looks at, and of the end of what was in turn.
//!
//! `RUSTFLAGS="--cfg roundsman_loom" cargo test --release -p roundsman-runtime --lib loom`

use std::ptr::NonNull;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::*;

/// Stands for a cell: a value that is written before it is in turn, and again when it is freed. Loom reports a read that
/// is not ordered before or after each of these writes.
struct Site(UnsafeCell<u32>);

const FREED: u32 = 0;

impl Site {
    fn read(&self) -> u32 {
        // SAFETY: what this model is to prove; loom panics if it is not so.
        self.0.with(|value| unsafe { *value })
    }

    fn write(&self, value: u32) {
        // SAFETY: as above.
        self.0.with_mut(|place| unsafe { *place = value });
    }
}

fn look(in_turn: &InTurn<Site>) -> Option<u32> {
    // SAFETY: the sites outlive the model; only what is in them is "freed".
    in_turn.look(|site| unsafe { site.as_ref() }.read())
}

#[test]
fn loom_what_is_looked_at_is_not_freed_meanwhile() {
    loom::model(|| {
        let in_turn = Arc::new(InTurn::new());
        let site = Arc::new(Site(UnsafeCell::new(FREED)));
        let watchdog = {
            let in_turn = Arc::clone(&in_turn);
            thread::spawn(move || {
                for _ in 0..2 {
                    if let Some(seen) = look(&in_turn) {
                        assert_eq!(seen, 1, "a cell was read after it was freed");
                    }
                }
            })
        };
        site.write(1);
        in_turn.set(Some(NonNull::from(&*site)));
        in_turn.set(None);
        in_turn.wait_out();
        site.write(FREED);
        watchdog.join().unwrap();
    });
}

#[test]
fn loom_a_place_that_is_used_again_is_seen_as_what_it_is_then() {
    loom::model(|| {
        let in_turn = Arc::new(InTurn::new());
        let site = Arc::new(Site(UnsafeCell::new(FREED)));
        let watchdog = {
            let in_turn = Arc::clone(&in_turn);
            thread::spawn(move || {
                let seen = look(&in_turn);
                assert!(matches!(seen, None | Some(1 | 2)), "{seen:?} was never in turn");
            })
        };
        for value in 1..=2 {
            site.write(value);
            in_turn.set(Some(NonNull::from(&*site)));
            in_turn.set(None);
            in_turn.wait_out();
        }
        watchdog.join().unwrap();
    });
}

#[test]
fn loom_another_thread_frees_what_was_in_turn_when_the_owner_has_said_so() {
    loom::model(|| {
        let in_turn = Arc::new(InTurn::new());
        let site = Arc::new(Site(UnsafeCell::new(1)));
        // Stands for the inbox, whose mutex a closing owner and a late dropper share.
        let closed = Arc::new(Mutex::new(false));
        let late = {
            let (in_turn, site, closed) =
                (Arc::clone(&in_turn), Arc::clone(&site), Arc::clone(&closed));
            thread::spawn(move || {
                let is_closed = *closed.lock().unwrap();
                if is_closed {
                    in_turn.wait_out();
                    site.write(FREED);
                }
            })
        };
        let watchdog = {
            let in_turn = Arc::clone(&in_turn);
            thread::spawn(move || assert!(matches!(look(&in_turn), None | Some(1))))
        };
        in_turn.set(Some(NonNull::from(&*site)));
        in_turn.set(None);
        *closed.lock().unwrap() = true;
        watchdog.join().unwrap();
        late.join().unwrap();
    });
}

#[test]
#[should_panic = "Causality violation"]
fn loom_the_model_catches_freeing_without_waiting() {
    loom::model(|| {
        let in_turn = Arc::new(InTurn::new());
        let site = Arc::new(Site(UnsafeCell::new(1)));
        let watchdog = {
            let in_turn = Arc::clone(&in_turn);
            thread::spawn(move || look(&in_turn))
        };
        in_turn.set(Some(NonNull::from(&*site)));
        in_turn.set(None);
        site.write(FREED);
        watchdog.join().unwrap();
    });
}
