//! The actor that waits for the end of a child, and has it end when nobody is left who wants it.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{Actor, Context, DrainPhase, ExitReason, Outcome, Recipient, Spawn};

use super::child::Process;
use super::pidfd::Pidfd;
use super::reaper;

/// What a planned stop of the runtime means to a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDrain {
    /// It is asked to end, if it has a time of grace.
    Ask,
    /// Nothing: it ends when what it reads does.
    Leave,
}

/// Waits for the end of `process`, as a child of the calling actor.
pub(crate) fn watch<A: Actor>(
    process: Arc<Process>,
    tell: Recipient<io::Result<ExitStatus>>,
    on_drain: OnDrain,
    ctx: &mut Context<'_, A>,
) {
    let spawn = Spawn::named(format!("process:{}", process.id())).tireless();
    let waiter = Waiter { process, tell, on_drain, pidfd: None, look: Look::default() };
    ctx.spawn_with(spawn, waiter);
}

struct Waiter {
    process: Arc<Process>,
    tell: Recipient<io::Result<ExitStatus>>,
    on_drain: OnDrain,
    /// What says when it is over. `None`: it is looked for.
    pidfd: Option<Pidfd>,
    look: Look,
}

/// It may be over.
struct MayBeOver;

impl Waiter {
    fn look(&mut self, ctx: &mut Context<'_, Self>) {
        let ended = self.process.lock().child.try_wait();
        if let Some(result) = ended.transpose() {
            self.tell.complete(result);
            ctx.stop();
        } else if self.pidfd.is_none() {
            ctx.send_after(self.look.next(), MayBeOver);
        }
    }
}

impl Actor for Waiter {
    type Message = MayBeOver;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.pidfd = Pidfd::register(&self.process.lock().child, ctx, || MayBeOver).ok();
        self.look(ctx);
        Ok(())
    }

    fn receive(&mut self, _: MayBeOver, ctx: &mut Context<'_, Self>) -> Outcome {
        self.look(ctx);
        Ok(())
    }

    fn draining(&mut self, _: DrainPhase, ctx: &mut Context<'_, Self>) -> Outcome {
        let ending = self.process.ending();
        // Once, in whichever phase it hears of it first.
        let on_drain = std::mem::replace(&mut self.on_drain, OnDrain::Leave);
        if on_drain == OnDrain::Ask && !ending.grace.is_zero() {
            reaper::end(Arc::clone(&self.process), ending, ctx.scope());
        }
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, ctx: &mut Context<'_, Self>) {
        reaper::end(Arc::clone(&self.process), self.process.ending(), ctx.scope());
    }
}

/// How long to wait, where the OS does not say, before looking again: 10 ms, doubling up to 200.
pub(super) struct Look(Duration);

impl Default for Look {
    fn default() -> Self {
        Self(Duration::from_millis(10))
    }
}

impl Look {
    pub(super) fn next(&mut self) -> Duration {
        let next = Duration::from_millis(200).min(self.0 * 2);
        std::mem::replace(&mut self.0, next)
    }
}
