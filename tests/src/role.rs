//! An actor made of closures, for tests whose actors are a line or two.
//!
//! It adds nothing to what [`Actor`] offers: every hook that is not given does what the trait's default does. But
//! assertions in handlers are panics, which end their actor and nothing else: [`play`] makes a test of them again.

use std::cell::RefCell;

use roundsman::{Actor, Builder, Context, ExitReason, Outcome, RunError};

use crate::ledger::run_balanced;

type Started<M> = Box<dyn FnOnce(&mut Context<'_, Role<M>>) -> Outcome>;
type Receive<M> = Box<dyn FnMut(M, &mut Context<'_, Role<M>>) -> Outcome>;
type Deferred<M> = Box<dyn FnMut(&mut Context<'_, Role<M>>) -> Outcome>;
type Stopping<M> = Box<dyn FnOnce(&ExitReason, &mut Context<'_, Role<M>>)>;

/// An actor that takes `M` and does what its closures say.
pub struct Role<M: Send + 'static> {
    started: Option<Started<M>>,
    receive: Receive<M>,
    deferred: Option<Deferred<M>>,
    stopping: Option<Stopping<M>>,
    may_panic: bool,
}

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs `root` in the simulated world that `builder` makes.
///
/// # Errors
/// As [`roundsman::Runtime::run`].
///
/// # Panics
/// If the runtime cannot be built, if a role has panicked that may not, or if the books about messages do not balance.
#[track_caller]
pub fn play<A: Actor>(builder: Builder, root: impl FnOnce() -> A) -> Result<(), RunError> {
    PANICS.take();
    let runtime = builder.build().expect("a runtime can be built");
    let result = run_balanced(runtime, root);
    let panics = PANICS.take();
    assert!(panics.is_empty(), "{panics:#?}");
    result
}

impl<M: Send + 'static> Role<M> {
    /// Handles each message with `receive`.
    #[must_use]
    pub fn new(receive: impl FnMut(M, &mut Context<'_, Self>) -> Outcome + 'static) -> Self {
        let receive = Box::new(receive);
        Self { started: None, receive, deferred: None, stopping: None, may_panic: false }
    }

    /// Takes messages and does nothing with them.
    #[must_use]
    pub fn idle() -> Self {
        Self::new(|_, _| Ok(()))
    }

    /// Expected to panic.
    #[must_use]
    pub fn may_panic(mut self) -> Self {
        self.may_panic = true;
        self
    }

    /// Begins with `started`.
    #[must_use]
    pub fn started(
        mut self,
        started: impl FnOnce(&mut Context<'_, Self>) -> Outcome + 'static,
    ) -> Self {
        self.started = Some(Box::new(started));
        self
    }

    /// Does this at the end of a round in which it asked for it.
    #[must_use]
    pub fn deferred(
        mut self,
        deferred: impl FnMut(&mut Context<'_, Self>) -> Outcome + 'static,
    ) -> Self {
        self.deferred = Some(Box::new(deferred));
        self
    }

    /// Ends with `stopping`.
    #[must_use]
    pub fn stopping(
        mut self,
        stopping: impl FnOnce(&ExitReason, &mut Context<'_, Self>) + 'static,
    ) -> Self {
        self.stopping = Some(Box::new(stopping));
        self
    }
}

impl<M: Send + 'static> Actor for Role<M> {
    type Message = M;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.started.take().map_or(Ok(()), |started| started(ctx))
    }

    fn receive(&mut self, message: M, ctx: &mut Context<'_, Self>) -> Outcome {
        (self.receive)(message, ctx)
    }

    fn deferred(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.deferred.as_mut().map_or(Ok(()), |deferred| deferred(ctx))
    }

    fn stopping(&mut self, why: &ExitReason, ctx: &mut Context<'_, Self>) {
        if let (ExitReason::Panicked(text), false) = (why, self.may_panic) {
            PANICS.with_borrow_mut(|panics| panics.push(format!("{}: {text}", ctx.path())));
        }
        if let Some(stopping) = self.stopping.take() {
            stopping(why, ctx);
        }
    }
}
