//! Whole services under a seed.

mod kit;
mod network;

pub use kit::{Client, Pace, Probe};
pub use network::{Network, NetworkFaults};
