//! A file of a simulated disk, as somebody has it open: reads and writes with the faults of the disk, noted for the crash.
//!
//! Owned by a [`Handle`](super::super::handle), which has the file of the OS beside it.

use std::fmt;
use std::fs::{File, Permissions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use roundsman_runtime::Simulation;

use super::faults::{part, strikes};
use super::os;
use super::tree::NodeId;
use super::volume::{State, Volume};
use crate::fs::os as system;

/// Bytes that are read at a time, to an end that nobody knows.
const PIECE: usize = 64 * 1024;
/// When simulations begin, counted from 1970: 2026-01-01.
const BEGINNING: Duration = Duration::from_secs(1_767_225_600);

/// An open file of a disk.
pub(crate) struct Seat {
    volume: Arc<Volume>,
    node: NodeId,
    /// So many crashes the disk had when it was opened.
    crashes: u64,
    append: bool,
}

impl Seat {
    pub(super) fn new(volume: Arc<Volume>, node: NodeId, crashes: u64, append: bool) -> Self {
        Self { volume, node, crashes, append }
    }

    /// The disk, if it has not crashed since.
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.volume.lock();
        if state.crashes == self.crashes {
            return Ok(state);
        }
        let text = "the simulated disk has crashed since this was opened: kill its host, too";
        Err(io::Error::other(text))
    }

    /// Reads once, from where the file stands, into the room that `into` has left.
    pub(crate) fn read(&self, mut file: &File, into: &mut Vec<u8>) -> io::Result<usize> {
        let state = self.state()?;
        if strikes(state.faults.eio_per_million) {
            return Err(os::broken());
        }
        let before = into.len();
        let got = system::read(file, into)?;
        let kept = self.shortened(&state, got);
        if kept < got {
            into.truncate(before + kept);
            file.seek(SeekFrom::Current(kept as i64 - got as i64))?;
        }
        Ok(kept)
    }

    /// Reads once, at a place, into the room that `into` has left.
    pub(crate) fn read_at(&self, file: &File, into: &mut Vec<u8>, at: u64) -> io::Result<usize> {
        let state = self.state()?;
        if strikes(state.faults.eio_per_million) {
            return Err(os::broken());
        }
        let before = into.len();
        let got = system::read_at(file, into, at)?;
        let kept = self.shortened(&state, got);
        into.truncate(before + kept);
        Ok(kept)
    }

    fn shortened(&self, state: &State, got: usize) -> usize {
        if got > 1 && strikes(state.faults.short_reads_per_million) { part(got) } else { got }
    }

    /// Reads everything, from where the file stands.
    pub(crate) fn read_to_end(&self, file: &File, into: &mut Vec<u8>) -> io::Result<()> {
        loop {
            into.try_reserve(PIECE)?;
            if self.read(file, into)? == 0 {
                return Ok(());
            }
        }
    }

    /// Writes once, from where the file stands; at its end if it is appended to.
    pub(crate) fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        let at = if self.append { None } else { Some(file.stream_position()?) };
        self.write_as(file, bytes, at, |most| file.write(&bytes[..most]))
    }

    /// Writes everything at a place.
    pub(crate) fn write_all_at(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            let (rest, at) = (&bytes[done..], at.saturating_add(done as u64));
            let place = (!self.append).then_some(at);
            done += self.write_as(file, rest, place, |most| {
                system::write_all_at(file, &rest[..most], at).map(|()| most)
            })?;
        }
        Ok(())
    }

    /// Has `write` write as much as there is room for, and no fault takes. `at` is where; `None` is the end.
    fn write_as(
        &self,
        file: &File,
        bytes: &[u8],
        at: Option<u64>,
        write: impl FnOnce(usize) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut state = self.state()?;
        if bytes.is_empty() {
            return Ok(0);
        }
        if strikes(state.faults.eio_per_million) {
            return Err(os::broken());
        }
        let end = state.tree.content(self.node).map_or(0, |content| content.len);
        let at = at.unwrap_or(end);
        let mut most = state.room(self.node, at, bytes.len())?;
        if most > 1 && strikes(state.faults.short_writes_per_million) {
            most = part(most);
        }
        let written = write(most)?;
        state.wrote(self.node, at, &bytes[..written]);
        date(file);
        Ok(written)
    }

    pub(crate) fn set_len(&self, file: &File, len: u64) -> io::Result<()> {
        let mut state = self.state()?;
        if strikes(state.faults.eio_per_million) {
            return Err(os::broken());
        }
        let before = state.tree.content(self.node).map_or(0, |content| content.len);
        let more = len.saturating_sub(before);
        if state.room(self.node, before, usize::try_from(more).unwrap_or(usize::MAX))? as u64
            != more
        {
            return Err(os::full());
        }
        file.set_len(len)?;
        state.set_len(self.node, len);
        date(file);
        Ok(())
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.state()?.sync(self.node)
    }

    pub(crate) fn note_permissions(&self, permissions: Permissions) {
        if let Ok(mut state) = self.state() {
            state.tree.allow(self.node, permissions);
        }
    }

    /// Removes the file, which is at this path; not after a crash.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        match self.state() {
            Ok(state) => drop(state),
            Err(_) => return Ok(()),
        }
        self.volume.remove_file(path)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Ok(mut state) = self.state() {
            state.tree.closed(self.node);
        }
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seat({:?})", self.node)
    }
}

/// The file was written to, now.
pub(super) fn date(file: &File) {
    let now = Simulation::current().map_or(Duration::ZERO, |one| one.now().since_start());
    os::set_modified(file, BEGINNING + now);
}
