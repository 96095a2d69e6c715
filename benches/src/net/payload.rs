//! The bytes of the echo benchmark: an endless stream whose every piece can be checked.

/// The length of a request and of its answer.
pub const REQUEST: usize = 64;

/// Prime, so that it has no factor in common with the length of a request or of a buffer: bytes
/// that are lost, repeated, or swapped between connections show.
const PERIOD: usize = 251;

/// The longest piece that can be looked at.
const PIECE_MAX: usize = 64 * 1024;

/// A stream of bytes for each connection, from one table.
#[derive(Debug)]
pub struct Payload(Vec<u8>);

impl Default for Payload {
    fn default() -> Self {
        Self((0..PERIOD + PIECE_MAX).map(|index| (index % PERIOD) as u8).collect())
    }
}

impl Payload {
    /// `len` bytes of a connection's stream from `offset` on.
    ///
    /// # Panics
    /// If `len` is over 64 KiB.
    pub fn piece(&self, connection: usize, offset: u64, len: usize) -> &[u8] {
        let start = (connection as u64 + offset) % PERIOD as u64;
        &self.0[start as usize..][..len]
    }
}
