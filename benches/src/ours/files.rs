//! The file server: a pipeline from a file to each connection's writer, or through a hash to another file.

use std::{collections::VecDeque, io};

use roundsman::crypto::{Algorithm, Digest};
use roundsman::fs;
use roundsman::net::{Connection, tcp};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Source, Summary};

use crate::{
    file::job::{Job, Task},
    net::server::Announce,
};

enum Message {
    Accepted(Item<Connection>),
    Hashed(Digest),
    Copied(Result<Summary, PipeError>),
    Sent(Result<Summary, PipeError>),
    ListenerClosed(Result<Summary, PipeError>),
}

struct FileServer {
    task: Task,
    announce: Announce,
    /// Who waits for a digest, first come, first served.
    waiting: VecDeque<Connection>,
    digest: Option<Digest>,
}

impl FileServer {
    fn reply(&mut self, conn: Connection, ctx: &mut Context<Self>) {
        let file = fs::reader(&self.task.from).source();
        match self.task.job {
            Job::Straight => {
                file.pipe(conn.writer()).start(ctx, Message::Sent);
            }
            Job::Staged => {
                file.map(|bytes| bytes).pipe(conn.writer()).start(ctx, Message::Sent);
            }
            Job::Hashed => {
                self.waiting.push_back(conn);
                let copy = fs::writer(&self.task.to).sink();
                let hashed = ctx.recipient(Message::Hashed);
                file.hash_through(Algorithm::Sha3_256, hashed)
                    .pipe(copy)
                    .start(ctx, Message::Copied);
            }
        }
    }
}

impl Actor for FileServer {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let listener = tcp::listen("127.0.0.1:0")?;
        (self.announce)(listener.local().port().unwrap_or_default());
        let closed = Message::ListenerClosed;
        listener.incoming().pipe(ctx.inlet(Message::Accepted)).start(ctx, closed);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Accepted(conn) => self.reply(conn.take(), ctx),
            Message::Hashed(digest) => self.digest = Some(digest),
            // The digest has come before the end of the copy.
            Message::Copied(result) => {
                result?;
                let digest = self.digest.take().map(Digest::into_bytes).unwrap_or_default();
                if let Some(conn) = self.waiting.pop_front() {
                    Source::iter([digest]).pipe(conn.writer()).start(ctx, Message::Sent);
                }
            }
            // A connection's error is that connection's.
            Message::Sent(Ok(_) | Err(_)) => {}
            Message::ListenerClosed(result) => drop(result?),
        }
        Ok(())
    }
}

/// Serves until it is killed.
///
/// # Errors
/// If the runtime cannot be built or the listener fails.
pub fn serve(task: Task, announce: Announce) -> io::Result<()> {
    let runtime = Runtime::builder().loops(1).build().map_err(io::Error::other)?;
    let server = move || FileServer { task, announce, waiting: VecDeque::new(), digest: None };
    runtime.run(server).map_err(io::Error::other)
}
