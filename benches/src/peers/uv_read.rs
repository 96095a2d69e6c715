//! libuv's reads of files on its thread pool: a C program, `src/uv_read.c`.

use std::{process::Command, time::Duration};

use crate::{
    program::CProgram,
    read_load::{BLOCK, Cost, FILE, Load},
    workload::POOL_THREADS,
};

static PROGRAM: CProgram = CProgram::new("libuv", "uv_read.c", &["-luv"], "gcc libuv1-dev");

/// What the reads take; `None` where libuv or a C compiler is missing, or a read fails.
pub fn run(load: &Load) -> Option<Cost> {
    let output = Command::new(PROGRAM.path()?)
        .arg(&load.path)
        .args([FILE, BLOCK, load.outstanding, load.reads].map(|number| number.to_string()))
        .env("UV_THREADPOOL_SIZE", POOL_THREADS.to_string())
        // Where libuv would let the kernel do it: the pools are what is compared.
        .env("UV_USE_IO_URING", "0")
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut nanos = text.split_whitespace().map(|number| number.parse().map(Duration::from_nanos));
    Some(Cost { elapsed: nanos.next()?.ok()?, cpu: nanos.next()?.ok()? })
}
