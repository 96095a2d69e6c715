//! Files as a part of a link: what a source gives is written to a file, which is sent over a socket, or read again.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use roundsman::fs;
use roundsman::net::Connection;
use roundsman::stream::{Outlet, PipeError, Source, Summary, outlet};
use roundsman::{Actor, Context, Outcome, Scope, Spawn};

use crate::folder::Folder;

/// Stages on the way between a file and a socket; with none, the kernel moves the bytes.
pub type Way = fn(Source<Bytes>) -> Source<Bytes>;

/// Writes what `source` gives to a file, and gives what is in it once it is whole.
pub fn through_a_file(source: Source<Bytes>, scope: Scope<'_>) -> Source<Bytes> {
    let folder = Arc::new(Folder::new());
    let path = folder.file("between");
    let (whole, tell) = outlet(1);
    let filing = Filing { source: Some(source), path: path.clone(), next: Some(Next::Tell(tell)) };
    scope.spawn_with(Spawn::named("filing"), filing);
    whole.flat_merge(1, move |()| {
        // It goes when it has been read.
        let _kept = &folder;
        fs::reader(&path).source()
    })
}

/// Writes what `source` gives to a file, then sends the file into `connection`.
pub fn from_a_file(source: Source<Bytes>, connection: Connection, way: Way, scope: Scope<'_>) {
    let folder = Folder::new();
    let path = folder.file("sent");
    let next = Some(Next::Send { connection, way, _folder: folder });
    scope.spawn_with(Spawn::named("filing"), Filing { source: Some(source), path, next });
}

/// Writes a file, and does something once it is whole.
struct Filing {
    source: Option<Source<Bytes>>,
    path: PathBuf,
    next: Option<Next>,
}

enum Next {
    /// Says so.
    Tell(Outlet<()>),
    /// Sends it. The folder goes with the actor.
    Send { connection: Connection, way: Way, _folder: Folder },
}

enum Message {
    Written(Result<Summary, PipeError>),
    Sent,
}

impl Actor for Filing {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let source = self.source.take().expect("it starts once");
        source.pipe(fs::writer(&self.path).sink()).start(ctx, Message::Written);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        match (message, &mut self.next) {
            (Message::Written(Ok(_)), Some(Next::Send { connection, way, .. })) => {
                let file = way(fs::reader(&self.path).source());
                file.pipe(connection.writer()).start(ctx, |_| Message::Sent);
            }
            (Message::Written(Ok(_)), Some(Next::Tell(outlet))) => {
                // One that nobody takes from needs to know nothing.
                let _ = outlet.push(());
                outlet.end();
                ctx.stop();
            }
            // What it has, an outlet or a connection, goes with it: whoever is behind that hears of it.
            (Message::Written(_) | Message::Sent, _) => ctx.stop(),
        }
        Ok(())
    }
}
