//! Why a session ends: what is said of it, and whose doing it is.
//!
//! Made by whoever has a reason: the session, the hall, the server. The text goes to the client and to its neighbours,
//! as it is; the [kind](Kind) goes to a transport that has words of its own for an end.

/// Why a session ends.
pub struct Ending {
    /// As the client reads it in `ERROR`, and its neighbours in `QUIT`.
    pub why: Box<str>,
    pub kind: Kind,
}

/// Whose doing it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The client wants it so, or is gone.
    Left,
    /// A rule that the client has broken, a limit, an operator.
    CutOff,
    /// The server ends.
    Closing,
    /// Something has failed that is not the client's doing.
    Failed,
}

impl Ending {
    pub fn left(why: impl Into<Box<str>>) -> Self {
        Self { why: why.into(), kind: Kind::Left }
    }

    pub fn cut_off(why: impl Into<Box<str>>) -> Self {
        Self { why: why.into(), kind: Kind::CutOff }
    }

    pub fn server_closes() -> Self {
        Self { why: "Server closing".into(), kind: Kind::Closing }
    }

    pub fn failed() -> Self {
        Self { why: "Internal error".into(), kind: Kind::Failed }
    }
}
