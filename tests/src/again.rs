//! A test that runs itself again as a process of its own, for what belongs to a process: environment and limits.

use std::env;
use std::process::{Command, Output};

const MARK: &str = "ROUNDSMAN_TEST_CHILD";

/// Whether this process is the one that a test has started for itself.
#[must_use]
pub fn is_child() -> bool {
    env::var_os(MARK).is_some()
}

/// Runs the test `name` of this binary again, with these variables, and returns what it printed.
///
/// `setup` is a shell command that comes first, for limits.
///
/// # Panics
/// If the test fails there, or its process cannot be started.
#[track_caller]
pub fn run(name: &str, setup: &str, variables: &[(&str, &str)]) -> Output {
    let program = env::current_exe().expect("this process has a program");
    let output = Command::new("sh")
        .args(["-c", &format!("{setup}\nexec \"$@\""), "sh"])
        .arg(program)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env_remove("ROUNDSMAN_LOOPS")
        .envs(variables.iter().copied())
        .env(MARK, "1")
        .output()
        .expect("a shell runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{name} with {variables:?}: {printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A process that runs the test `name` of this binary alone, to be started by the test.
///
/// # Panics
/// If this process has no program.
#[must_use]
pub fn command(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this process has a program"));
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(MARK, "1");
    command
}
