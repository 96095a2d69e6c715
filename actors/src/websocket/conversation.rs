//! A host as both ends converse: frames made messages for whoever reads, messages made frames, and the two Closes.
//!
//! What our Close will say is decided once, by the first who has a reason: the *verdict*. It is sent as soon as the writer has
//! ended; one that is still open has some time for what is on its way to it, if it was the peer that closed or failed.
//!
//! | waits for | at most | then |
//! |---|---|---|
//! | the writer, to end before our Close | [`close_timeout`](super::Options::close_timeout); as long as it takes, in a planned stop | it fails, and Close is sent |
//! | the peer's Close, after ours | the same without a byte that goes, and while we read | the connection is cut |
//! | a server's end, after both | the same | ours is sent |

use roundsman_runtime::Context;

use super::decoder::{Decoder, Event};
use super::fate::Closed;
use super::frame::Opcode;
use super::host::{self, Host, Phase};
use super::line::Line;
use super::options::Ping;
use super::outgoing::Outgoing;
use super::{Close, Message, Options, SocketError};
use crate::stream::assembly::{Control, Counts, Reporter};
use crate::stream::link_tail::LinkTail;
use crate::stream::port::Port;
use crate::stream::stage::Tail;
use crate::stream::{Cut, Demand, Downstream, Flow, PipeError, Upstream};

/// Bytes of frames that wait here, before no more are asked for.
const WAITING_MAX: usize = 64 * 1024;
/// Messages that may be under way to here.
const WINDOW: u64 = 16;

/// What a host knows of a WebSocket that is open.
pub(super) struct Conversation {
    is_client: bool,
    decoder: Decoder,
    /// A message that nobody has asked for.
    held: Option<Message>,
    read: Read,
    write: Write,
    /// No handle is left.
    released: bool,
    /// What our Close says.
    verdict: Option<Close>,
    /// What it is to say if nobody has another reason before the writer has ended.
    at_end: Option<Box<Close>>,
    /// It is sent.
    sent: bool,
    /// The runtime is being stopped: nobody's end is waited for but the writer's.
    draining: bool,
    closed: Closed,
    waits: Waits,
    ping: Option<Ping>,
    /// Something has come since the peer was last looked after.
    heard: bool,
    /// It was pinged then.
    pinged: bool,
}

/// The half that gives messages to a pipeline.
enum Read {
    Unused,
    Open { tail: LinkTail<Message>, reporter: Reporter, paused: bool },
    Ended,
}

/// The half that takes messages from a pipeline.
enum Write {
    Unused,
    Open {
        port: Port,
        reporter: Reporter,
        counts: Counts,
    },
    /// Its end has come, and its pipeline waits for the peer's Close.
    Closing(Parting),
    Ended,
}

/// A writer's pipeline that waits until everything is written.
pub(super) struct Parting {
    reporter: Reporter,
    counts: Counts,
}

impl Parting {
    pub(super) fn tell(mut self, failure: Option<&PipeError>) {
        self.reporter.closed(failure.map_or(Ok(self.counts), |error| Err(error.clone())));
    }
}

/// What it waits for with a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    Nothing,
    Writer,
    Close,
    /// The end of a server's connection.
    Fin,
}

/// What the handles of a socket, and its pipelines, have to say.
pub(super) enum Order {
    Read {
        link: Downstream<Message>,
        reporter: Reporter,
    },
    /// What the reader's link asks for.
    Demand(Demand),
    ControlRead(Control),
    Write {
        reporter: Reporter,
    },
    /// What the writer's link brings.
    Flow(Flow<Message>),
    ControlWrite(Control),
    Close(Close),
    CloseAtEnd(Close),
    Abort,
    /// The last handle is gone.
    Released,
}

impl Order {
    /// Answers what is said to a socket that is over.
    pub(super) fn refuse(self, closed: &Closed) {
        match self {
            Self::Read { mut link, mut reporter } => {
                link.take(Flow::Begin(Upstream::none()));
                if closed.error.is_none() && closed.theirs.is_some() {
                    link.take(Flow::End);
                    return reporter.closed(Ok(Counts::default()));
                }
                let error = reporter.error(closed.why());
                link.take(Flow::Failed(error.clone()));
                reporter.closed(Err(error));
            }
            Self::Write { mut reporter } => {
                let error = reporter.error(closed.why());
                reporter.closed(Err(error));
            }
            Self::Flow(Flow::Begin(upstream)) => upstream.cancel(),
            // Nobody waits for an answer to the others.
            _ => {}
        }
    }
}

impl Conversation {
    pub(super) fn of_server(options: &Options) -> Self {
        Self::new(false, Decoder::of_server(options), options)
    }

    pub(super) fn of_client(options: &Options) -> Self {
        Self::new(true, Decoder::of_client(options), options)
    }

    fn new(is_client: bool, decoder: Decoder, options: &Options) -> Self {
        Self {
            is_client,
            decoder,
            held: None,
            read: Read::Unused,
            write: Write::Unused,
            released: false,
            verdict: None,
            at_end: None,
            sent: false,
            draining: false,
            closed: Closed::default(),
            waits: Waits::Nothing,
            ping: options.ping,
            heard: false,
            pinged: false,
        }
    }

    /// Something has come.
    pub(super) fn hears(&mut self) {
        self.heard = true;
    }

    pub(super) fn obey(
        &mut self,
        order: Order,
        outgoing: &mut Outgoing,
        ctx: &mut Context<'_, Host>,
    ) {
        match (order, &mut self.read) {
            (Order::Read { link, reporter }, _) => self.begin_read(link, reporter, ctx),
            (Order::Demand(demand), Read::Open { tail, .. }) => tail.demand(demand),
            (Order::ControlRead(Control::Abort(error)), _) => self.fail_read(|_| error),
            (Order::ControlRead(control), Read::Open { paused, .. }) => {
                *paused = matches!(control, Control::Pause);
            }
            (Order::Demand(_) | Order::ControlRead(_), _) => {}
            (Order::Write { reporter }, _) => self.begin_write(reporter),
            (Order::Flow(flow), _) => self.take(flow, outgoing, ctx),
            (Order::ControlWrite(Control::Abort(error)), _) => {
                // One whose end has come has nothing left to cut.
                if let Write::Open { .. } = self.write {
                    self.verdict.get_or_insert_with(|| Close::bare(code_of(&error)));
                    self.fail_write(|_| error);
                }
            }
            // What is under way is still written.
            (Order::ControlWrite(Control::Pause | Control::Resume), _) => {}
            (Order::Close(close), _) => {
                let verdict = self.verdict.get_or_insert(close).clone();
                self.fail_write(|reporter| reporter.error(SocketError::Closed(verdict)));
            }
            (Order::CloseAtEnd(close), _) => self.at_end = Some(Box::new(close)),
            (Order::Abort, _) => self.fail(SocketError::Over),
            (Order::Released, _) => self.released = true,
        }
    }

    fn begin_read(
        &mut self,
        link: Downstream<Message>,
        reporter: Reporter,
        ctx: &Context<'_, Host>,
    ) {
        if self.is_deaf() {
            self.read = Read::Ended;
            return Order::Read { link, reporter }.refuse(&self.closed);
        }
        let mut tail = LinkTail::new(link);
        let asked = |demand| Order::Demand(demand).into();
        tail.begin(Upstream::to(ctx.address(), asked));
        self.read = Read::Open { tail, reporter, paused: false };
    }

    fn begin_write(&mut self, mut reporter: Reporter) {
        let error = match (&self.write, &self.verdict) {
            (Write::Unused, None) if self.closed.error.is_none() => {
                let (port, counts) = (Port::new(), Counts::default());
                self.write = Write::Open { port, reporter, counts };
                return;
            }
            (_, Some(verdict)) => reporter.error(SocketError::Closed(verdict.clone())),
            (_, None) => reporter.error(self.closed.why()),
        };
        reporter.closed(Err(error));
    }

    /// Takes what the writer's link brings.
    fn take(&mut self, flow: Flow<Message>, outgoing: &mut Outgoing, ctx: &Context<'_, Host>) {
        let Write::Open { port, counts, .. } = &mut self.write else {
            // Ended before its link has: whoever begins now is told so at once.
            if let Flow::Begin(upstream) = flow {
                upstream.cancel();
            }
            return;
        };
        let is_client = self.is_client;
        let mut push = |message: Message| {
            port.arrived(&message);
            counts.items += 1;
            counts.bytes += message.len() as u64;
            let opcode = match message {
                Message::Text(_) => Opcode::Text,
                Message::Binary(_) => Opcode::Binary,
            };
            outgoing.push(opcode, message.into_bytes(), key(is_client, ctx));
        };
        match flow {
            Flow::Begin(upstream) => port.begin(upstream),
            Flow::Item(message) => push(message),
            Flow::Items(messages) => messages.into_iter().for_each(push),
            Flow::End => {
                port.end();
                let normal = || Close::bare(Close::NORMAL);
                let said = self.at_end.take().map_or_else(normal, |close| *close);
                self.verdict.get_or_insert(said);
                if let Write::Open { reporter, counts, .. } =
                    std::mem::replace(&mut self.write, Write::Ended)
                {
                    self.write = Write::Closing(Parting { reporter, counts });
                }
            }
            Flow::Failed(error) => {
                self.verdict.get_or_insert_with(|| Close::bare(code_of(&error)));
                self.fail_write(|_| error);
            }
        }
    }

    /// Reads what has come, as far as somebody takes it.
    fn read_on(&mut self, line: &mut Line, ctx: &Context<'_, Host>) {
        while self.deliver() {
            if self.is_deaf() {
                return line.drop_input();
            }
            let Some(input) = line.input() else { return };
            match self.decoder.decode(input) {
                Ok(Some(Event::Message(message))) => self.held = Some(message),
                Ok(Some(Event::Ping(payload))) => {
                    if !self.sent {
                        line.outgoing.push_pong(&payload, key(self.is_client, ctx));
                    }
                }
                Ok(Some(Event::Close(close))) => {
                    self.verdict.get_or_insert_with(|| close.answer());
                    self.closed.theirs = Some(close);
                    self.end_read();
                }
                // A pong is as good as anything else that comes.
                Ok(Some(Event::Pong(_)) | None) => {}
                Err(error) => {
                    self.verdict.get_or_insert_with(|| Close::bare(error.code()));
                    self.fail(SocketError::Protocol(error));
                }
            }
        }
    }

    /// Whether what comes is of no use any more.
    fn is_deaf(&self) -> bool {
        self.closed.theirs.is_some() || self.closed.error.is_some() || self.draining
    }

    /// Gives on the message that is held. True if none is, after that.
    fn deliver(&mut self) -> bool {
        let Some(message) = self.held.take() else { return true };
        match &mut self.read {
            Read::Open { tail, paused: false, .. } if tail.room() > 0 => {
                // A link takes what there is room for.
                let _ = tail.push(message);
                true
            }
            Read::Open { tail, .. } if tail.is_closed() => true,
            Read::Ended => true,
            Read::Unused if self.released || self.sent => true,
            Read::Open { .. } | Read::Unused => {
                self.held = Some(message);
                false
            }
        }
    }

    /// The peer's connection has ended, or failed.
    fn hung_up(&mut self, line: &mut Line, draining: bool) {
        if self.is_deaf() {
            return;
        }
        if let Some(error) = line.failure() {
            self.fail(SocketError::Lost(error.clone()));
        } else if self.held.is_some() || line.input().is_some() {
            // Somebody may still take it: also who has not piped the reader yet.
        } else if draining {
            self.drain();
        } else {
            self.fail(SocketError::Abnormal);
        }
    }

    /// The runtime is being stopped as planned: nothing more is read, as if the peer had ended.
    pub(super) fn drain(&mut self) {
        self.draining = true;
        self.verdict.get_or_insert_with(|| Close::bare(Close::GOING_AWAY));
        self.end_read();
    }

    /// It has failed. The first failure stands.
    fn fail(&mut self, error: SocketError) {
        if self.closed.error.is_none() {
            self.closed.error = Some(error.clone());
            self.held = None;
            self.fail_read(|reporter| reporter.error(error));
        }
    }

    fn end_read(&mut self) {
        self.held = None;
        if let Read::Open { mut tail, mut reporter, .. } =
            std::mem::replace(&mut self.read, Read::Ended)
        {
            // What was pushed goes first; a link has no other end.
            let _ = tail.end();
            tail.flush();
            reporter.closed(Ok(Counts::default()));
        }
    }

    fn fail_read(&mut self, error: impl FnOnce(&Reporter) -> PipeError) {
        if let Read::Open { tail, reporter, .. } = &mut self.read {
            let error = error(reporter);
            tail.fail(error.clone());
            reporter.closed(Err(error));
            self.read = Read::Ended;
        }
    }

    fn fail_write(&mut self, error: impl FnOnce(&Reporter) -> PipeError) {
        if let Write::Open { port, reporter, .. } = &mut self.write {
            port.cancel();
            let error = error(reporter);
            reporter.closed(Err(error));
            self.write = Write::Ended;
        }
    }

    /// Whether no Close can be sent any more.
    fn is_lost(&self) -> bool {
        matches!(&self.closed.error, Some(error) if !matches!(error, SocketError::Protocol(_)))
    }

    /// Sends our Close, if its time has come.
    fn settle(&mut self, outgoing: &mut Outgoing, ctx: &Context<'_, Host>) {
        if let Read::Open { tail, reporter, .. } = &mut self.read {
            tail.flush();
            if tail.is_closed() {
                reporter.closed(Ok(Counts::default()));
                self.read = Read::Ended;
            }
        }
        if self.is_lost() {
            let error = self.closed.why();
            return self.fail_write(|reporter| reporter.error(error));
        }
        let read_over =
            matches!(self.read, Read::Ended) || self.released && matches!(self.read, Read::Unused);
        let write_over = matches!(self.write, Write::Ended)
            || self.released && matches!(self.write, Write::Unused);
        if read_over && write_over {
            self.verdict.get_or_insert_with(|| Close::bare(Close::GOING_AWAY));
        }
        if let Some(verdict) = &self.verdict
            && !self.sent
            && !matches!(self.write, Write::Open { .. })
        {
            outgoing.push_close(verdict.payload(), key(self.is_client, ctx));
            self.closed.ours = Some(verdict.clone());
            self.sent = true;
        }
    }

    /// Whether both ends have said what they will.
    fn is_finished(&self) -> bool {
        self.is_lost() || self.sent && self.is_deaf()
    }

    fn awaited(&self) -> Waits {
        match &self.verdict {
            _ if self.is_finished() => Waits::Fin,
            Some(_) if self.sent => Waits::Close,
            Some(_) if !self.draining => Waits::Writer,
            _ => Waits::Nothing,
        }
    }

    /// Asks for messages, if there is room for them.
    fn ask(&mut self, outgoing: &Outgoing) {
        if let Write::Open { port, .. } = &mut self.write
            && outgoing.waiting() < WAITING_MAX
        {
            port.ask_beside(0, WINDOW);
        }
    }

    /// Looks whether the peer is there.
    pub(super) fn look_after_peer(&mut self, outgoing: &mut Outgoing, ctx: &mut Context<'_, Host>) {
        let Some(Ping { every, patience }) = self.ping else { return };
        if self.verdict.is_some() {
            // The closing has its own deadlines.
            return;
        }
        let next = if std::mem::take(&mut self.heard) || self.held.is_some() {
            self.pinged = false;
            every
        } else if self.pinged {
            return self.fail(SocketError::NoPong { patience });
        } else {
            outgoing.set_ping(b"", key(self.is_client, ctx));
            self.pinged = true;
            patience
        };
        ctx.send_after(next, host::Message::Look);
    }

    /// Its actor ends before it has.
    pub(super) fn give_up(&mut self) -> Closed {
        self.fail(SocketError::Over);
        self.fail_write(|reporter| reporter.error(SocketError::Over));
        self.closed.clone()
    }
}

/// What masks a frame, if one has to be.
fn key(is_client: bool, ctx: &Context<'_, Host>) -> Option<[u8; 4]> {
    is_client.then(|| (ctx.random() as u32).to_ne_bytes())
}

/// What our Close says of a writer's pipeline that has failed.
fn code_of(error: &PipeError) -> u16 {
    let is_gone = matches!(error.cause_as(), Some(Cut::OwnerGone));
    if error.is_cancelled() || is_gone { Close::GOING_AWAY } else { Close::FAILED }
}

impl Host {
    /// The handshake is done.
    pub(super) fn begin_conversation(
        &mut self,
        conversation: Conversation,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        self.wait_no_more(ctx);
        if let Some(ping) = conversation.ping {
            ctx.send_after(ping.every, host::Message::Look);
        }
        (Phase::Open(Box::new(conversation)), true)
    }

    pub(super) fn converse(
        &mut self,
        mut conversation: Box<Conversation>,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        conversation.read_on(&mut self.line, ctx);
        if self.line.has_hung_up() {
            conversation.hung_up(&mut self.line, self.draining);
        }
        conversation.settle(&mut self.line.outgoing, ctx);
        if conversation.is_finished() {
            // A client leaves it to the server to end the connection first. (RFC 6455, section 7.1.1.)
            let waits = conversation.is_client && !self.draining && !self.line.has_hung_up();
            if !waits || conversation.closed.error.is_some() {
                return self.part(*conversation, ctx);
            }
        }
        let waits = conversation.awaited();
        if std::mem::replace(&mut conversation.waits, waits) != waits {
            match waits {
                Waits::Nothing => self.wait_no_more(ctx),
                _ => self.wait(self.options.close_timeout, ctx),
            }
        }
        if conversation.held.is_none() {
            self.line.ask();
        }
        self.line.flush();
        conversation.ask(&self.line.outgoing);
        (Phase::Open(conversation), false)
    }

    /// Nothing more is to be said: the connection ends behind what waits, or at once.
    fn part(&mut self, conversation: Conversation, ctx: &mut Context<'_, Self>) -> (Phase, bool) {
        let Conversation { write, closed, .. } = conversation;
        if let Write::Closing(mut parting) = write {
            match &closed.error {
                Some(error) => {
                    let error = parting.reporter.error(error.clone());
                    parting.reporter.closed(Err(error));
                }
                None => self.parting = Some(parting),
            }
        }
        self.closed = closed;
        match self.closed.error {
            Some(
                SocketError::NoPong { .. } | SocketError::CloseTimedOut { .. } | SocketError::Over,
            ) => self.cut(ctx),
            _ => self.end(ctx),
        }
    }

    pub(super) fn conversation_overdue(
        &mut self,
        mut conversation: Box<Conversation>,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        let after = self.options.close_timeout;
        match conversation.waits {
            Waits::Nothing => {}
            Waits::Writer => {
                let why = match (&conversation.closed.error, &conversation.verdict) {
                    (None, Some(verdict)) => SocketError::Closed(verdict.clone()),
                    _ => conversation.closed.why(),
                };
                conversation.fail_write(|reporter| reporter.error(why));
            }
            // While nobody takes what has come, the peer's Close may stand behind it.
            Waits::Close if self.moves() || conversation.held.is_some() => self.wait(after, ctx),
            Waits::Close => conversation.fail(SocketError::CloseTimedOut { after }),
            Waits::Fin => return self.part(*conversation, ctx),
        }
        (Phase::Open(conversation), false)
    }
}
