//! The server as a program: its options, how it ends, and what it says when it cannot begin.

use std::net::TcpListener;
use std::path::PathBuf;

use roundsman_tests::example::Example;

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

#[test]
fn help_is_printed_and_is_no_error() {
    let ended = Example::start("chat", &["--help"]).ended();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    for option in ["--listen", "--server-name", "--motd"] {
        assert!(ended.stdout.iter().any(|line| line.contains(option)), "{option} in {ended:?}");
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
    assert!(ended.stderr.contains(&address), "{ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
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
