//! Our answers and errors, made of hickory's.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType as Kind};

use super::checked::OTHER_QUESTION;
use super::sockets::Trouble;
use crate::dns::resolve_error::Asked;
use crate::dns::{Answer, Caa, Mx, Record, RecordType, ResolveError, Soa, Srv, Txt};

pub(super) fn record_type(record_type: RecordType) -> Kind {
    match record_type {
        RecordType::A => Kind::A,
        RecordType::Aaaa => Kind::AAAA,
        RecordType::Caa => Kind::CAA,
        RecordType::Cname => Kind::CNAME,
        RecordType::Mx => Kind::MX,
        RecordType::Ns => Kind::NS,
        RecordType::Ptr => Kind::PTR,
        RecordType::Soa => Kind::SOA,
        RecordType::Srv => Kind::SRV,
        RecordType::Txt => Kind::TXT,
    }
}

/// The records of the kind that was asked for. Others come with them: the way there, when a name is another's.
pub(super) fn answer(lookup: &Lookup, asked: Asked) -> Result<Answer, ResolveError> {
    let kind = record_type(asked.record_type());
    let wanted = || lookup.answers().iter().filter(|record| record.record_type() == kind);
    let records: Vec<Record> = wanted().filter_map(|wanted| record(&wanted.data)).collect();
    if records.is_empty() {
        return Err(ResolveError::NoData { asked });
    }
    let ttl = wanted().map(|record| record.ttl).min().unwrap_or_default();
    Ok(Answer::new(records, Duration::from_secs(ttl.into())))
}

/// `None`: it is of no kind that is asked for.
fn record(data: &RData) -> Option<Record> {
    Some(match data {
        RData::A(ip) => Record::A(ip.0),
        RData::AAAA(ip) => Record::Aaaa(ip.0),
        RData::CAA(caa) => Record::Caa(Caa {
            critical: caa.issuer_critical,
            tag: caa.tag.clone(),
            value: Bytes::copy_from_slice(&caa.value),
        }),
        RData::CNAME(name) => Record::Cname(text(&name.0)),
        RData::MX(mx) => Record::Mx(Mx { preference: mx.preference, exchange: text(&mx.exchange) }),
        RData::NS(name) => Record::Ns(text(&name.0)),
        RData::PTR(name) => Record::Ptr(text(&name.0)),
        RData::SOA(soa) => Record::Soa(Soa {
            primary: text(&soa.mname),
            responsible: text(&soa.rname),
            serial: soa.serial,
            refresh: seconds(soa.refresh),
            retry: seconds(soa.retry),
            expire: seconds(soa.expire),
            minimum: Duration::from_secs(soa.minimum.into()),
        }),
        RData::SRV(srv) => Record::Srv(Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: text(&srv.target),
        }),
        RData::TXT(txt) => {
            let chunks = txt.txt_data.iter().map(|chunk| Bytes::copy_from_slice(chunk));
            Record::Txt(Txt { chunks: chunks.collect() })
        }
        _ => return None,
    })
}

/// A name without the dot at its end. What is not ASCII in it stays as it is on the wire.
fn text(name: &Name) -> String {
    let mut text = name.to_ascii();
    if text.len() > 1 && text.ends_with('.') {
        text.pop();
    }
    text
}

fn seconds(seconds: i32) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}

/// Our error. `trouble` is what went wrong last with a socket.
pub(super) fn error(error: NetError, trouble: Option<Trouble>, asked: Asked) -> ResolveError {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => code(none.response_code, asked),
        NetError::Dns(DnsError::ResponseCode(response)) => code(response, asked),
        NetError::Timeout => ResolveError::Timeout { asked },
        NetError::Io(error) => of_a_socket(error.kind(), error.to_string().into(), asked),
        // No server is left: with each the same, or something like it, went wrong.
        NetError::NoConnections => match trouble {
            Some((kind, text)) => of_a_socket(kind, text, asked),
            None => ResolveError::Failed { asked, text: "no server can be reached".into() },
        },
        bad @ (NetError::Proto(_)
        | NetError::Truncated
        | NetError::ForeignClassRecord { .. }
        | NetError::Message(OTHER_QUESTION)) => {
            ResolveError::BadResponse { asked, text: bad.to_string().into() }
        }
        other => ResolveError::Failed { asked, text: other.to_string().into() },
    }
}

fn of_a_socket(kind: io::ErrorKind, text: Arc<str>, asked: Asked) -> ResolveError {
    match kind {
        io::ErrorKind::ConnectionRefused => ResolveError::ConnectionRefused { asked },
        io::ErrorKind::TimedOut => ResolveError::Timeout { asked },
        io::ErrorKind::Unsupported => {
            let text = "no name server is asked under simulation: `dns::lookup` finds the hosts of its network".into();
            ResolveError::Io { asked, kind, text }
        }
        kind => ResolveError::Io { asked, kind, text },
    }
}

/// What a server says by its response code; "no error" here is without records.
fn code(code: ResponseCode, asked: Asked) -> ResolveError {
    match code {
        ResponseCode::NoError => ResolveError::NoData { asked },
        ResponseCode::NXDomain => ResolveError::NotFound { asked },
        ResponseCode::ServFail => ResolveError::ServerFailure { asked },
        ResponseCode::Refused => ResolveError::Refused { asked },
        ResponseCode::FormErr => ResolveError::FormatError { asked },
        ResponseCode::NotImp => ResolveError::NotImplemented { asked },
        other => ResolveError::OtherCode { asked, code: other.into() },
    }
}
