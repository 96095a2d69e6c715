//! Runs each contender in a child process of the same binary, so that its memory is its own.
//!
//! The child prints a line of `name value` for each figure; the parent puts them into the table.

#![expect(clippy::disallowed_macros, reason = "a child reports to its parent on stdout")]

use std::{
    env, io,
    process::{Command, Stdio},
};

use crate::{options::Options, table::Table};

/// A contender that is measured in a process of its own.
#[derive(Clone, Copy, Debug)]
pub struct Isolated {
    /// The column's name in the table.
    pub name: &'static str,
    /// In the child: measures at this size.
    pub run: fn(u64) -> Figures,
}

/// What was measured: the rows' names, units included, and the values.
pub type Figures = [(&'static str, f64); 2];

/// Runs every contender in each round and prints the table; in a child, runs the one that it was
/// started for. `size` is the option that sets the size, and its default.
///
/// # Errors
/// If a child cannot be started, fails, or reports what is not a figure.
pub fn compare(
    title: &'static str,
    (size, default): (&'static str, u64),
    mut contenders: Vec<Isolated>,
) -> io::Result<()> {
    let mut options = Options::from_env();
    let count = options.value(size, default);
    let one: Option<String> = options.optional("--one");
    let only: Option<String> = options.optional("--only");
    let mut table = Table::new(title, options.rounds());
    options.finish();

    let chosen = one.as_ref().or(only.as_ref());
    contenders.retain(|contender| chosen.is_none_or(|chosen| chosen == contender.name));
    if one.is_some() {
        for (name, value) in contenders.iter().flat_map(|contender| (contender.run)(count)) {
            println!("{name} {value}");
        }
        return Ok(());
    }
    for _ in table.rounds() {
        for Isolated { name, .. } in &contenders {
            for (figure, value) in run(&["--one", name, size, &count.to_string()])? {
                table.record(&figure, name, value);
            }
        }
    }
    table.print();
    Ok(())
}

fn run(arguments: &[&str]) -> io::Result<Vec<(String, f64)>> {
    let output = Command::new(env::current_exe()?)
        .args(arguments)
        .stderr(Stdio::inherit())
        .stdout(Stdio::piped())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{arguments:?}: {}", output.status)));
    }
    let figure = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    let report = String::from_utf8_lossy(&output.stdout);
    let figures = report.lines().map(|line| {
        figure(line).ok_or_else(|| io::Error::other(format!("{arguments:?} reported {line:?}")))
    });
    figures.collect()
}
