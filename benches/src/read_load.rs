//! What every contender of the benchmark `reads` does: reads blocks of a cached file at their places, one behind the other,
//! so many outstanding at any time.

use std::{path::PathBuf, time::Duration};

/// A block's length in bytes.
pub const BLOCK: u64 = 64 * 1024;

/// The file's length in bytes: whole blocks.
pub const FILE: u64 = 64 << 20;

/// What is read.
#[derive(Clone, Debug)]
pub struct Load {
    /// The file, of [`FILE`] bytes.
    pub path: PathBuf,
    /// Reads outstanding at any time.
    pub outstanding: u64,
    /// Reads in all.
    pub reads: u64,
}

/// Where a read begins.
pub fn place(index: u64) -> u64 {
    index * BLOCK % FILE
}

/// What the reads took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// From the first read to the end of the last.
    pub elapsed: Duration,
    /// CPU time of the whole process meanwhile.
    pub cpu: Duration,
}
