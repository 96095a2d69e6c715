//! What the OS knows about a process: its memory, its CPU time, its core, its descriptors.

use std::{fs, io, time::Duration};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CpuSet, sched_setaffinity},
};

/// Resident memory of this process now, in bytes.
///
/// # Panics
/// If /proc is not that of Linux.
pub fn resident_bytes() -> u64 {
    status_bytes("VmRSS:")
}

/// The most memory this process has had resident, in bytes.
///
/// # Panics
/// If /proc is not that of Linux.
pub fn peak_resident_bytes() -> u64 {
    status_bytes("VmHWM:")
}

fn status_bytes(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")).and_then(|n| n.parse().ok());
    kib.map(|kib: u64| kib * 1024).expect("the kernel reports memory in kB")
}

/// CPU time that the living threads of process `pid` have used, user and system together.
///
/// # Errors
/// If the process is gone.
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    let mut nanos = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let statistics = fs::read_to_string(thread?.path().join("schedstat"))?;
        let on_cpu = statistics.split_whitespace().next().and_then(|field| field.parse().ok());
        nanos += on_cpu.unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanos))
}

/// Keeps the calling thread, and the threads and processes it starts from now on, on one core.
///
/// # Errors
/// If there is no such core.
pub fn pin_to(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// Allows as many open descriptors as the hard limit does. Child processes inherit it.
///
/// # Errors
/// If the OS refuses.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}
