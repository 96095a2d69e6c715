//! A process that is stopped for a while, as by SIGSTOP, a debugger or a lid that is closed: what becomes of its ticks.
//!
//! The process looks at its own clock, which goes on meanwhile, so that the counts hold however slow the machine is.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use roundsman::{MissedTicks, Runtime, Timestamp};
use roundsman_tests::again;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

const PERIOD: Duration = Duration::from_millis(10);
/// From so long on it was stopped.
const STALL: Duration = Duration::from_millis(300);
const NAME: &str = "stalls::ticks_of_a_process_that_was_stopped";
const POLICY: &str = "ROUNDSMAN_TEST_MISSED";

/// Ticks until it has been stopped, and fifty times more; when each was.
fn ticks(missed: MissedTicks) -> Vec<Timestamp> {
    let (tell, told) = std::sync::mpsc::channel();
    must_end(move || {
        let (mut seen, mut left) = (Vec::<Timestamp>::new(), None);
        let role = Role::new(move |(): (), ctx| {
            let now = ctx.now();
            let stalled = seen.last().is_some_and(|last| now - *last >= STALL);
            if stalled && left.is_none() {
                left = Some(50);
            }
            seen.push(now);
            if seen.len() == 3 {
                // It may be stopped from now on.
                say("ticking");
            }
            match &mut left {
                Some(0) => {
                    tell.send(std::mem::take(&mut seen))?;
                    ctx.stop();
                }
                Some(left) => *left -= 1,
                None => {}
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            ctx.send_every(PERIOD, missed, || ());
            Ok(())
        });
        let runtime = Runtime::builder().loops(1).build().expect("a runtime");
        run_balanced(runtime, || root).expect("the root does not fail");
    });
    told.recv().expect("they are told")
}

#[expect(clippy::disallowed_macros, reason = "said to the test that has started this process")]
fn say(what: &str) {
    println!("{what}");
}

/// What [`stopped`] runs, in a process of its own.
#[test]
fn ticks_of_a_process_that_was_stopped() {
    let Ok(policy) = std::env::var(POLICY) else { return };
    let missed = match &*policy {
        "skip" => MissedTicks::Skip,
        "delay" => MissedTicks::Delay,
        _ => MissedTicks::Burst,
    };
    let ticks = ticks(missed);
    let elapsed = ticks[ticks.len() - 1] - ticks[0];
    let gaps: Vec<_> = ticks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let stalled = gaps.iter().copied().max().expect("several");
    let periods = |time: Duration| time.as_millis() / PERIOD.as_millis();
    let count = ticks.len() as u128;
    let close = gaps.iter().filter(|gap| **gap < PERIOD / 2).count() as u128;
    if policy == "burst" {
        assert!(close > 20, "{close} at once after {stalled:?}");
    } else {
        // One at most for each period in which it was not stopped, the first and the last included.
        assert!(count <= periods(elapsed - stalled) + 3, "{count} in {elapsed:?} - {stalled:?}");
    }
    if policy == "delay" {
        // Rounded to the milliseconds of timers.
        let shortest = gaps.iter().min().expect("several");
        assert!(*shortest + Duration::from_millis(2) >= PERIOD, "{shortest:?}");
    }
}

/// Runs a process that ticks, stops it for a while, and lets it go on.
fn stopped(policy: &str) {
    let mut ticking = again::command(NAME);
    ticking.env(POLICY, policy).stdout(Stdio::piped());
    let mut child = ticking.spawn().expect("it can be started");
    must_end(move || {
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        assert!(lines.by_ref().map_while(Result::ok).any(|line| line.ends_with("ticking")));
        let id = child.id();
        let script = format!("kill -STOP {id}; sleep 0.5; kill -CONT {id}");
        let mut shell = Command::new("sh");
        assert!(shell.args(["-c", &script]).status().expect("sh runs").success());
        let rest: Vec<_> = lines.map_while(Result::ok).collect();
        let status = child.wait().expect("it ends");
        assert!(status.success(), "{}", rest.join("\n"));
    });
}

#[test]
fn after_a_stop_missed_ticks_are_skipped_and_nothing_bursts() {
    stopped("skip");
}

#[test]
fn after_a_stop_the_rhythm_is_shifted_and_nothing_bursts() {
    stopped("delay");
}

#[test]
fn after_a_stop_who_asks_for_all_ticks_gets_them() {
    stopped("burst");
}
