//! Standard streams that are a terminal: a pseudoterminal, whose other side is the test's.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use roundsman::process::{self, StandardStream};
use roundsman::stream::{PipeError, Source, Summary, collect};
use roundsman::{Context, MissedTicks};
use roundsman_tests::again;
use roundsman_tests::outcome::result;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::REAL;

/// A terminal of 100 by 30 characters: our side, and that of a process.
fn terminal() -> (File, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC);
    let ours = ours.expect("the OS has pseudoterminals");
    grantpt(&ours).expect("it is ours");
    unlockpt(&ours).expect("it is ours");
    let size = Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&ours, size).expect("it is ours");
    let name = ptsname(&ours, Vec::new()).expect("it has a name");
    let path = name.to_str().expect("a path").to_owned();
    let theirs = File::options().read(true).write(true).open(path).expect("it can be opened");
    (ours.into(), theirs.into())
}

/// Runs the test again with a terminal for its three streams; what it has been asked, and what it has written.
fn run_at_terminal(name: &str, typed: &'static [u8]) -> String {
    let (mut ours, theirs) = terminal();
    let stream = || Stdio::from(theirs.try_clone().expect("a descriptor"));
    let mut command = again::command(&format!("terminals::{name}"));
    command.stdin(stream()).stdout(stream()).stderr(stream());
    let mut child = command.spawn().expect("it can be started");
    // The command has the others still.
    drop((command, theirs));
    must_end(move || {
        ours.write_all(typed).expect("a terminal takes it");
        let (mut printed, mut some) = (Vec::new(), [0; 1000]);
        // An error instead of an end: nobody has the other side any more.
        while let Ok(len @ 1..) = ours.read(&mut some) {
            printed.extend_from_slice(&some[..len]);
        }
        let printed = String::from_utf8_lossy(&printed).into_owned();
        assert!(child.wait().expect("it ends").success(), "{printed}");
        printed
    })
}

#[test]
fn what_is_typed_at_a_terminal_is_read_until_ctrl_d() {
    if again::is_child() {
        let typed = result(REAL, process::stdin().pipe(collect())).expect("it ends");
        assert_eq!(typed, ["first\n", "second\n"], "line by line, as a terminal gives them");
        return;
    }
    run_at_terminal("what_is_typed_at_a_terminal_is_read_until_ctrl_d", b"first\nsecond\n\x04");
}

#[test]
fn a_terminal_is_written_to() {
    if again::is_child() {
        for sink in [process::stdout(), process::stderr()] {
            let greeting = Source::iter(["hello, terminal\n"].map(Bytes::from));
            result(REAL, greeting.pipe(sink)).expect("it is taken");
        }
        return;
    }
    let printed = run_at_terminal("a_terminal_is_written_to", b"");
    // A terminal makes two characters of the end of a line.
    assert_eq!(printed.matches("hello, terminal\r\n").count(), 2, "{printed}");
}

/// Writes more than a terminal takes, and is told the time meanwhile.
enum Step {
    Tick,
    Written(Result<Summary, PipeError>),
}

#[test]
fn a_terminal_that_nobody_looks_at_does_not_block_the_loop() {
    if again::is_child() {
        let line = Bytes::from_static(&[b'x'; 4096]);
        let mut ticks = 0;
        let role = Role::new(move |step, ctx: &mut Context<'_, Role<Step>>| {
            match step {
                Step::Written(written) => panic!("nobody reads it: {written:?}"),
                Step::Tick => {
                    ticks += 1;
                    if ticks == 20 {
                        ctx.end_runtime();
                    }
                }
            }
            Ok(())
        });
        let role = role.started(move |ctx| {
            // Far more than a terminal keeps.
            let lines = Source::iter(std::iter::repeat_n(line, 1_000));
            lines.pipe(process::stderr()).start(ctx, Step::Written);
            ctx.send_every(Duration::from_millis(5), MissedTicks::Skip, || Step::Tick);
            Ok(())
        });
        REAL.runtime().run(|| role).expect("it ends");
        return;
    }
    let name = "terminals::a_terminal_that_nobody_looks_at_does_not_block_the_loop";
    let (_ours, theirs) = terminal();
    let mut command = again::command(name);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::from(theirs));
    let mut child = command.spawn().expect("it can be started");
    drop(command);
    let status = must_end(move || child.wait()).expect("it can be waited for");
    assert!(status.success(), "{status}");
}

#[test]
fn a_terminal_is_known_as_one_and_has_a_size() {
    if again::is_child() {
        for stream in [StandardStream::Input, StandardStream::Output, StandardStream::Error] {
            assert!(stream.is_terminal());
            let size = stream.terminal_size().expect("it has a size");
            assert_eq!((size.columns, size.rows), (100, 30));
        }
        return;
    }
    run_at_terminal("a_terminal_is_known_as_one_and_has_a_size", b"");
}

#[test]
fn a_pipe_is_no_terminal_and_has_no_size() {
    if again::is_child() {
        assert!(!StandardStream::Output.is_terminal());
        StandardStream::Output.terminal_size().expect_err("it is no terminal");
        return;
    }
    again::run("terminals::a_pipe_is_no_terminal_and_has_no_size", "", &[]);
}
