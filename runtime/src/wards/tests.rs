//! The policy against OTP's documented cases, and against a plain model of OTP's supervisor.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::supervision::{Backoff, Strategy};

type Id = u32;

fn at(millis: u64) -> Timestamp {
    Timestamp::default() + Duration::from_millis(millis)
}

/// Wards, and children that do at once what they are told.
struct World {
    wards: Wards<Id, Id>,
    now: Timestamp,
    /// How often the start of a child is still to fail.
    bad_starts: BTreeMap<Id, u32>,
    trace: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Stop(Id),
    Start(Id),
    Wait(Duration),
    GaveUp,
    ShutDown,
}

impl World {
    fn new(policy: Supervision, children: &[(Restart, bool)]) -> Self {
        let mut wards = Wards::new(policy);
        for (id, (restart, significant)) in (1..).zip(children) {
            wards.add(id, id, *restart, *significant);
            wards.start(id, at(0));
        }
        Self { wards, now: at(0), bad_starts: BTreeMap::new(), trace: Vec::new() }
    }

    fn permanent(policy: Supervision, children: usize) -> Self {
        Self::new(policy, &vec![(Restart::Permanent, false); children])
    }

    /// A child ends by itself.
    fn ends(&mut self, id: Id, restart: Restart, failed: bool) {
        let again = restart == Restart::Permanent || (restart == Restart::Transient && failed);
        let orders = if again {
            self.wards.rests(id, failed, self.now, u64::MAX)
        } else {
            self.wards.gone(id, self.now)
        };
        self.obey(orders);
    }

    fn fails(&mut self, id: Id) -> Vec<Event> {
        self.ends(id, Restart::Permanent, true);
        std::mem::take(&mut self.trace)
    }

    fn obey(&mut self, orders: Vec<Order<Id, Id>>) {
        for order in orders {
            let next = match order {
                Order::Stop(id) => {
                    self.trace.push(Stop(id));
                    self.wards.rests(id, false, self.now, 0)
                }
                Order::End(id) => {
                    self.trace.push(Stop(id));
                    self.wards.gone(id, self.now)
                }
                Order::Start(id) => {
                    self.trace.push(Start(id));
                    let bad = self.bad_starts.entry(id).or_default();
                    if *bad > 0 {
                        *bad -= 1;
                        self.wards.rests(id, true, self.now, u64::MAX)
                    } else {
                        self.wards.up(id, self.now)
                    }
                }
                Order::Wait { who, stamp, delay } => {
                    self.trace.push(Wait(delay));
                    self.now = self.now + delay;
                    self.wards.due(who, stamp, self.now)
                }
                Order::GiveUp => {
                    self.trace.push(GaveUp);
                    return;
                }
                Order::ShutDown => {
                    self.trace.push(ShutDown);
                    return;
                }
            };
            self.obey(next);
        }
    }
}

fn often(policy: Supervision) -> Supervision {
    policy.intensity(1000, Duration::from_secs(5))
}

use Event::{GaveUp, ShutDown, Start, Stop, Wait};

#[test]
fn one_for_one_restarts_the_child_that_failed() {
    let mut world = World::permanent(often(Supervision::one_for_one()), 3);
    assert_eq!(world.fails(2), [Start(2)]);
}

#[test]
fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
    let mut world = World::permanent(often(Supervision::one_for_all()), 4);
    let stops_and_starts = [Stop(4), Stop(3), Stop(1), Start(1), Start(2), Start(3), Start(4)];
    assert_eq!(world.fails(2), stops_and_starts);
}

#[test]
fn rest_for_one_restarts_the_child_and_those_started_after_it() {
    let mut world = World::permanent(often(Supervision::rest_for_one()), 4);
    assert_eq!(world.fails(2), [Stop(4), Stop(3), Start(2), Start(3), Start(4)]);
    assert_eq!(world.fails(4), [Start(4)]);
}

#[test]
fn a_temporary_child_taken_along_by_a_sibling_is_not_started_again() {
    let children = [Restart::Permanent, Restart::Temporary, Restart::Transient].map(|r| (r, false));
    let mut world = World::new(often(Supervision::one_for_all()), &children);
    assert_eq!(world.fails(1), [Stop(3), Stop(2), Start(1), Start(3)]);
    assert_eq!(world.fails(1), [Stop(3), Start(1), Start(3)]);
}

#[test]
fn more_restarts_than_the_intensity_within_the_period_are_given_up() {
    let policy = Supervision::one_for_one().intensity(2, Duration::from_secs(5));
    let mut world = World::permanent(policy, 1);
    for (millis, expected) in [(0, Start(1)), (2_500, Start(1)), (5_000, GaveUp)] {
        world.now = at(millis);
        assert_eq!(world.fails(1), [expected], "at {millis} ms");
    }
    let mut world = World::permanent(policy, 1);
    for millis in [0, 2_500, 5_001, 7_501, 10_002] {
        world.now = at(millis);
        assert_eq!(world.fails(1), [Start(1)], "the first has left the period at {millis} ms");
    }
}

#[test]
fn the_default_is_one_restart_in_five_seconds() {
    let mut world = World::permanent(Supervision::default(), 2);
    assert_eq!(world.fails(1), [Start(1)]);
    assert_eq!(world.fails(2), [GaveUp], "all children count together");
}

#[test]
fn with_intensity_0_the_first_failure_goes_up() {
    let policy = Supervision::one_for_one().intensity(0, Duration::from_secs(1));
    assert_eq!(World::permanent(policy, 1).fails(1), [GaveUp]);
}

#[test]
fn a_failure_in_the_start_is_a_restart_and_begins_anew() {
    let mut world = World::permanent(often(Supervision::one_for_all()), 3);
    world.bad_starts.insert(2, 1);
    let begun_anew = [
        Stop(3),
        Stop(2),
        Start(1),
        Start(2), // fails
        Stop(1),
        Start(1),
        Start(2),
        Start(3),
    ];
    assert_eq!(world.fails(1), begun_anew);
    let policy = Supervision::one_for_all().intensity(3, Duration::from_secs(5));
    let mut world = World::permanent(policy, 3);
    world.bad_starts.insert(1, u32::MAX);
    let trace = world.fails(1);
    assert_eq!(trace.last(), Some(&GaveUp), "no busy loop: {trace:?}");
    assert_eq!(trace.iter().filter(|event| **event == Start(1)).count(), 3);
}

#[test]
fn children_wait_longer_after_each_failure_and_begin_anew_after_a_quiet_time() {
    let (min, max) = (Duration::from_millis(100), Duration::from_millis(350));
    let backoff = Backoff::exponential(min, max).quiet(Duration::from_secs(60));
    let policy = often(Supervision::one_for_one()).backoff(backoff);
    let mut world = World::permanent(policy, 1);
    let mut waits = Vec::new();
    for _ in 0..4 {
        let Some(Wait(wait)) = world.fails(1).first().copied() else { panic!("it waits") };
        waits.push(wait);
    }
    let longest = [100, 200, 350, 350].map(Duration::from_millis);
    for (wait, longest) in waits.iter().zip(longest) {
        assert!(*wait <= longest && *wait >= longest / 2, "{waits:?}");
    }
    world.now = world.now + Duration::from_secs(60);
    assert!(matches!(world.fails(1)[..], [Wait(wait), Start(1)] if wait <= min));
}

#[test]
fn a_wait_is_shortened_by_chance_to_half_of_it_at_most() {
    let backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(8));
    let waits = (0..1000).map(|n| backoff.wait(3, u64::MAX / 1000 * n));
    let (least, most) = waits.fold((Duration::MAX, Duration::ZERO), |(least, most), wait| {
        (least.min(wait), most.max(wait))
    });
    assert!(least >= Duration::from_secs(2) && most <= Duration::from_secs(4));
    assert!(most - least > Duration::from_secs(1), "chance matters: {least:?} to {most:?}");
    assert!(backoff.wait(u32::MAX, 0) <= Duration::from_secs(8), "no overflow");
}

#[test]
fn a_significant_child_that_ends_by_itself_ends_its_supervisor() {
    let children = [Restart::Transient, Restart::Temporary].map(|restart| (restart, true));
    let policy = often(Supervision::one_for_one());
    let any = policy.auto_shutdown(AutoShutdown::AnySignificant);
    let mut world = World::new(any, &children);
    world.ends(1, Restart::Transient, true);
    assert_eq!(world.trace, [Start(1)], "restarted, so it has not ended");
    world.ends(1, Restart::Transient, false);
    assert_eq!(world.trace, [Start(1), ShutDown]);

    let mut world = World::new(policy.auto_shutdown(AutoShutdown::AllSignificant), &children);
    world.ends(2, Restart::Temporary, true);
    assert_eq!(world.trace, []);
    world.ends(1, Restart::Transient, false);
    assert_eq!(world.trace, [ShutDown]);

    let mut world = World::new(policy, &children);
    world.ends(2, Restart::Temporary, true);
    world.ends(1, Restart::Transient, false);
    assert_eq!(world.trace, [], "never");
}

#[test]
fn a_significant_child_that_its_supervisor_ends_ends_nobody() {
    let any = often(Supervision::one_for_all()).auto_shutdown(AutoShutdown::AnySignificant);
    let mut world = World::new(any, &[(Restart::Permanent, false), (Restart::Temporary, true)]);
    assert_eq!(world.fails(1), [Stop(2), Start(1)]);
    let mut world = World::new(any, &[(Restart::Permanent, false), (Restart::Temporary, true)]);
    let orders = world.wards.end(2);
    world.obey(orders);
    assert_eq!(world.trace, [Stop(2)]);
}

#[test]
fn a_child_ended_for_good_is_not_started_again_whatever_its_kind() {
    let mut world = World::permanent(often(Supervision::one_for_all()), 2);
    let orders = world.wards.end(2);
    world.obey(orders);
    assert_eq!(world.trace, [Stop(2)]);
    world.trace.clear();
    assert_eq!(world.fails(1), [Start(1)]);
}

#[test]
fn a_child_that_had_to_be_cut_off_and_was_to_come_back_is_given_up_on() {
    let mut wards = Wards::new(often(Supervision::one_for_all()));
    for id in 1..=2 {
        wards.add(id, id, Restart::Permanent, false);
        wards.start(id, at(0));
    }
    assert_eq!(wards.rests(1, true, at(0), 0), [Order::Stop(2)]);
    assert_eq!(wards.gone(2, at(0)), [Order::GiveUp]);
}

#[test]
fn the_first_start_of_all_is_in_order_and_each_waits_for_the_one_before() {
    let mut wards = Wards::new(often(Supervision::one_for_one()));
    for id in 1..=3 {
        wards.add(id, id, Restart::Permanent, false);
    }
    assert_eq!(wards.start_all(at(0)), [Order::Start(1)]);
    assert_eq!(wards.up(1, at(0)), [Order::Start(2)]);
    assert_eq!(wards.rests(2, true, at(0), 0), [Order::Start(2)], "its start has failed");
    assert_eq!(wards.up(2, at(0)), [Order::Start(3)]);
    assert_eq!(wards.up(3, at(0)), []);
}

#[test]
fn an_older_sibling_that_fails_during_a_restart_widens_it() {
    let mut wards = Wards::new(often(Supervision::rest_for_one()));
    for id in 1..=4 {
        wards.add(id, id, Restart::Permanent, false);
        wards.start(id, at(0));
    }
    assert_eq!(wards.rests(3, true, at(0), 0), [Order::Stop(4)]);
    // Before 4 has stopped, 2 fails: from there on now.
    assert_eq!(wards.rests(2, true, at(0), 0), []);
    assert_eq!(wards.rests(4, false, at(0), 0), [Order::Start(2)]);
    assert_eq!(wards.up(2, at(0)), [Order::Start(3)]);
    // While 3 starts, 1 fails: all are concerned.
    assert_eq!(wards.rests(1, true, at(0), 0), [Order::Stop(3)]);
    assert_eq!(wards.rests(3, false, at(0), 0), [Order::Stop(2)]);
    assert_eq!(wards.rests(2, false, at(0), 0), [Order::Start(1)]);
    for id in 1..4 {
        assert_eq!(wards.up(id, at(0)), [Order::Start(id + 1)]);
    }
    assert_eq!(wards.up(4, at(0)), []);
}

/// OTP's supervisor as its documentation has it: it does one thing after another and waits for each.
struct Model {
    policy: Supervision,
    children: Vec<(Id, Restart, bool)>,
    bad_starts: BTreeMap<Id, u32>,
    restarts: Vec<Timestamp>,
    trace: Vec<Event>,
    given_up: bool,
}

impl Model {
    fn ends(&mut self, id: Id, failed: bool, now: Timestamp) {
        let Some(at) = self.children.iter().position(|(other, _, up)| *other == id && *up) else {
            return;
        };
        match self.children[at].1 {
            Restart::Temporary => _ = self.children.remove(at),
            Restart::Transient if !failed => _ = self.children.remove(at),
            _ => {
                self.children[at].2 = false;
                self.restart(id, now);
            }
        }
    }

    fn restart(&mut self, mut failed: Id, now: Timestamp) {
        loop {
            self.restarts.retain(|then| now - *then <= self.policy.period);
            self.restarts.push(now);
            if self.restarts.len() > self.policy.intensity as usize {
                self.trace.push(GaveUp);
                self.given_up = true;
                return;
            }
            let strategy = self.policy.strategy;
            let concerned = |id: Id| match strategy {
                Strategy::OneForOne => id == failed,
                Strategy::OneForAll => true,
                Strategy::RestForOne => id >= failed,
            };
            for (id, _, up) in self.children.iter_mut().rev() {
                if *up && concerned(*id) {
                    *up = false;
                    self.trace.push(Stop(*id));
                }
            }
            self.children
                .retain(|(id, restart, _)| !concerned(*id) || *restart != Restart::Temporary);
            let mut again = None;
            for (id, _, up) in &mut self.children {
                if *up || !concerned(*id) {
                    continue;
                }
                self.trace.push(Start(*id));
                let bad = self.bad_starts.entry(*id).or_default();
                if *bad > 0 {
                    *bad -= 1;
                    again = Some(*id);
                    break;
                }
                *up = true;
            }
            match again {
                Some(id) => failed = id,
                None => return,
            }
        }
    }
}

fn strategies() -> impl proptest::strategy::Strategy<Value = Strategy> {
    prop_oneof![Just(Strategy::OneForOne), Just(Strategy::OneForAll), Just(Strategy::RestForOne)]
}

fn restarts() -> impl proptest::strategy::Strategy<Value = Restart> {
    prop_oneof![Just(Restart::Permanent), Just(Restart::Transient), Just(Restart::Temporary)]
}

proptest! {
    /// Whatever ends in whatever order, the same children are stopped and started in the same order as by OTP.
    #[test]
    fn it_does_what_otp_does(
        strategy in strategies(),
        intensity in 0..6u32,
        kinds in prop::collection::vec(restarts(), 1..7),
        bad_starts in prop::collection::btree_map(1..7u32, 1..3u32, 0..3),
        ends in prop::collection::vec((1..7u32, any::<bool>(), 0..3_000u64), 1..12),
    ) {
        let policy = Supervision { strategy, ..Supervision::default() }
            .intensity(intensity, Duration::from_secs(5));
        let children: Vec<_> = kinds.iter().map(|restart| (*restart, false)).collect();
        let mut world = World::new(policy, &children);
        world.bad_starts = bad_starts.clone();
        let mut model = Model {
            policy,
            children: (1..).zip(&kinds).map(|(id, restart)| (id, *restart, true)).collect(),
            bad_starts,
            restarts: Vec::new(),
            trace: Vec::new(),
            given_up: false,
        };
        for (id, failed, later) in ends {
            world.now = world.now + Duration::from_millis(later);
            let up = model.children.iter().find(|(other, _, up)| *other == id && *up);
            let Some(&(_, restart, _)) = up else { continue };
            model.ends(id, failed, world.now);
            world.ends(id, restart, failed);
            prop_assert_eq!(&world.trace, &model.trace);
            if model.given_up {
                break;
            }
        }
    }
}
