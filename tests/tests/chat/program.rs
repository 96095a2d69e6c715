//! The server as a program: its options, how it ends, and what it says when it cannot begin.

use std::net::TcpListener;
use std::path::PathBuf;

use roundsman::net::tls::rustls::ALL_VERSIONS;
use roundsman_tests::certificates::Authority;
use roundsman_tests::example::Example;
use roundsman_tests::folder::Folder;
use roundsman_tests::irc_client::Client;
use roundsman_tests::tls_peer::{TlsClient, client_config};

use crate::{Chat, commands, texts};

fn ends_in_good_order_on(signal: &str) {
    let chat = Chat::start();
    let mut clients = Vec::from(chat.room("#c", ["ann", "bob", "cat"]));
    let mut unregistered = chat.connection();
    unregistered.sync();
    clients.push(unregistered);

    chat.process.signal(signal);
    for client in &mut clients {
        let lines = client.read_to_end();
        let last = lines.last().expect("a last line");
        assert!(last.as_str().starts_with("ERROR :Closing link"), "{lines:#?}");
    }
    let ended = chat.process.ended();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(ended.stdout, [""; 0]);
    TcpListener::bind(chat.address).expect("the port is free again");
}

#[test]
fn sigint_tells_every_client_and_ends_it_with_status_0() {
    ends_in_good_order_on("INT");
}

#[test]
fn sigterm_tells_every_client_and_ends_it_with_status_0() {
    ends_in_good_order_on("TERM");
}

#[test]
fn a_server_without_clients_ends_as_well() {
    let chat = Chat::start();
    chat.process.signal("TERM");
    assert_eq!(chat.process.ended().status.code(), Some(0));
}

#[test]
fn people_who_come_and_go_in_all_ways_that_people_do_are_nothing_to_warn_of() {
    let chat = Chat::with(&["--log", "info", "--max-per-address", "5"]);
    let mut ann = chat.client("ann");
    ann.join("#c");
    let gone = |ann: &mut Client| drop(ann.read_to(|line| line.command == "QUIT"));
    for end in 0..5 {
        let mut bob = chat.client("bob");
        bob.join("#c");
        match end {
            0 => {
                bob.send("QUIT :bye");
                bob.read_to_end();
            }
            // Without waiting for the answer.
            1 => bob.send("QUIT"),
            2 => bob.finish_sending(),
            // What it has not read is lost, and the connection is reset.
            3 => bob.send(&"PING x\r\n".repeat(1000)),
            _ => {}
        }
        drop(bob);
        gone(&mut ann);
    }
    drop(chat.connection());
    let mut silent = chat.connection();
    silent.sync();
    let mut many: Vec<_> = (0..5).map(|_| chat.connection()).collect();
    assert!(many[4].line().text().contains("Too many"));
    drop(many);
    chat.process.signal("TERM");
    ann.read_to_end();
    drop(ann);
    silent.read_to_end();
    drop(silent);
    let ended = chat.process.ended();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert!(lines.len() == 1 && lines[0].contains("INFO"), "one line, of the end: {lines:#?}");
}

#[test]
fn a_client_that_does_not_read_does_not_keep_it_alive() {
    let chat = Chat::start();
    let [mut writer, _silent] = chat.room("#c", ["writer", "silent"]);
    let line = format!("PRIVMSG #c :{}\r\n", "x".repeat(400));
    for _ in 0..10 {
        writer.send_bytes(line.repeat(100).as_bytes());
        writer.sync();
    }
    chat.process.signal("TERM");
    assert_eq!(chat.process.ended().status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn it_takes_more_clients_than_the_soft_limit_of_descriptors_lets_a_program_begin_with() {
    let (process, address) = Example::serve_within(40, "chat");
    let chat = Chat { process, address };
    let mut clients: Vec<_> = (0..100).map(|n| chat.client(&format!("client{n}"))).collect();
    for client in &mut clients {
        assert_eq!(texts(&client.sync()), [""; 0]);
    }
}

#[test]
fn help_is_printed_and_is_no_error() {
    let ended = Example::start("chat", &["--help"]).ended();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    for option in ["--listen", "--server-name", "--motd"] {
        assert!(ended.stdout.iter().any(|line| line.contains(option)), "{option} in {ended:?}");
    }
}

#[test]
fn the_version_is_one_line() {
    let ended = Example::start("chat", &["--version"]).ended();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.len() == 1 && ended.stdout[0].starts_with("chat "), "{ended:?}");
}

#[test]
fn a_file_that_is_not_there_is_named_in_one_line() {
    for options in [
        &["--motd", "nowhere.txt"][..],
        &["--tls-listen", "127.0.0.1:0", "--tls-cert", "nowhere.txt", "--tls-key", "nowhere.txt"],
    ] {
        let options = [&["--listen", "127.0.0.1:0"], options].concat();
        let ended = Example::start("chat", &options).ended();
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(2), 0), "{ended:?}");
        assert!(ended.stderr.contains("nowhere.txt"), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}

#[test]
fn a_bad_option_is_one_line_on_stderr_and_status_2() {
    for options in [&["--nonsense"][..], &["--listen"], &["--listen", "nowhere"], &["6667"]] {
        let ended = Example::start("chat", options).ended();
        assert_eq!(ended.status.code(), Some(2), "{options:?}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{options:?}: {ended:?}");
        assert!(ended.stderr.contains(options[0]), "{options:?}: {ended:?}");
        assert_eq!(ended.stdout, [""; 0]);
    }
}

#[test]
fn a_port_in_use_is_named_and_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let ended = Example::start("chat", &["--listen", &address]).ended();
    assert!(matches!(ended.status.code(), Some(code) if code != 0), "{ended:?}");
    let said = format!("chat: cannot listen on {address}: ");
    assert!(ended.stderr.starts_with(&said) && ended.stderr.lines().count() == 1, "{ended:?}");
    assert_eq!(ended.stdout, [""; 0]);
}

#[test]
fn the_server_has_the_name_it_was_given() {
    let chat = Chat::with(&["--server-name", "irc.test"]);
    let mut ann = chat.connection();
    ann.introduce("ann");
    let greeting = ann.greeting();
    assert!(greeting.iter().all(|line| line.source == "irc.test"), "{:#?}", texts(&greeting));
    assert_eq!(greeting[3].param(1), "irc.test");
    ann.send("PING x");
    assert_eq!(ann.expect("PONG").params, ["irc.test", "x"]);
}

#[test]
fn the_message_of_the_day_is_the_file_it_was_given() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("chat-motd.txt");
    std::fs::write(&file, "Welcome!\n\nBe kind.\n").expect("a file");
    let chat = Chat::with(&["--motd", file.to_str().expect("a path in UTF-8")]);
    let mut ann = chat.connection();
    ann.introduce("ann");
    let greeting = ann.greeting();
    let from = greeting.iter().position(|line| line.command == "375").expect("375");
    assert_eq!(commands(&greeting[from..]), ["375", "372", "372", "372", "376"]);
    assert!(greeting[from + 1].text().ends_with("Welcome!"));
    assert!(greeting[from + 3].text().ends_with("Be kind."));
}

#[test]
fn a_file_of_settings_is_read_and_named_when_it_is_wrong() {
    let folder = Folder::new();
    let good = folder.with("chat.toml", "server-name = \"from.file\"\noper = [\"root:secret\"]\n");
    let chat = Chat::with(&["--config", good.to_str().expect("a path in UTF-8")]);
    let mut ann = chat.client("ann");
    assert_eq!(ann.ask("PING x")[0].source, "from.file");
    assert_eq!(commands(&ann.ask("OPER root secret")), ["381", "MODE"]);
    for wrong in ["nonsense = 1", "listen", "max-clients = 0"] {
        let bad = folder.with("bad.toml", wrong);
        let ended = Example::start("chat", &["--config".into(), bad]).ended();
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(
            ended.stderr.contains("bad.toml") && ended.stderr.lines().count() == 1,
            "{ended:?}"
        );
    }
}

#[test]
fn sighup_has_the_message_of_the_day_and_the_operators_read_again_and_cuts_nobody_off() {
    let folder = Folder::new();
    let motd = folder.with("motd", "old\n");
    let config = folder.with("chat.toml", format!("motd = {motd:?}\noper = \"old:secret\"\n"));
    let chat = Chat::with(&["--config", config.to_str().expect("a path in UTF-8")]);
    let mut ann = chat.client("ann");
    assert!(ann.ask("MOTD")[1].text().ends_with("old"));
    folder.with("motd", "new\n");
    folder.with("chat.toml", format!("motd = {motd:?}\noper = \"new:secret\"\n"));
    chat.process.signal("HUP");
    // When the process hears of the signal is its own affair.
    while !ann.ask("MOTD")[1].text().ends_with("new") {}
    assert_eq!(commands(&ann.ask("OPER old secret")), ["464"]);
    assert_eq!(commands(&ann.ask("OPER new secret")), ["381", "MODE"]);
}

#[test]
fn a_sighup_that_finds_no_file_changes_nothing() {
    let folder = Folder::new();
    let motd = folder.with("motd", "old\n");
    let chat = Chat::with(&["--motd", motd.to_str().expect("a path in UTF-8")]);
    let mut ann = chat.client("ann");
    std::fs::remove_file(&motd).expect("it is there");
    chat.process.signal("HUP");
    for _ in 0..100 {
        assert!(ann.ask("MOTD")[1].text().ends_with("old"));
    }
    chat.process.signal("TERM");
    ann.read_to_end();
    drop(ann);
    let ended = chat.process.ended();
    // Whether it came to that is its own affair; if so, it has said what it could not read.
    let (warned, named) = ("everything stays as it was: cannot read", motd.display().to_string());
    let warnings: Vec<&str> = ended.stderr.lines().filter(|line| line.contains("WARN")).collect();
    let is_told = |line: &&str| line.contains(warned) && line.contains(&named);
    assert!(warnings.len() <= 1 && warnings.iter().all(is_told), "{warnings:#?}");
}

#[test]
fn a_client_over_tls_is_one_like_others_and_known_to_be_secure() {
    let authority = Authority::new();
    let files = authority.issue("localhost");
    let [cert, key] = [files.certificate, files.key].map(|file| file.display().to_string());
    let tls = ["--tls-listen", "127.0.0.1:0", "--tls-cert", &cert, "--tls-key", &key];
    let mut chat = Chat::with(&tls);
    let line = chat.process.line();
    let address = line
        .strip_prefix("chat listens on ")
        .and_then(|rest| rest.strip_suffix(" with TLS"))
        .and_then(|address| address.parse().ok())
        .unwrap_or_else(|| panic!("{line:?}"));
    let config = client_config(&authority.root(), ALL_VERSIONS);
    let mut secure = TlsClient::connect(address, config, "localhost");
    secure.send(b"NICK bob\r\nUSER bob 0 * :Bob\r\nJOIN #c\r\n");
    let mut ann = chat.client("ann");
    // When the line of another connection is read is not ann's to say.
    while ann.ask("ISON bob")[0].text() != "bob" {}
    assert!(ann.ask("WHOIS bob").iter().any(|line| line.command == "671"));
    assert!(ann.ask("WHOIS ann").iter().all(|line| line.command != "671"));
}
