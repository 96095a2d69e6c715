//! A look-up of a host, as a blueprint.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use roundsman_runtime::{Actor, Context, Spawn};

use super::seeker::{Message, Seeker};
use super::{Addresses, Inquiry, LookupError};

/// Most characters of a name, without the dot at its end. (RFC 1035.)
const NAME_MAX: usize = 253;

/// A look-up of the addresses of `host`, as the system makes it; [`Lookup::start`] begins it. (Node: `dns.lookup`; POSIX:
/// `getaddrinfo`.)
///
/// - It reads what the system reads: the hosts file, `nsswitch.conf`, `resolv.conf` with its search domains. The
///   addresses come in the system's order (RFC 6724).
/// - It blocks, so it is a job of the pool, in [`Lane::Dns`](crate::Lane::Dns), at most half of whose threads look names up.
///   Look-ups of the same name and family that are under way in a runtime share one job. It keeps no cache.
/// - A numeric address (`127.0.0.1`, `::1`, `fe80::1%2`) is its own answer, without a job.
/// - International names are passed on as they are: what becomes of them is the system's affair. Most want the `xn--` form.
///   A dot at the end (`example.org.`) says that no search domain is to be tried.
/// - A runtime may be given another way to look names up: [`Lookups`](super::Lookups). Under simulation it should be.
///
/// # Errors
/// See [`LookupError`]; each names the host.
///
/// # Examples
/// ```
/// use roundsman::dns::{self, Addresses, LookupError};
/// use roundsman::prelude::*;
///
/// enum Msg {
///     Found(Result<Addresses, LookupError>),
/// }
///
/// struct Client;
///
/// impl Actor for Client {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         dns::lookup("localhost").start(ctx, Msg::Found);
///         Ok(())
///     }
///
///     fn receive(&mut self, Msg::Found(found): Msg, _: &mut Context<Self>) -> Outcome {
///         assert!(found?.ips().all(|ip| ip.is_loopback()));
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Client)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn lookup(host: impl AsRef<str>) -> Lookup {
    Lookup { host: host.as_ref().into(), family: Family::Any, timeout: None }
}

/// Which addresses are wanted. (Node: `family`.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Family {
    /// All that there are.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    /// Whether this address is of it.
    pub(crate) fn has(self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => ip.is_ipv4(),
            Self::V6 => ip.is_ipv6(),
        }
    }
}

/// A look-up as a blueprint: nothing happens until [`start`](Self::start). See [`lookup`].
#[derive(Clone, Debug)]
#[must_use = "nothing is looked up until `start`"]
pub struct Lookup {
    host: Arc<str>,
    family: Family,
    timeout: Option<Duration>,
}

impl Lookup {
    /// Which addresses are wanted. Default: all.
    pub fn family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }

    /// How long it may take, the wait for a thread of the pool included. Then it is answered with
    /// [`LookupError::Timeout`]; what the system has begun goes on behind it. Default: for ever, which is as long as the system
    /// takes, mostly half a minute at most.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Begins it; what was found arrives as the actor's own message, made by `map`: exactly one, unless the actor ends
    /// first. It is an answer: it pauses nobody. The look-up keeps the runtime alive.
    pub fn start<A, F>(self, ctx: &mut Context<'_, A>, map: F) -> Inquiry
    where
        A: Actor,
        F: Fn(Result<Addresses, LookupError>) -> A::Message + Send + Sync + 'static,
    {
        let tell = ctx.recipient(map);
        let known = match numeric(&self.host) {
            Some(address) if self.family.has(address.ip()) => {
                Some(Ok([address].into_iter().collect()))
            }
            Some(_) => Some(Err(LookupError::NoData { host: Arc::clone(&self.host) })),
            None => check(&self.host).err().map(Err),
        };
        if let Some(known) = known {
            tell.complete(known);
            return Inquiry::over();
        }
        let spawn = Spawn::named(format!("lookup:{}", self.host)).tireless();
        let seeker = Seeker::new(self.host, self.family, self.timeout, tell, ctx);
        let seeker = ctx.spawn_with(spawn, seeker);
        Inquiry::of(seeker.recipient(|()| Message::Cancel))
    }
}

/// What needs no look-up.
fn numeric(host: &str) -> Option<SocketAddr> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, 0));
    }
    // With a scope that is a number; one that is a name is the system's to look up.
    let scoped = host.contains('%').then(|| format!("[{host}]:0").parse::<SocketAddrV6>().ok());
    scoped.flatten().map(SocketAddr::V6)
}

/// Refuses what can be no name.
fn check(host: &str) -> Result<(), LookupError> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let why = if name.is_empty() {
        "the name is empty"
    } else if name.contains('\0') {
        "the name has a NUL in it"
    } else if name.chars().nth(NAME_MAX).is_some() {
        "the name has more than 253 characters"
    } else {
        return Ok(());
    };
    Err(LookupError::BadName { host: host.chars().take(NAME_MAX).collect::<String>().into(), why })
}
