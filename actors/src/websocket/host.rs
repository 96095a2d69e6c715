//! The host: the actor of one WebSocket, from the first byte of its handshake to the end of its connection.
//!
//! Spawned by [`accept`](super::accept()) and by an attempt to [`connect`](super::connect()), outside of the tree: it ends with its
//! connection, and a socket that nobody holds ends that.
//!
//! | phase | what comes | what goes | ends with |
//! |---|---|---|---|
//! | [attending](super::attending) | requests of HTTP | answers | an upgrade, the last answer |
//! | [calling](super::calling) | the answer of a server | one request | an upgrade, a failure |
//! | [conversation](super::conversation) | frames | frames | both Closes, a failure |
//! | ending | is dropped, until the peer's end | what waits, then our end | the end of the connection |
//!
//! A socket that is closed over bytes that nobody has read would be reset, and the peer might lose what it was sent last: so
//! there is a phase that only waits for the peer's end, for a limited time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roundsman_runtime::{Actor, Context, DrainPhase, ExitReason, Outcome, TimerId};

use super::attending::Attending;
use super::calling::Calling;
use super::conversation::{Conversation, Order, Parting};
use super::fate::{Closed, Fate};
use super::line::Line;
use super::{Options, Response};
use crate::net::Connection;
use crate::stream::assembly::Report;
use crate::stream::{Demand, Flow};

/// The actor of one WebSocket.
pub(super) struct Host {
    pub(super) line: Line,
    pub(super) connection: Connection,
    pub(super) fate: Arc<Fate>,
    pub(super) options: Options,
    phase: Phase,
    /// Of whatever the phase waits for.
    timer: Option<TimerId>,
    /// How much was written when the timer was set.
    seen: u64,
    /// A planned stop has begun.
    pub(super) draining: bool,
    /// The writer's pipeline, which is told once everything is written.
    pub(super) parting: Option<Parting>,
    pub(super) closed: Closed,
}

pub(super) enum Phase {
    Attending(Box<Attending>),
    Calling(Box<Calling>),
    Open(Box<Conversation>),
    Ending,
}

/// What a host takes.
pub(super) enum Message {
    /// From the connection.
    Came(Flow<Bytes>),
    /// The connection takes so much.
    Asked(Demand),
    /// A half of the connection is closed.
    Reported(Report),
    /// The answer to a request.
    Answer(Response),
    /// Whoever wanted the socket has ended.
    Unwanted,
    /// What the phase waits for has not come.
    Overdue,
    /// It is time to look whether the peer is there.
    Look,
    /// From the socket's handles and pipelines.
    Order(Order),
}

impl From<Order> for Message {
    fn from(order: Order) -> Self {
        Self::Order(order)
    }
}

impl Host {
    pub(super) fn new(
        connection: Connection,
        fate: Arc<Fate>,
        options: Options,
        phase: Phase,
    ) -> Self {
        let line = Line::new(connection.clone());
        let closed = Closed::default();
        let (timer, seen, draining, parting) = (None, 0, false, None);
        Self { line, connection, fate, options, phase, timer, seen, draining, parting, closed }
    }

    /// Goes on as far as it can.
    fn go_on(&mut self, ctx: &mut Context<'_, Self>) {
        loop {
            let (phase, again) = match std::mem::replace(&mut self.phase, Phase::Ending) {
                Phase::Attending(attending) => self.attend(attending, ctx),
                Phase::Calling(calling) => self.call(calling, ctx),
                Phase::Open(conversation) => self.converse(conversation, ctx),
                Phase::Ending => {
                    self.line.drop_input();
                    self.line.ask();
                    (Phase::Ending, false)
                }
            };
            self.phase = phase;
            if !again {
                break;
            }
        }
        self.line.flush();
        if let Some(parting) = self.parting.take_if(|_| self.line.is_written()) {
            parting.tell(self.line.failure());
        }
        if self.line.is_over() {
            ctx.stop();
        }
    }

    /// Says that it is overdue after so long; not what was said so before.
    pub(super) fn wait(&mut self, timeout: Duration, ctx: &mut Context<'_, Self>) {
        self.wait_no_more(ctx);
        self.seen = self.connection.traffic().written;
        self.timer = Some(ctx.send_after(timeout, Message::Overdue));
    }

    /// Whether the peer has taken something since the timer was set.
    pub(super) fn moves(&self) -> bool {
        self.connection.traffic().written != self.seen
    }

    pub(super) fn wait_no_more(&mut self, ctx: &mut Context<'_, Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel(timer);
        }
    }

    /// The last phase: what waits goes, and then our end.
    pub(super) fn end(&mut self, ctx: &mut Context<'_, Self>) -> (Phase, bool) {
        self.line.end();
        self.wait(self.options.close_timeout, ctx);
        (Phase::Ending, true)
    }

    /// The same without what waits, and without good order.
    pub(super) fn cut(&mut self, ctx: &mut Context<'_, Self>) -> (Phase, bool) {
        self.line.abort();
        self.end(ctx)
    }

    fn overdue(&mut self, ctx: &mut Context<'_, Self>) {
        self.timer = None;
        let (phase, _) = match std::mem::replace(&mut self.phase, Phase::Ending) {
            Phase::Attending(attending) => self.attending_overdue(attending, ctx),
            Phase::Calling(calling) => self.calling_overdue(calling, ctx),
            Phase::Open(conversation) => self.conversation_overdue(conversation, ctx),
            Phase::Ending => {
                if self.line.is_written() {
                    self.line.stop_reading();
                } else if self.moves() {
                    self.wait(self.options.close_timeout, ctx);
                } else {
                    self.line.abort();
                }
                (Phase::Ending, false)
            }
        };
        self.phase = phase;
    }

    fn unwanted(&mut self, ctx: &mut Context<'_, Self>) {
        let (phase, _) = match std::mem::replace(&mut self.phase, Phase::Ending) {
            Phase::Attending(attending) => self.attending_unwanted(attending, ctx),
            Phase::Calling(calling) => self.calling_unwanted(calling, ctx),
            // It is in the hands of others.
            phase => (phase, false),
        };
        self.phase = phase;
    }
}

impl Actor for Host {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.line.open(ctx);
        match &mut self.phase {
            Phase::Attending(attending) => attending.begin(ctx),
            Phase::Calling(calling) => calling.begin(&mut self.line, ctx),
            Phase::Open(_) | Phase::Ending => {}
        }
        self.wait(self.options.timeout, ctx);
        self.go_on(ctx);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            Message::Came(flow) => {
                if self.line.take(flow)
                    && let Phase::Open(conversation) = &mut self.phase
                {
                    conversation.hears();
                }
            }
            Message::Asked(demand) => self.line.demand(demand),
            Message::Reported(report) => self.line.reported(report),
            Message::Answer(response) => {
                if let Phase::Attending(attending) = &mut self.phase {
                    attending.answered(response);
                }
            }
            Message::Unwanted => self.unwanted(ctx),
            Message::Overdue => self.overdue(ctx),
            Message::Look => {
                if let Phase::Open(conversation) = &mut self.phase {
                    conversation.look_after_peer(&mut self.line.outgoing, ctx);
                }
            }
            Message::Order(order) => match &mut self.phase {
                Phase::Open(conversation) => {
                    conversation.obey(order, &mut self.line.outgoing, ctx);
                }
                // It is over: whoever comes now is told so.
                _ => order.refuse(&self.closed),
            },
        }
        self.go_on(ctx);
        Ok(())
    }

    fn draining(&mut self, phase: DrainPhase, ctx: &mut Context<'_, Self>) -> Outcome {
        self.draining = true;
        if phase >= DrainPhase::Read {
            if let Phase::Open(conversation) = &mut self.phase {
                conversation.drain();
            }
            // What waits here is no pipeline's, and is waited for all the same: what a writer has brought, an answer.
            ctx.set_unfinished(true);
        }
        self.go_on(ctx);
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, ctx: &mut Context<'_, Self>) {
        match std::mem::replace(&mut self.phase, Phase::Ending) {
            Phase::Attending(attending) => _ = self.attending_unwanted(attending, ctx),
            Phase::Calling(calling) => _ = self.calling_unwanted(calling, ctx),
            Phase::Open(mut conversation) => self.closed = conversation.give_up(),
            Phase::Ending => {}
        }
        self.fate.close(&self.closed);
    }
}

impl Drop for Host {
    /// One that never began could not say so as it ended.
    fn drop(&mut self) {
        self.fate.close(&self.closed);
    }
}
