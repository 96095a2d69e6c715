//! What is left of a connection that we have ended and its peer has not: the socket, which waits for the peer's end.
//!
//! Spawned by an [engine](super::engine) as it ends, beside the tree: whoever has ended a connection, or has ended itself, has
//! not to wait. It wants nothing of what comes.
//!
//! # Why
//! Who closes a socket while its peer is still sending answers the next byte with a reset. A reset makes the peer's system
//! forget what has arrived and was not read: the last line of ours, which says why there is no other. So our end is sent, and
//! what comes is read and dropped until the peer's end. (RFC 9112, section 9.6; nginx: `lingering_close`.)
//!
//! # For how long
//! Until the peer's end, at most [`LINGER`], and no more than is [dropped](super::unwanted) of one connection. Then it is
//! closed, whatever that does to the peer. A runtime that is told to stop waits for none of them.

use std::time::Duration;

use roundsman_runtime::{Actor, Context, DrainPhase, ExitReason, Outcome, Readiness, Spawn};

use super::engine::{Engine, ReadHalf, WriteHalf};
use super::station::{Ctx, shown_readiness};

/// How long the peer's end is waited for.
const LINGER: Duration = Duration::from_secs(5);

/// The actor of a connection that waits for its peer's end.
pub(super) struct Lingering {
    engine: Engine,
}

/// What it takes.
pub(super) enum Message {
    Ready(Readiness),
    /// The peer was waited for long enough.
    Over,
}

impl Engine {
    /// Whether the peer may lose something if the socket is closed now: what it was sent, if it still sends.
    pub(super) fn may_linger(&self) -> bool {
        let has_spoken = self.ends.as_ref().is_some_and(|ends| ends.traffic().written > 0);
        let is_unread = !self.at_end && !matches!(self.read, ReadHalf::Leaving(_));
        has_spoken && is_unread && !self.unwanted.is_too_much()
    }

    /// Sends our end, behind what was written, unless it is sent. False if that does not go.
    pub(super) fn has_ended(&mut self) -> bool {
        match self.write {
            WriteHalf::Open(_) => self.socket.finish().is_ok(),
            WriteHalf::Unused | WriteHalf::Ended => true,
        }
    }
}

impl Lingering {
    /// Takes over the socket of an engine that ends.
    pub(super) fn begin(mut engine: Engine, ctx: &mut Ctx<'_>) {
        engine.unwanted.begin();
        // Whoever has read hears now that this is over.
        engine.read = ReadHalf::Ended;
        let Some(ends) = engine.ends.clone() else { return };
        // One that cannot be had back is closed.
        if engine.pack(ctx).is_ok() {
            let spawn = Spawn::named_by(ends).tireless().unmourned();
            ctx.scope().without_parent().spawn_with(spawn, Self { engine });
        }
    }

    fn drop_input(&mut self, ctx: &mut Context<'_, Self>) {
        self.engine.drop_input();
        if self.engine.at_end || self.engine.unwanted.is_too_much() {
            ctx.stop();
        } else if let (true, Some(source)) = (self.engine.has_input_to_drop(), self.engine.source) {
            ctx.ready_again(source, Readiness::READABLE);
        }
    }
}

impl Actor for Lingering {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        match self.engine.socket.register(ctx, Message::Ready) {
            Ok(source) => {
                self.engine.source = Some(source);
                ctx.send_after(LINGER, Message::Over);
                self.drop_input(ctx);
            }
            // Nothing would say that more comes.
            Err(_) => ctx.stop(),
        }
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            Message::Ready(readiness) => {
                self.engine.readable |= readiness.is_readable();
                self.engine.hung_up |= readiness.has(Readiness::READ_CLOSED | Readiness::ERROR);
                self.drop_input(ctx);
            }
            Message::Over => ctx.stop(),
        }
        Ok(())
    }

    fn draining(&mut self, _: DrainPhase, ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.stop();
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, ctx: &mut Context<'_, Self>) {
        if !self.engine.at_end {
            self.engine.drop_input();
        }
        if let Some(ends) = &self.engine.ends {
            ends.happened(None, ctx);
        }
    }

    fn show(message: &Message) -> String {
        match message {
            Message::Ready(readiness) => shown_readiness(*readiness),
            Message::Over => "the peer has been waited for".to_owned(),
        }
    }
}
