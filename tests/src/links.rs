//! The kinds of link there are, as ways from one source to another that carries the same.
//!
//! Every rule of streams is tested on each of them; see `tests/streams.rs`.

use std::fs;

use bytes::Bytes;
use roundsman::net::Connection;
use roundsman::stream::{PipeError, Source, Summary, filter, map};
use roundsman::{Actor, Context, Outcome, Placement, Scope};

use crate::pairs::Pair;
use crate::payload::Payload;
use crate::relay::relayed;

/// A kind of link.
pub struct Kind<T> {
    /// How many pairs of connections it takes.
    pub pairs: usize,
    /// The most that may be under way on it, in items or bytes, when its lower end asks for nothing.
    pub slack: u64,
    join: fn(Source<T>, Wiring<'_>) -> Source<T>,
}

impl<T> Clone for Kind<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kind<T> {}

/// What a link is made with.
pub struct Wiring<'a> {
    scope: Scope<'a>,
    pairs: Vec<Pair>,
}

impl<T: Payload> Kind<T> {
    /// Joins the link to `source`; what comes out of it carries the same.
    pub fn join(&self, source: Source<T>, scope: Scope<'_>, pairs: Vec<Pair>) -> Source<T> {
        (self.join)(source, Wiring { scope, pairs })
    }

    /// So many links of the usual window, one after another.
    #[must_use]
    pub fn within(links: u64, join: fn(Source<T>, Wiring<'_>) -> Source<T>) -> Self {
        Self { pairs: 0, slack: links * T::LINK, join }
    }

    /// Nothing in between: all in one actor.
    #[must_use]
    pub fn one_actor() -> Self {
        Self::within(0, |source, _| source)
    }

    /// Two actors.
    #[must_use]
    pub fn boundary() -> Self {
        Self::within(1, |source, _| source.boundary())
    }

    /// One operator.
    #[must_use]
    pub fn one_stage() -> Self {
        Self::within(0, |source, _| source.map(|item| item))
    }

    /// Three operators in three actors.
    #[must_use]
    pub fn three_stages() -> Self {
        Self::within(3, |source, _| {
            let source = source.boundary().through(map(|item| item)).boundary();
            source.through(filter(|_| true)).boundary().map(|item| item)
        })
    }

    /// An inlet, an actor, an outlet.
    #[must_use]
    pub fn relay() -> Self {
        Self::within(3, |source, wiring| relayed(source, wiring.scope, Placement::Here))
    }

    /// The same on another loop, if there is one.
    #[must_use]
    pub fn relay_elsewhere() -> Self {
        Self::within(3, |source, wiring| relayed(source, wiring.scope, Placement::Loop(1)))
    }
}

impl Kind<Bytes> {
    /// A TCP writer and a TCP reader.
    #[must_use]
    pub fn tcp() -> Self {
        Self::through_sockets(1)
    }

    /// The same twice: in between a TCP reader is piped straight into a TCP writer.
    #[must_use]
    pub fn tcp_to_tcp() -> Self {
        Self::through_sockets(2)
    }

    fn through_sockets(pairs: usize) -> Self {
        let slack = pairs as u64 * (3 * Bytes::LINK + kernel_buffers());
        let join = |mut source: Source<Bytes>, wiring: Wiring<'_>| {
            for (index, (from, to)) in wiring.pairs.into_iter().enumerate() {
                wiring.scope.spawn_on(Placement::Loop(index + 1), roundsman::Spawn::new(), || {
                    Sending { parts: Some((source, from)) }
                });
                source = to.reader();
            }
            source
        };
        Self { pairs, slack, join }
    }
}

/// The most that the kernel keeps of one connection, in bytes: what is sent and not acknowledged, and what is received
/// and not read.
#[must_use]
pub fn kernel_buffers() -> u64 {
    let limit = |name: &str| -> u64 {
        let text = fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
        text.split_whitespace().last().and_then(|max| max.parse().ok()).unwrap_or(32 << 20)
    };
    limit("tcp_wmem") + limit("tcp_rmem")
}

/// The actor that sends from a source into a connection.
struct Sending {
    parts: Option<(Source<Bytes>, Connection)>,
}

impl Actor for Sending {
    type Message = Result<Summary, PipeError>;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let (source, connection) = self.parts.take().expect("it starts once");
        source.pipe(connection.writer()).start(ctx, |result| result);
        Ok(())
    }

    fn receive(&mut self, _: Self::Message, ctx: &mut Context<'_, Self>) -> Outcome {
        // Both halves are gone by now, or never were: the connection goes with its actor.
        ctx.stop();
        Ok(())
    }
}
