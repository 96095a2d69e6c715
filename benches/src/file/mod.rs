//! The benchmark `files`: a file to a socket, straight and through a stage, and through a hash to another file.
//!
//! A server is a process that does one [`Job`](job::Job) for every client that connects: it needs no request. The file
//! is a [`Sample`](sample::Sample) in the page cache. One client is the same for all servers; it compares what comes.

pub mod client;
pub mod job;
pub mod load;
pub mod sample;
pub mod server;
pub mod std_blocking;
pub mod tokio_copy;

#[cfg(test)]
mod tests;
