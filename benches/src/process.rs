//! What the OS knows about a process: its memory, its CPU time, its core, its descriptors.

use std::{fs, io, process, time::Duration};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CpuSet, sched_setaffinity},
    time::{ClockId, clock_gettime},
};

/// Resident memory of this process now, in bytes.
///
/// # Panics
/// If /proc is not that of Linux.
pub fn resident_bytes() -> u64 {
    memory(process::id()).expect("/proc is mounted").resident
}

/// The most memory this process has had resident, in bytes.
///
/// # Panics
/// If /proc is not that of Linux.
pub fn peak_resident_bytes() -> u64 {
    memory(process::id()).expect("/proc is mounted").peak_resident
}

/// The memory of a process, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// The most that it has had resident.
    pub peak_resident: u64,
}

/// The memory of process `pid`.
///
/// # Errors
/// If the process is gone.
pub fn memory(pid: u32) -> io::Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let bytes = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other(format!("{pid} has no {key}")))
    };
    Ok(Memory { resident: bytes("VmRSS:")?, peak_resident: bytes("VmHWM:")? })
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

/// CPU time that this process has used, all its threads and those that have ended included.
pub fn own_cpu_time() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    // It is never negative, and nanoseconds are below a second.
    Duration::new(used.tv_sec.unsigned_abs(), used.tv_nsec.unsigned_abs() as u32)
}

/// Keeps the calling thread, and the threads and processes it starts from now on, on these cores.
///
/// # Errors
/// If there are no such cores.
pub fn pin_to(cores: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for &core in cores {
        set.set(core);
    }
    Ok(sched_setaffinity(None, &set)?)
}

/// Allows as many open descriptors as the hard limit does. Child processes inherit it.
///
/// # Errors
/// If the OS refuses.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}
