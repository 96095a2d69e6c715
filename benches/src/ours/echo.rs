//! The echo server: a pipeline from each connection's reader to its writer.

use std::io;

use roundsman::net::{Connection, tcp};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Summary};

use crate::net::server::Announce;

struct Echo {
    announce: Announce,
}

enum Message {
    Accepted(Item<Connection>),
    Closed(Result<Summary, PipeError>),
}

impl Actor for Echo {
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
                conn.reader().pipe(conn.writer()).start(ctx, Message::Closed);
            }
            // A connection's error is that connection's.
            Message::Closed(Ok(_) | Err(_)) => {}
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
    runtime.run(|| Echo { announce }).map_err(io::Error::other)
}
