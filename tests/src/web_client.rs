//! A scripted IRC client over a WebSocket: one line a message. It shares no code with the server.
//!
//! Used by the tests of the chat server's web side, as `irc_client` is by those of the rest. It never waits for time to pass.

use std::net::SocketAddr;

use crate::websocket_peer::WebSocketPeer;

/// A text message that is whole.
pub const TEXT: u8 = 0x81;
/// A binary one.
pub const BINARY: u8 = 0x82;

/// One connection.
#[derive(Debug)]
pub struct WebClient {
    /// What it speaks through.
    pub peer: WebSocketPeer,
    /// What the server sends: [`TEXT`] or [`BINARY`].
    pub kind: u8,
    syncs: u32,
}

impl WebClient {
    /// Asks for IRC, offering these subprotocols, if any. The head of the answer is there, too.
    ///
    /// # Panics
    /// If it is refused.
    #[must_use]
    pub fn offering(server: SocketAddr, protocols: &str) -> (Self, String) {
        let mut peer = WebSocketPeer::connect(server);
        let offer = match protocols {
            "" => String::new(),
            some => format!("Sec-WebSocket-Protocol: {some}\r\n"),
        };
        let head = peer.upgrade("/irc", &offer);
        let kind = if head.contains("binary.ircv3.net") { BINARY } else { TEXT };
        (Self { peer, kind, syncs: 0 }, head)
    }

    /// Registers as `nick`, with text messages, and reads the greeting to its end.
    ///
    /// # Panics
    /// If the server does not welcome it.
    #[must_use]
    pub fn register(server: SocketAddr, nick: &str) -> Self {
        let mut client = Self::offering(server, "text.ircv3.net").0;
        client.introduce(nick);
        client
    }

    /// Says who it is, and reads the greeting to its end.
    pub fn introduce(&mut self, nick: &str) {
        self.send(&format!("NICK {nick}"));
        self.send(&format!("USER {nick} 0 * :{nick}"));
        self.read_to(|line| line.contains(" 376 ") || line.contains(" 422 "));
    }

    /// Sends a line, as a message of the kind that was agreed on.
    pub fn send(&mut self, line: &str) {
        self.peer.send(self.kind, line.as_bytes());
    }

    /// The next line. A `PING` of the server is answered and not shown.
    ///
    /// # Panics
    /// If something else comes than a message of the kind that was agreed on with one line in it.
    #[track_caller]
    pub fn line(&mut self) -> String {
        loop {
            let line = self.any_line();
            match line.strip_prefix("PING ") {
                Some(token) => self.send(&format!("PONG {token}")),
                None => return line,
            }
        }
    }

    /// The next line, whatever it is.
    ///
    /// # Panics
    /// As [`line`](Self::line).
    #[track_caller]
    pub fn any_line(&mut self) -> String {
        let frame = self.peer.read();
        let text = String::from_utf8(frame.payload).expect("the server sends valid UTF-8");
        assert_eq!(frame.first, self.kind, "{text:?}");
        assert!(!text.contains(['\r', '\n', '\0']), "one line without its end: {text:?}");
        text
    }

    /// Reads up to the first line that `last` picks; returns all of them, that one included.
    #[track_caller]
    pub fn read_to(&mut self, mut last: impl FnMut(&str) -> bool) -> Vec<String> {
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
    #[track_caller]
    pub fn sync(&mut self) -> Vec<String> {
        self.syncs += 1;
        let token = format!("sync-{}", self.syncs);
        self.send(&format!("PING {token}"));
        let mut lines = self.read_to(|line| line.contains(" PONG ") && line.ends_with(&token));
        lines.pop();
        lines
    }

    /// Sends a line and returns all that comes of it for this client.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> Vec<String> {
        self.send(line);
        self.sync()
    }
}
