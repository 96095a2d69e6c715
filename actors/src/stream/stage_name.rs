//! What a stage is called: kept as whatever it follows from, and written out only for whoever asks.
//!
//! Pipelines come and go with connections, and hardly anybody asks: an error does, or a look at the progress.

use std::fmt;
use std::sync::Arc;

/// What a stage is called. Cheap to clone.
#[derive(Clone)]
pub(crate) enum StageName {
    Fixed(&'static str),
    Text(Arc<str>),
    /// As that calls the stage that has this part in it. A number, for every stage keeps a few of these.
    Of(Arc<dyn NamesStages>, u8),
}

/// Something that several stages have a part in, and that they are called after: a connection.
pub(crate) trait NamesStages: Send + Sync {
    /// Writes what the stage with this part is called. It has given the number itself.
    fn write_stage(&self, part: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(name) => f.write_str(name),
            Self::Text(name) => f.write_str(name),
            Self::Of(whole, part) => whole.write_stage(*part, f),
        }
    }
}

impl From<&'static str> for StageName {
    fn from(name: &'static str) -> Self {
        Self::Fixed(name)
    }
}

impl From<String> for StageName {
    fn from(name: String) -> Self {
        Self::Text(name.into())
    }
}

impl From<StageName> for Arc<str> {
    fn from(name: StageName) -> Self {
        match name {
            StageName::Fixed(name) => name.into(),
            StageName::Text(name) => name,
            of @ StageName::Of(..) => of.to_string().into(),
        }
    }
}
