//! A child that is run to its end, and what it has written.

use std::sync::mpsc;

use roundsman::process::{Command, Output, OutputError};
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::outcome::ONE_LOOP;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::trial::World;

use crate::{REAL, sh};

fn output_in(
    world: World,
    command: impl Into<Command>,
    limit: usize,
) -> Result<Output, OutputError> {
    let (tell, told) = mpsc::channel();
    let command = command.into();
    must_end(move || {
        let role = Role::new(move |output, _| Ok(tell.send(output)?));
        let root = role.started(move |ctx| {
            command.output(limit).start(ctx, |output| output);
            Ok(())
        });
        // Nothing else keeps it alive.
        run_balanced(world.runtime(), || root).expect("the root does not fail");
    });
    let output = told.recv().expect("it is told");
    assert!(told.recv().is_err(), "once");
    output
}

fn output(script: &str, limit: usize) -> Result<Output, OutputError> {
    output_in(REAL, sh(script), limit)
}

#[test]
fn it_has_all_that_was_written_and_how_it_ended() {
    let output = output("echo out; echo err >&2; exit 3", 4).expect("an output");
    assert_eq!((output.stdout, output.stderr), ("out\n".into(), "err\n".into()));
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn large_outputs_of_both_kinds_do_not_block_each_other() {
    let script =
        "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero";
    for loops in [1, 2] {
        let output = output_in(World::Real { loops }, sh(script), 2_000_000).expect("an output");
        assert_eq!((output.stdout.len(), output.stderr.len()), (2_000_000, 1_000_000));
    }
}

#[test]
fn more_than_is_allowed_ends_the_child_and_says_what_to_do() {
    for (script, kind) in [("exec yes", "stdout"), ("exec yes >&2", "stderr")] {
        let error = output(script, 100_000).expect_err("it is endless");
        let OutputError::TooMuch { stream, limit: 100_000, .. } = &error else { panic!("{error}") };
        assert_eq!(*stream, kind);
        let said = error.to_string();
        assert!(said.starts_with("`sh` wrote more than 100000 bytes"), "{said}");
    }
}

#[test]
fn as_much_as_is_allowed_is_not_too_much() {
    assert_eq!(output("printf 12345", 5).expect("an output").stdout, "12345");
    assert!(matches!(output("printf 12345", 4), Err(OutputError::TooMuch { limit: 4, .. })));
    assert!(output("exit 0", 0).expect("an output").stdout.is_empty());
}

#[test]
fn its_standard_input_is_empty() {
    assert_eq!(output("cat; echo end", 100).expect("an output").stdout, "end\n");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let error = output_in(REAL, Command::new("no-such-program"), 1).expect_err("it is not there");
    assert!(matches!(error, OutputError::NotStarted { .. }));
    assert!(error.to_string().contains("`no-such-program` cannot be started"), "{error}");
}

#[test]
fn under_simulation_it_cannot_be_read() {
    let error = output_in(ONE_LOOP, sh("echo hello"), 100).expect_err("no OS to wait for");
    assert!(matches!(error, OutputError::NotRead { .. }), "{error}");
}
