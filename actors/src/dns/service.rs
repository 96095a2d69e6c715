//! The actor of a resolver on one loop: finds out whom to ask, and has the futures of the questions run.
//!
//! Spawned by the first question of its loop; all of that loop come to it. It has one child, the
//! [`Executor`](crate::futures::Executor) that polls them. It knows questions and answers, no sockets.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Cx, Poll};

use roundsman_runtime::{Actor, Address, Context, JobError, Lane, Outcome, Reply, Spawn, try_job};

use super::hickory::{Answering, Engine};
use super::resolve_error::Asked;
use super::settings::{Plan, Settings};
use super::{Answer, ResolveError};
use crate::futures::{Executor, Message as ToExecutor, Task, TaskHandle};

/// The actor of a resolver on one loop.
pub(super) struct Service {
    settings: Arc<Settings>,
    running: Option<Running>,
    /// Those that wait until it is known whom to ask: while there are any, that is being read.
    waiting: Vec<Ask>,
}

/// What asks, and what polls it: made together, for the one has tasks in the other.
struct Running {
    engine: Engine,
    executor: Address<ToExecutor>,
}

/// A question, and the way back.
pub(super) struct Ask {
    pub(super) asked: Asked,
    pub(super) reply: Reply<Result<Answer, ResolveError>>,
    pub(super) task: TaskHandle,
}

pub(super) enum Message {
    Ask(Ask),
    Read(Result<Plan, JobError<String>>),
    ExecutorGone,
    /// The last handle is gone.
    Close,
}

impl Service {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self { settings, running: None, waiting: Vec::new() }
    }

    fn take(&mut self, ask: Ask, ctx: &mut Context<Self>) {
        if let Some(running) = &self.running {
            return running.run(ask);
        }
        self.waiting.push(ask);
        if self.waiting.len() > 1 {
            return;
        }
        match self.settings.known() {
            Some(plan) => self.begin(plan, ctx),
            None => {
                let settings = Arc::clone(&self.settings);
                let read = try_job(Lane::Dns, move || settings.read());
                ctx.start(read.named("dns: whom to ask"), Message::Read);
            }
        }
    }

    /// It is known whom to ask, or why not.
    fn begin(&mut self, plan: Result<Plan, String>, ctx: &mut Context<Self>) {
        let engine = plan.and_then(|plan| Engine::new(&plan, self.settings.cache_size));
        let waiting = std::mem::take(&mut self.waiting);
        match engine {
            Ok(engine) => {
                let executor =
                    ctx.spawn_with(Spawn::named("executor").tireless(), Executor::service());
                ctx.watch(&executor, |_| Message::ExecutorGone);
                let running = self.running.insert(Running { engine, executor });
                waiting.into_iter().for_each(|ask| running.run(ask));
            }
            Err(why) => {
                let why = Arc::<str>::from(why);
                for Ask { asked, reply, .. } in waiting {
                    reply.send(Err(ResolveError::Config { asked, why: Arc::clone(&why) }));
                }
            }
        }
    }
}

impl Running {
    fn run(&self, Ask { asked, reply, task }: Ask) {
        if task.is_cancelled() {
            // Whoever asked has ended.
            return reply.expire();
        }
        match self.engine.ask(asked) {
            Err(error) => reply.send(Err(error)),
            Ok(answering) => {
                let replying = Replying { answering, reply: Some(reply) };
                let task = Task::with_handle(replying, &task);
                // If it has just failed, the reply inside says so as it goes.
                drop(self.executor.send(ToExecutor::Run(task)));
            }
        }
    }
}

impl Actor for Service {
    type Message = Message;

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Ask(ask) => self.take(ask, ctx),
            Message::Read(Ok(plan)) => self.begin(Ok(plan), ctx),
            Message::Read(Err(JobError::Failed(why))) => self.begin(Err(why), ctx),
            Message::Read(Err(error)) => self.begin(Err(error.to_string()), ctx),
            // What it was polling has been answered so; the next question begins anew.
            Message::ExecutorGone => self.running = None,
            Message::Close => ctx.stop(),
        }
        Ok(())
    }
}

/// The future of a question: it replies.
struct Replying {
    answering: Answering,
    reply: Option<Reply<Result<Answer, ResolveError>>>,
}

impl Future for Replying {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<()> {
        let Poll::Ready(answer) = self.answering.as_mut().poll(cx) else { return Poll::Pending };
        if let Some(reply) = self.reply.take() {
            reply.send(answer);
        }
        Poll::Ready(())
    }
}
