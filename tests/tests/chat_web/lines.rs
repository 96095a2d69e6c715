//! Lines in messages: one in each, of which length, of which bytes, and in which pieces.

use roundsman_tests::web_client::{BINARY, TEXT, WebClient};

use crate::Chat;

/// A client over TCP and one over a WebSocket, in one channel.
fn pair(chat: &Chat) -> (roundsman_tests::irc_client::Client, WebClient) {
    let mut ann = chat.client("ann");
    ann.join("#c");
    let mut bob = chat.web_client("bob");
    bob.ask("JOIN #c");
    ann.sync();
    (ann, bob)
}

#[test]
fn clients_over_tcp_and_over_a_websocket_hear_each_other() {
    let chat = Chat::start();
    let (mut ann, mut bob) = pair(&chat);
    ann.ask("PRIVMSG #c :grüße 🦀");
    assert_eq!(bob.sync(), [":ann!ann@127.0.0.1 PRIVMSG #c :grüße 🦀"]);
    bob.ask("PRIVMSG #c :und zurück");
    let heard = ann.sync();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0].as_str(), ":bob!bob@127.0.0.1 PRIVMSG #c :und zurück");
}

#[test]
fn lines_that_are_said_at_once_are_a_message_each() {
    let chat = Chat::start();
    let (mut ann, mut bob) = pair(&chat);
    let said: String = (0..50).map(|n| format!("PRIVMSG #c :{n}\r\n")).collect();
    ann.send_bytes(said.as_bytes());
    ann.sync();
    let expected: Vec<String> =
        (0..50).map(|n| format!(":ann!ann@127.0.0.1 PRIVMSG #c :{n}")).collect();
    assert_eq!(bob.sync(), expected);
}

#[test]
fn a_message_with_two_lines_is_417_and_neither_is_carried_out() {
    let chat = Chat::start();
    let (mut ann, mut bob) = pair(&chat);
    for message in [
        "PRIVMSG #c :a\r\nPRIVMSG #c :b",
        "PRIVMSG #c :a\nQUIT",
        "PRIVMSG #c :a\n\n",
        "\rX",
        "\n\n",
    ] {
        let answer = bob.ask(message);
        assert!(matches!(&answer[..], [line] if line.contains(" 417 bob ")), "{answer:?}");
    }
    assert!(ann.sync().is_empty());
    bob.ask("PRIVMSG #c :still here");
    assert_eq!(ann.sync()[0].text(), "still here");
}

#[test]
fn a_message_that_ends_as_a_line_does_is_that_line() {
    let chat = Chat::start();
    let (mut ann, mut bob) = pair(&chat);
    for end in ["\n", "\r\n"] {
        assert!(bob.ask(&format!("PRIVMSG #c :a{end}")).is_empty());
        assert_eq!(ann.sync()[0].text(), "a");
        assert!(bob.ask(end).is_empty(), "an empty line is passed over");
    }
}

#[test]
fn a_line_that_is_too_long_is_417_and_the_socket_lives_on() {
    let chat = Chat::start();
    let (mut ann, mut bob) = pair(&chat);
    for length in [511, 600, 4_606, 4_607, 16_384] {
        let answer = bob.ask(&format!("PRIVMSG #c :{}", "x".repeat(length - 12)));
        assert!(
            matches!(&answer[..], [line] if line.contains(" 417 bob ")),
            "{length}: {answer:?}"
        );
    }
    assert!(ann.sync().is_empty());
    bob.ask(&format!("PRIVMSG #c :{}", "x".repeat(498)));
    assert_eq!(ann.sync().len(), 1, "510 bytes are no more than allowed");
}

#[test]
fn a_message_that_no_line_comes_near_closes_the_socket_and_everybody_is_told_why() {
    let chat = Chat::start();
    for pieces in [1, 2] {
        let (mut ann, mut bob) = pair(&chat);
        let piece = vec![b'x'; 17_000 / pieces];
        for nth in 1..=pieces {
            let opcode = if nth == 1 { 0x01 } else { 0x00 };
            let last = if nth == pieces { 0x80 } else { 0x00 };
            let frame = bob.peer.frame(opcode | last, &piece);
            bob.peer.try_send_raw(&frame);
        }
        assert_eq!(bob.line(), "ERROR :Closing link (Message too long)");
        bob.peer.expect_close(1009);
        let told = ann.read_to(|line| line.command == "QUIT").pop().expect("a line");
        assert!(told.is("bob", "QUIT") && told.text() == "Message too long", "{told:?}");
        ann.send("QUIT");
        ann.read_to_end();
    }
}

#[test]
fn a_line_in_fragments_is_one_line() {
    let chat = Chat::start();
    let (mut ann, mut bob) = pair(&chat);
    bob.peer.send(0x01, b"PRIVMSG #c :he");
    bob.peer.send(0x89, b"are you there?");
    bob.peer.send(0x00, "llo, gr\u{fc}".as_bytes());
    bob.peer.send(0x80, "\u{df}e".as_bytes());
    bob.peer.expect(0x8a, b"are you there?");
    bob.sync();
    assert_eq!(ann.sync()[0].text(), "hello, grüße");
}

#[test]
fn either_kind_of_message_is_taken_from_everybody() {
    let chat = Chat::start();
    let (mut ann, mut bob) = pair(&chat);
    bob.peer.send(BINARY, b"PRIVMSG #c :bytes");
    bob.peer.send(TEXT, b"PRIVMSG #c :text");
    bob.sync();
    let heard: Vec<String> = ann.sync().iter().map(|line| line.text().to_owned()).collect();
    assert_eq!(heard, ["bytes", "text"]);
}

#[test]
fn bytes_that_are_no_utf_8_are_refused_as_over_tcp() {
    let chat = Chat::start();
    let (mut ann, mut bob) = pair(&chat);
    bob.peer.send(BINARY, b"PRIVMSG #c :\xff\xfe");
    let answer = bob.sync();
    assert!(matches!(&answer[..], [line] if line.contains("INVALID_UTF8")), "{answer:?}");
    assert!(ann.sync().is_empty());
}

#[test]
fn an_empty_message_is_passed_over() {
    let chat = Chat::start();
    let (_ann, mut bob) = pair(&chat);
    assert!(bob.ask("").is_empty());
}
