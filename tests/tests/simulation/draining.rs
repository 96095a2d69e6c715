//! Stopping as planned, at any moment of a service under load: what was taken is answered, what was cut is named, and no
//! phase takes longer than it may.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{ConnectError, Connection, tcp};
use roundsman::sim::{Failed, Host, NetworkFaults, Sim, check};
use roundsman::stream::{
    Item, LineTooLong, Outlet, PipeError, Source, StreamContext, Summary, outlet,
};
use roundsman::{
    Actor, Context, Drain, DrainPhase, DrainReport, JobError, Lane, Outcome, Placement, RunError,
    Spawn, job,
};
use roundsman_tests::topologies::{acyclic, cyclic};
use roundsman_tests::topology::Workers;

use super::secs;

/// How often a drain looks, and how long it waits for loops to say what is left.
const SLACK: Duration = Duration::from_millis(250);

/// No line is longer.
const LINE_MAX: usize = 10_000;

/// What is known of one client.
#[derive(Clone, Default)]
struct Visit {
    /// How many it sends.
    lines: usize,
    /// Lines that its session has taken.
    taken: Vec<Bytes>,
    /// Answers that have come back.
    answers: Vec<Bytes>,
    /// How what it has read has ended.
    end: Option<Result<Summary, PipeError>>,
}

/// What is known of everybody, and what the sessions were told of a drain.
#[derive(Clone, Default)]
struct Books(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    visits: Vec<Visit>,
    told: Vec<Vec<DrainPhase>>,
}

impl Books {
    fn open(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().expect("nobody panics as he writes")
    }
}

/// Listens, and has a session for each connection.
struct Service {
    books: Books,
}

enum Event {
    Accepted(Item<Connection>),
    Closed,
}

impl Actor for Service {
    type Message = Event;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let incoming = tcp::listen("0.0.0.0:7000")?.incoming();
        incoming.pipe(ctx.inlet(Event::Accepted)).start(ctx, |_| Event::Closed);
        Ok(())
    }

    fn receive(&mut self, event: Event, ctx: &mut Context<'_, Self>) -> Outcome {
        if let Event::Accepted(conn) = event {
            let (connection, books) = (conn.take(), self.books.clone());
            let make = move || Session::new(connection, books);
            ctx.spawn_on_with(Placement::RoundRobin, Spawn::named("session"), make);
        }
        Ok(())
    }
}

/// Answers each line, after a job.
struct Session {
    connection: Connection,
    books: Books,
    outlet: Outlet<Bytes>,
    answers: Option<Source<Bytes>>,
    /// Jobs under way.
    jobs: usize,
    at_end: bool,
    told: usize,
}

enum Said {
    Line(Item<Result<Bytes, LineTooLong>>),
    Read,
    Done(Result<Bytes, JobError>),
    Written,
}

impl Session {
    fn new(connection: Connection, books: Books) -> Self {
        let (answers, outlet) = outlet(1 << 20);
        Self { connection, books, outlet, answers: Some(answers), jobs: 0, at_end: false, told: 0 }
    }

    fn end_if_done(&mut self) {
        if self.at_end && self.jobs == 0 {
            self.outlet.end();
        }
    }
}

/// Lines begin with the number of the client: `3 17`.
fn client_of(line: &[u8]) -> usize {
    let text = std::str::from_utf8(line).expect("clients write text");
    text.split(' ').next().and_then(|number| number.parse().ok()).expect("a number comes first")
}

impl Actor for Session {
    type Message = Said;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let answers = self.answers.take().expect("it starts once");
        answers.encode_lines().pipe(self.connection.writer()).start(ctx, |_| Said::Written);
        let lines = self.connection.reader().lines(LINE_MAX);
        lines.pipe(ctx.inlet(Said::Line)).start(ctx, |_| Said::Read);
        let mut entries = self.books.open();
        self.told = entries.told.len();
        entries.told.push(Vec::new());
        Ok(())
    }

    fn receive(&mut self, said: Said, ctx: &mut Context<'_, Self>) -> Outcome {
        match said {
            Said::Line(line) => {
                let line = line.take()?;
                self.books.open().visits[client_of(&line)].taken.push(line.clone());
                self.jobs += 1;
                ctx.start(job(Lane::User, move || line), Said::Done);
            }
            Said::Done(line) => {
                self.jobs -= 1;
                // Nobody reads them any more, perhaps.
                let _ = self.outlet.push(line?);
                self.end_if_done();
            }
            Said::Read => {
                self.at_end = true;
                self.end_if_done();
            }
            Said::Written => ctx.stop(),
        }
        Ok(())
    }

    fn draining(&mut self, phase: DrainPhase, _: &mut Context<'_, Self>) -> Outcome {
        self.books.open().told[self.told].push(phase);
        Ok(())
    }
}

/// Sends lines, and keeps what is answered.
struct Client {
    index: usize,
    lines: u64,
    pace: Duration,
    /// It reads nothing.
    is_deaf: bool,
    books: Books,
    kept: Vec<Item<Bytes>>,
    /// Keeps the connection open behind its last line.
    open: Option<Outlet<Bytes>>,
}

enum Heard {
    Connected(Result<Connection, ConnectError>),
    Answer(Item<Result<Bytes, LineTooLong>>),
    Bytes(Item<Bytes>),
    LetGo,
    Ended(Result<Summary, PipeError>),
    Sent,
}

impl Actor for Client {
    type Message = Heard;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        tcp::connect("server:7000").start(ctx, Heard::Connected);
        Ok(())
    }

    fn receive(&mut self, heard: Heard, ctx: &mut Context<'_, Self>) -> Outcome {
        match heard {
            Heard::Connected(Ok(conn)) => {
                let index = self.index;
                let filler = if self.is_deaf { "x".repeat(8_000) } else { String::new() };
                let line = move |number| Bytes::from(format!("{index} {number}{filler}"));
                let lines = Source::iter(0..self.lines).throttle(1, self.pace).map(line);
                let (nothing, open) = ctx.outlet(0);
                self.open = Some(open);
                let lines = lines.concat(nothing).encode_lines();
                lines.pipe(conn.writer()).start(ctx, |_| Heard::Sent);
                match self.is_deaf {
                    false => {
                        let answers = conn.reader().lines(LINE_MAX);
                        answers.pipe(ctx.inlet(Heard::Answer)).start(ctx, Heard::Ended);
                    }
                    true => {
                        conn.reader().pipe(ctx.inlet(Heard::Bytes)).start(ctx, Heard::Ended);
                        // Only then it hears that it was cut off: that comes behind what it has not read.
                        ctx.send_after(secs(60), Heard::LetGo);
                    }
                }
            }
            // The server no longer accepts.
            Heard::Connected(Err(_)) => ctx.stop(),
            Heard::Answer(answer) => {
                let answer = answer.take()?;
                self.books.open().visits[self.index].answers.push(answer);
            }
            Heard::Bytes(bytes) => self.kept.push(bytes),
            Heard::LetGo => self.kept.clear(),
            Heard::Ended(end) => {
                self.books.open().visits[self.index].end = Some(end);
                ctx.stop();
            }
            Heard::Sent => {}
        }
        Ok(())
    }
}

/// A server, and clients on hosts of their own.
struct World {
    server: Host,
    books: Books,
}

impl World {
    fn new(sim: &Sim, clients: usize, deaf: usize) -> Self {
        let books = Books::default();
        books.open().visits = vec![Visit::default(); clients + deaf];
        sim.network().faults(NetworkFaults {
            short_reads: 100_000,
            short_writes: 100_000,
            odd_blocks: 100_000,
            ..NetworkFaults::none()
        });
        let entries = books.clone();
        let server = sim
            .host("server")
            .loops(1 + sim.below(3))
            .serves()
            .may_fail()
            .start_with("service", move || Service { books: entries.clone() });
        for index in 0..clients + deaf {
            let entries = books.clone();
            let (lines, pace) = (1 + sim.below(20) as u64, sim.time_below(MOST_PACE));
            let is_deaf = index >= clients;
            let (lines, pace) = if is_deaf { (14, MICRO) } else { (lines, pace + MICRO) };
            books.open().visits[index].lines = lines as usize;
            sim.host(format!("client-{index}")).start(move || Client {
                index,
                lines,
                pace,
                is_deaf,
                books: entries.clone(),
                kept: Vec::new(),
                open: None,
            });
        }
        Self { server, books }
    }

    /// Lets it be drained at a moment of the next `within`, drawn, and run to its end.
    fn drain(&self, sim: &Sim, within: Duration, plan: Drain) -> Result<DrainReport, Failed> {
        sim.advance(sim.time_below(within));
        let server = sim.handle(self.server);
        let begun = server.shutdown(plan);
        assert!(!begun.is_complete(), "nobody can wait for it on this thread: {begun}");
        let longest = plan.longest() + SLACK;
        sim.run_until(|| !sim.is_alive(self.server), longest)?;
        let report = server.shutdown(plan);
        phases_in_order(&report, plan);
        for told in &self.books.open().told {
            let all = [DrainPhase::Accept, DrainPhase::Read];
            assert!(all.ends_with(told) || all.starts_with(told), "{told:?}");
        }
        Ok(report)
    }

    /// Whoever had nothing more to say has all its answers, and sees the end. Who was still sending has reset its
    /// connection with that, and may have lost the last of them.
    fn assert_answered(&self, of: usize) {
        for (index, visit) in self.books.open().visits.iter_mut().take(of).enumerate() {
            // Jobs end in any order.
            visit.taken.sort_unstable();
            visit.answers.sort_unstable();
            if visit.taken.len() == visit.lines {
                assert_eq!(visit.answers, visit.taken, "client {index} has all that was taken");
                assert!(matches!(visit.end, Some(Ok(_))), "client {index}: {:?}", visit.end);
            }
            visit.answers.retain(|answer| visit.taken.binary_search(answer).is_err());
            assert!(visit.answers.is_empty(), "not asked for by {index}: {:?}", visit.answers);
        }
    }
}

const MICRO: Duration = Duration::from_micros(1);
const MOST_PACE: Duration = Duration::from_millis(20);

fn phases_in_order(report: &DrainReport, plan: Drain) {
    let phases: Vec<_> = report.phases.iter().map(|phase| phase.phase).collect();
    assert!(DrainPhase::ALL.starts_with(&phases), "{phases:?}");
    for phase in &report.phases {
        assert!(phase.took <= plan.deadline(phase.phase) + SLACK, "{phase:?}");
    }
}

#[test]
fn what_a_service_has_taken_before_it_is_drained_is_answered_to_the_last_byte() {
    check(200, |sim| {
        let clients = 1 + sim.below(4);
        let world = World::new(sim, clients, 0);
        // With little room what is written takes its time.
        sim.network().window(sim.pick(&[128 * 1024, 64, 16]));
        let report = world.drain(sim, Duration::from_millis(300), Drain::default())?;
        assert!(report.is_clean(), "{report}");
        sim.run()?;
        world.assert_answered(clients);
        Ok(())
    });
}

#[test]
fn a_client_that_does_not_read_is_cut_in_time_and_named_and_costs_the_others_nothing() {
    check(200, |sim| {
        let clients = 1 + sim.below(3);
        let world = World::new(sim, clients, 1);
        sim.network().window(4096);
        // By then it has stuffed all that there is between it and its session.
        sim.advance(secs(20));
        let plan = Drain::default().phase(DrainPhase::Links, Duration::from_millis(300));
        let report = world.drain(sim, Duration::from_millis(300), plan)?;
        assert!(!report.is_clean(), "{report}");
        let cut: Vec<_> = report.actors.iter().map(|actor| &*actor.path).collect();
        let named = cut.iter().any(|path| path.contains("/session/"));
        assert!(named, "the pipeline of its session is named: {cut:?}");
        let result = sim.result(world.server).expect("it has ended");
        assert!(matches!(&result, Err(error) if matches!(**error, RunError::Cut(_))));
        sim.run()?;
        world.assert_answered(clients);
        Ok(())
    });
}

#[test]
fn a_graph_that_is_drained_with_time_enough_handles_every_message() {
    check(200, |sim| {
        let drawn = if sim.below(2) == 0 { acyclic(sim) } else { cyclic(sim) };
        let graph = drawn.start(sim, Workers::Children);
        sim.advance(sim.time_below(Duration::from_millis(20)));
        let handle = sim.handle(graph.host);
        handle.shutdown(Drain::within(secs(3_600)));
        sim.run()?;
        let (report, messages) = (handle.shutdown(Drain::now()), graph.report());
        assert!(report.is_clean(), "{report}");
        assert_eq!(messages.handled, messages.sent, "{messages:?}");
        assert_eq!(handle.metrics().ledger().dead_letters(), 0);
        Ok(())
    });
}
