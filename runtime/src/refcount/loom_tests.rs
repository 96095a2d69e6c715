//! Loom models of the last drop of an address.
//!
//! Run with `RUSTFLAGS="--cfg roundsman_loom" cargo test --release -p roundsman-runtime --lib loom`.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::RefCount;

/// What a cell holds: the owner's state, and whether it was freed.
struct Model {
    count: RefCount,
    state: UnsafeCell<Option<u32>>,
    freed: UnsafeCell<u32>,
}

impl Model {
    /// Drops a reference; the last one frees, with exclusive access to everything (loom checks that).
    fn drop_reference(&self) {
        if self.count.release() {
            // SAFETY: the model's claim under test: the last holder is alone. Loom reports any concurrent access.
            self.state.with(|state| assert!(unsafe { (*state).is_none() }, "freed before death"));
            // SAFETY: as above.
            self.freed.with_mut(|freed| unsafe { *freed += 1 });
        }
    }
}

#[test]
fn the_last_drop_frees_once_and_only_after_the_owner_emptied_the_cell() {
    loom::model(|| {
        // One life reference and two addresses on other threads.
        let cell = Arc::new(Model {
            count: RefCount::new(3),
            state: UnsafeCell::new(Some(7)),
            freed: UnsafeCell::new(0),
        });
        let droppers: Vec<_> = (0..2)
            .map(|_| {
                let cell = Arc::clone(&cell);
                thread::spawn(move || {
                    cell.count.acquire();
                    cell.drop_reference();
                    cell.drop_reference();
                })
            })
            .collect();
        // The owner: the actor dies (its state is dropped), then the life reference goes.
        // SAFETY: only the owner touches the state while the life reference stands.
        cell.state.with_mut(|state| unsafe { *state = None });
        cell.drop_reference();
        for dropper in droppers {
            dropper.join().unwrap();
        }
        // SAFETY: all threads have been joined.
        cell.freed.with(|freed| assert_eq!(unsafe { *freed }, 1));
    });
}
