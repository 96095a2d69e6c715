//! Children: their streams, their end, and what becomes of them when nobody wants them any more.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;

use bytes::Bytes;
use roundsman::process::{NotPiped, spawn};
use roundsman::stream::{Cut, PipeError, Source, Summary, collect};
use roundsman::{Lane, Runtime, Signal, job};
use roundsman_tests::again;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::outcome::{ONE_LOOP, result, result_with};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::trial::World;

use crate::{REAL, endless, is_there, pattern, sh};

enum Step {
    Given(Result<Summary, PipeError>),
    Taken(Result<Vec<Bytes>, PipeError>),
    Exited(io::Result<ExitStatus>),
}

/// How a child ends.
fn exit(command: Command) -> ExitStatus {
    let (sender, statuses) = mpsc::channel();
    must_end(move || {
        let role = Role::new(move |status: io::Result<ExitStatus>, _| {
            sender.send(status?)?;
            Ok(())
        });
        let root = role.started(move |ctx| {
            let child = spawn(command)?;
            child.exit(ctx, |status| status);
            Ok(())
        });
        // Nothing else keeps it alive, and the handle is gone.
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
    let status = statuses.recv().expect("it is told");
    assert!(statuses.recv().is_err(), "once");
    status
}

#[test]
fn what_goes_in_comes_out_and_the_end_is_told() {
    for loops in [1, 2] {
        must_end(move || {
            let (mut left, pieces) = (3, pattern(3_000_000));
            let expected = pieces.concat();
            let role = Role::new(move |step, ctx| {
                match step {
                    Step::Given(summary) => assert_eq!(summary?.bytes, 3_000_000),
                    Step::Taken(taken) => assert!(taken?.concat() == expected),
                    Step::Exited(status) => assert!(status?.success()),
                }
                left -= 1;
                if left == 0 {
                    ctx.stop();
                }
                Ok(())
            });
            let root = role.started(move |ctx| {
                let mut cat = Command::new("cat");
                cat.stdin(Stdio::piped()).stdout(Stdio::piped());
                let child = spawn(cat)?;
                Source::iter(pieces).pipe(child.stdin()).start(ctx, Step::Given);
                child.stdout().pipe(collect()).start(ctx, Step::Taken);
                child.exit(ctx, Step::Exited);
                Ok(())
            });
            run_balanced(World::Real { loops }.runtime(), || root).expect("no failure");
        });
    }
}

#[test]
fn a_child_ends_with_its_code_or_with_the_signal_that_killed_it() {
    assert_eq!(exit(sh("exit 0")).code(), Some(0));
    assert_eq!(exit(sh("exit 3")).code(), Some(3));
    assert_eq!(exit(sh("kill -TERM $$")).signal(), Some(15));
}

#[test]
fn a_simulated_runtime_is_told_of_the_end_too() {
    let (sender, statuses) = mpsc::channel();
    must_end(move || {
        let role = Role::new(move |status: io::Result<ExitStatus>, _| Ok(sender.send(status?)?));
        let root = role.started(move |ctx| {
            spawn(sh("exit 3"))?.exit(ctx, |status| status);
            Ok(())
        });
        run_balanced(ONE_LOOP.runtime(), || root).expect("the root does not fail");
    });
    assert_eq!(statuses.recv().expect("it is told").code(), Some(3));
}

#[test]
fn a_child_is_killed_or_sent_a_signal() {
    let ended = |how: fn(&roundsman::process::Child) -> io::Result<()>| {
        let (sender, statuses) = mpsc::channel();
        must_end(move || {
            let role = Role::new(move |status: io::Result<ExitStatus>, _| {
                sender.send(status?)?;
                Ok(())
            });
            let root = role.started(move |ctx| {
                let child = spawn(sh("exec sleep 1000"))?;
                child.exit(ctx, |status| status);
                how(&child)?;
                how(&child)?;
                Ok(())
            });
            run_balanced(REAL.runtime(), || root).expect("the root does not fail");
        });
        statuses.recv().expect("it is told").signal()
    };
    assert_eq!(ended(|child| child.kill()), Some(9));
    assert_eq!(ended(|child| child.signal(Signal::Terminate)), Some(15));
    // Not hang-up: under `nohup` a child is born deaf to it. The number differs between systems.
    let user = ended(|child| child.signal(Signal::User1));
    assert!(user.is_some_and(|number| ![9, 15].contains(&number)), "{user:?}");
}

#[test]
fn the_end_is_told_to_one_actor() {
    must_end(|| {
        let mut told = Vec::new();
        let role = Role::new(move |status: io::Result<ExitStatus>, _| {
            told.push(status.map(|status| status.code()).map_err(|error| error.kind()));
            if let [first, second] = &told[..] {
                assert_eq!((first, second), (&Err(io::ErrorKind::ResourceBusy), &Ok(Some(3))));
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            let child = spawn(sh("exit 3"))?;
            child.exit(ctx, |status| status);
            child.exit(ctx, |status| status);
            Ok(())
        });
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
}

#[test]
fn a_child_does_not_outlive_the_actor_that_is_told_of_its_end() {
    let (sender, ids) = mpsc::channel();
    must_end(move || {
        let root = Role::new(|(), ctx| {
            ctx.stop();
            Ok(())
        });
        let root = root.started(move |ctx| {
            let child = spawn(sh("exec sleep 1000"))?;
            child.exit(ctx, |_| ());
            sender.send(child.id())?;
            ctx.stop();
            Ok(())
        });
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
    assert!(!is_there(ids.recv().expect("it was started")), "neither alive nor a zombie");
}

#[test]
fn a_child_does_not_outlive_its_handle_if_nobody_is_told_of_its_end() {
    let child = spawn(sh("exec sleep 1000")).expect("it can be started");
    let id = child.id();
    assert!(is_there(id));
    drop(child);
    assert!(!is_there(id), "neither alive nor a zombie");
}

#[test]
fn no_loop_waits_for_a_child_whose_handle_is_dropped() {
    must_end(|| {
        let (go_on, held) = mpsc::channel::<()>();
        let mut id = 0;
        let role = Role::new(move |step: Option<u32>, ctx| {
            match step {
                Some(started) => id = started,
                None if is_there(id) => return Err("nobody has waited for it".into()),
                None => ctx.stop(),
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            let (busy, is_busy) = mpsc::channel();
            let hold = job(Lane::User, move || {
                _ = busy.send(());
                _ = held.recv();
            });
            hold.detach();
            // The one thread of the pool has something else to do from here on.
            is_busy.recv()?;
            let child = spawn(sh("exec sleep 1000"))?;
            let id = child.id();
            drop(child);
            assert!(is_there(id), "this loop has waited for its end");
            ctx.address().send(Some(id)).map_err(|_| "it runs")?;
            // Behind the one that waits for it.
            ctx.start(job(Lane::User, || ()), |_| None);
            drop(go_on);
            Ok(())
        });
        let builder = Runtime::builder().loops(1).pool_threads(1).no_watchdog();
        play(builder, || root).expect("the root does not fail");
    });
}

#[test]
fn a_stream_that_does_not_lead_here_says_what_to_do() {
    let mut command = sh("exit 0");
    command.stdout(Stdio::null());
    let child = spawn(command).expect("it can be started");
    let error = result(REAL, child.stdout().pipe(collect())).expect_err("it is not piped");
    let not_piped = error.cause_as::<NotPiped>().expect("that is why");
    assert_eq!(not_piped.stream, "stdout");
    assert!(error.to_string().contains("Command::stdout(Stdio::piped())"), "{error}");
}

#[test]
fn a_stream_is_piped_once() {
    let mut cat = Command::new("cat");
    cat.stdin(Stdio::piped()).stdout(Stdio::null());
    let child = spawn(cat).expect("it can be started");
    result(REAL, Source::iter(pattern(1)).pipe(child.stdin())).expect("the first time");
    let error = result(REAL, Source::iter(pattern(1)).pipe(child.stdin())).expect_err("again");
    assert_eq!(error.cause_as(), Some(&Cut::InUse));
}

#[test]
fn a_program_that_is_not_there_cannot_be_started() {
    let error = spawn(Command::new("no-such-program")).expect_err("it is not there");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("`no-such-program` cannot be started"), "{error}");
}

#[test]
fn what_a_child_no_longer_reads_fails_the_pipeline_into_it() {
    let mut command = sh("exec true");
    command.stdin(Stdio::piped());
    let child = spawn(command).expect("it can be started");
    let error = result(REAL, endless().pipe(child.stdin())).expect_err("nobody reads");
    assert_eq!((error.stage(), error.io_kind()), ("child stdin", Some(io::ErrorKind::BrokenPipe)));
}

#[test]
fn standard_error_is_a_stream_of_its_own() {
    let mut command = sh("echo out; echo err >&2");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = spawn(command).expect("it can be started");
    let taken = |source: Source<Bytes>| result(REAL, source.pipe(collect())).expect("it ends");
    assert_eq!(taken(child.stderr()).concat(), b"err\n");
    assert_eq!(taken(child.stdout()).concat(), b"out\n");
}

#[test]
fn a_cancelled_pipeline_lets_the_child_hear_of_a_broken_pipe() {
    must_end(|| {
        let mut yes = Command::new("yes");
        yes.stdout(Stdio::piped());
        let role = Role::new(|step, ctx| {
            match step {
                Step::Given(end) => assert!(end.is_err_and(|error| error.is_cancelled())),
                Step::Exited(status) => {
                    assert!(!status?.success());
                    ctx.stop();
                }
                Step::Taken(_) => {}
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            let child = spawn(yes)?;
            let running = child.stdout().for_each(drop).start(ctx, Step::Given);
            child.exit(ctx, Step::Exited);
            running.cancel("enough");
            Ok(())
        });
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
}

#[test]
fn under_simulation_a_childs_streams_fail_and_say_why() {
    let mut command = sh("exit 0");
    command.stdout(Stdio::piped());
    let child = spawn(command).expect("it can be started");
    let error = result(ONE_LOOP, child.stdout().pipe(collect())).expect_err("no OS to wait for");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::Unsupported));
}

#[test]
fn a_hundred_children_leave_no_descriptor_and_no_zombie() {
    if !again::is_child() {
        let name = "children::a_hundred_children_leave_no_descriptor_and_no_zombie";
        again::run(name, "", &[]);
        return;
    }
    let open_descriptors = || std::fs::read_dir("/proc/self/fd").expect("Linux shows them").count();
    let mut ids = Vec::new();
    let mut before = 0;
    for n in 0..100 {
        let mut command = sh("echo hello");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = spawn(command).expect("it can be started");
        ids.push(child.id());
        let output = result_with(REAL, 0, move |_, _| child.stdout().pipe(collect()));
        // The handle goes as the pipeline starts, and may be faster than the child.
        let output = output.expect("it ends").concat();
        assert!(output.is_empty() || output == b"hello\n");
        if n == 0 {
            before = open_descriptors();
        }
    }
    assert_eq!(open_descriptors(), before);
    assert!(!ids.into_iter().any(is_there));
}
