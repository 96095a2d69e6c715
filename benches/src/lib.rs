//! What the benchmarks in `src/bin` share: the workloads, the peers, and the table they print.
//!
//! Read in this order: `workload` (what is measured), `node` and `system` (what every actor does,
//! and what a contender must offer for it), `topology` (who knows whom), `peers` (the contenders),
//! `flow` (streams), `net` (servers and load generators), `file` (files), `table` (the result).
//! Nothing here is a library for others.

#![forbid(unsafe_code)]

pub mod child;
pub mod clock;
pub mod contender;
pub mod file;
pub mod flow;
pub mod latch;
pub mod machine;
pub mod net;
pub mod node;
pub mod options;
pub mod ours;
pub mod peers;
pub mod process;
pub mod program;
pub mod read_load;
pub mod system;
pub mod table;
pub mod timer_load;
pub mod topology;
pub mod workload;
