//! A client: registers, goes into its room, says its lines if it has any, and notes when those of others come.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use roundsman::Recipient;
use roundsman::net::{ConnectError, Connection, tcp};
use roundsman::prelude::*;
use roundsman::stream::{Item, LineTooLong, Outlet, PipeError, Summary, lines, outlet};

use super::Message as Told;

/// The longest line that a server may send, tags included.
const LINE_MAX: usize = 8_191;
/// How many lines are said before the server is asked whether it has carried them out.
const AT_ONCE: u32 = 10;
/// How many bytes may wait to be sent: a client says no more than that at once.
const OUTLET_MAX: u64 = 64 * 1024;
/// What makes each line as long as people's are.
const FILLER: &str = "the quick brown fox jumps over the lazy dog";

/// What a client has to do.
#[derive(Debug, Clone, Copy)]
pub struct Task {
    pub server: SocketAddr,
    pub number: u32,
    pub room: u32,
    /// How many lines it says.
    pub lines: u32,
    /// How many it is to hear.
    pub expected: u64,
    /// From when times are counted.
    pub begun: Instant,
}

/// What a client has heard.
#[derive(Debug, Default)]
pub struct Results {
    /// How long each line was on its way, in microseconds.
    pub latencies_us: Vec<u32>,
    /// How many were not the next of their speaker.
    pub disorder: u64,
}

/// What a client is told: by whoever directs it, and by its connection.
pub enum Order {
    /// Say your lines.
    Speak,
    /// Say how many you have heard.
    Tell,
    /// Hear no more.
    End,
    #[doc(hidden)]
    Connected(Result<Connection, ConnectError>),
    #[doc(hidden)]
    Heard(Item<Result<Bytes, LineTooLong>>),
    #[doc(hidden)]
    Hung(Result<Summary, PipeError>),
}

/// The actor of one connection.
pub struct Client {
    task: Task,
    told: Recipient<Told>,
    outlet: Option<Outlet<Bytes>>,
    said: u32,
    results: Results,
    /// The next line of each speaker.
    next: HashMap<u32, u32>,
    ended: bool,
}

impl Client {
    pub fn new(task: Task, told: Recipient<Told>) -> Self {
        let results = Results::default();
        Self { task, told, outlet: None, said: 0, results, next: HashMap::new(), ended: false }
    }

    fn tell(&self, what: Told) {
        // Whoever directs has ended, and this client is about to.
        let _ = self.told.send(what);
    }

    fn send(&mut self, line: String) {
        let sent = self.outlet.as_mut().map(|outlet| outlet.push(Bytes::from(line + "\r\n")));
        if !matches!(sent, Some(Ok(_))) {
            self.tell(Told::Failed(format!("client {} cannot send", self.task.number)));
        }
    }

    fn connected(&mut self, connection: &Connection, ctx: &mut Context<Self>) {
        let (source, outlet) = outlet(OUTLET_MAX);
        self.outlet = Some(outlet);
        source.pipe(connection.writer()).start(ctx, Order::Hung);
        let incoming = connection.reader().through(lines(LINE_MAX));
        incoming.pipe(ctx.inlet(Order::Heard)).start(ctx, Order::Hung);
        let number = self.task.number;
        self.send(format!("NICK load-{number}"));
        self.send(format!("USER load 0 * :load {number}"));
    }

    fn hear(&mut self, line: &[u8]) {
        let mut words = line.split(|byte| *byte == b' ');
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match (first, second) {
            (b"PING", token) => self.send(format!("PONG {}", String::from_utf8_lossy(token))),
            (b"ERROR", _) => self.fail(line),
            (_, b"PRIVMSG") => self.note(words.nth(1).unwrap_or_default(), words),
            (_, b"PONG") => self.speak(),
            (_, b"001") => self.send(format!("JOIN #load-{}", self.task.room)),
            (_, b"366") => self.tell(Told::Entered),
            (_, [b'4' | b'5', _, _]) if second != b"422" => self.fail(line),
            _ => {}
        }
    }

    fn fail(&self, line: &[u8]) {
        let (number, line) = (self.task.number, String::from_utf8_lossy(line));
        self.tell(Told::Failed(format!("client {number} was told: {line}")));
    }

    /// Says the next lines, and has the server say when it has carried them out.
    fn speak(&mut self) {
        let last = self.task.lines.min(self.said + AT_ONCE);
        if self.said == last {
            return;
        }
        let Task { number, room, begun, .. } = self.task;
        for line in self.said..last {
            let now = begun.elapsed().as_micros();
            self.send(format!("PRIVMSG #load-{room} :{number} {line} {now} {FILLER}"));
        }
        self.said = last;
        self.send(format!("PING {last}"));
    }

    /// `:SPEAKER LINE TIME …` has come.
    fn note<'a>(&mut self, speaker: &[u8], mut words: impl Iterator<Item = &'a [u8]>) {
        let now = self.task.begun.elapsed().as_micros() as u64;
        let speaker = speaker.strip_prefix(b":").and_then(parse);
        let mut number = || parse(words.next()?);
        let (Some(speaker), Some(line), Some(sent)) = (speaker, number(), number()) else { return };
        let (speaker, line) = (speaker as u32, line as u32);
        let next = self.next.entry(speaker).or_default();
        self.results.disorder += u64::from(*next != line);
        *next = line + 1;
        self.results.latencies_us.push(now.saturating_sub(sent).min(u64::from(u32::MAX)) as u32);
        if self.results.latencies_us.len() as u64 == self.task.expected {
            self.end();
        }
    }

    fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            let results = std::mem::take(&mut self.results);
            self.tell(Told::Ended(results));
        }
    }
}

fn parse(word: &[u8]) -> Option<u64> {
    str::from_utf8(word).ok()?.parse().ok()
}

impl Actor for Client {
    type Message = Order;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        tcp::connect(self.task.server).start(ctx, Order::Connected);
        Ok(())
    }

    fn receive(&mut self, order: Order, ctx: &mut Context<Self>) -> Outcome {
        match order {
            Order::Connected(Ok(connection)) => self.connected(&connection, ctx),
            Order::Connected(Err(error)) => self.tell(Told::Failed(error.to_string())),
            Order::Heard(line) => {
                if let Ok(line) = line.take() {
                    self.hear(&line);
                }
            }
            Order::Hung(ended) => {
                let why = ended.err().map_or_else(|| "it was closed".to_owned(), |e| e.to_string());
                let number = self.task.number;
                self.tell(Told::Failed(format!("the connection of client {number}: {why}")));
            }
            Order::Speak if self.task.expected == 0 => {
                self.end();
                self.speak();
            }
            Order::Speak => self.speak(),
            Order::Tell => self.tell(Told::Heard(self.results.latencies_us.len() as u64)),
            Order::End => self.end(),
        }
        Ok(())
    }
}
