//! Connections whose answers are compared with what was asked.
//!
//! The crate compares id and question over UDP, and over TCP the id only. Here the question is compared over both.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use hickory_net::xfer::{DnsExchange, DnsHandle};
use hickory_resolver::config::ConnectionConfig;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::op::{DnsRequest, DnsResponse, Query};
use hickory_resolver::{ConnectionProvider, PoolContext};

use super::provider::Provider;

/// What an answer to another question is.
pub(super) const OTHER_QUESTION: &str = "the answer is to another question";

/// Makes connections whose answers are compared.
#[derive(Clone)]
pub(super) struct Checking(pub(super) Provider);

impl ConnectionProvider for Checking {
    type Conn = Checked;
    type FutureConn = Opening;
    type RuntimeProvider = Provider;

    fn new_connection(
        &self,
        ip: IpAddr,
        config: &ConnectionConfig,
        cx: &PoolContext,
    ) -> Result<Opening, NetError> {
        self.0.new_connection(ip, config, cx).map(Opening)
    }

    fn runtime_provider(&self) -> &Provider {
        &self.0
    }
}

/// A connection on its way.
pub(super) struct Opening(<Provider as ConnectionProvider>::FutureConn);

impl Future for Opening {
    type Output = Result<Checked, NetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map_ok(Checked)
    }
}

/// A connection whose answers are compared.
#[derive(Clone)]
pub(super) struct Checked(DnsExchange<Provider>);

impl DnsHandle for Checked {
    type Response = Comparing<<DnsExchange<Provider> as DnsHandle>::Response>;
    type Runtime = Provider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let asked = request.queries.iter().cloned().collect();
        Comparing { asked, answers: self.0.send(request) }
    }
}

/// Answers that are compared.
pub(super) struct Comparing<S> {
    asked: Arc<[Query]>,
    answers: S,
}

impl<S> Stream for Comparing<S>
where
    S: Stream<Item = Result<DnsResponse, NetError>> + Unpin,
{
    type Item = Result<DnsResponse, NetError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.answers).poll_next(cx);
        polled.map(|answer| {
            answer.map(|answer| {
                answer.and_then(|answer| {
                    if *answer.queries == *self.asked {
                        Ok(answer)
                    } else {
                        Err(NetError::Message(OTHER_QUESTION))
                    }
                })
            })
        })
    }
}
