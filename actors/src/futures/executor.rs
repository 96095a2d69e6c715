//! The actor that polls futures: one, on behalf of its parent, or those of a service of its loop.
//!
//! Spawned by [`run_future`](super::FutureContext::run_future) and by services. A turn polls what was woken before it began,
//! and clears the desk after each poll; what is woken meanwhile has the next turn. It knows no sockets: [`Attached`].

use std::sync::Arc;

use roundsman_runtime::{Actor, Context, ExitReason, Outcome, Readiness, SourceId, TimerId};
use slab::Slab;

use super::alarm::Alarm;
use super::desk::{self, Attached, Request};
use super::ready::Ready;
use super::task::{SendTask, Signal, Task};

/// The actor that polls.
pub(crate) struct Executor {
    kind: Kind,
    /// Of a service: what it was born with is polled in its first turn.
    newborn: Option<Task>,
    tasks: Slab<Task>,
    alarms: Slab<(TimerId, Arc<Alarm>)>,
    sockets: Slab<(SourceId, Arc<dyn Attached>)>,
    ready: Option<Arc<Ready>>,
    /// Those of this turn; empty between turns, as the desk is.
    in_turn: Vec<Arc<Signal>>,
    requests: Vec<Request>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Ends with its task, and keeps the runtime alive until then.
    OfOne,
    /// Goes on, and keeps nothing alive: whoever waits for one of its tasks does.
    Service,
}

pub(crate) enum Message {
    /// Something was woken.
    Woken,
    Rang(usize),
    Ready(usize, Readiness),
    Run(SendTask),
}

impl Executor {
    /// One that runs a single future.
    pub(super) fn of_one(task: Task) -> Self {
        Self::new(Kind::OfOne, Some(task))
    }

    /// One that runs what it is sent.
    pub(crate) fn service() -> Self {
        Self::new(Kind::Service, None)
    }

    fn new(kind: Kind, newborn: Option<Task>) -> Self {
        Self {
            kind,
            newborn,
            tasks: Slab::new(),
            alarms: Slab::new(),
            sockets: Slab::new(),
            ready: None,
            in_turn: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// Gives a task its place; it is polled in this turn or the next.
    fn admit(&mut self, task: Task) {
        if let Some(ready) = &self.ready {
            let signal = Arc::clone(&task.signal);
            signal.settle(ready, self.tasks.insert(task));
            ready.push(signal);
        }
    }

    /// Polls what is ready.
    fn run(&mut self, ctx: &mut Context<Self>) {
        let Some(ready) = self.ready.clone() else { return };
        let mut in_turn = std::mem::take(&mut self.in_turn);
        ready.take(&mut in_turn);
        for signal in in_turn.drain(..) {
            self.poll(&signal, ctx);
        }
        self.in_turn = in_turn;
        ready.end();
        if self.kind == Kind::OfOne && self.tasks.is_empty() {
            ctx.stop();
        }
    }

    fn poll(&mut self, signal: &Arc<Signal>, ctx: &mut Context<Self>) {
        let Some(key) = signal.key() else { return };
        // Its place may be another's by now.
        let Some(task) = self.tasks.get_mut(key).filter(|task| Arc::ptr_eq(&task.signal, signal))
        else {
            return;
        };
        signal.begin();
        let requests = std::mem::take(&mut self.requests);
        let (done, requests) = if signal.is_cancelled() {
            (true, requests)
        } else {
            let mut cx = std::task::Context::from_waker(&task.waker);
            desk::at(requests, || task.future.as_mut().poll(&mut cx).is_ready())
        };
        self.serve(requests, ctx);
        if done && self.tasks.contains(key) {
            let task = self.tasks.remove(key);
            let requests = std::mem::take(&mut self.requests);
            let ((), requests) = desk::at(requests, || drop(task));
            self.serve(requests, ctx);
        }
    }

    /// Clears the desk.
    fn serve(&mut self, mut requests: Vec<Request>, ctx: &mut Context<Self>) {
        for request in requests.drain(..) {
            match request {
                Request::Arm(duration, alarm) => {
                    let entry = self.alarms.vacant_entry();
                    let key = entry.key();
                    let timer = ctx.send_after(duration, Message::Rang(key));
                    if self.kind == Kind::Service {
                        ctx.unref_timer(timer);
                    }
                    // An alarm is armed once.
                    let _ = alarm.key.set(key);
                    entry.insert((timer, alarm));
                }
                Request::Disarm(alarm) => self.disarm(&alarm, ctx),
                Request::Attach(attached) => self.attach(attached, ctx),
                Request::Detach(attached) => self.detach(&attached, ctx),
                Request::Spawn(task) => self.admit(task),
            }
        }
        self.requests = requests;
    }

    fn disarm(&mut self, alarm: &Arc<Alarm>, ctx: &mut Context<Self>) {
        if let Some(key) = alarm.key.get().copied()
            && self.alarms.get(key).is_some_and(|(_, armed)| Arc::ptr_eq(armed, alarm))
        {
            let (timer, _) = self.alarms.remove(key);
            ctx.cancel(timer);
        }
    }

    fn attach(&mut self, attached: Arc<dyn Attached>, ctx: &mut Context<Self>) {
        let entry = self.sockets.vacant_entry();
        let key = entry.key();
        match attached.register(ctx, key) {
            Ok(source) => {
                if self.kind == Kind::Service {
                    ctx.unref_source(source);
                }
                // A socket is attached once.
                let _ = attached.key().set(key);
                attached.ready(Readiness::READABLE | Readiness::WRITABLE);
                entry.insert((source, attached));
            }
            Err(error) => attached.failed(error),
        }
    }

    fn detach(&mut self, attached: &Arc<dyn Attached>, ctx: &mut Context<Self>) {
        if let Some(key) = attached.key().get().copied()
            && self.sockets.get(key).is_some_and(|(_, here)| Arc::ptr_eq(here, attached))
        {
            let (source, attached) = self.sockets.remove(key);
            attached.deregister(ctx, source);
        }
    }
}

impl Actor for Executor {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let ready = Ready::new(ctx.recipient(|()| Message::Woken));
        ready.begin();
        self.ready = Some(ready);
        ctx.set_expecting(self.kind == Kind::OfOne);
        if let Some(task) = self.newborn.take() {
            self.admit(task);
        }
        self.run(ctx);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        if let Some(ready) = &self.ready {
            ready.begin();
        }
        match message {
            Message::Woken => {}
            Message::Rang(key) => {
                if let Some((_, alarm)) = self.alarms.try_remove(key) {
                    alarm.ring();
                }
            }
            Message::Ready(key, readiness) => {
                if let Some((_, attached)) = self.sockets.get(key) {
                    attached.ready(readiness);
                }
            }
            Message::Run(task) => self.admit(task.at_home()),
        }
        self.run(ctx);
        Ok(())
    }

    fn stopping(&mut self, _: &ExitReason, _: &mut Context<Self>) {
        if let Some(ready) = self.ready.take() {
            ready.close();
        }
        // What they put down is let go with this actor.
        let tasks = std::mem::take(&mut self.tasks);
        let ((), requests) = desk::at(Vec::new(), || drop(tasks));
        drop(requests);
    }
}
