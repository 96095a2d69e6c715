//! A client of the chat: it follows its script, answers PING, comes back when it was cut off, and believes nothing.
//!
//! The root of a host of its own. What it sees goes into its [`View`] and the [`Book`]; what cannot be is a complaint there.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{ConnectError, Connection, tcp};
use roundsman::prelude::*;
use roundsman::stream::{Item, LineTooLong, Outlet, PipeError, Summary, lines, outlet};

use super::book::{Book, Moment, Pages};
use super::script::{Deed, Step, nick_of};
use super::view::View;
use crate::irc_client::Line;

/// What may wait to be sent, in bytes; no script comes near it.
const OUTGOING_MAX: u64 = 1 << 20;
/// How long the server may be silent before the OS asks whether it is there.
const SILENCE: Duration = Duration::from_secs(30);
/// How long until it tries to connect again.
const AGAIN: Duration = Duration::from_millis(700);
/// How often it tries; then it has had enough.
const ATTEMPTS: usize = 20;
/// Refusals of what is said.
const REFUSALS: [&str; 4] = ["401", "403", "404", "442"];

/// A client.
pub struct Guest {
    number: usize,
    server: SocketAddr,
    script: Arc<Vec<Step>>,
    book: Arc<Book>,
    attempts: usize,
    visit: Option<Visit>,
    leaving: bool,
}

/// One connection.
struct Visit {
    number: usize,
    outlet: Outlet<Bytes>,
    /// Kept while it lasts.
    _connection: Connection,
    view: View,
    is_registered: bool,
    /// The server has said `ERROR`.
    has_error: bool,
    /// What has not been answered.
    pending: VecDeque<Pending>,
    asked: usize,
    /// How many of [`Pages::settled`] were looked at.
    looked: usize,
    /// The last that it has seen, by who said it and whereto.
    last: BTreeMap<(usize, String), usize>,
    /// Those of a WHO, so far: user and shown name.
    listed: Vec<(usize, String)>,
    /// Reads nothing; what comes is kept here.
    is_deaf: bool,
    unread: VecDeque<Heard>,
    /// A step is to come by itself.
    is_stepping: bool,
}

/// Something that was done, with a PING behind it.
struct Pending {
    asked_at: Moment,
    said: Option<usize>,
    is_refused: bool,
    is_order: bool,
}

type Heard = Item<Result<Bytes, LineTooLong>>;

/// What the world tells all clients, once they have done their scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Ask the server whether it is there.
    Ping,
    /// Ask who is where.
    Look,
    /// Say goodbye.
    Leave,
}

#[doc(hidden)]
pub enum Message {
    Connected(Result<Connection, ConnectError>),
    Heard(usize, Heard),
    ReadEnded(usize, Result<Summary, PipeError>),
    WriteEnded,
    Next(usize),
    Listen(usize),
    Connect,
    Ordered(Order),
}

impl Guest {
    /// A client that follows this script from where it stands in the book.
    pub fn new(number: usize, server: SocketAddr, script: Arc<Vec<Step>>, book: Arc<Book>) -> Self {
        Self { number, server, script, book, attempts: 0, visit: None, leaving: false }
    }

    fn connect(&mut self, ctx: &mut Context<'_, Self>) {
        self.attempts += 1;
        // A reset may get lost while the network is cut, and who only waits would never hear of it.
        let options = tcp::Options::new().keep_alive(SILENCE);
        tcp::connect(self.server).options(options).start(ctx, Message::Connected);
    }

    /// Tries again, if there is something left to do and it has not had enough.
    fn try_again(&mut self, ctx: &mut Context<'_, Self>) {
        let mut pages = self.book.open();
        let guest = &mut pages.guests[self.number];
        if guest.step < self.script.len() && self.attempts < ATTEMPTS && !self.leaving {
            ctx.send_after(AGAIN, Message::Connect);
        } else {
            guest.is_done = true;
            if self.leaving {
                ctx.stop();
            }
        }
    }

    fn enter(&mut self, connection: Connection, ctx: &mut Context<'_, Self>) {
        let number = self.book.open().connect(self.number);
        let (source, outlet) = outlet(OUTGOING_MAX);
        source.pipe(connection.writer()).start(ctx, |_| Message::WriteEnded);
        let incoming = connection.reader().through(lines(512));
        let incoming = incoming.pipe(ctx.inlet(move |line| Message::Heard(number, line)));
        incoming.start(ctx, move |result| Message::ReadEnded(number, result));
        let mut visit = Visit {
            number,
            outlet,
            _connection: connection,
            view: View::new(nick_of(self.number)),
            is_registered: false,
            has_error: false,
            pending: VecDeque::new(),
            asked: 0,
            looked: 0,
            last: BTreeMap::new(),
            listed: Vec::new(),
            is_deaf: false,
            unread: VecDeque::new(),
            is_stepping: false,
        };
        visit.note_nick(&visit.view.nick, &mut self.book.open());
        visit.send(&format!("NICK {}\r\nUSER u{number} 0 * :guest", visit.view.nick));
        self.visit = Some(visit);
    }

    /// Reads on.
    fn listen(&mut self, ctx: &mut Context<'_, Self>) {
        while let Some(visit) = self.visit.as_mut().filter(|visit| !visit.is_deaf)
            && let Some(item) = visit.unread.pop_front()
        {
            let Ok(bytes) = item.take() else {
                self.book.open().complain("a line is longer than 512 bytes");
                continue;
            };
            let line = Line::parse(String::from_utf8_lossy(&bytes).into_owned());
            let mut pages = self.book.open();
            if let Err(why) = visit.see(&line, &mut pages) {
                let who = format!("n{}, connection {}", self.number, visit.number);
                pages.complain(format!("a client sees {why}\n  {who}: {}", line.as_str()));
            }
            drop(pages);
            self.schedule(ctx);
        }
    }

    /// Has the next step come, if nothing has to come before it.
    fn schedule(&mut self, ctx: &mut Context<'_, Self>) {
        let Some(visit) = &mut self.visit else { return };
        let mut pages = self.book.open();
        let guest = &mut pages.guests[self.number];
        let Some(step) = self.script.get(guest.step) else {
            guest.is_done |= visit.pending.is_empty() && !visit.is_deaf;
            return;
        };
        let may = visit.is_registered && (!step.waits || visit.pending.is_empty());
        if may && !visit.is_stepping {
            visit.is_stepping = true;
            ctx.send_after(step.pause, Message::Next(visit.number));
        }
    }

    fn take_step(&mut self, ctx: &mut Context<'_, Self>) {
        let Some(visit) = &mut self.visit else { return };
        visit.is_stepping = false;
        let mut pages = self.book.open();
        let step = pages.guests[self.number].step;
        pages.guests[self.number].step += 1;
        match &self.script[step].deed {
            Deed::Nothing => {}
            Deed::Line(line) => visit.ask(line, None, &mut pages),
            Deed::Say { to, padding } => visit.say(to, *padding, &mut pages),
            Deed::Who(channel) => visit.ask(&format!("WHO {channel}"), None, &mut pages),
            Deed::Quit => visit.send("QUIT :see you"),
            Deed::Deaf(time) => {
                visit.is_deaf = true;
                ctx.send_after(*time, Message::Listen(visit.number));
            }
        }
        drop(pages);
        self.schedule(ctx);
    }

    fn obey(&mut self, order: Order, ctx: &mut Context<'_, Self>) {
        self.leaving |= order == Order::Leave;
        let Some(visit) = &mut self.visit else {
            self.book.open().guests[self.number].obeyed += 1;
            return self.try_again(ctx);
        };
        let mut pages = self.book.open();
        match order {
            Order::Ping => {}
            Order::Look => {
                let rooms: Vec<_> = visit.view.rooms.keys().cloned().collect();
                for room in rooms {
                    visit.ask(&format!("NAMES {room}"), None, &mut pages);
                    visit.ask(&format!("WHO {room}"), None, &mut pages);
                }
            }
            Order::Leave => return visit.send("QUIT :good night"),
        }
        visit.ask("PONG :still here", None, &mut pages);
        if let Some(last) = visit.pending.back_mut() {
            last.is_order = true;
        }
    }

    /// The connection is over.
    fn end(&mut self, result: Result<Summary, PipeError>, ctx: &mut Context<'_, Self>) {
        let Some(mut visit) = self.visit.take() else { return };
        visit.outlet.end();
        let mut pages = self.book.open();
        if result.is_ok() && !visit.has_error {
            let who = format!("n{}, connection {}", self.number, visit.number);
            pages.complain(format!("a client sees the end, and no ERROR\n  {who}"));
        }
        pages.connections[visit.number].is_over = true;
        let waited = visit.pending.iter().filter(|pending| pending.is_order).count();
        pages.guests[self.number].obeyed += waited;
        drop(pages);
        self.try_again(ctx);
    }

    fn is_current(&self, number: usize) -> bool {
        self.visit.as_ref().is_some_and(|visit| visit.number == number)
    }
}

impl Visit {
    fn send(&mut self, line: &str) {
        // If it takes nothing any more, the reader tells why.
        let _ = self.outlet.push(Bytes::from(format!("{line}\r\n")));
    }

    /// Says a line with a PING behind it, so that it is known what answers it.
    fn ask(&mut self, line: &str, said: Option<usize>, pages: &mut Pages) {
        self.asked += 1;
        if let Some(nick) = line.strip_prefix("NICK ") {
            self.note_nick(nick, pages);
        }
        self.send(&format!("{line}\r\nPING {}", self.asked));
        let asked_at = pages.now();
        self.pending.push_back(Pending { asked_at, said, is_refused: false, is_order: false });
    }

    fn say(&mut self, to: &str, padding: usize, pages: &mut Pages) {
        let number = pages.said.len();
        let sent = pages.now();
        let (by, to, seen) = (self.number, to.to_owned(), Default::default());
        let line = format!("PRIVMSG {to} :m{number} {}", "x".repeat(padding));
        pages.said.push(super::book::Said { by, to, sent, is_refused: true, seen });
        self.ask(line.trim_end(), Some(number), pages);
    }

    fn see(&mut self, line: &Line, pages: &mut Pages) -> Result<(), String> {
        if self.has_error {
            return Err("a line behind ERROR".into());
        }
        match line.command.as_str() {
            "PING" => self.send(&format!("PONG :{}", line.text())),
            "PONG" => return self.see_pong(line, pages),
            "PRIVMSG" => return self.see_said(line, pages),
            "001" => {
                self.is_registered = true;
                pages.connections[self.number].is_registered = true;
            }
            "433" if !self.is_registered => {
                self.view.nick.push('_');
                self.note_nick(&self.view.nick, pages);
                self.send(&format!("NICK {}", self.view.nick));
            }
            "ERROR" => {
                self.has_error = true;
                pages.connections[self.number].gone = Some(pages.now());
            }
            "352" => {
                let rank = line.param(6).trim_start_matches(['H', 'G', '*']);
                let name = format!("{rank}{}", line.param(5));
                self.listed.push((number_of(line.param(2), 'u').unwrap_or(usize::MAX), name));
            }
            "315" => return self.see_listed(line.param(1), pages),
            code if REFUSALS.contains(&code) => {
                if let Some(pending) = self.pending.front_mut() {
                    pending.is_refused = true;
                }
            }
            _ => self.view.see(line, pages.now())?,
        }
        Ok(())
    }

    /// It asks for a nick. What is said to that may be on its way before the client knows that it has it.
    fn note_nick(&self, nick: &str, pages: &mut Pages) {
        pages.connections[self.number].nicks.insert(nick.to_owned());
    }

    /// Everything up to the PING has taken effect: what others have been told of before must be here by now.
    fn see_pong(&mut self, line: &Line, pages: &mut Pages) -> Result<(), String> {
        let expected = self.asked + 1 - self.pending.len();
        let pending = match self.pending.pop_front() {
            Some(pending) if line.text() == expected.to_string() => pending,
            _ => return Err("a PONG that is not the next".into()),
        };
        let now = pages.now();
        if let Some(said) = pending.said {
            pages.said[said].is_refused = pending.is_refused;
            pages.settled.push((now, said));
        }
        if pending.is_order {
            let guest = pages.connections[self.number].guest;
            pages.guests[guest].obeyed += 1;
        }
        while let Some((when, said)) = pages.settled.get(self.looked).copied()
            && when < pending.asked_at
        {
            self.looked += 1;
            let told = &pages.said[said];
            let room = self.view.rooms.get(&told.to).filter(|room| room.since < told.sent);
            let is_due = room.is_some() && !told.is_refused && told.by != self.number;
            if is_due && !told.seen.contains(&self.number) {
                return Err(format!("a PONG ahead of what was said before\n  m{said}"));
            }
        }
        Ok(())
    }

    fn see_said(&mut self, line: &Line, pages: &mut Pages) -> Result<(), String> {
        let word = line.text().split(' ').next().unwrap_or_default();
        let number = number_of(word, 'm').filter(|number| *number < pages.said.len());
        let number = number.ok_or("what nobody has said")?;
        let said = &mut pages.said[number];
        let to = line.param(0);
        if line.source.split(['!', '@']).nth(1) != Some(&format!("u{}", said.by)) || to != said.to {
            return Err("what was said by another, or elsewhere".into());
        }
        if to.starts_with('#') {
            if said.by == self.number {
                return Err("what it has said itself".into());
            }
            if !self.view.rooms.contains_key(to) {
                return Err("what was said in a channel that it is not in".into());
            }
        } else if to != self.view.nick {
            return Err("what was said to another nick".into());
        } else if !said.seen.is_empty() {
            return Err("what was said to one nick, and seen by another client".into());
        }
        if !said.seen.insert(self.number) {
            return Err("twice what was said once".into());
        }
        match self.last.insert((said.by, to.to_owned()), number) {
            Some(last) if last > number => {
                Err("what was said earlier behind what was said later".into())
            }
            _ => Ok(()),
        }
    }

    /// Who is in a channel: those that it knows, and nobody who has been told that he is gone.
    fn see_listed(&mut self, room: &str, pages: &Pages) -> Result<(), String> {
        let asked_at = self.pending.front().map_or(Moment::MAX, |pending| pending.asked_at);
        let listed = std::mem::take(&mut self.listed);
        for (number, name) in &listed {
            let connection = pages.connections.get(*number).ok_or("a stranger in a channel")?;
            if connection.gone.is_some_and(|gone| gone < asked_at) {
                let why = "somebody in a channel who was told before that he is gone";
                return Err(format!("{why}\n  {name}, connection {number}"));
            }
        }
        self.view.compare(room, listed.iter().map(|(_, name)| name.as_str()))
    }
}

/// The number in `u7` or `m7`.
pub fn number_of(text: &str, letter: char) -> Option<usize> {
    text.strip_prefix(letter)?.parse().ok()
}

impl Actor for Guest {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.book.open().guests[self.number].address = Some(ctx.recipient(Message::Ordered));
        self.connect(ctx);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            Message::Connected(Ok(connection)) => self.enter(connection, ctx),
            Message::Connected(Err(_)) => self.try_again(ctx),
            Message::Connect => self.connect(ctx),
            Message::Heard(number, line) if self.is_current(number) => {
                if let Some(visit) = &mut self.visit {
                    visit.unread.push_back(line);
                }
                self.listen(ctx);
            }
            Message::Listen(number) if self.is_current(number) => {
                if let Some(visit) = &mut self.visit {
                    visit.is_deaf = false;
                }
                self.listen(ctx);
                self.schedule(ctx);
            }
            Message::Next(number) if self.is_current(number) => self.take_step(ctx),
            Message::ReadEnded(number, result) if self.is_current(number) => {
                // What has come before the end is read first.
                if let Some(visit) = &mut self.visit {
                    visit.is_deaf = false;
                }
                self.listen(ctx);
                self.end(result, ctx);
            }
            Message::Ordered(order) => self.obey(order, ctx),
            _ => {}
        }
        Ok(())
    }

    fn show(message: &Message) -> String {
        match message {
            Message::Connected(result) => match result {
                Ok(_) => "connected".into(),
                Err(error) => format!("not connected: {error}"),
            },
            Message::Heard(_, line) => match &**line {
                Ok(line) => format!("hears {}", String::from_utf8_lossy(line)),
                Err(error) => error.to_string(),
            },
            Message::ReadEnded(_, Ok(_)) => "sees the end".into(),
            Message::ReadEnded(_, Err(error)) => format!("sees a failure: {error}"),
            Message::WriteEnded => "can say no more".into(),
            Message::Next(_) => "goes on".into(),
            Message::Listen(_) => "listens again".into(),
            Message::Connect => "comes back".into(),
            Message::Ordered(order) => format!("{order:?}"),
        }
    }
}
