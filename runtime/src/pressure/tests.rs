//! The forest against a naive graph, under contention, and its corners one by one.

#![cfg(not(roundsman_loom))]

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::AtomicUsize;

use proptest::prelude::*;

use super::*;

/// A line of waits: each slot waits on the next, the last on nothing.
fn line(forest: &WaitForest, len: usize) -> Vec<WaitSlot> {
    let slots: Vec<_> = (0..len).map(|_| forest.allot()).collect();
    for pair in slots.windows(2) {
        assert_eq!(forest.try_wait(pair[0], pair[1]), Verdict::Wait);
    }
    slots
}

/// The first slot found on a cycle of words.
fn find_cycle(forest: &WaitForest, slots: &[WaitSlot]) -> Option<WaitSlot> {
    slots.iter().copied().find(|&start| {
        let mut at = forest.waits_on(start);
        for _ in 0..slots.len() {
            if at == Some(start) {
                return true;
            }
            at = at.and_then(|slot| forest.waits_on(slot));
        }
        false
    })
}

#[test]
fn an_actor_may_not_wait_on_itself() {
    let forest = WaitForest::new();
    let a = forest.allot();
    assert_eq!(forest.try_wait(a, a), Verdict::Cycle);
    assert_eq!(forest.waits_on(a), None);
}

#[test]
fn the_wait_that_would_close_a_ring_is_refused() {
    let forest = WaitForest::new();
    let slots = line(&forest, 5);
    assert_eq!(forest.try_wait(slots[4], slots[0]), Verdict::Cycle);
    assert_eq!(forest.waits_on(slots[4]), None);
    assert_eq!(forest.waits_on(slots[3]), Some(slots[4]), "the others wait as before");
}

#[test]
fn a_refused_wait_may_stand_once_the_chain_is_broken() {
    let forest = WaitForest::new();
    let slots = line(&forest, 3);
    assert_eq!(forest.try_wait(slots[2], slots[0]), Verdict::Cycle);
    forest.clear(slots[1]);
    assert_eq!(forest.try_wait(slots[2], slots[0]), Verdict::Wait);
    assert_eq!(forest.waits_on(slots[2]), Some(slots[0]));
}

#[test]
fn nobody_joins_a_chain_as_long_as_the_step_cap() {
    let forest = WaitForest::new();
    // A line of n slots has n - 1 waits.
    let slots = line(&forest, STEP_CAP + 1);
    let late = forest.allot();
    assert_eq!(forest.try_wait(late, slots[0]), Verdict::TooLong);
    assert_eq!(forest.waits_on(late), None);
    assert_eq!(forest.try_wait(late, slots[1]), Verdict::Wait);
}

#[test]
fn a_second_wait_takes_the_place_of_the_first_even_if_refused() {
    let forest = WaitForest::new();
    let [a, b, c] = [forest.allot(), forest.allot(), forest.allot()];
    assert_eq!(forest.try_wait(a, b), Verdict::Wait);
    assert_eq!(forest.try_wait(a, c), Verdict::Wait);
    assert_eq!(forest.waits_on(a), Some(c));
    assert_eq!(forest.try_wait(a, a), Verdict::Cycle);
    assert_eq!(forest.waits_on(a), None);
}

#[test]
fn a_released_slot_is_reused_and_waits_on_nothing() {
    let forest = WaitForest::new();
    let [a, b] = [forest.allot(), forest.allot()];
    assert_eq!(forest.try_wait(a, b), Verdict::Wait);
    forest.release(a);
    assert_eq!(forest.allot(), a);
    assert_eq!(forest.waits_on(a), None);
}

#[test]
fn a_wait_on_a_reused_slot_refuses_at_most_and_only_until_it_ends() {
    let forest = WaitForest::new();
    let [stale, dead] = [forest.allot(), forest.allot()];
    assert_eq!(forest.try_wait(stale, dead), Verdict::Wait);
    forest.release(dead);
    let reborn = forest.allot();
    assert_eq!(reborn, dead);
    assert_eq!(forest.try_wait(reborn, stale), Verdict::Cycle, "no true cycle, and no harm");
    forest.clear(stale);
    assert_eq!(forest.try_wait(reborn, stale), Verdict::Wait);
}

#[test]
fn slots_keep_their_words_when_the_table_grows() {
    let forest = WaitForest::new();
    // Four chunks.
    let slots: Vec<_> = (0..FIRST_CHUNK * 15).map(|_| forest.allot()).collect();
    assert_eq!(slots.iter().map(|slot| slot.to_raw()).collect::<HashSet<_>>().len(), slots.len());
    let pairs = slots.chunks_exact(2);
    for pair in pairs.clone() {
        assert_eq!(forest.try_wait(pair[0], pair[1]), Verdict::Wait);
    }
    for pair in pairs {
        assert_eq!(forest.waits_on(pair[0]), Some(pair[1]));
        assert_eq!(forest.waits_on(pair[1]), None);
    }
}

#[test]
fn every_number_of_a_slot_has_a_place_of_its_own() {
    let position = |raw| WaitSlot::from_raw(raw).unwrap().position();
    let first = FIRST_CHUNK as u32;
    assert_eq!(position(1), (0, 0));
    assert_eq!(position(first), (0, FIRST_CHUNK - 1));
    assert_eq!(position(first + 1), (1, 0));
    assert_eq!(position(3 * first), (1, 2 * FIRST_CHUNK - 1));
    assert_eq!(position(3 * first + 1), (2, 0));
    assert_eq!(position(SLOTS_MAX), (CHUNKS - 1, (FIRST_CHUNK << (CHUNKS - 1)) - 1));
}

#[test]
fn a_slot_survives_the_way_through_a_number() {
    let forest = WaitForest::new();
    let slot = forest.allot();
    assert_eq!(WaitSlot::from_raw(slot.to_raw()), Some(slot));
    assert_eq!(WaitSlot::from_raw(0), None);
    assert_eq!(size_of::<Option<WaitSlot>>(), 4);
}

#[test]
fn without_the_walk_a_cycle_stands() {
    let forest = WaitForest::without_walk();
    let [a, b] = [forest.allot(), forest.allot()];
    assert_eq!(forest.try_wait(a, b), Verdict::Wait);
    assert_eq!(forest.try_wait(b, a), Verdict::Wait);
    assert!(find_cycle(&forest, &[a, b]).is_some());
}

/// More actors than the cap, even when some are dead, so that a chain can be too long.
const ACTORS: usize = STEP_CAP + STEP_CAP / 2;

#[derive(Clone, Debug)]
enum Step {
    TryWait(usize, usize),
    /// Actors from the first to the last, each on the next.
    Line(usize, usize),
    Clear(usize),
    /// An actor dies; its slot is free.
    Die(usize),
    /// A dead actor is replaced, in whatever slot there is.
    Spawn(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let actor = || 0..ACTORS;
    // Lines begin low: a wait on a low actor meets a long chain.
    let low = || 0..STEP_CAP / 8;
    prop_oneof![
        6 => (actor(), actor()).prop_map(|(who, on)| Step::TryWait(who, on)),
        4 => (actor(), low()).prop_map(|(who, on)| Step::TryWait(who, on)),
        1 => (low(), actor()).prop_map(|(first, last)| Step::Line(first, last)),
        2 => actor().prop_map(Step::Clear),
        1 => actor().prop_map(Step::Die),
        4 => actor().prop_map(Step::Spawn),
    ]
}

/// The waits as a plain map from slot to slot.
#[derive(Default)]
struct Graph(BTreeMap<u32, u32>);

impl Graph {
    /// The slots from `start` to the end of its chain, `start` included.
    fn chain(&self, start: WaitSlot) -> Vec<u32> {
        let mut chain = vec![start.to_raw()];
        while let Some(&next) = self.0.get(&chain[chain.len() - 1]) {
            chain.push(next);
            assert!(chain.len() <= ACTORS, "a cycle stands");
        }
        chain
    }

    fn try_wait(&mut self, forest: &WaitForest, who: WaitSlot, on: WaitSlot) {
        // The wait that stood is given up before the question is asked.
        self.0.remove(&who.to_raw());
        let chain = self.chain(on);
        let closes = chain.contains(&who.to_raw());
        let too_long = chain.len() > STEP_CAP;
        match forest.try_wait(who, on) {
            Verdict::Wait => {
                assert!(!closes && !too_long, "{who:?} waits on {on:?}, cycle: {closes}");
                self.0.insert(who.to_raw(), on.to_raw());
                self.chain(who);
            }
            Verdict::Cycle => assert!(closes, "{who:?} on {on:?} would have closed no cycle"),
            Verdict::TooLong => assert!(too_long, "the chain of {on:?} is short"),
        }
    }
}

proptest! {
    #[test]
    fn a_wait_stands_exactly_if_it_closes_no_cycle_in_a_naive_graph(
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let forest = WaitForest::new();
        let mut graph = Graph::default();
        let mut actors: Vec<_> = (0..ACTORS).map(|_| Some(forest.allot())).collect();
        for step in steps {
            match step {
                Step::TryWait(who, on) => {
                    if let (Some(who), Some(on)) = (actors[who], actors[on]) {
                        graph.try_wait(&forest, who, on);
                    }
                }
                Step::Line(first, last) => {
                    let living: Vec<_> = actors.iter().take(last).skip(first).flatten().collect();
                    for pair in living.windows(2) {
                        graph.try_wait(&forest, *pair[0], *pair[1]);
                    }
                }
                Step::Clear(who) => {
                    if let Some(who) = actors[who] {
                        forest.clear(who);
                        graph.0.remove(&who.to_raw());
                    }
                }
                Step::Die(who) => {
                    if let Some(who) = actors[who].take() {
                        forest.release(who);
                        graph.0.remove(&who.to_raw());
                    }
                }
                Step::Spawn(who) => {
                    actors[who].get_or_insert_with(|| forest.allot());
                }
            }
        }
        for slot in actors.iter().flatten() {
            let waits_on = forest.waits_on(*slot).map(WaitSlot::to_raw);
            prop_assert_eq!(waits_on, graph.0.get(&slot.to_raw()).copied());
        }
    }
}

/// Xorshift, so that a run depends on the seed alone.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}

/// Threads meet here. It spins, so that they leave at the same time.
struct Meeting {
    arrivals: AtomicUsize,
    threads: usize,
}

impl Meeting {
    fn join(&self) {
        let arrival = self.arrivals.fetch_add(1, Ordering::SeqCst);
        let complete = (arrival / self.threads + 1) * self.threads;
        let mut spins = 0;
        while self.arrivals.load(Ordering::SeqCst) < complete {
            spins += 1;
            if spins % 64 == 0 {
                std::thread::yield_now();
            }
            std::hint::spin_loop();
        }
    }
}

#[test]
fn threads_that_wait_at_once_never_leave_a_cycle_standing() {
    const THREADS: usize = 3;
    const ROUNDS: usize = 20_000;
    let seed = std::env::var("ROUNDSMAN_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or(0x5eed);
    let forest = WaitForest::new();
    // Slot k belongs to thread k % THREADS, so that every ring of neighbours is a ring of threads.
    let slots: Vec<_> = (0..THREADS * 2).map(|_| forest.allot()).collect();
    let meeting = Meeting { arrivals: AtomicUsize::new(0), threads: THREADS };
    let stood = AtomicUsize::new(0);
    let wait = |random: &mut Random, index: usize| {
        // Mostly the neighbour: rings of all lengths are what we are after.
        let on = match random.below(4) {
            0 => random.below(slots.len()),
            1 => index + THREADS - 1,
            _ => index + 1,
        };
        let verdict = forest.try_wait(slots[index], slots[on % slots.len()]);
        let stands = forest.waits_on(slots[index]).is_some();
        assert_eq!(stands, verdict == Verdict::Wait, "ROUNDSMAN_SEED={seed}");
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (wait, forest, slots, meeting, stood) = (&wait, &forest, &slots, &meeting, &stood);
            scope.spawn(move || {
                let mut random = Random(seed.wrapping_mul(thread as u64 * 2 + 1) | 1);
                for _ in 0..ROUNDS {
                    meeting.join();
                    for index in (thread..slots.len()).step_by(THREADS) {
                        wait(&mut random, index);
                        if random.below(8) == 0 {
                            forest.clear(slots[index]);
                            wait(&mut random, index);
                        }
                    }
                    meeting.join();
                    // Nobody writes between two meetings: what is found now stands.
                    assert_eq!(find_cycle(forest, slots), None, "ROUNDSMAN_SEED={seed}");
                    meeting.join();
                    for index in (thread..slots.len()).step_by(THREADS) {
                        let stands = usize::from(forest.waits_on(slots[index]).is_some());
                        stood.fetch_add(stands, Ordering::Relaxed);
                        forest.clear(slots[index]);
                    }
                }
            });
        }
    });
    assert!(stood.into_inner() > ROUNDS, "most rounds left someone waiting");
}

#[test]
fn threads_that_allot_at_once_never_share_a_slot() {
    const THREADS: usize = 3;
    const ROUNDS: usize = 500;
    let forest = WaitForest::new();
    let owned = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut owned = Vec::new();
                    for round in 0..ROUNDS {
                        owned.push(forest.allot());
                        owned.push(forest.allot());
                        forest.release(owned.swap_remove(round % owned.len()));
                    }
                    owned
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let distinct: HashSet<_> = owned.iter().map(|slot| slot.to_raw()).collect();
    assert_eq!(distinct.len(), THREADS * ROUNDS);
    assert!(forest.slots().used as usize <= THREADS * (ROUNDS + 1), "released slots were reused");
}
