//! A peer that is no actor: a blocking socket of the standard library, and what it does in a test.
//!
//! Its time limits only ever make a test fail.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::thread::JoinHandle;
use std::time::Duration;

use roundsman::net::Endpoint;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::example::PATIENCE;
use crate::payload::block;

/// How much is sent, or read, at once.
const CHUNK: usize = 64 * 1024;

/// One end of a connection.
#[derive(Debug)]
pub struct Peer {
    stream: Socket,
}

impl Peer {
    /// Connects.
    ///
    /// # Panics
    /// If nobody listens.
    #[must_use]
    pub fn connect(to: impl Into<Endpoint>) -> Self {
        let (socket, address) = socket(&to.into());
        socket.connect(&address).expect("somebody listens");
        Self::over(socket)
    }

    /// Connects with a kernel that takes little in advance.
    ///
    /// # Panics
    /// If nobody listens.
    #[must_use]
    pub fn narrow(to: impl Into<Endpoint>) -> Self {
        let (socket, address) = socket(&to.into());
        socket.set_recv_buffer_size(4 * 1024).expect("a small buffer");
        socket.connect(&address).expect("somebody listens");
        Self::over(socket)
    }

    /// Takes a connected socket.
    ///
    /// # Panics
    /// If it does not take its options.
    #[must_use]
    pub fn over(stream: impl Into<Socket>) -> Self {
        let stream = stream.into();
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time limit above zero");
        Self { stream }
    }

    /// Where it is itself.
    ///
    /// # Panics
    /// If it is no socket of TCP.
    #[must_use]
    pub fn local(&self) -> Endpoint {
        let address = self.stream.local_addr().expect("it is connected");
        Endpoint::Ip(address.as_socket().expect("an address of TCP"))
    }

    /// Whether an echo server has let it in.
    #[must_use]
    pub fn is_let_in(&mut self) -> bool {
        self.stream.write_all(b"?").is_ok() && matches!(self.stream.read(&mut [0]), Ok(1))
    }

    /// A second hand on the same socket, for another thread.
    ///
    /// # Panics
    /// If there is no descriptor left.
    #[must_use]
    pub fn twin(&self) -> Self {
        Self { stream: self.stream.try_clone().expect("a descriptor") }
    }

    /// Sends bytes.
    ///
    /// # Panics
    /// If the connection is gone.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the connection takes what is sent");
    }

    /// Sends the pattern of [`block`], from one position to another.
    pub fn send_pattern(&mut self, from: u64, to: u64) {
        for (at, len) in chunks(from, to) {
            self.send(&block(at, len));
        }
    }

    /// Sends the pattern from `from` on until the kernel takes no more, and returns how far it came.
    ///
    /// # Panics
    /// If the connection is gone.
    #[must_use]
    pub fn send_until_blocked(&mut self, from: u64) -> u64 {
        self.stream.set_nonblocking(true).expect("a socket");
        let mut at = from;
        loop {
            match self.stream.write(&block(at, CHUNK)) {
                Ok(sent) => at += sent as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("it is not only blocked: {error}"),
            }
        }
        self.stream.set_nonblocking(false).expect("a socket");
        at
    }

    /// Sends the pattern until the connection breaks, and returns how many bytes were taken before that.
    #[must_use]
    pub fn send_until_broken(&mut self) -> u64 {
        let mut sent = 0;
        while let Ok(bytes) = self.stream.write(&block(sent, CHUNK)) {
            sent += bytes as u64;
        }
        sent
    }

    /// Ends the sending side.
    ///
    /// # Panics
    /// If the connection is gone.
    pub fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("the connection is there");
    }

    /// Reads exactly these bytes.
    ///
    /// # Panics
    /// If others come, or too few.
    #[track_caller]
    pub fn expect(&mut self, bytes: &[u8]) {
        let mut got = vec![0; bytes.len()];
        self.stream.read_exact(&mut got).expect("as much arrives");
        assert!(got == bytes, "something else arrived");
    }

    /// Reads the pattern from one position to another.
    #[track_caller]
    pub fn expect_pattern(&mut self, from: u64, to: u64) {
        for (at, len) in chunks(from, to) {
            self.expect(&block(at, len));
        }
    }

    /// Reads the end: nothing else, and no error.
    ///
    /// # Panics
    /// If something else comes.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let got = self.stream.read(&mut [0]).expect("an end in good order");
        assert_eq!(got, 0, "a byte instead of the end");
    }

    /// Reads on until the connection breaks.
    ///
    /// # Panics
    /// If it ends in good order instead.
    #[track_caller]
    pub fn expect_reset(&mut self) {
        let mut chunk = [0; CHUNK];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => panic!("it ended in good order"),
                Ok(_) => {}
                Err(error) => return assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            }
        }
    }

    /// Looks for so long, and finds that nothing comes.
    ///
    /// # Panics
    /// If something does.
    #[track_caller]
    pub fn expect_nothing(&mut self, patience: Duration) {
        self.stream.set_read_timeout(Some(patience)).expect("a time limit above zero");
        let error = self.stream.read(&mut [0]).expect_err("nothing comes");
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
    }

    /// Breaks the connection: the other side sees a reset.
    ///
    /// # Panics
    /// If the socket does not take the option.
    pub fn reset(self) {
        self.stream.set_linger(Some(Duration::ZERO)).expect("a socket");
    }
}

/// A socket that can reach `to`, and where that is.
fn socket(to: &Endpoint) -> (Socket, SockAddr) {
    let (domain, address) = match to {
        Endpoint::Ip(address) => (Domain::for_address(*address), SockAddr::from(*address)),
        Endpoint::Path(path) => (Domain::UNIX, SockAddr::unix(path).expect("a short path")),
        other => panic!("no test listens on {other}"),
    };
    (Socket::new(domain, Type::STREAM, None).expect("a socket"), address)
}

/// Positions and lengths of the chunks between two positions.
fn chunks(from: u64, to: u64) -> impl Iterator<Item = (u64, usize)> {
    (from..to).step_by(CHUNK).map(move |at| (at, CHUNK.min((to - at) as usize)))
}

/// Runs one side of a conversation on a thread of its own. Joined by the test.
pub fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    #[expect(clippy::disallowed_methods, reason = "a blocking peer needs a thread of its own")]
    std::thread::spawn(work)
}
