//! Simulation of whole services: what is drawn and repeated, what fails a seed, how a failure is shrunk and shown.

#[path = "simulation/bugs.rs"]
mod bugs;
#[path = "simulation/chat.rs"]
mod chat;
#[path = "simulation/checking.rs"]
mod checking;
#[path = "simulation/draining.rs"]
mod draining;
#[path = "simulation/faults.rs"]
mod faults;
#[path = "simulation/hosts.rs"]
mod hosts;
#[path = "simulation/kit.rs"]
mod kit;
#[path = "simulation/mutants.rs"]
mod mutants;
#[path = "simulation/network.rs"]
mod network;
#[path = "simulation/order.rs"]
mod order;
#[path = "simulation/pressure.rs"]
mod pressure;
#[path = "simulation/shrinking.rs"]
mod shrinking;
#[path = "simulation/stalls.rs"]
mod stalls;
#[path = "simulation/streams.rs"]
mod streams;
#[path = "simulation/supervision.rs"]
mod supervision;

use std::time::Duration;

use roundsman::{Actor, Context, Outcome};

/// Sends itself a message after a time, and stops.
struct Sleeper(Duration);

impl Actor for Sleeper {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.send_after(self.0, ());
        Ok(())
    }

    fn receive(&mut self, (): (), ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.stop();
        Ok(())
    }
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
