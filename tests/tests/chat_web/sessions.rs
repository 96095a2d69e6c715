//! Sessions over a WebSocket: the same limits as over TCP, and the same end.

use roundsman_tests::irc_client::Client;
use roundsman_tests::web_client::WebClient;

use crate::Chat;

#[test]
fn quit_is_answered_by_error_and_a_close() {
    let chat = Chat::start();
    let mut ann = chat.web_client("ann");
    ann.send("QUIT :bye");
    assert_eq!(ann.line(), "ERROR :Closing link (Quit: bye)");
    ann.peer.expect_close(1000);
    ann.peer.close(1000);
    ann.peer.expect_end();
}

#[test]
fn who_is_sent_away_is_closed_with_1008_and_the_reason() {
    let chat = Chat::with(&["--oper", "ann:secret"]);
    let mut ann = chat.client("ann");
    ann.ask("OPER ann secret");
    let mut bob = chat.web_client("bob");
    ann.send("KILL bob :spam");
    assert_eq!(bob.line(), ":ann!ann@127.0.0.1 KILL bob :spam");
    assert_eq!(bob.line(), "ERROR :Closing link (Killed (ann (spam)))");
    bob.peer.expect(0x88, b"\x03\xf0Killed (ann (spam))");
    bob.peer.close(1008);
    bob.peer.expect_end();
}

#[test]
fn a_page_that_is_closed_is_gone_for_the_others() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    ann.join("#c");
    for closes in [true, false] {
        let mut bob = chat.web_client("bob");
        bob.ask("JOIN #c");
        if closes {
            bob.peer.close(1001);
        } else {
            bob.peer.finish();
        }
        let told = ann.read_to(|line| line.command == "QUIT");
        assert!(told.last().is_some_and(|line| line.is("bob", "QUIT")), "{told:?}");
    }
}

#[test]
fn connections_of_one_address_are_counted_together_however_they_come() {
    let chat = Chat::with(&["--max-per-address", "2"]);
    let _ann = chat.client("ann");
    let _bob = chat.web_client("bob");
    let mut cat = WebClient::offering(chat.web, "").0;
    assert_eq!(cat.line(), "ERROR :Closing link (Too many connections from your address)");
    cat.peer.expect_close(1008);
    let mut dan = Client::connect(chat.irc);
    assert!(dan.line().text().contains("Too many connections"));
}

#[test]
fn a_client_that_does_not_read_is_cut_off_and_keeps_nobody_waiting() {
    let chat = Chat::with(&["--sendq", "16384"]);
    let mut ann = chat.client("ann");
    ann.join("#c");
    let mut silent = chat.web_client("silent");
    silent.ask("JOIN #c");
    let lines = format!("PRIVMSG #c :{}\r\n", "x".repeat(450)).repeat(100);
    let mut told = ann.sync();
    for _ in 0..2_000 {
        if told.iter().any(|line| line.command == "QUIT") {
            break;
        }
        ann.send_bytes(lines.as_bytes());
        told = ann.sync();
    }
    let quit = told.iter().find(|line| line.is("silent", "QUIT"));
    assert!(quit.is_some_and(|line| line.text() == "SendQ exceeded"), "{told:?}");
}

#[test]
fn a_client_that_says_more_than_it_may_is_read_later_and_loses_nothing() {
    let chat = Chat::with(&["--flood", "5/1"]);
    let mut ann = chat.web_client("ann");
    for nth in 0..8 {
        ann.send(&format!("PING {nth}"));
    }
    let pongs: Vec<String> = (0..8).map(|_| ann.line()).collect();
    for (nth, pong) in pongs.iter().enumerate() {
        assert!(pong.ends_with(&format!("PONG chat.example :{nth}")), "{pongs:?}");
    }
}

#[test]
fn a_silent_client_is_asked_whether_it_is_there() {
    let chat = Chat::with(&["--ping", "1"]);
    let mut ann = chat.web_client("ann");
    assert_eq!(ann.any_line(), "PING :chat.example");
    ann.send("PONG chat.example");
    assert_eq!(ann.any_line(), "PING :chat.example");
}

#[test]
fn a_server_that_ends_says_goodbye_and_closes_each_socket() {
    let chat = Chat::start();
    let mut ann = chat.web_client("ann");
    chat.process.signal("TERM");
    assert_eq!(ann.line(), "ERROR :Closing link (Server closing)");
    ann.peer.expect(0x88, b"\x03\xe9Server closing");
    ann.peer.close(1001);
    ann.peer.expect_end();
    assert_eq!(chat.process.ended().status.code(), Some(0));
}
