//! Handshakes that go wrong, or never end: each is its own connection's matter, and nobody else's.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use roundsman::net::tls::{self, HandshakeError, TlsError};
use roundsman::net::{ConnectError, tcp};
use roundsman_tests::example::PATIENCE;
use roundsman_tests::patience::must_end;
use roundsman_tests::peer::{Peer, aside};
use roundsman_tests::server::{Event, Server};
use roundsman_tests::tls_peer::{TlsServer, server_config};
use socket2::SockRef;

use crate::{Site, assert_serves, echo, echo_that_tells, outcome, start};

/// Longer than any test, so that nothing is decided by it.
const NEVER: Duration = Duration::from_secs(3_600);

/// A client that connects and says nothing, or what is no handshake.
fn stranger(server: &Server, says: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(server.socket_addr()).expect("somebody listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
    socket.write_all(says).expect("it goes");
    socket
}

#[test]
fn what_is_no_tls_is_refused_and_named() {
    let site = Site::new();
    let (server, failed) = echo_that_tells(site.server());
    let mut browser = stranger(&server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut answer = Vec::new();
    browser.read_to_end(&mut answer).expect("an end in good order");
    assert_eq!(answer.first(), Some(&21), "an alert: {answer:?}");
    let failed = failed.recv().expect("it is told");
    assert_eq!(failed.peer, browser.local_addr().expect("an address"));
    assert_eq!(failed.local, server.socket_addr());
    assert!(matches!(failed.error, HandshakeError::NotTls { .. }), "{failed:?}");
    let text = failed.error.to_string();
    assert!(text.contains("does not speak TLS") && text.contains("GET / HTTP/1.1"), "{text}");
    assert_serves(&server, &site);
}

#[test]
fn garbage_of_any_kind_ends_its_own_connection_only() {
    let site = Site::new();
    let (server, failed) = echo_that_tells(site.server());
    let mut long = vec![22, 3, 1, 0x40, 0];
    long.resize(5 + 0x4000, 0xff);
    let all: [&[u8]; 5] =
        [&[0; 64], &[0xff; 64], &[22, 3, 1, 0, 2, 1, 0, 0, 0], &[21, 3, 3, 0, 2, 2, 40], &long];
    for garbage in all {
        let mut socket = stranger(&server, garbage);
        socket.shutdown(std::net::Shutdown::Write).expect("it is there");
        // An alert, or an end at once; never a handshake.
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        assert_ne!(answer.first(), Some(&22), "{answer:?}");
        failed.recv().expect("it is told");
    }
    assert_serves(&server, &site);
}

#[test]
fn a_server_that_speaks_no_tls_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = listener.local_addr().expect("an address");
    let plain = aside(move || {
        let (mut socket, _) = listener.accept().expect("it connects");
        socket.write_all(b"220 mail.example.org ESMTP\r\n").expect("it goes");
        // Until the client hangs up.
        let _ = socket.read_to_end(&mut Vec::new());
    });
    let attempt = Site::new().client().connect(tcp::connect(to));
    let error = outcome(attempt).expect_err("it is no TLS");
    assert!(matches!(error.handshake(), Some(HandshakeError::NotTls { .. })), "{error:?}");
    assert!(error.to_string().contains("220 mail.example"), "{error}");
    plain.join().expect("it has ended");
}

#[test]
fn a_client_that_stalls_is_cut_off_by_the_deadline() {
    let site = Site::new();
    let (server, failed) = echo_that_tells(site.server().timeout(Duration::from_millis(50)));
    let mut silent = stranger(&server, b"");
    let mut half = stranger(&server, &[22, 3, 1, 2, 0, 1]);
    for _ in 0..2 {
        let failed = failed.recv().expect("it is told");
        assert!(failed.error.to_string().contains("within 50ms"), "{failed:?}");
    }
    for socket in [&mut silent, &mut half] {
        let mut rest = Vec::new();
        // Both are closed; over what was never read, by a reset.
        let _ = socket.read_to_end(&mut rest);
        assert!(rest.is_empty(), "{rest:?}");
    }
}

#[test]
fn a_server_that_stalls_is_given_up_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = listener.local_addr().expect("an address");
    let attempt = Site::new().client().connect(tcp::connect(to)).timeout(Duration::from_millis(50));
    let error = outcome(attempt).expect_err("nobody answers");
    assert!(matches!(error.handshake(), Some(HandshakeError::TimedOut(_))), "{error:?}");
}

#[test]
fn clients_that_stall_keep_nobody_out_while_there_are_places() {
    let site = Site::new();
    let server = start(site.server().timeout(NEVER).handshakes(40), echo);
    let stalled: Vec<_> = (0..39).map(|_| stranger(&server, &[22, 3])).collect();
    for _ in 0..5 {
        assert_serves(&server, &site);
    }
    drop(stalled);
}

#[test]
fn who_comes_when_all_places_are_taken_waits_until_one_is_free() {
    let site = Site::new();
    let server = start(site.server().timeout(NEVER).handshakes(1), echo);
    let stalled = stranger(&server, &[22, 3]);
    let waits = aside(move || {
        assert_serves(&server, &site);
    });
    drop(stalled);
    must_end(move || waits.join().expect("it was served"));
}

#[test]
fn a_client_that_hangs_up_or_resets_in_the_middle_is_forgotten() {
    let site = Site::new();
    let (server, failed) = echo_that_tells(site.server());
    for _ in 0..10 {
        let socket = stranger(&server, &[22, 3, 1, 2, 0, 1]);
        socket.shutdown(std::net::Shutdown::Write).expect("it is there");
        let told = failed.recv().expect("it is told").error.to_string();
        assert!(told.contains("hung up"), "{told}");
        let socket = stranger(&server, &[22, 3, 1, 2, 0, 1]);
        SockRef::from(&socket).set_linger(Some(Duration::ZERO)).expect("a socket");
        drop(socket);
        // A reset before the handshake began shows in another way.
        failed.recv().expect("it is told");
    }
    assert_serves(&server, &site);
}

#[test]
fn a_server_that_hangs_up_in_the_middle_is_a_failure_that_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = listener.local_addr().expect("an address");
    let hangs_up = aside(move || {
        let (mut socket, _) = listener.accept().expect("it connects");
        // The hello was read, so the end comes in good order.
        socket.read_exact(&mut [0; 5]).expect("a hello");
        socket.set_nonblocking(true).expect("a socket");
        while socket.read(&mut [0; 1024]).is_ok_and(|got| got > 0) {}
        socket.shutdown(std::net::Shutdown::Write).expect("it is there");
        socket.set_nonblocking(false).expect("a socket");
        let _ = socket.read_to_end(&mut Vec::new());
    });
    let error = outcome(Site::new().client().connect(tcp::connect(to))).expect_err("it hangs up");
    assert!(matches!(error.handshake(), Some(HandshakeError::HungUp)), "{error:?}");
    hangs_up.join().expect("it has ended");
}

#[test]
fn a_hundred_clients_at_once_are_all_served() {
    let site = Site::new();
    let listener = tcp::listener("127.0.0.1:0").spread().bind().expect("a free port");
    let tls = site.server();
    let server =
        Server::start_at(listener, 2, move |incoming| incoming.through(tls::accept(&tls)), echo);
    let (sender, done) = mpsc::channel();
    let caller = Server::start(2, move |event, ctx| {
        use roundsman::stream::{Source, StreamContext};
        match event {
            Event::Secured(connection) => {
                let connection = connection?;
                let hello = Source::iter([bytes::Bytes::from_static(b"hello")]);
                hello.pipe(connection.writer()).start(ctx, Event::Ended);
                connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
            }
            Event::Bytes(bytes) => sender.send(bytes.to_vec())?,
            _ => {}
        }
        Ok(())
    });
    let (client, address) = (site.client(), server.socket_addr());
    caller.tell(move |ctx| {
        for _ in 0..100 {
            let attempt = client.connect(tcp::connect(address)).server_name("localhost");
            attempt.start(ctx, Event::Secured);
        }
        Ok(())
    });
    let answers: Vec<_> = must_end(move || done.iter().take(100).collect());
    assert!(answers.iter().all(|answer| answer == b"hello"));
}

#[test]
fn a_connection_lives_where_its_listener_has_put_it() {
    let site = Site::new();
    let listener = tcp::listener("127.0.0.1:0").spread().bind().expect("a free port");
    let (sender, homes) = mpsc::channel();
    let tls = site.server();
    let server = Server::start_at(
        listener,
        2,
        move |incoming| incoming.through(tls::accept(&tls)),
        move |event, ctx| {
            if let Event::Accepted(connection) = &event {
                sender.send(connection.home())?;
            }
            echo(event, ctx)
        },
    );
    let mut peers = Vec::new();
    for _ in 0..4 {
        let mut peer = site.connect(server.socket_addr());
        peer.send(b"x");
        peer.expect(b"x");
        peers.push(peer);
    }
    let homes: Vec<_> = homes.iter().take(4).collect();
    assert_eq!(homes, [Some(0), Some(1), Some(0), Some(1)]);
}

#[test]
fn a_handshake_that_fails_gives_its_place_among_the_connections_back() {
    let site = Site::new();
    let listener = tcp::listener("127.0.0.1:0").max_connections(1).bind().expect("a free port");
    let (tls, (sender, failed)) = (site.server(), mpsc::channel());
    let server = Server::start_at(
        listener,
        1,
        move |incoming| incoming.through(tls::accept(&tls)),
        move |event, ctx| match event {
            Event::Happened(happening) => {
                if happening.what().is::<tls::HandshakeFailed>() {
                    sender.send(())?;
                }
                Ok(())
            }
            event => echo(event, ctx),
        },
    );
    let (ready, is_ready) = mpsc::channel();
    server.tell(move |ctx| {
        ctx.on_happening(Event::Happened);
        Ok(ready.send(())?)
    });
    is_ready.recv().expect("the server runs");
    for _ in 0..3 {
        let _socket = stranger(&server, b"no TLS at all");
        failed.recv().expect("it is told");
    }
    assert_serves(&server, &site);
}

#[test]
fn a_planned_stop_does_not_wait_for_those_who_stall() {
    let site = Site::new();
    let (server, failed) = echo_that_tells(site.server().timeout(NEVER));
    let stalled = stranger(&server, &[22, 3]);
    assert_serves(&server, &site);
    // Its end is that of the runtime.
    must_end(move || drop(server));
    let mut rest = Vec::new();
    let ended = { &stalled }.read_to_end(&mut rest);
    assert!(ended.is_ok() || ended.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    drop(failed);
}

#[test]
fn a_client_of_ours_is_served_by_rustls_alone() {
    let site = Site::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = listener.local_addr().expect("an address");
    let config = server_config(&site.files);
    let peer = aside(move || {
        let (socket, _) = listener.accept().expect("it connects");
        TlsServer::accept(socket, config).tls().server_name().map(str::to_owned)
    });
    let connection = outcome(site.client().connect(tcp::connect(to)).server_name("localhost"));
    assert!(connection.is_ok_and(|connection| connection.tls().is_some()));
    assert_eq!(peer.join().expect("it has ended").as_deref(), Some("localhost"));
}

#[cfg(target_os = "linux")]
#[test]
fn handshakes_that_fail_or_stall_leave_no_descriptor_and_no_actor() {
    use roundsman_tests::again;

    if !again::is_child() {
        again::run(
            "handshakes::handshakes_that_fail_or_stall_leave_no_descriptor_and_no_actor",
            "",
            &[],
        );
        return;
    }
    let open = || std::fs::read_dir("/proc/self/fd").expect("Linux shows them").count();
    must_end(move || {
        let site = Site::new();
        let (server, failed) = echo_that_tells(site.server().timeout(Duration::from_millis(20)));
        assert_serves(&server, &site);
        // The handshakes' stage is one more.
        let idle = Server::ACTORS + 1;
        let wait = || {
            while server.handle.metrics().actors() != idle {
                let (sender, receiver) = mpsc::channel();
                server.tell(move |_| Ok(sender.send(())?));
                receiver.recv().expect("the server runs");
            }
        };
        wait();
        let before = open();
        for round in 0..20 {
            let peers: Vec<_> = (0..10)
                .map(|n| stranger(&server, if (n + round) % 2 == 0 { b"" } else { b"GET /" }))
                .collect();
            for _ in &peers {
                failed.recv().expect("it is told");
            }
        }
        wait();
        assert_eq!(open(), before);
    });
}

#[test]
fn an_attempt_ends_with_its_actor() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = listener.local_addr().expect("an address");
    let attempt = Site::new().client().connect(tcp::connect(to)).timeout(NEVER);
    let caller = Server::start(1, |_, _| Ok(()));
    caller.tell(move |ctx| {
        attempt.start(ctx, Event::Secured);
        Ok(())
    });
    let (socket, _) = listener.accept().expect("it connects");
    let mut peer = Peer::over(socket.try_clone().expect("a descriptor"));
    // Its hello is here, and then nothing but the end.
    peer.expect(&[22, 3]);
    drop(caller);
    { &socket }.read_to_end(&mut Vec::new()).expect("an end in good order");
}

#[test]
fn an_address_that_is_none_is_what_connecting_says_it_is() {
    let error = outcome(Site::new().client().connect(tcp::connect("nonsense")));
    assert!(matches!(error, Err(TlsError::Connect(ConnectError::BadTarget { .. }))), "{error:?}");
}
