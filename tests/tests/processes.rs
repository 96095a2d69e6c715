//! Processes: children, and the standard streams of this one. Unix, in the real world.
#![cfg(unix)]

#[path = "processes/children.rs"]
mod children;
#[path = "processes/endings.rs"]
mod endings;
#[path = "processes/floods.rs"]
mod floods;
#[path = "processes/inherited.rs"]
mod inherited;
#[path = "processes/outputs.rs"]
mod outputs;
#[path = "processes/signals.rs"]
mod signals;
#[path = "processes/stalls.rs"]
mod stalls;
#[path = "processes/standard.rs"]
mod standard;
#[path = "processes/terminals.rs"]
mod terminals;
#[path = "processes/through.rs"]
mod through;
#[path = "processes/wall_clock.rs"]
mod wall_clock;

use std::process::Command;

use bytes::Bytes;
use roundsman::stream::Source;
use roundsman_tests::trial::World;

const REAL: World = World::Real { loops: 1 };

/// A command of the shell.
fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// Bytes that show when one is missing, doubled or at another place, in pieces of 10,000.
fn pattern(len: usize) -> Vec<Bytes> {
    let all: Bytes = (0..len).map(|at| (at % 251) as u8).collect();
    (0..len).step_by(10_000).map(|at| all.slice(at..len.min(at + 10_000))).collect()
}

/// More of it than any child reads.
fn endless() -> Source<Bytes> {
    Source::iter(std::iter::repeat(Bytes::from("y\n".repeat(5_000))))
}

/// Whether there is a process of this number, alive or not waited for.
fn is_there(id: u32) -> bool {
    // A child of the shell, so that ours are not touched.
    sh(&format!("kill -0 {id} 2>/dev/null")).status().expect("a shell runs").success()
}
