//! What the engine does while the kernel moves what it reads, into a socket or a file.
//!
//! Split from [`engine`](super::engine), which decides when. The ways themselves are [`splice`](super::splice) and
//! [`splice_into_file`](super::splice_into_file); they know no links.

use std::fs::File;
use std::io;

use roundsman_runtime::{JobError, Readiness};

use super::engine::{Engine, Message, READ_CAP, ReadHalf};
use super::reading::{Reading, Way};
use super::splice::{Failure, Splice, Stop};
use super::splice_into_file::{Moving, Next, SpliceIntoFile};
use super::station::Ctx;
use crate::stream::straight::Target;
use crate::stream::{Owed, PipeError};

impl Engine {
    /// Has the kernel move what there is, as long as the target takes it, or up to the cap.
    pub(super) fn move_on(&mut self, ctx: &mut Ctx<'_>) {
        let ReadHalf::Open(reading) = &mut self.read else { return };
        let Way::Straight(splice) = &mut reading.way else { return };
        if !reading.owed.is_due() || (!self.readable && splice.is_empty()) {
            if splice.is_empty() {
                self.look_for_end();
            }
            return;
        }
        let (moved, stop) = splice.go(&self.socket, READ_CAP);
        if moved > 0 {
            reading.link.moved(moved);
            if let Some(ends) = &self.ends {
                ends.has_read(moved);
            }
        }
        match stop {
            Ok(Stop::Dry) => self.readable = false,
            // The target's engine asks when it takes more.
            Ok(Stop::Full) => reading.owed = Owed::default(),
            Ok(Stop::End) => self.end_read(),
            Ok(Stop::Cap) => {
                if let Some(source) = self.source {
                    ctx.ready_again(source, Readiness::READABLE);
                }
            }
            Ok(Stop::NoPipe) => reading.copy(),
            Err(Failure::Here(error)) => self.fail(error),
            Err(Failure::Target(error)) => {
                let error = PipeError::new(splice.name.clone(), error);
                self.cut_read(error);
            }
        }
    }

    /// The same into a file: whatever there is, as soon as a job has written what was before it.
    pub(super) fn move_into_file(&mut self, ctx: &mut Ctx<'_>) {
        let ReadHalf::Open(Reading { way: Way::IntoFile(splice), .. }) = &mut self.read else {
            return;
        };
        match splice.go(&self.socket) {
            Ok(Next::Empty(job)) => splice.begun(ctx.start(job, Message::Emptied)),
            Ok(Next::Wait) => {}
            Ok(Next::Dry) => self.readable = false,
            Ok(Next::End) => self.end_read(),
            Err(error) => self.fail(error),
        }
    }

    /// A job has written what was on its way into a file.
    pub(super) fn emptied(
        &mut self,
        result: Result<(Moving, u64), JobError<io::Error>>,
        ctx: &mut Ctx<'_>,
    ) {
        let (splice, link) = match &mut self.read {
            ReadHalf::Open(Reading { way: Way::IntoFile(splice), link, .. }) => (splice, link),
            ReadHalf::Leaving(_) => {
                // What it has brought home is closed.
                drop(result);
                if let ReadHalf::Leaving(leaving) =
                    std::mem::replace(&mut self.read, ReadHalf::Ended)
                {
                    leaving.report();
                }
                return;
            }
            _ => return,
        };
        splice.ended();
        let error = match result {
            Ok((ends, bytes)) => {
                splice.emptied(ends);
                link.moved(bytes);
                if let Some(ends) = &self.ends {
                    ends.has_read(bytes);
                }
                return self.read_on(ctx);
            }
            Err(JobError::Failed(error)) => PipeError::new(splice.name.clone(), error),
            Err(error) => PipeError::new(splice.name.clone(), error),
        };
        self.cut_read(error);
    }

    /// The target's descriptor has come.
    pub(super) fn lent(&mut self, target: io::Result<File>, ctx: &mut Ctx<'_>) {
        let ReadHalf::Open(reading) = &mut self.read else { return };
        // Out of descriptors everything goes on as it did.
        if let (Way::Borrowing(whose), Ok(target)) =
            (std::mem::replace(&mut reading.way, Way::Copied), target)
        {
            let (kind, name) = *whose;
            match kind {
                Target::Socket => {
                    reading.way = Way::Straight(Box::new(Splice::new(target, name)));
                    // It has written everything: it takes some.
                    if !reading.owed.is_due() {
                        reading.owed = Owed::default();
                        reading.owed.ask(1);
                    }
                }
                Target::File => match SpliceIntoFile::new(target, name) {
                    Ok(splice) => reading.way = Way::IntoFile(Box::new(splice)),
                    Err(_) => reading.copy(),
                },
            }
        }
        self.read_on(ctx);
    }
}
