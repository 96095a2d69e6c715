//! Loom models of the last drop of an address, and of envelopes that hold no reference.
//!
//! Run with `RUSTFLAGS="--cfg roundsman_loom" cargo test --release -p roundsman-runtime --lib loom`.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::RefCount;
use crate::inbox::Inbox;

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

/// What travels to the owner.
enum Parcel {
    /// A message for the cell; it holds no reference.
    Envelope,
    /// The last reference has gone.
    Orphan,
}

/// One round of the owner: what `EventLoop::take_inbox` does.
fn take_inbox(inbox: &Inbox<Parcel>, graves: &mut u32, opened: &mut u32, freed: &mut u32) {
    let closing = std::mem::take(graves);
    let mut parcels = Vec::new();
    if inbox.looks_filled() {
        inbox.take(&mut parcels);
    }
    for parcel in parcels {
        match parcel {
            Parcel::Envelope => {
                assert_eq!(*freed, 0, "an envelope was opened after its cell was freed");
                *opened += 1;
            }
            Parcel::Orphan => *freed += 1,
        }
    }
    *freed += closing;
}

#[test]
fn a_cell_is_freed_once_and_after_every_envelope_for_it_was_opened() {
    loom::model(|| {
        // The owner's reference, and an address on each of two other threads.
        let count = Arc::new(RefCount::new(3));
        let inbox = Arc::new(Inbox::new());
        let senders: Vec<_> = (0..2)
            .map(|_| {
                let (count, inbox) = (Arc::clone(&count), Arc::clone(&inbox));
                thread::spawn(move || {
                    assert!(inbox.push(Parcel::Envelope, || ()).is_ok());
                    if count.release() {
                        assert!(inbox.push(Parcel::Orphan, || ()).is_ok());
                    }
                })
            })
            .collect();
        let (mut graves, mut opened, mut freed) = (0, 0, 0);
        if count.release() {
            // The owner dropped the last one: it digs a grave, and closes it after it has looked into its inbox.
            graves += 1;
        }
        take_inbox(&inbox, &mut graves, &mut opened, &mut freed);
        for sender in senders {
            sender.join().unwrap();
        }
        take_inbox(&inbox, &mut graves, &mut opened, &mut freed);
        assert_eq!((opened, freed), (2, 1));
    });
}
