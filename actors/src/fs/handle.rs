//! An open file as jobs call it: the OS's, or one of a simulated disk.
//!
//! Made by [`names`](super::names). Every call of `fs` about an open file goes through here, so that no job reaches past a
//! simulated disk. It knows no paths and no errors but the OS's.

use std::fs::{File, FileTimes, Metadata, Permissions};
use std::io::{self, IoSlice, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::disk::Seat;
use super::os;
use crate::kernel;

/// An open file.
#[derive(Debug)]
pub(crate) struct Handle {
    file: File,
    /// If it is on a simulated disk.
    seat: Option<Seat>,
}

impl Handle {
    /// One that the OS alone knows.
    pub(crate) fn of_os(file: File) -> Self {
        Self { file, seat: None }
    }

    /// One of a simulated disk, which keeps its bytes in this file.
    pub(crate) fn of_disk((file, seat): (File, Seat)) -> Self {
        Self { file, seat: Some(seat) }
    }

    /// For what no simulated disk has: FIFOs and terminals.
    pub(crate) fn os(&self) -> &File {
        &self.file
    }

    /// Reads once, from where the file stands, into the room that `into` has left.
    pub(crate) fn read(&self, into: &mut Vec<u8>) -> io::Result<usize> {
        match &self.seat {
            None => os::read(&self.file, into),
            Some(seat) => seat.read(&self.file, into),
        }
    }

    /// Reads once, at a place, into the room that `into` has left.
    pub(crate) fn read_at(&self, into: &mut Vec<u8>, at: u64) -> io::Result<usize> {
        match &self.seat {
            None => os::read_at(&self.file, into, at),
            Some(seat) => seat.read_at(&self.file, into, at),
        }
    }

    /// Reads everything, from where the file stands.
    pub(crate) fn read_to_end(&self, into: &mut Vec<u8>) -> io::Result<()> {
        match &self.seat {
            None => (&self.file).read_to_end(into).map(drop),
            Some(seat) => seat.read_to_end(&self.file, into),
        }
    }

    /// Writes everything at a place.
    pub(crate) fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        match &self.seat {
            None => os::write_all_at(&self.file, bytes, at),
            Some(seat) => seat.write_all_at(&self.file, bytes, at),
        }
    }

    pub(crate) fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        (&self.file).seek(to)
    }

    pub(crate) fn set_len(&self, len: u64) -> io::Result<()> {
        match &self.seat {
            None => self.file.set_len(len),
            Some(seat) => seat.set_len(&self.file, len),
        }
    }

    pub(crate) fn sync_all(&self) -> io::Result<()> {
        self.seat.as_ref().map_or_else(|| self.file.sync_all(), Seat::sync)
    }

    pub(crate) fn sync_data(&self) -> io::Result<()> {
        self.seat.as_ref().map_or_else(|| self.file.sync_data(), Seat::sync)
    }

    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    pub(crate) fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.file.set_permissions(permissions.clone())?;
        if let Some(seat) = &self.seat {
            seat.note_permissions(permissions);
        }
        Ok(())
    }

    pub(crate) fn set_times(&self, times: FileTimes) -> io::Result<()> {
        self.file.set_times(times)
    }

    pub(crate) fn try_lock(&self, shared: bool) -> io::Result<bool> {
        os::try_lock(&self.file, shared)
    }

    pub(crate) fn unlock(&self) -> io::Result<()> {
        os::unlock(&self.file)
    }

    /// Another descriptor of it, for the kernel to move bytes into.
    ///
    /// # Errors
    /// `Unsupported` on a simulated disk, which would not see what is moved.
    pub(crate) fn lend(&self) -> io::Result<File> {
        if self.seat.is_some() {
            let text = "no kernel moves bytes into a file of a simulated disk: they are copied";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        kernel::lend(&self.file)
    }

    /// Removes the file, which is at this path, from where it was opened: also where no job runs, as it is dropped.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        match &self.seat {
            None => std::fs::remove_file(path),
            Some(seat) => seat.remove(path),
        }
    }
}

impl Write for &Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.seat {
            None => (&self.file).write(bytes),
            Some(seat) => seat.write(&self.file, bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match (&self.seat, slices.iter().find(|slice| !slice.is_empty())) {
            (None, _) => (&self.file).write_vectored(slices),
            (Some(seat), Some(first)) => seat.write(&self.file, first),
            (Some(_), None) => Ok(0),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
