//! Node's `EventEmitter`: a script (`src/events.js`), run by `node` if there is one.

#![expect(clippy::disallowed_macros, reason = "a peer that is missing is said so on stderr")]

use std::{path::Path, process::Command, sync::Once, time::Duration};

use crate::workload::LISTENERS;

/// How long so many events take; `None` where `node` is missing.
pub fn run(events: u64) -> Option<Duration> {
    static SAID: Once = Once::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/events.js");
    let output = Command::new("node")
        .arg(script)
        .args([events.to_string(), LISTENERS.to_string()])
        .output()
        .inspect_err(|error| SAID.call_once(|| eprintln!("Node is left out: no `node` ({error})")))
        .ok()?;
    let nanos = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
    nanos.filter(|_| output.status.success()).map(Duration::from_nanos)
}
