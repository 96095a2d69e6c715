//! The kinds of link there are, as ways from one source to another that carries the same.
//!
//! Every rule of streams is tested on each of them; see `tests/streams.rs`.

use std::fs;
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::Connection;
use roundsman::stream::{PipeError, Source, Summary, concat, filter, fold, map, merge};
use roundsman::{Actor, Context, Outcome, Placement, Scope, Spawn};

use crate::arrivals::Order;
use crate::filing::{Way, from_a_file, through_a_file};
use crate::pairs::Pair;
use crate::payload::Payload;
use crate::relay::relayed;

/// A kind of link.
pub struct Kind<T> {
    /// How many pairs of connections it takes.
    pub pairs: usize,
    /// The most that may be under way on it, in items or bytes, when its lower end asks for nothing.
    pub slack: u64,
    /// What it keeps of the order of items.
    pub order: Order,
    /// A file on the way is complete before anything is sent from it. So its source must end, and may be ahead of the lower
    /// end by all that it gives: on the disk, not in memory.
    pub whole: bool,
    /// An item takes some milliseconds.
    pub slow: bool,
    join: Join<T>,
}

type Join<T> = fn(Source<T>, Wiring<'_>) -> Source<T>;

/// No bound: see [`Kind::whole`].
const ALL: u64 = u64::MAX / 2;
const HOUR: Duration = Duration::from_secs(3600);

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
        Self::bounded(links * T::LINK, join)
    }

    fn bounded(slack: u64, join: Join<T>) -> Self {
        Self { pairs: 0, slack, order: Order::Kept, whole: false, slow: false, join }
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

    /// To another loop and back, if there is one.
    #[must_use]
    pub fn across_loops() -> Self {
        Self::within(2, |source, _| source.on(Placement::Loop(1)).on(Placement::Loop(0)))
    }

    /// Three stages that wait: for a timer, for the pool, for the next item.
    #[must_use]
    pub fn three_that_wait() -> Self {
        // A window is delayed, and another waits behind the timeout; two items are on the pool, and two may wait for it.
        let kind = Self::bounded(2 * T::LINK + 4 * T::ITEM, |source, _| {
            source.delay(Duration::from_millis(1)).map_on_pool(2, |item| item).timeout(HOUR)
        });
        Self { slow: true, ..kind }
    }

    /// Fan-in: one of several sources that are merged. The others are empty.
    #[must_use]
    pub fn merged() -> Self {
        Self::within(1, |source, _| merge([Source::iter([]), source, Source::iter([])]))
    }

    /// Fan-in: one of several sources, one after another. The others are empty.
    #[must_use]
    pub fn concatenated() -> Self {
        Self::within(1, |source, _| concat([Source::iter([]), source, Source::iter([])]))
    }

    /// Fan-in: each item paired with one of an endless source.
    #[must_use]
    pub fn zipped() -> Self {
        Self::bounded(T::ITEM, |source, _| source.zip_with(Source::iter(0_u64..), |item, _| item))
    }

    /// Fan-out: what is left when every item goes into a sink at the side as well.
    #[must_use]
    pub fn with_a_side() -> Self {
        Self::within(0, |source, _| source.also_to(fold((), |(), _| ())))
    }

    /// Fan-out and fan-in: every item twice, and put together again.
    #[must_use]
    pub fn broadcast_and_zipped() -> Self {
        Self::bounded(T::LINK + T::ITEM, |source, _| {
            let [first, second] = source.broadcast();
            first.zip_with(second, |item, _| item)
        })
    }
}

impl Kind<u64> {
    /// Fan-out and fan-in: even and odd items go different ways, and are merged.
    #[must_use]
    pub fn parted_and_merged() -> Self {
        let kind = Self::within(4, |source, _| merge(source.partition(|item| item % 2 == 0)));
        Self { order: Order::OfHalves, ..kind }
    }

    /// Fan-out and fan-in: items go whichever way has room, and are merged.
    #[must_use]
    pub fn balanced_and_merged() -> Self {
        let kind = Self::within(2, |source, _| merge(source.balance::<2>()));
        Self { order: Order::Lost, ..kind }
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

    /// A TCP writer and a TCP reader, twice, with a stage between them: nothing is moved by the kernel.
    #[must_use]
    pub fn tcp_stage_tcp() -> Self {
        let kind = Self::through_sockets(2);
        let join: Join<Bytes> =
            |source, wiring| through(source, wiring, |source| source.map(|b| b));
        Self { join, ..kind }
    }

    /// A file that is written, then read.
    #[must_use]
    pub fn file() -> Self {
        Self::filed(0, |source, wiring| through_a_file(source, wiring.scope))
    }

    /// A file, piped straight into a TCP writer.
    #[must_use]
    pub fn file_to_tcp() -> Self {
        Self::filed(1, |source, wiring| sent_from_a_file(source, wiring, |source| source))
    }

    /// A file, a stage, and a TCP writer.
    #[must_use]
    pub fn file_stage_tcp() -> Self {
        Self::filed(1, |source, wiring| {
            sent_from_a_file(source, wiring, |source| source.map(|b| b))
        })
    }

    /// A TCP reader, piped straight into a file, which is then read.
    #[must_use]
    pub fn tcp_to_file() -> Self {
        Self::filed(1, |source, wiring| {
            let scope = wiring.scope;
            through_a_file(through(source, wiring, |source| source), scope)
        })
    }

    /// A TCP reader, a stage, and a file, which is then read.
    #[must_use]
    pub fn tcp_stage_file() -> Self {
        Self::filed(1, |source, wiring| {
            let scope = wiring.scope;
            through_a_file(through(source, wiring, |source| source.map(|b| b)), scope)
        })
    }

    fn filed(pairs: usize, join: Join<Bytes>) -> Self {
        Self { pairs, whole: true, ..Self::bounded(ALL, join) }
    }

    fn through_sockets(pairs: usize) -> Self {
        let slack = pairs as u64 * (3 * Bytes::LINK + kernel_buffers());
        let join: Join<Bytes> = |source, wiring| through(source, wiring, |source| source);
        Self { pairs, ..Self::bounded(slack, join) }
    }
}

/// What comes out of the last of some connections, with stages behind each.
fn through(mut source: Source<Bytes>, wiring: Wiring<'_>, way: Way) -> Source<Bytes> {
    for (index, (from, to)) in wiring.pairs.into_iter().enumerate() {
        let sending = move || Sending { parts: Some((source, from)) };
        wiring.scope.spawn_on(Placement::Loop(index + 1), Spawn::new(), sending);
        source = way(to.reader());
    }
    source
}

/// What comes out of a connection into which a file is sent.
fn sent_from_a_file(source: Source<Bytes>, wiring: Wiring<'_>, way: Way) -> Source<Bytes> {
    let Wiring { scope, mut pairs } = wiring;
    let (from, to) = pairs.pop().expect("it takes one pair");
    from_a_file(source, from, way, scope);
    to.reader()
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
