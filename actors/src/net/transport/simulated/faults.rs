//! What goes wrong with a simulated network of its own accord, and how often.
//!
//! Said by tests, through [`Network::faults`](crate::sim::Network::faults); looked at by sockets.

/// How often things go wrong, in a million: 0 never, 1,000,000 always.
///
/// # Examples
/// ```
/// use roundsman::sim::NetworkFaults;
///
/// let rough = NetworkFaults { lost: 100_000, ..NetworkFaults::default() };
/// assert_eq!(rough.short_reads, 20_000);
/// assert_eq!(NetworkFaults::none().short_reads, 0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFaults {
    /// Reads that give less than there is. Default 20,000.
    pub short_reads: u32,
    /// Writes that take less than there is room for. Default 20,000.
    pub short_writes: u32,
    /// Reads and writes that would block although they need not. Default 20,000.
    pub odd_blocks: u32,
    /// Segments in whose place the connection is reset, at both ends. Default 0.
    pub resets: u32,
    /// Sockets for which there is no descriptor (EMFILE): to connect, to accept, to bind. Default 0.
    pub no_descriptors: u32,
    /// Datagrams that are lost. Default 0.
    pub lost: u32,
    /// Datagrams that arrive twice. Default 0.
    pub doubled: u32,
}

impl Default for NetworkFaults {
    fn default() -> Self {
        Self { short_reads: 20_000, short_writes: 20_000, odd_blocks: 20_000, ..Self::none() }
    }
}

impl NetworkFaults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self {
            short_reads: 0,
            short_writes: 0,
            odd_blocks: 0,
            resets: 0,
            no_descriptors: 0,
            lost: 0,
            doubled: 0,
        }
    }
}
