//! `cargo simulate --seeds 5000`: the tests of `tests/simulation`, with so many seeds each, or with one.
//!
//! Run by people, and by `.ci/run --seeds N`. It has cargo run that test, with the variables of the environment that
//! [`roundsman::sim`] reads; it runs no simulation itself.
#![expect(clippy::disallowed_macros, reason = "a program says how it is used")]

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

const USAGE: &str = "\
cargo simulate [--seeds N | --seed S] [--twice] [--release] [--] [NAME] [what else the tests take]

  --seeds N   each check runs the seeds from 0 to N - 1
  --seed S    each check runs this seed alone, and shows its trace
  --twice     each seed is run twice, and must do the same
  --release   with optimization: slower to build, ten times as fast to run
  NAME        only the tests whose name has this in it, such as `chat`";

/// What is to be run.
#[derive(Default)]
struct Plan {
    /// For the environment.
    variables: Vec<(&'static str, String)>,
    is_release: bool,
    /// A trace is to be seen.
    shows: bool,
    /// For the tests.
    rest: Vec<OsString>,
}

fn main() -> ExitCode {
    let plan = match Plan::read(env::args_os().skip(1)) {
        Ok(plan) => plan,
        Err(why) if why.is_empty() => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("{why}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match plan.command().status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo cannot be run: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Plan {
    /// What the arguments ask for.
    ///
    /// # Errors
    /// Why they ask for nothing that can be done; empty, if they ask for help.
    fn read(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut plan = Self::default();
        while let Some(argument) = arguments.next() {
            let text = argument.to_string_lossy();
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (&*text, None),
            };
            match name {
                "--seeds" | "--seed" => {
                    let given = value.or_else(|| Some(arguments.next()?.to_str()?.to_owned()));
                    let number = given.unwrap_or_default();
                    if number.parse::<u64>().is_err() {
                        return Err(format!("{name} takes a whole number, not {number:?}"));
                    }
                    let is_one = name == "--seed";
                    plan.shows |= is_one;
                    let variable =
                        if is_one { "ROUNDSMAN_SIM_SEED" } else { "ROUNDSMAN_SIM_SEEDS" };
                    plan.variables.push((variable, number));
                }
                "--twice" => plan.variables.push(("ROUNDSMAN_SIM_TWICE", "1".to_owned())),
                "--release" => plan.is_release = true,
                "--help" | "-h" => return Err(String::new()),
                "--" => plan.rest.extend(arguments.by_ref()),
                _ => plan.rest.push(argument),
            }
        }
        Ok(plan)
    }

    fn command(self) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["test", "--package", "roundsman-tests", "--test", "simulation"]);
        if self.is_release {
            command.arg("--release");
        }
        command.arg("--").args(self.shows.then_some("--nocapture"));
        command.args(self.rest).envs(self.variables);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(said: &[&str]) -> Vec<String> {
        let plan = Plan::read(said.iter().map(OsString::from)).expect("it can be done");
        let command = plan.command();
        let after = command.get_args().skip_while(|argument| *argument != "--").skip(1);
        after.map(|argument| argument.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_trace_of_one_seed_is_to_be_seen() {
        assert_eq!(arguments(&["--seed", "17", "chat"]), ["--nocapture", "chat"]);
        assert_eq!(arguments(&["--seeds=5000", "chat"]), ["chat"]);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let Err(why) = Plan::read(["--seed", "x"].map(OsString::from).into_iter()) else {
            panic!("x is no number")
        };
        assert_eq!(why, "--seed takes a whole number, not \"x\"");
    }
}
