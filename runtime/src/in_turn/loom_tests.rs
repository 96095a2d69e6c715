//! Models of a turn that somebody looks at, and of the end of what was in turn.
//!
//! `RUSTFLAGS="--cfg roundsman_loom" cargo test --release -p roundsman-runtime --lib loom`

use std::ptr::NonNull;
// Not loom's: it only carries a value.
use std::sync::atomic::AtomicU32;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::*;

/// Stands for a cell: a value that is written before it is in turn, and again when it is freed. Loom reports a read that
/// is not ordered before or after each of these writes: what orders them is to come from [`InTurn`] alone.
struct Site {
    access: UnsafeCell<()>,
    value: AtomicU32,
}

const FREED: u32 = 0;

impl Site {
    fn new(value: u32) -> Self {
        Self { access: UnsafeCell::new(()), value: AtomicU32::new(value) }
    }

    fn read(&self) -> u32 {
        // Relaxed: orders nothing, so it hides no race from loom, which does not see it.
        self.access.with(|_| self.value.load(Ordering::Relaxed))
    }

    fn write(&self, value: u32) {
        // Relaxed: as above.
        self.access.with_mut(|_| self.value.store(value, Ordering::Relaxed));
    }
}

/// What is read there, if `site` is in turn: nothing else ever is.
fn look(in_turn: &InTurn<Site>, site: &Site) -> Option<u32> {
    in_turn.look(|seen| {
        assert_eq!(seen, NonNull::from(site));
        site.read()
    })
}

#[test]
fn loom_what_is_looked_at_is_not_freed_meanwhile() {
    loom::model(|| {
        let in_turn = Arc::new(InTurn::new());
        let site = Arc::new(Site::new(FREED));
        let watchdog = {
            let (in_turn, site) = (Arc::clone(&in_turn), Arc::clone(&site));
            thread::spawn(move || {
                for _ in 0..2 {
                    if let Some(seen) = look(&in_turn, &site) {
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
        let site = Arc::new(Site::new(FREED));
        let watchdog = {
            let (in_turn, site) = (Arc::clone(&in_turn), Arc::clone(&site));
            thread::spawn(move || {
                let seen = look(&in_turn, &site);
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
        let site = Arc::new(Site::new(1));
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
            let (in_turn, site) = (Arc::clone(&in_turn), Arc::clone(&site));
            thread::spawn(move || assert!(matches!(look(&in_turn, &site), None | Some(1))))
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
        let site = Arc::new(Site::new(1));
        let watchdog = {
            let (in_turn, site) = (Arc::clone(&in_turn), Arc::clone(&site));
            thread::spawn(move || look(&in_turn, &site))
        };
        in_turn.set(Some(NonNull::from(&*site)));
        in_turn.set(None);
        site.write(FREED);
        watchdog.join().unwrap();
    });
}
