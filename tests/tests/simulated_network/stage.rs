//! Where a scenario is played: a service on the loopback interface, or on a simulated host.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use bytes::Bytes;
use roundsman::emitter::{Emitter, Events};
use roundsman::net::tcp;
use roundsman::net::{
    Closed, Connection, ConnectionClosed, ConnectionDropped, ConnectionFailed, ConnectionOpened,
    Listen,
};
use roundsman::sim::{Client, Network, Pace, Probe};
use roundsman::stream::{Item, LineTooLong, PipeError, StreamContext, Summary};
use roundsman::{Address, Context, Outcome, Runtime, Simulation, Spawn};
use roundsman_tests::example::PATIENCE;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

use crate::scenarios::{Scenario, Script, called};

/// The context of the service's root.
pub(crate) type Ctx<'a> = Context<'a, Role<Msg>>;

/// What the service's root takes.
pub(crate) enum Msg {
    /// It hears what happens.
    Ready,
    Accepted(Item<Connection>),
    Listened,
    Ended(&'static str, Result<Summary, PipeError>),
    Got(Result<Vec<Bytes>, PipeError>),
    Lines(Result<Vec<Result<Bytes, LineTooLong>>, PipeError>),
    Counted(Result<u64, PipeError>),
    Closed(Closed),
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Played {
    pub(crate) seen: Vec<String>,
    pub(crate) happened: Vec<String>,
    pub(crate) noted: Vec<String>,
}

impl Played {
    /// What must come of a scenario.
    pub(crate) fn expected(scenario: &Scenario) -> Self {
        let strings = |lines: &[&str]| lines.iter().map(ToString::to_string).collect();
        Self {
            seen: strings(scenario.seen),
            happened: strings(scenario.happened),
            noted: strings(scenario.noted),
        }
    }
}

/// To whom the service tells it.
#[derive(Clone)]
struct Told {
    seen: Address<String>,
    happened: Address<String>,
    /// Some scenarios do not say how many bytes went over a connection.
    figures: bool,
}

impl Told {
    fn say(&self, message: Msg) -> Outcome {
        let text = match message {
            Msg::Ended(what, Ok(Summary { bytes, .. })) => format!("{what}: {bytes} bytes"),
            Msg::Ended(what, Err(error)) => format!("{what}: {}", called(error.io_kind())),
            Msg::Got(Ok(pieces)) => format!("got {}", text_of(&pieces.concat())),
            Msg::Lines(Ok(lines)) => {
                let line = |line: Result<Bytes, _>| text_of(&line.expect("it is short"));
                format!("lines {}", lines.into_iter().map(line).collect::<Vec<_>>().join("|"))
            }
            Msg::Counted(Ok(count)) => format!("counted {count}"),
            Msg::Got(Err(error)) | Msg::Lines(Err(error)) | Msg::Counted(Err(error)) => {
                called(error.io_kind())
            }
            Msg::Closed(Closed { traffic, error, .. }) => {
                let figures = format!(": read {}, written {}", traffic.read, traffic.written);
                let error = error
                    .map_or_else(String::new, |error| format!(", {}", called(Some(error.kind()))));
                format!("closed{}{error}", if self.figures { &figures } else { "" })
            }
            Msg::Ready | Msg::Accepted(_) | Msg::Listened => return Ok(()),
        };
        Ok(self.seen.send(text)?)
    }

    fn hear(&self, ctx: &mut Ctx<'_>) -> Outcome {
        let events = Events::from(ctx.spawn(Emitter::happenings()));
        let to = &self.happened;
        events.on(to.recipient(|_: ConnectionOpened| "opened".to_owned()))?;
        events.on(to.recipient(|_: ConnectionClosed| "closed".to_owned()))?;
        events.on(to.recipient(|one: ConnectionFailed| {
            format!("failed: {}", called(Some(one.error.kind())))
        }))?;
        events
            .on(to.recipient(|one: ConnectionDropped| format!("dropped: {:?}", one.error.kind())))?;
        events.listener_count::<ConnectionDropped>().ask(ctx, |_| Msg::Ready);
        Ok(())
    }
}

/// The service: it listens here, and says where.
fn service(
    listen: Listen,
    serve: crate::scenarios::Serve,
    told: Told,
    says: Sender<SocketAddr>,
) -> Role<Msg> {
    let hears = told.clone();
    let mut listen = Some(listen);
    Role::new(move |message, ctx: &mut Ctx<'_>| {
        match message {
            Msg::Ready => {
                let listener = listen.take().expect("it listens once").bind()?;
                says.send(listener.local().socket_addr().expect("TCP"))?;
                let incoming = listener.incoming().pipe(ctx.inlet(Msg::Accepted));
                incoming.start(ctx, |_| Msg::Listened);
            }
            Msg::Accepted(conn) => {
                let conn = conn.take();
                conn.closed(ctx, Msg::Closed);
                serve(conn, ctx);
            }
            message => told.say(message)?,
        }
        Ok(())
    })
    .started(move |ctx| hears.hear(ctx))
}

fn told(seen: &Probe<String>, happened: &Probe<String>, scenario: &Scenario) -> Told {
    let figures = scenario.seen.iter().any(|line| line.starts_with("closed: "));
    Told { seen: seen.address(), happened: happened.address(), figures }
}

/// Plays it over the loopback interface.
pub(crate) fn play_for_real(scenario: &Scenario) -> Played {
    let (listen, serve) = ((scenario.listen)(tcp::listener("127.0.0.1:0")), scenario.serve);
    let (give, handle) = mpsc::channel();
    let (tell, told_to) = mpsc::channel();
    let (says, local) = mpsc::channel();
    #[expect(clippy::disallowed_methods, reason = "the test itself is the client")]
    let thread = std::thread::spawn(move || {
        let runtime = Runtime::builder().loops(1).build().expect("a runtime");
        give.send(runtime.handle()).expect("the test waits");
        let told = told_to.recv().expect("the test says who is told");
        run_balanced(runtime, || service(listen, serve, told, says)).expect("it does not fail");
    });
    let handle = handle.recv().expect("a runtime");
    let probe = || Probe::<String>::new(&handle, Pace::real());
    let (seen, happened) = (probe(), probe());
    tell.send(told(&seen, &happened, scenario)).expect("the service waits");
    let to = local.recv().expect("it listens");
    let played = play(scenario, &mut || Client::connect(to), &seen, &happened);
    handle.stop();
    must_end(move || thread.join().expect("it has not failed"));
    played
}

/// Plays it on a simulated network, after `change`.
pub(crate) fn play_simulated(
    scenario: &Scenario,
    seed: u64,
    change: impl FnOnce(&Network),
) -> Played {
    let simulation = Simulation::new(seed);
    let network = Network::new(&simulation);
    change(&network);
    let runtime = network.join("server", Runtime::builder()).build_in(&simulation);
    let runtime = runtime.expect("a runtime");
    let handle = runtime.handle();
    let probe = || Probe::<String>::new(&handle, &simulation);
    let (seen, happened) = (probe(), probe());
    let (says, local) = mpsc::channel();
    let listen = (scenario.listen)(tcp::listener("0.0.0.0:7"));
    let (serve, told) = (scenario.serve, told(&seen, &happened, scenario));
    simulation.launch(runtime, Spawn::new(), || service(listen, serve, told, says));
    let pace = Pace::from(&simulation);
    assert!(pace.wait(PATIENCE, || local.try_recv().is_ok()), "it listens");
    let mut connect = || network.client("client", "server:7");
    let played = play(scenario, &mut connect, &seen, &happened);
    seen.expect_no_message(Duration::from_secs(1));
    happened.expect_no_message(Duration::from_secs(1));
    assert_eq!(network.open_ends(), 0, "{}", scenario.name);
    played
}

fn play(
    scenario: &Scenario,
    connect: &mut dyn FnMut() -> io::Result<Client>,
    seen: &Probe<String>,
    happened: &Probe<String>,
) -> Played {
    let mut script = Script { connect, notes: Vec::new() };
    let result = (scenario.script)(&mut script);
    let noted = script.notes;
    if let Err(error) = result {
        let (seen, happened) = (seen.take_all(), happened.take_all());
        panic!("{}: {error}, after {noted:?}, {seen:?}, {happened:?}", scenario.name);
    }
    let all = |probe: &Probe<String>, lines: &[&str]| {
        lines.iter().map(|_| probe.expect_message(PATIENCE)).collect::<Vec<_>>()
    };
    let mut seen = all(seen, scenario.seen);
    // Whether a pipeline or its connection is told first nobody says.
    seen.sort_by_key(|line| line.starts_with("closed"));
    Played { seen, happened: all(happened, scenario.happened), noted }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
