//! roundsman's side of the benchmarks, written as its users would write it.

pub mod asking;
pub mod chat;
pub mod crossing;
pub mod echo;
pub mod events;
pub mod files;
pub mod flow;
pub mod hashing;
pub mod host;
pub mod idle;
pub mod irc;
pub mod jobs;
pub mod lines;
pub mod naming;
pub mod reads;
pub mod simulated;
pub mod simulated_echo;
pub mod timers;
