//! What the [engine for datagrams](super::datagram) takes: what a socket, its links and its handles tell it.
//!
//! Sent by [`UdpSocket`](super::UdpSocket), and by the links of its halves.

use std::io;

use roundsman_runtime::{Readiness, Reply};

use super::multicast::Change;
use super::outgoing::{Datagram, Outgoing};
use super::station::shown_readiness;
use crate::stream::assembly::{Control, Reporter};
use crate::stream::{Demand, Downstream, Flow};

/// What the engine takes.
pub(crate) enum Message {
    Ready(Readiness),
    /// Something was put into the queue.
    Look,
    /// To receive again, a while after that has failed.
    Again,
    Read {
        id: u32,
        link: Downstream<Datagram>,
        reporter: Reporter,
    },
    Write {
        id: u32,
        reporter: Reporter,
    },
    /// The reader's link.
    Demand(u32, Demand),
    /// The writer's link.
    Flow(u32, Flow<Outgoing>),
    ControlRead(u32, Control),
    ControlWrite(u32, Control),
    Change(Change, Reply<io::Result<()>>),
    /// To end once everything has left.
    Close,
    /// The last handle is gone.
    Released,
}

/// As a trace of a simulation shows it.
impl Message {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Ready(readiness) => shown_readiness(*readiness),
            Self::Look => "there is something to send".to_owned(),
            Self::Again => "tries again".to_owned(),
            Self::Read { .. } => "to receive from now on".to_owned(),
            Self::Write { .. } => "to send from now on".to_owned(),
            Self::Demand(_, demand) => demand.shown(),
            Self::Flow(_, flow) => format!("to send: {}", flow.shown()),
            Self::ControlRead(_, control) => format!("the reader: {}", control.shown()),
            Self::ControlWrite(_, control) => format!("the writer: {}", control.shown()),
            Self::Change(..) => "a change of its groups".to_owned(),
            Self::Close => "to end once everything has left".to_owned(),
            Self::Released => "the last handle is gone".to_owned(),
        }
    }
}
