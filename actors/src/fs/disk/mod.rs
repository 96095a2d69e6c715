//! The disk of a simulated host: files of its own, faults from the seed, and crashes that lose what was not synced.
//!
//! Found by the jobs of `fs` through [`names`](super::names) and [`handle`](super::handle), and offered as
//! [`sim::Disk`](crate::sim::Disk). A library without the feature `sim` has `no_disk.rs` in its place.

mod content;
mod faults;
#[cfg_attr(not(unix), path = "not_unix.rs")]
#[cfg_attr(unix, path = "unix.rs")]
mod os;
mod seat;
mod stowed;
mod tree;
mod volume;

use std::ffi::OsString;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roundsman_runtime::{Builder, Lane, Simulation, simulated_provided};

pub use faults::DiskFaults;
pub(crate) use seat::Seat;
pub(crate) use stowed::Stowed;
use volume::Volume;

/// Bytes that fit on a disk, unless said otherwise.
const CAPACITY: u64 = 1024 * 1024 * 1024;

/// Whether a link at the end of a path is followed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Follow {
    Links,
    NoLink,
}

/// The disk of the simulated host whose code runs on this thread, if it has one.
pub(crate) fn here() -> Option<Arc<Volume>> {
    simulated_provided::<Disk>().map(|disk| Arc::clone(&disk.0.volume))
}

/// The disk of a simulated host. Clones are the same one; it outlives the host, and the next that is given it finds its files.
///
/// On a host that was [given](Self::give_to) one, everything in [`fs`](crate::fs) works on it, jobs and streams: `/` is its
/// root, relative paths begin there, links and `..` lead nowhere else, and there is an empty `/tmp`. A host that was given none has
/// the real files.
///
/// What is on it is a directory of the OS, below the one for temporary files, and goes with the last clone, and the last file
/// open on it. So the OS says what is refused, and with which error; its names are never seen.
///
/// # What a crash loses
/// [`crash`](Self::crash) is the loss of power: everything is as the disk had it. Nothing that was synced is lost. Of the rest the
/// seed chooses:
///
/// | | is safe from | a crash before that |
/// |---|---|---|
/// | what is in a file | [`sync_all`](crate::fs::File::sync_all), [`sync_data`](crate::fs::File::sync_data) of it, by any handle; more than 1 MiB, or 1,024 writes, before the newest | keeps all that was written since, nothing, the first so many writes with the next one torn, or some of them, each whole, torn or lost, holes full of zeros |
/// | that a name is there, or gone | a sync of the directory that it is in; 1,024 changes of names before the newest | keeps all changes since, none, the first so many, or some, but in each directory only the first so many |
/// | a rename | a sync of one of its directories | keeps both halves or none; that a directory has moved to another, only with everything before it |
/// | permissions, links' targets | being said | – |
///
/// So a file that was created is there only once its directory was synced, the directory only once its own was, and a file that
/// is renamed over another without a sync may be found empty. That is stricter than ext4, which writes names in one order,
/// and milder than POSIX, which may part a rename. [`write_atomic`](crate::fs::write_atomic) does all that is needed.
///
/// A sync that fails may have lost what it was to make safe, though it is still read until the crash; the next one does not tell.
///
/// # What it does not do
/// - [`watch`](crate::fs::watch()) fails with `Unsupported`, as in every simulation.
/// - The kernel moves nothing: what would be moved is copied. No file is lent to a child process.
/// - [`File::from_std`](crate::fs::File::from_std) is the file that it was given: a real one.
/// - What is read is what was last written: its cache is never dropped before a crash.
/// - There are no holes: a file takes as much room as it is long. Names take none.
/// - Files are dated by the time of the simulation, which begins with 2026: when they were last modified, and on Unix only. After a
///   crash all of them are of its moment.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::sim::Disk;
/// use roundsman::{JobError, Simulation, fs};
///
/// struct Saver;
///
/// impl Actor for Saver {
///     type Message = Result<(), JobError<fs::FsError>>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.start(fs::write_atomic("/settings", "colour = green"), |saved| saved);
///         Ok(())
///     }
///
///     fn receive(&mut self, saved: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         saved?;
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// for seed in 0..20 {
///     let simulation = Simulation::new(seed);
///     let disk = Disk::new()?;
///     let runtime = disk.give_to(Runtime::builder()).build_in(&simulation)?;
///     simulation.launch(runtime, Spawn::new(), || Saver);
///     simulation.run()?;
///     disk.crash(&simulation)?;
///     assert_eq!(disk.read("/settings")?, b"colour = green", "it was acknowledged");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Disk(Arc<Inner>);

struct Inner {
    volume: Arc<Volume>,
    latency: Mutex<Option<Range<Duration>>>,
}

impl Disk {
    /// An empty disk without faults, for 1 GiB.
    ///
    /// # Errors
    /// What the OS says if it gives no directory for it.
    pub fn new() -> io::Result<Self> {
        let volume = Arc::new(Volume::new(CAPACITY)?);
        volume.settle_dir(Path::new("/tmp"))?;
        Ok(Self(Arc::new(Inner { volume, latency: Mutex::default() })))
    }

    /// How long jobs of [`Lane::Fs`] take on the hosts that are given the disk from now on, in virtual time. An empty range is its
    /// beginning. Default: as other jobs, less than 10 ms ([`Simulation::longest_job`]).
    #[must_use = "it is the same disk, for more to be said of it"]
    pub fn latency(self, each: Range<Duration>) -> Self {
        *self.0.latency.lock().unwrap_or_else(PoisonError::into_inner) = Some(each);
        self
    }

    /// How many bytes fit on it, in files. What does not fit fails with `StorageFull` (ENOSPC); a write may have taken a
    /// part before. It may be said at any time, by a clone, and be less than there is. Default: 1 GiB.
    #[must_use = "it is the same disk, for more to be said of it"]
    pub fn capacity(self, bytes: u64) -> Self {
        self.0.volume.lock().capacity = bytes;
        self
    }

    /// What goes wrong with it, and how often, from now on. It may be said at any time, by a clone. Default: nothing.
    #[must_use = "it is the same disk, for more to be said of it"]
    pub fn faults(self, faults: DiskFaults) -> Self {
        self.0.volume.lock().faults = faults;
        self
    }

    /// Gives it to the host that is built by this: its files are on this disk, and take the disk's time. Of several, the last
    /// counts. Without effect on a runtime that is not [simulated](Builder::build_in).
    pub fn give_to(&self, builder: Builder) -> Builder {
        let latency = self.0.latency.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let builder = builder.provide(self.clone());
        match latency {
            Some(each) => builder.simulated_job_time(Lane::Fs, each),
            None => builder,
        }
    }

    // For the body of a test: no fault befalls it, and it takes no time.

    /// What is in a file, as a program would read it now.
    ///
    /// # Errors
    /// There is none.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        std::fs::read(self.0.volume.place_of(path.as_ref(), Follow::Links)?)
    }

    /// Puts a file there, or in the place of what is in it, as if it had long been there: no crash takes it, nor the
    /// directories on the way, which are made. What has happened in these is synced by it.
    ///
    /// # Errors
    /// It is a directory, a part of the way is a file, …
    ///
    /// # Examples
    /// ```
    /// use roundsman::sim::Disk;
    ///
    /// let disk = Disk::new()?;
    /// disk.write("/etc/motd", "be kind")?;
    /// assert_eq!(disk.read("etc/motd")?, b"be kind");
    /// assert_eq!(disk.names("/")?, ["etc", "tmp"]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.volume.settle(path.as_ref(), bytes.as_ref())
    }

    /// The names in a directory, in order.
    ///
    /// # Errors
    /// There is none, or it is none.
    pub fn names(&self, path: impl AsRef<Path>) -> io::Result<Vec<OsString>> {
        self.0.volume.list(path.as_ref())
    }

    /// Bytes in its files, those that were removed and are still open included.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.0.volume.lock().tree.used()
    }

    /// The power fails: what was not synced may be gone, as drawn from the simulation. See [`Disk`] for what is kept.
    ///
    /// Say so first, and then [kill](Simulation::kill) the host: what its actors do as they are dropped, as to remove what is
    /// temporary, no longer reaches the disk then. A host that lives on has an error for every file that it had open.
    ///
    /// # Errors
    /// What the OS says if it cannot keep what is left.
    pub fn crash(&self, simulation: &Simulation) -> io::Result<()> {
        simulation.inside(|| self.0.volume.crash(&|bound| simulation.below(bound)))
    }
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.0.volume.lock();
        write!(
            f,
            "Disk({} of {} bytes, {} crashes)",
            state.tree.used(),
            state.capacity,
            state.crashes
        )
    }
}
