//! The crate hickory, which speaks DNS: the only place that names it, for its next version has other names.
//!
//! [`Engine`] asks; `provider` gives it our loop in the place of an async runtime, `sockets` our sockets; `checked` compares
//! answers with questions; `convert` makes our answers and errors of its own. Used by [`service`](super::service).

mod checked;
mod convert;
mod engine;
mod provider;
mod sockets;

pub(super) use engine::{Answering, Engine, system};
