//! How the names of one runtime are looked up: by the system, by a table, or by the user's own code.
//!
//! Provided to a runtime by its builder; used by [`lookup`](super::lookup()). Runs on a thread of the pool.

use std::fmt;
use std::sync::Arc;

use dns_lookup::{AddrFamily, AddrInfoHints, LookupErrorKind, SockType};

use super::{Addresses, Family, Hosts, LookupError};

/// How the names of one runtime are looked up. Unless its builder is given one
/// ([`Builder::provide`](crate::Builder::provide)), the system does it.
///
/// # Examples
/// Every name is this machine:
/// ```
/// use std::net::{IpAddr, Ipv4Addr};
///
/// use roundsman::Runtime;
/// use roundsman::dns::{Addresses, Lookups};
///
/// let home = Lookups::by(|_, _| Ok(Addresses::from_iter([IpAddr::V4(Ipv4Addr::LOCALHOST)])));
/// let runtime = Runtime::builder().loops(1).provide(home).build()?;
/// # drop(runtime);
/// # Ok::<(), roundsman::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Lookups(How);

#[derive(Clone)]
enum How {
    System,
    Table(Arc<Hosts>),
    Code(Arc<Code>),
}

type Code = dyn Fn(&str, Family) -> Result<Addresses, LookupError> + Send + Sync;

impl Lookups {
    /// The system's: `getaddrinfo`.
    #[must_use]
    pub fn system() -> Self {
        Self(How::System)
    }

    /// By code of one's own, which is given the name and the family. It runs on a thread of the pool, in
    /// [`Lane::Dns`](crate::Lane::Dns), so it may block; numeric addresses never reach it. A panic of it is a failure of the
    /// look-up, and to find no address is [`LookupError::NoData`].
    pub fn by(
        code: impl Fn(&str, Family) -> Result<Addresses, LookupError> + Send + Sync + 'static,
    ) -> Self {
        Self(How::Code(Arc::new(code)))
    }

    /// Looks a name up, and takes as long as that takes.
    pub(super) fn run(&self, host: &Arc<str>, family: Family) -> Result<Addresses, LookupError> {
        let found = match &self.0 {
            How::System => getaddrinfo(host, family),
            How::Table(hosts) => hosts.find(host, family),
            How::Code(code) => code(host, family),
        }?;
        if found.is_empty() {
            return Err(LookupError::NoData { host: Arc::clone(host) });
        }
        Ok(found)
    }
}

impl Default for Lookups {
    fn default() -> Self {
        Self::system()
    }
}

impl From<Hosts> for Lookups {
    /// By a table.
    fn from(hosts: Hosts) -> Self {
        Self(How::Table(Arc::new(hosts)))
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            How::System => f.write_str("Lookups(system)"),
            How::Table(hosts) => write!(f, "Lookups({hosts:?})"),
            How::Code(_) => f.write_str("Lookups(code)"),
        }
    }
}

/// Asks the system.
fn getaddrinfo(host: &Arc<str>, family: Family) -> Result<Addresses, LookupError> {
    let hints = AddrInfoHints {
        // Else each address comes once for each kind of socket.
        socktype: SockType::Stream.into(),
        address: match family {
            Family::Any => 0,
            Family::V4 => AddrFamily::Inet.into(),
            Family::V6 => AddrFamily::Inet6.into(),
        },
        ..AddrInfoHints::default()
    };
    let found = dns_lookup::getaddrinfo(Some(host), None, Some(hints));
    // What is no internet address, and nobody asked for, is passed over.
    let found = found.map(|found| found.flatten().map(|info| info.sockaddr).collect());
    found.map_err(|error| said(host, error))
}

/// What the system said.
fn said(host: &Arc<str>, error: dns_lookup::LookupError) -> LookupError {
    /// glibc's code for a name that has addresses, and none of this family; the crate does not name it.
    const EAI_ADDRFAMILY: i32 = -9;
    let host = Arc::clone(host);
    match error.kind() {
        LookupErrorKind::NoName => LookupError::NotFound { host },
        LookupErrorKind::NoData => LookupError::NoData { host },
        LookupErrorKind::Again => LookupError::Temporary { host },
        _ if cfg!(target_os = "linux") && error.error_num() == EAI_ADDRFAMILY => {
            LookupError::NoData { host }
        }
        _ => {
            let code = error.error_num();
            let text = std::io::Error::from(error).to_string();
            LookupError::Failed { host, code, text: text.into() }
        }
    }
}
