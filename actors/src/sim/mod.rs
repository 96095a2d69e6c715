//! Simulation of whole services: what hosts have in the place of the real world.

pub use crate::fs::disk::{Disk, DiskFaults};
