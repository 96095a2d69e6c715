//! A peer with TLS that is no actor: rustls over a blocking socket, and what it does in a test.
//!
//! Its time limits only ever make a test fail.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;

use roundsman::net::tls::rustls;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, RootCertStore, ServerConfig,
    ServerConnection, SideData, StreamOwned, SupportedProtocolVersion,
};

use crate::certificates::Files;
use crate::example::PATIENCE;
use crate::payload::block;

/// How much is sent, or read, at once.
const CHUNK: usize = 10_000;

/// One end of a connection with TLS.
#[derive(Debug)]
pub struct TlsPeer<C, D>
where
    C: DerefMut + Deref<Target = ConnectionCommon<D>>,
    D: SideData,
{
    stream: StreamOwned<C, TcpStream>,
}

/// A client.
pub type TlsClient = TlsPeer<ClientConnection, rustls::client::ClientConnectionData>;
/// A server.
pub type TlsServer = TlsPeer<ServerConnection, rustls::server::ServerConnectionData>;

/// What a client says that trusts the root in this file, and speaks these versions.
///
/// # Panics
/// If the file is no certificate.
#[must_use]
pub fn client_config(root: &Path, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(root).expect("a certificate")).expect("a root");
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// What a server says that has this certificate.
///
/// # Panics
/// If the files are not as they should be.
#[must_use]
pub fn server_config(files: &Files) -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(&files.certificate).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(&files.key).expect("a key");
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate and its key")
}

impl TlsClient {
    /// Connects, and shakes hands.
    ///
    /// # Panics
    /// If nobody listens, or the handshake fails.
    #[must_use]
    pub fn connect(to: SocketAddr, config: ClientConfig, name: &'static str) -> Self {
        let mut peer = Self::begin(to, config, name);
        peer.shake_hands().expect("the handshake goes well");
        peer
    }

    /// Connects, and does nothing more.
    ///
    /// # Panics
    /// If nobody listens.
    #[must_use]
    pub fn begin(to: SocketAddr, config: ClientConfig, name: &'static str) -> Self {
        let name = ServerName::try_from(name).expect("a name");
        let tls = ClientConnection::new(Arc::new(config), name).expect("a client");
        Self::over(TcpStream::connect(to).expect("somebody listens"), tls)
    }
}

impl TlsServer {
    /// Takes a connected socket, and shakes hands.
    ///
    /// # Panics
    /// If the handshake fails.
    #[must_use]
    pub fn accept(socket: TcpStream, config: ServerConfig) -> Self {
        let mut peer = Self::answer(socket, config);
        peer.shake_hands().expect("the handshake goes well");
        peer
    }

    /// Takes a connected socket, and answers the client's hello. The client then has what it needs; nothing more is read.
    ///
    /// # Panics
    /// If it says no hello.
    #[must_use]
    pub fn answer(socket: TcpStream, config: ServerConfig) -> Self {
        let tls = ServerConnection::new(Arc::new(config)).expect("a server");
        let mut peer = Self::over(socket, tls);
        while !peer.stream.conn.wants_write() {
            peer.stream.conn.read_tls(&mut peer.stream.sock).expect("a hello");
            peer.stream.conn.process_new_packets().expect("a hello in good order");
        }
        peer.flush().expect("the answer goes");
        peer
    }
}

impl<C, D> TlsPeer<C, D>
where
    C: DerefMut + Deref<Target = ConnectionCommon<D>>,
    D: SideData,
{
    fn over(socket: TcpStream, tls: C) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
        socket.set_write_timeout(Some(PATIENCE)).expect("a time limit above zero");
        Self { stream: StreamOwned::new(tls, socket) }
    }

    /// Shakes hands.
    ///
    /// # Errors
    /// It has failed.
    pub fn shake_hands(&mut self) -> io::Result<()> {
        while self.stream.conn.is_handshaking() {
            self.stream.conn.complete_io(&mut self.stream.sock)?;
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.stream.conn.wants_write() {
            self.stream.conn.write_tls(&mut self.stream.sock)?;
        }
        Ok(())
    }

    /// What is agreed on.
    pub fn tls(&mut self) -> &mut C {
        &mut self.stream.conn
    }

    /// The socket below.
    pub fn socket(&mut self) -> &mut TcpStream {
        &mut self.stream.sock
    }

    /// Sends bytes.
    ///
    /// # Panics
    /// If the connection is gone.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the connection takes what is sent");
        self.stream.flush().expect("the connection takes what is sent");
    }

    /// Sends the same bytes, and each byte of what TLS makes of them for itself.
    ///
    /// # Panics
    /// If the connection is gone.
    pub fn trickle(&mut self, bytes: &[u8]) {
        self.stream.conn.writer().write_all(bytes).expect("there is room");
        self.trickle_out();
    }

    /// Shakes hands, sending each byte for itself.
    ///
    /// # Panics
    /// If the handshake fails.
    pub fn trickle_hands(&mut self) {
        while self.stream.conn.is_handshaking() {
            self.trickle_out();
            if self.stream.conn.is_handshaking() {
                self.stream.conn.read_tls(&mut self.stream.sock).expect("an answer");
                self.stream.conn.process_new_packets().expect("an answer in good order");
            }
        }
        self.trickle_out();
    }

    fn trickle_out(&mut self) {
        self.stream.sock.set_nodelay(true).expect("a socket");
        let mut out = Vec::new();
        while self.stream.conn.wants_write() {
            self.stream.conn.write_tls(&mut out).expect("a vector takes everything");
        }
        for byte in out {
            self.stream.sock.write_all(&[byte]).expect("the connection takes what is sent");
        }
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
        self.stream.sock.set_nonblocking(true).expect("a socket");
        let mut at = from;
        loop {
            let sent = self.stream.conn.writer().write(&block(at, CHUNK)).expect("no failure");
            at += sent as u64;
            match self.flush() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("it is not only blocked: {error}"),
            }
        }
        self.stream.sock.set_nonblocking(false).expect("a socket");
        at
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

    /// Reads the end: `close_notify`, and nothing before it.
    ///
    /// # Panics
    /// If something else comes, or FIN alone.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let got = self.stream.read(&mut [0]).expect("an end in good order");
        assert_eq!(got, 0, "a byte instead of the end");
    }

    /// Reads on until the connection breaks, and says how.
    ///
    /// # Panics
    /// If it ends in good order instead.
    #[track_caller]
    pub fn expect_failure(&mut self) -> io::Error {
        let mut chunk = [0; CHUNK];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => panic!("it ended in good order"),
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    }

    /// Says `close_notify`, and nothing more.
    ///
    /// # Panics
    /// If the connection is gone.
    pub fn close_notify(&mut self) {
        self.stream.conn.send_close_notify();
        self.flush().expect("the connection takes what is sent");
    }

    /// Ends the sending side of the socket, and says nothing before.
    ///
    /// # Panics
    /// If the connection is gone.
    pub fn cut(&mut self) {
        self.stream.sock.shutdown(Shutdown::Write).expect("the connection is there");
    }

    /// Ends the sending side in good order.
    pub fn finish(&mut self) {
        self.close_notify();
        self.cut();
    }
}

/// Positions and lengths of the chunks between two positions.
fn chunks(from: u64, to: u64) -> impl Iterator<Item = (u64, usize)> {
    (from..to).step_by(CHUNK).map(move |at| (at, CHUNK.min((to - at) as usize)))
}
