//! What asks: a resolver of hickory's, on one loop.
//!
//! All that it makes runs in one executor: the connection that one question opens serves the next.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hickory_net::xfer::{DnsHandle, FirstAnswer, RetryDnsHandle};
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::ProtoError;
use hickory_resolver::proto::op::{DnsRequestOptions, Query};
use hickory_resolver::proto::rr::domain::usage::{IN_ADDR_ARPA_127, IP6_ARPA_1};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};

use super::checked::{Checking, OTHER_QUESTION};
use super::convert;
use super::provider::Provider;
use super::sockets::Troubles;
use crate::dns::resolve_error::Asked;
use crate::dns::settings::{PORT, Plan};
use crate::dns::{Answer, ResolveError};
use crate::futures::{Sleep, sleep};

/// Questions that one TCP connection may have open. The crate's own limit, 32, would fail the next instead.
const OPEN_MAX: usize = 4_096;

/// The future of an answer.
pub(in crate::dns) type Answering =
    Pin<Box<dyn Future<Output = Result<Answer, ResolveError>> + Send>>;

/// What asks one server, or several.
#[derive(Clone)]
struct Asks {
    /// Keeps answers.
    caching: hickory_resolver::Resolver<Checking>,
    /// Asks for what the other would answer by itself: to it, every address that begins with 127 is called `localhost`.
    plain: RetryDnsHandle<NameServerPool<Checking>>,
}

impl Asks {
    fn new(
        servers: &[SocketAddr],
        options: ResolverOpts,
        provider: Provider,
    ) -> Result<Self, NetError> {
        let servers = servers.iter().map(|server| {
            let at_port = |mut connection: ConnectionConfig| {
                connection.port = server.port();
                connection
            };
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(at_port);
            NameServerConfig::new(server.ip(), true, connections.into())
        });
        let (config, provider) =
            (ResolverConfig::from_name_servers(servers.collect()), Checking(provider));
        let context = Arc::new(PoolContext::new(options.clone(), TlsConfig::new()?));
        let plain = config.name_servers().to_vec();
        let plain = NameServerPool::from_config(plain, context, provider.clone());
        let plain = RetryDnsHandle::new(plain, options.attempts);
        let caching = hickory_resolver::Resolver::builder_with_config(config, provider);
        Ok(Self { caching: caching.with_options(options).build()?, plain })
    }

    async fn look_up(&self, name: Name, record_type: RecordType) -> Result<Lookup, NetError> {
        if !IN_ADDR_ARPA_127.zone_of(&name) && !IP6_ARPA_1.zone_of(&name) {
            return self.caching.lookup(name, record_type).await;
        }
        let query = Query::query(name, record_type);
        let mut options = DnsRequestOptions::default();
        options.use_edns = false;
        let response = self.plain.lookup(query.clone(), options).first_answer().await?;
        Ok(Lookup::new_with_max_ttl(query, response.answers.iter().cloned()))
    }
}

/// What asks.
pub(in crate::dns) struct Engine {
    resolver: Asks,
    /// One for each server, if there are several: what one has failed to find out another may know, which the crate's pool leaves
    /// to chance.
    singly: Arc<[Asks]>,
    servers: Arc<[SocketAddr]>,
    /// How long a question may take, all in all.
    longest: Duration,
    troubles: Troubles,
}

impl Engine {
    pub(in crate::dns) fn new(plan: &Plan, cache_size: u64) -> Result<Self, String> {
        let provider = Provider::default();
        let troubles = provider.troubles.clone();
        let build = |servers: &[SocketAddr], attempts| {
            let options = options(plan.timeout, attempts, cache_size);
            Asks::new(servers, options, provider.clone()).map_err(|error| error.to_string())
        };
        let resolver = build(&plan.servers, plan.attempts)?;
        let others = if plan.servers.len() > 1 { &plan.servers[..] } else { &[] };
        let singly = others.chunks(1).map(|server| build(server, 0)).collect::<Result<_, _>>()?;
        let servers = plan.servers.iter().copied().collect();
        let attempts = u32::try_from(plan.attempts).unwrap_or(u32::MAX);
        let longest = plan.timeout.saturating_mul(attempts.saturating_add(1));
        Ok(Self { resolver, singly, servers, longest, troubles })
    }

    /// The future of an answer, to be polled by the executor of this loop.
    pub(in crate::dns) fn ask(&self, asked: Asked) -> Result<Answering, ResolveError> {
        let asked = asked.of(&self.servers);
        let name = name(&asked)?;
        let record_type = convert::record_type(asked.record_type());
        let (resolver, singly) = (self.resolver.clone(), Arc::clone(&self.singly));
        let troubles = self.troubles.clone();
        let mut over = (!singly.is_empty()).then(|| Deadline::new(self.longest));
        Ok(Box::pin(async move {
            let first = resolver.look_up(name.clone(), record_type);
            let mut found = match &mut over {
                Some(over) => over.meet(first).await.unwrap_or(Err(NetError::Timeout)),
                None => first.await,
            };
            for server in &*singly {
                if !found.as_ref().is_err_and(is_of_the_server) {
                    break;
                }
                let Some(over) = &mut over else { break };
                let Some(again) = over.meet(server.look_up(name.clone(), record_type)).await else {
                    break;
                };
                if again.as_ref().map_or_else(is_said, |_| true) {
                    found = again;
                }
            }
            match found {
                Ok(lookup) => convert::answer(&lookup, asked),
                Err(error) => Err(convert::error(error, troubles.last(), asked)),
            }
        }))
    }
}

/// The end of a question's time, over several futures one after another.
struct Deadline(Sleep);

impl Deadline {
    fn new(after: Duration) -> Self {
        Self(sleep(after))
    }

    /// What a future comes to; `None`, if not in time, which counts from when the first is polled.
    fn meet<'a, F: Future + Send + 'a>(
        &'a mut self,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send + 'a {
        let mut future = Box::pin(future);
        poll_fn(move |cx| {
            let is_over = Pin::new(&mut self.0).poll(cx);
            match future.as_mut().poll(cx) {
                Poll::Ready(value) => Poll::Ready(Some(value)),
                Poll::Pending => is_over.map(|()| None),
            }
        })
    }
}

/// Whether a server has answered, and it is worth asking another: it could not, or would not, or makes no sense.
fn is_of_the_server(error: &NetError) -> bool {
    matches!(
        error,
        NetError::Dns(DnsError::ResponseCode(_))
            | NetError::Proto(_)
            | NetError::Truncated
            | NetError::ForeignClassRecord { .. }
            | NetError::Message(OTHER_QUESTION)
    )
}

/// Whether an error is an answer: there is no such name, or no such record.
fn is_said(error: &NetError) -> bool {
    matches!(error, NetError::Dns(DnsError::NoRecordsFound(_)))
}

fn options(timeout: Duration, attempts: usize, cache_size: u64) -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = timeout;
    options.attempts = attempts;
    options.cache_size = cache_size;
    options.max_active_requests = OPEN_MAX;
    // As the C library: servers that know nothing of it still answer.
    options.edns0 = false;
    // It would be read here and now, on the loop; and name servers are what is asked.
    options.use_hosts_file = ResolveHosts::Never;
    options
}

/// The name, fully qualified.
fn name(asked: &Asked) -> Result<Name, ResolveError> {
    let bad = |why: String| ResolveError::BadName { asked: asked.clone(), why: why.into() };
    if asked.name().is_empty() {
        return Err(bad("it is empty".to_owned()));
    }
    let text = asked.name();
    // The conversion of other letters takes longer than all else that a cached answer takes.
    let read = if text.is_ascii() { of_ascii(text) } else { Name::from_utf8(text) };
    let mut name = read.map_err(|error| bad(error.to_string()))?;
    name.set_fqdn(true);
    Ok(name)
}

/// A name as it is written, or else of labels that no host has but others may: with a space in them, for instance. (RFC 2181, 11)
fn of_ascii(text: &str) -> Result<Name, ProtoError> {
    Name::from_ascii(text).or_else(|error| {
        let text = text.strip_suffix('.').unwrap_or(text);
        let labels = text.split('.').map(str::as_bytes);
        // What is escaped would have been read.
        let is_plain = !text.contains('\\') && !labels.clone().any(<[u8]>::is_empty);
        if is_plain { Name::from_labels(labels) } else { Err(error) }
    })
}

/// Whom the system asks. It blocks.
pub(in crate::dns) fn system() -> Result<Plan, String> {
    let (config, options) = read_system_conf()
        .map_err(|error| format!("reading the system's settings (/etc/resolv.conf): {error}"))?;
    let servers = config.name_servers().iter().map(|server| {
        let port = server.connections.first().map_or(PORT, |connection| connection.port);
        SocketAddr::new(server.ip, port)
    });
    Ok(Plan { servers: servers.collect(), timeout: options.timeout, attempts: options.attempts })
}
