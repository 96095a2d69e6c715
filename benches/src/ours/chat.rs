//! The line chat: a session for each connection, and one room.

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

enum RoomMessage {
    Accepted(Item<Connection>),
    Joined(Address<SessionMessage>),
    Say(Bytes),
    ListenerClosed(Result<Summary, PipeError>),
}

struct Room {
    announce: Announce,
    members: Vec<Address<SessionMessage>>,
}

impl Actor for Room {
    type Message = RoomMessage;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let listener = tcp::listen("127.0.0.1:0")?;
        (self.announce)(listener.local_addr().port());
        let closed = RoomMessage::ListenerClosed;
        listener.incoming().pipe(ctx.inlet(RoomMessage::Accepted)).start(ctx, closed);
        Ok(())
    }

    fn receive(&mut self, message: RoomMessage, ctx: &mut Context<Self>) -> Outcome {
        match message {
            RoomMessage::Accepted(conn) => {
                let room = ctx.address();
                ctx.spawn(Session { room, conn: conn.take(), out: None });
            }
            RoomMessage::Joined(member) => self.members.push(member),
            RoomMessage::Say(line) => {
                self.members.retain(|member| {
                    member.try_send(SessionMessage::Deliver(line.clone())).is_ok()
                });
            }
            RoomMessage::ListenerClosed(result) => drop(result?),
        }
        Ok(())
    }
}

enum SessionMessage {
    Line(Item<Result<Bytes, LineTooLong>>),
    Deliver(Bytes),
    Closed(Result<Summary, PipeError>),
}

struct Session {
    room: Address<RoomMessage>,
    conn: Connection,
    out: Option<Outlet<Bytes>>,
}

impl Actor for Session {
    type Message = SessionMessage;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let said = self.conn.reader().through(lines(LINE_MAX));
        said.pipe(ctx.inlet(SessionMessage::Line)).start(ctx, SessionMessage::Closed);
        let (heard, out) = outlet(WAITING_MAX);
        heard.pipe(self.conn.writer()).start(ctx, SessionMessage::Closed);
        self.out = Some(out);
        self.room.send(RoomMessage::Joined(ctx.address()))?;
        Ok(())
    }

    fn receive(&mut self, message: SessionMessage, ctx: &mut Context<Self>) -> Outcome {
        match message {
            SessionMessage::Line(line) => {
                let said = line.take()?;
                let mut whole = BytesMut::with_capacity(said.len() + 1);
                whole.put(said);
                whole.put_u8(b'\n');
                self.room.send(RoomMessage::Say(whole.freeze()))?;
            }
            SessionMessage::Deliver(line) => {
                if self.out.as_mut().is_some_and(|out| out.push(line).is_err()) {
                    ctx.stop();
                }
            }
            SessionMessage::Closed(_) => ctx.stop(),
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
