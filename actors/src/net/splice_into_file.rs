//! What the kernel moves from a socket into a file, for the engine of the socket. Writing to a file may take a while, so
//! jobs do it.

use std::fs::File;
use std::io;

use roundsman_runtime::{Job, JobId, Lane, try_job};

use super::transport::StreamSocket;
use crate::kernel::Pipe;
use crate::stream::stage_name::StageName;

/// The way from a socket into a file.
pub(crate) struct SpliceIntoFile {
    /// `None` while a job has them.
    ends: Option<Moving>,
    /// Who the file is, for its errors.
    pub(crate) name: StageName,
    /// The job that has them.
    job: Option<JobId>,
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
    pub(crate) fn new(target: File, name: StageName) -> io::Result<Self> {
        let ends = Some(Moving { target, pipe: Pipe::large()? });
        Ok(Self { ends, name, job: None, at_end: false })
    }

    /// Fills the pipe from the socket.
    ///
    /// # Errors
    /// What the socket says.
    pub(crate) fn go(&mut self, socket: &StreamSocket) -> io::Result<Next> {
        let Some(Moving { target, mut pipe }) = self.ends.take() else { return Ok(Next::Wait) };
        while !self.at_end {
            match socket.splice(&mut pipe) {
                Ok(0) => self.at_end = true,
                Ok(_) => {}
                // Either it has no more, or the pipe has no room.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
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

    /// The job that empties the pipe has been started.
    pub(crate) fn begun(&mut self, job: JobId) {
        self.job = Some(job);
    }

    /// The job that has the file, if there is one.
    pub(crate) fn job(&self) -> Option<JobId> {
        self.job
    }

    /// The job has ended, and was in vain unless [`emptied`](Self::emptied) follows.
    pub(crate) fn ended(&mut self) {
        self.job = None;
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
