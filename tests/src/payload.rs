//! What the tests of streams send: items that say which they are, so that loss, doubling and disorder show.

use std::sync::LazyLock;

use bytes::Bytes;

/// Something that streams carry, in a known order.
pub trait Payload: Clone + Send + Sync + 'static {
    /// The most that one link lets be under way: its window, and less than one item. Where an item is larger than what was
    /// asked for and the lower end asks for more meanwhile, neither knows: then it may be two windows.
    const LINK: u64;
    /// The window itself.
    const WINDOW: u64;
    /// The most that one item counts.
    const ITEM: u64;
    /// By how much a window is wider behind which everything has room.
    const WIDER: u64;

    /// The item that comes at `position`, which counts what came before.
    fn at(position: u64) -> Self;

    /// How much it counts.
    fn weight(&self) -> u64;

    /// Whether this is what comes at `position`. A socket may have cut or joined items.
    fn is_at(&self, position: u64) -> bool;

    /// Which one it is, if it says so.
    fn place(&self) -> Option<u64>;
}

impl Payload for u64 {
    const LINK: u64 = 16;
    const WINDOW: u64 = 16;
    const ITEM: u64 = 1;
    const WIDER: u64 = 16;

    fn at(position: u64) -> Self {
        position
    }

    fn weight(&self) -> u64 {
        1
    }

    fn is_at(&self, position: u64) -> bool {
        *self == position
    }

    fn place(&self) -> Option<u64> {
        Some(*self)
    }
}

/// The largest block that is sent, in bytes: larger than a window.
const BLOCK_MAX: usize = 70_000;
/// A prime, so that no block begins where another did.
const PERIOD: usize = 251;

static PATTERN: LazyLock<Bytes> = LazyLock::new(|| {
    // A socket may join blocks up to the 256 KiB that are read at once.
    (0..BLOCK_MAX + 256 * 1024 + PERIOD).map(|at| (at % PERIOD) as u8).collect()
});

impl Payload for Bytes {
    const LINK: u64 = Self::WINDOW + BLOCK_MAX as u64 - 1;
    const WINDOW: u64 = 64 * 1024;
    const ITEM: u64 = BLOCK_MAX as u64;
    const WIDER: u64 = 1;

    fn at(position: u64) -> Self {
        let sizes = [1, 100, 5_000, 40_000, 2_048, 2_049, BLOCK_MAX, 16, 1_024];
        // Any function of the position will do, as long as every size has its turn.
        let size = sizes[(position % 1_009) as usize % sizes.len()];
        // The first window ends where an item does, so that a source can fill it to the brim.
        let room = Self::WINDOW.saturating_sub(position) as usize;
        block(position, if room == 0 { size } else { size.min(room) })
    }

    fn weight(&self) -> u64 {
        self.len() as u64
    }

    fn is_at(&self, position: u64) -> bool {
        *self == block(position, self.len())
    }

    fn place(&self) -> Option<u64> {
        None
    }
}

/// How much the first `items` items count together.
#[must_use]
pub fn total<T: Payload>(items: u64) -> u64 {
    (0..items).fold(0, |position, _| position + T::at(position).weight())
}

/// How many items fill the first window to the brim.
#[must_use]
pub fn items_of_window<T: Payload>() -> u64 {
    (0..).find(|items| total::<T>(*items) == T::WINDOW).unwrap_or(0)
}

/// The `len` bytes that come at `position`.
///
/// # Panics
/// If more is asked for than anything sends or reads at once.
#[must_use]
pub fn block(position: u64, len: usize) -> Bytes {
    let from = (position % PERIOD as u64) as usize;
    PATTERN.slice(from..from + len)
}
