//! The hand-written mio chat: joins the lines of a round into one write to each client.

#![expect(clippy::disallowed_types, reason = "the raw mio peer is mio by hand")]

use std::io;

use mio::event::Event;
use slab::Slab;

use crate::net::{
    server::Announce,
    slab_server::{self, Connection, Service},
    socket::{Appetite, Drained, drain},
};

/// A client that is further behind than this is cut off.
const BEHIND_BYTES_MAX: usize = 4 << 20;

/// A line that is longer than this ends its client.
const LINE_BYTES_MAX: usize = 64 << 10;

/// The one room.
#[derive(Default)]
struct Room {
    /// The lines that were said in this round.
    said: Vec<u8>,
}

/// The beginning of a line whose end has not come yet.
type Partial = Vec<u8>;

/// Serves until it is killed.
///
/// # Errors
/// If the poller or the listener fail.
pub fn serve(announce: Announce) -> io::Result<()> {
    slab_server::serve(Room::default(), announce)
}

impl Service for Room {
    type State = Partial;

    fn ready(
        &mut self,
        client: &mut Connection<Partial>,
        event: &Event,
        buffer: &mut [u8],
    ) -> io::Result<bool> {
        let Connection { stream, outgoing, state: partial } = client;
        outgoing.flush(stream)?;
        if !event.is_readable() {
            return Ok(true);
        }
        let drained = drain(stream, buffer, event.is_read_closed(), |bytes| {
            let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
            if whole > 0 {
                self.said.append(partial);
                self.said.extend_from_slice(&bytes[..whole]);
            }
            partial.extend_from_slice(&bytes[whole..]);
            Ok(Appetite::More)
        })?;
        Ok(drained != Drained::Ended && partial.len() <= LINE_BYTES_MAX)
    }

    fn round_ends(&mut self, clients: &mut Slab<Connection<Partial>>) {
        if self.said.is_empty() {
            return;
        }
        clients.retain(|_, client| {
            let sent = client.outgoing.send(&client.stream, &self.said);
            sent.is_ok() && client.outgoing.len() <= BEHIND_BYTES_MAX
        });
        self.said.clear();
    }
}
