//! How many clients are what: LUSERS says it to everybody who comes, so it is not counted anew each time.
//!
//! Kept by the hall, of those who have registered. Whoever changes the modes of one takes it out and puts it in again.

use super::client::UserModes;

/// How many clients have a mode.
#[derive(Debug, Default)]
pub struct Census {
    pub invisible: usize,
    pub operators: usize,
}

impl Census {
    pub fn enter(&mut self, modes: UserModes) {
        self.invisible += usize::from(modes.invisible);
        self.operators += usize::from(modes.operator);
    }

    pub fn leave(&mut self, modes: UserModes) {
        self.invisible -= usize::from(modes.invisible);
        self.operators -= usize::from(modes.operator);
    }
}
