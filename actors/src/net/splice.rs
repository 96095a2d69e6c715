//! What the kernel moves from one socket to another, for the engine of the first.

use std::fs::File;
use std::io;

use super::transport::StreamSocket;
use crate::kernel::Pipe;
use crate::stream::stage_name::StageName;

/// The way from one socket to another.
pub(crate) struct Splice {
    target: File,
    /// Who the target is, for its errors.
    pub(crate) name: StageName,
    /// What has left the one and not reached the other.
    pipe: Option<Pipe>,
    /// The peer has ended, or nothing more is to be read.
    at_end: bool,
}

/// Why it went no further.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The socket has no more for now.
    Dry,
    /// The target takes no more for now.
    Full,
    /// Everything has gone, up to the peer's end.
    End,
    /// Others have their turn first.
    Cap,
    /// There is no pipe to be had.
    NoPipe,
}

/// Which end has failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Here(io::Error),
    Target(io::Error),
}

impl Splice {
    pub(crate) fn new(target: File, name: StageName) -> Self {
        Self { target, name, pipe: None, at_end: false }
    }

    /// Moves bytes until it goes no further, at most about `cap` of them. Says how many have reached the target.
    pub(crate) fn go(&mut self, socket: &StreamSocket, cap: usize) -> (u64, Result<Stop, Failure>) {
        let mut moved = 0;
        let stop = loop {
            if self.is_empty() {
                if self.at_end {
                    break Ok(Stop::End);
                }
                if moved >= cap {
                    break Ok(Stop::Cap);
                }
                if self.pipe.is_none() {
                    match Pipe::new() {
                        Ok(pipe) => self.pipe = Some(pipe),
                        Err(_) => break Ok(Stop::NoPipe),
                    }
                }
                let Some(pipe) = &mut self.pipe else { continue };
                match socket.splice(pipe) {
                    Ok(0) => self.at_end = true,
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(Stop::Dry),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => break Err(Failure::Here(error)),
                }
                continue;
            }
            let Some(pipe) = &mut self.pipe else { continue };
            match pipe.empty(&self.target) {
                Ok(bytes) => moved += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(Stop::Full),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(Failure::Target(error)),
            }
        };
        if self.is_empty()
            && let Some(pipe) = self.pipe.take()
        {
            // A connection that is idle holds none.
            pipe.put_back();
        }
        (moved as u64, stop)
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.pipe.as_ref().is_none_or(|pipe| pipe.len() == 0)
    }

    /// Reads no more. What is on its way still goes.
    pub(crate) fn stop_reading(&mut self) {
        self.at_end = true;
    }
}
