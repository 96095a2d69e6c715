//! The two links between a [`Host`](super::host) and its connection: what has come and was not used, what is to go.
//!
//! It asks for what its host wants to have, a window at most, and gives what the connection asks for.

use std::collections::VecDeque;

use bytes::Bytes;
use roundsman_runtime::Context;

use super::host::{Host, Message};
use super::outgoing::Outgoing;
use crate::net::Connection;
use crate::stream::assembly::{Assembly, Report, ReportsTo};
use crate::stream::link_tail::LinkTail;
use crate::stream::port::Port;
use crate::stream::source::Outflow;
use crate::stream::stage::Tail;
use crate::stream::{Demand, Flow, PipeError, Upstream, window};

const NAME: &str = "websocket";
/// The member of the connection that writes: it is the second that enters.
const WRITER: u32 = 1;

/// The links to a connection.
pub(super) struct Line {
    connection: Connection,
    port: Port,
    /// What has come and was not used.
    input: VecDeque<Bytes>,
    /// The link to the connection's writer, once it is open.
    tail: Option<LinkTail<Bytes>>,
    pub(super) outgoing: Outgoing,
    /// Nothing goes behind what waits.
    ends: bool,
    /// Nothing comes behind what has.
    hung_up: bool,
    /// Why the connection has failed.
    failure: Option<PipeError>,
    /// Halves of the connection that are closed.
    closed: u8,
    written: bool,
}

impl Line {
    pub(super) fn new(connection: Connection) -> Self {
        let (input, outgoing) = Default::default();
        let (port, tail, failure) = (Port::new(), None, None);
        let (ends, hung_up, closed, written) = (false, false, 0, false);
        Self { connection, port, input, tail, outgoing, ends, hung_up, failure, closed, written }
    }

    /// Pipes both halves of the connection to the host.
    pub(super) fn open(&mut self, ctx: &Context<'_, Host>) {
        let scope = ctx.scope();
        // The connection's actor is a child of the host, and reports to it. Nobody is to be told to pause.
        let reported = ctx.recipient(Message::Reported);
        let mut assembly = Assembly::new(scope, scope, ReportsTo::another(reported));
        let link = Box::new(ctx.recipient(Message::Came));
        let outflow = Outflow::Link { link, to: NAME.into() };
        self.connection.reader().start(&mut assembly, outflow);
        let outflow = (self.connection.writer().open)(&mut assembly);
        let mut tail = LinkTail::new(outflow.into_foreign_link(&mut assembly, NAME));
        tail.begin(Upstream::to(ctx.address(), Message::Asked));
        self.tail = Some(tail);
    }

    /// Takes what has come over the connection. True if there are bytes among it.
    pub(super) fn take(&mut self, flow: Flow<Bytes>) -> bool {
        match flow {
            Flow::Begin(upstream) => self.port.begin(upstream),
            Flow::Item(bytes) => {
                self.enter(bytes);
                return true;
            }
            Flow::Items(pieces) => {
                pieces.into_iter().for_each(|bytes| self.enter(bytes));
                return true;
            }
            Flow::End => {
                self.port.end();
                self.hung_up = true;
            }
            Flow::Failed(error) => {
                self.port.end();
                self.hung_up = true;
                self.failure.get_or_insert(error);
            }
        }
        false
    }

    fn enter(&mut self, bytes: Bytes) {
        self.port.arrived(&bytes);
        self.input.push_back(bytes);
    }

    /// What the connection asks for.
    pub(super) fn demand(&mut self, demand: Demand) {
        if let Some(tail) = &mut self.tail {
            tail.demand(demand);
        }
    }

    /// A half of the connection is closed.
    pub(super) fn reported(&mut self, report: Report) {
        self.closed += 1;
        self.written |= report.member == WRITER;
        if let Err(error) = report.result {
            self.failure.get_or_insert(error);
        }
    }

    /// The first of what has come and was not used.
    pub(super) fn input(&mut self) -> Option<&mut Bytes> {
        while self.input.front().is_some_and(Bytes::is_empty) {
            self.input.pop_front();
        }
        self.input.front_mut()
    }

    /// What has come is of no use.
    pub(super) fn drop_input(&mut self) {
        self.input.clear();
    }

    /// Asks for more, if there is room for it.
    pub(super) fn ask(&mut self) {
        let waits = self.input.iter().map(|bytes| bytes.len() as u64).sum();
        self.port.ask_beside(waits, window::<Bytes>());
    }

    /// Gives what the connection asks for.
    pub(super) fn flush(&mut self) {
        let Some(tail) = &mut self.tail else { return };
        while tail.room() > 0
            && let Some(bytes) = self.outgoing.pop()
        {
            // A link takes what there is room for.
            let _ = tail.push(bytes);
        }
        if self.ends && self.outgoing.is_empty() {
            let _ = tail.end();
        }
        tail.flush();
        if tail.is_closed() {
            self.outgoing.clear();
        }
    }

    /// Our end of the connection follows what waits.
    pub(super) fn end(&mut self) {
        self.ends = true;
    }

    /// Nothing more is read.
    pub(super) fn stop_reading(&mut self) {
        self.port.cancel();
        self.input.clear();
    }

    /// Cuts the connection.
    pub(super) fn abort(&mut self) {
        self.outgoing.clear();
        self.connection.abort();
    }

    /// Whether nothing comes behind what has.
    pub(super) fn has_hung_up(&self) -> bool {
        self.hung_up || self.failure.is_some()
    }

    /// Why the connection has failed, if it has.
    pub(super) fn failure(&self) -> Option<&PipeError> {
        self.failure.as_ref()
    }

    /// Whether everything is written, and our end, too.
    pub(super) fn is_written(&self) -> bool {
        self.written
    }

    /// Whether the connection is over.
    pub(super) fn is_over(&self) -> bool {
        self.closed >= 2
    }
}
