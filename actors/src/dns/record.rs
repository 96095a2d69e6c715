//! What name servers say of a name: kinds of records, and records.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;

/// A kind of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordType {
    /// IPv4 addresses. (RFC 1035)
    A,
    /// IPv6 addresses. (RFC 3596)
    Aaaa,
    /// Who may issue certificates. (RFC 8659)
    Caa,
    /// The name that this one is another name of. (RFC 1035)
    Cname,
    /// Where mail goes. (RFC 1035)
    Mx,
    /// The name servers of a zone. (RFC 1035)
    Ns,
    /// The name of an address. (RFC 1035)
    Ptr,
    /// How a zone is kept. (RFC 1035)
    Soa,
    /// Where a service is. (RFC 2782)
    Srv,
    /// Text. (RFC 1035)
    Txt,
}

/// All kinds, with their names.
const TYPES: [(RecordType, &str); 10] = [
    (RecordType::A, "A"),
    (RecordType::Aaaa, "AAAA"),
    (RecordType::Caa, "CAA"),
    (RecordType::Cname, "CNAME"),
    (RecordType::Mx, "MX"),
    (RecordType::Ns, "NS"),
    (RecordType::Ptr, "PTR"),
    (RecordType::Soa, "SOA"),
    (RecordType::Srv, "SRV"),
    (RecordType::Txt, "TXT"),
];

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = TYPES.iter().find(|(kind, _)| kind == self).map_or("?", |(_, name)| name);
        f.pad(name)
    }
}

/// A text is no kind of records.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no type of records: A, AAAA, CAA, CNAME, MX, NS, PTR, SOA, SRV and TXT are")]
pub struct UnknownType(String);

impl FromStr for RecordType {
    type Err = UnknownType;

    /// Reads its name, in upper or lower case.
    ///
    /// ```
    /// use roundsman::dns::RecordType;
    ///
    /// assert_eq!("mx".parse(), Ok(RecordType::Mx));
    /// assert!("mail".parse::<RecordType>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let found = TYPES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        found.map(|(kind, _)| *kind).ok_or_else(|| UnknownType(text.chars().take(40).collect()))
    }
}

/// One record. Names have no dot at the end, as in Node. As a text it is what a zone file has after the type, but for those
/// dots; what is not printable is escaped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Record {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Who may issue certificates.
    Caa(Caa),
    /// Another name.
    Cname(String),
    /// Where mail goes.
    Mx(Mx),
    /// A name server.
    Ns(String),
    /// The name of an address.
    Ptr(String),
    /// How the zone is kept.
    Soa(Soa),
    /// Where a service is.
    Srv(Srv),
    /// Text.
    Txt(Txt),
}

impl Record {
    /// Its kind.
    #[must_use]
    pub fn record_type(&self) -> RecordType {
        match self {
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::Aaaa,
            Self::Caa(_) => RecordType::Caa,
            Self::Cname(_) => RecordType::Cname,
            Self::Mx(_) => RecordType::Mx,
            Self::Ns(_) => RecordType::Ns,
            Self::Ptr(_) => RecordType::Ptr,
            Self::Soa(_) => RecordType::Soa,
            Self::Srv(_) => RecordType::Srv,
            Self::Txt(_) => RecordType::Txt,
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A(ip) => ip.fmt(f),
            Self::Aaaa(ip) => ip.fmt(f),
            Self::Caa(caa) => caa.fmt(f),
            Self::Cname(name) | Self::Ns(name) | Self::Ptr(name) => f.write_str(name),
            Self::Mx(mx) => mx.fmt(f),
            Self::Soa(soa) => soa.fmt(f),
            Self::Srv(srv) => srv.fmt(f),
            Self::Txt(txt) => txt.fmt(f),
        }
    }
}

/// Who may issue certificates for a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Caa {
    /// Whoever does not understand the tag must not issue.
    pub critical: bool,
    /// `issue`, `issuewild`, `iodef`, …
    pub tag: String,
    /// What the tag says.
    pub value: Bytes,
}

impl fmt::Display for Caa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.critical { 128 } else { 0 };
        write!(f, "{flags} {} ", self.tag)?;
        write_quoted(f, &self.value)
    }
}

/// Where mail for a name goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Mx {
    /// The lowest is tried first. (Node: `priority`.)
    pub preference: u16,
    /// The host that takes the mail.
    pub exchange: String,
}

impl fmt::Display for Mx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.preference, self.exchange)
    }
}

/// How a zone is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Soa {
    /// The first name server. (Node: `nsname`.)
    pub primary: String,
    /// Who is responsible: a mail address with a dot in the place of `@`. (Node: `hostmaster`.)
    pub responsible: String,
    /// The version of the zone.
    pub serial: u32,
    /// How often the other name servers look for a new version.
    pub refresh: Duration,
    /// And after a failure.
    pub retry: Duration,
    /// How long they may answer without having reached the first.
    pub expire: Duration,
    /// How long "there is no such record" may be kept. (Node: `minttl`.)
    pub minimum: Duration,
}

impl fmt::Display for Soa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.primary, self.responsible, self.serial)?;
        let times = [self.refresh, self.retry, self.expire, self.minimum];
        times.iter().try_for_each(|time| write!(f, " {}", time.as_secs()))
    }
}

/// Where a service is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Srv {
    /// The lowest is tried first.
    pub priority: u16,
    /// Among equals, the share of the work.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host. (Node: `name`.)
    pub target: String,
}

impl fmt::Display for Srv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.priority, self.weight, self.port, self.target)
    }
}

/// A text record: bytes, mostly readable ones, in chunks of at most 255. What belongs together is mostly to be joined.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Txt {
    /// The chunks, as they came.
    pub chunks: Vec<Bytes>,
}

impl Txt {
    /// The chunks as one text. What is no UTF-8 becomes `U+FFFD`.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.chunks.concat()).into_owned()
    }
}

impl fmt::Display for Txt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chunks.iter().enumerate().try_for_each(|(index, chunk)| {
            if index > 0 {
                f.write_str(" ")?;
            }
            write_quoted(f, chunk)
        })
    }
}

/// Writes bytes in quotes, as zone files have them: they come from outside, and may have anything in them.
fn write_quoted(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("\"")?;
    bytes.iter().try_for_each(|byte| match byte {
        b'"' | b'\\' => write!(f, "\\{}", char::from(*byte)),
        b' '..=b'~' => write!(f, "{}", char::from(*byte)),
        other => write!(f, "\\{other:03}"),
    })?;
    f.write_str("\"")
}
