//! The actor that waits for the end of a child, and kills it when nobody is left who wants it.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{Actor, Context, ExitReason, Outcome, Recipient, Spawn};

use super::child::Process;
use super::pidfd::Pidfd;

/// How long it waits, where the OS does not say, before it looks again: this, doubling up to [`LOOK_MAX`].
const LOOK_MIN: Duration = Duration::from_millis(10);
const LOOK_MAX: Duration = Duration::from_millis(200);

/// Waits for the end of `process`, as a child of the calling actor.
pub(crate) fn watch<A: Actor>(
    process: Arc<Process>,
    id: u32,
    tell: Recipient<io::Result<ExitStatus>>,
    ctx: &mut Context<'_, A>,
) {
    let waiter = Waiter { process, tell, pidfd: None, look: LOOK_MIN };
    ctx.spawn_with(Spawn::named(format!("process:{id}")).tireless(), waiter);
}

struct Waiter {
    process: Arc<Process>,
    tell: Recipient<io::Result<ExitStatus>>,
    /// What says when it is over. `None`: it is looked for.
    pidfd: Option<Pidfd>,
    look: Duration,
}

/// It may be over.
struct Look;

impl Waiter {
    fn look(&mut self, ctx: &mut Context<'_, Self>) {
        let ended = self.process.lock().child.try_wait();
        if let Some(result) = ended.transpose() {
            self.tell.complete(result);
            ctx.stop();
        } else if self.pidfd.is_none() {
            ctx.send_after(self.look, Look);
            self.look = LOOK_MAX.min(self.look * 2);
        }
    }
}

impl Actor for Waiter {
    type Message = Look;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.pidfd = Pidfd::register(&self.process.lock().child, ctx, || Look).ok();
        self.look(ctx);
        Ok(())
    }

    fn receive(&mut self, _: Look, ctx: &mut Context<'_, Self>) -> Outcome {
        self.look(ctx);
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<'_, Self>) {
        self.process.end();
    }
}
