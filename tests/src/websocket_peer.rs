//! A peer that speaks WebSocket over a blocking socket: it builds frames byte by byte, right ones and wrong ones.
//!
//! Its code is its own, so that what it reads is what RFC 6455 has, not what the library takes for it. Its time limits only ever
//! make a test fail.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use base64ct::{Base64, Encoding};
use sha1::{Digest, Sha1};

use crate::example::PATIENCE;

/// What a client that is not picky asks for.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What answers that. (RFC 6455, section 1.3.)
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What is hashed behind a key. (The same.)
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// One end of a WebSocket.
#[derive(Debug)]
pub struct WebSocketPeer {
    stream: TcpStream,
    is_client: bool,
    /// The next mask.
    mask: u32,
}

/// A frame as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its first byte: FIN, reserved bits, opcode.
    pub first: u8,
    /// Its payload, without a mask.
    pub payload: Vec<u8>,
}

/// A frame with a mask.
#[must_use]
pub fn masked(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut frame = head(first, payload.len(), 0x80);
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A frame without one.
#[must_use]
pub fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
}

fn head(first: u8, len: usize, bit: u8) -> Vec<u8> {
    match len {
        0..=125 => vec![first, bit | len as u8],
        126..=65535 => [&[first, bit | 126][..], &(len as u16).to_be_bytes()].concat(),
        _ => [&[first, bit | 127][..], &(len as u64).to_be_bytes()].concat(),
    }
}

impl WebSocketPeer {
    /// Connects, and says nothing.
    ///
    /// # Panics
    /// If nobody listens.
    #[must_use]
    pub fn connect(to: SocketAddr) -> Self {
        Self::over(TcpStream::connect(to).expect("somebody listens"), true)
    }

    /// Connects, and asks for a WebSocket at `/`.
    ///
    /// # Panics
    /// If it gets none.
    #[must_use]
    pub fn open(to: SocketAddr) -> Self {
        let mut peer = Self::connect(to);
        peer.upgrade("/", "");
        peer
    }

    /// Takes the next who connects, and opens the WebSocket that is asked for. Returns the request, too.
    ///
    /// # Panics
    /// If nobody connects, or nobody asks.
    #[must_use]
    pub fn accept(listener: &TcpListener) -> (Self, String) {
        let mut peer = Self::over(listener.accept().expect("somebody connects").0, false);
        let request = peer.read_head();
        (peer, request)
    }

    fn over(stream: TcpStream, is_client: bool) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time limit above zero");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, is_client, mask: 0x1234_5678 }
    }

    /// Asks for a WebSocket, with further lines in the head. Returns the head of the answer.
    ///
    /// # Panics
    /// If it gets none.
    #[track_caller]
    pub fn upgrade(&mut self, path: &str, lines: &str) -> String {
        self.send_raw(request(path, lines).as_bytes());
        let head = self.read_head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains(&format!("\r\nsec-websocket-accept: {ACCEPT}\r\n")), "{head}");
        head
    }

    /// The answer that makes a WebSocket of what [`request`] asks for, without a subprotocol: as the library writes it.
    #[must_use]
    pub fn answer() -> Vec<u8> {
        let head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade";
        format!("{head}\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n").into_bytes()
    }

    /// Answers a request; `ACCEPT` stands for what answers its key.
    ///
    /// # Panics
    /// If it has none.
    pub fn answer_with(&mut self, request: &str, answer: &str) {
        let key = header(request, "sec-websocket-key").expect("a key");
        let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
        self.send_raw(answer.replace("ACCEPT", &Base64::encode_string(&hash)).as_bytes());
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    /// If the connection is gone.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the connection takes what is sent");
    }

    /// The same as far as the connection takes it: the other side may have had enough.
    pub fn try_send_raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// A frame as this side sends it.
    #[must_use]
    pub fn frame(&mut self, first: u8, payload: &[u8]) -> Vec<u8> {
        self.mask = self.mask.wrapping_mul(0x9e37_79b1).wrapping_add(1);
        if self.is_client {
            masked(first, payload, self.mask.to_be_bytes())
        } else {
            plain(first, payload)
        }
    }

    /// Sends a frame.
    pub fn send(&mut self, first: u8, payload: &[u8]) {
        let frame = self.frame(first, payload);
        self.send_raw(&frame);
    }

    /// Sends a Close.
    pub fn close(&mut self, code: u16) {
        self.send(0x88, &code.to_be_bytes());
    }

    /// Reads a head: up to an empty line.
    ///
    /// # Panics
    /// If the connection ends before.
    #[track_caller]
    pub fn read_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend_from_slice(&self.read_raw::<1>());
        }
        String::from_utf8(head).expect("a head is text")
    }

    /// Reads so many bytes.
    ///
    /// # Panics
    /// If fewer come.
    #[track_caller]
    pub fn read_raw<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).expect("as much arrives");
        bytes
    }

    /// Reads a frame, and checks that it has a mask if it has to.
    ///
    /// # Panics
    /// If none comes.
    #[track_caller]
    pub fn read(&mut self) -> Frame {
        let [first, second] = self.read_raw();
        assert_eq!(second & 0x80 != 0, !self.is_client, "a client masks, and a server does not");
        let len = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes(self.read_raw())),
            127 => u64::from_be_bytes(self.read_raw()),
            short => u64::from(short),
        };
        let mask: [u8; 4] = if self.is_client { [0; 4] } else { self.read_raw() };
        let mut payload = vec![0; usize::try_from(len).expect("it fits into memory")];
        self.stream.read_exact(&mut payload).expect("as much arrives");
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        Frame { first, payload }
    }

    /// Reads this frame.
    #[track_caller]
    pub fn expect(&mut self, first: u8, payload: &[u8]) {
        let frame = self.read();
        assert_eq!(frame.first, first, "{frame:?}");
        assert!(frame.payload == payload, "another payload arrived: {} bytes", frame.payload.len());
    }

    /// Reads a Close with this code.
    #[track_caller]
    pub fn expect_close(&mut self, code: u16) {
        let frame = self.read();
        let said = frame.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
        assert_eq!((frame.first, said), (0x88, Some(code)), "{frame:?}");
    }

    /// Reads the end of the connection: nothing else, and no error.
    ///
    /// # Panics
    /// If something else comes.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let got = self.stream.read(&mut [0]).expect("an end in good order");
        assert_eq!(got, 0, "a byte instead of the end");
    }

    /// Reads on until the connection breaks or ends.
    pub fn read_to_any_end(&mut self) {
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Ends the sending side.
    ///
    /// # Panics
    /// If the connection is gone.
    pub fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("the connection is there");
    }

    /// A second hand on the same connection, for another thread.
    ///
    /// # Panics
    /// If there is no descriptor left.
    #[must_use]
    pub fn twin(&self) -> Self {
        let stream = self.stream.try_clone().expect("a descriptor");
        Self { stream, is_client: self.is_client, mask: !self.mask }
    }
}

/// A request for a WebSocket, with further lines in its head.
#[must_use]
pub fn request(path: &str, lines: &str) -> String {
    let mut head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n");
    let _ = write!(head, "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n");
    let _ = write!(head, "Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n");
    head
}

/// The value of a header, by its name in small letters.
#[must_use]
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
