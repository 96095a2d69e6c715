//! The file that is sent and copied: real bytes, of which no two pieces are the same.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use sha3::{Digest, Sha3_256};

/// How much of it is read or compared at once.
const PIECE: usize = 256 * 1024;

/// A file of known content.
#[derive(Debug)]
pub struct Sample {
    /// Where it lies.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its sha3-256.
    pub digest: [u8; 32],
    file: File,
}

impl Sample {
    /// The sample of this length in `folder`, written if it is not there yet. It has then been read once, so that it is
    /// in the page cache.
    ///
    /// # Errors
    /// If the folder or the file cannot be made or read.
    pub fn in_folder(folder: &Path, bytes: u64) -> io::Result<Self> {
        let path = folder.join(format!("sample-{bytes}"));
        if fs::metadata(&path).map_or(0, |found| found.len()) != bytes {
            fs::create_dir_all(folder)?;
            write(&path, bytes)?;
        }
        let mut file = File::open(&path)?;
        let digest = digest(&mut file)?;
        Ok(Self { path, bytes, digest, file })
    }

    /// Compares `bytes`, which were read at `offset`, with its own there.
    ///
    /// # Errors
    /// If they differ, or it ends before them.
    pub fn compare(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if offset + bytes.len() as u64 > self.bytes {
            return Err(io::Error::other(format!("more than its {} bytes", self.bytes)));
        }
        let mut own = vec![0; bytes.len()];
        self.file.read_exact_at(&mut own, offset)?;
        if own == bytes {
            return Ok(());
        }
        Err(io::Error::other(format!("other bytes than the file's behind {offset}")))
    }

    /// Compares so many bytes with its length.
    ///
    /// # Errors
    /// If they differ.
    pub fn compare_length(&self, bytes: u64) -> io::Result<()> {
        if bytes == self.bytes {
            return Ok(());
        }
        Err(io::Error::other(format!("{bytes} bytes instead of {}", self.bytes)))
    }

    /// Compares the file at `path` with itself.
    ///
    /// # Errors
    /// If they differ, or the other cannot be read.
    pub fn compare_file(&self, path: &Path) -> io::Result<()> {
        let mut copy = File::open(path)?;
        self.compare_length(copy.metadata()?.len())?;
        pieces(&mut copy, |piece, offset| self.compare(piece, offset))
    }
}

fn digest(file: &mut File) -> io::Result<[u8; 32]> {
    let mut hasher = Sha3_256::new();
    pieces(file, |piece, _| {
        hasher.update(piece);
        Ok(())
    })?;
    Ok(hasher.finalize().into())
}

/// Calls `take` with each piece and its offset.
fn pieces(file: &mut File, mut take: impl FnMut(&[u8], u64) -> io::Result<()>) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    let mut offset = 0;
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            return Ok(());
        }
        take(&piece[..length], offset)?;
        offset += length as u64;
    }
}

/// Writes it under another name first, so that a sample is whole.
fn write(path: &Path, bytes: u64) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = BufWriter::with_capacity(PIECE, File::create(&unfinished)?);
    for index in 0..bytes / 8 {
        file.write_all(&word(index).to_le_bytes())?;
    }
    file.write_all(&word(bytes / 8).to_le_bytes()[..(bytes % 8) as usize])?;
    // Lest it be written to the disk while others are measured.
    file.into_inner()?.sync_all()?;
    fs::rename(unfinished, path)
}

/// The eight bytes at `8 * index`: SplitMix64 of the index.
fn word(index: u64) -> u64 {
    let z = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
