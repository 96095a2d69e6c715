//! The place of a connection on a loop: its engine; or, once that has moved to another loop, whatever sends everything
//! after it.
//!
//! An actor never changes its loop, so a connection that moves is taken apart here and put together by a new actor there,
//! a child of this one. Links go on to lead here, and what they bring is sent on in the order in which it came: it costs
//! them a step, and no byte its place.

use std::io;

use roundsman_runtime::{
    Actor, Address, Context, DrainPhase, ExitReason, Outcome, Placement, Readiness,
};

use super::connection::{over, refuse_reading};
use super::engine::{Engine, Message, ReadHalf, ToRead};
use super::lingering::Lingering;
use super::reading::{Reading, Way};
use crate::stream::Flow;

/// The place of a connection on a loop.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are the first, and a box would cost each of them"
)]
pub(crate) enum Station {
    Here(Engine),
    /// Between here and there: for as long as it takes to spawn.
    Packed,
    Moved(Address<Message>),
}

/// The context of a connection's actor.
pub(crate) type Ctx<'a> = Context<'a, Station>;

impl Station {
    /// Moves the engine to the loop that it is bound for, unless that is this one, or something keeps it for now.
    fn move_on(&mut self, ctx: &mut Ctx<'_>) {
        let Self::Here(engine) = self else { return };
        let Some(index) = engine.bound_for() else { return };
        if index == ctx.loop_index() {
            return engine.settle();
        }
        if let Err(error) = engine.pack(ctx) {
            // No loop would hear of it any more.
            engine.fail(error);
            return ctx.defer();
        }
        let spawn = engine.spawn();
        let Self::Here(engine) = std::mem::replace(self, Self::Packed) else { return };
        let there = ctx.spawn_on_with(Placement::Loop(index), spawn, move || Self::Here(engine));
        ctx.watch(&there, |_| Message::Departed);
        *self = Self::Moved(there);
    }
}

impl Actor for Station {
    type Message = Message;

    fn started(&mut self, ctx: &mut Ctx<'_>) -> Outcome {
        if let Self::Here(engine) = self {
            engine.start(ctx);
        }
        Ok(())
    }

    fn show(message: &Message) -> String {
        match message {
            Message::Ready(readiness) => shown_readiness(*readiness),
            Message::Flow(flow) => format!("to write: {}", flow.shown()),
            Message::Demand(demand) => demand.shown(),
            Message::Read(_) => "to read from now on".to_owned(),
            Message::Write(_) => "to write from now on".to_owned(),
            Message::Lend(_) | Message::Lent(_) => "a descriptor is lent".to_owned(),
            Message::Moved(bytes) => format!("{bytes} bytes were moved"),
            Message::Emptied(_) => "what was on its way is written".to_owned(),
            Message::ControlRead(control) => format!("the reader: {}", control.shown()),
            Message::ControlWrite(control) => format!("the writer: {}", control.shown()),
            Message::Options(_) => "options".to_owned(),
            Message::Idle(_) => "what to do once nothing goes over it".to_owned(),
            Message::LookIdle => "looks whether it is idle".to_owned(),
            Message::MoveTo(index) => format!("to go on on loop {index}"),
            Message::Departed => "what has moved has ended".to_owned(),
            Message::Abort => "to be reset".to_owned(),
            Message::Released => "the last handle is gone".to_owned(),
        }
    }

    fn receive(&mut self, message: Message, ctx: &mut Ctx<'_>) -> Outcome {
        match self {
            Self::Here(engine) => {
                engine.take_message(message, ctx);
                if engine.bound_for().is_some() {
                    self.move_on(ctx);
                }
            }
            Self::Moved(_) if matches!(message, Message::Departed) => ctx.stop(),
            Self::Moved(there) => {
                if let Err(refused) = there.send(message) {
                    refuse(refused.into_message());
                }
            }
            Self::Packed => refuse(message),
        }
        Ok(())
    }

    fn deferred(&mut self, ctx: &mut Ctx<'_>) -> Outcome {
        if let Self::Here(engine) = self {
            engine.flush(ctx);
        }
        Ok(())
    }

    fn draining(&mut self, phase: DrainPhase, ctx: &mut Ctx<'_>) -> Outcome {
        if let Self::Here(engine) = self {
            engine.drain(phase, ctx);
        }
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, ctx: &mut Ctx<'_>) {
        if let Self::Here(engine) = self
            && engine.close(ctx)
            && let Self::Here(engine) = std::mem::replace(self, Self::Packed)
        {
            Lingering::begin(engine, ctx);
        }
    }
}

/// What moving takes of the engine.
impl Engine {
    /// The loop to which it is to move, and can: unless a job has something of it, or it only waits for its end, or ends.
    fn bound_for(&self) -> Option<usize> {
        let held = match &self.read {
            ReadHalf::Leaving(_) => true,
            ReadHalf::Open(Reading { way: Way::IntoFile(splice), .. }) => splice.job().is_some(),
            ReadHalf::Unused | ReadHalf::Open(_) | ReadHalf::Ended => false,
        };
        let stays = held || self.unwanted.is_dropped() || self.is_over();
        self.bound_for.filter(|_| !stays).map(usize::from)
    }

    /// It stays where it is.
    fn settle(&mut self) {
        self.bound_for = None;
    }

    /// Makes it ready to be started on another loop, or as another actor.
    ///
    /// # Errors
    /// The OS does not take the socket back.
    pub(super) fn pack(&mut self, ctx: &mut Ctx<'_>) -> io::Result<()> {
        self.settle();
        if let Some(source) = self.source.take() {
            self.socket.deregister(ctx, source)?;
        }
        if let Some(timer) = self.idle.as_mut().and_then(|idle| idle.timer.take()) {
            ctx.cancel(timer);
        }
        // Nobody knows there what was seen here: it looks for itself.
        (self.readable, self.writable) = (true, true);
        Ok(())
    }
}

/// Answers what was said to a connection that is over.
pub(super) fn refuse(message: Message) {
    match message {
        Message::Read(to_read) => {
            let ToRead { mut link, mut reporter } = *to_read;
            let error = reporter.error(over());
            refuse_reading(&mut link, &mut reporter, error);
        }
        Message::Write(mut reporter) => {
            let error = reporter.error(over());
            reporter.closed(Err(error));
        }
        Message::Flow(Flow::Begin(upstream)) => upstream.cancel(),
        // Nobody waits for an answer to the others.
        _ => {}
    }
}

/// What a socket is ready for, as a trace of a simulation shows it.
pub(super) fn shown_readiness(readiness: Readiness) -> String {
    let words = [
        (Readiness::READABLE, "readable"),
        (Readiness::WRITABLE, "writable"),
        (Readiness::READ_CLOSED, "the peer has ended"),
        (Readiness::WRITE_CLOSED, "takes no more"),
        (Readiness::ERROR, "an error"),
    ];
    let ready = words.into_iter().filter(|(one, _)| readiness.has(*one)).map(|(_, word)| word);
    ready.collect::<Vec<_>>().join(", ")
}
