//! A question to name servers, as a blueprint.

use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{Actor, Context, Spawn};

use super::ask::{Ask, Message};
use super::resolve_error::Asked;
use super::{Answer, Inquiry, Record, RecordType, ResolveError, Resolver};

/// A question to name servers, as a blueprint: nothing happens until [`start`](Self::start). Made by a [`Resolver`].
#[must_use = "nobody is asked until `start`"]
pub struct Question<T = Record> {
    resolver: Resolver,
    name: Arc<str>,
    record_type: RecordType,
    pick: fn(Record) -> Option<T>,
    within: Option<Duration>,
}

impl<T> Question<T> {
    pub(super) fn new(
        resolver: Resolver,
        name: Arc<str>,
        record_type: RecordType,
        pick: fn(Record) -> Option<T>,
    ) -> Self {
        Self { resolver, name, record_type, pick, within: None }
    }

    /// A deadline, from its start on, whatever the resolver's attempts take. Then it is answered with
    /// [`ResolveError::Late`].
    pub fn within(mut self, deadline: Duration) -> Self {
        self.within = Some(deadline);
        self
    }
}

impl<T: Send + 'static> Question<T> {
    /// Asks it, on this loop; the answer arrives as the actor's own message, made by `map`: exactly one, unless the actor
    /// ends first, which ends the question. The message pauses nobody. A question that is not answered keeps the runtime
    /// alive.
    pub fn start<A, F>(self, ctx: &mut Context<'_, A>, map: F) -> Inquiry
    where
        A: Actor,
        F: Fn(Result<Answer<T>, ResolveError>) -> A::Message + Send + Sync + 'static,
    {
        let Self { resolver, name, record_type, pick, within } = self;
        let tell = ctx.recipient(map);
        let asked = Asked::new(name, record_type);
        let tell = move |answer: Result<Answer, ResolveError>, asked: &Asked| {
            let answer = answer.and_then(|answer| {
                answer.picked(pick).ok_or_else(|| ResolveError::NoData { asked: asked.clone() })
            });
            tell.complete(answer);
        };
        let ask = Ask::new(resolver, asked, within, Box::new(tell));
        let ask = ctx.spawn_with(Spawn::named("question").tireless(), ask);
        Inquiry::of(ask.recipient(|()| Message::Cancel))
    }
}

impl<T> Clone for Question<T> {
    fn clone(&self) -> Self {
        let (resolver, name) = (self.resolver.clone(), Arc::clone(&self.name));
        Self { resolver, name, ..*self }
    }
}

impl<T> std::fmt::Debug for Question<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Question({} of {:?})", self.record_type, self.name)
    }
}
