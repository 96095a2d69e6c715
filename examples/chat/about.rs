//! What every actor of the server knows: how to serve, and what time it is.
//!
//! Made once, by whoever spawns the server. It is the only place with a wall clock in it, and that is given from
//! outside: in a simulated world a second is what the world says.

use std::collections::BTreeMap;
use std::time::Duration;

use roundsman::Timestamp;

use super::settings::Settings;

/// How to serve, and since when.
#[derive(Debug)]
pub struct About {
    /// How to serve.
    pub settings: Settings,
    /// What the files said that can be read again.
    pub notices: Notices,
    /// The time at which the runtime has started, since 1970. From then on the runtime's clock counts.
    started: Duration,
}

/// What SIGHUP has the server read again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notices {
    /// The message of the day.
    pub motd: Option<String>,
    /// Who may become an operator, by name, with the password.
    pub operators: BTreeMap<String, String>,
}

impl About {
    /// A server with these settings and no message of the day, in a runtime that has started at this time since 1970.
    pub fn new(settings: Settings, started: Duration) -> Self {
        let notices = Notices { motd: None, operators: settings.operators.clone() };
        Self { settings, notices, started }
    }

    /// With this message of the day.
    pub fn motd(mut self, text: Option<String>) -> Self {
        self.notices.motd = text;
        self
    }

    /// What the server calls itself.
    pub fn name(&self) -> &str {
        &self.settings.server_name
    }

    /// When the runtime has started, since 1970.
    pub fn started(&self) -> Duration {
        self.started
    }

    /// A moment as time since 1970.
    pub fn unix(&self, at: Timestamp) -> Duration {
        self.started + at.since_start()
    }
}
