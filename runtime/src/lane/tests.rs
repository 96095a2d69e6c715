//! The choice against its promises, with random limits and random jobs.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// A pool without threads: what waits, what runs, and what each lane was promised.
struct Model {
    threads: usize,
    limits: [Limits; LANES],
    lanes: Lanes,
    waiting: [VecDeque<u32>; LANES],
    started: [Vec<u32>; LANES],
    running: Vec<usize>,
    next: u32,
    /// Starts of others that a lane has seen since it could have started.
    passed_over: [usize; LANES],
}

impl Model {
    fn new(threads: usize, limits: [Limits; LANES]) -> Self {
        Self {
            threads,
            limits,
            lanes: Lanes::new(limits, threads),
            waiting: Default::default(),
            started: Default::default(),
            running: Vec::new(),
            next: 0,
            passed_over: [0; LANES],
        }
    }

    fn count(&self, lane: usize) -> usize {
        self.running.iter().filter(|running| **running == lane).count()
    }

    /// What the module's text says, in the slowest way.
    fn may_start(&self, lane: usize) -> bool {
        let owed_to_others: usize = (0..LANES)
            .filter(|other| *other != lane)
            .map(|other| self.limits[other].reserved.saturating_sub(self.count(other)))
            .sum();
        self.count(lane) < self.limits[lane].cap
            && self.threads - self.running.len() > owed_to_others
    }

    fn submit(&mut self, lane: usize) {
        self.waiting[lane].push_back(self.next);
        self.next += 1;
    }

    /// Starts what may start, until nothing may.
    fn fill(&mut self) {
        while let Some(lane) = self.lanes.next(|lane| !self.waiting[lane].is_empty()) {
            assert!(self.may_start(lane), "{lane} must not start");
            for other in (0..LANES).filter(|other| *other != lane) {
                let could = !self.waiting[other].is_empty() && self.may_start(other);
                self.passed_over[other] = if could { self.passed_over[other] + 1 } else { 0 };
                assert!(self.passed_over[other] < LANES, "{other} is passed over for ever");
            }
            self.passed_over[lane] = 0;
            self.lanes.started(lane);
            self.running.push(lane);
            let job = self.waiting[lane].pop_front().expect("one waits");
            self.started[lane].push(job);
        }
        for lane in 0..LANES {
            assert!(self.waiting[lane].is_empty() || !self.may_start(lane), "{lane} could start");
        }
    }

    fn end(&mut self, at: usize) {
        if !self.running.is_empty() {
            let lane = self.running.swap_remove(at % self.running.len());
            self.lanes.ended(lane);
        }
    }

    fn check(&self) {
        assert!(self.running.len() <= self.threads);
        let mut kept_back = 0;
        for lane in 0..LANES {
            let Limits { cap, reserved, .. } = self.limits[lane];
            let running = self.count(lane);
            assert_eq!(running, self.lanes.running(lane));
            assert!(running <= cap, "{lane} is above its cap");
            assert!(self.started[lane].is_sorted(), "{lane} is not first in, first out");
            let unmet = !self.waiting[lane].is_empty() && running < reserved;
            assert!(!unmet, "a thread reserved for {lane} was taken by others");
            kept_back += reserved.saturating_sub(running);
        }
        assert!(self.running.len() + kept_back <= self.threads, "a reserved thread is in use");
    }
}

/// Limits that a builder might be given, those that cannot be kept included.
fn asked() -> impl Strategy<Value = [LaneLimits; LANES]> {
    let one = (proptest::option::of(1..10_usize), proptest::option::of(0..4_usize))
        .prop_map(|(cap, reserved)| LaneLimits { cap, reserved, queue: None });
    [one.clone(), one.clone(), one.clone(), one]
}

proptest! {
    #[test]
    fn caps_hold_reserved_threads_are_kept_and_no_lane_is_passed_over(
        threads in 1..12_usize,
        asked in asked(),
        steps in prop::collection::vec((any::<bool>(), 0..64_usize), 1..200),
    ) {
        let Ok(limits) = Limits::of_all(asked, threads) else { return Ok(()) };
        let mut model = Model::new(threads, limits);
        for (submit, which) in steps {
            if submit {
                model.submit(which % LANES);
            } else {
                model.end(which);
            }
            model.fill();
            model.check();
        }
        // Whatever is still waiting gets its turn.
        while !model.running.is_empty() {
            model.end(0);
            model.fill();
            model.check();
        }
        prop_assert!(model.waiting.iter().all(VecDeque::is_empty), "a job never started");
    }

    #[test]
    fn a_pool_that_got_fewer_threads_still_runs_every_lane(
        threads in 4..12_usize,
        got in 1..4_usize,
    ) {
        let limits = Limits::of_all(Default::default(), threads).expect("defaults can be kept");
        let mut lanes = Lanes::new(limits, threads);
        lanes.shrink(got);
        for lane in 0..LANES {
            prop_assert!(lanes.may_start(lane));
        }
    }
}

#[test]
fn code_that_never_returns_leaves_a_thread_to_files_and_one_to_names() {
    for threads in 4..=16 {
        let limits = Limits::of_all(Default::default(), threads).expect("defaults can be kept");
        let mut model = Model::new(threads, limits);
        for _ in 0..threads {
            model.submit(Lane::User.index());
            model.submit(Lane::Crypto.index());
        }
        model.fill();
        assert_eq!(model.running.len(), threads - 2);
        model.submit(Lane::Fs.index());
        model.submit(Lane::Dns.index());
        model.fill();
        assert_eq!(model.running.len(), threads);
    }
}

#[test]
fn names_take_at_most_half_of_the_threads() {
    for threads in 1..=16 {
        let limits = Limits::of_all(Default::default(), threads).expect("defaults can be kept");
        assert_eq!(limits[Lane::Dns.index()].cap, threads.div_ceil(2));
    }
}

#[test]
fn limits_that_cannot_be_kept_are_refused_by_name() {
    let with = |lane: Lane, limits| {
        let mut asked = [LaneLimits::default(); LANES];
        asked[lane.index()] = limits;
        Limits::of_all(asked, 4)
    };
    let none = with(Lane::Dns, LaneLimits::default().cap(0));
    assert_eq!(none, Err(LaneError::Cap { lane: Lane::Dns }));
    let above = with(Lane::Fs, LaneLimits::default().cap(1).reserved(2));
    assert_eq!(above, Err(LaneError::AboveCap { lane: Lane::Fs, reserved: 2, cap: 1 }));
    for reserved in [2, 3, 4] {
        let starved = with(Lane::User, LaneLimits::default().reserved(reserved));
        assert!(matches!(starved, Err(LaneError::Reserved { threads: 4, .. })), "{starved:?}");
    }
    assert!(with(Lane::User, LaneLimits::default().reserved(1)).is_ok());
    assert!(with(Lane::User, LaneLimits::default().cap(100).queue(0)).is_ok());
}
