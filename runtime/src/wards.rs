//! What a supervisor knows of the children that it supervises, and what it decides.
//!
//! Told by [`supervising`](crate::supervising) what happened, it answers with orders to carry out. Pure: it knows no
//! actor, reads no clock, and chance is passed in. The rules are OTP's (`supervisor`, Erlang/OTP 27); where they differ
//! stands below.
//!
//! | state of a ward | left when |
//! |---|---|
//! | `Up`: it runs, or was told to start | it has ended: `Down`, `Waiting`, or gone |
//! | `Stopping`: it was told to stop, for a restart or for good | it has stopped: `Down`, or gone |
//! | `Waiting`: its restart is due after a while | the time has come: `Up` |
//! | `Down`: it waits for its place in a plan | its turn comes: `Up` |
//!
//! A **plan** is a restart of several, or the first start of all: first those that still run are stopped, the youngest
//! first, one after another; then after the wait all are started, the oldest first, each when the one before it has
//! started. A failure within a plan counts as a restart and begins the stopping anew.
//!
//! # Where this departs from OTP
//! - A transient child that ended normally is gone. OTP keeps its specification, so that a later restart of all brings
//!   it back; here its address has ended, and addresses never come back to life.
//! - A child that fails in its first start is restarted like any other. OTP fails the supervisor's own start.
//! - Restarts may wait ([`Backoff`](crate::Backoff)). OTP restarts at once.
//! - A child that does not stop in time as it is taken along, and has to be cut off, cannot come back to its address: the
//!   supervisor fails. OTP kills it and starts another.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::supervision::{AutoShutdown, Restart, Strategy, Supervision};

/// The children that one actor supervises, by key; keys rise in the order of start. `T` is whatever the caller needs to
/// find a child.
pub(crate) struct Wards<K, T> {
    policy: Supervision,
    wards: BTreeMap<K, Ward<T>>,
    /// When children were restarted, within the last period.
    restarts: VecDeque<Timestamp>,
    plan: Option<Plan<K>>,
    /// How many significant ones there are.
    significant: usize,
    /// Names the waits that were ordered; one that was overtaken by events finds another number.
    stamp: u64,
}

struct Ward<T> {
    tag: T,
    restart: Restart,
    significant: bool,
    state: State,
    /// Restarts in a row, without a quiet time between.
    failures: u32,
    up_since: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Up,
    Stopping,
    Waiting { stamp: u64 },
    Down,
}

/// A start of several.
struct Plan<K> {
    /// The oldest that it concerns; all younger ones are concerned, too.
    from: K,
    wait: Duration,
    phase: Phase<K>,
}

enum Phase<K> {
    /// This one was told to stop, and all that are younger have stopped. `None`: none yet.
    Stopping {
        last: Option<K>,
    },
    Waiting {
        stamp: u64,
    },
    /// This one was told to start.
    Starting {
        last: Option<K>,
    },
}

/// What a supervisor is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order<K, T> {
    /// Stop this child; it will be started again and keeps its mailbox.
    Stop(T),
    /// Stop this child for good.
    End(T),
    /// Start this child, which has stopped, anew.
    Start(T),
    /// Call [`Wards::due`] with `who` and `stamp` after a while.
    Wait { who: Option<K>, stamp: u64, delay: Duration },
    /// More restarts than allowed, or a child that is needed had to be cut off: stop all children and fail.
    GiveUp,
    /// Significant children have ended: stop all children and stop.
    ShutDown,
}

impl<K: Ord + Copy, T: Copy> Wards<K, T> {
    pub(crate) fn new(policy: Supervision) -> Self {
        Self {
            policy,
            wards: BTreeMap::new(),
            restarts: VecDeque::new(),
            plan: None,
            significant: 0,
            stamp: 0,
        }
    }

    /// Forgets everybody: the supervisor itself begins anew.
    pub(crate) fn reset(&mut self) {
        // Not the stamp: waits that were ordered before must find another number.
        *self = Self { stamp: self.stamp, ..Self::new(Supervision::default()) };
    }

    /// From now on this is the policy.
    pub(crate) fn set_policy(&mut self, policy: Supervision) {
        self.policy = policy;
    }

    pub(crate) fn policy(&self) -> &Supervision {
        &self.policy
    }

    /// A child is there and waits to be started.
    pub(crate) fn add(&mut self, key: K, tag: T, restart: Restart, significant: bool) {
        let up_since = Timestamp::default();
        let state = State::Down;
        let ward = Ward { tag, restart, significant, state, failures: 0, up_since };
        self.significant += usize::from(significant);
        self.wards.insert(key, ward);
    }

    /// A child that was down is told to start, outside of any plan.
    pub(crate) fn start(&mut self, key: K, now: Timestamp) {
        if let Some(ward) = self.wards.get_mut(&key) {
            ward.state = State::Up;
            ward.up_since = now;
        }
    }

    /// Starts those that are down, one after another, the oldest first.
    pub(crate) fn start_all(&mut self, now: Timestamp) -> Vec<Order<K, T>> {
        if let Some((&from, _)) = self.wards.iter().find(|(_, ward)| ward.state == State::Down) {
            let phase = Phase::Starting { last: None };
            self.plan = Some(Plan { from, wait: Duration::ZERO, phase });
        }
        self.advance(now)
    }

    /// How many there are, and how many of them run.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let up = self.wards.values().filter(|ward| ward.state == State::Up);
        (self.wards.len(), up.count())
    }

    /// The children, the oldest first: what each is found by, its kind, and whether it runs.
    pub(crate) fn all(&self) -> impl Iterator<Item = (T, Restart, bool)> {
        self.wards.values().map(|ward| (ward.tag, ward.restart, ward.state == State::Up))
    }

    /// Whether a child of this key is supervised.
    pub(crate) fn has(&self, key: K) -> bool {
        self.wards.contains_key(&key)
    }

    /// A child is to end for good, whatever its kind of restart.
    pub(crate) fn end(&mut self, key: K) -> Vec<Order<K, T>> {
        let Some(ward) = self.wards.get_mut(&key) else { return Vec::new() };
        ward.state = State::Stopping;
        ward.restart = Restart::Temporary;
        vec![Order::End(ward.tag)]
    }

    /// A child has started.
    pub(crate) fn up(&mut self, key: K, now: Timestamp) -> Vec<Order<K, T>> {
        if let Some(Plan { phase: Phase::Starting { last }, .. }) = &self.plan
            && *last == Some(key)
        {
            return self.advance(now);
        }
        Vec::new()
    }

    /// A child has ended, keeps its mailbox and waits for what is decided.
    pub(crate) fn rests(
        &mut self,
        key: K,
        failed: bool,
        now: Timestamp,
        chance: u64,
    ) -> Vec<Order<K, T>> {
        let Some(ward) = self.wards.get_mut(&key) else { return Vec::new() };
        let stopped_by_us = ward.state == State::Stopping;
        ward.state = State::Down;
        let again = match ward.restart {
            Restart::Permanent => true,
            Restart::Transient => failed || stopped_by_us,
            Restart::Temporary => false,
        };
        if !again {
            // It should have been buried where it lived; now it is.
            ward.state = State::Stopping;
            ward.restart = Restart::Temporary;
            return vec![Order::End(ward.tag)];
        }
        if stopped_by_us || self.is_stopping(key) {
            return self.advance(now);
        }
        let Some(wait) = self.count_restart(key, now, chance) else { return vec![Order::GiveUp] };
        match self.policy.strategy {
            Strategy::OneForOne => self.restart_one(key, wait, now),
            Strategy::OneForAll => {
                let oldest = self.wards.keys().next().copied().unwrap_or(key);
                self.restart_from(oldest, wait, now)
            }
            Strategy::RestForOne => self.restart_from(key, wait, now),
        }
    }

    /// A child has ended for good. One that was to be started again, but had to be cut off, its supervisor cannot do
    /// without: it gives up.
    pub(crate) fn gone(&mut self, key: K, now: Timestamp) -> Vec<Order<K, T>> {
        let Some(ward) = self.wards.remove(&key) else { return Vec::new() };
        self.significant -= usize::from(ward.significant);
        if ward.state == State::Stopping && ward.restart != Restart::Temporary {
            return vec![Order::GiveUp];
        }
        let by_itself = ward.state != State::Stopping;
        if ward.significant && by_itself {
            match self.policy.auto_shutdown {
                AutoShutdown::AnySignificant => return vec![Order::ShutDown],
                AutoShutdown::AllSignificant if self.significant == 0 => {
                    return vec![Order::ShutDown];
                }
                _ => {}
            }
        }
        let awaited = match &self.plan {
            Some(Plan { phase: Phase::Starting { last }, .. }) => *last == Some(key),
            Some(Plan { phase: Phase::Stopping { .. }, .. }) => true,
            _ => false,
        };
        if awaited { self.advance(now) } else { Vec::new() }
    }

    /// A wait that was ordered is over.
    pub(crate) fn due(&mut self, who: Option<K>, stamp: u64, now: Timestamp) -> Vec<Order<K, T>> {
        let Some(key) = who else {
            if let Some(Plan { phase, .. }) = &mut self.plan
                && matches!(phase, Phase::Waiting { stamp: waiting } if *waiting == stamp)
            {
                *phase = Phase::Starting { last: None };
                return self.advance(now);
            }
            return Vec::new();
        };
        match self.wards.get_mut(&key) {
            Some(ward) if ward.state == (State::Waiting { stamp }) => {
                ward.state = State::Up;
                ward.up_since = now;
                vec![Order::Start(ward.tag)]
            }
            _ => Vec::new(),
        }
    }

    /// Whether the plan is stopping this child's like anyway, so that its end is no further failure.
    fn is_stopping(&self, key: K) -> bool {
        matches!(&self.plan, Some(Plan { from, phase: Phase::Stopping { .. }, .. }) if *from <= key)
    }

    /// Counts a restart. How long to wait before it, or `None` if it is one too many.
    fn count_restart(&mut self, key: K, now: Timestamp, chance: u64) -> Option<Duration> {
        while self.restarts.front().is_some_and(|then| now - *then > self.policy.period) {
            self.restarts.pop_front();
        }
        if self.restarts.len() >= self.policy.intensity as usize {
            return None;
        }
        self.restarts.push_back(now);
        let Some(backoff) = &self.policy.backoff else { return Some(Duration::ZERO) };
        let ward = self.wards.get_mut(&key)?;
        if now - ward.up_since >= backoff.quiet {
            ward.failures = 0;
        }
        ward.failures = ward.failures.saturating_add(1);
        Some(backoff.wait(ward.failures, chance))
    }

    fn next_stamp(&mut self) -> u64 {
        self.stamp += 1;
        self.stamp
    }

    fn restart_one(&mut self, key: K, delay: Duration, now: Timestamp) -> Vec<Order<K, T>> {
        let stamp = self.next_stamp();
        let Some(ward) = self.wards.get_mut(&key) else { return Vec::new() };
        if delay.is_zero() {
            ward.state = State::Up;
            ward.up_since = now;
            vec![Order::Start(ward.tag)]
        } else {
            ward.state = State::Waiting { stamp };
            vec![Order::Wait { who: Some(key), stamp, delay }]
        }
    }

    fn restart_from(&mut self, from: K, wait: Duration, now: Timestamp) -> Vec<Order<K, T>> {
        let from = match &self.plan {
            None => from,
            // Those before have been started; those that have not been are still concerned.
            Some(Plan { from: other, phase: Phase::Starting { .. }, .. }) => {
                let mut others = self.wards.range(*other..);
                let down = others.find(|(key, ward)| **key != from && ward.state == State::Down);
                down.map_or(from, |(down, _)| from.min(*down))
            }
            Some(Plan { from: other, .. }) => from.min(*other),
        };
        for (_, ward) in self.wards.range_mut(from..) {
            if let State::Waiting { .. } = ward.state {
                ward.state = State::Down;
            }
        }
        // One that was told to stop and has not is still waited for.
        let last = match &self.plan {
            Some(Plan { phase: Phase::Stopping { last }, .. }) => *last,
            _ => None,
        };
        self.plan = Some(Plan { from, wait, phase: Phase::Stopping { last } });
        self.advance(now)
    }

    /// The next step of the plan.
    fn advance(&mut self, now: Timestamp) -> Vec<Order<K, T>> {
        let stamp = self.stamp + 1;
        let Some(plan) = &mut self.plan else { return Vec::new() };
        if let Phase::Stopping { last } = &mut plan.phase {
            let told = last.and_then(|last| self.wards.get(&last));
            if told.is_some_and(|ward| ward.state == State::Stopping) {
                return Vec::new();
            }
            let is_up = |ward: &Ward<T>| ward.state == State::Up;
            let next = match *last {
                Some(last) if last <= plan.from => None,
                Some(last) => self.wards.range_mut(plan.from..last).rfind(|(_, ward)| is_up(ward)),
                None => self.wards.range_mut(plan.from..).rfind(|(_, ward)| is_up(ward)),
            };
            if let Some((key, ward)) = next {
                *last = Some(*key);
                ward.state = State::Stopping;
                return vec![match ward.restart {
                    Restart::Temporary => Order::End(ward.tag),
                    _ => Order::Stop(ward.tag),
                }];
            }
            if !plan.wait.is_zero() {
                plan.phase = Phase::Waiting { stamp };
                self.stamp = stamp;
                return vec![Order::Wait { who: None, stamp, delay: plan.wait }];
            }
            plan.phase = Phase::Starting { last: None };
        }
        if let Phase::Starting { last } = &mut plan.phase {
            let after = last.unwrap_or(plan.from);
            let mut others = self.wards.range_mut(after..);
            let next = others.find(|(_, ward)| ward.state == State::Down);
            if let Some((key, ward)) = next {
                *last = Some(*key);
                ward.state = State::Up;
                ward.up_since = now;
                return vec![Order::Start(ward.tag)];
            }
            self.plan = None;
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
