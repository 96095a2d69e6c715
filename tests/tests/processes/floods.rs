//! Children that write a gibibyte: memory stays flat, whether somebody reads it or not.

use std::cell::RefCell;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::process::{Child, Command};
use roundsman::stream::{Item, PipeError, StreamContext, Summary};
use roundsman_tests::again;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::outcome::result_with;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

use crate::REAL;

const GIB: u64 = 1 << 30;
/// What a process of ours may take more at its highest, in KiB, while a gibibyte goes through it.
const FLAT: u64 = 32 * 1024;

/// The most memory that this process has had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says so");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = peak.and_then(|peak| peak.trim().split(' ').next()?.parse().ok());
    number.expect("a number of KiB")
}

/// Writes a gibibyte and nothing else, as one process.
fn flood() -> Command {
    Command::new("head").args(["-c", "1073741824", "/dev/zero"]).stdout(Stdio::piped())
}

#[test]
fn a_gibibyte_that_a_child_writes_streams_through_with_flat_memory() {
    if !again::is_child() {
        let name = "floods::a_gibibyte_that_a_child_writes_streams_through_with_flat_memory";
        again::run(name, "", &[]);
        return;
    }
    let before = peak();
    let summary = result_with(REAL, 0, |_, _| {
        let child = flood().spawn().expect("it can be started");
        let source = child.stdout();
        // It lives as long as its handle does.
        source.inspect(move |_| _ = child.id()).for_each(drop)
    });
    assert_eq!(summary.expect("it ends").bytes, GIB);
    let grown = peak() - before;
    assert!(grown < FLAT, "{grown} KiB more");
}

enum Step {
    Came(Item<Bytes>),
    Enough,
    Closed(Result<Summary, PipeError>),
    Exited(io::Result<ExitStatus>),
}

#[test]
fn a_child_whose_output_nobody_reads_waits_with_flat_memory() {
    if !again::is_child() {
        let name = "floods::a_child_whose_output_nobody_reads_waits_with_flat_memory";
        again::run(name, "", &[]);
        return;
    }
    let before = peak();
    must_end(|| {
        let (mut kept, mut held) = (Vec::new(), 0);
        let child = Rc::new(RefCell::new(None::<Child>));
        let started = Rc::clone(&child);
        let role = Role::new(move |step, ctx| {
            match step {
                Step::Came(bytes) => {
                    if kept.is_empty() {
                        ctx.send_after(Duration::from_millis(100), Step::Enough);
                    }
                    // Kept, so no more is asked for than a window; the last block may be a whole one.
                    held += bytes.len();
                    kept.push(bytes);
                    assert!(held <= 2 * 64 * 1024, "{held} bytes");
                }
                // However late that is: it cannot have come to its end.
                Step::Enough => child.borrow().as_ref().ok_or("it was started")?.kill()?,
                Step::Exited(status) => {
                    assert_eq!(status?.signal(), Some(9));
                    kept.clear();
                }
                Step::Closed(end) => _ = end?,
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            let child = flood().spawn()?;
            child.stdout().pipe(ctx.inlet(Step::Came)).start(ctx, Step::Closed);
            child.exit(ctx, Step::Exited);
            *started.borrow_mut() = Some(child);
            Ok(())
        });
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
    let grown = peak() - before;
    assert!(grown < FLAT, "{grown} KiB more");
}
