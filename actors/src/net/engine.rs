//! The engine: the actor of one connection, which reads when it is asked and writes what it is given.
//!
//! Spawned by [`connection`](super::connection) when a half is piped. It knows links and a socket, no protocol.
//!
//! | half | states |
//! |---|---|
//! | read | unused → open (a link asks) → ended (FIN, failure, cancel); leaving before that, if a job has its file |
//! | write | unused → open (a link gives) → ending (its end has come, bytes wait) → ended (FIN sent, failure) |
//!
//! When both have ended, or were never used and the connection has failed or its [`Connection`](super::Connection) is gone,
//! the socket is closed; or it [lingers](super::lingering), if the peer has not ended. How bytes are read that the kernel
//! moves by itself is in [`moving`](super::moving).

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use roundsman_runtime::{DrainPhase, JobError, Readiness, SourceId, Spawn};

use super::block;
use super::connection::{apply, over, refuse_reading};
use super::ends::Ends;
use super::happenings::again;
use super::idle::{Rule, Watch};
use super::options::Options;
use super::reading::{Leaving, Reading, Way};
use super::splice_into_file::Moving;
use super::station::Ctx;
use super::transport::StreamSocket;
use super::unwanted::Unwanted;
use super::writing::Writing;
use crate::stream::assembly::{Control, Counts, Reporter};
use crate::stream::straight::Borrower;
use crate::stream::{Cut, Demand, Downstream, Flow, PipeError, Upstream, weight};

/// Bytes read in one turn; then others have theirs.
pub(super) const READ_CAP: usize = 256 * 1024;

/// What the engine takes.
pub(crate) enum Message {
    Ready(Readiness),
    /// The writer's link.
    Flow(Flow<Bytes>),
    /// The reader's link.
    Demand(Demand),
    Read(Box<ToRead>),
    Write(Box<Reporter>),
    /// Somebody wants to have the kernel move bytes into this socket.
    Lend(Borrower),
    /// So many were moved.
    Moved(u64),
    /// The descriptor into which the kernel is to move what comes.
    Lent(io::Result<File>),
    /// A job has written what was on its way into a file.
    Emptied(Result<(Moving, u64), JobError<io::Error>>),
    ControlRead(Control),
    ControlWrite(Control),
    Options(Box<Options>),
    /// What is to be done once nothing goes over it.
    Idle(Option<Box<Rule>>),
    /// It may have been silent for too long.
    LookIdle,
    /// To go on on another loop.
    MoveTo(usize),
    /// What has moved there has ended.
    Departed,
    Abort,
    /// The last handle is gone.
    Released,
}

/// Where what is read is to go, and who is told of its end. Boxed in messages, of which it would be the largest.
pub(crate) struct ToRead {
    pub(crate) link: Downstream<Bytes>,
    pub(crate) reporter: Reporter,
}

/// The actor of one connection.
pub(crate) struct Engine {
    pub(super) socket: StreamSocket,
    /// For whoever listens to what happens. A pipe has none.
    pub(super) ends: Option<Arc<Ends>>,
    pub(super) source: Option<SourceId>,
    pub(super) read: ReadHalf,
    pub(super) write: WriteHalf,
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// The peer has ended, or the socket has failed. No further event says so, whatever is still to be read before it.
    pub(super) hung_up: bool,
    /// Everything that the peer has sent was read, up to its end.
    pub(super) at_end: bool,
    /// The reading half was told to give no more for now.
    read_paused: bool,
    pub(super) released: bool,
    /// What comes although nobody wants it.
    pub(super) unwanted: Unwanted,
    /// A planned stop does not end the reading: what is to be read ends by itself.
    outlasts_drain: bool,
    /// It was told that it has begun.
    pub(super) opened: bool,
    /// The loop to which it is to move.
    pub(super) bound_for: Option<u16>,
    pub(super) idle: Option<Box<Watch>>,
    /// Why it is over. The first failure stands.
    pub(super) failure: Option<Arc<io::Error>>,
}

pub(super) enum ReadHalf {
    Unused,
    Open(Reading),
    /// Ended but for a job that has its file.
    Leaving(Box<Leaving>),
    Ended,
}

impl ReadHalf {
    /// Ends it if it is open, and returns what it was.
    fn end(&mut self) -> Option<Reading> {
        if let Self::Open(_) = self
            && let Self::Open(reading) = std::mem::replace(self, Self::Ended)
        {
            return Some(reading);
        }
        None
    }
}

pub(super) enum WriteHalf {
    Unused,
    Open(Writing),
    Ended,
}

impl Engine {
    /// Of a connection between two addresses, of which what happens is told.
    pub(crate) fn between(ends: Arc<Ends>, socket: StreamSocket) -> Self {
        let mut engine = Self::new(socket);
        engine.ends = Some(ends);
        engine
    }

    pub(crate) fn new(socket: StreamSocket) -> Self {
        // A half that a pipe does not have counts as ended.
        Self {
            ends: None,
            source: None,
            read: if socket.can_read() { ReadHalf::Unused } else { ReadHalf::Ended },
            write: if socket.can_write() { WriteHalf::Unused } else { WriteHalf::Ended },
            socket,
            readable: true,
            writable: true,
            hung_up: false,
            at_end: false,
            read_paused: false,
            released: false,
            unwanted: Unwanted::default(),
            outlasts_drain: false,
            opened: false,
            bound_for: None,
            idle: None,
            failure: None,
        }
    }

    /// The same of something that ends once what is written to it has.
    pub(crate) fn outlasting_drain(socket: StreamSocket) -> Self {
        let mut engine = Self::new(socket);
        engine.outlasts_drain = true;
        engine
    }

    fn begin_read(&mut self, to_read: ToRead, ctx: &mut Ctx<'_>) {
        let ToRead { mut link, mut reporter } = to_read;
        let is_over = matches!(self.read, ReadHalf::Ended);
        if is_over && self.unwanted.is_dropped() && self.failure.is_none() {
            // The runtime is being stopped as planned: nothing more is read.
            link.take(Flow::Begin(Upstream::none()));
            link.take(Flow::End);
            reporter.closed(Ok(Counts::default()));
            return;
        }
        if self.failure.is_some() || !matches!(self.read, ReadHalf::Unused) {
            let error = reporter.error(self.why_over());
            return refuse_reading(&mut link, &mut reporter, error);
        }
        link.take(Flow::Begin(Upstream::to(ctx.address(), Message::Demand)));
        self.read = ReadHalf::Open(Reading::new(link, reporter));
    }

    fn begin_write(&mut self, mut reporter: Reporter) {
        if self.failure.is_some() || !matches!(self.write, WriteHalf::Unused) {
            let error = reporter.error(self.why_over());
            reporter.closed(Err(error));
            return;
        }
        self.write = WriteHalf::Open(Writing::new(reporter));
    }

    /// What to say to a half that is piped when it is over already.
    fn why_over(&self) -> io::Error {
        self.failure.as_deref().map_or_else(over, again)
    }

    /// Reads what is asked for, until the socket has no more, or the cap.
    pub(super) fn read_on(&mut self, ctx: &mut Ctx<'_>) {
        let ReadHalf::Open(reading) = &mut self.read else { return };
        match reading.way {
            _ if self.read_paused => return,
            Way::Plain { .. } | Way::Copied => {}
            Way::Borrowing(_) => return,
            Way::Straight(_) => return self.move_on(ctx),
            Way::IntoFile(_) => return self.move_into_file(ctx),
        }
        let mut left = READ_CAP;
        while self.readable {
            if !reading.owed.is_due() {
                return self.look_for_end();
            }
            if left == 0 {
                if let Some(source) = self.source {
                    ctx.ready_again(source, Readiness::READABLE);
                }
                return;
            }
            let most = usize::try_from(reading.owed.left()).unwrap_or(usize::MAX).min(left);
            match block::read(most, |room| self.socket.read(room)) {
                Ok((bytes, _)) if bytes.is_empty() => {
                    self.at_end = true;
                    return self.end_read();
                }
                Ok((bytes, full)) => {
                    // A short read from a stream socket says that there is no more: the next bytes are a new edge.
                    // Not so the end, which may have come with the bytes before it.
                    self.readable = full || self.hung_up || !self.socket.short_read_is_last();
                    left -= bytes.len();
                    if let Some(ends) = &self.ends {
                        ends.has_read(bytes.len() as u64);
                    }
                    reading.owed.give(weight(&bytes));
                    let bulk = reading.is_bulk(bytes.len()) && self.socket.moves();
                    if !reading.link.take(Flow::Item(bytes)) {
                        return self.close_read(Ok(Counts::default()));
                    }
                    if bulk {
                        reading.borrow(|| ctx.recipient(Message::Lent));
                        return self.read_on(ctx);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.fail(error),
            }
        }
    }

    /// Nothing is asked for; but the end, or a failure, needs no demand (rule 5).
    pub(super) fn look_for_end(&mut self) {
        if !self.hung_up && !self.socket.ends_within() {
            return;
        }
        match self.socket.is_at_end() {
            Ok(true) => {
                self.at_end = true;
                self.end_read();
            }
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => self.fail(error),
        }
    }

    pub(super) fn end_read(&mut self) {
        // What is on its way goes first.
        match &mut self.read {
            ReadHalf::Open(Reading { way: Way::Straight(splice), .. }) if !splice.is_empty() => {
                return splice.stop_reading();
            }
            ReadHalf::Open(Reading { way: Way::IntoFile(splice), .. }) if !splice.is_empty() => {
                return splice.stop_reading();
            }
            _ => {}
        }
        if let ReadHalf::Open(reading) = &mut self.read {
            reading.link.take(Flow::End);
            self.close_read(Ok(Counts::default()));
        }
    }

    /// Reports that the reading half is over, and lets its link go; once the job that has its file is home, if there is one.
    fn close_read(&mut self, result: Result<Counts, PipeError>) {
        let Some(Reading { mut reporter, way, .. }) = self.read.end() else { return };
        let job = match way {
            Way::IntoFile(splice) => splice.job(),
            _ => None,
        };
        if job.is_some() {
            self.read = ReadHalf::Leaving(Box::new(Leaving { reporter, result, job }));
        } else {
            reporter.closed_before(self.farewell(), result);
        }
    }

    /// Takes what the writer's link brings.
    fn take(&mut self, flow: Flow<Bytes>, ctx: &mut Ctx<'_>) {
        let WriteHalf::Open(writing) = &mut self.write else {
            // Ended before its link has: whoever begins now is told so at once.
            if let Flow::Begin(upstream) = flow {
                upstream.cancel();
            }
            return;
        };
        match flow {
            Flow::Begin(upstream) => writing.begin(upstream),
            Flow::Item(bytes) => {
                writing.push(bytes);
                ctx.defer();
            }
            Flow::Items(pieces) => {
                pieces.into_iter().for_each(|bytes| writing.push(bytes));
                ctx.defer();
            }
            Flow::End => {
                writing.end();
                ctx.defer();
            }
            Flow::Failed(error) => {
                let ends = self.ends.as_deref();
                writing.reporter.closed_before(ends.and_then(Ends::farewell), Err(error));
                self.write = WriteHalf::Ended;
                self.abort();
            }
        }
    }

    /// Writes what waits, asks for more, and sends FIN when everything is out.
    fn write_on(&mut self) {
        let WriteHalf::Open(writing) = &mut self.write else { return };
        let ends = self.ends.as_deref();
        // Then this half is the last to end, and the socket goes with it: one call does for two.
        let closes = self.at_end && matches!(self.read, ReadHalf::Ended);
        match writing.go(&mut self.socket, &mut self.writable, ends, closes) {
            Ok(None) => {}
            Ok(Some(counts)) => {
                writing.reporter.closed_before(ends.and_then(Ends::farewell), Ok(counts));
                self.write = WriteHalf::Ended;
            }
            Err(error) => self.fail(error),
        }
    }

    /// The connection has failed: both halves hear of it, once each.
    pub(super) fn fail(&mut self, error: io::Error) {
        let error = Arc::clone(self.failure.get_or_insert_with(|| Arc::new(error)));
        if let ReadHalf::Open(Reading { reporter, .. }) = &self.read {
            let error = reporter.error(again(&error));
            self.cut_read(error);
        }
        self.cut_write(|reporter| reporter.error(again(&error)));
    }

    /// What was sent so far must not look complete to the peer, so no FIN: the connection is reset.
    fn abort(&mut self) {
        self.abort_with(over());
    }

    pub(super) fn abort_with(&mut self, why: io::Error) {
        self.reset_on_close();
        self.fail(why);
    }

    fn reset_on_close(&self) {
        if let Err(error) = self.socket.reset_on_close() {
            tracing::debug!(%error, "a connection that is cut will end with FIN instead of RST");
        }
    }

    /// How its actor is spawned, here or on another loop.
    pub(super) fn spawn(&self) -> Spawn<Message> {
        let named = self.ends.as_ref().map(|ends| Spawn::named_by(Arc::clone(ends)));
        named.unwrap_or_else(|| Spawn::fixed("pipe")).tireless().unmourned()
    }

    fn control_read(&mut self, control: Control, ctx: &mut Ctx<'_>) {
        match (control, &mut self.read) {
            (Control::Abort(error), _) => self.cut_read(error),
            (Control::Pause, ReadHalf::Open(_)) => self.read_paused = true,
            (Control::Resume, ReadHalf::Open(_)) => {
                self.read_paused = false;
                self.read_on(ctx);
            }
            (Control::Pause | Control::Resume, _) => {}
        }
    }

    pub(super) fn cut_read(&mut self, error: PipeError) {
        if let ReadHalf::Open(reading) = &mut self.read {
            reading.link.take(Flow::Failed(error.clone()));
            self.close_read(Err(error));
        }
    }

    fn cut_write(&mut self, error: impl FnOnce(&Reporter) -> PipeError) {
        if let WriteHalf::Open(mut writing) = std::mem::replace(&mut self.write, WriteHalf::Ended) {
            writing.cancel();
            let error = error(&writing.reporter);
            writing.reporter.closed_before(self.farewell(), Err(error));
        }
    }

    /// Ends if everything has, and does what takes a context to end it.
    fn stop_if_over(&mut self, ctx: &mut Ctx<'_>) {
        if let ReadHalf::Leaving(leaving) = &mut self.read
            && let Some(job) = leaving.job.take()
        {
            // One that waits for a thread never begins, and is home at once.
            ctx.cancel_job(job);
        }
        self.drop_input_if_ending(ctx);
        if self.is_over() {
            ctx.stop();
        }
    }

    pub(super) fn is_over(&self) -> bool {
        let unwanted = self.released || self.failure.is_some();
        let read = match self.read {
            ReadHalf::Unused => unwanted,
            ReadHalf::Open(_) | ReadHalf::Leaving(_) => false,
            ReadHalf::Ended => true,
        };
        let write = match self.write {
            WriteHalf::Unused => unwanted,
            WriteHalf::Open(_) => false,
            WriteHalf::Ended => true,
        };
        read && write
    }
}

/// The turns of its actor, as [`Station`](super::station::Station) has them.
impl Engine {
    /// It begins, or goes on on this loop.
    pub(super) fn start(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(ends) = &self.ends
            && !std::mem::replace(&mut self.opened, true)
        {
            ends.opened(ctx);
        }
        match self.socket.register(ctx, Message::Ready) {
            // What a session holds of what it has read shows as no readiness: one that has moved looks at once.
            Ok(source) => {
                self.source = Some(source);
                self.read_on(ctx);
            }
            Err(error) => self.fail(error),
        }
        if let Some(idle) = &mut self.idle {
            idle.timer = Some(ctx.send_after(idle.left(ctx.now()), Message::LookIdle));
        }
        // What waited to be written, if it has moved; and how what has failed ends.
        ctx.defer();
    }

    pub(super) fn take_message(&mut self, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Ready(readiness) => {
                self.readable |= readiness.is_readable();
                self.writable |= readiness.is_writable();
                self.hung_up |= readiness.has(Readiness::READ_CLOSED | Readiness::ERROR);
                self.read_on(ctx);
                if self.unwanted.is_dropped() {
                    self.drop_input_in_turns(ctx);
                }
                if readiness.is_writable() {
                    self.write_on();
                    if let WriteHalf::Open(writing) = &self.write {
                        writing.is_writable();
                    }
                }
            }
            Message::Flow(flow) => self.take(flow, ctx),
            Message::Demand(Demand::More(amount)) => {
                if let ReadHalf::Open(reading) = &mut self.read {
                    reading.owed.ask(amount);
                }
                self.read_on(ctx);
            }
            Message::Demand(Demand::Cancel) => {
                self.close_read(Ok(Counts::default()));
            }
            Message::Read(to_read) => self.begin_read(*to_read, ctx),
            Message::Write(reporter) => self.begin_write(*reporter),
            Message::Lend(borrower) => {
                if let WriteHalf::Open(writing) = &mut self.write {
                    writing.lend(borrower);
                    ctx.defer();
                }
            }
            Message::Moved(bytes) => {
                if let WriteHalf::Open(writing) = &mut self.write {
                    writing.moved(bytes);
                }
                if let Some(ends) = &self.ends {
                    ends.has_written(bytes);
                }
            }
            Message::Lent(target) => self.lent(target, ctx),
            Message::Emptied(result) => self.emptied(result, ctx),
            Message::ControlRead(control) => self.control_read(control, ctx),
            // One whose end is on its way has nothing left to cut.
            Message::ControlWrite(Control::Abort(error)) => {
                if let WriteHalf::Open(_) = self.write {
                    self.cut_write(|_| error);
                    self.abort();
                }
            }
            // What is under way is still written.
            Message::ControlWrite(Control::Pause | Control::Resume) | Message::Departed => {}
            Message::Options(options) => apply(&self.socket, &options),
            Message::Idle(rule) => self.watch_idle(rule, ctx),
            Message::LookIdle => self.look_idle(ctx),
            Message::MoveTo(index) => {
                // There are fewer than that.
                self.bound_for = u16::try_from(index % ctx.loops().max(1)).ok();
            }
            Message::Abort => self.abort(),
            Message::Released => self.released = true,
        }
        self.after_turn(ctx);
    }

    /// Writes what this round has brought.
    pub(super) fn flush(&mut self, ctx: &mut Ctx<'_>) {
        self.write_on();
        self.after_turn(ctx);
    }

    fn after_turn(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(idle) = &mut self.idle {
            idle.note(ctx.now());
        }
        self.stop_if_over(ctx);
    }

    /// A planned stop: nothing more is read, as if the peer had ended, so that what is behind the reader runs dry.
    pub(super) fn drain(&mut self, phase: DrainPhase, ctx: &mut Ctx<'_>) {
        if phase >= DrainPhase::Read && !self.outlasts_drain {
            match self.read {
                ReadHalf::Unused => self.read = ReadHalf::Ended,
                ReadHalf::Open(_) => self.end_read(),
                ReadHalf::Leaving(_) | ReadHalf::Ended => {}
            }
            self.unwanted.begin();
            self.drop_input_in_turns(ctx);
            self.stop_if_over(ctx);
        }
    }

    /// Its actor ends: what is left to be done is to close the socket, as `self` is dropped. True if that has time.
    pub(super) fn close(&mut self, ctx: &mut Ctx<'_>) -> bool {
        // Stopped from outside with bytes in hand: what the socket takes at once still goes.
        self.write_on();
        let mut lingers = false;
        if matches!(&self.write, WriteHalf::Open(writing) if !writing.is_empty()) {
            // The rest is lost, which must not look like the end.
            self.reset_on_close();
        } else if self.failure.is_none() && !self.at_end {
            // Over bytes that nobody has read the socket would be reset.
            self.drop_input();
            lingers = ctx.drain_phase().is_none() && self.may_linger() && self.has_ended();
        }
        if !lingers && let Some(ends) = &self.ends {
            ends.happened(self.failure.as_ref(), ctx);
        }
        let gone = |reporter: &Reporter| reporter.error(Cut::OwnerGone);
        self.cut_write(gone);
        if let ReadHalf::Open(reading) = &self.read {
            let error = gone(&reading.reporter);
            self.cut_read(error);
        }
        lingers
    }
}

impl Drop for Engine {
    /// However it ends, also one that never began, for its owner has ended before.
    fn drop(&mut self) {
        if let Some(ends) = &self.ends {
            ends.close(self.failure.clone());
        }
    }
}

#[cfg(test)]
mod tests;
