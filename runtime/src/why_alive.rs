//! What keeps a runtime from returning, and who has something to finish, by name.
//!
//! Read off the [tree](crate::tree), the inboxes and the count of handles. It changes nothing.

use std::fmt;

use crate::actor::Actor;
use crate::context::Context;
use crate::dying;
use crate::handle::RuntimeHandle;
use crate::pool::JobStatus;
use crate::tree::{ActorState, Node, Reach, Survey};
use crate::world::World;

/// What keeps a runtime from returning; see [`RuntimeHandle::why_alive`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WhyAlive {
    /// Each reason, by name.
    pub reasons: Vec<AliveReason>,
}

/// One reason why a runtime does not return.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AliveReason {
    /// Handles that are not [unref'd](RuntimeHandle::unref).
    Handles {
        /// How many.
        count: usize,
    },
    /// Timers of an actor.
    Timers {
        /// Whose.
        path: String,
        /// How many.
        count: usize,
    },
    /// Questions of an actor that have no answer yet, each with its deadline.
    Asks {
        /// Whose.
        path: String,
        /// How many.
        count: usize,
    },
    /// I/O sources of an actor.
    Sources {
        /// Whose.
        path: String,
        /// How many.
        count: usize,
    },
    /// An actor is [expecting](Context::set_expecting) something from outside of the runtime.
    Expecting {
        /// Which.
        path: String,
    },
    /// Pressure guards that an actor holds.
    Guards {
        /// Who.
        path: String,
        /// How many.
        count: usize,
    },
    /// Children of an actor that wait to be built anew.
    Restarts {
        /// Whose.
        path: String,
        /// How many waits there are.
        count: usize,
    },
    /// A job of the pool that has not ended.
    Job(JobStatus),
    /// Messages wait for an actor.
    Queued {
        /// For whom.
        path: String,
        /// How many.
        count: usize,
        /// The path of the actor on which it is paused, if it is.
        paused_on: Option<String>,
    },
    /// An actor is [unfinished](Context::set_unfinished): each pipeline that runs is. It does not keep the runtime alive by
    /// itself: if it is listed alone, nothing will ever finish it, and the run ends.
    Unfinished {
        /// Which.
        path: String,
    },
    /// An actor is stopping and has not ended yet.
    Stopping {
        /// Which.
        path: String,
    },
    /// Messages and requests are under way to a loop.
    Inbox {
        /// The loop, counted from 0.
        loop_index: usize,
        /// How many.
        count: usize,
    },
    /// A loop has not answered within a second, or could not be asked.
    Silent {
        /// The loop, counted from 0.
        loop_index: usize,
        /// The path of the actor in turn there, if one is.
        in_turn: Option<String>,
    },
}

impl fmt::Display for AliveReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = |count: usize| if count == 1 { "" } else { "s" };
        match self {
            Self::Handles { count } => write!(f, "{count} handle{}", several(*count)),
            Self::Timers { path, count } => write!(f, "{count} timer{} of {path}", several(*count)),
            Self::Asks { path, count } => {
                write!(f, "{count} unanswered question{} of {path}", several(*count))
            }
            Self::Sources { path, count } => {
                write!(f, "{count} I/O source{} of {path}", several(*count))
            }
            Self::Expecting { path } => {
                write!(f, "{path}, which expects something from outside")
            }
            Self::Guards { path, count } => {
                write!(f, "{count} pressure guard{} of {path}", several(*count))
            }
            Self::Restarts { path, count } => {
                write!(f, "{count} restart{} of children of {path}", several(*count))
            }
            Self::Job(job) => write!(f, "job {job}"),
            Self::Queued { path, count, paused_on: None } => {
                write!(f, "{count} message{} for {path}", several(*count))
            }
            Self::Queued { path, count, paused_on: Some(on) } => {
                write!(f, "{count} message{} for {path}, paused on {on}", several(*count))
            }
            Self::Unfinished { path } => write!(f, "{path}, which has not finished"),
            Self::Stopping { path } => write!(f, "{path}, which is stopping"),
            Self::Inbox { loop_index, count } => {
                write!(f, "{count} parcel{} for loop {loop_index}", several(*count))
            }
            Self::Silent { loop_index, in_turn: None } => {
                write!(f, "loop {loop_index}, which has not answered")
            }
            Self::Silent { loop_index, in_turn: Some(path) } => {
                write!(f, "loop {loop_index}, where {path} is in its turn")
            }
        }
    }
}

/// Most reasons that are printed; all of them are in the list.
const PRINTED: usize = 100;

impl fmt::Display for WhyAlive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reasons.is_empty() {
            return f.write_str("nothing");
        }
        for (at, reason) in self.reasons.iter().take(PRINTED).enumerate() {
            write!(f, "{}{reason}", if at == 0 { "" } else { "; " })?;
        }
        match self.reasons.len().saturating_sub(PRINTED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl WhyAlive {
    /// Whether nothing keeps it, and nobody has anything to finish, as far as could be seen: `run` returns as soon as
    /// nothing happens any more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }

    /// What can be seen from here.
    pub(crate) fn seen(world: &World, reach: Reach<'_>) -> Self {
        let mut reasons = Vec::new();
        match world.handles() {
            0 => {}
            count => reasons.push(AliveReason::Handles { count }),
        }
        let survey = Survey::of(world, reach);
        for home in survey.silent() {
            let in_turn = home.with_in_turn(dying::path_of);
            reasons.push(AliveReason::Silent { loop_index: home.index, in_turn });
        }
        for home in world.homes() {
            match home.inbox().depth().0 {
                0 => {}
                count => reasons.push(AliveReason::Inbox { loop_index: home.index, count }),
            }
        }
        for node in survey.into_tree().nodes {
            enter(&mut reasons, &node);
        }
        let jobs = world.pool.jobs().into_iter().filter(JobStatus::is_awaited);
        reasons.extend(jobs.map(AliveReason::Job));
        Self { reasons }
    }
}

fn enter(reasons: &mut Vec<AliveReason>, node: &Node) {
    let path = || node.path.clone();
    if node.queued > 0 {
        let paused_on = match &node.state {
            ActorState::Paused { on, .. } => Some(on.clone()),
            _ => None,
        };
        reasons.push(AliveReason::Queued { path: path(), count: node.queued, paused_on });
    }
    if node.state == ActorState::Stopping {
        reasons.push(AliveReason::Stopping { path: path() });
    }
    let held = &node.held;
    if held.kept_timers > 0 {
        reasons.push(AliveReason::Timers { path: path(), count: held.kept_timers });
    }
    if held.asks > 0 {
        reasons.push(AliveReason::Asks { path: path(), count: held.asks });
    }
    if held.kept_sources > 0 {
        reasons.push(AliveReason::Sources { path: path(), count: held.kept_sources });
    }
    if held.restarts > 0 {
        reasons.push(AliveReason::Restarts { path: path(), count: held.restarts });
    }
    if held.expecting {
        reasons.push(AliveReason::Expecting { path: path() });
    }
    if held.guards > 0 {
        reasons.push(AliveReason::Guards { path: path(), count: held.guards });
    }
    if held.unfinished {
        reasons.push(AliveReason::Unfinished { path: path() });
    }
}

impl RuntimeHandle {
    /// What keeps the runtime from returning, by name: timers, questions without an answer, I/O sources, what is expected
    /// from outside, pressure guards, jobs, restarts of children, messages that wait, handles. (Node.js: `process.getActiveResourcesInfo`.)
    ///
    /// Actors that are [unfinished](Context::set_unfinished), and so all pipelines that run, are listed as well, although they do
    /// not keep it: a pipeline that can never finish is found here. Which of its stages the others wait for is said by
    /// `Running::progress`, whose `bottleneck` names it.
    ///
    /// This handle is among them, unless it is [unref'd](Self::unref). It sees what [`tree`](Self::tree) sees.
    #[must_use]
    pub fn why_alive(&self) -> WhyAlive {
        Reach::with(self.world(), |reach| WhyAlive::seen(self.world(), reach))
    }
}

impl<A: Actor> Context<'_, A> {
    /// What keeps the runtime from returning, as far as this loop knows; under simulation, all of it. The turn that asks
    /// is not among it.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// use roundsman_runtime::{Actor, Context, Outcome, Runtime, Spawn};
    ///
    /// struct Root;
    ///
    /// impl Actor for Root {
    ///     type Message = ();
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.send_after(Duration::from_secs(60), ());
    ///         assert_eq!(ctx.why_alive().to_string(), "1 timer of /top");
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().simulated(1).build()?.run_with(Spawn::named("top"), || Root)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn why_alive(&self) -> WhyAlive {
        let world = &self.scope().local.home.world;
        Reach::with(world, |reach| WhyAlive::seen(world, reach))
    }
}
