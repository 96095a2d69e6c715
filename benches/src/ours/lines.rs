//! The smallest service that looks at what it is sent: each line of a connection is answered with itself.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use roundsman::net::{Connection, tcp};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Summary, lines};

use crate::net::server::Announce;

/// Bytes of a line, without its end.
const LINE_MAX: usize = 512;

struct Service {
    announce: Announce,
}

enum Message {
    Accepted(Item<Connection>),
    Closed(Result<Summary, PipeError>),
}

impl Actor for Service {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let listener = tcp::listen("127.0.0.1:0")?;
        (self.announce)(listener.local().port().unwrap_or_default());
        listener.incoming().pipe(ctx.inlet(Message::Accepted)).start(ctx, Message::Closed);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Accepted(conn) => {
                let said = conn.reader().through(lines(LINE_MAX));
                said.try_map(|line| line.map(answer))
                    .pipe(conn.writer())
                    .start(ctx, Message::Closed);
            }
            // A connection's error is that connection's.
            Message::Closed(Ok(_) | Err(_)) => {}
        }
        Ok(())
    }
}

fn answer(said: Bytes) -> Bytes {
    let mut line = BytesMut::with_capacity(said.len() + 1);
    line.put(said);
    line.put_u8(b'\n');
    line.freeze()
}

/// Serves until it is killed.
///
/// # Errors
/// If the runtime cannot be built or the listener fails.
pub fn serve(announce: Announce) -> io::Result<()> {
    let runtime = Runtime::builder().loops(1).build().map_err(io::Error::other)?;
    runtime.run(|| Service { announce }).map_err(io::Error::other)
}
