//! A child as a stage.

use std::io;
use std::process::Command;
use std::sync::mpsc;

use bytes::Bytes;
use roundsman::Drain;
use roundsman::process::{ExitError, through};
use roundsman::stream::{Item, PipeError, Running, Source, StreamContext, Summary, collect, map};
use roundsman_tests::folder::Folder;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::outcome::result;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::trial::World;

use crate::{REAL, endless, is_there, pattern, sh};

#[test]
fn the_bytes_go_through() {
    for (len, loops) in [(0, 1), (1, 1), (100_000, 2), (3_000_000, 1)] {
        let source = Source::iter(pattern(len)).boundary().through(through(Command::new("cat")));
        let source = source.through(map(|bytes| bytes)).boundary();
        let taken = result(World::Real { loops }, source.pipe(collect())).expect("it ends");
        assert!(taken.concat() == pattern(len).concat(), "{len}");
    }
}

#[test]
fn children_in_a_row_are_a_pipe_of_the_shell() {
    let words = Source::iter([Bytes::from("b\na\nb\nc\n")]);
    let sorted =
        words.through(through(Command::new("sort"))).through(through(Command::new("uniq")));
    assert_eq!(result(REAL, sorted.pipe(collect())).expect("it ends").concat(), b"a\nb\nc\n");
}

#[test]
fn a_child_that_ends_before_it_has_read_everything_ends_the_stream() {
    let first = endless().through(through(sh("exec head -n 1")));
    assert_eq!(result(REAL, first.pipe(collect())).expect("no failure").concat(), b"y\n");
    let none = endless().through(through(sh("exec true")));
    assert_eq!(result(REAL, none.pipe(collect())).expect("no failure").concat(), b"");
}

#[test]
fn a_child_that_fails_fails_the_pipeline_with_its_last_words() {
    let failing =
        Source::iter(pattern(10)).through(through(sh("cat; echo what a pity >&2; exit 3")));
    let error = result(REAL, failing.pipe(collect())).expect_err("it failed");
    assert_eq!(error.stage(), "process::through");
    let exit = error.cause_as::<ExitError>().expect("that is why");
    assert_eq!((exit.status.code(), &*exit.stderr), (Some(3), "what a pity\n"));
    assert!(error.to_string().ends_with("it said: what a pity"), "{error}");
}

#[test]
fn of_long_last_words_the_last_are_kept() {
    let script = "yes 0123456789 | head -n 100000 >&2; echo the end >&2; exit 1";
    let error = result(REAL, endless().through(through(sh(script))).pipe(collect()));
    let error = error.expect_err("it failed");
    let exit = error.cause_as::<ExitError>().expect("that is why");
    assert_eq!(exit.stderr.len(), 4096);
    assert!(exit.stderr.ends_with("9\nthe end\n"));
}

#[test]
fn a_program_that_is_not_there_fails_the_pipeline() {
    let source = endless().through(through(Command::new("no-such-program")));
    let error = result(REAL, source.pipe(collect())).expect_err("it is not there");
    assert_eq!(
        (error.stage(), error.io_kind()),
        ("process::through", Some(io::ErrorKind::NotFound))
    );
}

#[test]
fn a_failure_above_is_told_and_not_taken_for_the_end() {
    let failing = Source::iter(0..100_u64).map(|n| {
        assert!(n < 50, "it was told to");
        Bytes::from("line\n")
    });
    let count = failing.boundary().through(through(sh("exec wc -l"))).pipe(collect());
    let error = result(REAL, count).expect_err("it failed");
    assert!(error.stage().contains("map"), "{error}");
}

enum Step {
    Id(Item<Bytes>),
    Ended(Result<Summary, PipeError>),
}

#[test]
fn a_cancel_kills_the_child() {
    let (sender, ids) = mpsc::channel();
    must_end(move || {
        let (give, running) = mpsc::channel::<Running>();
        let role = Role::new(move |step, ctx| {
            match step {
                Step::Id(id) => {
                    sender.send(std::str::from_utf8(&id)?.trim().parse::<u32>()?)?;
                    running.recv()?.cancel("enough");
                }
                Step::Ended(end) => {
                    assert!(end.is_err_and(|error| error.is_cancelled()));
                    ctx.stop();
                }
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            let source = endless().through(through(sh("echo $$; exec sleep 1000")));
            give.send(source.pipe(ctx.inlet(Step::Id)).start(ctx, Step::Ended))?;
            Ok(())
        });
        REAL.runtime().run(|| root).expect("the root does not fail");
    });
    assert!(!is_there(ids.recv().expect("it was started")));
}

#[test]
fn a_planned_stop_waits_for_what_the_child_makes_of_what_has_come() {
    let folder = Folder::new();
    let path = folder.with("log", "one ");
    must_end(move || {
        let role = Role::new(|text: Result<Vec<Bytes>, PipeError>, _| {
            assert_eq!(text?.concat(), b"one and the end");
            Ok(())
        });
        let root = role.started(move |ctx| {
            // It ends with the stop, and the child writes only then.
            let source = roundsman::fs::reader(path).follow().source();
            let text = source.through(through(sh("text=$(cat); printf '%sand the end' \"$text\"")));
            text.pipe(collect()).start(ctx, |text| text);
            ctx.shutdown(Drain::default());
            Ok(())
        });
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
}
