//! Who may speak IRC over a WebSocket: subprotocols, paths, and the pages of others.

use roundsman_tests::web_client::{BINARY, TEXT, WebClient};
use roundsman_tests::websocket_peer::{WebSocketPeer, header, request};

use crate::Chat;

/// The status of the answer to somebody who asks for a WebSocket there, with these lines in the request.
fn status(chat: &Chat, path: &str, lines: &str) -> String {
    let mut peer = WebSocketPeer::connect(chat.web);
    peer.send_raw(request(path, lines).as_bytes());
    peer.read_head().split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn of_the_subprotocols_the_first_that_the_client_offers_and_the_server_knows_is_spoken() {
    let chat = Chat::start();
    for (offered, spoken, kind) in [
        ("text.ircv3.net", Some("text.ircv3.net"), TEXT),
        ("binary.ircv3.net", Some("binary.ircv3.net"), BINARY),
        ("binary.ircv3.net, text.ircv3.net", Some("binary.ircv3.net"), BINARY),
        ("text.ircv3.net, binary.ircv3.net", Some("text.ircv3.net"), TEXT),
        ("soap, text.ircv3.net", Some("text.ircv3.net"), TEXT),
        ("soap", None, TEXT),
        ("", None, TEXT),
    ] {
        let (mut client, head) = WebClient::offering(chat.web, offered);
        assert_eq!(header(&head, "sec-websocket-protocol"), spoken, "{offered}");
        client.kind = kind;
        client.introduce("ann");
        assert!(client.ask("JOIN #c")[0].ends_with(" JOIN #c"), "{offered}");
        client.peer.close(1000);
    }
}

#[test]
fn irc_is_at_its_path_and_where_no_path_is_named_and_elsewhere_a_websocket_is_404() {
    let chat = Chat::start();
    assert_eq!(status(&chat, "/main.js", ""), "404");
    assert_eq!(status(&chat, "/", ""), "101");
    assert_eq!(status(&chat, "/", "Origin: http://evil.example\r\n"), "403");
    assert_eq!(status(&chat, "/irc/", ""), "404");
    assert_eq!(status(&chat, "/irc", ""), "101");
}

#[test]
fn the_page_of_somebody_else_is_refused_and_our_own_is_not() {
    let chat = Chat::start();
    // `request` says that the host is `localhost`.
    for (origin, answer) in [
        ("http://localhost", "101"),
        ("https://localhost", "101"),
        ("http://evil.example", "403"),
        ("http://localhost.evil.example", "403"),
        ("http://localhost:8080", "403"),
        ("null", "403"),
    ] {
        assert_eq!(status(&chat, "/irc", &format!("Origin: {origin}\r\n")), answer, "{origin}");
    }
}

#[test]
fn pages_that_were_named_may_connect_too() {
    let chat = Chat::with(&[
        "--web-origin",
        "https://one.example",
        "--web-origin",
        "http://two.example:81",
    ]);
    for (origin, answer) in [
        ("https://one.example", "101"),
        ("http://two.example:81", "101"),
        ("http://one.example", "403"),
        ("http://two.example", "403"),
        ("http://localhost", "101"),
    ] {
        assert_eq!(status(&chat, "/irc", &format!("Origin: {origin}\r\n")), answer, "{origin}");
    }
}
