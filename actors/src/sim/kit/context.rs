//! What the kit adds to a [`Sim`].

use std::fmt::Debug;
use std::io;

use super::client::Client;
use super::pace::Pace;
use super::probe::Probe;
use crate::sim::{Host, Sim};

impl Sim {
    /// A probe on a host: see [`Probe`].
    ///
    /// # Panics
    /// If the host does not live.
    #[must_use]
    #[track_caller]
    pub fn probe<M: Send + Debug + 'static>(&self, host: Host) -> Probe<M> {
        Probe::new(&self.handle(host), Pace::from(self))
    }

    /// A client on a host of this name, which needs not be one that was made with [`host`](Self::host), connected to
    /// `HOST:PORT`: see [`Client`]. It waits like the test's body, so not within [`at`](Self::at).
    ///
    /// # Errors
    /// `NotFound`: no host has this name, or it is none; else what the network says, after at most 30 s of virtual time.
    pub fn client(&self, from: &str, to: &str) -> io::Result<Client> {
        self.network().client_at(Pace::from(self), from, to)
    }
}
