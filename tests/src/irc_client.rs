//! A scripted IRC client over a plain blocking socket: it sends what it is told and hides nothing it receives.
//!
//! Used by the tests of the chat server. It shares no code with the server. It never waits for time to pass: a
//! [`Client::sync`] shows that something did *not* arrive, because its PONG stands behind everything that was caused
//! before. The time limit of its socket only ever makes a test fail.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::example::PATIENCE;

/// One line from the server, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Its tags, without the `@`; empty if it has none.
    pub tags: String,
    /// Who sent it: `nick!user@host`, the server, or empty.
    pub source: String,
    /// The command or the numeric.
    pub command: String,
    /// The parameters, the trailing one included.
    pub params: Vec<String>,
    raw: String,
}

impl Line {
    /// Takes a line, given without its end, apart.
    pub fn parse(raw: String) -> Self {
        let (tags, untagged) = without_tags(&raw);
        let tags = tags.to_owned();
        let (head, trailing) = match untagged.get(1..).and_then(|rest| rest.split_once(" :")) {
            Some((head, trailing)) => (&untagged[..head.len() + 1], Some(trailing)),
            None => (untagged, None),
        };
        let mut words = head.split(' ').map(str::to_owned);
        let first = words.next().unwrap_or_default();
        let (source, command) = match first.strip_prefix(':') {
            Some(source) => (source.to_owned(), words.next().unwrap_or_default()),
            None => (String::new(), first),
        };
        let params = words.chain(trailing.map(str::to_owned)).collect();
        Self { tags, source, command, params, raw }
    }

    /// The line as it came, without CR LF.
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// The value of a tag; empty if it has none.
    pub fn tag(&self, key: &str) -> Option<&str> {
        let tags = self.tags.split(';').map(|tag| tag.split_once('=').unwrap_or((tag, "")));
        tags.filter(|(name, _)| *name == key).map(|(_, value)| value).next()
    }

    /// The nick of its source.
    pub fn nick(&self) -> &str {
        self.source.split('!').next().unwrap_or_default()
    }

    /// Its last parameter, or nothing.
    pub fn text(&self) -> &str {
        self.params.last().map_or("", String::as_str)
    }

    /// Its parameter at `index`, or nothing.
    pub fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    /// Whether it is `command` from `nick`, as in `:ann!a@host JOIN …`.
    pub fn is(&self, nick: &str, command: &str) -> bool {
        self.nick() == nick && self.command == command
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

/// The tags of a line, and the rest of it.
fn without_tags(line: &str) -> (&str, &str) {
    line.strip_prefix('@').and_then(|tagged| tagged.split_once(' ')).unwrap_or(("", line))
}

/// Connects; `None` if the server resets the connection before that returns.
///
/// # Panics
///
/// Panics if nobody listens there.
pub fn caller(server: SocketAddr) -> Option<TcpStream> {
    match TcpStream::connect(server) {
        Ok(stream) => Some(stream),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
        Err(error) => panic!("the server listens at {server}: {error}"),
    }
}

/// One connection to a server.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    /// Received and not yet handed out; what stands before `start` has been.
    received: Vec<u8>,
    start: usize,
    syncs: u32,
    shows_pings: bool,
}

impl Client {
    /// Connects and says nothing.
    ///
    /// # Panics
    ///
    /// Panics if nobody listens there.
    pub fn connect(server: SocketAddr) -> Self {
        Self::call(server).expect("the server listens, and takes this connection")
    }

    /// Connects and says nothing; `None` if the server closes the connection before that returns. A server that takes no more
    /// connections does so, now and then.
    ///
    /// # Panics
    ///
    /// Panics if nobody listens there.
    pub fn call(server: SocketAddr) -> Option<Self> {
        caller(server).map(Self::over)
    }

    /// Takes a connected socket.
    ///
    /// # Panics
    ///
    /// Panics if the socket does not take its options.
    pub fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a TCP socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time limit above zero");
        Self { stream, received: Vec::new(), start: 0, syncs: 0, shows_pings: false }
    }

    /// Connects, registers as `nick`, and reads the greeting to its end.
    ///
    /// # Panics
    ///
    /// Panics if the server does not welcome the client.
    pub fn register(server: SocketAddr, nick: &str) -> Self {
        let mut client = Self::connect(server);
        client.introduce(nick);
        client.greeting();
        client
    }

    /// From now on a `PING` of the server is shown, and not answered.
    pub fn show_pings(&mut self) {
        self.shows_pings = true;
    }

    /// Sends NICK and USER.
    pub fn introduce(&mut self, nick: &str) {
        self.send_bytes(
            format!("NICK {nick}\r\nUSER {nick} 0 * :{nick} the client\r\n").as_bytes(),
        );
    }

    /// Reads the greeting, 001 to the message of the day, and returns it.
    pub fn greeting(&mut self) -> Vec<Line> {
        self.read_to(|line| {
            assert_ne!(line.command, "433", "a test has a nick once: {line:?}");
            matches!(line.command.as_str(), "376" | "422")
        })
    }

    /// Connects, asks for these capabilities, registers as `nick`, and reads the greeting to its end.
    ///
    /// # Panics
    ///
    /// Panics if the server does not give them, or does not welcome the client.
    pub fn register_with(server: SocketAddr, nick: &str, capabilities: &str) -> Self {
        let mut client = Self::connect(server);
        client.send(&format!("CAP REQ :{capabilities}"));
        let answer = client.expect("CAP");
        assert_eq!(answer.param(1), "ACK", "in {answer:?}");
        client.introduce(nick);
        client.send("CAP END");
        client.greeting();
        client
    }

    /// Joins a channel and reads to the end of its names.
    pub fn join(&mut self, channel: &str) -> Vec<Line> {
        self.send(&format!("JOIN {channel}"));
        self.read_to(|line| line.command == "366")
    }

    /// Sends one line, with CR LF behind it.
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\r\n").as_bytes());
    }

    /// Sends bytes as they are, in one write.
    ///
    /// # Panics
    ///
    /// Panics if the connection is gone, or takes nothing for [`PATIENCE`].
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the connection takes what is sent");
    }

    /// Sends bytes each in a write of its own.
    pub fn send_bytewise(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.send_bytes(&[*byte]);
        }
    }

    /// Ends the sending side.
    ///
    /// # Panics
    ///
    /// Panics if the connection is gone.
    pub fn finish_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("the connection is there");
    }

    /// The next line, whatever it is. A `PING` of the server is answered and not shown.
    ///
    /// # Panics
    ///
    /// Panics if the server closes, or sends nothing for [`PATIENCE`].
    pub fn line(&mut self) -> Line {
        self.line_or_end().expect("a line rather than the end of the connection")
    }

    /// The next line, which must have this command.
    ///
    /// # Panics
    ///
    /// Panics if it has another.
    pub fn expect(&mut self, command: &str) -> Line {
        let line = self.line();
        assert_eq!(line.command, command, "in {line:?}");
        line
    }

    /// Reads up to the first line that `last` picks; returns all of them, that one included.
    pub fn read_to(&mut self, mut last: impl FnMut(&Line) -> bool) -> Vec<Line> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            let done = last(&line);
            lines.push(line);
            if done {
                return lines;
            }
        }
    }

    /// Sends a PING of its own and returns what came before its PONG.
    ///
    /// What was caused before it by this client, or by one whose own PONG has been seen, is among it or never comes.
    pub fn sync(&mut self) -> Vec<Line> {
        self.syncs += 1;
        let token = format!("sync-{}", self.syncs);
        self.send(&format!("PING {token}"));
        let mut lines = self.read_to(|line| line.command == "PONG" && line.text() == token);
        lines.pop();
        lines
    }

    /// Sends one line and returns everything that comes of it for this client.
    pub fn ask(&mut self, line: &str) -> Vec<Line> {
        self.send(line);
        self.sync()
    }

    /// Sends one line and returns the first that comes back; nothing if the connection ends before, in whatever way, or with
    /// an `ERROR`.
    pub fn ask_or_end(&mut self, line: &str) -> Option<Line> {
        // The connection may have ended already.
        let _ = self.stream.write_all(format!("{line}\r\n").as_bytes());
        match self.try_line() {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            line => line.expect("an answer").filter(|line| line.command != "ERROR"),
        }
    }

    /// Reads until the server closes.
    ///
    /// # Panics
    ///
    /// Panics if it sends nothing for [`PATIENCE`], if the last line has no end, or if the connection is reset.
    pub fn read_to_end(&mut self) -> Vec<Line> {
        std::iter::from_fn(|| self.line_or_end()).collect()
    }

    fn line_or_end(&mut self) -> Option<Line> {
        self.try_line().expect("something to read")
    }

    fn try_line(&mut self) -> io::Result<Option<Line>> {
        loop {
            let Some(line) = self.raw_line()? else { return Ok(None) };
            let line = Line::parse(line);
            if line.command != "PING" || self.shows_pings {
                return Ok(Some(line));
            }
            // Whoever closes its side may not read the answer any more.
            let _ = self.stream.write_all(format!("PONG :{}\r\n", line.text()).as_bytes());
        }
    }

    /// The next line without CR LF, or nothing at the end of the connection. Holds every line to the rules of IRC.
    fn raw_line(&mut self) -> io::Result<Option<String>> {
        let mut searched = self.start;
        loop {
            if let Some(at) = self.received[searched..].iter().position(|&byte| byte == b'\n') {
                let line = &self.received[self.start..=searched + at];
                self.start = searched + at + 1;
                let text = str::from_utf8(line).expect("the server sends valid UTF-8");
                let length = without_tags(text).1.len();
                assert!(length <= 512, "{length} bytes: {text:?}");
                let text = text.strip_suffix("\r\n").expect("a line ends with CR LF");
                assert!(!text.contains(['\r', '\0']), "{text:?}");
                return Ok(Some(text.to_owned()));
            }
            self.received.drain(..self.start);
            self.start = 0;
            searched = self.received.len();
            if !self.receive()? {
                assert!(self.received.is_empty(), "a line without an end: {:?}", self.received);
                return Ok(None);
            }
        }
    }

    /// Receives more; false at the end.
    fn receive(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(count) => {
                    self.received.extend_from_slice(&chunk[..count]);
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
