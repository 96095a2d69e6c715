//! The engine for datagrams: the actor of one socket, which receives when it is asked and sends what waits in its queue.
//!
//! Spawned by [`UdpSocket`](super::UdpSocket) when it is first used. It knows links, a queue and a socket; no options and
//! no protocol.
//!
//! | half | states |
//! |---|---|
//! | read | none → open (a link asks) → none (end, cancel, failure); again |
//! | write | none → open (a link gives) → ending (its end has come, its datagrams wait) → none; again |
//!
//! Links come one after another, so what they say has the number of its link: what an earlier one says late is nobody's.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{Actor, Context, DrainPhase, ExitReason, Outcome, Readiness, SourceId};

use super::block;
use super::connection::refuse_reading;
use super::datagram_happenings::DatagramFailed;
pub(crate) use super::datagram_message::Message;
use super::endpoint::canonical;
use super::happenings::again;
use super::outgoing::{Datagram, Outgoing, Route, Settings, too_large};
use super::send_queue::{self, Pushed, Queued, SendQueue, Sending};
use super::transport::{DatagramSocket, as_v6, is_of_the_peer, is_too_large};
use super::udp_socket::say_dropped;
use crate::stream::assembly::{Control, Counts, Reporter};
use crate::stream::{Cut, Demand, Downstream, Flow, PipeError, Upstream, window};

/// Datagrams received, or sent, in one turn; then others have theirs.
const TURN_CAP: usize = 64;
/// Bytes received in one turn.
const READ_CAP: usize = 256 * 1024;
/// When a socket is read again that has failed for want of memory, or for no known reason.
const BACKOFF: Duration = Duration::from_millis(5);

/// The actor of one socket.
pub(crate) struct Engine {
    socket: DatagramSocket,
    settings: Arc<Settings>,
    queue: Arc<SendQueue>,
    source: Option<SourceId>,
    reading: Option<Reading>,
    writing: Option<Writing>,
    readable: bool,
    writable: bool,
    /// It keeps the runtime alive.
    keeps: bool,
    released: bool,
    closing: bool,
    /// The runtime is being stopped as planned: nothing more is received.
    drained: bool,
    /// Why it never began.
    failure: Option<io::Error>,
}

/// The reading half while it is open.
struct Reading {
    id: u32,
    link: Downstream<Datagram>,
    reporter: Reporter,
    demand: u64,
    paused: bool,
}

/// The writing half while it is open.
struct Writing {
    id: u32,
    upstream: Option<Upstream>,
    reporter: Reporter,
    counts: Counts,
    /// The end has come: everything before this mark is to leave first.
    ending: Option<u64>,
}

/// What came of one turn of receiving.
#[derive(Default)]
struct Batch {
    items: Vec<Datagram>,
    bytes: usize,
    truncated: u64,
    /// What went wrong, last.
    error: Option<io::Error>,
    /// There may be more.
    unfinished: bool,
}

impl Engine {
    pub(crate) fn new(
        socket: DatagramSocket,
        settings: Arc<Settings>,
        queue: Arc<SendQueue>,
    ) -> Self {
        Self {
            socket,
            settings,
            queue,
            source: None,
            reading: None,
            writing: None,
            readable: true,
            writable: true,
            keeps: true,
            released: false,
            closing: false,
            drained: false,
            failure: None,
        }
    }

    fn begin_read(
        &mut self,
        id: u32,
        mut link: Downstream<Datagram>,
        mut reporter: Reporter,
        ctx: &mut Context<Self>,
    ) {
        if self.drained {
            link.take(Flow::Begin(Upstream::none()));
            link.take(Flow::End);
            return reporter.closed(Ok(Counts::default()));
        }
        if let Some(why) = self.refusal(self.reading.is_some(), &reporter) {
            return refuse_reading(&mut link, &mut reporter, why);
        }
        let asked = move |demand| Message::Demand(id, demand);
        link.take(Flow::Begin(Upstream::to(ctx.address(), asked)));
        self.reading = Some(Reading { id, link, reporter, demand: 0, paused: false });
    }

    fn begin_write(&mut self, id: u32, mut reporter: Reporter) {
        if let Some(why) = self.refusal(self.writing.is_some(), &reporter) {
            return reporter.closed(Err(why));
        }
        let (upstream, counts, ending) = (None, Counts::default(), None);
        self.writing = Some(Writing { id, upstream, reporter, counts, ending });
    }

    /// Why a half cannot be had, if it cannot.
    fn refusal(&self, in_use: bool, reporter: &Reporter) -> Option<PipeError> {
        match &self.failure {
            Some(failure) => Some(reporter.error(again(failure))),
            None if self.closing => Some(reporter.error(ended())),
            None if in_use => Some(reporter.error(Cut::InUse)),
            None => None,
        }
    }

    // Receiving.

    /// Receives what is asked for, until the socket has no more, or the cap.
    fn receive_on(&mut self, ctx: &mut Context<Self>) {
        let Some(reading) = &self.reading else { return };
        if reading.paused {
            return;
        }
        if reading.demand == 0 {
            return self.look_for_error(ctx);
        }
        let wanted = usize::try_from(reading.demand).unwrap_or(usize::MAX);
        let Batch { items, bytes, truncated, error, unfinished } = self.receive(wanted, ctx);
        self.queue.received(items.len() as u64, bytes as u64, truncated);
        if unfinished && let Some(source) = self.source {
            ctx.ready_again(source, Readiness::READABLE);
        }
        if let Some(reading) = &mut self.reading
            && !items.is_empty()
        {
            reading.demand -= items.len() as u64;
            if !reading.link.take(Flow::Items(items)) {
                self.close_read(Ok(Counts::default()));
            }
        }
        if let Some(error) = error {
            self.cut_read(|reporter| reporter.error(again(&error)));
        }
    }

    /// Receives at most so many. An error that ends the reader ends the batch; others are told.
    fn receive(&mut self, wanted: usize, ctx: &mut Context<Self>) -> Batch {
        let mut batch = Batch::default();
        let mut tries = 0;
        while self.readable && batch.items.len() < wanted {
            if tries == TURN_CAP || batch.bytes >= READ_CAP {
                batch.unfinished = true;
                break;
            }
            tries += 1;
            let max = self.settings.max_datagram;
            match block::datagram(max, |room| self.socket.receive_from(room)) {
                Ok((bytes, len, peer)) => {
                    let truncated = len > bytes.len();
                    batch.bytes += bytes.len();
                    batch.truncated += u64::from(truncated);
                    batch.items.push(Datagram { peer, bytes, truncated });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.say_error(&error, ctx);
                    if !is_of_the_peer(&error) {
                        // No event will say when it goes on.
                        self.readable = false;
                        ctx.send_after(BACKOFF, Message::Again);
                    } else if self.settings.route.peer.is_some() {
                        batch.error = Some(error);
                        break;
                    }
                }
            }
        }
        batch
    }

    /// Nothing is asked for; but what the network says of the peer needs no demand (rule 5).
    fn look_for_error(&mut self, ctx: &mut Context<Self>) {
        if self.settings.route.peer.is_some()
            && let Ok(Some(error)) = self.socket.take_error()
        {
            self.heard(&error, ctx);
        }
    }

    /// The network has said something of an earlier datagram.
    fn heard(&mut self, error: &io::Error, ctx: &mut Context<Self>) {
        self.say_error(error, ctx);
        if self.settings.route.peer.is_some() && is_of_the_peer(error) {
            self.cut_read(|reporter| reporter.error(again(error)));
        }
    }

    fn say_error(&self, error: &io::Error, ctx: &mut Context<Self>) {
        self.queue.error();
        self.say_failed(self.settings.route.peer, None, error, ctx);
    }

    fn say_failed(
        &self,
        to: Option<SocketAddr>,
        len: Option<usize>,
        error: &io::Error,
        ctx: &Context<Self>,
    ) {
        let local = self.settings.local;
        ctx.happens(|| DatagramFailed { local, to, len, error: Arc::new(again(error)) });
    }

    fn end_read(&mut self) {
        if let Some(reading) = &mut self.reading {
            reading.link.take(Flow::End);
            self.close_read(Ok(Counts::default()));
        }
    }

    fn cut_read(&mut self, error: impl FnOnce(&Reporter) -> PipeError) {
        if let Some(reading) = &mut self.reading {
            let error = error(&reading.reporter);
            reading.link.take(Flow::Failed(error.clone()));
            self.close_read(Err(error));
        }
    }

    fn close_read(&mut self, result: Result<Counts, PipeError>) {
        if let Some(mut reading) = self.reading.take() {
            reading.reporter.closed(result);
        }
    }

    fn asked(&mut self, id: u32, demand: &Demand, ctx: &mut Context<Self>) {
        let Some(reading) = self.reading.as_mut().filter(|reading| reading.id == id) else {
            return;
        };
        match demand {
            Demand::More(amount) => {
                reading.demand = reading.demand.saturating_add(*amount);
                self.receive_on(ctx);
            }
            Demand::Cancel => self.close_read(Ok(Counts::default())),
        }
    }

    fn control_read(&mut self, id: u32, control: Control, ctx: &mut Context<Self>) {
        let Some(reading) = self.reading.as_mut().filter(|reading| reading.id == id) else {
            return;
        };
        match control {
            Control::Abort(error) => self.cut_read(|_| error),
            Control::Pause => reading.paused = true,
            Control::Resume => {
                reading.paused = false;
                self.receive_on(ctx);
            }
        }
    }

    // Sending.

    /// Sends what waits, until the socket takes no more, or so many.
    fn send_on(&mut self, most: usize, ctx: &mut Context<Self>) {
        let mut tries = 0;
        while self.writable {
            if tries == most {
                if let (Some(source), false) = (self.source, self.queue.is_empty()) {
                    ctx.ready_again(source, Readiness::WRITABLE);
                }
                return;
            }
            tries += 1;
            let Some(queued) = self.queue.take() else { return };
            self.send(queued, ctx);
        }
    }

    fn send(&mut self, queued: Queued, ctx: &mut Context<Self>) {
        let Outgoing { to, bytes } = &queued.outgoing;
        let mut result = self.try_send(*to, bytes);
        if let Err(error) = &result
            && self.settings.route.peer.is_some()
            && is_of_the_peer(error)
        {
            // A connected socket says of an earlier datagram that it came to nothing, and has not tried this one.
            let earlier = again(error);
            result = self.try_send(*to, bytes);
            if result.as_ref().err().is_none_or(|error| !is_of_the_peer(error)) {
                self.heard(&earlier, ctx);
            }
        }
        match result {
            Ok(_) => send_queue::tell(self.queue.sent(bytes.len(), &Sending::Done)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.put_back(queued, ctx),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.writable = false;
                self.put_back(queued, ctx);
            }
            Err(error) => {
                let len = bytes.len();
                let error = if is_too_large(&error) { too_large(len, &error) } else { error };
                self.say_failed(*to, Some(len), &error, ctx);
                send_queue::tell(self.queue.sent(len, &Sending::Failed));
            }
        }
    }

    fn try_send(&self, to: Option<SocketAddr>, bytes: &[u8]) -> io::Result<usize> {
        let Route { is_v6, peer } = self.settings.route;
        match to {
            _ if peer.is_some() => self.socket.send(bytes),
            Some(to) => self.socket.send_to(bytes, if is_v6 { as_v6(to) } else { canonical(to) }),
            // It is not taken without a peer.
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn put_back(&self, queued: Queued, ctx: &mut Context<Self>) {
        if let Some(dropped) = self.queue.put_back(queued) {
            say_dropped(ctx, self.settings.local, &dropped, Some(self.queue.policy()));
        }
    }

    /// Takes what the writer's link brings.
    fn take(&mut self, id: u32, flow: Flow<Outgoing>, ctx: &mut Context<Self>) {
        let Some(writing) = self.writing.as_mut().filter(|writing| writing.id == id) else {
            // Ended before its link has: whoever begins now is told so at once.
            if let Flow::Begin(upstream) = flow {
                upstream.cancel();
            }
            return;
        };
        match flow {
            Flow::Begin(upstream) => writing.upstream = Some(upstream),
            Flow::Item(outgoing) => self.enqueue(outgoing, ctx),
            Flow::Items(all) => all.into_iter().for_each(|outgoing| self.enqueue(outgoing, ctx)),
            Flow::End => {
                writing.upstream = None;
                writing.ending = Some(self.queue.mark());
            }
            Flow::Failed(error) => self.cut_write(|_| error),
        }
    }

    /// Takes one from the writer's link. It goes at once, if it can: no policy drops what the OS would take.
    fn enqueue(&mut self, outgoing: Outgoing, ctx: &mut Context<Self>) {
        if let Some(writing) = &mut self.writing {
            writing.counts.items += 1;
            writing.counts.bytes += outgoing.bytes.len() as u64;
        }
        if let Err(why) = self.settings.route.check(&outgoing) {
            self.queue.refused();
            let error = io::Error::new(io::ErrorKind::InvalidInput, why);
            return self.say_failed(outgoing.to, Some(outgoing.bytes.len()), &error, ctx);
        }
        let Pushed { dropped, .. } = self.queue.push_expected(outgoing);
        for outgoing in dropped {
            say_dropped(ctx, self.settings.local, &outgoing, Some(self.queue.policy()));
        }
        self.send_on(TURN_CAP, ctx);
    }

    fn control_write(&mut self, id: u32, control: Control) {
        let is_open = self.writing.as_ref().is_some_and(|writing| writing.id == id);
        // What is under way is still sent.
        if let (true, Control::Abort(error)) = (is_open, control) {
            self.cut_write(|_| error);
        }
    }

    /// Ends the writing half; what it has given still goes.
    fn cut_write(&mut self, error: impl FnOnce(&Reporter) -> PipeError) {
        let Some(mut writing) = self.writing.take() else { return };
        if let Some(upstream) = writing.upstream.take() {
            upstream.cancel();
        }
        self.queue.expect_nothing();
        let error = error(&writing.reporter);
        writing.reporter.closed(Err(error));
    }

    /// Asks the writer's link for what there is room for; or reports, if it has ended and everything has left.
    fn serve_writer(&mut self) {
        let Some(writing) = &mut self.writing else { return };
        if let Some(upstream) = &writing.upstream {
            // A window is 16 items.
            let window = usize::try_from(window::<Outgoing>()).unwrap_or(usize::MAX);
            let room = self.queue.expect(window);
            if room > 0 {
                upstream.request(room as u64);
            }
        }
        if let Some(mark) = writing.ending
            && self.queue.has_passed(mark)
        {
            writing.reporter.closed(Ok(writing.counts));
            self.writing = None;
            self.queue.expect_nothing();
        }
    }

    // Life.

    fn close(&mut self) {
        self.closing = true;
        self.end_read();
        self.cut_write(|reporter| reporter.error(ended()));
    }

    /// What each turn ends with.
    fn settle(&mut self, ctx: &mut Context<Self>) {
        self.serve_writer();
        let idle = self.queue.is_empty();
        // A planned stop waits until everything has left.
        ctx.set_unfinished(!idle);
        let keeps = self.reading.is_some() || !idle;
        if let Some(source) = self.source
            && std::mem::replace(&mut self.keeps, keeps) != keeps
        {
            if keeps { ctx.ref_source(source) } else { ctx.unref_source(source) }
        }
        let unwanted = self.released || self.closing || self.failure.is_some();
        if unwanted && !keeps && self.writing.is_none() {
            ctx.stop();
        }
    }
}

impl Actor for Engine {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        match self.socket.register(ctx, Message::Ready) {
            Ok(source) => self.source = Some(source),
            Err(error) => {
                self.writable = false;
                self.failure = Some(error);
            }
        }
        Ok(())
    }

    fn show(message: &Message) -> String {
        message.shown()
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Ready(readiness) => {
                self.readable |= readiness.is_readable() || readiness.has(Readiness::ERROR);
                self.writable |= readiness.is_writable();
                self.receive_on(ctx);
                self.send_on(TURN_CAP, ctx);
            }
            Message::Look => {
                self.queue.looks();
                self.send_on(TURN_CAP, ctx);
                if self.failure.is_some() {
                    self.give_up(ctx);
                }
            }
            Message::Again => {
                self.readable = true;
                self.receive_on(ctx);
            }
            Message::Read { id, link, reporter } => self.begin_read(id, link, reporter, ctx),
            Message::Write { id, reporter } => self.begin_write(id, reporter),
            Message::Demand(id, demand) => self.asked(id, &demand, ctx),
            Message::Flow(id, flow) => self.take(id, flow, ctx),
            Message::ControlRead(id, control) => self.control_read(id, control, ctx),
            Message::ControlWrite(id, control) => self.control_write(id, control),
            Message::Change(change, reply) => reply.send(self.socket.change(&change)),
            Message::Close => self.close(),
            Message::Released => self.released = true,
        }
        self.settle(ctx);
        Ok(())
    }

    /// A planned stop: nothing more is received, so that what is behind the reader runs dry. What waits is sent.
    fn draining(&mut self, phase: DrainPhase, ctx: &mut Context<Self>) -> Outcome {
        if phase >= DrainPhase::Read {
            self.drained = true;
            self.end_read();
            self.settle(ctx);
        }
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, ctx: &mut Context<Self>) {
        // Stopped from outside with datagrams in hand: what the socket takes at once still goes.
        self.queue.close();
        self.send_on(usize::MAX, ctx);
        self.give_up(ctx);
        self.cut_write(|reporter| reporter.error(Cut::OwnerGone));
        self.cut_read(|reporter| reporter.error(Cut::OwnerGone));
    }
}

impl Engine {
    /// What waits will not be sent.
    fn give_up(&self, ctx: &Context<Self>) {
        for outgoing in self.queue.give_up() {
            say_dropped(ctx, self.settings.local, &outgoing, None);
        }
    }
}

impl Drop for Engine {
    /// One that never began, for its owner ended in the same turn, or that was killed, had no turn to end in: here, too, what
    /// the OS takes at once still goes.
    fn drop(&mut self) {
        self.queue.close();
        while let Some(queued) = self.queue.take() {
            let Outgoing { to, bytes } = &queued.outgoing;
            let how = match self.try_send(*to, bytes) {
                Ok(_) => Sending::Done,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.queue.put_back(queued);
                    break;
                }
                Err(_) => Sending::Failed,
            };
            send_queue::tell(self.queue.sent(bytes.len(), &how));
        }
        self.queue.give_up();
    }
}

/// What is said to whoever uses a socket that has ended.
pub(crate) fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the socket was closed, or has ended")
}
