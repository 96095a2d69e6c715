//! What can only be read as it comes: a FIFO, a terminal. No thread waits for it: it is looked at again.
//!
//! Used by [`input`](super::input) and by the jobs of [`whole`](super::whole), for files that were opened not to wait.

use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use super::FsError;
use super::handle::Handle;
use super::input::{Batch, Input};
use super::os;

/// How soon it is looked at again when there was nothing; twice as late each further time, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(64);

/// A FIFO, or something else without places, as an input.
pub(crate) struct Fifo {
    path: PathBuf,
    file: Handle,
    /// Bytes that are still wanted.
    left: u64,
    pause: Duration,
}

/// What one read has brought.
pub(crate) enum Got {
    Bytes,
    /// There is nothing yet: nobody has written, or nobody has come to write.
    Nothing,
    /// Everybody is gone who wrote.
    End,
}

impl Fifo {
    /// The first `len` bytes of what comes.
    pub(crate) fn new(path: PathBuf, file: Handle, len: u64) -> Self {
        Self { path, file, left: len, pause: FIRST }
    }
}

impl Input for Fifo {
    fn read(&mut self, buffers: Vec<Vec<u8>>) -> Result<Batch, FsError> {
        let mut batch = Batch { ended: self.left == 0, ..Batch::default() };
        let mut nothing = false;
        for mut buffer in buffers {
            if batch.ended || nothing {
                batch.unused.push(buffer);
                continue;
            }
            if self.left < buffer.capacity() as u64 {
                // What is not wanted stays in it.
                buffer = Vec::with_capacity(self.left as usize);
            }
            let got = read_some(&self.file, &mut buffer);
            match got.map_err(|error| FsError::new("reading", &self.path, error))? {
                Got::Bytes => {
                    self.left -= self.left.min(buffer.len() as u64);
                    batch.ended = self.left == 0;
                    batch.filled.push(buffer);
                    continue;
                }
                Got::Nothing => nothing = true,
                Got::End => batch.ended = true,
            }
            batch.unused.push(buffer);
        }
        self.pause = if batch.filled.is_empty() { LONGEST.min(self.pause * 2) } else { FIRST };
        batch.look_again = Some(self.pause);
        Ok(batch)
    }
}

/// Whether this file can only be read as it comes.
pub(crate) fn has_no_places(file: &Handle) -> bool {
    file.seek(SeekFrom::Current(0)).is_err_and(|error| error.kind() == io::ErrorKind::NotSeekable)
}

/// Reads what is there into the room that `into` has left.
pub(crate) fn read_some(file: &Handle, into: &mut Vec<u8>) -> io::Result<Got> {
    let mut hung_up = false;
    loop {
        match file.read(into) {
            Ok(0) if hung_up => return Ok(Got::End),
            Ok(0) => {
                if !os::is_fifo(&file.metadata()?) {
                    return Ok(Got::End);
                }
                if !os::has_hung_up(file.os())? {
                    return Ok(Got::Nothing);
                }
                // Somebody may have come, written and left since the read.
                hung_up = true;
            }
            Ok(_) => return Ok(Got::Bytes),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Got::Nothing),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
