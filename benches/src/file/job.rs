//! What a server of `files` does for a client.

use std::{fmt, io, path::PathBuf, str::FromStr};

/// The way of the file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// File → TCP; they need not pass through the program.
    Straight,
    /// File → stage → TCP; they pass through the program, which looks at them.
    Staged,
    /// File → sha3-256 → file; the client gets the digest.
    Hashed,
}

impl Job {
    /// All jobs, in the order of the rows.
    pub const ALL: [Self; 3] = [Self::Straight, Self::Staged, Self::Hashed];

    /// As arguments of the servers have it.
    const fn word(self) -> &'static str {
        match self {
            Self::Straight => "straight",
            Self::Staged => "staged",
            Self::Hashed => "hashed",
        }
    }

    /// The row's name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Straight => "file → TCP",
            Self::Staged => "file → stage → TCP",
            Self::Hashed => "file → sha3-256 → file",
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Job {
    type Err = io::Error;

    fn from_str(word: &str) -> io::Result<Self> {
        let job = Self::ALL.into_iter().find(|job| job.word() == word);
        job.ok_or_else(|| {
            io::Error::other(format!("a job is straight, staged or hashed, not {word}"))
        })
    }
}

/// A job and its files.
#[derive(Clone, Debug)]
pub struct Task {
    /// What is done with the file.
    pub job: Job,
    /// The file.
    pub from: PathBuf,
    /// Where its copy goes, for [`Job::Hashed`].
    pub to: PathBuf,
}
