//! A resolver: who is asked, in the hands of whoever asks.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roundsman_runtime::{Actor, Address, Context, Recipient, Spawn};

use super::service::{Message, Service};
use super::settings::{Servers, Settings};
use super::{Caa, Mx, Question, Record, RecordType, Soa, Srv, Txt};

/// Answers that are kept, unless said otherwise.
const CACHE: u64 = 8_192;

/// Asks name servers for records, over UDP, and over TCP what does not fit. (Node: `dns.Resolver`.)
///
/// It is a handle: clones are the same resolver, usable by any actor on any loop. On each loop where it is used it has an
/// actor, with its own sockets, timers and cache; it ends with the last handle and the last question. An idle
/// resolver does not keep the runtime alive.
///
/// - **Names** are taken as fully qualified: no search domains, no hosts file. Letters that are not ASCII are converted
///   (IDNA). `localhost` is answered without asking, and so is that there is no `.invalid` (RFC 6761) and no `.onion` (RFC 7686).
/// - **Records** come in the server's order, only of the kind that was asked for, also behind other names (CNAME).
/// - **Several servers**: two are asked at the same time, those first that have lately answered best; one that is down costs
///   nothing if another is up.
/// - **Only the server that was asked is heard.** Sockets are connected; the port is drawn at random for each question,
///   and an answer counts only with the id and the question of ours. Anything else is passed over.
/// - **Time**: an attempt takes at most [`timeout`](ResolverBuilder::timeout), and a question that nobody answers
///   `timeout × (1 + attempts)`. [`Question::within`] sets a deadline.
/// - **Cache**: answers, and that there are none, are kept as long as their TTL says; not those about names of loopback addresses
///   (`127.in-addr.arpa`). The same question is asked once at a time.
///
/// # Examples
/// ```
/// use std::net::UdpSocket;
///
/// use roundsman::dns::{Answer, Mx, ResolveError, Resolver};
/// use roundsman::prelude::*;
///
/// enum Msg {
///     Mail(Result<Answer<Mx>, ResolveError>),
/// }
///
/// struct Postman(Resolver);
///
/// impl Actor for Postman {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         self.0.mx("example.org").start(ctx, Msg::Mail);
///         Ok(())
///     }
///
///     fn receive(&mut self, Msg::Mail(mail): Msg, _: &mut Context<Self>) -> Outcome {
///         // Nobody listens there.
///         assert!(matches!(mail, Err(ResolveError::ConnectionRefused { .. })));
///         Ok(())
///     }
/// }
///
/// // A port that was free a moment ago.
/// let server = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
/// let resolver = Resolver::builder().servers([server]).build();
/// Runtime::builder().loops(1).build()?.run(|| Postman(resolver))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Resolver(Arc<Inner>);

struct Inner {
    settings: Arc<Settings>,
    /// Its actors: one for each loop.
    homes: Mutex<Vec<Home>>,
}

struct Home {
    runtime: Arc<Mark>,
    loop_index: usize,
    service: Address<Message>,
    close: Recipient<()>,
}

/// Which runtime it is: each has one of its own.
#[derive(Default)]
struct Mark(#[expect(dead_code, reason = "it is told by its place, so it must have one")] u8);

impl Resolver {
    /// What a resolver is built from.
    pub fn builder() -> ResolverBuilder {
        ResolverBuilder::default()
    }

    /// One that asks the servers that the system names: see [`ResolverBuilder::system`].
    #[must_use]
    pub fn system() -> Self {
        Self::builder().build()
    }

    /// The records of `name` of one kind. (Node: `resolver.resolve`.)
    pub fn resolve(&self, name: impl AsRef<str>, record_type: RecordType) -> Question {
        self.question(name, record_type, Some)
    }

    /// IPv4 addresses. (Node: `resolve4`.)
    pub fn a(&self, name: impl AsRef<str>) -> Question<Ipv4Addr> {
        self.question(name, RecordType::A, |record| match record {
            Record::A(ip) => Some(ip),
            _ => None,
        })
    }

    /// IPv6 addresses. (Node: `resolve6`.)
    pub fn aaaa(&self, name: impl AsRef<str>) -> Question<Ipv6Addr> {
        self.question(name, RecordType::Aaaa, |record| match record {
            Record::Aaaa(ip) => Some(ip),
            _ => None,
        })
    }

    /// Who may issue certificates. (Node: `resolveCaa`.)
    pub fn caa(&self, name: impl AsRef<str>) -> Question<Caa> {
        self.question(name, RecordType::Caa, |record| match record {
            Record::Caa(caa) => Some(caa),
            _ => None,
        })
    }

    /// The name that this one is another name of. (Node: `resolveCname`.)
    pub fn cname(&self, name: impl AsRef<str>) -> Question<String> {
        self.question(name, RecordType::Cname, |record| match record {
            Record::Cname(name) => Some(name),
            _ => None,
        })
    }

    /// Where mail goes. (Node: `resolveMx`.)
    pub fn mx(&self, name: impl AsRef<str>) -> Question<Mx> {
        self.question(name, RecordType::Mx, |record| match record {
            Record::Mx(mx) => Some(mx),
            _ => None,
        })
    }

    /// The name servers of a zone. (Node: `resolveNs`.)
    pub fn ns(&self, name: impl AsRef<str>) -> Question<String> {
        self.question(name, RecordType::Ns, |record| match record {
            Record::Ns(name) => Some(name),
            _ => None,
        })
    }

    /// What a name of the reverse tree leads to. (Node: `resolvePtr`.) See also [`reverse`](Self::reverse).
    pub fn ptr(&self, name: impl AsRef<str>) -> Question<String> {
        self.question(name, RecordType::Ptr, |record| match record {
            Record::Ptr(name) => Some(name),
            _ => None,
        })
    }

    /// How a zone is kept. (Node: `resolveSoa`.)
    pub fn soa(&self, name: impl AsRef<str>) -> Question<Soa> {
        self.question(name, RecordType::Soa, |record| match record {
            Record::Soa(soa) => Some(soa),
            _ => None,
        })
    }

    /// Where a service is: `_sip._tcp.example.org`. (Node: `resolveSrv`.)
    pub fn srv(&self, name: impl AsRef<str>) -> Question<Srv> {
        self.question(name, RecordType::Srv, |record| match record {
            Record::Srv(srv) => Some(srv),
            _ => None,
        })
    }

    /// Text. (Node: `resolveTxt`.)
    pub fn txt(&self, name: impl AsRef<str>) -> Question<Txt> {
        self.question(name, RecordType::Txt, |record| match record {
            Record::Txt(txt) => Some(txt),
            _ => None,
        })
    }

    /// The names of an address. (Node: `reverse`; RFC 1035, RFC 3596.)
    pub fn reverse(&self, ip: IpAddr) -> Question<String> {
        self.ptr(reverse_name(ip))
    }

    fn question<T>(
        &self,
        name: impl AsRef<str>,
        record_type: RecordType,
        pick: fn(Record) -> Option<T>,
    ) -> Question<T> {
        Question::new(self.clone(), name.as_ref().into(), record_type, pick)
    }

    /// Its actor on this loop.
    pub(super) fn service<A: Actor>(&self, ctx: &Context<'_, A>) -> Address<Message> {
        let runtime = ctx.provided_or(Mark::default);
        let loop_index = ctx.loop_index();
        let homes = || self.0.homes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = homes().iter().find_map(|home| {
            let here = home.loop_index == loop_index
                && Arc::ptr_eq(&home.runtime, &runtime)
                && !home.service.is_closed();
            here.then(|| home.service.clone())
        });
        if let Some(service) = known {
            return service;
        }
        // Only this thread adds one for this loop.
        let spawn = Spawn::named("resolver").tireless();
        let service = Service::new(Arc::clone(&self.0.settings));
        let service = ctx.scope().without_parent().spawn_with(spawn, service);
        let close = service.recipient(|()| Message::Close);
        let mut homes = homes();
        let (kept, ended): (Vec<_>, Vec<_>) =
            std::mem::take(&mut *homes).into_iter().partition(|home| !home.service.is_closed());
        *homes = kept;
        homes.push(Home { runtime, loop_index, service: service.clone(), close });
        drop(homes);
        drop(ended);
        service
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let homes = self.homes.get_mut().unwrap_or_else(PoisonError::into_inner);
        for home in homes.drain(..).filter(|home| !home.close.is_closed()) {
            home.close.complete(());
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resolver({:?})", self.0.settings)
    }
}

/// What a resolver is built from. Nothing is read, and nobody asked, before the first question.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct ResolverBuilder(Settings);

impl Default for ResolverBuilder {
    fn default() -> Self {
        let servers = Servers::System;
        Self(Settings { servers, timeout: None, attempts: None, cache_size: CACHE })
    }
}

impl ResolverBuilder {
    /// Asks these. Scopes of IPv6 addresses are not kept.
    pub fn servers(mut self, servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.0.servers = Servers::These(servers.into_iter().collect());
        self
    }

    /// Asks those that the system names: in `/etc/resolv.conf`, or wherever else it keeps them. They are read, on a thread of
    /// the pool, before the first question of each loop. This is the default.
    ///
    /// If they cannot be read, that question is answered with [`ResolveError::Config`](super::ResolveError::Config), and
    /// the next one has them read again. What has been read is not read again when it changes.
    pub fn system(mut self) -> Self {
        self.0.servers = Servers::System;
        self
    }

    /// The same, from a file of the form of `resolv.conf`. Heeded are `nameserver`, and the options `timeout` and
    /// `attempts`.
    pub fn resolv_conf(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.servers = Servers::File(path.into());
        self
    }

    /// How long one attempt may take, over all servers. Default: 5 s, or what the system says.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = Some(timeout);
        self
    }

    /// How often a question that nobody has answered is asked again. Default: 2, or what the system says.
    pub fn attempts(mut self, attempts: usize) -> Self {
        self.0.attempts = Some(attempts);
        self
    }

    /// How many answers are kept on each loop, at most. Default 8,192; with 0, none.
    pub fn cache_size(mut self, answers: u64) -> Self {
        self.0.cache_size = answers;
        self
    }

    /// Builds it.
    #[must_use]
    pub fn build(self) -> Resolver {
        let homes = Mutex::default();
        Resolver(Arc::new(Inner { settings: Arc::new(self.0), homes }))
    }
}

/// Where the names of an address stand.
fn reverse_name(ip: IpAddr) -> String {
    use fmt::Write as _;
    let mut name = String::new();
    // To write to a string does not fail.
    match ip {
        IpAddr::V4(ip) => {
            for octet in ip.octets().iter().rev() {
                let _ = write!(name, "{octet}.");
            }
            name.push_str("in-addr.arpa.");
        }
        IpAddr::V6(ip) => {
            for octet in ip.octets().iter().rev() {
                let _ = write!(name, "{:x}.{:x}.", octet & 15, octet >> 4);
            }
            name.push_str("ip6.arpa.");
        }
    }
    name
}
