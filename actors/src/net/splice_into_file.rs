//! What the kernel moves from a socket into a file, for the engine of the socket. Writing to a file may take a while, so
//! jobs do it.

use std::fs::File;
use std::io;
use std::sync::Arc;

use roundsman_runtime::{Job, Lane, try_job};

use super::splice::Failure;
use super::transport::StreamSocket;
use crate::kernel::Pipe;

/// The way from a socket into a file.
pub(crate) struct SpliceIntoFile {
    /// `None` while a job has them.
    ends: Option<Moving>,
    /// Who the file is, for its errors.
    pub(crate) name: Arc<str>,
    /// Nothing more is to be read.
    at_end: bool,
}

/// What a job needs, and brings home.
pub(crate) struct Moving {
    target: File,
    /// Empty but for while it is filled and emptied.
    pipe: Pipe,
}

/// What is to be done next.
pub(crate) enum Next {
    /// A job empties the pipe, and says how much was in it.
    Empty(Job<(Moving, u64), io::Error>),
    /// A job does already.
    Wait,
    /// The socket has no more for now.
    Dry,
    /// Everything has gone.
    End,
}

impl SpliceIntoFile {
    /// # Errors
    /// There is no pipe to be had.
    pub(crate) fn new(target: File, name: Arc<str>) -> io::Result<Self> {
        Ok(Self { ends: Some(Moving { target, pipe: Pipe::large()? }), name, at_end: false })
    }

    /// Fills the pipe from the socket.
    pub(crate) fn go(&mut self, socket: &StreamSocket) -> Result<Next, Failure> {
        let Some(Moving { target, mut pipe }) = self.ends.take() else { return Ok(Next::Wait) };
        while !self.at_end {
            match socket.splice(&mut pipe) {
                Ok(0) => self.at_end = true,
                Ok(_) => {}
                // Either it has no more, or the pipe has no room.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::Here(error)),
            }
        }
        if pipe.len() == 0 {
            self.ends = Some(Moving { target, pipe });
            return Ok(if self.at_end { Next::End } else { Next::Dry });
        }
        let empty = try_job(Lane::Fs, move || {
            let (mut target, bytes) = (target, pipe.len() as u64);
            pipe.empty_into(&mut target)?;
            Ok((Moving { target, pipe }, bytes))
        });
        Ok(Next::Empty(empty.named("moving a socket's bytes into a file")))
    }

    /// A job has come home.
    pub(crate) fn emptied(&mut self, ends: Moving) {
        self.ends = Some(ends);
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_some()
    }

    /// Reads no more. What is on its way still goes.
    pub(crate) fn stop_reading(&mut self) {
        self.at_end = true;
    }
}
