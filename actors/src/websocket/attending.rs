//! A host as it attends to a client: requests of HTTP, until one of them is for a WebSocket.
//!
//! | step | waits for | at most |
//! |---|---|---|
//! | a request | its head | [`timeout`](super::Options::timeout); between two, [`keep_alive`](super::Server::keep_alive) |
//! | asked | whoever has the request to answer it | – |
//! | answered | the client to take it | [`timeout`](super::Options::timeout) without a byte that goes |

use std::sync::Arc;

use roundsman_runtime::{Context, Recipient, Watch};

use super::accept::{Arrival, Told};
use super::conversation::Conversation;
use super::head::Head;
use super::host::{Host, Message, Phase};
use super::line::Line;
use super::server::Verdict;
use super::{Exchange, HandshakeError, HandshakeFailed, Request, Response, Server, Socket};

/// What a host knows of a client that has no WebSocket yet.
pub(super) struct Attending {
    server: Server,
    /// Other requests are given to whoever answers them.
    serves: bool,
    tell: Recipient<Told>,
    watch: Option<Watch>,
    head: Head,
    step: Step,
    /// It is the first request of its connection.
    is_first: bool,
    /// It has become a socket, and was told as one.
    upgraded: bool,
}

enum Step {
    Request,
    /// Somebody has it.
    Asked(Manner),
    /// Who has said this.
    Answered(Response, Manner),
    /// That goes. Whether the connection stays.
    Answering(bool),
}

/// How a request wants to be answered.
#[derive(Clone, Copy)]
struct Manner {
    head_only: bool,
    keeps: bool,
}

impl Attending {
    pub(super) fn new(server: &Server, serves: bool, tell: Recipient<Told>) -> Self {
        let head = Head::new(server.options.head_max);
        let (server, watch, step) = (server.clone(), None, Step::Request);
        Self { server, serves, tell, watch, head, step, is_first: true, upgraded: false }
    }

    pub(super) fn begin(&mut self, ctx: &mut Context<'_, Host>) {
        self.watch = Some(ctx.watch_owner(&self.tell, |_| Message::Unwanted));
    }

    /// Whoever has the request answers it.
    pub(super) fn answered(&mut self, response: Response) {
        if let Step::Asked(manner) = self.step {
            self.step = Step::Answered(response, manner);
        }
    }

    /// The next request, once its head has come.
    fn request(&mut self, line: &mut Line) -> Result<Option<Request>, HandshakeError> {
        while let Some(input) = line.input() {
            if let Some(head) = self.head.take(input)? {
                return Request::parse(&head).map(Some);
            }
        }
        Ok(None)
    }
}

impl Drop for Attending {
    /// However it ends, its place is free.
    fn drop(&mut self) {
        if !self.upgraded {
            self.tell.complete(Told::Over);
        }
    }
}

/// What answers a request that cannot be read. `None`: whoever sent it does not speak HTTP, or is not there.
fn answer_to(error: &HandshakeError) -> Option<Response> {
    Some(Response::plain(match error {
        HandshakeError::HeadTooLarge { .. } | HandshakeError::TooManyHeaders => 431,
        HandshakeError::BadHead(_) => 400,
        HandshakeError::TimedOut(_) => 408,
        _ => return None,
    }))
}

impl Host {
    pub(super) fn attend(
        &mut self,
        mut attending: Box<Attending>,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        loop {
            // Each arm says what is next; a request, if it says nothing.
            match std::mem::replace(&mut attending.step, Step::Request) {
                Step::Request if self.draining => {
                    return self.refuse(attending, &HandshakeError::Stopped, None, ctx);
                }
                Step::Request => {
                    let was_empty = attending.head.is_empty();
                    match attending.request(&mut self.line) {
                        Ok(Some(request)) => {
                            let (phase, again) = self.judge(attending, request, ctx);
                            let Phase::Attending(same) = phase else { return (phase, again) };
                            attending = same;
                        }
                        Ok(None) if self.line.has_hung_up() => return self.left(attending, ctx),
                        Ok(None) => {
                            if was_empty && !attending.head.is_empty() && !attending.is_first {
                                self.wait(self.options.timeout, ctx);
                            }
                            self.line.ask();
                            return (Phase::Attending(attending), false);
                        }
                        Err(error) => {
                            let response = answer_to(&error);
                            return self.refuse(attending, &error, response, ctx);
                        }
                    }
                }
                Step::Asked(_) if self.line.failure().is_some() => return self.end(ctx),
                asked @ Step::Asked(_) => {
                    attending.step = asked;
                    return (Phase::Attending(attending), false);
                }
                Step::Answered(response, Manner { head_only, keeps }) => {
                    let keeps = keeps && !response.closes() && !self.draining;
                    for bytes in response.write(head_only, keeps) {
                        self.line.outgoing.push_raw(bytes);
                    }
                    attending.step = Step::Answering(keeps);
                    self.wait(self.options.timeout, ctx);
                }
                Step::Answering(keeps) => {
                    self.line.flush();
                    if !self.line.outgoing.is_empty() {
                        attending.step = Step::Answering(keeps);
                        return (Phase::Attending(attending), false);
                    }
                    if !keeps {
                        return self.end(ctx);
                    }
                    attending.is_first = false;
                    self.wait(attending.server.keep_alive, ctx);
                }
            }
        }
    }

    /// A request has come.
    fn judge(
        &mut self,
        mut attending: Box<Attending>,
        request: Request,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        self.wait_no_more(ctx);
        let manner = Manner { head_only: request.method() == "HEAD", keeps: request.keeps_alive() };
        match attending.server.judge(&request) {
            Verdict::Upgrade(head, protocol) => {
                return self.upgrade(attending, request, head, protocol, ctx);
            }
            Verdict::Plain if attending.serves => {
                let answer = ctx.recipient(Message::Answer);
                let (peer, local) = (self.fate.peer.clone(), self.fate.local.clone());
                let exchange = Exchange::new(request, peer, local, answer);
                attending.step = Step::Asked(manner);
                attending.tell.complete(Told::Arrived(Arrival::Request(exchange)));
            }
            Verdict::Plain => {
                let error = HandshakeError::NotAnUpgrade { path: request.path().to_owned() };
                let response = Response::plain(426).header("upgrade", "websocket");
                return self.refuse(attending, &error, Some(response), ctx);
            }
            Verdict::Refuse(response, error) => {
                return self.refuse(attending, &error, Some(response), ctx);
            }
        }
        (Phase::Attending(attending), false)
    }

    /// It becomes a socket.
    fn upgrade(
        &mut self,
        mut attending: Box<Attending>,
        request: Request,
        head: String,
        protocol: Option<String>,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        self.line.outgoing.push_raw(head.into());
        if let Some(watch) = attending.watch.take() {
            ctx.unwatch(watch);
        }
        let (fate, connection) = (Arc::clone(&self.fate), self.connection.clone());
        let socket = Socket::new(ctx.address(), fate, connection, protocol, Some(request));
        attending.upgraded = true;
        attending.tell.complete(Told::Arrived(Arrival::Socket(socket)));
        let conversation = Conversation::of_server(&self.options);
        self.begin_conversation(conversation, ctx)
    }

    /// It becomes none: it is told, and the connection ends behind the answer.
    fn refuse(
        &mut self,
        mut attending: Box<Attending>,
        error: &HandshakeError,
        response: Option<Response>,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        // A client that has been answered, and sends no more, has not failed.
        let had_its_answer = !attending.is_first && attending.head.is_empty();
        if !(had_its_answer && response.is_none()) {
            ctx.happens(|| HandshakeFailed::new(&self.fate.peer, &self.fate.local, error));
        }
        let Some(response) = response else { return self.end(ctx) };
        attending.step = Step::Answered(response, Manner { head_only: false, keeps: false });
        // What it has sent behind that is not read.
        self.line.drop_input();
        (Phase::Attending(attending), true)
    }

    /// The client has gone before its request was there.
    fn left(&mut self, attending: Box<Attending>, ctx: &mut Context<'_, Self>) -> (Phase, bool) {
        let lost = self.line.failure().cloned();
        let error = lost.map_or(HandshakeError::HungUp, HandshakeError::Lost);
        self.refuse(attending, &error, None, ctx)
    }

    pub(super) fn attending_overdue(
        &mut self,
        attending: Box<Attending>,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        match attending.step {
            Step::Request => {
                let error = HandshakeError::TimedOut(self.options.timeout);
                // Browsers connect in advance, and want to hear nothing if they ask nothing.
                let response = (!attending.head.is_empty()).then(|| answer_to(&error)).flatten();
                self.refuse(attending, &error, response, ctx)
            }
            Step::Answering(_) if self.moves() => {
                self.wait(self.options.timeout, ctx);
                (Phase::Attending(attending), false)
            }
            Step::Answering(_) => self.cut(ctx),
            Step::Asked(_) | Step::Answered(..) => (Phase::Attending(attending), false),
        }
    }

    /// Whoever took sockets and requests has ended.
    pub(super) fn attending_unwanted(
        &mut self,
        mut attending: Box<Attending>,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        match &mut attending.step {
            Step::Request => self.refuse(attending, &HandshakeError::Stopped, None, ctx),
            Step::Asked(manner) | Step::Answered(_, manner) => {
                manner.keeps = false;
                (Phase::Attending(attending), false)
            }
            Step::Answering(keeps) => {
                *keeps = false;
                (Phase::Attending(attending), false)
            }
        }
    }
}
