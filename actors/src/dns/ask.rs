//! The actor of one question: it asks the resolver's actor of its loop, minds the deadline, and tells its owner.

use std::time::Duration;

use roundsman_runtime::{Actor, AskError, Context, ExitReason, Outcome};

use super::resolve_error::Asked;
use super::service;
use super::{Answer, ResolveError, Resolver};
use crate::futures::TaskHandle;

/// The deadline of a question that has none: the resolver's attempts end it long before.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

type Tell = Box<dyn FnOnce(Result<Answer, ResolveError>, &Asked) + Send>;

/// The actor of one question.
pub(super) struct Ask {
    /// Kept until the answer is there: the resolver ends with its last handle.
    resolver: Resolver,
    asked: Asked,
    within: Option<Duration>,
    tell: Option<Tell>,
    task: TaskHandle,
}

pub(super) enum Message {
    Answered(Result<Result<Answer, ResolveError>, AskError>),
    Cancel,
}

impl Ask {
    pub(super) fn new(
        resolver: Resolver,
        asked: Asked,
        within: Option<Duration>,
        tell: Tell,
    ) -> Self {
        Self { resolver, asked, within, tell: Some(tell), task: TaskHandle::new() }
    }

    fn failed(&self, error: AskError) -> ResolveError {
        let asked = self.asked.clone();
        match (error, self.within) {
            (AskError::Timeout, Some(within)) => ResolveError::Late { asked, within },
            (AskError::Timeout, None) => ResolveError::Timeout { asked },
            (other, _) => {
                let text = format!("the resolver gave no answer: {other}");
                ResolveError::Failed { asked, text: text.into() }
            }
        }
    }

    fn tell(&mut self, answer: Result<Answer, ResolveError>, ctx: &mut Context<Self>) {
        if let Some(tell) = self.tell.take() {
            tell(answer, &self.asked);
        }
        ctx.stop();
    }
}

impl Actor for Ask {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let service = self.resolver.service(ctx);
        let (asked, task) = (self.asked.clone(), self.task.twin());
        let question = move |reply| service::Message::Ask(service::Ask { asked, reply, task });
        ctx.ask_within(self.within.unwrap_or(LONGEST), &service, question, Message::Answered);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        let answer = match message {
            Message::Answered(Ok(answer)) => answer,
            Message::Answered(Err(error)) => Err(self.failed(error)),
            Message::Cancel => Err(ResolveError::Cancelled { asked: self.asked.clone() }),
        };
        self.tell(answer, ctx);
        Ok(())
    }

    /// Nobody wants the answer any more, if there is none yet.
    fn stopping(&mut self, _: &ExitReason, _: &mut Context<Self>) {
        self.task.cancel();
    }
}
