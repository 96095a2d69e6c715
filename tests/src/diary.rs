//! What happened, in order, told by actors of any loop.

use std::sync::{Arc, Mutex};

/// Notes in the order in which they were made. Clones write into the same one.
#[derive(Debug)]
pub struct Diary<T = String>(Arc<Mutex<Vec<T>>>);

impl Diary {
    /// A diary of text. One of anything else is `Diary::<T>::default()`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<T> Diary<T> {
    /// Adds a note.
    pub fn note(&self, what: impl Into<T>) {
        self.0.lock().unwrap().push(what.into());
    }

    /// How many notes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// There is none yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the notes out.
    #[must_use]
    pub fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl<T> Clone for Diary<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Diary<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}
