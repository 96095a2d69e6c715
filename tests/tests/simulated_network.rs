//! The simulated network: the sockets of services that run under a seed.

#[path = "simulated_network/scenarios.rs"]
mod scenarios;
#[path = "simulated_network/stage.rs"]
mod stage;
#[path = "simulated_network/two_worlds.rs"]
mod two_worlds;

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{ConnectError, Connection, Endpoint, tcp};
use roundsman::prelude::*;
use roundsman::sim::{Network, NetworkFaults};
use roundsman::stream::{Item, PipeError, Source, Summary};
use roundsman::{Runtime, Simulation, Spawn, Stepped};
use roundsman_tests::seeds::seeds;

/// Gives everything back.
struct Echo;

enum EchoMessage {
    Accepted(Item<Connection>),
    Ended(Result<Summary, PipeError>),
}

impl Actor for Echo {
    type Message = EchoMessage;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let listener = tcp::listen("0.0.0.0:7")?;
        listener.incoming().pipe(ctx.inlet(EchoMessage::Accepted)).start(ctx, EchoMessage::Ended);
        Ok(())
    }

    fn receive(&mut self, message: EchoMessage, ctx: &mut Context<Self>) -> Outcome {
        if let EchoMessage::Accepted(conn) = message {
            conn.reader().pipe(conn.writer()).start(ctx, EchoMessage::Ended);
        }
        Ok(())
    }
}

/// Sends so many bytes and keeps what comes back.
struct Client {
    to: String,
    bytes: usize,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default, Debug)]
struct Seen {
    connected: Option<Result<Endpoint, ConnectError>>,
    sent: Option<Result<Summary, PipeError>>,
    got: Option<Result<Vec<Bytes>, PipeError>>,
}

enum ClientMessage {
    Connected(Result<Connection, ConnectError>),
    Sent(Result<Summary, PipeError>),
    Got(Result<Vec<Bytes>, PipeError>),
}

impl Actor for Client {
    type Message = ClientMessage;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        tcp::connect(self.to.as_str()).start(ctx, ClientMessage::Connected);
        Ok(())
    }

    fn receive(&mut self, message: ClientMessage, ctx: &mut Context<Self>) -> Outcome {
        let mut seen = self.seen.lock().expect("nobody has panicked");
        match message {
            ClientMessage::Connected(Ok(conn)) => {
                seen.connected = Some(Ok(conn.peer().clone()));
                let bytes = Bytes::from(pattern(self.bytes));
                Source::iter([bytes]).pipe(conn.writer()).start(ctx, ClientMessage::Sent);
                conn.reader().collect().start(ctx, ClientMessage::Got);
            }
            ClientMessage::Connected(Err(error)) => {
                seen.connected = Some(Err(error));
                ctx.stop();
            }
            ClientMessage::Sent(sent) => seen.sent = Some(sent),
            ClientMessage::Got(got) => {
                seen.got = Some(got);
                ctx.stop();
            }
        }
        Ok(())
    }
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

/// A server and a client, each on a host of its own.
struct Pair {
    simulation: Simulation,
    network: Network,
    server: usize,
    client: usize,
    seen: Arc<Mutex<Seen>>,
}

impl Pair {
    fn new(seed: u64, bytes: usize) -> Self {
        let simulation = Simulation::new(seed);
        let network = Network::new(&simulation);
        let seen = Arc::<Mutex<Seen>>::default();
        let server = launch(&simulation, &network, "server", || Echo);
        let mut pair = Self { simulation, network, server, client: 0, seen };
        pair.client = pair.connect("server:7", bytes);
        pair
    }

    fn connect(&self, to: &str, bytes: usize) -> usize {
        let (to, seen) = (to.to_owned(), Arc::clone(&self.seen));
        launch(&self.simulation, &self.network, "client", move || Client { to, bytes, seen })
    }

    /// Steps until the client has ended.
    fn run(&self) {
        while self.simulation.is_alive(self.client) {
            let stepped = self.simulation.step(None);
            assert_ne!(stepped, Stepped::Stuck, "{}", self.simulation.why_stuck());
        }
        self.simulation.result(self.client).expect("it has ended").expect("it has not failed");
    }

    /// Steps until bytes are under way.
    fn run_until_busy(&self) {
        while self.seen.lock().expect("nobody has panicked").connected.is_none() {
            self.simulation.step(None);
        }
        self.run_for(Duration::from_millis(5));
    }

    fn run_for(&self, time: Duration) {
        let limit = self.simulation.now() + time;
        while !matches!(self.simulation.step(Some(limit)), Stepped::Reached | Stepped::Ended) {}
    }

    fn got(&self) -> Result<Vec<u8>, PipeError> {
        let mut seen = self.seen.lock().expect("nobody has panicked");
        seen.got.take().expect("it has read to the end").map(|pieces| pieces.concat())
    }
}

fn launch<A: Actor>(
    simulation: &Simulation,
    network: &Network,
    name: &str,
    root: impl FnOnce() -> A,
) -> usize {
    let builder = network.join(name, Runtime::builder());
    let runtime = builder.build_in(simulation).expect("it can be built");
    simulation.launch(runtime, Spawn::named(name), root)
}

#[test]
fn bytes_come_back_whole_and_in_order_however_the_network_is() {
    for seed in seeds(100) {
        let pair = Pair::new(seed, 300_000);
        pair.network.faults(NetworkFaults {
            short_reads: 300_000,
            short_writes: 300_000,
            odd_blocks: 300_000,
            ..NetworkFaults::none()
        });
        pair.run();
        assert_eq!(pair.got().expect("it ends"), pattern(300_000), "seed {seed}");
    }
}

#[test]
fn who_connects_where_nobody_listens_is_refused() {
    let mut pair = Pair::new(1, 0);
    pair.run();
    pair.client = pair.connect("server:8", 10);
    pair.run();
    let seen = pair.seen.lock().expect("nobody has panicked");
    let error = seen.connected.as_ref().expect("it is told").as_ref().expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn what_is_under_way_in_a_partition_arrives_once_it_is_healed() {
    for seed in seeds(50) {
        let pair = Pair::new(seed, 2_000_000);
        pair.run_until_busy();
        pair.network.partition("server", "client");
        pair.run_for(Duration::from_secs(60));
        assert!(pair.simulation.is_alive(pair.client), "seed {seed}");
        pair.network.heal("server", "client");
        pair.run();
        assert_eq!(pair.got().expect("it ends"), pattern(2_000_000), "seed {seed}");
    }
}

#[test]
fn a_connection_that_gets_nothing_through_for_too_long_has_timed_out() {
    let pair = Pair::new(1, 2_000_000);
    pair.run_until_busy();
    pair.network.partition("server", "client");
    pair.run();
    let error = pair.got().expect_err("nothing comes");
    assert_eq!(error.io_kind(), Some(ErrorKind::TimedOut));
}

#[test]
fn a_host_that_is_back_resets_what_its_peers_still_have() {
    let pair = Pair::new(1, 2_000_000);
    pair.run_until_busy();
    pair.network.take_down("server");
    pair.simulation.kill(pair.server);
    pair.run_for(Duration::from_secs(30));
    assert!(pair.simulation.is_alive(pair.client), "nobody has told it");
    pair.network.bring_up("server");
    launch(&pair.simulation, &pair.network, "server", || Echo);
    pair.run();
    let error = pair.got().expect_err("it was reset");
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionReset));
}
