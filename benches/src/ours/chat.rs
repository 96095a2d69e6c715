//! The line chat: one room, which holds an outlet for each client.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use roundsman::net::{Connection, tcp};
use roundsman::prelude::*;
use roundsman::stream::{Item, LineTooLong, Outlet, PipeError, Summary, lines, outlet};

use crate::net::server::Announce;

/// Bytes of a line, without its end.
const LINE_MAX: usize = 512;
/// Bytes that may wait for a client; then it is cut off.
const WAITING_MAX: u64 = 1 << 20;

enum Message {
    Accepted(Item<Connection>),
    Said(Item<Result<Bytes, LineTooLong>>),
    Closed(Result<Summary, PipeError>),
    ListenerClosed(Result<Summary, PipeError>),
}

/// The room holds an outlet for each member. One that is full, or whose client has gone, is dropped.
struct Room {
    announce: Announce,
    members: Vec<Outlet<Bytes>>,
}

impl Room {
    fn enter(&mut self, conn: &Connection, ctx: &mut Context<Self>) {
        let said = conn.reader().through(lines(LINE_MAX));
        said.pipe(ctx.inlet(Message::Said)).start(ctx, Message::Closed);
        let (heard, member) = outlet(WAITING_MAX);
        heard.pipe(conn.writer()).start(ctx, Message::Closed);
        self.members.push(member);
    }

    fn say(&mut self, said: &[u8]) {
        let mut line = BytesMut::with_capacity(said.len() + 1);
        line.put(said);
        line.put_u8(b'\n');
        let line = line.freeze();
        self.members.retain_mut(|member| member.push(line.clone()).is_ok());
    }
}

impl Actor for Room {
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
            Message::Accepted(conn) => self.enter(&conn, ctx),
            Message::Said(line) => {
                if let Ok(line) = &*line {
                    self.say(line);
                }
            }
            // The outlet of a client that has gone is dropped when it is next pushed to.
            Message::Closed(Ok(_) | Err(_)) => {}
            Message::ListenerClosed(result) => drop(result?),
        }
        Ok(())
    }
}

/// Serves until it is killed.
///
/// # Errors
/// If the runtime cannot be built or the listener fails.
pub fn serve(announce: Announce) -> io::Result<()> {
    let runtime = Runtime::builder().loops(1).build().map_err(io::Error::other)?;
    runtime.run(|| Room { announce, members: Vec::new() }).map_err(io::Error::other)
}
