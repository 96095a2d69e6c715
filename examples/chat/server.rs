//! The server: the actor at the root, which accepts connections and sees to a good end.
//!
//! It spawns the directory, and a session for each connection. On a signal it accepts nobody any more, has every session
//! say goodbye, and stops when all have ended or the time for it is up. It knows no IRC.

use std::collections::HashMap;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use roundsman::net::{Connection, Endpoint, tcp};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Running, Summary};
use roundsman::{ActorId, Signal, Terminated, Timestamp};

use crate::chat::directory::{self, Directory};
use crate::chat::session::{self, Session};

/// How long the sessions have to say goodbye when the server ends.
const GOODBYE_TIME: Duration = Duration::from_secs(3);

/// What every actor knows of the server.
pub struct About {
    /// What the server calls itself.
    pub name: String,
    /// The message of the day.
    pub motd: Option<String>,
    /// The time at which the runtime has started, in seconds since 1970. From then on the runtime's clock counts.
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
    /// Has not started: where it is to listen, and who is told once it does.
    Planned(SocketAddr, Box<dyn FnOnce(&Endpoint)>),
    Open {
        directory: Address<directory::Message>,
        accepting: Running,
    },
    Closing,
}

#[doc(hidden)]
pub enum Message {
    Accepted(Item<Connection>),
    AcceptingEnded(Result<Summary, PipeError>),
    SessionEnded(Terminated),
    DirectoryEnded(Terminated),
    Signalled(Signal),
    GoodbyeTimeOver,
}

impl Server {
    /// A server that listens there once it is spawned, as the root of a runtime or below another actor; then `listening` is
    /// told where, for port 0 takes a free one. It fails if it cannot.
    pub fn new(
        about: About,
        listen: SocketAddr,
        listening: impl FnOnce(&Endpoint) + 'static,
    ) -> Self {
        let stage = Stage::Planned(listen, Box::new(listening));
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
        let Stage::Planned(listen, listening) = mem::replace(&mut self.stage, Stage::Closing)
        else {
            return Ok(());
        };
        // Signals first: whoever has read where it listens may send one. A simulated process gets none.
        if cfg!(unix) && !ctx.is_simulated() {
            ctx.on_signal(Signal::Interrupt, Message::Signalled)?;
            ctx.on_signal(Signal::Terminate, Message::Signalled)?;
        }
        let listener = tcp::listen(listen)?;
        let directory = Directory::new(Arc::clone(&self.about));
        let directory = ctx.spawn_with(Spawn::named("directory"), directory);
        ctx.watch(&directory, Message::DirectoryEnded);
        listening(listener.local());
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
