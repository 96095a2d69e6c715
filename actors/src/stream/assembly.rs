//! A pipeline while it is being put together: who belongs to it, and where its members report.
//!
//! Lent by [`Pipeline::start`](super::Pipeline::start) to blueprints as they spawn their actors.

use std::sync::{Arc, Mutex, PoisonError};

use roundsman_runtime::{Recipient, Scope};

use super::PipeError;
use super::error::Cut;
use super::sink::Product;

/// A pipeline while it is being put together.
pub(crate) struct Assembly<'a> {
    /// Where what outlives the pipeline is spawned: connections.
    pub(crate) owner: Scope<'a>,
    /// Where the pipeline's own stages are spawned.
    pub(crate) stages: Scope<'a>,
    pub(crate) report: Recipient<Report>,
    pub(crate) members: Vec<Member>,
    pub(crate) product: ProductSlot,
    /// What the actor that is to be spawned next will run, the last first.
    pub(crate) run: Vec<&'static str>,
}

/// Who belongs to a pipeline: how to abort it, if it needs to be told.
pub(crate) type Member = Option<Recipient<PipeError>>;

/// What arrived at a sink.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) items: u64,
    pub(crate) bytes: u64,
}

impl Counts {
    pub(crate) fn add<T: 'static>(&mut self, item: &T) {
        self.items += 1;
        self.bytes += super::link::bytes_of(item);
    }
}

/// A member has closed.
pub(crate) struct Report {
    pub(crate) member: usize,
    pub(crate) result: Result<Counts, PipeError>,
}

/// Where a sink leaves what it has produced.
#[derive(Clone, Default)]
pub(crate) struct ProductSlot(Arc<Mutex<Option<Product>>>);

impl ProductSlot {
    pub(crate) fn put(&self, product: Product) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(product);
    }

    pub(crate) fn take(&self) -> Option<Product> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Assembly<'_> {
    /// Enters a member. It must say once that it has closed; `abort` tells it to do so early.
    pub(crate) fn enter(&mut self, name: impl Into<Arc<str>>, abort: Member) -> Reporter {
        let member = self.members.len();
        self.members.push(abort);
        Reporter { name: name.into(), member, to: Some(self.report.clone()) }
    }

    /// Tells how to abort a member that was entered before its actor was there.
    pub(crate) fn set_abort(&mut self, member: usize, abort: Recipient<PipeError>) {
        self.members[member] = Some(abort);
    }

    /// The name of the actor that is spawned now: what it runs, in order.
    pub(crate) fn name_of_run(&mut self) -> String {
        self.run.reverse();
        std::mem::take(&mut self.run).join(", ")
    }
}

/// Says once that a member has closed; says so itself if it is dropped, for the member has panicked then.
pub(crate) struct Reporter {
    pub(crate) name: Arc<str>,
    pub(crate) member: usize,
    to: Option<Recipient<Report>>,
}

impl Reporter {
    pub(crate) fn closed(&mut self, result: Result<Counts, PipeError>) {
        if let Some(to) = self.to.take() {
            // A pipeline that has ended needs no reports.
            let _ = to.send(Report { member: self.member, result });
        }
    }

    /// An error of this member.
    pub(crate) fn error(
        &self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> PipeError {
        PipeError::new(Arc::clone(&self.name), cause)
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        let error = self.error(Cut::StageGone);
        self.closed(Err(error));
    }
}
