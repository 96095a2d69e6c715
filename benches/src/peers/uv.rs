//! libuv's thread pool: a C program (`src/uv_work.c`) that is compiled when it is first needed.

#![expect(clippy::disallowed_macros, reason = "a peer that is missing is said so on stderr")]

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use crate::workload::POOL_THREADS;

/// How long `jobs` no-op jobs take with so many outstanding; `None` where libuv or a C compiler is missing.
pub fn run(outstanding: u64, jobs: u64) -> Option<Duration> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let program = PROGRAM.get_or_init(compile).as_ref()?;
    let output = Command::new(program)
        .args([outstanding.to_string(), jobs.to_string()])
        .env("UV_THREADPOOL_SIZE", POOL_THREADS.to_string())
        .output()
        .ok()?;
    let nanos = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
    nanos.filter(|_| output.status.success()).map(Duration::from_nanos)
}

fn compile() -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/uv_work.c");
    let program = env::current_exe().ok()?.with_file_name("uv_work");
    let compiled =
        Command::new("cc").arg("-O2").arg(source).arg("-o").arg(&program).arg("-luv").output();
    match compiled {
        Ok(output) if output.status.success() => return Some(program),
        Ok(output) => eprintln!("libuv is left out: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => eprintln!("libuv is left out: no C compiler `cc` ({error})"),
    }
    eprintln!("(Debian: apt-get install gcc libuv1-dev)");
    None
}
