//! A straight pipe: a descriptor at each end of a link and nothing in between, so that the kernel may move the bytes.
//!
//! The upper end of the link does the moving: it borrows the lower end's descriptor, and says how much has gone. Demand
//! says no more than that the descriptor takes again. A stage in between has no descriptor, so it turns all this off.

use std::fs::File;
use std::io;

use roundsman_runtime::Recipient;

use super::stage_name::StageName;

/// The lower end of a link, as a descriptor.
pub(crate) struct Straight {
    pub(crate) kind: Target,
    /// Its name, for errors that are its own.
    pub(crate) name: StageName,
    /// Asks for the descriptor. The link must have begun.
    pub(crate) lender: Recipient<Borrower>,
}

/// What is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// It may be full for now; then demand says when it is worth trying again.
    Socket,
    /// Writing to it blocks, so it is done on the pool.
    File,
}

/// To whom a descriptor is lent.
pub(crate) type Borrower = Recipient<io::Result<File>>;
