//! Blocks that sockets are read into: one per thread, shared by all its connections.
//!
//! An idle connection so has no buffer at all. A small read is copied out of the block; a large one is cut off without
//! copying, and the block goes on behind it.

use std::cell::RefCell;
use std::io;

use bytes::{Bytes, BytesMut};

use super::transport::simulated;

/// Size of a fresh block.
const BLOCK: usize = 256 * 1024;
/// With less room than this, a block is replaced.
const ROOM: usize = 16 * 1024;
/// In a simulation, the most that is read at once.
const ROOM_SIMULATED: usize = 64 * 1024;
/// The longest datagram fits into so many.
const DATAGRAM: usize = 64 * 1024;
/// A datagram of up to so many bytes is copied: whoever keeps one must not keep a whole block with it.
const SMALL_DATAGRAM: usize = 16 * 1024;
/// A read of up to so many bytes is copied: the copy is cheaper than what cutting costs later.
const SMALL: usize = 2 * 1024;

thread_local! {
    static CURRENT: RefCell<BytesMut> = RefCell::default();
}

/// Reads at most `max` bytes with `read`, and says whether they filled the room that was offered.
///
/// # Errors
/// What `read` says.
pub(crate) fn read(
    max: usize,
    read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
) -> io::Result<(Bytes, bool)> {
    CURRENT.with_borrow_mut(|block| {
        // In a simulation how much is read at once must not depend on what this thread has read before.
        let (least, max) = if simulated::is_here() {
            (max.min(ROOM_SIMULATED), max.min(ROOM_SIMULATED))
        } else {
            (max.min(ROOM), max)
        };
        if block.len() < least {
            *block = BytesMut::zeroed(BLOCK);
        }
        let room = block.len().min(max);
        let got = read(&mut block[..room])?;
        let bytes = if got <= SMALL {
            Bytes::copy_from_slice(&block[..got])
        } else {
            block.split_to(got).freeze()
        };
        Ok((bytes, got == room))
    })
}

/// Receives one datagram with `receive`, which says how long it was and from whom it came. Returns at most its first `max`
/// bytes, how long it was, and from whom.
///
/// # Errors
/// What `receive` says.
pub(crate) fn datagram<P>(
    max: usize,
    receive: impl FnOnce(&mut [u8]) -> io::Result<(usize, P)>,
) -> io::Result<(Bytes, usize, P)> {
    CURRENT.with_borrow_mut(|block| {
        if block.len() < DATAGRAM {
            *block = BytesMut::zeroed(BLOCK);
        }
        let (len, peer) = receive(&mut block[..DATAGRAM])?;
        let kept = len.min(max);
        let bytes = if kept <= SMALL_DATAGRAM {
            Bytes::copy_from_slice(&block[..kept])
        } else {
            block.split_to(kept).freeze()
        };
        Ok((bytes, len, peer))
    })
}

#[cfg(test)]
mod tests {
    //! Reads of every size.

    use super::*;

    fn fill(size: usize) -> impl FnOnce(&mut [u8]) -> io::Result<usize> {
        move |room| {
            let size = size.min(room.len());
            room[..size].fill(7);
            Ok(size)
        }
    }

    #[test]
    fn small_and_large_reads_give_what_was_read() {
        for size in [0, 1, SMALL, SMALL + 1, ROOM, 64 * 1024, BLOCK] {
            let (bytes, _) = read(usize::MAX, fill(size)).unwrap();
            assert!(bytes.len() <= size && bytes.iter().all(|byte| *byte == 7));
            assert!(size == 0 || !bytes.is_empty());
        }
    }

    #[test]
    fn no_more_is_read_than_was_asked_for() {
        let (bytes, full) = read(100, fill(1000)).unwrap();
        assert_eq!((bytes.len(), full), (100, true));
        let (bytes, full) = read(100, fill(99)).unwrap();
        assert_eq!((bytes.len(), full), (99, false));
    }

    #[test]
    fn later_reads_leave_earlier_ones_alone() {
        let (first, _) = read(SMALL * 2, fill(SMALL * 2)).unwrap();
        let (_second, _) = read(SMALL * 2, |room| {
            room.fill(1);
            Ok(room.len())
        })
        .unwrap();
        assert!(first.iter().all(|byte| *byte == 7));
    }
}
