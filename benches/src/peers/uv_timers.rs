//! libuv's timers: a C program, `src/uv_timers.c`.

use std::{process::Command, time::Duration};

use crate::{program::CProgram, timer_load::Cost};

static PROGRAM: CProgram = CProgram::new("libuv", "uv_timers.c", &["-luv"], "gcc libuv1-dev");

/// Whether libuv and a C compiler are there.
pub fn is_there() -> bool {
    PROGRAM.path().is_some()
}

/// What `count` timers cost.
///
/// # Panics
/// If libuv is missing, or a timer did not fire.
pub fn run(count: u64) -> Cost {
    let program = PROGRAM.path().expect("whoever runs it has asked whether it is there");
    let output = Command::new(program).arg(count.to_string()).output().expect("it was compiled");
    assert!(output.status.success(), "uv_timers: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let mut nanos = text.split_whitespace().filter_map(|number| number.parse().ok());
    let mut next = || Duration::from_nanos(nanos.next().expect("it prints two numbers"));
    Cost { cancelled: next(), fired: next() }
}
