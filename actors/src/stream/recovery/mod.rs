//! Sources that go on when one has failed, or has ended: another one takes its place.
//!
//! Each of the sources runs as a pipeline of its own within the stage ([`feeds::succession`](super::feeds)), so its files and sockets are closed
//! before the next one begins, and its failure is not the whole pipeline's.

mod or_else;
mod recover;
mod retry;
