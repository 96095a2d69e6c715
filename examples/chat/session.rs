//! A session: the actor of one connection, which reads what its client says and writes what the client is told.
//!
//! Spawned by the server for each connection. It speaks for its client to the directory and to
//! channels, and answers by itself what it can. It knows nothing of other clients.
//!
//! # One command in hand
//! While somebody carries out a command, the lines that come are kept unread, as the items that they are: their demand
//! returns only as they are taken, so at most a window of them waits here and the rest in the peer's own socket.
//! Lines that are said in one channel need not wait for each other, for they cannot overtake each other.
//!
//! # A client that does not read
//! A session never waits for its client: it pushes lines into an outlet that holds 1 MiB ahead of the socket. When
//! that is full the client is cut off. So a session always keeps up with its mailbox, and a channel never has to wait
//! for a member.
//!
//! # The end
//! `ERROR` is the last line, and FIN follows it. What the client still sends is read and dropped: a socket that is
//! closed over unread bytes resets the connection, and the `ERROR` would be lost. The session stops when the client has
//! closed as well, or after `LINGER`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::Timestamp;
use roundsman::net::Connection;
use roundsman::prelude::*;
use roundsman::stream::{Full, Item, LineTooLong, Outlet, Source, lines, outlet};

use crate::chat::client::{Caller, Client};
use crate::chat::command::{self, Command};
use crate::chat::names::{self, ChannelName, Nick, UserName};
use crate::chat::replies::closing_link;
use crate::chat::server::About;
use crate::chat::{channel, directory, wire};

mod obey;

/// The most bytes that wait for a client ahead of its socket.
const SEND_QUEUE_MAX: u64 = 1024 * 1024;
/// The most lines of a client that are on their way to one channel.
const SAID_AT_ONCE_MAX: u32 = 16;
/// How long a client that has been told `ERROR` may take to read it and close.
const LINGER: Duration = Duration::from_secs(10);

/// The actor of one connection.
pub struct Session {
    about: Arc<About>,
    directory: Address<directory::Message>,
    host: Arc<str>,
    who: Who,
    /// The channels that the client is in.
    channels: BTreeMap<ChannelName, Membership>,
    invisible: bool,
    last_spoke: Timestamp,

    /// Until the session has started: what is to be piped.
    unpiped: Option<(Connection, Source<Bytes>)>,
    outlet: Outlet<Bytes>,
    unread: VecDeque<Item<Result<Bytes, LineTooLong>>>,
    /// The commands of the line that was read last.
    commands: VecDeque<Command>,
    in_hand: InHand,
    stage: Stage,
    /// Why the session ends: what QUIT says to others and ERROR to the client.
    farewell: String,
    read_ended: bool,
    write_ended: bool,
}

enum Who {
    /// Has not registered.
    Stranger(Introduction),
    Client(Arc<Client>),
}

/// What a stranger has said of itself.
#[derive(Default)]
struct Introduction {
    nick: Option<Nick>,
    user: Option<(UserName, String)>,
    /// Capabilities are being negotiated, which holds the registration.
    negotiating: bool,
}

struct Membership {
    channel: Address<channel::Message>,
    operator: bool,
}

/// What others are doing for this session.
#[derive(Default)]
struct InHand {
    commands: u32,
    /// All of them are lines that are said here.
    channel: Option<ChannelName>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Commands are obeyed.
    Serving,
    /// The client leaves once nothing is in hand.
    Ending,
    /// Everybody who should know is being told.
    Announced,
    /// `ERROR` has been said; nothing is left to do but to linger.
    Closed,
}

pub enum Message {
    /// A line for the client.
    Deliver(Bytes),
    /// A line from the client.
    Line(Item<Result<Bytes, LineTooLong>>),
    /// The command in hand is done.
    Done(Result<(), AskError>),
    /// Somebody else has the nick that this stranger has chosen.
    NickInUse,
    /// The directory knows the client as this from now on.
    Known(Arc<Client>),
    Joined {
        name: ChannelName,
        channel: Address<channel::Message>,
        operator: bool,
    },
    Parted(ChannelName),
    /// Somebody asks who this client is, by a nick in his own spelling.
    WhoIs {
        caller: Caller,
        asked: Nick,
    },
    /// Nothing more comes from the client.
    ReadEnded,
    /// Nothing more goes to it.
    WriteEnded,
    ServerCloses,
    LingerOver,
}

impl Session {
    pub fn new(
        about: Arc<About>,
        directory: Address<directory::Message>,
        connection: Connection,
    ) -> Self {
        let (outgoing, outlet) = outlet(SEND_QUEUE_MAX);
        Self {
            about,
            directory,
            host: names::host(connection.peer()),
            who: Who::Stranger(Introduction::default()),
            channels: BTreeMap::new(),
            invisible: false,
            last_spoke: Timestamp::default(),
            unpiped: Some((connection, outgoing)),
            outlet,
            unread: VecDeque::new(),
            commands: VecDeque::new(),
            in_hand: InHand::default(),
            stage: Stage::Serving,
            farewell: String::new(),
            read_ended: false,
            write_ended: false,
        }
    }

    /// Goes on until somebody else has to do something.
    fn go_on(&mut self, ctx: &mut Context<Self>) {
        while let Some(command) = self.next_command() {
            self.obey(command, ctx);
        }
        if self.stage == Stage::Serving && self.read_ended && self.in_hand.is_empty() {
            self.end("Connection closed");
        }
        if self.stage == Stage::Ending && self.in_hand.is_empty() {
            self.stage = Stage::Announced;
            self.announce_end(ctx);
        }
        if self.stage == Stage::Announced && self.in_hand.is_empty() {
            self.stage = Stage::Closed;
            self.close_link(ctx);
        }
        if self.stage == Stage::Closed && self.read_ended && self.write_ended {
            ctx.stop();
        }
    }

    /// The next command, if it need not wait for those in hand.
    fn next_command(&mut self) -> Option<Command> {
        while self.commands.is_empty() && self.in_hand.lets_read() {
            let line = self.unread.pop_front()?;
            self.read(&line);
        }
        let next = self.commands.front()?;
        if self.in_hand.lets_pass(next) { self.commands.pop_front() } else { None }
    }

    /// Makes commands of a line.
    fn read(&mut self, line: &Result<Bytes, LineTooLong>) {
        match line {
            Ok(bytes) => {
                if let Some(line) = wire::Line::parse(&wire::decode(bytes)) {
                    command::read(&line, &self.about, self.who.nick(), &mut self.commands);
                }
            }
            Err(_) => {
                let refusal = self.replies().input_too_long();
                self.commands.push_back(Command::Answer(refusal));
            }
        }
    }

    /// Gives the client a line; or gives it up, if too many wait for it.
    fn deliver(&mut self, line: Bytes, ctx: &mut Context<Self>) {
        // A link that is closed takes no more, which is as it should be.
        if let Err(Full::Limit(_)) = self.outlet.push(line) {
            self.outlet.discard();
            self.end("SendQ exceeded");
            self.close_link(ctx);
        }
    }

    /// Nothing that the client says counts any more.
    fn end(&mut self, why: &str) {
        if self.stage == Stage::Serving {
            self.stage = Stage::Ending;
            self.farewell = why.to_owned();
            self.commands.clear();
            self.unread.clear();
        }
    }

    /// Has everybody told who should know that this client leaves.
    fn announce_end(&mut self, ctx: &mut Context<Self>) {
        if let Who::Client(_) = &self.who {
            let (reason, channels) = (self.farewell.clone(), self.all_channels());
            self.ask_directory(directory::Request::Leave { reason, channels }, ctx);
        } else {
            // Without a directory the server is ending.
            let _ = self.directory.send(directory::Message::Gone(ctx.id()));
        }
    }

    /// Says goodbye, and lingers. Harmless when the link is closed already.
    fn close_link(&mut self, ctx: &mut Context<Self>) {
        if let Err(Full::Limit(error)) = self.outlet.push(closing_link(&self.farewell)) {
            self.outlet.discard();
            // There is room now.
            let _ = self.outlet.push(error);
        }
        self.outlet.end();
        ctx.send_after(LINGER, Message::LingerOver);
    }
}

impl InHand {
    fn is_empty(&self) -> bool {
        self.commands == 0
    }

    fn add(&mut self, channel: Option<ChannelName>) {
        self.commands += 1;
        self.channel = channel;
    }

    fn remove(&mut self) {
        self.commands -= 1;
    }

    /// Whether the next line may be looked at: what is in hand must not change who the client is.
    fn lets_read(&self) -> bool {
        self.is_empty() || self.channel.is_some()
    }

    /// Whether the next command need not wait for those in hand.
    fn lets_pass(&self, next: &Command) -> bool {
        let follows = match next {
            Command::Channel(name, channel::Request::Say(_)) => self.channel.as_ref() == Some(name),
            _ => false,
        };
        self.is_empty() || follows && self.commands < SAID_AT_ONCE_MAX
    }
}

impl Who {
    fn nick(&self) -> Option<&Nick> {
        match self {
            Self::Stranger(_) => None,
            Self::Client(client) => Some(&client.nick),
        }
    }
}

impl Actor for Session {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        if let Some((connection, outgoing)) = self.unpiped.take() {
            let incoming = connection.reader().through(lines(wire::BODY_MAX));
            incoming.pipe(ctx.inlet(Message::Line)).start(ctx, |_| Message::ReadEnded);
            outgoing.pipe(connection.writer()).start(ctx, |_| Message::WriteEnded);
        }
        // Without a directory the server is ending.
        let _ = self.directory.send(directory::Message::Arrived(ctx.address()));
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Deliver(line) => self.deliver(line, ctx),
            Message::Line(line) if self.stage == Stage::Serving => {
                self.unread.push_back(line);
            }
            Message::Line(_) => {}
            Message::Done(result) => self.command_done(result),
            Message::NickInUse => self.forget_nick(),
            Message::Known(client) => self.who = Who::Client(client),
            Message::Joined { name, channel, operator } => {
                self.channels.insert(name, Membership { channel, operator });
            }
            Message::Parted(name) => _ = self.channels.remove(&name),
            Message::WhoIs { caller, asked } => self.say_who_is(caller, &asked, ctx),
            Message::ReadEnded => self.read_ended = true,
            Message::WriteEnded => {
                self.write_ended = true;
                self.end("Connection closed");
            }
            Message::ServerCloses => {
                self.end("Server closing");
                self.close_link(ctx);
                self.stage = Stage::Closed;
            }
            Message::LingerOver => ctx.stop(),
        }
        self.go_on(ctx);
        Ok(())
    }
}
