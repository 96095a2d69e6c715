//! Envelopes of small and large loads: packed, taken back, dropped once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

#[test]
fn small_loads_are_inline_and_large_ones_come_back_whole() {
    assert!(fits::<[usize; 4]>());
    assert!(!fits::<[usize; 5]>());
    assert!(!fits::<u128>() || align_of::<u128>() <= align_of::<usize>());
    // SAFETY: each payload is unpacked once, as what it was packed from.
    assert_eq!(unsafe { unpack::<[usize; 4]>(pack([1_usize, 2, 3, 4])) }, [1, 2, 3, 4]);
    // SAFETY: as above.
    assert_eq!(unsafe { unpack::<[u8; 100]>(pack([7_u8; 100])) }, [7; 100]);
    // SAFETY: as above.
    assert_eq!(unsafe { unpack::<u128>(pack(1_u128 << 100)) }, 1 << 100);
}

#[test]
fn a_load_is_dropped_exactly_once() {
    struct Counted(Arc<AtomicU32>, [u8; 64]);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(u32::from(self.1[0]), Ordering::Relaxed);
        }
    }
    let drops = Arc::new(AtomicU32::new(0));
    let payload = pack(Counted(Arc::clone(&drops), [1; 64]));
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    // SAFETY: unpacked once, as what it was packed from.
    drop(unsafe { unpack::<Counted>(payload) });
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}
