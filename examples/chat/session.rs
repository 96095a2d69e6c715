//! A session: the actor of one connection, which hands on what its client says and sees to its end.
//!
//! Spawned by the server for each connection. It reads nothing of a line: everything that is said, and that nothing is
//! said any more, goes to the hall in the order in which it came. What the hall has for the client goes into the outlet
//! of the session at once. What is left to a session is the connection itself: how much may wait for it, how fast it
//! may talk, and when it has been silent for too long.
//!
//! # A client that talks
//! A line travels to the hall as the item that it is, and its demand returns when the hall has taken it: a window of
//! lines is all that can be on the way, and the rest waits in the peer's own socket. With `--flood` lines wait here as
//! well.
//!
//! # A client that does not read
//! Nobody waits for a client: lines are pushed into an outlet that holds `--sendq` bytes ahead of the socket. When that
//! is full the client is cut off. So the hall never waits for a member.
//!
//! # The end
//! Whoever ends it, and also if it fails, `ERROR` is the last line, and FIN follows it. What the client still sends is
//! read and dropped: a socket that is closed over unread bytes resets the connection, and the `ERROR` would be lost.
//! The session stops when the client has closed as well, or after [`LINGER`].

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::prelude::*;
use roundsman::stream::{Full, Item, LineTooLong};
use roundsman::{TimerId, Timestamp};

use super::about::About;
use super::allowance::Allowance;
use super::ending::Ending;
use super::mouth::Mouth;
use super::transport::{self, Arrival};
use super::{hall, wire};

/// How long a client may take to say who it is.
const REGISTRATION: Duration = Duration::from_secs(30);
/// How long a client that has been told `ERROR` may take to read it and close.
pub const LINGER: Duration = Duration::from_secs(10);

/// Why a client leaves that has just gone.
const GONE: &str = "Connection closed";

/// A line of the client, or that it was too long to be one.
pub type Heard = Item<Result<Bytes, LineTooLong>>;

/// The actor of one connection.
pub struct Session {
    about: Arc<About>,
    hall: Address<hall::Message>,
    /// Until the session has started: what comes, and from whom. Boxed, for a session is idle for much longer.
    arrival: Option<Box<Arrival>>,
    mouth: Mouth,
    /// With `--flood`: what it holds back.
    gate: Option<Box<Gate>>,
    heard_at: Timestamp,
    /// Whether the client was asked if it is there, and has said nothing since.
    asked: bool,
    /// Until the client has registered: the end of its time for that.
    registration: Option<TimerId>,
    stage: Stage,
    read_ended: bool,
    write_ended: bool,
}

/// Holds back lines that come too fast.
struct Gate {
    allowance: Allowance,
    held: VecDeque<Heard>,
    /// A timer is set for the moment at which the next held line may go.
    holding: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// What the client says goes to the hall.
    Serving,
    /// The hall has been told that the client leaves, and has not said goodbye yet.
    Leaving,
    /// `ERROR` has been said; nothing is left to do but to linger.
    Closed,
}

pub enum Message {
    /// More lines wait for the client than may.
    Overflowed,
    /// The client has said who it is.
    Registered,
    /// The client is gone for everybody else: this is to be its last line.
    Close(Ending),
    /// A line from the client.
    Heard(Heard),
    /// Held lines may go.
    Permitted,
    /// Nothing more comes from the client, for it has broken this rule, if it has.
    ReadEnded(Option<&'static str>),
    /// Nothing more goes to it.
    WriteEnded,
    RegistrationOver,
    /// Time to see whether the client is there.
    Look,
    LingerOver,
}

impl Session {
    /// A session of somebody who has come, whom it answers through `mouth`.
    pub fn new(
        about: Arc<About>,
        hall: Address<hall::Message>,
        arrival: Arrival,
        mouth: Mouth,
    ) -> Self {
        let gate = |flood| Gate {
            allowance: Allowance::new(flood),
            held: VecDeque::new(),
            holding: false,
        };
        Self {
            gate: about.settings.flood.map(|flood| Box::new(gate(flood))),
            about,
            hall,
            arrival: Some(Box::new(arrival)),
            mouth,
            heard_at: Timestamp::default(),
            asked: false,
            registration: None,
            stage: Stage::Serving,
            read_ended: false,
            write_ended: false,
        }
    }

    fn hear(&mut self, line: Heard, ctx: &mut Context<Self>) {
        self.heard_at = ctx.now();
        self.asked = false;
        match (self.stage, &mut self.gate) {
            (Stage::Serving, None) => self.tell_hall(hall::Message::Heard(ctx.id(), line), ctx),
            (Stage::Serving, Some(gate)) => gate.held.push_back(line),
            (Stage::Leaving | Stage::Closed, _) => {}
        }
    }

    /// Hands on what was held and may go.
    fn hand_on(&mut self, ctx: &mut Context<Self>) {
        while self.stage == Stage::Serving
            && let Some(gate) = &mut self.gate
            && !gate.held.is_empty()
        {
            if let Err(wait) = gate.allowance.take(ctx.now()) {
                if !mem::replace(&mut gate.holding, true) {
                    ctx.send_after(wait, Message::Permitted);
                }
                return;
            }
            if let Some(line) = gate.held.pop_front() {
                // While lines wait, a PONG would wait behind them.
                self.heard_at = ctx.now();
                self.tell_hall(hall::Message::Heard(ctx.id(), line), ctx);
            }
        }
        if self.read_ended {
            self.leave(Ending::left(GONE), ctx);
        }
    }

    /// Gives up a client for whom too many lines wait.
    fn cut_off(&mut self, ctx: &mut Context<Self>) {
        const WHY: &str = "SendQ exceeded";
        if self.stage == Stage::Closed {
            return;
        }
        self.mouth.discard();
        self.leave(Ending::cut_off(WHY), ctx);
        self.close(Ending::cut_off(WHY), ctx);
    }

    /// Asks a client that has been silent whether it is there, and gives it up after as long again.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let (ping, silent) = (self.about.settings.ping, ctx.now() - self.heard_at);
        if silent >= ping * 2 {
            let why = format!("Ping timeout: {} seconds", silent.as_secs());
            return self.leave(Ending::cut_off(why), ctx);
        }
        if silent >= ping && !self.asked {
            self.asked = true;
            if let Err(Full::Limit(_)) = self.mouth.push(wire::bare("PING", self.about.name())) {
                return self.cut_off(ctx);
            }
        }
        let next = if self.asked { ping * 2 } else { ping };
        ctx.send_after(next.saturating_sub(silent), Message::Look);
    }

    /// Has everybody told who should know that this client leaves; the hall says when that is done.
    fn leave(&mut self, ending: Ending, ctx: &mut Context<Self>) {
        if self.stage == Stage::Serving {
            self.stage = Stage::Leaving;
            self.let_held_go();
            self.tell_hall(hall::Message::Gone(ctx.id(), ending), ctx);
        }
    }

    fn let_held_go(&mut self) {
        if let Some(gate) = &mut self.gate {
            gate.held.clear();
        }
    }

    fn tell_hall(&mut self, message: hall::Message, ctx: &mut Context<Self>) {
        if self.hall.send(message).is_err() {
            self.close(Ending::server_closes(), ctx);
        }
    }

    /// Says goodbye, and lingers.
    fn close(&mut self, ending: Ending, ctx: &mut Context<Self>) {
        if self.stage == Stage::Closed {
            return;
        }
        let was = mem::replace(&mut self.stage, Stage::Closed);
        self.let_held_go();
        self.mouth.close(&ending);
        if was == Stage::Serving {
            // Of one that it does not know the hall says nothing; one that has begun anew may know it already.
            let _ = self.hall.send(hall::Message::Gone(ctx.id(), ending));
        }
        ctx.send_after(LINGER, Message::LingerOver);
    }
}

impl Actor for Session {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let Some(arrival) = self.arrival.take() else { return Ok(()) };
        let Arrival { incoming, host, secure, refusal } = *arrival;
        incoming.pipe(ctx.inlet(Message::Heard)).start(ctx, |result| {
            Message::ReadEnded(result.err().as_ref().and_then(transport::broken_rule))
        });
        self.heard_at = ctx.now();
        if let Some(refusal) = refusal {
            self.close(Ending::cut_off(refusal), ctx);
            return Ok(());
        }
        let session = ctx.address();
        let lines = self.mouth.pusher();
        self.tell_hall(hall::Message::Arrived { session, lines, host, secure }, ctx);
        self.registration = Some(ctx.send_after(REGISTRATION, Message::RegistrationOver));
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Overflowed => self.cut_off(ctx),
            Message::Heard(line) => self.hear(line, ctx),
            Message::Permitted => self.gate.iter_mut().for_each(|gate| gate.holding = false),
            Message::Registered => {
                if let Some(timer) = self.registration.take() {
                    ctx.cancel(timer);
                }
                ctx.send_after(self.about.settings.ping, Message::Look);
            }
            Message::Close(ending) => self.close(ending, ctx),
            Message::ReadEnded(broken) => {
                self.read_ended = true;
                if let Some(rule) = broken {
                    self.leave(Ending::cut_off(rule), ctx);
                }
            }
            Message::WriteEnded => {
                self.write_ended = true;
                self.leave(Ending::left(GONE), ctx);
            }
            Message::RegistrationOver => {
                self.leave(Ending::cut_off("Registration timed out"), ctx);
            }
            Message::Look if self.stage == Stage::Serving => self.look(ctx),
            Message::Look => {}
            Message::LingerOver => ctx.stop(),
        }
        self.hand_on(ctx);
        if self.stage == Stage::Closed && self.read_ended && self.write_ended {
            ctx.stop();
        }
        Ok(())
    }
    fn show(message: &Message) -> String {
        match message {
            Message::Overflowed => "more lines wait than may".to_owned(),
            Message::Registered => "registered".to_owned(),
            Message::Close(ending) => format!("close: {}", ending.why),
            Message::Heard(line) => format!("heard {}", shown(line)),
            Message::Permitted => "held lines may go".to_owned(),
            Message::ReadEnded(None) => "nothing more comes".to_owned(),
            Message::ReadEnded(Some(rule)) => format!("nothing more comes: {rule}"),
            Message::WriteEnded => "nothing more goes".to_owned(),
            Message::RegistrationOver => "the time to register is over".to_owned(),
            Message::Look => "look whether the client is there".to_owned(),
            Message::LingerOver => "the time to linger is over".to_owned(),
        }
    }
}

/// What a client has said, as a trace shows it.
pub fn shown(heard: &Heard) -> String {
    match &**heard {
        Ok(line) => wire::decode(line).into_owned(),
        Err(error) => error.to_string(),
    }
}
