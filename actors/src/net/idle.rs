//! What is done about a connection over which nothing goes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{Recipient, TimerId, Timestamp};

use super::endpoint::Endpoint;
use super::ends::{Ends, Traffic};
use super::engine::{Engine, Message};
use super::station::Ctx;

/// Nothing has gone over a connection for a while; see [`Connection::on_idle`](super::Connection::on_idle).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Idle {
    /// The peer that is silent.
    pub peer: Endpoint,
    /// For how long nothing had to have gone.
    pub after: Duration,
}

/// What is to be done, once nothing has gone for so long.
pub(crate) struct Rule {
    pub(crate) after: Duration,
    /// Who is told. `None`: it is closed.
    pub(crate) tell: Option<Recipient<Idle>>,
}

/// A connection that is looked after.
pub(crate) struct Watch {
    rule: Rule,
    ends: Arc<Ends>,
    /// What had gone when something last went.
    seen: Traffic,
    since: Timestamp,
    /// It has been told of this silence.
    told: bool,
    pub(super) timer: Option<TimerId>,
}

/// What is to be done now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// To look again after so long.
    Look(Duration),
    /// To close it.
    Close,
}

impl Watch {
    pub(crate) fn new(rule: Rule, ends: Arc<Ends>, now: Timestamp) -> Self {
        let seen = ends.traffic();
        Self { rule, ends, seen, since: now, told: false, timer: None }
    }

    /// Notes whether something has gone. Called after each turn of the connection.
    pub(crate) fn note(&mut self, now: Timestamp) {
        let traffic = self.ends.traffic();
        if traffic != self.seen {
            self.seen = traffic;
            self.since = now;
            self.told = false;
        }
    }

    /// The time has come to look.
    pub(crate) fn look(&mut self, now: Timestamp) -> Next {
        let left = self.left(now);
        if !left.is_zero() {
            return Next::Look(left);
        }
        let Some(tell) = &self.rule.tell else { return Next::Close };
        if !std::mem::replace(&mut self.told, true) {
            // News: whoever has ended misses nothing.
            tell.complete(Idle { peer: self.ends.peer.clone(), after: self.rule.after });
        }
        Next::Look(self.rule.after)
    }

    /// How long nothing may go.
    pub(crate) fn after(&self) -> Duration {
        self.rule.after
    }

    /// How much of that is left of this silence.
    pub(crate) fn left(&self, now: Timestamp) -> Duration {
        self.rule.after.saturating_sub(now - self.since)
    }
}

impl Engine {
    pub(super) fn watch_idle(&mut self, rule: Option<Box<Rule>>, ctx: &mut Ctx<'_>) {
        if let Some(timer) = self.idle.take().and_then(|idle| idle.timer) {
            ctx.cancel(timer);
        }
        // A pipe has no silence to be told of.
        if let (Some(rule), Some(ends)) = (rule, &self.ends) {
            let mut idle = Watch::new(*rule, Arc::clone(ends), ctx.now());
            idle.timer = Some(ctx.send_after(idle.after(), Message::LookIdle));
            self.idle = Some(Box::new(idle));
        }
    }

    pub(super) fn look_idle(&mut self, ctx: &mut Ctx<'_>) {
        let Some(idle) = &mut self.idle else { return };
        match idle.look(ctx.now()) {
            Next::Look(after) => idle.timer = Some(ctx.send_after(after, Message::LookIdle)),
            Next::Close => {
                let text = format!("nothing has gone over it for {:?}", idle.after());
                self.abort_with(io::Error::new(io::ErrorKind::TimedOut, text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Silences.

    use super::*;

    fn watch(after: u64) -> (Watch, Arc<Ends>) {
        let ends = Arc::new(Ends::new(Endpoint::Unnamed, Endpoint::Unnamed, None, None));
        let rule = Rule { after: Duration::from_millis(after), tell: None };
        (Watch::new(rule, Arc::clone(&ends), at(0)), ends)
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::default() + Duration::from_millis(millis)
    }

    #[test]
    fn what_is_left_of_a_silence_ends_with_it() {
        let (watch, _) = watch(100);
        assert_eq!(watch.left(at(30)), Duration::from_millis(70));
        assert_eq!(watch.left(at(100)), Duration::ZERO);
        assert_eq!(watch.left(at(101)), Duration::ZERO);
    }

    #[test]
    fn a_silence_is_counted_from_what_went_last() {
        let (mut watch, ends) = watch(100);
        watch.note(at(40));
        ends.has_read(1);
        watch.note(at(60));
        watch.note(at(90));
        assert_eq!(watch.look(at(100)), Next::Look(Duration::from_millis(60)));
        assert_eq!(watch.look(at(159)), Next::Look(Duration::from_millis(1)));
        assert_eq!(watch.look(at(160)), Next::Close);
    }
}
