//! A host as it calls a server: one request, and its answer.

use std::sync::Arc;

use roundsman_runtime::{Context, Recipient, Watch};

use super::conversation::Conversation;
use super::handshake::{Question, key};
use super::head::Head;
use super::host::{Host, Message, Phase};
use super::line::Line;
use super::{HandshakeError, Options, Socket};

/// What a host knows of a server that has not answered yet.
pub(super) struct Calling {
    question: Question,
    key: String,
    head: Head,
    tell: Recipient<Result<Socket, HandshakeError>>,
    watch: Option<Watch>,
}

impl Calling {
    pub(super) fn new(
        question: Question,
        options: &Options,
        tell: Recipient<Result<Socket, HandshakeError>>,
    ) -> Self {
        let head = Head::new(options.head_max);
        Self { question, key: String::new(), head, tell, watch: None }
    }

    pub(super) fn begin(&mut self, line: &mut Line, ctx: &mut Context<'_, Host>) {
        self.watch = Some(ctx.watch_owner(&self.tell, |_| Message::Unwanted));
        self.key = key([ctx.random(), ctx.random()]);
        line.outgoing.push_raw(self.question.write(&self.key).into());
    }

    /// The subprotocol that was agreed on, once the answer has come.
    fn answer(&mut self, line: &mut Line) -> Result<Option<Option<String>>, HandshakeError> {
        while let Some(input) = line.input() {
            if let Some(head) = self.head.take(input)? {
                return self.question.judge(&self.key, &head).map(Some);
            }
        }
        Ok(None)
    }
}

impl Host {
    pub(super) fn call(
        &mut self,
        mut calling: Box<Calling>,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        match calling.answer(&mut self.line) {
            Ok(Some(protocol)) => {
                if let Some(watch) = calling.watch.take() {
                    ctx.unwatch(watch);
                }
                let (fate, connection) = (Arc::clone(&self.fate), self.connection.clone());
                let socket = Socket::new(ctx.address(), fate, connection, protocol, None);
                calling.tell.complete(Ok(socket));
                let conversation = Conversation::of_client(&self.options);
                self.begin_conversation(conversation, ctx)
            }
            Ok(None) if self.draining => self.fail(&calling, HandshakeError::Stopped, ctx),
            Ok(None) if self.line.has_hung_up() => {
                let lost = self.line.failure().cloned();
                let error = lost.map_or(HandshakeError::HungUp, HandshakeError::Lost);
                self.fail(&calling, error, ctx)
            }
            Ok(None) => {
                self.line.ask();
                (Phase::Calling(calling), false)
            }
            Err(error) => self.fail(&calling, error, ctx),
        }
    }

    fn fail(
        &mut self,
        calling: &Calling,
        error: HandshakeError,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        calling.tell.complete(Err(error));
        self.end(ctx)
    }

    pub(super) fn calling_overdue(
        &mut self,
        calling: Box<Calling>,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        self.fail(&calling, HandshakeError::TimedOut(self.options.timeout), ctx)
    }

    /// Whoever wanted the socket has ended.
    pub(super) fn calling_unwanted(
        &mut self,
        calling: Box<Calling>,
        ctx: &mut Context<'_, Self>,
    ) -> (Phase, bool) {
        self.fail(&calling, HandshakeError::Stopped, ctx)
    }
}
