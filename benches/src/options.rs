//! The command line of a benchmark: `--key value` pairs, each with a default.

#![expect(clippy::disallowed_macros, reason = "a benchmark says on stderr why it does not start")]

use std::{fmt::Display, process, str::FromStr};

use pico_args::Arguments;

/// The arguments that have not been asked for yet.
#[derive(Debug)]
pub struct Options(Arguments);

impl Options {
    /// The command line of this process.
    pub fn from_env() -> Self {
        Self(Arguments::from_env())
    }

    /// The value of `--rounds`, of which the table shows the medians.
    pub fn rounds(&mut self) -> u32 {
        self.value("--rounds", 5)
    }

    /// The value of `key`, or `default`. Ends the process if the value is not one.
    pub fn value<T>(&mut self, key: &'static str, default: T) -> T
    where
        T: FromStr,
        T::Err: Display,
    {
        self.optional(key).unwrap_or(default)
    }

    /// The value of `key`, if it is given. Ends the process if the value is not one.
    pub fn optional<T>(&mut self, key: &'static str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.0.opt_value_from_str(key).unwrap_or_else(|error| usage(&error))
    }

    /// Ends the process if an argument is left that nobody asked for.
    pub fn finish(self) {
        if let Some(unknown) = self.0.finish().first() {
            usage(&format!("unknown argument {}", unknown.display()));
        }
    }
}

fn usage(error: &dyn Display) -> ! {
    eprintln!("{error}; benches/README.md lists the options");
    process::exit(2);
}
