//! Whole services under deterministic simulation: the same actors, streams and services, on one thread, in virtual time, every
//! choice drawn from a seed. Feature `sim`; for tests.
//!
//! [`check()`] runs a test with many seeds. Its body gets a [`Sim`], makes hosts in it, and says what goes wrong and what must
//! be so. A seed that fails is [shrunk](Check) to a short [`Trace`], printed, and can be run again.
//!
//! It rests on [`Simulation`](crate::Simulation), which steps the same loops as the real world has. What is drawn: whose turn
//! comes next, on which loop, how many messages it takes; how long jobs of the pool take, and in which order they end; faults.
//! Time jumps only when nothing can be done.
//!
//! # Examples
//! Two actors that each read, then write, what a third one has: somebody's addition is lost, in some orders.
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! use roundsman::prelude::*;
//! use roundsman::sim;
//!
//! struct Adder(Arc<AtomicU32>);
//!
//! enum Msg {
//!     Read,
//!     Write(u32),
//! }
//!
//! impl Actor for Adder {
//!     type Message = Msg;
//!     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
//!         Ok(ctx.address().send(Msg::Read)?)
//!     }
//!     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
//!         match message {
//!             Msg::Read => ctx.address().send(Msg::Write(self.0.load(Ordering::SeqCst) + 1))?,
//!             Msg::Write(sum) => {
//!                 self.0.store(sum, Ordering::SeqCst);
//!                 ctx.stop();
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let failing = sim::Check::new().seeds(100).run(|sim| {
//!     let sum = Arc::new(AtomicU32::new(0));
//!     for name in ["ann", "bob"] {
//!         let sum = Arc::clone(&sum);
//!         sim.host(name).start(move || Adder(Arc::clone(&sum)));
//!     }
//!     sim.run()?;
//!     assert_eq!(sum.load(Ordering::SeqCst), 2);
//!     Ok(())
//! });
//! let failing = failing.expect_err("an addition is lost");
//! assert!(failing.trace().len() <= 6, "{failing}");
//! ```

mod check;
mod claim;
mod failed;
mod failing;
mod faults;
mod host;
mod kit;
mod mixer;
mod network;
mod quiet;
mod ran;
mod shrink;
mod trace;
mod watcher;
mod world;

pub use crate::fs::disk::{Disk, DiskFaults};
pub use check::{Check, Checked, Schedule, check};
pub use claim::Claim;
pub use failed::Failed;
pub use failing::Failing;
pub use host::{Host, HostBuilder};
pub use kit::{Client, Pace, Probe};
pub use network::{Network, NetworkFaults};
pub use trace::{Entry, Trace};
pub use world::Sim;
