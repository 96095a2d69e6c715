//! A client of TCP that follows a script: it sends, and expects lines.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::panic::Location;
use std::time::Duration;

use super::pace::{Moment, Pace};
use crate::net::transport::simulated::Stream;

/// How long something is waited for, unless said otherwise.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an attempt to connect may take in real time.
const CONNECT: Duration = Duration::from_secs(10);
/// Reads before it looks how late it is: whoever sends without end does not outlast its patience.
const READS_MAX: u32 = 256;
/// So much of what has come is shown in an error, in bytes.
const SHOWN: usize = 200;

/// A client of TCP in a few lines of a test: it connects, sends, and expects. It is no actor: in a simulation each call steps
/// until what it waits for has come, or 30 s of virtual time have passed ([`patience`](Self::patience)).
///
/// [`Network::client`](crate::sim::Network::client) makes one in a simulation, [`connect`](Self::connect) one in real time.
///
/// # Examples
/// ```
/// use roundsman::net::{Connection, tcp};
/// use roundsman::prelude::*;
/// use roundsman::sim::Network;
/// use roundsman::stream::{Item, PipeError, Summary};
/// use roundsman::{Simulation, Spawn};
///
/// struct Echo;
///
/// enum Msg {
///     Accepted(Item<Connection>),
///     Ended(Result<Summary, PipeError>),
/// }
///
/// impl Actor for Echo {
///     type Message = Msg;
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let listener = tcp::listen("0.0.0.0:7")?;
///         listener.incoming().pipe(ctx.inlet(Msg::Accepted)).start(ctx, Msg::Ended);
///         Ok(())
///     }
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         if let Msg::Accepted(conn) = message {
///             conn.reader().pipe(conn.writer()).start(ctx, Msg::Ended);
///         }
///         Ok(())
///     }
/// }
///
/// let simulation = Simulation::new(1);
/// let network = Network::new(&simulation);
/// let runtime = network.join("server", Runtime::builder()).build_in(&simulation)?;
/// simulation.launch(runtime, Spawn::new(), || Echo);
///
/// let mut ann = network.client("ann", "server:7")?;
/// ann.send("hello\r\n")?;
/// assert_eq!(ann.line()?, "hello");
/// ann.finish()?;
/// ann.expect_end()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Client {
    socket: Socket,
    pace: Pace,
    patience: Duration,
    /// What has come and was not taken.
    came: Vec<u8>,
    at_end: bool,
}

enum Socket {
    Simulated(Stream),
    Real(TcpStream),
}

impl Client {
    /// Connects in real time.
    ///
    /// # Errors
    /// What the OS says.
    pub fn connect(to: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&to, CONNECT)?;
        socket.set_nonblocking(true)?;
        Ok(Self::new(Socket::Real(socket), Pace::real()))
    }

    /// With a socket of a simulated host, once that is connected.
    pub(crate) fn simulated(stream: Stream, pace: Pace) -> io::Result<Self> {
        let client = Self::new(Socket::Simulated(stream), pace);
        let mut connected = Ok(None);
        let is_over = client.wait(|client| {
            let Socket::Simulated(stream) = &client.socket else { return true };
            connected = client.inside(|| stream.connected());
            !matches!(connected, Ok(None))
        });
        connected?;
        if is_over { Ok(client) } else { Err(io::ErrorKind::TimedOut.into()) }
    }

    fn new(socket: Socket, pace: Pace) -> Self {
        Self { socket, pace, patience: PATIENCE, came: Vec::new(), at_end: false }
    }

    /// How long something is waited for, from now on.
    pub fn patience(&mut self, within: Duration) {
        self.patience = within;
    }

    /// Waits until it is so.
    fn wait(&self, mut done: impl FnMut(&Self) -> bool) -> bool {
        self.pace.wait(self.patience, || done(self))
    }

    /// Runs `code` where sockets of the simulation work.
    fn inside<R>(&self, code: impl FnOnce() -> R) -> R {
        match self.pace.simulation() {
            Some(simulation) => simulation.inside(code),
            None => code(),
        }
    }

    /// Sends this, all of it.
    ///
    /// # Errors
    /// The connection has failed; `TimedOut`: it takes no more, for the server does not read.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let mut left = bytes.as_ref();
        let (pace, end) = (self.pace.clone(), self.pace.after(self.patience));
        while !left.is_empty() {
            let mut result = Ok(0);
            let wrote = pace.wait_until(end, || {
                result = self.write(left);
                !would_block(&result)
            });
            if !wrote {
                let what =
                    format!("{} bytes were not taken within {:?}", left.len(), self.patience);
                return Err(told(io::ErrorKind::TimedOut, &what));
            }
            left = &left[result?..];
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let simulation = self.pace.simulation().cloned();
        match (&mut self.socket, simulation) {
            (Socket::Simulated(stream), Some(simulation)) => {
                simulation.inside(|| stream.write(bytes))
            }
            (Socket::Simulated(_), None) => Err(io::ErrorKind::NotConnected.into()),
            (Socket::Real(stream), _) => stream.write(bytes),
        }
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let simulation = self.pace.simulation().cloned();
        match (&mut self.socket, simulation) {
            (Socket::Simulated(stream), Some(simulation)) => {
                simulation.inside(|| stream.read(into))
            }
            (Socket::Simulated(_), None) => Err(io::ErrorKind::NotConnected.into()),
            (Socket::Real(stream), _) => stream.read(into),
        }
    }

    /// Takes some of what has come; whether there was any.
    fn look(&mut self) -> io::Result<bool> {
        let mut room = [0; 4096];
        match self.read(&mut room) {
            Ok(0) => self.at_end = true,
            Ok(got) => self.came.extend_from_slice(&room[..got]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Reads until `found` finds something in what has come, and no further. `None`: the end came before.
    #[track_caller]
    fn read_until<T>(
        &mut self,
        end: Moment,
        found: impl Fn(&[u8]) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let (mut result, mut thing) = (Ok(()), None);
        let pace = self.pace.clone();
        let came = pace.wait_until(end, || {
            // It looks after each read: what is not needed is left with the sender.
            for _ in 0..READS_MAX {
                thing = found(&self.came);
                if thing.is_some() || self.at_end || result.is_err() {
                    return true;
                }
                match self.look() {
                    Ok(true) => {}
                    Ok(false) => return false,
                    Err(error) => result = Err(error),
                }
            }
            false
        });
        if thing.is_some() {
            return Ok(thing);
        }
        result?;
        if came {
            return Ok(None);
        }
        let what = format!("it did not come within {:?}, but {}", self.patience, self.unread());
        Err(told(io::ErrorKind::TimedOut, &what))
    }

    /// What has come and was not taken, for a person.
    fn unread(&self) -> String {
        let begin = &self.came[..self.came.len().min(SHOWN)];
        let more = if begin.len() < self.came.len() { "..." } else { "" };
        format!("\"{}{more}\"", begin.escape_ascii())
    }

    #[track_caller]
    fn line_until(&mut self, end: Moment) -> io::Result<String> {
        let at = self.read_until(end, |came| came.iter().position(|byte| *byte == b'\n'))?;
        let Some(at) = at else {
            let what = format!("it has ended, and no line has come, but {}", self.unread());
            return Err(told(io::ErrorKind::UnexpectedEof, &what));
        };
        let line: Vec<u8> = self.came.drain(..=at).collect();
        let line = line[..at].strip_suffix(b"\r").unwrap_or(&line[..at]);
        Ok(String::from_utf8_lossy(line).into_owned())
    }

    /// The next line, without its end (`\n` or `\r\n`). What is no UTF-8 is replaced.
    ///
    /// # Errors
    /// The connection has failed; `UnexpectedEof`: it has ended; `TimedOut`: no line has come.
    #[track_caller]
    pub fn line(&mut self) -> io::Result<String> {
        self.line_until(self.pace.after(self.patience))
    }

    /// Passes over lines until one contains this, and returns it. It comes within the patience, whatever else does.
    ///
    /// # Errors
    /// As [`line`](Self::line).
    #[track_caller]
    pub fn line_with(&mut self, text: &str) -> io::Result<String> {
        let end = self.pace.after(self.patience);
        loop {
            let line = self.line_until(end)?;
            if line.contains(text) {
                return Ok(line);
            }
        }
    }

    /// The next so many bytes.
    ///
    /// # Errors
    /// As [`line`](Self::line).
    #[track_caller]
    pub fn bytes(&mut self, len: usize) -> io::Result<Vec<u8>> {
        let end = self.pace.after(self.patience);
        if self.read_until(end, |came| (came.len() >= len).then_some(()))?.is_none() {
            let what = format!("it has ended after {} of {len} bytes", self.came.len());
            return Err(told(io::ErrorKind::UnexpectedEof, &what));
        }
        Ok(self.came.drain(..len).collect())
    }

    /// Nothing more comes but the end, within its patience.
    ///
    /// # Errors
    /// The connection has failed; `TimedOut`: it has not ended; `InvalidData`: something else has come.
    #[track_caller]
    pub fn expect_end(&mut self) -> io::Result<()> {
        let end = self.pace.after(self.patience);
        match self.read_until(end, |came| (!came.is_empty()).then_some(()))? {
            None => Ok(()),
            Some(()) => {
                let what = format!("nothing was expected, and this has come: {}", self.unread());
                Err(told(io::ErrorKind::InvalidData, &what))
            }
        }
    }

    /// Nothing comes for so long: neither bytes nor the end.
    ///
    /// # Errors
    /// The connection has failed; `InvalidData`: something has come; `UnexpectedEof`: it has ended.
    #[track_caller]
    pub fn expect_nothing(&mut self, within: Duration) -> io::Result<()> {
        let patience = std::mem::replace(&mut self.patience, within);
        let result = self.expect_end();
        self.patience = patience;
        match result {
            Ok(()) => Err(told(io::ErrorKind::UnexpectedEof, "it has ended")),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Sends nothing more: the server sees the end.
    ///
    /// # Errors
    /// The connection has failed.
    pub fn finish(&mut self) -> io::Result<()> {
        match &self.socket {
            Socket::Simulated(stream) => self.inside(|| stream.finish()),
            Socket::Real(stream) => stream.shutdown(std::net::Shutdown::Write),
        }
    }

    /// Cuts the connection: the server sees a reset.
    ///
    /// # Errors
    /// The connection has failed.
    pub fn reset(self) -> io::Result<()> {
        match &self.socket {
            Socket::Simulated(stream) => self.inside(|| stream.reset_on_close()),
            Socket::Real(stream) => socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let (Socket::Simulated(stream), Some(simulation)) =
            (&mut self.socket, self.pace.simulation())
        {
            simulation.inside(|| stream.close());
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({} bytes unread)", self.came.len())
    }
}

/// What has gone wrong, and where in the source somebody waited: what a test says that fails of it.
#[track_caller]
fn told(kind: io::ErrorKind, what: &str) -> io::Error {
    io::Error::new(kind, format!("{what} ({})", Location::caller()))
}

fn would_block(result: &io::Result<usize>) -> bool {
    result.as_ref().is_err_and(|error| {
        matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
    })
}
