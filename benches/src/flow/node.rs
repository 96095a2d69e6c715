//! Node's object streams: the script `streams.mjs`.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use super::{Carried, Flow, Form};
use crate::program;

/// Carries a flow; `None` where Node is missing.
///
/// # Panics
/// If the script fails.
pub fn run(Flow { form, items }: Flow) -> Option<Carried> {
    if !program::has_node() {
        return None;
    }
    let form = match form {
        Form::Fused => "fused",
        Form::Boundary => "boundary",
    };
    let output = Command::new("node")
        .arg(program::source("flow/streams.mjs"))
        .args([form, &items.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .expect("Node is there");
    let report = String::from_utf8_lossy(&output.stdout);
    let carried = parse(&report).filter(|_| output.status.success());
    Some(carried.unwrap_or_else(|| panic!("Node: {}, {report:?}", output.status)))
}

fn parse(report: &str) -> Option<Carried> {
    let (nanos, gathered) = report.trim().split_once(' ')?;
    let elapsed = Duration::from_nanos(nanos.parse().ok()?);
    Some(Carried { elapsed, gathered: gathered.parse().ok()? })
}
