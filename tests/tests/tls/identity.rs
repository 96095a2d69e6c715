//! Who is who: names, roots, protocols and sessions.

use std::sync::mpsc;

use roundsman::net::tls::rustls::version::TLS12;
use roundsman::net::tls::rustls::{AlertDescription, Error, HandshakeKind};
use roundsman::net::tls::{self, HandshakeError, TlsError, TlsInfo, Version};
use roundsman::net::{ConnectError, tcp};
use roundsman_tests::certificates::{Authority, Files};
use roundsman_tests::server::Event;
use roundsman_tests::tls_peer::{TlsClient, client_config};

use crate::{Site, assert_serves, echo, echo_that_tells, outcome, start};

fn server(files: &Files) -> tls::ServerBuilder {
    tls::server(&files.certificate, &files.key)
}

/// Why the handshake has failed.
#[track_caller]
fn why(outcome: Result<roundsman::net::Connection, TlsError>) -> HandshakeError {
    match outcome {
        Err(TlsError::Handshake { why, .. }) => why,
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn both_sides_know_what_they_have_agreed_on() {
    let site = Site::new();
    let (sender, infos) = mpsc::channel::<TlsInfo>();
    let server = start(site.server(), move |event, _| {
        if let Event::Accepted(connection) = event {
            sender.send(connection.tls().expect("it has TLS").clone())?;
        }
        Ok(())
    });
    let to = tcp::connect(server.socket_addr());
    let ours = outcome(site.client().connect(to).server_name("localhost")).expect("a connection");
    let (client, server) =
        (ours.tls().expect("it has TLS"), infos.recv().expect("it was accepted"));
    for info in [client, &server] {
        assert_eq!(info.version(), Version::Tls13);
        assert!(info.cipher_suite().starts_with("TLS13_"), "{info:?}");
        assert_eq!((info.server_name(), info.alpn()), (Some("localhost"), None));
        assert!(!info.resumed());
    }
    let shown = client.peer_certificates();
    let text = std::fs::read_to_string(&site.files.certificate).expect("it is there");
    assert!(!shown.is_empty() && text.contains("BEGIN CERTIFICATE"));
    assert!(server.peer_certificates().is_empty(), "nobody has asked the client for its");
    assert!(format!("{ours:?}").ends_with(" by TLS 1.3)"), "{ours:?}");
}

#[test]
fn a_connection_without_tls_says_so() {
    let (sender, got) = mpsc::channel();
    let server = roundsman_tests::server::Server::start(1, move |event, _| {
        if let Event::Accepted(connection) = event {
            sender.send(connection.tls().is_some())?;
        }
        Ok(())
    });
    let _peer = roundsman_tests::peer::Peer::connect(server.socket_addr());
    assert_eq!(got.recv(), Ok(false));
}

#[test]
fn an_address_is_a_name_if_the_certificate_has_it() {
    let authority = Authority::new();
    let tls = server(&authority.issue("127.0.0.1")).build().expect("its files are there");
    let server = start(tls, echo);
    let client = tls::client().roots(authority.root()).build().expect("its file is there");
    // Nothing is said of a name: it is the address.
    let connection =
        outcome(client.connect(tcp::connect(server.socket_addr()))).expect("a connection");
    let info = connection.tls().expect("it has TLS");
    assert_eq!((info.version(), info.server_name()), (Version::Tls13, Some("127.0.0.1")));
}

#[test]
fn a_root_that_nobody_knows_is_refused_and_both_sides_say_why() {
    let site = Site::new();
    let (server, failed) = echo_that_tells(site.server());
    let others = Authority::new();
    let stranger = tls::client().roots(others.root()).build().expect("its file is there");
    let error =
        outcome(stranger.connect(tcp::connect(server.socket_addr())).server_name("localhost"));
    let error = error.expect_err("it is not trusted");
    let text = error.to_string();
    assert!(text.starts_with(&format!("TLS handshake with {}: ", server.socket_addr())), "{text}");
    assert!(text.contains("trusted") && text.contains("`roots`"), "{text}");
    assert!(matches!(error.handshake(), Some(HandshakeError::UnknownIssuer)), "{error:?}");
    let failed = failed.recv().expect("the server hears of it");
    assert!(failed.error.to_string().contains("UnknownCA"), "{failed:?}");
    assert_serves(&server, &site);
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let site = Site::new();
    let server = start(site.server(), echo);
    let to = tcp::connect(server.socket_addr());
    let error = why(outcome(site.client().connect(to).server_name("irc.example.org")));
    let text = error.to_string();
    assert!(text.contains("for localhost, not for irc.example.org"), "{text}");
    assert!(matches!(error, HandshakeError::WrongName { .. }), "{error:?}");
}

#[test]
fn a_certificate_that_has_expired_is_refused() {
    let authority = Authority::new();
    let tls = server(&authority.issue_expired("localhost")).build().expect("its files are there");
    let server = start(tls, echo);
    let client = tls::client().roots(authority.root()).build().expect("its file is there");
    let to = client.connect(tcp::connect(server.socket_addr())).server_name("localhost");
    let error = why(outcome(to));
    assert!(matches!(error, HandshakeError::Expired), "{error:?}");
}

#[test]
fn a_root_in_the_place_of_a_servers_certificate_is_refused_with_what_to_do() {
    // What `openssl req -x509` makes.
    let authority = Authority::new();
    let server = start(server(&authority.as_files()).build().expect("its files are there"), echo);
    let client = tls::client().roots(authority.root()).build().expect("its file is there");
    let to = client.connect(tcp::connect(server.socket_addr())).server_name("localhost");
    let text = why(outcome(to)).to_string();
    assert!(text.contains("CA:TRUE"), "{text}");
}

#[test]
fn the_first_protocol_of_the_server_that_both_speak_is_spoken() {
    let site = Site::new();
    let (sender, spoken) = mpsc::channel();
    let tls = server(&site.files).alpn(["h2", "http/1.1"]).build().expect("its files are there");
    let server = start(tls, move |event, _| {
        if let Event::Accepted(connection) = event {
            let alpn = connection.tls().and_then(|info| info.alpn().map(<[u8]>::to_vec));
            sender.send(alpn)?;
        }
        Ok(())
    });
    for (ours, both) in [
        (&["http/1.1", "h2"][..], Some(&b"h2"[..])),
        (&["irc", "http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let client = tls::client().roots(site.authority.root()).alpn(ours.iter().copied());
        let client = client.build().expect("its file is there");
        let to = client.connect(tcp::connect(server.socket_addr())).server_name("localhost");
        let connection = outcome(to).expect("a connection");
        assert_eq!(connection.tls().and_then(TlsInfo::alpn), both);
        assert_eq!(spoken.recv().expect("it was accepted").as_deref(), both);
    }
}

#[test]
fn without_a_protocol_in_common_both_sides_say_so() {
    let site = Site::new();
    let tls = server(&site.files).alpn(["h2"]).build().expect("its files are there");
    let (server, failed) = echo_that_tells(tls);
    let client = tls::client().roots(site.authority.root()).alpn(["irc"]);
    let client = client.build().expect("its file is there");
    let error =
        why(outcome(client.connect(tcp::connect(server.socket_addr())).server_name("localhost")));
    assert!(matches!(error, HandshakeError::NoAlpn), "{error:?}");
    let failed = failed.recv().expect("the server hears of it");
    assert!(failed.error.to_string().contains("(ALPN)"), "{failed:?}");
}

#[test]
fn the_name_that_is_asked_for_picks_the_certificate() {
    let authority = Authority::new();
    let [first, second, any] =
        ["a.example", "b.example", "*.c.example"].map(|n| authority.issue(n));
    let tls = server(&first)
        .certificate(&second.certificate, &second.key)
        .certificate(&any.certificate, &any.key)
        .build()
        .expect("its files are there");
    let server = start(tls, echo);
    let client = tls::client().roots(authority.root()).build().expect("its file is there");
    let mut shown = Vec::new();
    for name in ["a.example", "b.example", "irc.c.example"] {
        let to = client.connect(tcp::connect(server.socket_addr())).server_name(name);
        let connection = outcome(to).expect("each has its own");
        shown.push(connection.tls().expect("it has TLS").peer_certificates()[0].clone());
    }
    assert!(shown[0] != shown[1] && shown[1] != shown[2]);
    let to = client.connect(tcp::connect(server.socket_addr())).server_name("d.example");
    let error = why(outcome(to));
    assert!(error.to_string().contains("for a.example, not"), "the first stands in: {error}");
}

#[test]
fn a_second_connection_goes_on_with_the_session_of_the_first() {
    let site = Site::new();
    for versions in [tls::rustls::ALL_VERSIONS, &[&TLS12]] {
        let (sender, resumed) = mpsc::channel();
        let server = start(site.server(), move |event, ctx| {
            if let Event::Accepted(connection) = &event {
                sender.send(connection.tls().expect("it has TLS").resumed())?;
            }
            echo(event, ctx)
        });
        let config = client_config(&site.authority.root(), versions);
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut peer = TlsClient::connect(server.socket_addr(), config.clone(), "localhost");
            // Its tickets come with the answer.
            peer.send(b"hello");
            peer.expect(b"hello");
            peer.finish();
            peer.expect_end();
            assert_eq!(peer.tls().handshake_kind(), Some(expected));
            let is_resumed = expected == HandshakeKind::Resumed;
            assert_eq!(resumed.recv(), Ok(is_resumed), "{versions:?}");
        }
    }
}

#[test]
fn a_client_of_ours_resumes_unless_it_or_the_server_is_told_not_to() {
    let site = Site::new();
    let client = || tls::client().roots(site.authority.root());
    for (by_client, by_server) in [(true, true), (false, true), (true, false)] {
        let tls = server(&site.files).resumption(by_server).build().expect("its files are there");
        let server = start(tls, echo);
        let client = client().resumption(by_client).build().expect("its file is there");
        let to = || client.connect(tcp::connect(server.socket_addr())).server_name("localhost");
        let (sender, events) = mpsc::channel();
        let caller = roundsman_tests::server::Server::start(1, move |event, ctx| {
            use roundsman::stream::{Source, StreamContext};
            match event {
                Event::Secured(connection) => {
                    let connection = connection?;
                    sender.send(connection.tls().is_some_and(TlsInfo::resumed))?;
                    let hello = Source::iter([bytes::Bytes::from_static(b"hello")]);
                    hello.pipe(connection.writer()).start(ctx, Event::Ended);
                    connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
                }
                // The answer is here, and the tickets were before it.
                Event::Bytes(_) => sender.send(true)?,
                _ => {}
            }
            Ok(())
        });
        let mut resumed = Vec::new();
        for _ in 0..2 {
            let attempt = to();
            caller.tell(move |ctx| {
                attempt.start(ctx, Event::Secured);
                Ok(())
            });
            resumed.push(events.recv().expect("a connection"));
            events.recv().expect("an answer");
        }
        assert_eq!(resumed, [false, by_client && by_server], "{by_client} {by_server}");
    }
}

#[test]
fn a_client_must_show_a_certificate_if_the_server_asks_for_one() {
    let site = Site::new();
    let clients = Authority::new();
    let me = clients.issue("me");
    let (sender, shown) = mpsc::channel();
    let tls = server(&site.files).client_roots(clients.root()).build().expect("files");
    let server = start(tls, move |event, _| {
        if let Event::Accepted(connection) = event {
            sender.send(connection.tls().expect("it has TLS").peer_certificates().len())?;
        }
        Ok(())
    });
    let known = tls::client().roots(site.authority.root()).certificate(&me.certificate, &me.key);
    let known = known.build().expect("its files are there");
    let to = known.connect(tcp::connect(server.socket_addr())).server_name("localhost");
    outcome(to).expect("a connection");
    assert_eq!(shown.recv(), Ok(1));

    let mut nobody = TlsClient::begin(server.socket_addr(), site.peer(), "localhost");
    // TLS 1.3 lets a client believe that it is in.
    let error = nobody.shake_hands().err().unwrap_or_else(|| nobody.expect_failure());
    let alert = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    let required = Error::AlertReceived(AlertDescription::CertificateRequired);
    assert_eq!(alert, Some(&required), "{error}");
}

#[test]
fn a_client_may_show_a_certificate_if_that_is_optional() {
    let site = Site::new();
    let clients = Authority::new();
    let builder = server(&site.files).client_roots(clients.root()).clients_optional();
    let (server, failed) = echo_that_tells(builder.build().expect("its files are there"));
    assert_serves(&server, &site);
    // One that is shown must be known.
    let strangers = Authority::new();
    let stranger = strangers.issue("stranger");
    let unknown = tls::client()
        .roots(site.authority.root())
        .certificate(&stranger.certificate, &stranger.key)
        .build()
        .expect("its files are there");
    let to = unknown.connect(tcp::connect(server.socket_addr())).server_name("localhost");
    // Whether the client hears of it at once is a matter of TLS 1.3; the server does.
    drop(outcome(to));
    let failed = failed.recv().expect("the server hears of it");
    assert!(failed.error.to_string().contains("issued by nobody"), "{failed:?}");
}

#[test]
fn a_server_that_is_replaced_shows_the_new_certificate_to_those_who_come_then() {
    let site = Site::new();
    let other = site.authority.issue("other");
    let tls = site.server();
    let server = start(tls.clone(), echo);
    let client = site.client();
    let ask = |name| client.connect(tcp::connect(server.socket_addr())).server_name(name);
    let before = outcome(ask("localhost")).expect("the old one");
    tls.replace(&self::server(&other).build().expect("its files are there"));
    outcome(ask("other")).expect("the new one");
    let error = why(outcome(ask("localhost")));
    assert!(matches!(error, HandshakeError::WrongName { .. }), "{error:?}");
    drop(before);
}

#[test]
fn an_attempt_that_finds_nobody_says_what_connecting_says() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let error = outcome(Site::new().client().connect(tcp::connect(address)));
    let error = error.expect_err("nobody listens");
    assert!(matches!(&error, TlsError::Connect(ConnectError::Io { .. })), "{error:?}");
    assert!(error.to_string().starts_with("connecting to "), "{error}");
}

#[test]
fn a_name_that_can_be_none_is_refused_before_anybody_is_called() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let to = Site::new().client().connect(tcp::connect(address)).server_name("no name");
    let error = why(outcome(to));
    assert!(error.to_string().contains("`server_name`"), "{error}");
    listener.set_nonblocking(true).expect("a socket");
    assert!(listener.accept().is_err(), "nobody was called");
}

/// In a process of its own, whose environment says what the system's roots are.
#[cfg(unix)]
#[test]
fn an_attempt_without_settings_trusts_whom_the_system_trusts() {
    use roundsman_tests::again;

    const NAME: &str = "identity::an_attempt_without_settings_trusts_whom_the_system_trusts";
    if !again::is_child() {
        let site = Authority::new();
        let files = site.issue("127.0.0.1");
        let server = start(server(&files).build().expect("its files are there"), echo);
        let address = server.socket_addr().to_string();
        let (root, none) = (site.root(), site.file("none.pem"));
        let none_either = site.file("none");
        for (roots, expected) in [(&root, "well"), (&none, "SSL_CERT_FILE")] {
            let roots = roots.to_str().expect("a path in Unicode");
            let folder = none_either.to_str().expect("a path in Unicode");
            let variables = [
                ("SSL_CERT_FILE", roots),
                ("SSL_CERT_DIR", folder),
                ("TEST_SERVER", &address),
                ("TEST_EXPECTS", expected),
            ];
            again::run(NAME, "", &variables);
        }
        return;
    }
    let variable = |name| std::env::var(name).expect("the parent has set it");
    let outcome = outcome(tls::connect(variable("TEST_SERVER")));
    match &*variable("TEST_EXPECTS") {
        "well" => assert!(outcome.expect("a connection").tls().is_some()),
        expected => {
            let error = outcome.expect_err("nobody is trusted");
            assert!(matches!(error, TlsError::Config(_)), "{error:?}");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
