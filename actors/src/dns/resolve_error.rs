//! Why a question has no answer.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::RecordType;

/// What was asked of whom, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    name: Arc<str>,
    record_type: RecordType,
    servers: Arc<[SocketAddr]>,
}

impl Asked {
    pub(super) fn new(name: Arc<str>, record_type: RecordType) -> Self {
        Self { name, record_type, servers: Arc::new([]) }
    }

    pub(super) fn of(mut self, servers: &Arc<[SocketAddr]>) -> Self {
        self.servers = Arc::clone(servers);
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of records.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        self.record_type
    }

    /// The name servers that the resolver has: none, if it came not so far.
    #[must_use]
    pub fn servers(&self) -> &[SocketAddr] {
        &self.servers
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "asking for {} of {:?}", self.record_type, self.name)?;
        for (index, server) in self.servers.iter().enumerate() {
            let before = if index == 0 { " at " } else { ", " };
            write!(f, "{before}{server}")?;
        }
        Ok(())
    }
}

/// Why a question has no answer; Node's codes are named beside. Each says what was asked of whom.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// There is no such name. (NXDOMAIN; Node: `ENOTFOUND`.)
    #[error("{asked}: there is no such name")]
    NotFound {
        /// What was asked.
        asked: Asked,
    },
    /// The name exists, and has no records of this kind. (Node: `ENODATA`.)
    #[error("{asked}: the name has no such records")]
    NoData {
        /// What was asked.
        asked: Asked,
    },
    /// The server could not find out. (SERVFAIL; Node: `ESERVFAIL`.)
    #[error("{asked}: the server failed to find out")]
    ServerFailure {
        /// What was asked.
        asked: Asked,
    },
    /// The server does not answer us. (REFUSED; Node: `EREFUSED`.)
    #[error("{asked}: the server refuses to answer; does it serve this network?")]
    Refused {
        /// What was asked.
        asked: Asked,
    },
    /// The server could not read the question. (FORMERR; Node: `EFORMERR`.)
    #[error("{asked}: the server could not read the question")]
    FormatError {
        /// What was asked.
        asked: Asked,
    },
    /// The server does not know this kind of questions. (NOTIMP; Node: `ENOTIMP`.)
    #[error("{asked}: the server does not answer such questions")]
    NotImplemented {
        /// What was asked.
        asked: Asked,
    },
    /// The server said something else.
    #[error("{asked}: the server answered with code {code}")]
    OtherCode {
        /// What was asked.
        asked: Asked,
        /// The response code. (RFC 6895)
        code: u16,
    },
    /// No server answered in any attempt. (Node: `ETIMEOUT`.)
    #[error(
        "{asked}: no answer in any attempt (set by `ResolverBuilder::timeout` and `attempts`); are the servers up?"
    )]
    Timeout {
        /// What was asked.
        asked: Asked,
    },
    /// The question's own deadline has passed.
    #[error("{asked}: no answer within {within:?} (set by `Question::within`)")]
    Late {
        /// What was asked.
        asked: Asked,
        /// How long was waited.
        within: Duration,
    },
    /// Nobody listens there. (Node: `ECONNREFUSED`.)
    #[error("{asked}: nobody listens there: are address and port right?")]
    ConnectionRefused {
        /// What was asked.
        asked: Asked,
    },
    /// The OS said no, as to a network that cannot be reached, or it is a simulation, in which no name server is asked.
    #[error("{asked}: {text}")]
    Io {
        /// What was asked.
        asked: Asked,
        /// What kind of error it is.
        kind: io::ErrorKind,
        /// What the OS said.
        text: Arc<str>,
    },
    /// What came cannot be read, or answers another question. (Node: `EBADRESP`.)
    #[error("{asked}: a bad answer: {text}")]
    BadResponse {
        /// What was asked.
        asked: Asked,
        /// What is wrong with it.
        text: Arc<str>,
    },
    /// The name can be none: it is empty, or has a label that is too long. (Node: `EBADNAME`.)
    #[error("{asked}: this can be no name: {why}")]
    BadName {
        /// What was asked.
        asked: Asked,
        /// What is wrong with it.
        why: Arc<str>,
    },
    /// Which servers to ask could not be found out.
    #[error(
        "{asked}: the name servers are not known: {why}; they can be given: `ResolverBuilder::servers`"
    )]
    Config {
        /// What was asked.
        asked: Asked,
        /// Why.
        why: Arc<str>,
    },
    /// Whoever asked has cancelled it. (Node: `ECANCELLED`.)
    #[error("{asked}: it was cancelled")]
    Cancelled {
        /// What was asked.
        asked: Asked,
    },
    /// The resolver itself has failed, or the runtime is ending.
    #[error("{asked}: {text}")]
    Failed {
        /// What was asked.
        asked: Asked,
        /// What happened.
        text: Arc<str>,
    },
}

impl ResolveError {
    /// What was asked of whom.
    #[must_use]
    pub fn asked(&self) -> &Asked {
        match self {
            Self::NotFound { asked }
            | Self::NoData { asked }
            | Self::ServerFailure { asked }
            | Self::Refused { asked }
            | Self::FormatError { asked }
            | Self::NotImplemented { asked }
            | Self::OtherCode { asked, .. }
            | Self::Timeout { asked }
            | Self::Late { asked, .. }
            | Self::ConnectionRefused { asked }
            | Self::Io { asked, .. }
            | Self::BadResponse { asked, .. }
            | Self::BadName { asked, .. }
            | Self::Config { asked, .. }
            | Self::Cancelled { asked }
            | Self::Failed { asked, .. } => asked,
        }
    }
}
