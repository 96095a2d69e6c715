//! Every example is run as a user would run it, and what it prints is read.

use std::fs;
use std::io::Write;
use std::path::Path;

use roundsman_tests::example::Example;
use roundsman_tests::folder::Folder;
use roundsman_tests::peer::Peer;

/// The examples that a test runs: those here, and `chat`, which has `chat.rs`.
const TESTED: [&str; 8] =
    ["chat", "counter", "echo", "pipeline", "pool", "proxy", "serve_file", "supervised"];

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
    let address = line.rsplit(' ').next().and_then(|word| word.parse().ok());
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
    let address = line.strip_prefix("echo listens on ").and_then(|rest| rest.parse().ok());
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
    let address = line.strip_prefix("proxy listens on ").and_then(|rest| rest.parse().ok());
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
