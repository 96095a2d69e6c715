//! The reading half of a connection while it is open, and how what is read goes down its link: as items, or moved by
//! the kernel once there is much of it and the link ends in a socket or a file.

use bytes::Bytes;
use roundsman_runtime::JobId;

use super::splice::Splice;
use super::splice_into_file::SpliceIntoFile;
use crate::stream::assembly::{Counts, Reporter};
use crate::stream::stage_name::StageName;
use crate::stream::straight::{Borrower, Straight, Target};
use crate::stream::{Downstream, Owed, PipeError};

/// A read of so much is a large one.
const LARGE: u32 = 16 * 1024;
/// After so many bytes of large reads, one after another, the kernel is to move what follows. Less gains nothing: for
/// small pieces it takes more calls, and each connection of which it moves the bytes needs up to three descriptors more.
const BULK: u32 = 256 * 1024;

/// The reading half of a connection.
pub(crate) struct Reading {
    pub(crate) link: Downstream<Bytes>,
    pub(crate) reporter: Reporter,
    /// While the kernel moves bytes: due if the target may take some.
    pub(crate) owed: Owed,
    pub(crate) way: Way,
}

/// A reading half that has ended while a job writes what came last into a file. It reports once nobody has the file.
pub(crate) struct Leaving {
    pub(crate) reporter: Reporter,
    pub(crate) result: Result<Counts, PipeError>,
    /// Until it was cancelled.
    pub(crate) job: Option<JobId>,
}

impl Leaving {
    pub(crate) fn report(self) {
        let Self { mut reporter, result, .. } = self;
        reporter.closed(result);
    }
}

/// How what is read goes down its link. Small, for each connection has one; what is rare is boxed.
pub(crate) enum Way {
    /// As items.
    Plain {
        /// Bytes of large reads, one after another.
        bulk: u32,
    },
    /// The kernel is to move it; the target's descriptor has been asked for.
    Borrowing(Box<(Target, StageName)>),
    /// The kernel moves it into a socket.
    Straight(Box<Splice>),
    /// The kernel moves it into a file.
    IntoFile(Box<SpliceIntoFile>),
    /// As items, and so it stays: the link ends in neither, or no descriptors are left.
    Copied,
}

impl Reading {
    pub(crate) fn new(link: Downstream<Bytes>, reporter: Reporter) -> Self {
        Self { link, reporter, owed: Owed::default(), way: Way::Plain { bulk: 0 } }
    }

    /// So much was read at once. True if the kernel could move what follows.
    pub(crate) fn is_bulk(&mut self, len: usize) -> bool {
        let Way::Plain { bulk } = &mut self.way else { return false };
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        *bulk = if len < LARGE { 0 } else { bulk.saturating_add(len) };
        *bulk >= BULK
    }

    /// Asks for the descriptor in which the link ends.
    pub(crate) fn borrow(&mut self, borrower: impl FnOnce() -> Borrower) {
        self.way = Way::Copied;
        if let Some(Straight { kind, name, lender }) = self.link.straight()
            && lender.send(borrower()).is_ok()
        {
            self.way = Way::Borrowing(Box::new((kind, name)));
        }
    }

    /// The kernel cannot move it after all. Demand counts again.
    pub(crate) fn copy(&mut self) {
        self.way = Way::Copied;
        self.owed = Owed::default();
        self.link.moved(0);
    }
}
