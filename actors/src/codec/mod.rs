//! Compression of byte streams, as stages: gzip and Zstandard, there and back.
//!
//! The work is done by the crates `flate2` (in Rust) and `zstd` (libzstd, in C); here is how a stream of blocks goes
//! through them: bounded by demand, and on the pool where it is more than a loop should do. The framing of gzip is here,
//! too, so that an error can say where it is. It reads no files, and makes no archives of several.
//!
//! | Node | here |
//! |---|---|
//! | `zlib.createGzip({ level })` | [`gzip`] |
//! | `zlib.createGunzip({ maxOutputLength })` | [`gunzip`]: the limit is mandatory |
//! | `zlib.createZstdCompress()` | [`zstd`](zstd()) |
//! | `zlib.createZstdDecompress()` | [`unzstd`] |
//! | `flush: zlib.constants.Z_SYNC_FLUSH` | [`gzip_flushing`], [`zstd_flushing`] |
//!
//! # What waits, and for what
//! At most a window (64 KiB) of input is worked on, a window waits, and two windows of output are kept for demand; beside them
//! a codec has tables and a dictionary of its own. Pieces of work that would take the loop more than a fraction of a
//! millisecond go to the pool, in [`Lane::User`](crate::Lane::User) and not in the lane of hashing and signing, which should not wait
//! for them. The bytes are the same either way, however the input is cut.

mod error;
mod gunzip;
mod gzip;
mod unzstd;
mod zstd;

pub use error::CodecError;
pub use gunzip::gunzip;
pub use gzip::{gzip, gzip_flushing};
pub use unzstd::unzstd;
pub use zstd::{zstd, zstd_flushing};
