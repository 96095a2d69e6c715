//! A failure that is shrunk stays the failure that was found.

use std::cell::Cell;
use std::time::Duration;

use roundsman::sim::{Check, Failed, Failing, Sim};
use roundsman::{Context, Outcome};
use roundsman_tests::role::Role;

use super::{Sleeper, secs};

/// The first seed that fails.
#[track_caller]
fn found(body: impl Fn(&Sim) -> Outcome) -> Box<Failing> {
    Check::new().run(body).expect_err("most seeds fail")
}

#[test]
fn two_panics_that_say_the_same_are_told_apart_by_their_places() {
    // Whatever is drawn, one of the two fails; smaller numbers fail at the second.
    let failing = found(|sim| {
        let number = 500 + sim.below(1_000);
        if number >= 900 {
            assert_eq!(number, 0);
        } else if number > 500 {
            assert_eq!(number, 1);
        }
        Ok(())
    });
    let text = failing.failed().to_string();
    let is_first = text.contains("right: 0");
    let smallest = if is_first { "left: 900" } else { "left: 501" };
    assert!(text.contains(smallest), "{failing}");
    let all: Vec<_> = (0..20)
        .map(|seed| {
            let check = Check::new().first_seed(seed).seeds(1);
            let failing = check.run(|sim| {
                let number = 500 + sim.below(1_000);
                assert!(number < 900, "too much");
                assert!(number < 501, "too much");
                Ok(())
            });
            failing.err().map(|failing| failing.failed().to_string())
        })
        .collect();
    let mut places: Vec<_> = all.iter().flatten().collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 2, "both are found, and each is kept: {places:?}");
}

#[test]
fn what_was_waited_for_elsewhere_is_another_failure() {
    let first = Cell::new(0);
    let failing = found(|sim| {
        let late = sim.below(1_000);
        sim.host("bed").start_with("sleeper", || Sleeper(secs(100)));
        if late >= 100 {
            first.set(line!() + 1);
            sim.run_until(|| false, secs(5))?;
        } else {
            sim.run_until(|| late == 0, secs(5))?;
        }
        Ok(())
    });
    let Failed::NotReached { place, .. } = failing.failed() else { panic!("{failing}") };
    assert!(place.file().ends_with("shrinking.rs"), "{place}");
    let text = failing.to_string();
    assert!(text.contains(&format!("within 5s ({place}); meanwhile")), "{text}");
    // The first of the two is what large numbers find.
    assert_eq!(place.line(), first.get(), "{text}");
}

#[test]
fn another_line_that_does_not_come_is_another_failure() {
    let failing = found(|sim| {
        let number = sim.below(1_000);
        sim.host("silent").serves().start(|| {
            Role::<()>::idle().started(|ctx| {
                let listener = roundsman::net::tcp::listen("0.0.0.0:7")?;
                let incoming = listener.incoming();
                incoming.for_each(drop).start(ctx, |_| ());
                Ok(())
            })
        });
        sim.advance(Duration::from_millis(10));
        let mut client = sim.client("client", "silent:7")?;
        if number >= 100 {
            client.line()?;
        } else if number > 0 {
            client.bytes(3)?;
        }
        Ok(())
    });
    let text = failing.failed().to_string();
    assert!(text.contains("no line has come"), "{text}");
}

/// Waits for an answer that never comes.
fn waits() -> Role<()> {
    Role::idle().started(|ctx: &mut Context<'_, Role<()>>| {
        ctx.set_unfinished(true);
        Ok(())
    })
}

#[test]
fn others_that_wait_are_another_deadlock_and_fewer_are_not() {
    let failing = found(|sim| {
        let number = sim.below(1_000);
        if number >= 100 {
            sim.host("a").start_with("one", waits);
            if number >= 500 {
                sim.host("b").start_with("two", waits);
            }
        } else {
            sim.host("c").start_with("three", waits);
        }
        Ok(sim.run()?)
    });
    let Failed::Deadlock(waiting) = failing.failed() else { panic!("{failing}") };
    assert_eq!(waiting, "  a: /one, which has not finished\n", "{failing}");
    assert!(failing.lines_before() >= failing.trace().len() as u64);
}
