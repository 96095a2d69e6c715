//! Ready-made supervisors: actors that do nothing but look after their children.
//!
//! They use what every actor can ([`Context::supervise`]); what happens to children is said by
//! [`supervising`](crate::supervising).

use std::marker::PhantomData;

use crate::actor::{Actor, Outcome};
use crate::address::Address;
use crate::child_spec::ChildSpec;
use crate::context::Context;
use crate::reply::Reply;
use crate::spawn::Placement;
use crate::supervising::ChildStatus;
use crate::supervision::{Strategy, Supervision};

/// An actor that starts its children in order, each when the one before it has started, and looks after them. (OTP:
/// `supervisor`.)
///
/// Children are found by name ([`ChildSpec::registered`]). Given to [`Runtime::run`](crate::Runtime::run) it is the
/// root of a program; as a child of another supervisor it makes a tree. Its time to stop
/// ([`Shutdown`](crate::Shutdown)) is its own: it begins when its children, each in its own time, have ended.
///
/// # Examples
/// ```
/// use roundsman_runtime::{Actor, ChildSpec, Context, Outcome, Reply, Runtime, Supervision, Supervisor};
///
/// struct Store(u32);
///
/// impl Actor for Store {
///     type Message = Reply<u32>;
///     fn receive(&mut self, reply: Reply<u32>, _: &mut Context<Self>) -> Outcome {
///         reply.send(self.0);
///         Ok(())
///     }
/// }
///
/// struct Front;
///
/// impl Actor for Front {
///     type Message = u32;
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         // Started before: it is there.
///         let store = ctx.find::<Reply<u32>>("store").ok_or("no store")?;
///         ctx.ask(&store, |reply| reply, |answer| answer.unwrap_or(0));
///         Ok(())
///     }
///     fn receive(&mut self, answer: u32, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(answer, 42);
///         ctx.end_runtime();
///         Ok(())
///     }
/// }
///
/// let tree = || {
///     Supervisor::new(Supervision::rest_for_one())
///         .child(ChildSpec::permanent("store").registered(), || Store(42))
///         .child(ChildSpec::transient("front"), || Front)
/// };
/// Runtime::builder().loops(1).build()?.run(tree)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a supervisor does nothing until it is spawned or run"]
pub struct Supervisor {
    policy: Supervision,
    children: Vec<StartChild>,
}

type StartChild = Box<dyn FnOnce(&mut Context<'_, Supervisor>) + Send>;

/// What can be asked of a [`Supervisor`].
#[derive(Debug)]
#[non_exhaustive]
pub enum SupervisorMessage {
    /// How many children it has.
    Count(Reply<ChildCounts>),
    /// Which.
    Children(Reply<Vec<ChildStatus>>),
}

/// How many children a supervisor has. (OTP: `count_children`.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildCounts {
    /// That it was told to have and that have not ended for good.
    pub specs: usize,
    /// That run now.
    pub active: usize,
}

impl Supervisor {
    /// A supervisor without children.
    pub fn new(policy: Supervision) -> Self {
        Self { policy, children: Vec::new() }
    }

    /// One more child, started after those that were named before; `make` builds it each time it is started.
    pub fn child<A: Actor>(
        self,
        spec: ChildSpec<A::Message>,
        make: impl FnMut() -> A + Send + 'static,
    ) -> Self {
        self.child_on(Placement::Here, spec, make)
    }

    /// The same on the loop that `placement` names.
    pub fn child_on<A: Actor>(
        mut self,
        placement: Placement,
        spec: ChildSpec<A::Message>,
        make: impl FnMut() -> A + Send + 'static,
    ) -> Self {
        self.children.push(Box::new(move |ctx| {
            ctx.supervise_vacant_on(placement, spec, make);
        }));
        self
    }
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Supervisor({} children)", self.children.len())
    }
}

impl Actor for Supervisor {
    type Message = SupervisorMessage;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.supervision(self.policy);
        for start in self.children.drain(..) {
            start(ctx);
        }
        ctx.start_children();
        Ok(())
    }

    fn receive(&mut self, message: SupervisorMessage, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            SupervisorMessage::Count(reply) => reply.send(ctx.count_children()),
            SupervisorMessage::Children(reply) => reply.send(ctx.which_children()),
        }
        Ok(())
    }
}

/// A supervisor of any number of children of one kind, started when they are asked for. (OTP: `simple_one_for_one`;
/// Elixir: `DynamicSupervisor`.)
///
/// Each is built from an argument, and built anew from the same. The strategy is always one for one.
///
/// # Examples
/// ```
/// use roundsman_runtime::{
///     Actor, Address, AskError, ChildSpec, Context, DynamicMessage, DynamicSupervisor, Outcome, Runtime, Supervision,
/// };
///
/// struct Session { user: String }
///
/// impl Actor for Session {
///     type Message = ();
///     fn receive(&mut self, (): (), ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(self.user, "ada");
///         ctx.end_runtime();
///         Ok(())
///     }
/// }
///
/// struct Front;
///
/// impl Actor for Front {
///     type Message = Result<Address<()>, AskError>;
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let spec = ChildSpec::temporary("session");
///         let sessions = ctx.spawn(DynamicSupervisor::new(Supervision::default(), spec, |user: String| {
///             Session { user }
///         }));
///         ctx.ask(&sessions, |reply| DynamicMessage::Start("ada".to_owned(), reply), |session| session);
///         Ok(())
///     }
///     fn receive(&mut self, session: Self::Message, _: &mut Context<Self>) -> Outcome {
///         session?.send(())?;
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Front)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a supervisor does nothing until it is spawned or run"]
pub struct DynamicSupervisor<Arg, A: Actor, F> {
    policy: Supervision,
    placement: Placement,
    spec: ChildSpec<A::Message>,
    make: F,
    children: PhantomData<fn(Arg) -> A>,
}

/// What can be asked of a [`DynamicSupervisor`].
#[derive(Debug)]
#[non_exhaustive]
pub enum DynamicMessage<Arg, M: Send + 'static> {
    /// Start a child from this argument; its address is the answer.
    Start(Arg, Reply<Address<M>>),
    /// End a child for good; true if it was one.
    Terminate(Address<M>, Reply<bool>),
    /// How many children it has.
    Count(Reply<ChildCounts>),
}

impl<Arg, A, F> DynamicSupervisor<Arg, A, F>
where
    Arg: Clone + Send + 'static,
    A: Actor,
    F: FnMut(Arg) -> A + Clone + Send + 'static,
{
    /// A supervisor of children like `spec`, each built by `make` from its argument.
    pub fn new(policy: Supervision, spec: ChildSpec<A::Message>, make: F) -> Self {
        let placement = Placement::Here;
        Self { policy, placement, spec, make, children: PhantomData }
    }

    /// Where the children live. Default: on the supervisor's loop.
    pub fn on(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }
}

impl<Arg, A: Actor, F> std::fmt::Debug for DynamicSupervisor<Arg, A, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DynamicSupervisor")
    }
}

impl<Arg, A, F> Actor for DynamicSupervisor<Arg, A, F>
where
    Arg: Clone + Send + 'static,
    A: Actor,
    F: FnMut(Arg) -> A + Clone + Send + 'static,
{
    type Message = DynamicMessage<Arg, A::Message>;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.supervision(Supervision { strategy: Strategy::OneForOne, ..self.policy });
        Ok(())
    }

    fn receive(&mut self, message: Self::Message, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            DynamicMessage::Start(argument, reply) => {
                let mut make = self.make.clone();
                let build = move || make(argument.clone());
                reply.send(ctx.supervise_on(self.placement, self.spec.clone(), build));
            }
            DynamicMessage::Terminate(child, reply) => reply.send(ctx.terminate_child(&child)),
            DynamicMessage::Count(reply) => reply.send(ctx.count_children()),
        }
        Ok(())
    }
}
