//! A test kit: probes that expect messages, and clients that follow a script. The same in a simulation and in real time.
//!
//! | | in a simulation | in real time |
//! |---|---|---|
//! | [`Pace`] | steps until it is so, or virtual time is up | waits until it is so, or time is up |
//! | [`Probe`] | an actor on a host | an actor of a runtime that runs on another thread |
//! | [`Client`] | a socket of a host of the [`Network`](super::Network) | a socket of the OS |

mod client;
mod context;
mod pace;
mod probe;

pub use client::Client;
pub use pace::Pace;
pub use probe::Probe;
