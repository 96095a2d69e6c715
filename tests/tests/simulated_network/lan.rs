//! A simulated network without faults, on which everything takes a millisecond, and what tests put on it.

use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{Connect, ConnectError, Connection, Listen, tcp};
use roundsman::sim::{Network, NetworkFaults, Probe};
use roundsman::stream::{Item, StreamContext};
use roundsman::{Actor, Address, Context, Runtime, Simulation, Spawn, Stepped};
use roundsman_tests::role::Role;

use crate::scenarios::called;

/// How long everything travels.
pub(crate) const LATENCY: Duration = Duration::from_millis(1);
/// Longer than anything takes that is expected.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// The network, and its simulation.
pub(crate) struct Lan {
    pub(crate) simulation: Simulation,
    pub(crate) network: Network,
}

/// What a service on it takes.
pub(crate) enum Served {
    Accepted(Item<Connection>),
    Ended,
}

impl Lan {
    pub(crate) fn new(seed: u64) -> Self {
        let simulation = Simulation::new(seed);
        let network = Network::new(&simulation);
        network.faults(NetworkFaults::none());
        network.latency(LATENCY..LATENCY);
        Self { simulation, network }
    }

    /// The same with a service on the host `server`, 10.0.0.1 and fd00::1, that gives everything back.
    pub(crate) fn with_echo(seed: u64, listen: Listen) -> Self {
        let lan = Self::new(seed);
        lan.launch(
            "server",
            1,
            serve(vec![listen], |conn, ctx| {
                conn.reader().pipe(conn.writer()).start(ctx, |_| Served::Ended);
            }),
        );
        lan.run_for(Duration::ZERO);
        lan
    }

    /// One more runtime on a host; returns its number.
    pub(crate) fn launch<A: Actor>(
        &self,
        name: &str,
        loops: usize,
        root: impl FnOnce() -> A,
    ) -> usize {
        let builder = self.network.join(name, Runtime::builder().loops(loops));
        let runtime = builder.build_in(&self.simulation).expect("a runtime");
        self.simulation.launch(runtime, Spawn::named("root"), root)
    }

    /// The same, whose root tells a probe.
    pub(crate) fn tell<M: Send + std::fmt::Debug + 'static, A: Actor>(
        &self,
        name: &str,
        root: impl FnOnce(Address<M>) -> A,
    ) -> Probe<M> {
        let builder = self.network.join(name, Runtime::builder().loops(1));
        let runtime = builder.build_in(&self.simulation).expect("a runtime");
        let probe = Probe::new(&runtime.handle(), &self.simulation);
        let address = probe.address();
        self.simulation.launch(runtime, Spawn::named("root"), || root(address));
        probe
    }

    /// Has an attempt made on a host, and tells how it went: "connected", or what it is called.
    pub(crate) fn dial(&self, from: &str, connect: Connect) -> Probe<String> {
        self.tell(from, |tell: Address<String>| {
            let mut kept = Vec::new();
            Role::new(move |result: Result<Connection, ConnectError>, _: &mut Context<'_, _>| {
                let text = match &result {
                    Ok(_) => "connected".to_owned(),
                    Err(error) => called(Some(error.kind())),
                };
                kept.extend(result);
                Ok(tell.send(text)?)
            })
            .started(move |ctx| {
                connect.start(ctx, |result| result);
                Ok(())
            })
        })
    }

    pub(crate) fn run_for(&self, time: Duration) {
        let limit = self.simulation.now() + time;
        while !matches!(self.simulation.step(Some(limit)), Stepped::Reached | Stepped::Ended) {}
    }

    /// How much time has passed.
    pub(crate) fn time(&self) -> Duration {
        self.simulation.now().since_start()
    }
}

/// A service that listens, and does this with who comes.
pub(crate) fn serve(
    listens: Vec<Listen>,
    mut serve: impl FnMut(Connection, &mut Context<'_, Role<Served>>) + 'static,
) -> impl FnOnce() -> Role<Served> {
    move || {
        Role::new(move |message, ctx: &mut Context<'_, Role<Served>>| {
            match message {
                Served::Accepted(conn) => serve(conn.take(), ctx),
                Served::Ended => {}
            }
            Ok(())
        })
        .started(move |ctx| {
            for listen in listens {
                let incoming = listen.bind()?.incoming().pipe(ctx.inlet(Served::Accepted));
                incoming.start(ctx, |_| Served::Ended);
            }
            Ok(())
        })
    }
}

/// Where the echo is, usually.
pub(crate) fn everywhere() -> Listen {
    tcp::listener("0.0.0.0:7")
}

/// So many bytes that tell where they are.
pub(crate) fn pattern(len: usize) -> Bytes {
    (0..len).map(|at| (at % 251) as u8).collect()
}
