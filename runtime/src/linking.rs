//! Linked actors die together. (OTP: `link`.)
//!
//! Both ends keep the other. When one ends other than by itself and as planned, or fails and is to be built anew, the
//! other is told through its loop's inbox, behind everything that was sent to it before. It decides nothing but that.

use std::sync::Arc;

use crate::actor::Actor;
use crate::address::Address;
use crate::cell::CellRef;
use crate::context::Context;
use crate::dying;
use crate::exit::ExitReason;
use crate::local::Local;
use crate::own::flag;
use crate::parcel::Parcel;

impl<A: Actor> Context<'_, A> {
    /// Dies with the actor at `address`, and it with this one: when either fails, the other fails, too; when either is
    /// stopped, the other is. One that stops by itself ([`stop`](Self::stop)) takes nobody along. (OTP: `link`.)
    ///
    /// Linking with an actor that has ended other than by itself is as if it ended now. A link does not survive a
    /// restart of either. To be told instead of dying, use [`watch`](Self::watch).
    ///
    /// # Examples
    /// ```
    /// # use roundsman_runtime::{Actor, Context, Outcome, RunError, Runtime};
    /// struct Reader;
    /// # impl Actor for Reader {
    /// #     type Message = ();
    /// #     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
    /// #         Err("the file is gone")?
    /// #     }
    /// # }
    /// struct Report;
    ///
    /// impl Actor for Report {
    ///     type Message = ();
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let reader = ctx.spawn(Reader);
    ///         ctx.link(&reader);
    ///         reader.send(())?; // it fails
    ///         Ok(())
    ///     }
    /// #     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome { Ok(()) }
    /// }
    ///
    /// let error = Runtime::builder().loops(1).build()?.run(|| Report).unwrap_err();
    /// assert!(error.to_string().ends_with("the file is gone"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn link<M: Send + 'static>(&mut self, address: &Address<M>) {
        let (me, other) = (self.cell().clone(), address.cell().clone());
        if me.same(&other) {
            return;
        }
        link(self.local(), &me, other.clone());
        Parcel::Link { cell: other.clone(), with: me }.send(&other);
    }

    /// Takes a link back. It may come too late, if the other has ended meanwhile.
    pub fn unlink<M: Send + 'static>(&mut self, address: &Address<M>) {
        let (me, other) = (self.cell().clone(), address.cell().clone());
        unlink(self.local(), &me, &other);
        Parcel::Unlink { cell: other.clone(), from: me }.send(&other);
    }
}

/// Enters a link at one end, on that end's loop.
pub(crate) fn link(local: &Local, cell: &CellRef, with: CellRef) {
    let own = cell.own(local);
    let reason = || {
        let reason =
            own.extras_if_any().and_then(|extras| extras.borrow().reason.as_deref().cloned());
        reason.unwrap_or(ExitReason::Normal)
    };
    // One that has not lived yet, or rests without having failed, is as good as alive.
    if own.has(flag::DEAD) || (own.has(flag::VACANT) && reason().is_failure()) {
        tell(cell, vec![with], &reason());
        return;
    }
    let mut extras = own.extras().borrow_mut();
    if !extras.links.iter().any(|other| other.same(&with)) {
        extras.links.push(with);
    }
}

/// Removes a link at one end, on that end's loop.
pub(crate) fn unlink(local: &Local, cell: &CellRef, from: &CellRef) {
    let Some(extras) = cell.own(local).extras_if_any() else { return };
    let link = {
        let mut extras = extras.borrow_mut();
        let at = extras.links.iter().position(|other| other.same(from));
        at.map(|at| extras.links.swap_remove(at))
    };
    drop(link);
}

/// Tells those at the other ends that `cell` has ended, or fails and begins anew.
pub(crate) fn tell(cell: &CellRef, links: Vec<CellRef>, reason: &ExitReason) {
    for other in links {
        let reason = reason.clone();
        Parcel::LinkEnded { cell: other.clone(), from: cell.clone(), reason }.send(&other);
    }
}

/// The other end of a link has ended.
pub(crate) fn ended(local: &Local, cell: &CellRef, from: &CellRef, reason: &ExitReason) {
    unlink(local, cell, from);
    match reason {
        ExitReason::Normal => {}
        ExitReason::Shutdown => dying::stop(local, cell, ExitReason::Shutdown, None),
        failure => {
            let text = format!("linked with {}, which {failure}", dying::path_of(from));
            dying::fail_from_outside(local, cell, ExitReason::Failed(Arc::from(text)));
        }
    }
}
