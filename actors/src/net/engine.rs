//! The engine: the actor of one connection, which reads when it is asked and writes what it is given.
//!
//! Spawned by [`connection`](super::connection) when a half is piped. It knows links and a socket, no protocol.
//!
//! | half | states |
//! |---|---|
//! | read | unused → open (a link asks) → ended (FIN, failure, cancel) |
//! | write | unused → open (a link gives) → ending (its end has come, bytes wait) → ended (FIN sent, failure) |
//!
//! When both have ended, or were never used and the [`Connection`](super::Connection) is gone, the socket is closed.

use std::io;

use bytes::Bytes;
use roundsman_runtime::{Actor, Context, DrainPhase, ExitReason, Outcome, Readiness, SourceId};

use super::block;
use super::happenings::Ends;
use super::transport::StreamSocket;
use super::write_queue::WriteQueue;
use crate::stream::assembly::{Counts, Reporter};
use crate::stream::{Cut, Demand, Downstream, Flow, PipeError, Upstream, weight, window};

/// Bytes read in one turn; then others have theirs.
const READ_CAP: usize = 256 * 1024;

/// What the engine takes.
pub(crate) enum Message {
    Ready(Readiness),
    /// The writer's link.
    Flow(Flow<Bytes>),
    /// The reader's link.
    Demand(Demand),
    Read {
        link: Downstream<Bytes>,
        reporter: Reporter,
    },
    Write {
        reporter: Reporter,
    },
    AbortRead(PipeError),
    AbortWrite(PipeError),
    Abort,
    /// The last handle is gone.
    Released,
}

/// The actor of one connection.
pub(crate) struct Engine {
    socket: StreamSocket,
    /// For whoever listens to what happens.
    ends: Ends,
    source: Option<SourceId>,
    read: ReadHalf,
    write: WriteHalf,
    readable: bool,
    writable: bool,
    /// The peer has ended, or the socket has failed. No further event says so, whatever is still to be read before it.
    hung_up: bool,
    released: bool,
    /// What comes is read and dropped: a socket that is closed over unread bytes resets the connection, and the peer may
    /// lose what it was sent last.
    drops_input: bool,
    /// Why it was over before its halves were piped.
    failure: Option<io::Error>,
}

enum ReadHalf {
    Unused,
    Open { link: Downstream<Bytes>, reporter: Reporter, demand: u64, counts: Counts },
    Ended,
}

enum WriteHalf {
    Unused,
    Open(Writing),
    Ended,
}

struct Writing {
    upstream: Option<Upstream>,
    /// Asked for and not come.
    asked: u64,
    queue: WriteQueue,
    /// The end has come: FIN follows what waits.
    ending: bool,
    reporter: Reporter,
    counts: Counts,
}

impl Engine {
    pub(crate) fn new(socket: StreamSocket, ends: Ends) -> Self {
        Self {
            socket,
            ends,
            source: None,
            read: ReadHalf::Unused,
            write: WriteHalf::Unused,
            readable: true,
            writable: true,
            hung_up: false,
            released: false,
            drops_input: false,
            failure: None,
        }
    }

    fn begin_read(
        &mut self,
        mut link: Downstream<Bytes>,
        mut reporter: Reporter,
        ctx: &mut Context<Self>,
    ) {
        if self.drops_input && matches!(self.read, ReadHalf::Ended) && self.failure.is_none() {
            // The runtime is being stopped as planned: nothing more is read.
            link.take(Flow::Begin(Upstream::none()));
            link.take(Flow::End);
            reporter.closed(Ok(Counts::default()));
            return;
        }
        if !matches!(self.read, ReadHalf::Unused) {
            let error = reporter.error(self.why_over());
            link.take(Flow::Begin(Upstream::none()));
            link.take(Flow::Failed(error.clone()));
            reporter.closed(Err(error));
            return;
        }
        link.take(Flow::Begin(Upstream::new(ctx.recipient(Message::Demand))));
        self.read = ReadHalf::Open { link, reporter, demand: 0, counts: Counts::default() };
    }

    fn begin_write(&mut self, mut reporter: Reporter) {
        if !matches!(self.write, WriteHalf::Unused) {
            let error = reporter.error(self.why_over());
            reporter.closed(Err(error));
            return;
        }
        self.write = WriteHalf::Open(Writing {
            upstream: None,
            asked: 0,
            queue: WriteQueue::default(),
            ending: false,
            reporter,
            counts: Counts::default(),
        });
    }

    /// What to say to a half that is piped when it is over already.
    fn why_over(&self) -> io::Error {
        self.failure.as_ref().map_or(io::ErrorKind::ConnectionAborted.into(), again)
    }

    /// Reads what is asked for, until the socket has no more, or the cap.
    fn read_on(&mut self, ctx: &mut Context<Self>) {
        let ReadHalf::Open { link, reporter, demand, counts } = &mut self.read else { return };
        let mut left = READ_CAP;
        while self.readable {
            if *demand == 0 {
                return self.look_for_end();
            }
            if left == 0 {
                if let Some(source) = self.source {
                    ctx.ready_again(source, Readiness::READABLE);
                }
                return;
            }
            let most = usize::try_from(*demand).unwrap_or(usize::MAX).min(left);
            match block::read(most, |room| self.socket.read(room)) {
                Ok((bytes, _)) if bytes.is_empty() => return self.end_read(),
                Ok((bytes, full)) => {
                    // A short read from a stream socket says that there is no more: the next bytes are a new edge.
                    // Not so the end, which may have come with the bytes before it.
                    self.readable = full || self.hung_up;
                    left -= bytes.len();
                    *demand = demand.saturating_sub(weight(&bytes));
                    counts.add(&bytes);
                    if !link.take(Flow::Item(bytes)) {
                        reporter.closed(Ok(Counts::default()));
                        self.read = ReadHalf::Ended;
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.fail(error),
            }
        }
    }

    /// Reads what is there and drops it, until the socket has no more, or the cap.
    fn drop_input(&mut self) {
        let mut left = READ_CAP;
        while self.readable && left > 0 {
            match block::read(left, |room| self.socket.read(room)) {
                Ok((bytes, _)) if bytes.is_empty() => self.readable = false,
                Ok((bytes, full)) => {
                    left -= bytes.len().min(left);
                    self.readable = full;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // No more for now, or a failure, of which the writing half hears by itself.
                Err(_) => self.readable = false,
            }
        }
    }

    /// Nothing is asked for; but the end, or a failure, needs no demand (rule 5).
    fn look_for_end(&mut self) {
        if !self.hung_up {
            return;
        }
        match self.socket.is_at_end() {
            Ok(true) => self.end_read(),
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => self.fail(error),
        }
    }

    fn end_read(&mut self) {
        if let ReadHalf::Open { mut link, mut reporter, .. } =
            std::mem::replace(&mut self.read, ReadHalf::Ended)
        {
            link.take(Flow::End);
            reporter.closed(Ok(Counts::default()));
        }
    }

    /// Takes what the writer's link brings.
    fn take(&mut self, flow: Flow<Bytes>, ctx: &mut Context<Self>) {
        let WriteHalf::Open(writing) = &mut self.write else {
            // Ended before its link has: whoever begins now is told so at once.
            if let Flow::Begin(upstream) = flow {
                upstream.cancel();
            }
            return;
        };
        match flow {
            Flow::Begin(upstream) => {
                upstream.request(window::<Bytes>());
                writing.asked = window::<Bytes>();
                writing.upstream = Some(upstream);
            }
            Flow::Item(bytes) => {
                writing.asked = writing.asked.saturating_sub(weight(&bytes));
                writing.counts.add(&bytes);
                writing.queue.push(bytes);
                ctx.defer();
            }
            Flow::End => {
                writing.upstream = None;
                writing.ending = true;
                ctx.defer();
            }
            Flow::Failed(error) => {
                writing.reporter.closed(Err(error));
                self.write = WriteHalf::Ended;
                self.abort();
            }
        }
    }

    /// Writes what waits, asks for more, and sends FIN when everything is out.
    fn write_on(&mut self) {
        let WriteHalf::Open(writing) = &mut self.write else { return };
        while self.writable && !writing.queue.is_empty() {
            let written = writing.queue.write(
                &mut self.socket,
                StreamSocket::write,
                StreamSocket::write_vectored,
            );
            match written {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.fail(error),
            }
        }
        if let Some(upstream) = &writing.upstream {
            let room = window::<Bytes>().saturating_sub(writing.asked + writing.queue.len() as u64);
            if room >= window::<Bytes>() / 2 {
                upstream.request(room);
                writing.asked += room;
            }
        }
        if writing.ending && writing.queue.is_empty() {
            // A peer that has reset meanwhile shows as an error of the reading half.
            let finished = self.socket.finish();
            let result = match finished {
                Err(error) if error.kind() != io::ErrorKind::NotConnected => {
                    Err(writing.reporter.error(error))
                }
                _ => Ok(writing.counts),
            };
            writing.reporter.closed(result);
            self.write = WriteHalf::Ended;
        }
    }

    /// The connection has failed: both halves hear of it, once each.
    fn fail(&mut self, error: io::Error) {
        self.ends.fail(&error);
        let error: std::sync::Arc<io::Error> = error.into();
        if let ReadHalf::Open { mut link, mut reporter, .. } =
            std::mem::replace(&mut self.read, ReadHalf::Ended)
        {
            let error = reporter.error(again(&error));
            link.take(Flow::Failed(error.clone()));
            reporter.closed(Err(error));
        }
        self.cut_write(|reporter| reporter.error(again(&error)));
    }

    /// What was sent so far must not look complete to the peer, so no FIN: the connection is reset.
    fn abort(&mut self) {
        if let Err(error) = self.socket.reset_on_close() {
            tracing::debug!(%error, "a connection that is cut will end with FIN instead of RST");
        }
        self.fail(io::ErrorKind::ConnectionAborted.into());
    }

    fn cut_read(&mut self, error: PipeError) {
        if let ReadHalf::Open { mut link, mut reporter, .. } =
            std::mem::replace(&mut self.read, ReadHalf::Ended)
        {
            link.take(Flow::Failed(error.clone()));
            reporter.closed(Err(error));
        }
    }

    fn cut_write(&mut self, error: impl FnOnce(&Reporter) -> PipeError) {
        if let WriteHalf::Open(mut writing) = std::mem::replace(&mut self.write, WriteHalf::Ended) {
            if let Some(upstream) = &writing.upstream {
                upstream.cancel();
            }
            let error = error(&writing.reporter);
            writing.reporter.closed(Err(error));
        }
    }

    fn is_over(&self) -> bool {
        let read = match self.read {
            ReadHalf::Unused => self.released,
            ReadHalf::Open { .. } => false,
            ReadHalf::Ended => true,
        };
        let write = match self.write {
            WriteHalf::Unused => self.released,
            WriteHalf::Open(_) => false,
            WriteHalf::Ended => true,
        };
        read && write
    }
}

/// The same I/O error once more: it goes to both halves.
fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

impl Actor for Engine {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        ctx.happens(|| self.ends.opened());
        match self.socket.register(ctx, Message::Ready) {
            Ok(source) => self.source = Some(source),
            Err(error) => {
                self.failure = Some(again(&error));
                self.fail(error);
            }
        }
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Ready(readiness) => {
                self.readable |= readiness.is_readable();
                self.writable |= readiness.is_writable();
                self.hung_up |= readiness.has(Readiness::READ_CLOSED | Readiness::ERROR);
                self.read_on(ctx);
                if self.drops_input {
                    self.drop_input();
                }
                if readiness.is_writable() {
                    self.write_on();
                }
            }
            Message::Flow(flow) => self.take(flow, ctx),
            Message::Demand(Demand::More(amount)) => {
                if let ReadHalf::Open { demand, .. } = &mut self.read {
                    *demand = demand.saturating_add(amount);
                }
                self.read_on(ctx);
            }
            Message::Demand(Demand::Cancel) => {
                if let ReadHalf::Open { reporter, .. } = &mut self.read {
                    reporter.closed(Ok(Counts::default()));
                    self.read = ReadHalf::Ended;
                }
            }
            Message::Read { link, reporter } => self.begin_read(link, reporter, ctx),
            Message::Write { reporter } => self.begin_write(reporter),
            Message::AbortRead(error) => self.cut_read(error),
            // One whose end is on its way has nothing left to cut.
            Message::AbortWrite(error) => {
                if let WriteHalf::Open(_) = self.write {
                    self.cut_write(|_| error);
                    self.abort();
                }
            }
            Message::Abort => self.abort(),
            Message::Released => self.released = true,
        }
        if self.is_over() {
            ctx.stop();
        }
        Ok(())
    }

    fn deferred(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.write_on();
        if self.is_over() {
            ctx.stop();
        }
        Ok(())
    }

    /// A planned stop: nothing more is read, as if the peer had ended, so that what is behind the reader runs dry.
    fn draining(&mut self, phase: DrainPhase, ctx: &mut Context<Self>) -> Outcome {
        if phase >= DrainPhase::Read {
            match self.read {
                ReadHalf::Unused => self.read = ReadHalf::Ended,
                ReadHalf::Open { .. } => self.end_read(),
                ReadHalf::Ended => {}
            }
            self.drops_input = true;
            self.drop_input();
            if self.is_over() {
                ctx.stop();
            }
        }
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, ctx: &mut Context<Self>) {
        self.ends.over(ctx);
        // Stopped from outside with bytes in hand: what the socket takes at once still goes.
        self.write_on();
        if self.drops_input {
            self.drop_input();
        }
        let gone = |reporter: &Reporter| reporter.error(Cut::OwnerGone);
        self.cut_write(gone);
        if let ReadHalf::Open { reporter, .. } = &self.read {
            let error = gone(reporter);
            self.cut_read(error);
        }
    }
}
