//! Connecting: an attempt has one outcome, and says what went wrong.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{Connect, ConnectError, Connection, tcp};
use roundsman::stream::{Source, StreamContext};
use roundsman_tests::peer::Peer;
use roundsman_tests::server::{Event, Server};
use socket2::{Domain, Socket, Type};

/// The outcome of an attempt, made by an actor.
fn outcome(connect: Connect) -> Result<Connection, ConnectError> {
    let (sender, outcomes) = mpsc::channel();
    let server = Server::start(1, move |event, _| {
        if let Event::Connected(outcome) = event {
            sender.send(outcome)?;
        }
        Ok(())
    });
    server.tell(move |ctx| {
        connect.start(ctx, Event::Connected);
        Ok(())
    });
    let outcome = outcomes.recv().expect("an outcome");
    drop(server);
    assert!(outcomes.recv().is_err(), "one outcome only");
    outcome
}

fn loopback() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

fn address_of(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().expect("an address")
}

#[test]
fn a_connection_that_comes_about_knows_both_addresses() {
    let listener = loopback();
    let connection = outcome(tcp::connect(address_of(&listener))).expect("a connection");
    let (_accepted, peer) = listener.accept().expect("a connection");
    assert_eq!(connection.peer(), &address_of(&listener));
    assert_eq!(connection.local(), &peer);
}

#[test]
fn a_connection_that_comes_about_carries_bytes_both_ways() {
    let listener = loopback();
    let address = address_of(&listener);
    let (sender, received) = mpsc::channel();
    let server = Server::start(1, move |event, ctx| {
        match event {
            Event::Connected(connection) => {
                let connection = connection?;
                connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                Source::iter([Bytes::from_static(b"ping")])
                    .pipe(connection.writer())
                    .start(ctx, Event::Ended);
            }
            Event::Bytes(item) => sender.send(item.to_vec())?,
            _ => {}
        }
        Ok(())
    });
    server.tell(move |ctx| {
        tcp::connect(address).start(ctx, Event::Connected);
        Ok(())
    });
    let (stream, _) = listener.accept().expect("a connection");
    let mut peer = Peer::over(stream);
    peer.expect(b"ping");
    peer.expect_end();
    peer.send(b"pong");
    assert_eq!(received.recv().as_deref(), Ok(&b"pong"[..]));
}

#[test]
fn a_refused_connection_is_an_error_that_names_the_address() {
    let listener = loopback();
    let address = address_of(&listener);
    drop(listener);
    let error = outcome(tcp::connect(address)).expect_err("nobody listens");
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    let ConnectError::Io { to, source } = error else { panic!("{error}") };
    assert_eq!((to, source.kind()), (address.into(), ErrorKind::ConnectionRefused));
}

#[test]
fn an_attempt_that_nobody_answers_ends_with_its_deadline() {
    // A queue for one connection, and more than that in it: further attempts are left without an answer.
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    listener.listen(0).expect("a listener");
    let address = listener.local_addr().ok().and_then(|it| it.as_socket()).expect("an address");
    let queued: Vec<_> = (0..8)
        .map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            socket.set_nonblocking(true).expect("a socket");
            // It is under way, or it is done.
            let _ = socket.connect(&address.into());
            socket
        })
        .collect();
    let timeout = Duration::from_millis(50);
    let error = outcome(tcp::connect(address).timeout(timeout)).expect_err("no answer");
    assert!(error.to_string().contains("50ms"), "{error}");
    assert!(
        matches!(&error, ConnectError::Timeout { to, timeout: after, .. } if (to, *after) == (&address.to_string(), timeout)),
        "{error:?}"
    );
    drop(queued);
}
