//! What a seed repeats, what fails it, and what is said then.

use std::env;
use std::panic;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use roundsman::sim::{self, Check, Failed, Failing, Schedule, Sim};
use roundsman::{Actor, Context, Outcome, Placement};
use roundsman_tests::role::Role;

use super::{Sleeper, secs};

/// One host that sleeps.
fn nap(sim: &Sim) -> Outcome {
    sim.host("bed").loops(2).start(|| Sleeper(secs(1)));
    Ok(sim.run()?)
}

/// Three actors on two loops, each of which sends itself a few messages.
fn bustle(sim: &Sim) -> Outcome {
    sim.host("market").loops(2).start(|| {
        Role::<()>::idle().started(|ctx| {
            for number in 0..3 {
                let left = Arc::new(AtomicU32::new(5));
                ctx.spawn_on(Placement::Loop(number), move || {
                    Role::new(move |(), ctx| {
                        if left.fetch_sub(1, Ordering::SeqCst) > 1 {
                            ctx.address().send(())?;
                        }
                        Ok(())
                    })
                    .started(|ctx| Ok(ctx.address().send(())?))
                });
            }
            Ok(())
        })
    });
    Ok(sim.run()?)
}

/// The failure of a test of one host with this root.
fn failure_of(root: fn() -> Role<()>) -> Box<Failing> {
    let body = |sim: &Sim| {
        sim.host("home").start_with("top", root);
        Ok(sim.run()?)
    };
    Check::new().run(body).expect_err("it fails")
}

#[test]
fn what_does_not_fail_is_counted() {
    let checked = Check::new().seeds(7).run(nap).unwrap();
    assert_eq!((checked.seeds, checked.messages), (7, 14));
}

#[test]
fn the_same_seeds_give_the_same_hash() {
    let hash = || Check::new().seeds(20).run(bustle).unwrap().hash;
    assert_eq!(hash(), hash());
}

#[test]
fn other_seeds_give_other_hashes() {
    let check = Check::new().seeds(1).schedule(Schedule::Random);
    let hash = |seed| check.clone().first_seed(seed).run(bustle).unwrap().hash;
    let mut hashes: Vec<_> = (0..50).map(hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert!(hashes.len() > 40, "{} hashes of 50 seeds", hashes.len());
}

#[test]
fn a_seed_that_does_the_same_twice_passes() {
    assert_eq!(Check::new().seeds(20).twice(true).run(bustle).unwrap().seeds, 20);
}

#[test]
fn a_seed_that_does_two_things_is_told_of() {
    let runs = AtomicU32::new(0);
    let body = |sim: &Sim| {
        let late = u64::from(runs.fetch_add(1, Ordering::SeqCst));
        sim.host("bed").start(move || Sleeper(secs(1 + late)));
        Ok(sim.run()?)
    };
    let failing = Check::new().twice(true).run(body).unwrap_err();
    assert!(matches!(failing.failed(), Failed::Differs), "{failing}");
}

#[test]
fn the_first_seed_that_fails_is_named() {
    let body = |sim: &Sim| if sim.seed() < 12 { Ok(()) } else { Err("too high")? };
    let failing = Check::new().first_seed(10).run(body).unwrap_err();
    assert_eq!(failing.seed(), 12);
    let report = failing.to_string();
    assert!(report.starts_with("seed 12 fails"), "{report}");
    assert!(
        report.contains("again: Check::first_seed(12)"),
        "the environment is not asked: {report}"
    );
}

#[test]
fn what_the_environment_is_asked_for_is_said_by_the_report_and_by_no_other() {
    let panic = panic::catch_unwind(|| Check::new().assert(|_| Err("never")?));
    let panic = panic.expect_err("each seed fails");
    let report = panic.downcast_ref::<String>().expect("it is a text");
    // Which seed it is, the environment of this test says, too.
    let again = report.lines().find(|line| line.starts_with("again: ROUNDSMAN_SIM_SEED="));
    let test = " cargo test checking::what_the_environment_is_asked_for";
    assert!(again.is_some_and(|line| line.contains(test)), "{report}");
}

#[test]
fn in_two_runs_of_a_seed_messages_say_the_same() {
    let runs = AtomicU32::new(0);
    let body = |sim: &Sim| {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        sim.host("home").start(move || Counted(run));
        Ok(sim.run()?)
    };
    let failing = Check::new().twice(true).run(body).unwrap_err();
    assert!(matches!(failing.failed(), Failed::Differs), "{failing}");
}

/// Tells itself a number, and shows it.
struct Counted(u32);

impl Actor for Counted {
    type Message = u32;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        Ok(ctx.address().send(self.0)?)
    }

    fn receive(&mut self, _: u32, ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.stop();
        Ok(())
    }

    fn show(number: &u32) -> String {
        number.to_string()
    }
}

#[test]
fn parts_of_the_seeds_are_all_of_them_once() {
    let ran = |check: Check| {
        let seeds = Mutex::default();
        let body = |sim: &Sim| {
            let seeds: &Mutex<Vec<u64>> = &seeds;
            seeds.lock().unwrap().push(sim.seed());
            Ok(())
        };
        check.run(body).unwrap();
        seeds.into_inner().unwrap()
    };
    let check = Check::new().first_seed(5).seeds(10);
    let parts: Vec<_> = (0..4).flat_map(|part| ran(check.clone().part(part, 4))).collect();
    assert_eq!(parts, ran(check));
}

#[test]
fn a_panic_is_told_of_and_not_the_claim_that_is_broken_by_it() {
    let body = |sim: &Sim| {
        let is_whole = Arc::new(AtomicU32::new(1));
        let seen = Arc::clone(&is_whole);
        sim.invariant("it is whole", move || seen.load(Ordering::SeqCst) == 1);
        sim.host("home").start_with("top", move || {
            let breaks = Arc::clone(&is_whole);
            Role::<()>::idle().started(move |ctx| {
                ctx.spawn(
                    Role::<()>::idle()
                        .started(move |_| {
                            breaks.store(0, Ordering::SeqCst);
                            panic!("at start")
                        })
                        .may_panic(),
                );
                ctx.spawn(Role::<()>::idle());
                Ok(())
            })
        });
        Ok(sim.run()?)
    };
    let failing = Check::new().run(body).unwrap_err();
    assert!(matches!(failing.failed(), Failed::Panicked { .. }), "{failing}");
}

#[test]
fn a_panic_of_the_body_is_told_of_with_its_place() {
    let failing = Check::new().run(|sim| panic!("seed {}", sim.seed())).unwrap_err();
    let Failed::BodyPanicked(text) = failing.failed() else { panic!("{failing}") };
    assert!(text.starts_with("seed 0 (") && text.contains("checking.rs:"), "{text}");
}

#[test]
fn a_claim_that_does_not_hold_names_itself() {
    let body = |sim: &Sim| {
        let turns = AtomicU32::new(0);
        sim.invariant("three turns at most", move || turns.fetch_add(1, Ordering::SeqCst) < 3);
        bustle(sim)
    };
    let failing = Check::new().run(body).unwrap_err();
    let Failed::Invariant { name, .. } = failing.failed() else { panic!("{failing}") };
    assert_eq!(name, "three turns at most");
}

#[test]
fn a_claim_may_say_why_it_does_not_hold_and_a_panic_of_it_says_so() {
    let said = Check::new().run(|sim| {
        sim.invariant("peace", || Err::<(), _>("there is war"));
        bustle(sim)
    });
    let panicked = Check::new().run(|sim| {
        sim.invariant("peace", || -> bool { panic!("there is war") });
        bustle(sim)
    });
    for failing in [said, panicked].map(Result::unwrap_err) {
        let Failed::Invariant { why, .. } = failing.failed() else { panic!("{failing}") };
        assert!(why.starts_with("there is war"), "{why}");
    }
}

#[test]
fn a_claim_is_looked_at_after_each_turn_and_not_only_after_a_round() {
    let body = |sim: &Sim| {
        let inside = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&inside);
        sim.invariant("nobody is inside", move || seen.load(Ordering::SeqCst) == 0);
        sim.host("home").start(move || {
            let inside = Arc::clone(&inside);
            Role::new(move |enter: bool, _| {
                inside.store(u32::from(enter), Ordering::SeqCst);
                Ok(())
            })
            .started(|ctx| {
                ctx.address().send(true)?;
                Ok(ctx.address().send(false)?)
            })
        });
        Ok(sim.run()?)
    };
    let failing = Check::new().run(body).unwrap_err();
    assert!(matches!(failing.failed(), Failed::Invariant { .. }), "{failing}");
    assert_eq!(failing.trace().len(), 2, "what comes after is not shown: {failing}");
}

#[test]
fn a_panic_of_an_actor_fails_the_seed() {
    let failing = failure_of(|| {
        Role::idle().started(|ctx| {
            ctx.spawn(Role::<()>::idle().started(|_| panic!("at start")).may_panic());
            Ok(())
        })
    });
    let Failed::Panicked { actor, text } = failing.failed() else { panic!("{failing}") };
    assert!(actor.starts_with("home/top/role-"), "{actor}");
    assert!(text.starts_with("at start ("), "{text}");
}

#[test]
fn a_panic_that_may_be_does_not() {
    let body = |sim: &Sim| {
        sim.may_panic("home/top/*");
        sim.host("home").start_with("top", || {
            Role::<()>::idle().started(|ctx| {
                ctx.spawn(Role::<()>::idle().started(|_| panic!("at start")).may_panic());
                Ok(())
            })
        });
        Ok(sim.run()?)
    };
    Check::new().seeds(5).run(body).unwrap();
}

#[test]
fn a_root_that_fails_fails_the_seed() {
    let failing = failure_of(|| Role::idle().started(|_| Err("no luck")?));
    let Failed::Host { host, error } = failing.failed() else { panic!("{failing}") };
    assert_eq!((&**host, error.to_string().contains("no luck")), ("home", true));
}

#[test]
fn a_root_that_may_fail_does_not_and_its_end_can_be_asked_for() {
    let body = |sim: &Sim| {
        let home = sim.host("home").may_fail();
        let home = home.start(|| Role::<()>::idle().started(|_| Err("no luck")?));
        sim.run()?;
        assert!(sim.result(home).expect("it has ended").is_err());
        Ok(())
    };
    Check::new().seeds(5).run(body).unwrap();
}

#[test]
fn what_goes_in_circles_is_cut_off_and_named_as_that() {
    let body = |sim: &Sim| {
        sim.host("mill").start(|| {
            let again = |(), ctx: &mut Context<'_, Role<()>>| Ok(ctx.address().send(())?);
            Role::new(again).started(|ctx| Ok(ctx.address().send(())?))
        });
        Ok(sim.run()?)
    };
    let failing = Check::new().steps(500).run(body).unwrap_err();
    assert!(matches!(failing.failed(), Failed::Endless { steps: 500, .. }), "{failing}");
    assert!(failing.to_string().contains(" more\n"), "its trace is not shown whole: {failing}");
}

#[test]
fn what_is_unfinished_when_nothing_can_happen_any_more_is_a_deadlock() {
    let failing = failure_of(|| {
        Role::idle().started(|ctx| {
            ctx.set_unfinished(true);
            Ok(())
        })
    });
    let Failed::Deadlock(waiting) = failing.failed() else { panic!("{failing}") };
    assert_eq!(waiting, "  home: /top, which has not finished\n");
}

#[test]
fn what_does_not_come_true_in_time_is_told_of_with_what_goes_on_meanwhile() {
    let body = |sim: &Sim| {
        sim.host("bed").start_with("sleeper", || Sleeper(secs(10)));
        Ok(sim.run_until(|| false, secs(5))?)
    };
    let failing = Check::new().run(body).unwrap_err();
    let Failed::NotReached { within, waiting, .. } = failing.failed() else { panic!("{failing}") };
    assert_eq!((*within, &**waiting), (secs(5), "  bed: 1 timer of /sleeper\n"));
}

#[test]
fn after_a_failure_nothing_happens_whatever_the_body_does() {
    let body = |sim: &Sim| {
        let home = sim.host("home").start(|| Role::<()>::idle().started(|_| Err("no luck")?));
        let _ = sim.run();
        let now = sim.now();
        sim.restart(home);
        sim.advance(secs(10));
        assert_eq!(sim.now(), now);
        Ok(())
    };
    let failing = Check::new().run(body).unwrap_err();
    assert!(matches!(failing.failed(), Failed::Host { .. }), "{failing}");
}

#[test]
fn what_a_test_draws_for_itself_is_shrunk() {
    let body = |sim: &Sim| {
        let numbers: Vec<_> = (0..sim.below(50)).map(|_| sim.below(1_000)).collect();
        let sum: usize = numbers.iter().sum();
        if sum > 500 {
            Err(format!("{sum} in {}", numbers.len()))?;
        }
        Ok(())
    };
    let failing = Check::new().run(body).unwrap_err();
    let Failed::Body(text) = failing.failed() else { panic!("{failing}") };
    assert_eq!(text, "501 in 1");
}

/// Whether a test fails within so many seeds in which an actor does 40 things before another does one.
fn finds_a_laggard(schedule: Schedule, seeds: u64) -> bool {
    let body = |sim: &Sim| {
        sim.host("home").start(|| {
            Role::<()>::idle().started(|ctx| {
                let begun = Arc::new(AtomicU32::new(0));
                let (begins, looks) = (Arc::clone(&begun), begun);
                let mut left = 40;
                ctx.spawn(
                    Role::new(move |(), ctx| {
                        left -= 1;
                        if left > 0 {
                            return Ok(ctx.address().send(())?);
                        }
                        assert_eq!(looks.load(Ordering::SeqCst), 1, "the other lags behind");
                        Ok(())
                    })
                    .started(|ctx| Ok(ctx.address().send(())?))
                    .may_panic(),
                );
                ctx.spawn(
                    Role::new(move |(), _| {
                        begins.store(1, Ordering::SeqCst);
                        Ok(())
                    })
                    .started(|ctx| Ok(ctx.address().send(())?)),
                );
                Ok(())
            })
        });
        Ok(sim.run()?)
    };
    Check::new().seeds(seeds).schedule(schedule).shrink(0).run(body).is_err()
}

#[test]
fn priorities_find_who_is_slow_all_the_time() {
    assert!(finds_a_laggard(Schedule::Priorities { depth: 1 }, 20));
    assert!(!finds_a_laggard(Schedule::Random, 200), "chance alone is too even-handed");
}

/// Run by the next tests, with variables of the environment.
#[test]
#[expect(clippy::disallowed_macros, reason = "it is read by the tests that run this one")]
fn five_seeds() {
    sim::check(5, |sim| {
        sim.host("bed").start_with("sleeper", || Sleeper(secs(1)));
        println!("seed {}", sim.seed());
        Ok(sim.run()?)
    });
}

/// The output of `five_seeds`, with this variable.
fn five_seeds_with(variable: &str, value: &str) -> (String, String) {
    let this = env::current_exe().expect("a test has a file");
    let mut test = Command::new(this);
    test.args(["--exact", "checking::five_seeds", "--nocapture"]);
    for known in ["CI", "ROUNDSMAN_SIM_SEED", "ROUNDSMAN_SIM_SEEDS", "ROUNDSMAN_SIM_TWICE"] {
        test.env_remove(known);
    }
    test.env(variable, value);
    let output = test.output().expect("it can be run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is text");
    (text(output.stdout), text(output.stderr))
}

fn seeds_in(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split("seed ").nth(1)).collect()
}

#[test]
fn a_seed_from_the_environment_is_run_alone_and_shown() {
    let (stdout, stderr) = five_seeds_with("ROUNDSMAN_SIM_SEED", "17");
    assert_eq!(seeds_in(&stdout), ["17", "17"], "once to see, once to show: {stdout}");
    assert!(stderr.contains("bed   /sleeper  started"), "{stderr}");
}

#[test]
fn a_number_of_seeds_from_the_environment_is_run_instead() {
    let (stdout, _) = five_seeds_with("ROUNDSMAN_SIM_SEEDS", "3");
    assert_eq!(seeds_in(&stdout), ["0", "1", "2"], "{stdout}");
}

#[test]
fn in_ci_each_seed_is_run_twice() {
    let (stdout, _) = five_seeds_with("CI", "true");
    assert_eq!(seeds_in(&stdout).len(), 10, "{stdout}");
}

#[test]
fn a_choice_of_more_than_32_bits_is_made_again() {
    let failing = Check::new().shrink(0).run(|sim| {
        let long = sim.time_below(secs(36_000));
        if long > secs(7_200) { Err("too long".into()) } else { Ok(()) }
    });
    let failing = failing.expect_err("most are too long");
    assert!(matches!(failing.failed(), Failed::Body(_)), "{failing}");
}

/// Notes its name for the start and for each of two messages to itself.
fn noter(name: &'static str, noted: &Arc<Mutex<Vec<&'static str>>>) -> Role<()> {
    let noted = Arc::clone(noted);
    Role::new(move |(), _| {
        noted.lock().unwrap().push(name);
        Ok(())
    })
    .started(|ctx| {
        ctx.address().send(())?;
        Ok(ctx.address().send(())?)
    })
}

#[test]
fn a_change_of_priorities_is_between_hosts_too() {
    let between = |depth| {
        let check = Check::new().seeds(1_000).shrink(0).schedule(Schedule::Priorities { depth });
        check.run(|sim| {
            let noted = Arc::<Mutex<Vec<_>>>::default();
            for name in ["ann", "bob"] {
                let notes = Arc::clone(&noted);
                sim.host(name).start(move || noter(name, &notes));
            }
            sim.run()?;
            let noted = noted.lock().unwrap();
            // Between the two messages of one, the other has had both of its own.
            let parted = noted[0] == noted[3] && noted[1] == noted[2];
            if parted { Err("one came between".into()) } else { Ok(()) }
        })
    };
    between(1).expect("without a change, whoever is first stays first");
    between(2).expect_err("with one change, somebody falls behind in the middle");
}
