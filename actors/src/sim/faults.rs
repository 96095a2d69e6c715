//! Faults at messages: who panics, whose loop stands still, and when.
//!
//! Filled by [`Sim`](super::Sim), asked by [`watcher`](super::watcher) ahead of each message.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::time::Duration;

use super::mixer::Mixer;
use super::world::Sim;
use crate::{ActorId, Sighting, Simulation, Verdict};

/// Everything that is to go wrong at messages.
#[derive(Default)]
pub(super) struct Faults {
    rules: Vec<Rule>,
    /// Which rules name whom, as far as it was asked: a path is put together once for each actor.
    named: HashMap<(usize, ActorId), Vec<usize>, BuildHasherDefault<Mixer>>,
}

/// One thing that is to go wrong.
struct Rule {
    /// Whom it strikes: see [`matches`].
    pattern: String,
    when: When,
    what: What,
}

enum When {
    /// At the message with this number, counted from 1, of all that they handle.
    Nth { n: u64, seen: u64 },
    /// At each, with this chance in a million.
    Randomly(u32),
}

enum What {
    Panic,
    /// The loop stands still for so long.
    Stall(Duration),
    /// The same, for less than that.
    StallBelow(Duration),
}

impl Faults {
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
        self.named.clear();
    }

    /// What becomes of this message.
    pub(super) fn judge(&mut self, sighting: &Sighting<'_>, host: &str) -> Verdict {
        let rules = &mut self.rules;
        let find = || {
            let path = format!("{host}{}", sighting.path());
            let named = rules.iter().enumerate().filter(|(_, rule)| matches(&rule.pattern, &path));
            named.map(|(at, _)| at).collect()
        };
        let named = self.named.entry((sighting.host(), sighting.actor())).or_insert_with(find);
        let mut verdict = Verdict::Go;
        for at in named.iter() {
            let rule = &mut rules[*at];
            if rule.strikes(sighting.is_start()) {
                verdict = graver(verdict, rule.what.verdict());
            }
        }
        verdict
    }
}

/// Of two that strike one message: a panic, or the longer stall.
fn graver(one: Verdict, other: Verdict) -> Verdict {
    match (one, other) {
        (Verdict::Panic, _) | (_, Verdict::Panic) => Verdict::Panic,
        (Verdict::Stall(one), Verdict::Stall(other)) => Verdict::Stall(one.max(other)),
        (Verdict::Go, verdict) | (verdict, Verdict::Go) => verdict,
    }
}

impl Rule {
    fn strikes(&mut self, is_start: bool) -> bool {
        match &mut self.when {
            When::Nth { .. } if is_start => false,
            When::Nth { n, seen } => {
                *seen += 1;
                seen == n
            }
            When::Randomly(per_million) => {
                Simulation::current().is_some_and(|simulation| simulation.chance(*per_million))
            }
        }
    }
}

impl What {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Panic => Verdict::Panic,
            Self::Stall(time) => Verdict::Stall(*time),
            Self::StallBelow(longest) => {
                let micros = usize::try_from(longest.as_micros()).unwrap_or(usize::MAX);
                let time = Simulation::current().map_or(0, |simulation| simulation.below(micros));
                Verdict::Stall(Duration::from_micros(time as u64))
            }
        }
    }
}

/// Faults at messages. A pattern names actors by their host and their path, `server/*/session-*`, where `*` is any text.
impl Sim {
    /// Has an actor panic at the message with this number, counted from 1, of all that the actors of this pattern handle.
    ///
    /// It fails as by a panic of its own: the message is lost with it, and its supervisor sees to it.
    pub fn panic_at(&self, pattern: impl Into<String>, nth: u64) {
        self.fault(pattern.into(), When::Nth { n: nth, seen: 0 }, What::Panic);
    }

    /// Has actors of this pattern panic at messages, and as they start, with this chance in a million each time.
    pub fn panic_randomly(&self, pattern: impl Into<String>, per_million: u32) {
        self.fault(pattern.into(), When::Randomly(per_million), What::Panic);
    }

    /// The loop on which one of these actors handles the message with this number, counted from 1, stands still for so long
    /// after it: a handler that blocks, a machine that is busy.
    pub fn stall(&self, pattern: impl Into<String>, nth: u64, time: Duration) {
        self.fault(pattern.into(), When::Nth { n: nth, seen: 0 }, What::Stall(time));
    }

    /// Loops stand still after messages of these actors, with this chance in a million each time, for less than `longest`.
    pub fn stall_randomly(&self, pattern: impl Into<String>, per_million: u32, longest: Duration) {
        self.fault(pattern.into(), When::Randomly(per_million), What::StallBelow(longest));
    }

    /// From now on mailboxes that are spawned to reject or drop what comes when they are full ([`Overflow`](crate::Overflow)) get
    /// smaller limits than they declare, drawn, down to one message: so their policy shows at odd moments, as it would under
    /// load. Mailboxes whose senders wait keep theirs.
    pub fn tighten_mailboxes(&self) {
        self.simulation().tighten_mailboxes();
    }

    fn fault(&self, pattern: String, when: When, what: What) {
        self.faults(|faults| faults.add(Rule { pattern, when, what }));
    }
}

/// Whether a text fits a pattern, in which `*` stands for any text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
