//! TLS: real sockets, over the loopback interface, against rustls on a blocking socket, OpenSSL, and ourselves.

#[path = "tls/configuring.rs"]
mod configuring;
#[path = "tls/handshakes.rs"]
mod handshakes;
#[path = "tls/identity.rs"]
mod identity;
#[cfg(unix)]
#[path = "tls/openssl.rs"]
mod openssl;
#[path = "tls/pressure.rs"]
mod pressure;
#[path = "tls/streams.rs"]
mod streams;

use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver};

use roundsman::Outcome;
use roundsman::net::tls::rustls::{ALL_VERSIONS, ClientConfig};
use roundsman::net::tls::{self, HandshakeFailed, TlsConnect, TlsError};
use roundsman::net::{Connection, tcp};
use roundsman_tests::certificates::{Authority, Files};
use roundsman_tests::server::{Ctx, Event, Server};
use roundsman_tests::tls_peer::{TlsClient, client_config};

const MIB: u64 = 1024 * 1024;

/// A root, and a certificate for `localhost` that it has issued.
struct Site {
    authority: Authority,
    files: Files,
}

impl Site {
    fn new() -> Self {
        let authority = Authority::new();
        let files = authority.issue("localhost");
        Self { authority, files }
    }

    fn server(&self) -> tls::Server {
        tls::server(&self.files.certificate, &self.files.key).build().expect("its files are there")
    }

    fn client(&self) -> tls::Client {
        tls::client().roots(self.authority.root()).build().expect("its file is there")
    }

    /// What a peer says that trusts the root.
    fn peer(&self) -> ClientConfig {
        client_config(&self.authority.root(), ALL_VERSIONS)
    }

    fn connect(&self, to: SocketAddr) -> TlsClient {
        TlsClient::connect(to, self.peer(), "localhost")
    }
}

/// A server on one loop.
fn start(
    tls: tls::Server,
    serve: impl FnMut(Event, &mut Ctx<'_>) -> Outcome + Send + 'static,
) -> Server {
    let listener = tcp::listen("127.0.0.1:0").expect("a free port");
    Server::start_at(listener, 1, move |incoming| incoming.through(tls::accept(&tls)), serve)
}

/// Sends back what comes.
fn echo(event: Event, ctx: &mut Ctx<'_>) -> Outcome {
    if let Event::Accepted(connection) = event {
        connection.reader().pipe(connection.writer()).start(ctx, Event::Ended);
    }
    Ok(())
}

/// What becomes of an attempt of ours.
fn outcome(attempt: TlsConnect) -> Result<Connection, TlsError> {
    let (sender, outcomes) = mpsc::channel();
    let caller = Server::start(1, move |event, _| {
        if let Event::Secured(outcome) = event {
            sender.send(outcome)?;
        }
        Ok(())
    });
    caller.tell(move |ctx| {
        attempt.start(ctx, Event::Secured);
        Ok(())
    });
    let outcome = outcomes.recv().expect("an outcome");
    drop(caller);
    assert!(outcomes.recv().is_err(), "one outcome only");
    outcome
}

/// An echo that says which handshakes have failed.
fn echo_that_tells(tls: tls::Server) -> (Server, Receiver<HandshakeFailed>) {
    let (sender, failed) = mpsc::channel();
    let server = start(tls, move |event, ctx| match event {
        Event::Happened(happening) => {
            if let Some(one) = happening.what().downcast_ref::<HandshakeFailed>() {
                // The test may have seen enough.
                let _ = sender.send(one.clone());
            }
            Ok(())
        }
        event => echo(event, ctx),
    });
    let (ready, is_ready) = mpsc::channel();
    server.tell(move |ctx| {
        ctx.on_happening(Event::Happened);
        Ok(ready.send(())?)
    });
    is_ready.recv().expect("the server runs");
    (server, failed)
}

/// Whether it still serves.
#[track_caller]
fn assert_serves(server: &Server, site: &Site) {
    let mut peer = site.connect(server.socket_addr());
    peer.send(b"are you there?");
    peer.expect(b"are you there?");
    peer.finish();
    peer.expect_end();
}
