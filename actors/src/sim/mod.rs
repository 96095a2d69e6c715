//! Whole services under a seed.

mod network;

pub use network::{Network, NetworkFaults};
