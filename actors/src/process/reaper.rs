//! The actor that sees a child to its end when nobody else does: asks it to end, kills it after a while, takes its status.
//!
//! Spawned by [`child`](super::child) and [`exit`](super::exit), without a parent, for it outlives whoever wanted the child.
//! It tells nobody.

use std::sync::Arc;

use roundsman_runtime::{Actor, Context, ExitReason, Outcome, Scope, Spawn};

use super::child::Process;
use super::command::Ending;
use super::exit::Look;
use super::pidfd::Pidfd;

/// Has a child end as `ending` says, without waiting for that here.
pub(super) fn end(process: Arc<Process>, ending: Ending, scope: Scope<'_>) {
    if process.has_ended() {
        return;
    }
    let spawn = Spawn::named(format!("ending:{}", process.id())).tireless();
    let reaper = Reaper { process, ending, pidfd: None, look: Look::default() };
    scope.without_parent().spawn_with(spawn, reaper);
}

struct Reaper {
    process: Arc<Process>,
    ending: Ending,
    /// What says when it is over. `None`: it is looked for.
    pidfd: Option<Pidfd>,
    look: Look,
}

enum Message {
    /// It may be over.
    Look,
    /// Its time is up.
    Kill,
}

impl Reaper {
    fn look(&mut self, ctx: &mut Context<'_, Self>) {
        if self.process.has_ended() {
            ctx.stop();
        } else if self.pidfd.is_none() {
            ctx.send_after(self.look.next(), Message::Look);
        }
    }
}

impl Actor for Reaper {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.pidfd = Pidfd::register(&self.process.lock().child, ctx, || Message::Look).ok();
        // A drain waits for it, and names it if it has to be cut.
        ctx.set_unfinished(true);
        let Ending { signal, grace } = self.ending;
        if grace.is_zero() || self.process.ask(signal).is_err() {
            self.process.kill();
        } else {
            ctx.send_after(grace, Message::Kill);
        }
        self.look(ctx);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        if let Message::Kill = message {
            self.process.kill();
        }
        self.look(ctx);
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<'_, Self>) {
        self.process.end();
    }
}
