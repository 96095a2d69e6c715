//! What is asked of the servers of `files`, and what it costs them.

#![expect(clippy::disallowed_methods, reason = "a slow client sleeps")]

use std::{fs, io, path::Path, thread, time::Duration};

use crate::{
    clock,
    file::{client::Client, sample::Sample},
    net::server::Running,
};

/// What one transfer or copy took.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Bytes per second.
    pub rate: f64,
    /// CPU time of the server per byte, in seconds.
    pub cpu_secs_per_byte: f64,
    /// The most memory that the server has had resident, in bytes.
    pub peak_resident: u64,
}

/// Gets the file twice: once to compare every byte, once to measure.
///
/// # Errors
/// If the connection fails, or what comes is not the file.
pub fn transfer(server: &Running, sample: &Sample) -> io::Result<Figures> {
    let mut client = Client::connect(server.address)?;
    client.read_all(|piece, offset| sample.compare(piece, offset))?;
    sample.compare_length(client.received)?;
    measured(server, sample.bytes, || {
        let mut client = Client::connect(server.address)?;
        client.read_all(|_, _| Ok(()))?;
        sample.compare_length(client.received)
    })
}

/// Has the file copied to `to`. Looks at the digest and at the copy, then removes it before it is written to the disk.
///
/// # Errors
/// If the connection fails, or the digest or the copy is wrong.
pub fn hashed_copy(server: &Running, sample: &Sample, to: &Path) -> io::Result<Figures> {
    let mut digest = Vec::new();
    let figures = measured(server, sample.bytes, || {
        Client::connect(server.address)?.read_all(|piece, _| {
            digest.extend_from_slice(piece);
            Ok(())
        })
    })?;
    if digest != sample.digest {
        return Err(io::Error::other(format!("the digest came as {digest:02x?}")));
    }
    sample.compare_file(to)?;
    fs::remove_file(to)?;
    Ok(figures)
}

fn measured(
    server: &Running,
    bytes: u64,
    act: impl FnOnce() -> io::Result<()>,
) -> io::Result<Figures> {
    let (begun, cpu) = (clock::now(), server.cpu_time()?);
    act()?;
    let (elapsed, cpu) = (begun.elapsed(), server.cpu_time()? - cpu);
    Ok(Figures {
        rate: bytes as f64 / elapsed.as_secs_f64(),
        cpu_secs_per_byte: cpu.as_secs_f64() / bytes as f64,
        peak_resident: server.memory()?.peak_resident,
    })
}

/// Resident memory of a server with a slow client, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Trickle {
    /// When a tenth of the time is over: what can fill has filled.
    pub first: u64,
    /// At the end.
    pub last: u64,
}

/// How often a slow client reads.
const TICK: Duration = Duration::from_millis(10);

/// Gets the file at so many bytes per second, and goes when `duration` is over or the file has come.
///
/// # Errors
/// If the connection fails.
pub fn trickle(server: &Running, bytes_per_sec: u64, duration: Duration) -> io::Result<Trickle> {
    let mut client = Client::connect(server.address)?;
    let begun = clock::now();
    let mut first = None;
    loop {
        let elapsed = begun.elapsed();
        if first.is_none() && elapsed >= duration / 10 {
            first = Some(server.memory()?.resident);
        }
        let due = (elapsed.as_secs_f64() * bytes_per_sec as f64) as u64;
        let mut over = elapsed >= duration;
        while !over && client.received < due {
            over = client.read((due - client.received) as usize)?.is_empty();
        }
        if over {
            let last = server.memory()?.resident;
            return Ok(Trickle { first: first.unwrap_or(last), last });
        }
        thread::sleep(TICK);
    }
}
