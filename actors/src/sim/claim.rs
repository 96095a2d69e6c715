//! What an invariant answers.

use std::fmt::Display;

/// What an [invariant](super::Sim::invariant) answers: whether it holds, and perhaps why not.
pub trait Claim {
    /// `Err` if not, with the reason, which may be empty.
    ///
    /// # Errors
    /// If it does not hold.
    fn claim(self) -> Result<(), String>;
}

impl Claim for bool {
    fn claim(self) -> Result<(), String> {
        if self { Ok(()) } else { Err(String::new()) }
    }
}

impl<E: Display> Claim for Result<(), E> {
    fn claim(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}
