//! The writing half of a connection while it is open: what waits, what was asked for, and to whom the socket is lent.

use std::io;

use bytes::Bytes;

use super::ends::Ends;
use super::transport::StreamSocket;
use crate::stream::assembly::{Counts, Reporter};
use crate::stream::straight::Borrower;
use crate::stream::{Owed, Upstream, weight, window};
use crate::write_queue::WriteQueue;

/// The writing half of a connection.
pub(crate) struct Writing {
    upstream: Option<Upstream>,
    /// Asked for and not come.
    owed: Owed,
    queue: WriteQueue,
    /// The end has come: FIN follows what waits.
    ending: bool,
    /// The kernel moves bytes into the socket. Who has it do so hears when the socket takes more.
    is_lent: bool,
    /// It has had it: another descriptor may be open for a while yet.
    was_lent: bool,
    /// Who wants to have that, once everything is written that came before.
    borrower: Option<Box<Borrower>>,
    pub(crate) reporter: Reporter,
    counts: Counts,
}

impl Writing {
    pub(crate) fn new(reporter: Reporter) -> Self {
        Self {
            upstream: None,
            owed: Owed::default(),
            queue: WriteQueue::default(),
            ending: false,
            is_lent: false,
            was_lent: false,
            borrower: None,
            reporter,
            counts: Counts::default(),
        }
    }

    /// Its link has begun.
    pub(crate) fn begin(&mut self, upstream: Upstream) {
        self.owed = Owed::default();
        self.upstream = Some(upstream);
        self.ask();
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.owed.give(weight(&bytes));
        self.counts.add(&bytes);
        self.queue.push(bytes);
    }

    pub(crate) fn end(&mut self) {
        self.upstream = None;
        self.ending = true;
    }

    /// Somebody wants the kernel to move bytes into the socket.
    pub(crate) fn lend(&mut self, borrower: Borrower) {
        self.borrower = Some(Box::new(borrower));
    }

    /// The kernel has moved so many; or none, and what follows comes as before.
    pub(crate) fn moved(&mut self, bytes: u64) {
        if bytes == 0 {
            self.is_lent = false;
            self.owed = Owed::default();
            return self.ask();
        }
        self.counts.items += 1;
        self.counts.bytes += bytes;
    }

    /// Whether nothing waits to be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether its end has come: FIN follows what waits.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending
    }

    /// The socket takes more.
    pub(crate) fn is_writable(&self) {
        if let (true, Some(upstream)) = (self.is_lent, &self.upstream) {
            upstream.request(1);
        }
    }

    /// Writes what waits, as far as the socket takes it, and asks for more. `Some` when everything is out and FIN is; or
    /// will be at once, for the socket `closes` then, with nothing left to read.
    ///
    /// # Errors
    /// What the socket says but that it takes no more for now, which `writable` then says.
    pub(crate) fn go(
        &mut self,
        socket: &mut StreamSocket,
        writable: &mut bool,
        ends: Option<&Ends>,
        closes: bool,
    ) -> io::Result<Option<Counts>> {
        while *writable && !self.queue.is_empty() {
            let written =
                self.queue.write(socket, StreamSocket::write, StreamSocket::write_vectored);
            match written {
                Ok(bytes) => {
                    if let Some(ends) = ends {
                        ends.has_written(bytes as u64);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => *writable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.ask();
        if !self.queue.is_empty() || !out(socket.flush(), writable)? {
            return Ok(None);
        }
        if let Some(borrower) = self.borrower.take() {
            let lent = socket.lend();
            self.is_lent = lent.is_ok();
            self.was_lent = true;
            // One that has ended needs none.
            let _ = borrower.send(lent);
        }
        if !self.ending {
            return Ok(None);
        }
        if closes && !self.was_lent && socket.finishes_on_close() {
            return Ok(Some(self.counts));
        }
        match socket.finish() {
            // A peer that has reset meanwhile shows as an error of the reading half.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(Some(self.counts)),
            finished => Ok(out(finished, writable)?.then_some(self.counts)),
        }
    }

    fn ask(&mut self) {
        let Some(upstream) = &self.upstream else { return };
        let (held, most) = (self.queue.len() as u64, window::<Bytes>());
        if self.owed.leaves_half(held, most) {
            let missing = self.owed.missing(held, most);
            upstream.request(missing);
            self.owed.ask(missing);
        }
    }

    /// Nothing more is wanted.
    pub(crate) fn cancel(&self) {
        if let Some(upstream) = &self.upstream {
            upstream.cancel();
        }
    }
}

/// Whether it is out. Not so if the socket takes no more for now, which `writable` then says.
fn out(result: io::Result<()>, writable: &mut bool) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            *writable = false;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
