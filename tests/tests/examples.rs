//! Every example is run as a user would run it, and what it prints is read.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use roundsman::net::tls::rustls::ALL_VERSIONS;
use roundsman_tests::certificates::Authority;
use roundsman_tests::example::Example;
use roundsman_tests::folder::Folder;
use roundsman_tests::name_server::Rogue;
use roundsman_tests::peer::Peer;
use roundsman_tests::tls_peer::{TlsClient, client_config};
use roundsman_tests::websocket_peer::WebSocketPeer;

/// The examples that a test runs: those here, and `chat`, which has `chat.rs`.
const TESTED: [&str; 15] = [
    "chat",
    "chat_load",
    "counter",
    "echo",
    "pipeline",
    "pool",
    "proxy",
    "resolve",
    "run_command",
    "serve_file",
    "supervised",
    "tls_echo",
    "udp_ping",
    "watch",
    "ws_echo",
];

fn examples() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples"))
}

#[test]
fn every_example_is_run_by_a_test() {
    let mut found: Vec<String> = fs::read_dir(examples())
        .expect("there are examples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|it| it == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        // Cargo wants a library beside them; it is empty.
        .filter(|name| name != "lib" && name != "target")
        .collect();
    found.sort();
    assert_eq!(found, TESTED);
}

/// Runs an example that needs nobody, and returns what it prints.
fn printed(name: &str) -> Vec<String> {
    let ended = Example::start::<&str>(name, &[]).ended();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
    ended.stdout
}

#[test]
fn counter_prints_its_total_and_ends() {
    assert_eq!(printed("counter"), ["42"]);
}

#[test]
fn pipeline_counts_the_failures_of_its_own_log() {
    let ended = Example::start::<&str>("pipeline", &[]).ended();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let [made, failed, written] = &ended.stdout[..] else { panic!("{ended:?}") };
    assert!(made.starts_with("made "), "{made}");
    assert_eq!(failed, "10000 requests failed");
    assert!(written.starts_with("7 paths in "), "{written}");
}

#[test]
fn pipeline_counts_the_failures_of_a_log_packed_by_somebody_else() {
    let folder = Folder::new();
    let line = |path, status| format!("host - - [date] \"GET {path} HTTP/1.1\" {status} 12\r\n");
    let log = [line("/a", 404), line("/b", 200), line("/b", 500), line("/a", 403)].concat();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(log.as_bytes())
        .and_then(|()| gz.write_all(b"garbage\n"))
        .expect("memory takes it");
    let log = folder.with("log.gz", gz.finish().expect("memory takes it"));
    let counts = folder.file("counts");
    let ended = Example::start("pipeline", &[&log, &counts]).ended();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(fs::read_to_string(counts).expect("it is there"), "2 /a\n1 /b\n");
}

#[test]
fn pipeline_that_fails_leaves_no_counts_and_says_why() {
    let folder = Folder::new();
    let (log, counts) = (folder.with("log.gz", "not packed"), folder.file("counts"));
    let ended = Example::start("pipeline", &[&log, &counts]).ended();
    assert!(!ended.status.success(), "{ended:?}");
    assert!(ended.stderr.contains("gunzip"), "{}", ended.stderr);
    assert!(!counts.exists());
}

#[test]
fn serve_file_gives_each_client_the_whole_file() {
    let folder = Folder::new();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    let file = folder.with("served", &bytes);
    let mut server = Example::start("serve_file", &[file.as_os_str(), "127.0.0.1:0".as_ref()]);
    let line = server.line();
    let address = line.rsplit(' ').next().and_then(|word| word.parse::<SocketAddr>().ok());
    let address = address.unwrap_or_else(|| panic!("the first line is {line:?}"));
    let mut clients = [Peer::connect(address), Peer::connect(address)];
    for client in &mut clients {
        client.expect(&bytes);
        client.expect_end();
    }
    assert!(server.line().starts_with("3000000 bytes in "));
    server.signal("TERM");
    assert_eq!(server.ended().status.code(), Some(0));
}

#[test]
fn pool_counts_primes_and_survives_a_panic_and_a_job_that_was_given_up() {
    let expected =
        ["4203 primes below 40000", "one job panicked, one was cancelled, and the pool goes on"];
    assert_eq!(printed("pool"), expected);
}

#[test]
fn supervised_heals_itself_and_loses_the_bad_message_only() {
    let ended = Example::start::<&str>("supervised", &[]).ended();
    let expected = [
        "the teller begins",
        "the teller has read 10",
        "the teller has read 20",
        "the teller failed: \"a lot\": invalid digit found in string",
        "the teller begins",
        "the teller has read 12",
        "42 in the ledger",
        "the teller was stopped",
    ];
    assert_eq!(ended.stdout, expected);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let failures = ended.stderr.matches("an actor failed").count();
    assert_eq!(failures, 1, "logged once, with its path: {}", ended.stderr);
    assert!(ended.stderr.contains("/bank/teller"), "{}", ended.stderr);
}

#[test]
fn echo_says_where_it_listens_and_sends_back_what_comes() {
    let mut echo = Example::start("echo", &["127.0.0.1:0"]);
    let line = echo.line();
    let address =
        line.strip_prefix("echo listens on ").and_then(|rest| rest.parse::<SocketAddr>().ok());
    let address = address.unwrap_or_else(|| panic!("the first line is {line:?}"));
    let mut peer = Peer::connect(address);
    peer.send(b"hello, echo");
    peer.expect(b"hello, echo");
    peer.finish();
    peer.expect_end();
    assert_eq!(echo.line(), "echoed 11 bytes");

    let mut open = Peer::connect(address);
    open.send(b"still here");
    open.expect(b"still here");
    echo.signal("INT");
    let ended = echo.ended();
    // Stopped as planned: what the open one has sent is there, and its pipeline has ended.
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, ["echoed 10 bytes"]);
    open.expect_end();
}

#[test]
fn echo_names_a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let ended = Example::start("echo", &[&address]).ended();
    assert!(!ended.status.success(), "{ended:?}");
    assert!(ended.stderr.contains(&address), "{ended:?}");
}

#[test]
fn proxy_joins_a_client_with_the_server_until_both_have_said_everything() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let to = listener.local_addr().expect("an address").to_string();
    let mut proxy = Example::start("proxy", &["127.0.0.1:0", &to]);
    let line = proxy.line();
    let address =
        line.strip_prefix("proxy listens on ").and_then(|rest| rest.parse::<SocketAddr>().ok());
    let mut client = Peer::connect(address.unwrap_or_else(|| panic!("the first line is {line:?}")));
    let (server, _) = listener.accept().expect("the proxy connects");
    let mut server = Peer::over(server);
    client.send(b"a question");
    client.finish();
    server.expect(b"a question");
    server.expect_end();
    server.send(b"an answer");
    server.finish();
    client.expect(b"an answer");
    client.expect_end();
    proxy.signal("TERM");
    let ended = proxy.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}

#[test]
fn udp_ping_prints_a_line_for_each_reply_and_ends() {
    let mut server = Example::start("udp_ping", &["server", "127.0.0.1:0"]);
    let line = server.line();
    let address = line.strip_prefix("udp_ping listens on ");
    let address = address.unwrap_or_else(|| panic!("the first line is {line:?}"));
    let client = Example::start("udp_ping", &["client", address, "3"]).ended();
    assert_eq!(client.status.code(), Some(0), "{client:?}");
    let [replies @ .., summary] = &client.stdout[..] else { panic!("{client:?}") };
    assert_eq!(replies.len(), 3, "{client:?}");
    for (reply, number) in replies.iter().zip(1..) {
        let time = reply.strip_prefix(&format!("reply {number} from {address}: "));
        let time = time.and_then(|time| time.strip_suffix(" ms")?.parse::<f64>().ok());
        assert!(time.is_some(), "{reply}");
    }
    assert_eq!(summary, "3 sent, 3 received, 0 lost");
    server.signal("TERM");
    let ended = server.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, ["answered 3 pings"]);
}

#[test]
fn udp_ping_counts_what_is_lost() {
    let server = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    server.set_read_timeout(Some(roundsman_tests::example::PATIENCE)).expect("above zero");
    let address = server.local_addr().expect("an address").to_string();
    let client = Example::start("udp_ping", &["client", &address, "3"]);
    let mut ping = [0; 4];
    for number in 1..=3 {
        let (len, from) = server.recv_from(&mut ping).expect("it pings");
        assert_eq!((len, ping), (4, [0, 0, 0, number]));
        if number == 2 {
            // Twice: the second is no reply.
            for _ in 0..2 {
                server.send_to(&ping, from).expect("it goes");
            }
        }
    }
    let ended = client.ended();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let [reply, summary] = &ended.stdout[..] else { panic!("{ended:?}") };
    assert!(reply.starts_with("reply 2 from "), "{reply}");
    assert_eq!(summary, "3 sent, 1 received, 2 lost");
}

#[test]
fn udp_ping_fails_if_nobody_is_there() {
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = gone.local_addr().expect("an address").to_string();
    drop(gone);
    let ended = Example::start("udp_ping", &["client", &address, "2"]).ended();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert_eq!(ended.stdout.last().map(String::as_str), Some("2 sent, 0 received, 2 lost"));
    assert!(ended.stdout[0].starts_with(&format!("udp reader {address}: ")), "{ended:?}");
    assert!(ended.stderr.contains("nobody has answered"), "{}", ended.stderr);
}

#[test]
fn watch_says_what_is_created_changed_renamed_and_removed_and_ends_on_ctrl_c() {
    let folder = Folder::new();
    let root = folder.path().display().to_string();
    let mut watch = Example::start("watch", &[&root]);
    assert_eq!(watch.line(), format!("watching {root}"));
    let (page, moved) = (folder.file("page"), folder.file("moved"));
    fs::write(&page, "be kind").expect("it can be written");
    let mut next = |wanted: &str| {
        // One write may be several changes.
        let mut line = watch.line();
        while line != wanted && line.starts_with("changed ") {
            line = watch.line();
        }
        assert_eq!(line, wanted);
    };
    next(&format!("created {root}/page"));
    fs::write(&page, "be kinder").expect("it can be written");
    next(&format!("changed {root}/page"));
    fs::rename(&page, &moved).expect("it is there");
    next(&format!("renamed {root}/page to {root}/moved"));
    fs::remove_file(&moved).expect("it is there");
    next(&format!("removed {root}/moved"));
    watch.signal("INT");
    let ended = watch.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}

#[test]
fn watch_names_a_path_that_is_not_there() {
    let folder = Folder::new();
    let path = folder.file("nothing").display().to_string();
    let ended = Example::start("watch", &[&path]).ended();
    assert!(!ended.status.success(), "{ended:?}");
    assert!(ended.stderr.contains(&path), "{}", ended.stderr);
}

#[test]
fn run_command_marks_each_line_and_ends_as_the_command_does() {
    let script = "echo one; echo oh >&2; echo two; exit 3";
    let ended = Example::start("run_command", &["sh", "-c", script]).ended();
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert_eq!(
        (&ended.stdout[..], &*ended.stderr),
        (&["out: one", "out: two"].map(str::to_owned)[..], "err: oh\n")
    );
}

#[test]
fn run_command_asks_its_command_to_end_when_it_is_told_to() {
    let script = "trap 'echo asked; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
    for signal in ["INT", "TERM"] {
        let mut example = Example::start("run_command", &["sh", "-c", script]);
        assert_eq!(example.line(), "out: ready");
        example.signal(signal);
        let ended = example.ended();
        assert_eq!(
            (ended.status.code(), &ended.stdout[..]),
            (Some(0), &["out: asked".to_owned()][..])
        );
    }
}

#[test]
fn run_command_names_the_signal_that_ended_its_command() {
    let ended = Example::start("run_command", &["sh", "-c", "kill -TERM $$"]).ended();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("signal: 15"), "{}", ended.stderr);
}

#[test]
fn run_command_names_what_is_wrong_with_its_arguments() {
    let ended = Example::start("run_command", &["no-such-program"]).ended();
    assert_eq!(ended.status.code(), Some(127), "{ended:?}");
    let ended = Example::start::<&str>("run_command", &[]).ended();
    assert_eq!(ended.status.code(), Some(127), "{ended:?}");
    assert!(ended.stderr.contains("usage: run_command COMMAND"), "{}", ended.stderr);
}

/// A name server that knows a mail exchange and an address of `there.test`.
fn name_server() -> Rogue {
    Rogue::start(|asked| {
        let exchange = [0, 10, 4, b'm', b'a', b'i', b'l', 0xc0, 12].to_vec();
        vec![match (&*asked.label(), asked.record_type()) {
            ("there", 1) => asked.answer(0, &[(1, vec![10, 0, 0, 1]), (1, vec![10, 0, 0, 2])]),
            ("there", 15) => asked.answer(0, &[(15, exchange)]),
            ("there", _) => asked.answer(0, &[]),
            _ => asked.answer(3, &[]),
        }]
    })
}

#[test]
fn resolve_prints_one_record_a_line() {
    let server = name_server();
    let at = format!("@{}", server.address());
    let printed = |arguments: &[&str]| {
        let ended = Example::start("resolve", arguments).ended();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert_eq!(ended.stderr, "");
        ended.stdout
    };
    assert_eq!(printed(&["there.test", &at]), ["10.0.0.1", "10.0.0.2"]);
    assert_eq!(printed(&["there.test", "mx", &at]), ["10 mail.there.test"]);
}

#[test]
fn resolve_says_clearly_why_it_finds_nothing() {
    let server = name_server();
    let at = format!("@{}", server.address());
    for (arguments, why) in [
        (&["nowhere.test", &at][..], "there is no such name"),
        (&["there.test", "TXT", &at], "the name has no such records"),
        (&["there.test", "SPAM", &at], "is no type of records"),
        (&["there.test", "@nobody"], "@nobody"),
        (&[], "usage"),
    ] {
        let ended = Example::start("resolve", arguments).ended();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
        assert!(ended.stdout.is_empty(), "{ended:?}");
    }
}

#[test]
fn tls_echo_sends_back_what_comes_and_reads_its_certificate_anew() {
    let authority = Authority::new();
    let files = authority.issue("localhost");
    let listen = "127.0.0.1:0".as_ref();
    let mut echo =
        Example::start("tls_echo", &[listen, files.certificate.as_path(), files.key.as_path()]);
    let line = echo.line();
    let address =
        line.strip_prefix("tls_echo listens on ").and_then(|rest| rest.parse::<SocketAddr>().ok());
    let address = address.unwrap_or_else(|| panic!("the first line is {line:?}"));
    let config = client_config(&authority.root(), ALL_VERSIONS);
    let mut peer = TlsClient::connect(address, config.clone(), "localhost");
    peer.send(b"hello, echo");
    peer.expect(b"hello, echo");
    peer.finish();
    peer.expect_end();
    assert_eq!(echo.line(), "a client, TLS 1.3");
    assert_eq!(echo.line(), "echoed 11 bytes");

    let mut browser = Peer::connect(address);
    browser.send(b"GET / HTTP/1.1\r\n\r\n");
    assert!(echo.line().contains("does not speak TLS"));

    authority.issue("renewed").replace(&files);
    echo.signal("HUP");
    assert_eq!(echo.line(), "the certificate was read anew");
    let mut peer = TlsClient::connect(address, config, "renewed");
    assert_eq!(echo.line(), "a client, TLS 1.3");
    peer.send(b"still here");
    peer.expect(b"still here");
    echo.signal("INT");
    let ended = echo.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, ["echoed 10 bytes"]);
    peer.expect_end();
}

#[test]
fn tls_echo_without_a_certificate_makes_none_and_says_so() {
    let ended = Example::start("tls_echo", &["127.0.0.1:0"]).ended();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(ended.stderr.contains("usage: tls_echo ADDRESS CERTIFICATE.pem KEY.pem"), "{ended:?}");
    let ended = Example::start("tls_echo", &["127.0.0.1:0", "no.pem", "no.key.pem"]).ended();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("reading no.pem: "), "{ended:?}");
}

#[test]
fn ws_echo_sends_back_messages_and_says_goodbye_when_it_is_stopped() {
    let mut echo = Example::start("ws_echo", &["127.0.0.1:0"]);
    let line = echo.line();
    let address =
        line.strip_prefix("ws_echo listens on ").and_then(|rest| rest.parse::<SocketAddr>().ok());
    let address = address.unwrap_or_else(|| panic!("the first line is {line:?}"));
    let mut peer = WebSocketPeer::open(address);
    peer.send(0x81, b"hello, echo");
    peer.expect(0x81, b"hello, echo");
    let large = vec![7; 2_000_000];
    peer.send(0x82, &large);
    peer.expect(0x82, &large);
    peer.close(1000);
    peer.expect_close(1000);
    peer.expect_end();
    assert_eq!(echo.line(), "echoed 2 messages, 2000011 bytes");

    let mut open = WebSocketPeer::open(address);
    open.send(0x81, b"still here");
    open.expect(0x81, b"still here");
    echo.signal("INT");
    open.expect_close(1001);
    open.expect_end();
    let ended = echo.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, ["echoed 1 messages, 10 bytes"]);
}

#[test]
fn ws_echo_says_how_it_is_called_and_why_it_cannot_listen() {
    let usage = "usage: ws_echo [ADDRESS:PORT]";
    let asked = Example::start("ws_echo", &["--help"]).ended();
    assert_eq!((asked.status.code(), &asked.stdout[..]), (Some(0), &[usage.to_owned()][..]));
    let wrong = Example::start("ws_echo", &["--port", "1"]).ended();
    assert_eq!((wrong.status.code(), wrong.stderr.trim_end()), (Some(2), usage));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let ended = Example::start("ws_echo", &[&address]).ended();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let said = format!("ws_echo: cannot listen on {address}: ");
    assert!(ended.stderr.starts_with(&said) && ended.stderr.lines().count() == 1, "{ended:?}");
}

/// The latencies and the rest of what `chat_load` prints, with its exit status.
fn load(server: SocketAddr, arguments: &[&str]) -> (Option<i32>, Vec<String>, String) {
    let connect = server.to_string();
    let arguments = [&["--connect", &connect], arguments].concat();
    let ended = Example::start("chat_load", &arguments).ended();
    (ended.status.code(), ended.stdout, ended.stderr)
}

#[test]
fn chat_load_counts_each_line_once_for_each_who_hears_it() {
    let (_chat, server) = Example::serve::<&str>("chat", &[]);
    let arguments = ["--clients", "20", "--rooms", "3", "--speakers", "5", "--lines", "50"];
    let (status, lines, errors) = load(server, &arguments);
    assert_eq!(status, Some(0), "{errors}");
    let [head, delivered, latency, lost] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(head, "20 clients in 3 rooms, 5 of them speak");
    // Rooms of 7, 7 and 6, in which 2, 2 and 1 speak: (2 × 6 + 2 × 6 + 1 × 5) × 50.
    assert!(delivered.starts_with("1450 lines delivered in "), "{delivered}");
    let words: Vec<&str> = latency.split(' ').collect();
    let ["latency", "p50", p50, "ms", "p99", p99, "ms", "p999", p999, "ms", "max", max, "ms"] =
        words[..]
    else {
        panic!("{latency}")
    };
    let numbers = [p50, p99, p999, max].map(|word| word.parse::<f64>().expect("a number"));
    assert!(numbers.is_sorted(), "{latency}");
    assert_eq!(lost, "lost 0");
}

#[test]
fn chat_load_fails_if_it_is_not_let_in() {
    let (_chat, server) = Example::serve("chat", &["--max-clients", "3"]);
    let (status, _, errors) = load(server, &["--clients", "4", "--rooms", "1", "--speakers", "1"]);
    assert_eq!(status, Some(1), "{errors}");
    assert!(errors.contains("The server is full"), "{errors}");
}

#[test]
fn chat_load_names_what_is_wrong_with_its_arguments() {
    for (arguments, wrong) in [
        (&["--nonsense"][..], "--nonsense"),
        (&["--clients"], "--clients"),
        (&["--lines", "0"], "--lines"),
        (&["--clients", "2", "--speakers", "3"], "--speakers"),
    ] {
        let ended = Example::start("chat_load", arguments).ended();
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(wrong), "{ended:?}");
    }
}
