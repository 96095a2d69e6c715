//! An envelope: one message on its way to another loop, without its type.
//!
//! Made by [`address`](crate::address) and [`reply`](crate::reply) when the receiver lives elsewhere, opened by the
//! receiver's loop. It knows neither inboxes nor loops; it moves a value of any type and, at the end, says to which
//! cell it goes.
//!
//! # Safety
//! `payload` holds a value of exactly one type `L`, written by [`Envelope::new`] together with the table of `L`:
//! inline if `L` fits (size and alignment), else in a `Box` whose pointer is inline. The value is taken out at most
//! once: by `open` or `take_back`, which forget the envelope, or by `drop`. `L` is `Send`, so the envelope is.
//!
//! The cell is not counted: [`Uncounted`] says what keeps it until the envelope is opened.

use std::any::TypeId;
use std::mem::{ManuallyDrop, MaybeUninit, align_of, size_of};

use crate::cell::{CellRef, Uncounted};
use crate::local::Local;

/// Words that fit inline.
const WORDS: usize = 4;

type Payload = MaybeUninit<[usize; WORDS]>;

/// What can travel in an envelope.
pub(crate) trait Load: Send + 'static {
    /// Delivers itself to its cell, on the cell's loop.
    fn deliver(self, cell: &CellRef, local: &Local);

    /// Disposes of itself: the cell's loop has ended.
    fn lost(self, cell: &CellRef);
}

/// One message on its way to another loop.
pub(crate) struct Envelope {
    cell: Uncounted,
    table: &'static Table,
    payload: Payload,
}

struct Table {
    type_id: fn() -> TypeId,
    deliver: unsafe fn(Payload, &CellRef, &Local),
    lost: unsafe fn(Payload, &CellRef),
}

const fn fits<L>() -> bool {
    size_of::<L>() <= size_of::<Payload>() && align_of::<L>() <= align_of::<Payload>()
}

fn pack<L>(load: L) -> Payload {
    let mut payload = Payload::uninit();
    if const { fits::<L>() } {
        // SAFETY: `fits` says that the payload is large enough and aligned for `L`.
        unsafe { payload.as_mut_ptr().cast::<L>().write(load) };
    } else {
        let boxed: *mut L = Box::into_raw(Box::new(load));
        // SAFETY: a thin pointer fits into the first of four words.
        unsafe { payload.as_mut_ptr().cast::<*mut L>().write(boxed) };
    }
    payload
}

/// # Safety
/// `payload` was packed from an `L` and not unpacked before.
unsafe fn unpack<L>(payload: Payload) -> L {
    if const { fits::<L>() } {
        // SAFETY: `pack` has written an `L` here, and this is the only time that it is read.
        unsafe { payload.as_ptr().cast::<L>().read() }
    } else {
        // SAFETY: `pack` has written the pointer of a leaked box here.
        let boxed = unsafe { payload.as_ptr().cast::<*mut L>().read() };
        // SAFETY: from `Box::into_raw` in `pack`; read once, so freed once.
        *unsafe { Box::from_raw(boxed) }
    }
}

/// The table of `L`.
struct TableOf<L>(L);

impl<L: Load> TableOf<L> {
    const TABLE: Table = Table {
        type_id: TypeId::of::<L>,
        deliver: |payload, cell, local| {
            // SAFETY: called through `Envelope` with the payload that was packed with this table, once.
            let load = unsafe { unpack::<L>(payload) };
            load.deliver(cell, local);
        },
        lost: |payload, cell| {
            // SAFETY: as above.
            let load = unsafe { unpack::<L>(payload) };
            load.lost(cell);
        },
    };
}

impl Envelope {
    #[inline]
    pub(crate) fn new<L: Load>(cell: &CellRef, load: L) -> Self {
        Self { cell: Uncounted::new(cell), table: &TableOf::<L>::TABLE, payload: pack(load) }
    }

    /// Delivers what is inside, on the loop of its cell.
    #[inline]
    pub(crate) fn open(self, local: &Local) {
        let envelope = ManuallyDrop::new(self);
        // SAFETY: the payload was packed with this table; the envelope is forgotten, so this is the once.
        envelope.cell.with(|cell| unsafe {
            (envelope.table.deliver)(envelope.payload, cell, local);
        });
    }

    /// Takes an envelope that was refused apart again.
    ///
    /// # Panics
    /// If it does not hold an `L`: a bug of this crate.
    pub(crate) fn take_back<L: Load>(self) -> L {
        let envelope = ManuallyDrop::new(self);
        assert!(
            (envelope.table.type_id)() == TypeId::of::<L>(),
            "an envelope was taken for another's"
        );
        // SAFETY: the type was compared; the envelope is forgotten, so this is the once.
        unsafe { unpack(envelope.payload) }
    }
}

impl Drop for Envelope {
    fn drop(&mut self) {
        // SAFETY: packed with this table; an envelope that was taken apart is not dropped, so this is the once.
        self.cell.with(|cell| unsafe { (self.table.lost)(self.payload, cell) });
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests;
