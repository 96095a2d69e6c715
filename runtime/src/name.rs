//! What an actor is called: a text, or what makes one for whoever asks.
//!
//! Said by [`spawn`](crate::spawn), kept in the cell, read by whatever writes paths. Most actors come and go without
//! anybody asking.

use std::fmt;
use std::sync::Arc;

/// What an actor is called.
#[derive(Clone)]
pub(crate) enum Name {
    Text(Box<str>),
    /// A text of the program.
    Fixed(&'static str),
    /// One of several of that name: `2:lines`.
    Numbered(u32, &'static str),
    /// Written out when somebody asks.
    Made(Arc<dyn fmt::Display + Send + Sync>),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(name) => f.write_str(name),
            Self::Fixed(name) => f.write_str(name),
            Self::Numbered(number, name) => write!(f, "{number}:{name}"),
            Self::Made(name) => name.fmt(f),
        }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
