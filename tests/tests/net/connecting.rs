//! Connecting: an attempt has one outcome, and says what went wrong.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{Connect, ConnectError, Connection, Endpoint, Target, tcp};
use roundsman::stream::{Source, StreamContext};
use roundsman_tests::peer::Peer;
use roundsman_tests::server::{Event, Server};
use roundsman_tests::{again, patience};
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

/// An address at which nobody answers: a queue for one connection, and more than that in it. For as long as the second
/// is kept.
fn silent() -> (SocketAddr, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    listener.listen(0).expect("a listener");
    let address = listener.local_addr().ok().and_then(|it| it.as_socket()).expect("an address");
    let queued = (0..8).map(|_| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_nonblocking(true).expect("a socket");
        // It is under way, or it is done.
        let _ = socket.connect(&address.into());
        socket
    });
    let kept = queued.collect::<Vec<_>>().into_iter().chain([listener]).collect();
    (address, kept)
}

/// An address at which nobody listens.
fn deaf() -> SocketAddr {
    address_of(&loopback())
}

#[test]
fn an_attempt_that_nobody_answers_ends_with_its_deadline() {
    let (address, queued) = silent();
    let timeout = Duration::from_millis(50);
    let error = outcome(tcp::connect(address).timeout(timeout)).expect_err("no answer");
    assert!(error.to_string().contains("50ms"), "{error}");
    assert!(
        matches!(&error, ConnectError::Timeout { to, timeout: after, .. } if (to, *after) == (&address.to_string(), timeout)),
        "{error:?}"
    );
    drop(queued);
}

#[test]
fn of_several_addresses_those_that_refuse_are_passed_at_once() {
    let listener = loopback();
    let live = address_of(&listener);
    let mut addresses: Vec<_> = (0..20).map(|_| deaf()).collect();
    addresses.push(live);
    // With a wait between them this would take longer than it may.
    let connect = tcp::connect(addresses).attempt_delay(Duration::from_secs(2));
    let connection = outcome(connect.timeout(Duration::from_secs(10))).expect("one answers");
    assert_eq!(connection.peer(), &live);
}

#[test]
fn an_address_that_is_silent_does_not_keep_the_next_from_being_tried() {
    let listener = loopback();
    let (silent, queued) = silent();
    let live = address_of(&listener);
    let connection = outcome(tcp::connect(vec![silent, live])).expect("one answers");
    assert_eq!(connection.peer(), &live);
    drop(queued);
}

#[test]
fn the_first_that_answers_is_taken_and_the_others_are_closed() {
    let (silent, queued) = silent();
    let listeners = [loopback(), loopback()];
    let addresses = [silent, address_of(&listeners[0]), address_of(&listeners[1])];
    let connection = outcome(tcp::connect(addresses.to_vec())).expect("one answers");
    assert_eq!(connection.peer(), &addresses[1]);
    listeners[1].set_nonblocking(true).expect("a socket");
    assert_eq!(listeners[1].accept().expect_err("nobody came").kind(), ErrorKind::WouldBlock);
    drop(queued);
}

#[test]
fn when_none_answers_every_address_is_named_with_its_reason() {
    let addresses = [deaf(), deaf(), deaf()];
    let error = outcome(tcp::connect(addresses.to_vec())).expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let text = error.to_string();
    for address in addresses {
        assert!(text.contains(&address.to_string()), "{text}");
    }
    let ConnectError::All { attempts, .. } = error else { panic!("{text}") };
    let tried: Vec<_> = attempts.iter().map(|attempt| attempt.to.clone()).collect();
    assert_eq!(tried, addresses.map(Endpoint::Ip));
}

#[test]
fn a_deadline_says_what_had_failed_until_then() {
    let (silent, queued) = silent();
    let deaf = deaf();
    let connect = tcp::connect(vec![deaf, silent]).timeout(Duration::from_millis(50));
    let error = outcome(connect).expect_err("no answer");
    assert!(error.to_string().contains(&deaf.to_string()), "{error}");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    drop(queued);
}

#[test]
fn no_address_at_all_is_an_error() {
    let error = outcome(tcp::connect(Vec::new())).expect_err("there is none");
    assert!(error.to_string().contains("no address"), "{error}");
}

#[test]
fn what_is_no_target_is_an_error_that_says_what_one_is() {
    for target in ["", "127.0.0.1", "localhost", ":80", "localhost:70000", "localhost:http"] {
        let error = outcome(tcp::connect(target)).expect_err("it is none");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{target}");
        assert!(error.to_string().contains("HOST:PORT"), "{error}");
    }
}

#[test]
fn a_name_is_looked_up_as_the_system_does() {
    let listener = loopback();
    let port = address_of(&listener).port();
    for target in [Target::from(("localhost", port)), format!("localhost:{port}").into()] {
        let connection = outcome(tcp::connect(target)).expect("a connection");
        assert_eq!(connection.peer(), &address_of(&listener));
    }
}

#[test]
fn a_name_that_is_none_is_an_error_that_names_it() {
    let error = outcome(tcp::connect("no such host.invalid:80")).expect_err("there is none");
    assert!(error.to_string().contains("no such host.invalid"), "{error}");
    assert!(matches!(error, ConnectError::Lookup { .. }), "{error:?}");
}

#[test]
fn ten_thousand_attempts_at_once_each_have_an_outcome() {
    const WANTED: usize = 10_000;
    if !again::is_child() {
        let name = "connecting::ten_thousand_attempts_at_once_each_have_an_outcome";
        again::run(name, "ulimit -n \"$(ulimit -Hn)\"", &[]);
        return;
    }
    patience::must_end(|| {
        let (tell, outcomes) = mpsc::channel();
        // Those that are accepted are closed at once: a process may have few descriptors.
        let server = Server::start(1, move |event, _| {
            if let Event::Connected(outcome) = event {
                tell.send(outcome)?;
            }
            Ok(())
        });
        let address = server.socket_addr();
        server.tell(move |ctx| {
            for _ in 0..WANTED {
                tcp::connect(address).start(ctx, Event::Connected);
            }
            Ok(())
        });
        let connected = outcomes.iter().take(WANTED).map(|outcome| outcome.expect("a connection"));
        assert_eq!(connected.collect::<Vec<_>>().len(), WANTED);
    });
}
