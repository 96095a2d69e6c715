//! The server: the actor at the root, which accepts connections and sees to a good end.
//!
//! It spawns the directory, and a session for each connection. On a signal it accepts nobody any more, has every session
//! say goodbye, and stops when all have ended or the time for it is up. It knows no IRC.
#![expect(clippy::disallowed_macros, reason = "a program prints where it listens")]

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use roundsman::net::{Connection, Listener};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Running, Summary};
use roundsman::{ActorId, Signal, Terminated, Timestamp};

use crate::directory::{self, Directory};
use crate::session::{self, Session};

/// How long the sessions have to say goodbye when the server ends.
const GOODBYE_TIME: Duration = Duration::from_secs(3);

/// What every actor knows of the server.
pub struct About {
    pub name: String,
    /// The message of the day.
    pub motd: Option<String>,
    pub started_unix_s: u64,
}

impl About {
    /// A moment as IRC counts time.
    pub fn unix_s(&self, at: Timestamp) -> u64 {
        self.started_unix_s + at.since_start().as_secs()
    }
}

/// The actor at the root.
pub struct Server {
    about: Arc<About>,
    stage: Stage,
    /// Those that have not ended: whom to tell of the end, and for whom to wait.
    sessions: HashMap<ActorId, Address<session::Message>>,
}

enum Stage {
    /// Bound to its port; nobody is accepted yet.
    Bound(Listener),
    Open {
        directory: Address<directory::Message>,
        accepting: Running,
    },
    Closing,
}

pub enum Message {
    Accepted(Item<Connection>),
    AcceptingEnded(Result<Summary, PipeError>),
    SessionEnded(Terminated),
    DirectoryEnded(Terminated),
    Signalled(Signal),
    GoodbyeTimeOver,
}

impl Server {
    pub fn new(about: About, listener: Listener) -> Self {
        let stage = Stage::Bound(listener);
        Self { about: Arc::new(about), stage, sessions: HashMap::new() }
    }

    fn welcome(&mut self, conn: Connection, ctx: &mut Context<Self>) {
        // While closing, a connection that was accepted just before is closed by being dropped.
        let Stage::Open { directory, .. } = &self.stage else { return };
        // Tireless, for a session bounds by itself what it sends: to others some commands at a time, to its peer what
        // the peer takes. If it could be paused, it would not keep up with what it is to deliver.
        let spawn = Spawn::named(format!("session:{}", conn.peer())).tireless();
        let session = Session::new(Arc::clone(&self.about), directory.clone(), conn);
        let session = ctx.spawn_with(spawn, session);
        ctx.watch(&session, Message::SessionEnded);
        self.sessions.insert(session.id(), session);
    }

    /// Ends in good order; told a second time, at once.
    fn close(&mut self, ctx: &mut Context<Self>) {
        let Stage::Open { directory, accepting } = mem::replace(&mut self.stage, Stage::Closing)
        else {
            return ctx.stop();
        };
        accepting.cancel("the server closes");
        // With everybody leaving, nobody has to hear of it: the directory and its channels end first.
        directory.stop();
        for session in self.sessions.values() {
            // One that has ended meanwhile has said goodbye already.
            let _ = session.send(session::Message::ServerCloses);
        }
        ctx.send_after(GOODBYE_TIME, Message::GoodbyeTimeOver);
    }
}

impl Actor for Server {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let Stage::Bound(listener) = mem::replace(&mut self.stage, Stage::Closing) else {
            return Ok(());
        };
        // Signals first: whoever has read where it listens may send one.
        ctx.on_signal(Signal::Interrupt, Message::Signalled)?;
        ctx.on_signal(Signal::Terminate, Message::Signalled)?;
        let directory = Directory::new(Arc::clone(&self.about));
        let directory = ctx.spawn_with(Spawn::named("directory"), directory);
        ctx.watch(&directory, Message::DirectoryEnded);
        println!("chat listens on {}", listener.local());
        let incoming = listener.incoming().pipe(ctx.inlet(Message::Accepted));
        let accepting = incoming.start(ctx, Message::AcceptingEnded);
        self.stage = Stage::Open { directory, accepting };
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Accepted(conn) => self.welcome(conn.take(), ctx),
            Message::AcceptingEnded(result) if matches!(self.stage, Stage::Open { .. }) => {
                result?;
            }
            Message::DirectoryEnded(ended) if matches!(self.stage, Stage::Open { .. }) => {
                return Err(format!("the directory {}", ended.reason).into());
            }
            Message::AcceptingEnded(_) | Message::DirectoryEnded(_) => {}
            Message::SessionEnded(ended) => _ = self.sessions.remove(&ended.id),
            Message::Signalled(signal) => {
                tracing::info!(?signal, sessions = self.sessions.len(), "closing");
                self.close(ctx);
            }
            Message::GoodbyeTimeOver => ctx.stop(),
        }
        if self.sessions.is_empty() && matches!(self.stage, Stage::Closing) {
            ctx.stop();
        }
        Ok(())
    }
}
