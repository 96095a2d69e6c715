//! libuv's look-ups: a C program, `src/uv_getaddrinfo.c`.

use std::{process::Command, time::Duration};

use crate::{program::CProgram, workload::POOL_THREADS};

static PROGRAM: CProgram = CProgram::new("libuv", "uv_getaddrinfo.c", &["-luv"], "gcc libuv1-dev");

/// How long so many look-ups of localhost take with so many outstanding; `None` where libuv or a C compiler is missing.
pub fn run(outstanding: u64, lookups: u64) -> Option<Duration> {
    let output = Command::new(PROGRAM.path()?)
        .args([outstanding.to_string(), lookups.to_string()])
        .env("UV_THREADPOOL_SIZE", POOL_THREADS.to_string())
        .output()
        .ok()?;
    let nanos = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
    nanos.filter(|_| output.status.success()).map(Duration::from_nanos)
}
