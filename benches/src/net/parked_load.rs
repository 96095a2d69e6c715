//! The generator of `parked`: connections over which a line has gone there and back, and then nothing.

use std::{io, ops::ControlFlow, time::Duration};

use crate::{
    clock,
    net::{
        crowd::Crowd,
        line::{LINE, Line},
        server::Running,
    },
};

/// An answer that has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the server's resident memory grows by for each of so many connections, in bytes.
///
/// Each has been used: it has been accepted, and one line has been answered. What the kernel has for it does not count.
///
/// # Errors
/// If a connection fails or ends, or an answer does not come.
pub fn run(server: &Running, connections: usize) -> io::Result<f64> {
    let before = server.memory()?.resident;
    let mut crowd = Crowd::connect(server.address, connections)?;
    for member in &mut crowd.members {
        let line = Line { speaker: b'0', number: member.index as u64 };
        member.send(&line.encode())?;
    }
    let (mut heard, all) = (0, connections * LINE);
    crowd.run_until(clock::now() + PATIENCE, |member, buffer| {
        member.hear(buffer, |bytes| {
            heard += bytes.len();
            Ok(())
        })?;
        Ok(if heard < all { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    if heard < all {
        return Err(io::Error::other(format!("{heard} bytes came back of {all}")));
    }
    let grown = server.memory()?.resident.saturating_sub(before);
    Ok(grown as f64 / connections as f64)
}
