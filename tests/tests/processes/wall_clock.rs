//! A wall clock that jumps: what counts time does not look at it.
#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::{Duration, SystemTime};

use roundsman::{MissedTicks, Runtime};
use roundsman_tests::again;
use roundsman_tests::folder::Folder;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::missing::is_installed;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

const NAME: &str = "wall_clock::timers_and_ticks_do_not_care_about_a_wall_clock_that_jumps";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const PERIOD: Duration = Duration::from_millis(5);
const SPAN: Duration = Duration::from_millis(200);

/// In the place of libc's: the wall clock is a day early and a day late in turn, all others are right.
const JUMPING: &str = "
    #define _GNU_SOURCE
    #include <time.h>
    #include <unistd.h>
    #include <sys/syscall.h>
    int clock_gettime(clockid_t clock, struct timespec *now) {
        static int calls;
        int result = syscall(SYS_clock_gettime, clock, now);
        if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
            now->tv_sec += __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % 2 ? -86400 : 86400;
        return result;
    }
";

enum Step {
    Tick,
    Enough,
    TooLate,
}

fn ticks() -> u128 {
    let (tell, told) = std::sync::mpsc::channel();
    must_end(move || {
        let mut ticks = 0;
        let role = Role::new(move |step, ctx| {
            match step {
                Step::Tick => ticks += 1,
                Step::Enough => {
                    tell.send(ticks)?;
                    ctx.stop();
                }
                Step::TooLate => return Err("an hour has not passed".into()),
            }
            Ok(())
        });
        let root = role.started(|ctx| {
            ctx.send_every(PERIOD, MissedTicks::Burst, || Step::Tick);
            ctx.send_after(SPAN, Step::Enough);
            ctx.send_after(Duration::from_secs(60 * 60), Step::TooLate);
            Ok(())
        });
        let runtime = Runtime::builder().loops(1).build().expect("a runtime");
        run_balanced(runtime, || root).expect("the root does not fail");
    });
    told.recv().expect("they are told")
}

#[test]
fn timers_and_ticks_do_not_care_about_a_wall_clock_that_jumps() {
    if again::is_child() {
        #[expect(clippy::disallowed_methods, reason = "it is seen that the wall clock jumps")]
        let (one, other) = (SystemTime::now(), SystemTime::now());
        let apart = one.duration_since(other).or_else(|_| other.duration_since(one));
        assert!(apart.expect("one is later") > DAY, "it does not jump");
        let (ticks, all) = (ticks(), SPAN.as_millis() / PERIOD.as_millis());
        assert!((1..=all).contains(&ticks), "{ticks} of {all}");
        return;
    }
    if !is_installed("cc", "no wall clock jumps: nobody sees whether timers look at it") {
        return;
    }
    let folder = Folder::new();
    let (code, library) = (folder.with("jumping.c", JUMPING), folder.file("jumping.so"));
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).args([&library, &code]);
    assert!(compiler.status().expect("it runs").success(), "it can be compiled");
    again::run(NAME, "", &[("LD_PRELOAD", library.to_str().expect("it is text"))]);
}
