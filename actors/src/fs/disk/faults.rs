//! What may go wrong with a simulated disk, and how often.
//!
//! Drawn from the simulation that runs; without one, nothing goes wrong.

use roundsman_runtime::Simulation;

/// Of what may go wrong with a [`Disk`](super::Disk), how many of a million calls it befalls. Nothing does by default.
///
/// # Examples
/// ```
/// use roundsman::sim::DiskFaults;
///
/// // One call in ten thousand fails, and every other read is short.
/// let faults = DiskFaults {
///     eio_per_million: 100,
///     short_reads_per_million: 500_000,
///     ..DiskFaults::default()
/// };
/// assert_eq!(faults.short_writes_per_million, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskFaults {
    /// Reads, writes, syncs, changes of a length, and renames that fail with EIO. One that fails has done nothing; but of what
    /// a failed sync was to make safe, no later sync may do so, as with Linux.
    pub eio_per_million: u32,
    /// Reads that give less than they could, but something.
    pub short_reads_per_million: u32,
    /// Writes that take less than they were given, but something.
    pub short_writes_per_million: u32,
}

/// A number below `bound`, drawn. 0 without a simulation.
pub(super) fn below(bound: usize) -> usize {
    Simulation::current().map_or(0, |simulation| simulation.below(bound))
}

/// Whether something happens that happens so often. Never without a simulation.
pub(super) fn strikes(per_million: u32) -> bool {
    Simulation::current().is_some_and(|simulation| simulation.chance(per_million))
}

/// How much of so much is done if only a part is: not nothing.
pub(super) fn part(len: usize) -> usize {
    len - below(len)
}
