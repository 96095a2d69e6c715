//! Faults: panics, loops that stand still, clocks that differ, crashes, mailboxes that lose what they may lose.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roundsman::net::{Listener, tcp};
use roundsman::sim::{Check, Failed, Sim};
use roundsman::{Actor, ChildSpec, JobError, Lane, Outcome, Overflow, Placement, Spawn, job};
use roundsman_tests::role::Role;

use super::{Sleeper, secs};

/// Runs a few seeds, which must not fail.
#[track_caller]
fn holds(body: impl Fn(&Sim) -> Outcome) {
    if let Err(failing) = Check::new().seeds(20).twice(true).run(body) {
        panic!("{failing}");
    }
}

/// In how many of 100 seeds this is true.
#[track_caller]
fn seeds_with(body: impl Fn(&Sim) -> bool) -> u32 {
    let count = Cell::new(0);
    let each = |sim: &Sim| {
        count.set(count.get() + u32::from(body(sim)));
        Ok(())
    };
    if let Err(failing) = Check::new().run(each) {
        panic!("{failing}");
    }
    count.get()
}

/// Sends itself so many numbers from 1, and notes those that it handles.
fn counter(to: u32, noted: &Arc<Mutex<Vec<u32>>>) -> Role<u32> {
    let noted = Arc::clone(noted);
    Role::new(move |number, _| {
        noted.lock().unwrap().push(number);
        Ok(())
    })
    .started(move |ctx| {
        for number in 1..=to {
            ctx.address().send(number)?;
        }
        Ok(())
    })
    .may_panic()
}

#[test]
fn an_actor_panics_at_the_message_that_was_named() {
    holds(|sim| {
        let noted = Arc::default();
        let notes = Arc::clone(&noted);
        sim.panic_at("home/counter", 3);
        sim.host("home").start_with("counter", move || counter(5, &notes));
        sim.run()?;
        assert_eq!(*noted.lock().unwrap(), [1, 2]);
        Ok(())
    });
}

#[test]
fn a_supervisor_sees_to_a_panic_that_was_asked_for() {
    holds(|sim| {
        let noted = Arc::default();
        let notes = Arc::clone(&noted);
        sim.panic_at("home/top/counter", 2);
        sim.host("home").start_with("top", move || {
            let notes = Arc::clone(&notes);
            Role::<()>::idle().started(move |ctx| {
                ctx.supervise(ChildSpec::permanent("counter"), move || counter(3, &notes));
                Ok(())
            })
        });
        sim.run()?;
        // The first life handles one message, and loses one; what is left in the mailbox comes to the second, ahead of its own.
        assert_eq!(*noted.lock().unwrap(), [1, 3, 1, 2, 3]);
        Ok(())
    });
}

#[test]
fn panics_at_random_strike_in_some_seeds_and_nobody_else() {
    let struck = seeds_with(|sim| {
        let (noted, others) = (Arc::default(), Arc::default());
        let (notes, notes_too) = (Arc::clone(&noted), Arc::clone(&others));
        sim.panic_randomly("ann/*", 50_000);
        sim.host("ann").start(move || counter(10, &notes));
        sim.host("bob").start(move || counter(10, &notes_too));
        sim.run().unwrap();
        assert_eq!(others.lock().unwrap().len(), 10);
        noted.lock().unwrap().len() < 10
    });
    assert!((10..90).contains(&struck), "{struck} of 100 seeds");
}

/// What two actors note of the time, on one loop or on two, when the first stalls it.
fn times_after_a_stall(sim: &Sim, loops: usize) -> [Duration; 2] {
    let times = [(); 2].map(|()| Arc::new(Mutex::new(Duration::ZERO)));
    let noted = times.clone();
    sim.stall("home/top/first", 1, secs(5));
    sim.host("home").loops(loops).start_with("top", move || {
        let times = times.clone();
        Role::<()>::idle().started(move |ctx| {
            for (number, (name, time)) in ["first", "second"].into_iter().zip(times).enumerate() {
                let role = move || {
                    Role::new(move |(), ctx| {
                        *time.lock().unwrap() = ctx.now().since_start();
                        Ok(())
                    })
                    .started(move |ctx| {
                        ctx.send_after(secs(1 + number as u64), ());
                        Ok(())
                    })
                };
                ctx.spawn_on_with(Placement::Loop(number), Spawn::named(name), role);
            }
            Ok(())
        })
    });
    sim.run().unwrap();
    noted.map(|time| *time.lock().unwrap())
}

#[test]
fn a_loop_that_stalls_holds_up_all_its_actors_and_no_other_loop() {
    holds(|sim| {
        assert_eq!(times_after_a_stall(sim, 1), [secs(1), secs(6)]);
        Ok(())
    });
    holds(|sim| {
        assert_eq!(times_after_a_stall(sim, 2), [secs(1), secs(2)]);
        Ok(())
    });
}

#[test]
fn stalls_at_random_take_less_than_the_longest() {
    let longest = Cell::new(Duration::ZERO);
    let stalled = seeds_with(|sim| {
        sim.stall_randomly("*", 300_000, secs(1));
        sim.host("bed").start(|| Sleeper(secs(2)));
        sim.run().unwrap();
        let late = sim.now().since_start() - secs(2);
        longest.set(longest.get().max(late));
        !late.is_zero()
    });
    assert!(stalled > 10, "{stalled} of 100 seeds");
    assert!(longest.get() < secs(2), "one stall at its start, one at its message: {longest:?}");
}

#[test]
fn clocks_of_hosts_differ_from_the_time_of_the_simulation() {
    holds(|sim| {
        // Twice as fast: a second of this host is half a second.
        sim.host("fast").clock(secs(100), 1_000_000).start(|| {
            Role::new(|(), ctx| {
                assert_eq!(ctx.now().since_start(), secs(102));
                ctx.stop();
                Ok(())
            })
            .started(|ctx| {
                assert_eq!(ctx.now().since_start(), secs(100));
                ctx.send_after(secs(2), ());
                Ok(())
            })
            .may_panic()
        });
        sim.run()?;
        assert_eq!(sim.now().since_start(), secs(1));
        Ok(())
    });
}

#[test]
fn a_host_crashes_in_some_seeds_and_begins_again() {
    let begun = Arc::new(AtomicU32::new(0));
    let crashed = seeds_with(|sim| {
        let before = begun.load(Ordering::SeqCst);
        let begins = Arc::clone(&begun);
        let host = sim.host("bed").start(move || {
            begins.fetch_add(1, Ordering::SeqCst);
            Sleeper(secs(2))
        });
        if sim.chance(500_000) {
            sim.crash_within(host, secs(4), secs(1));
        }
        sim.run().unwrap();
        begun.load(Ordering::SeqCst) - before == 2
    });
    assert!((10..90).contains(&crashed), "{crashed} of 100 seeds");
}

#[test]
fn a_host_that_has_ended_does_not_crash_and_stays_ended() {
    holds(|sim| {
        let begun = Arc::new(AtomicU32::new(0));
        let begins = Arc::clone(&begun);
        let host = sim.host("bed").start(move || {
            begins.fetch_add(1, Ordering::SeqCst);
            Sleeper(secs(1))
        });
        sim.run()?;
        sim.crash_within(host, secs(100), secs(1));
        sim.advance(secs(1_000));
        assert_eq!(begun.load(Ordering::SeqCst), 1);
        assert!(!sim.is_alive(host));
        Ok(sim.run()?)
    });
}

#[test]
fn a_host_that_was_begun_again_meanwhile_is_not_begun_a_third_time() {
    let lives = Cell::new(0);
    seeds_with(|sim| {
        let begun = Arc::new(AtomicU32::new(0));
        let begins = Arc::clone(&begun);
        let host = sim.host("bed").start(move || {
            begins.fetch_add(1, Ordering::SeqCst);
            Sleeper(secs(10_000))
        });
        sim.crash_within(host, secs(1), secs(1_000));
        sim.advance(secs(1));
        let crashed = !sim.is_alive(host);
        sim.restart(host);
        sim.run().unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 2);
        lives.set(lives.get() + u32::from(crashed));
        false
    });
    assert!(lives.get() > 50, "{} of 100 seeds", lives.get());
}

#[test]
fn the_clock_of_a_host_that_lives_jumps_and_its_timers_with_it() {
    holds(|sim| {
        let host = sim.host("home").start(|| {
            Role::new(|(), ctx| {
                assert_eq!(ctx.now().since_start(), secs(10));
                ctx.stop();
                Ok(())
            })
            .started(|ctx| {
                ctx.send_after(secs(10), ());
                Ok(())
            })
        });
        sim.advance(secs(1));
        // At 5 s by its own clock; from now on twice as fast.
        sim.skew(host, secs(4), 1_000_000);
        sim.run()?;
        assert_eq!(sim.now().since_start(), Duration::from_millis(3_500));
        Ok(())
    });
}

#[test]
fn tight_mailboxes_lose_what_their_policy_lets_them_lose_and_no_others_do() {
    let lost = seeds_with(|sim| {
        let handled = [(); 2].map(|()| Arc::new(AtomicU32::new(0)));
        let counts = handled.clone();
        sim.tighten_mailboxes();
        sim.host("home").start(move || {
            let counts = counts.clone();
            Role::<()>::idle().started(move |ctx| {
                for (overflow, count) in
                    [Overflow::DropNewest, Overflow::Wait].into_iter().zip(counts)
                {
                    let role = Role::new(move |(), _| {
                        count.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    });
                    let spawn = Spawn::new().high(100).overflow(overflow);
                    let address = ctx.spawn_with(spawn, role);
                    for _ in 0..20 {
                        address.send(())?;
                    }
                }
                Ok(())
            })
        });
        sim.run().unwrap();
        let [drops, waits] = handled.map(|count| count.load(Ordering::SeqCst));
        assert_eq!(waits, 20);
        drops < 20
    });
    assert!((5..95).contains(&lost), "{lost} of 100 seeds");
}

#[test]
fn a_fault_stands_in_the_trace() {
    let body = |sim: &Sim| {
        sim.panic_at("*/counter", 2);
        sim.host("home").start_with("counter", || counter(3, &Arc::default()));
        sim.run()?;
        Err("shown")?
    };
    let failing = Check::new().run(body).unwrap_err();
    assert!(matches!(failing.failed(), Failed::Body(_)), "{failing}");
    let text = failing.to_string();
    assert!(text.contains("u32#") && text.contains("← panics, as planned"), "{text}");
}

#[test]
fn a_panic_is_not_lost_where_a_stall_strikes_the_same_message() {
    holds(|sim| {
        let noted = Arc::default();
        let notes = Arc::clone(&noted);
        sim.stall("home/counter", 3, secs(1));
        sim.panic_at("home/counter", 3);
        sim.host("home").start_with("counter", move || counter(5, &notes));
        sim.run()?;
        assert_eq!(*noted.lock().unwrap(), [1, 2]);
        Ok(())
    });
}

#[test]
fn a_loop_that_stands_still_handles_nothing_more_at_that_moment() {
    holds(|sim| {
        let noted = Arc::<Mutex<Vec<_>>>::default();
        let notes = Arc::clone(&noted);
        sim.stall("home/clock", 2, secs(1));
        sim.host("home").start_with("clock", move || {
            let notes = Arc::clone(&notes);
            let note = move |number: u32, ctx: &mut roundsman::Context<'_, Role<u32>>| {
                notes.lock().unwrap().push((number, ctx.now().since_start()));
                Ok(())
            };
            Role::new(note)
                .started(|ctx| (1..=4).try_for_each(|number| Ok(ctx.address().send(number)?)))
        });
        sim.run()?;
        assert_eq!(
            *noted.lock().unwrap(),
            [(1, secs(0)), (2, secs(0)), (3, secs(1)), (4, secs(1))]
        );
        Ok(())
    });
}

/// Notes when it handles what comes: from one, two timers that are due at once.
fn two_timers(noted: &Arc<Mutex<Vec<Duration>>>) -> Role<()> {
    let notes = Arc::clone(noted);
    Role::new(move |(), ctx| {
        notes.lock().unwrap().push(ctx.now().since_start());
        Ok(())
    })
    .started(|ctx| {
        ctx.send_after(secs(1), ());
        ctx.send_after(secs(1), ());
        Ok(())
    })
}

#[test]
fn a_stall_after_a_timer_holds_up_the_next_one() {
    holds(|sim| {
        let noted = Arc::default();
        let notes = Arc::clone(&noted);
        sim.stall("home/clock", 1, secs(5));
        sim.host("home").start_with("clock", move || two_timers(&notes));
        sim.run()?;
        assert_eq!(*noted.lock().unwrap(), [secs(1), secs(6)]);
        Ok(())
    });
}

#[test]
fn a_stall_after_a_start_holds_up_the_first_message() {
    holds(|sim| {
        let noted = Arc::<Mutex<Vec<_>>>::default();
        let notes = Arc::clone(&noted);
        // At each message, and at the start.
        sim.stall_randomly("home/*", 1_000_000, secs(5));
        sim.host("home").start_with("top", move || {
            let notes = Arc::clone(&notes);
            let role = Role::new(move |(), ctx: &mut roundsman::Context<'_, Role<()>>| {
                notes.lock().unwrap().push(ctx.now().since_start());
                Ok(())
            });
            role.started(|ctx| Ok(ctx.address().send(())?))
        });
        sim.run()?;
        let noted = noted.lock().unwrap();
        assert!(noted[0] > Duration::ZERO || sim.now().since_start().is_zero(), "{noted:?}");
        Ok(())
    });
}

/// How long a job takes in a world whose jobs take less than this.
fn time_of_a_job(sim: &Sim, longest: Duration) -> Duration {
    let took = Arc::<Mutex<Duration>>::default();
    let takes = Arc::clone(&took);
    sim.simulation().longest_job(longest);
    sim.host("home").start(move || {
        let takes = Arc::clone(&takes);
        Role::<Result<(), JobError>>::new(move |_, ctx| {
            *takes.lock().unwrap() = ctx.now().since_start();
            ctx.stop();
            Ok(())
        })
        .started(|ctx| {
            ctx.start(job(Lane::User, || ()), |result| result);
            Ok(())
        })
    });
    sim.run().unwrap();
    *took.lock().unwrap()
}

#[test]
fn jobs_take_less_than_the_longest_is_said_to_take() {
    let long = seeds_with(|sim| {
        let took = time_of_a_job(sim, secs(100));
        assert!(took < secs(100), "{took:?}");
        took > secs(1)
    });
    assert!(long > 80, "{long} of 100 seeds");
    let short = seeds_with(|sim| time_of_a_job(sim, Duration::ZERO) == Duration::ZERO);
    assert_eq!(short, 100);
}

/// Listens, and accepts nobody.
struct Door(Option<Listener>);

impl Actor for Door {
    type Message = ();

    fn started(&mut self, _: &mut roundsman::Context<'_, Self>) -> Outcome {
        self.0 = Some(tcp::listen("0.0.0.0:7")?);
        Ok(())
    }

    fn receive(&mut self, (): (), _: &mut roundsman::Context<'_, Self>) -> Outcome {
        Ok(())
    }
}

#[test]
fn an_isolated_host_is_out_of_reach_also_for_those_who_come_later() {
    holds(|sim| {
        sim.host("server").serves().start(|| Door(None));
        sim.advance(secs(1));
        sim.network().isolate("server");
        let error = sim.client("late", "server:7").expect_err("nobody answers");
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        sim.network().rejoin("server");
        sim.client("late", "server:7")?;
        Ok(sim.run()?)
    });
}
