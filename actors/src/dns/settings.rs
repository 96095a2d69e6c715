//! What a resolver was told, and what that comes to: which servers are asked, how often, how long.
//!
//! Read by [`service`](super::service), where it blocks on a thread of the pool.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::hickory;

/// How long one attempt may take, unless said otherwise. (resolv.conf(5))
const TIMEOUT: Duration = Duration::from_secs(5);
/// How often a question is asked again, unless said otherwise.
const ATTEMPTS: usize = 2;
/// Where name servers listen.
pub(super) const PORT: u16 = 53;

/// What a resolver was told.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) servers: Servers,
    pub(super) timeout: Option<Duration>,
    pub(super) attempts: Option<usize>,
    pub(super) cache_size: u64,
}

/// Where the servers come from.
#[derive(Clone, Debug)]
pub(super) enum Servers {
    These(Vec<SocketAddr>),
    System,
    /// A file of the form of `resolv.conf`.
    File(PathBuf),
}

/// What it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) servers: Vec<SocketAddr>,
    pub(super) timeout: Duration,
    pub(super) attempts: usize,
}

impl Settings {
    /// The plan, if nothing has to be read for it.
    pub(super) fn known(&self) -> Option<Result<Plan, String>> {
        match &self.servers {
            Servers::These(servers) => {
                let (timeout, attempts) = (TIMEOUT, ATTEMPTS);
                Some(self.check(Plan { servers: servers.clone(), timeout, attempts }))
            }
            Servers::System | Servers::File(_) => None,
        }
    }

    /// Reads what has to be read. It blocks.
    pub(super) fn read(&self) -> Result<Plan, String> {
        match &self.servers {
            Servers::These(_) => self.known().unwrap_or_else(|| Err("there are none".to_owned())),
            Servers::System => self.check(hickory::system()?),
            Servers::File(path) => {
                let text = fs::read_to_string(path)
                    .map_err(|error| format!("reading {}: {error}", path.display()))?;
                self.check(parse(&text))
            }
        }
    }

    /// What was said here counts more than what was read.
    fn check(&self, read: Plan) -> Result<Plan, String> {
        if read.servers.is_empty() {
            return Err("there are none".to_owned());
        }
        let timeout = self.timeout.unwrap_or(read.timeout);
        Ok(Plan { timeout, attempts: self.attempts.unwrap_or(read.attempts), ..read })
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self { servers: Vec::new(), timeout: TIMEOUT, attempts: ATTEMPTS }
    }
}

/// Reads what `resolv.conf` has that a resolver heeds. Whatever else is in it, or makes no sense, is passed over, as the C library
/// does. (resolv.conf(5))
fn parse(text: &str) -> Plan {
    let mut plan = Plan::default();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => {
                let ip = words.next().and_then(|word| word.parse::<IpAddr>().ok());
                plan.servers.extend(ip.map(|ip| SocketAddr::new(ip, PORT)));
            }
            Some("options") => words.for_each(|option| heed(option, &mut plan)),
            _ => {}
        }
    }
    plan
}

fn heed(option: &str, plan: &mut Plan) {
    match option.split_once(':') {
        // At most what resolv.conf(5) lets be said.
        Some(("timeout", seconds)) => {
            let seconds = seconds.parse::<u64>().unwrap_or(5).clamp(1, 30);
            plan.timeout = Duration::from_secs(seconds);
        }
        Some(("attempts", attempts)) => {
            plan.attempts = attempts.parse::<usize>().unwrap_or(ATTEMPTS).min(5);
        }
        _ => {}
    }
}
