//! The raw mio echo: read then write directly. What a careful person writes by hand for one core.

#![expect(clippy::disallowed_types, reason = "the raw mio peer is mio by hand")]

use std::io;

use mio::event::Event;

use crate::net::{
    server::Announce,
    slab_server::{self, Connection, Service},
    socket::{Appetite, Drained, drain},
};

struct Echo;

/// Serves until it is killed.
///
/// # Errors
/// If the poller or the listener fail.
pub fn serve(announce: Announce) -> io::Result<()> {
    slab_server::serve(Echo, announce)
}

impl Service for Echo {
    type State = ();

    fn ready(
        &mut self,
        connection: &mut Connection<()>,
        event: &Event,
        buffer: &mut [u8],
    ) -> io::Result<bool> {
        let Connection { stream, outgoing, .. } = connection;
        let was_behind = !outgoing.is_empty();
        outgoing.flush(stream)?;
        if !outgoing.is_empty() || !(was_behind || event.is_readable()) {
            // Who does not read is not read from; what it sent is read when it has caught up.
            return Ok(true);
        }
        // The end of what it sends may have been announced while it was behind.
        let closed = was_behind || event.is_read_closed();
        let drained = drain(stream, buffer, closed, |bytes| {
            outgoing.send(stream, bytes)?;
            Ok(if outgoing.is_empty() { Appetite::More } else { Appetite::Enough })
        })?;
        Ok(drained != Drained::Ended)
    }
}
