//! Timers through the public API, in virtual time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use roundsman::{Context, MissedTicks, Placement, PressureGuard, TimerId};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{self, each_world, world};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What an actor does with its timers, a few steps in each handler.
#[derive(Clone, Debug)]
enum Step {
    After(Duration),
    Every(Duration),
    /// Cancels one of all that were ever started.
    Cancel(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let nanos = prop_oneof![
        3 => 0..3_000_000_u64,
        3 => 0..100_000_000_u64,
        2 => 0..10_000_000_000_u64,
        1 => 0..1_000_000_000_000_000_u64,
    ];
    let step = prop_oneof![
        5 => nanos.prop_map(|nanos| Step::After(Duration::from_nanos(nanos))),
        1 => (0..500_000_000_u64).prop_map(|nanos| Step::Every(Duration::from_nanos(nanos))),
        3 => any::<prop::sample::Index>().prop_map(Step::Cancel),
    ];
    prop::collection::vec(step, 1..120)
}

/// What should happen: timers by the tick in which they are due, and in order of start within one.
#[derive(Default)]
struct Model {
    due: BTreeMap<(u128, u64), usize>,
    /// Each timer that was ever started.
    timers: Vec<Timer>,
    armed: u64,
}

struct Timer {
    /// Its place in `due` while it runs.
    key: Option<(u128, u64)>,
    /// When it is due and after how long again, if it comes again.
    rhythm: Option<(Duration, Duration)>,
}

const TICK: u128 = 1_000_000;

impl Model {
    fn arm(&mut self, timer: usize, at: Duration) {
        self.armed += 1;
        let key = (at.as_nanos().div_ceil(TICK), self.armed);
        self.due.insert(key, timer);
        self.timers[timer].key = Some(key);
    }

    fn start(&mut self, at: Duration, again: Option<Duration>) -> usize {
        let rhythm = again.map(|period| (at, period));
        self.timers.push(Timer { key: None, rhythm });
        self.arm(self.timers.len() - 1, at);
        self.timers.len() - 1
    }

    fn cancel(&mut self, timer: usize) -> bool {
        let key = self.timers[timer].key.take();
        key.is_some_and(|key| self.due.remove(&key).is_some())
    }

    /// A timer's message is here: it must be the next one, and not be early.
    fn check(&mut self, timer: usize, now: Duration) {
        let ((tick, _), expected) = self.due.pop_first().expect("a timer that runs");
        assert_eq!(timer, expected, "at {now:?}");
        assert_eq!(now.as_nanos(), tick * TICK, "timer {timer} is not in time");
        self.timers[timer].key = None;
        if let Some((at, period)) = self.timers[timer].rhythm {
            let next = at + period;
            self.timers[timer].rhythm = Some((next, period));
            self.arm(timer, next);
        }
    }
}

struct Player {
    steps: Vec<Step>,
    model: Model,
    ids: Vec<TimerId>,
}

impl Player {
    fn next(&mut self, ctx: &mut Context<'_, Role<usize>>) {
        let now = ctx.now().since_start();
        for step in self.steps.split_off(self.steps.len().saturating_sub(3)) {
            let timer = self.ids.len();
            match step {
                Step::After(delay) => {
                    self.ids.push(ctx.send_after(delay, timer));
                    assert_eq!(self.model.start(now + delay, None), timer);
                }
                Step::Every(period) => {
                    self.ids.push(ctx.send_every(period, MissedTicks::Skip, move || timer));
                    let period = period.max(ms(1));
                    assert_eq!(self.model.start(now + period, Some(period)), timer);
                }
                Step::Cancel(_) if timer == 0 => {}
                Step::Cancel(which) => {
                    let which = which.index(timer);
                    assert_eq!(ctx.cancel(self.ids[which]), self.model.cancel(which));
                }
            }
        }
        if self.steps.is_empty() {
            // What comes again would never end.
            for timer in 0..self.ids.len() {
                if self.model.timers[timer].rhythm.is_some() {
                    assert_eq!(ctx.cancel(self.ids[timer]), self.model.cancel(timer));
                }
            }
        }
    }
}

fn config(cases: u32) -> ProptestConfig {
    let rng_seed = seeds::asked_for().map_or(RngSeed::Random, RngSeed::Fixed);
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn timers_come_as_a_sorted_map_says(steps in steps(), seed: u64) {
        let player = Player { steps, model: Model::default(), ids: Vec::new() };
        let player = Rc::new(RefCell::new(player));
        let (starts, plays) = (Rc::clone(&player), Rc::clone(&player));
        let root = move || {
            Role::new(move |timer, ctx| {
                let mut player = plays.borrow_mut();
                player.model.check(timer, ctx.now().since_start());
                player.next(ctx);
                Ok(())
            })
            .started(move |ctx| {
                starts.borrow_mut().next(ctx);
                Ok(())
            })
        };
        play(world(seed, 1), root).unwrap();
        assert!(player.borrow().model.due.is_empty(), "a timer was forgotten");
    }
}

#[test]
fn a_timer_is_never_early_and_comes_at_the_first_millisecond_after_its_delay() {
    for micros in [0_u64, 1, 999, 1_000, 1_001, 63_999, 64_000, 64_001, 4_096_001, 1 << 40] {
        let root = move || {
            Role::<()>::new(move |(), ctx| {
                let after = ctx.now().since_start();
                assert_eq!(after, ms(micros.div_ceil(1_000)), "{micros} µs");
                Ok(())
            })
            .started(move |ctx| {
                ctx.send_after(Duration::from_micros(micros), ());
                Ok(())
            })
        };
        play(world(1, 1), root).unwrap();
    }
}

#[test]
fn a_timer_that_is_due_and_then_cancelled_never_delivers() {
    each_world(20, 1..=2, |seed, loops| {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let sees = Rc::clone(&seen);
        let root = move || {
            let mut second = None;
            Role::<(u32, Option<TimerId>)>::new(move |(number, timer), ctx| {
                sees.borrow_mut().push(number);
                second = timer.or(second);
                if number == 1 {
                    // Both were due in this round; the second one's message is as good as there.
                    let second = second.expect("told before");
                    assert!(ctx.cancel(second));
                    assert!(!ctx.cancel(second), "once");
                }
                Ok(())
            })
            .started(|ctx| {
                ctx.send_after(ms(10), (1, None));
                let second = ctx.send_after(ms(10), (2, None));
                ctx.send_after(ms(10), (3, None));
                Ok(ctx.address().send((0, Some(second)))?)
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(*seen.borrow(), [0, 1, 3]);
    });
}

#[test]
fn a_timer_that_was_handled_or_belongs_to_an_earlier_one_cannot_be_cancelled() {
    let root = || {
        let mut first = None;
        Role::<u32>::new(move |number, ctx| {
            match number {
                0 => first = Some(ctx.send_after(ms(1), 1)),
                1 => {
                    // The new timer may lie where the old one lay.
                    ctx.send_after(ms(1), 2);
                    assert!(!ctx.cancel(first.expect("set")));
                }
                _ => ctx.stop(),
            }
            Ok(())
        })
        .started(|ctx| {
            ctx.send_after(ms(1_000), 9);
            Ok(ctx.address().send(0)?)
        })
    };
    play(world(1, 1), root).unwrap();
}

#[test]
fn a_timer_that_comes_again_can_be_cancelled_in_its_own_message() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let sees = Rc::clone(&seen);
    let root = move || {
        let mut timer = None;
        Role::<u32>::new(move |number, ctx| {
            let timer = *timer.get_or_insert_with(|| {
                let mut number = 0;
                ctx.send_every(ms(10), MissedTicks::Skip, move || {
                    number += 1;
                    number
                })
            });
            sees.borrow_mut().push((number, ctx.now().since_start()));
            if number == 3 {
                assert!(ctx.cancel(timer));
                assert!(!ctx.cancel(timer));
            }
            Ok(())
        })
        .started(|ctx| Ok(ctx.address().send(0)?))
    };
    play(world(1, 1), root).unwrap();
    assert_eq!(*seen.borrow(), [(0, ms(0)), (1, ms(10)), (2, ms(20)), (3, ms(30))]);
}

#[test]
fn timers_with_equal_deadlines_come_in_the_order_in_which_they_were_set() {
    each_world(10, 1..=2, |seed, loops| {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let sees = Rc::clone(&seen);
        let root = move || {
            Role::<u64>::new(move |number, ctx| {
                sees.borrow_mut().push(number);
                if number < 50 {
                    // From now it is not as far; the deadline is the same.
                    ctx.send_after(ms(5_000) - ctx.now().since_start(), 1_000 + number);
                }
                Ok(())
            })
            .started(|ctx| {
                for number in 0..50 {
                    ctx.send_after(ms(90 * number), number);
                }
                ctx.send_after(ms(5_000), 999);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let expected: Vec<_> = (0..50).chain(999..1_050).collect();
        assert_eq!(*seen.borrow(), expected);
    });
}

/// What an actor takes that ticks every 10 ms and is paused from 15 ms to 47 ms.
enum Tick {
    Tick,
    Pause,
}

/// When the ticks of such an actor come.
fn ticks(seed: u64, missed: MissedTicks) -> Vec<u128> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let sees = Rc::clone(&seen);
    let root = move || {
        let mut left = 7;
        let ticker = move |brake: roundsman::Address<()>| {
            let mut timer = None;
            Role::<Tick>::new(move |message, ctx| {
                let timer = *timer.get_or_insert_with(|| {
                    ctx.send_after(ms(15), Tick::Pause);
                    ctx.send_every(ms(10), missed, || Tick::Tick)
                });
                match message {
                    Tick::Tick => {
                        sees.borrow_mut().push(ctx.now().since_start().as_millis());
                        left -= 1;
                        if left == 0 {
                            ctx.cancel(timer);
                        }
                    }
                    Tick::Pause if ctx.now().since_start() > ms(0) => brake.send(())?,
                    Tick::Pause => {}
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(Tick::Pause)?))
        };
        Role::<()>::idle().started(move |ctx| {
            let brake = ctx.spawn_on(Placement::Loop(1), || {
                let mut guard: Option<PressureGuard> = None;
                Role::<()>::new(move |(), ctx| {
                    guard.get_or_insert_with(|| ctx.pressure(ms(47)));
                    Ok(())
                })
                .started(|ctx| Ok(ctx.address().send(())?))
            });
            ctx.spawn(ticker(brake));
            Ok(())
        })
    };
    play(world(seed, 2), root).unwrap();
    seen.take()
}

#[test]
fn missed_ticks_are_skipped_and_the_rhythm_is_kept() {
    each_world(10, [2], |seed, _| {
        assert_eq!(ticks(seed, MissedTicks::Skip), [10, 47, 50, 60, 70, 80, 90]);
    });
}

#[test]
fn missed_ticks_shift_the_rhythm_if_that_is_wanted() {
    each_world(10, [2], |seed, _| {
        assert_eq!(ticks(seed, MissedTicks::Delay), [10, 47, 57, 67, 77, 87, 97]);
    });
}

#[test]
fn missed_ticks_are_made_up_for_if_that_is_wanted() {
    each_world(10, [2], |seed, _| {
        assert_eq!(ticks(seed, MissedTicks::Burst), [10, 47, 47, 47, 50, 60, 70]);
    });
}

#[test]
fn a_timer_keeps_the_runtime_alive_unless_it_is_unreferenced() {
    for (referenced, again, expected) in [(true, false, 1), (false, false, 0), (false, true, 1)] {
        each_world(5, 1..=3, |seed, loops| {
            let seen = Rc::new(RefCell::new(0));
            let sees = Rc::clone(&seen);
            let root = move || {
                Role::<()>::new(move |(), _| {
                    *sees.borrow_mut() += 1;
                    Ok(())
                })
                .started(move |ctx| {
                    let timer = ctx.send_after(ms(3_600_000), ());
                    if !referenced {
                        ctx.unref_timer(timer);
                        ctx.unref_timer(timer);
                    }
                    if again {
                        ctx.ref_timer(timer);
                    }
                    Ok(())
                })
            };
            play(world(seed, loops), root).unwrap();
            assert_eq!(*seen.borrow(), expected);
        });
    }
}

#[test]
fn an_unreferenced_timer_delivers_while_something_else_keeps_the_runtime_alive() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let sees = Rc::clone(&seen);
    let root = move || {
        Role::<u32>::new(move |number, _| {
            sees.borrow_mut().push(number);
            Ok(())
        })
        .started(move |ctx| {
            let every = ctx.send_every(ms(10), MissedTicks::Skip, || 1);
            ctx.unref_timer(every);
            ctx.send_after(ms(35), 2);
            Ok(())
        })
    };
    play(world(1, 2), root).unwrap();
    assert_eq!(*seen.borrow(), [1, 1, 1, 2]);
}

#[test]
fn timers_end_with_their_actor() {
    each_world(10, 1..=2, |seed, loops| {
        let dropped = Rc::new(());
        let held = Rc::downgrade(&dropped);
        let root = move || {
            Role::<u32>::idle()
                .started(move |ctx| {
                    let child = Role::<u32>::new(|_, _| panic!("it has ended")).started(|ctx| {
                        ctx.send_after(ms(10), 1);
                        ctx.send_every(ms(10), MissedTicks::Burst, move || {
                            let _held = &dropped;
                            2
                        });
                        ctx.stop();
                        Ok(())
                    });
                    ctx.spawn(child);
                    Ok(())
                })
                .stopping(move |_, ctx| {
                    assert_eq!(ctx.now().since_start(), ms(0), "nothing keeps the runtime alive");
                    assert_eq!(held.strong_count(), 0, "the function that makes ticks is dropped");
                })
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn a_deadline_beyond_all_time_harms_nobody() {
    let root = || {
        Role::<u32>::new(|number, ctx| {
            assert_eq!((number, ctx.now().since_start()), (1, ms(1)));
            ctx.stop();
            Ok(())
        })
        .started(|ctx| {
            ctx.send_after(Duration::MAX, 2);
            ctx.send_every(Duration::MAX, MissedTicks::Burst, || 3);
            ctx.send_after(ms(1), 1);
            Ok(())
        })
    };
    play(world(1, 1), root).unwrap();
}
