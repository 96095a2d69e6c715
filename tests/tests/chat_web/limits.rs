//! Connections that are no sessions, or not yet: how many there may be, and how much they may say. How long they may take is
//! tested under simulation.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use roundsman_tests::example::PATIENCE;
use roundsman_tests::irc_client::{self, Client};
use roundsman_tests::web_client::WebClient;

use crate::Chat;

/// So many connections beyond its sessions may one address have.
const SPARE: usize = 6;

/// A connection to the web side that has begun a request; `None` if it is closed by now.
fn caller(web: SocketAddr) -> Option<TcpStream> {
    let mut stream = irc_client::caller(web)?;
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
    // It may be closed by now.
    let _ = stream.write_all(b"HEAD / HTTP/1.1\r\nHost: chat");
    Some(stream)
}

/// A connection to the web side that is taken, and has begun a request.
fn served(web: SocketAddr) -> TcpStream {
    caller(web).expect("a connection that is not one too many")
}

/// The answer to a new caller; empty if the connection was closed.
fn answer_to_one_more(web: SocketAddr) -> String {
    caller(web).as_mut().map(answer).unwrap_or_default()
}

/// The answer to the rest of the request; empty if the connection was closed.
fn answer(stream: &mut TcpStream) -> String {
    let _ = stream.write_all(b"\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn connections_that_say_nothing_count_and_those_beyond_what_a_page_needs_are_closed() {
    let chat = Chat::with(&["--max-per-address", "2"]);
    let _ann = chat.client("ann");
    let mut callers: Vec<TcpStream> = (0..1 + SPARE).map(|_| served(chat.web)).collect();
    assert_eq!(answer_to_one_more(chat.web), "", "one too many");
    let mut last = callers.pop().expect("some");
    assert!(answer(&mut last).starts_with("HTTP/1.1 200 "), "those before it are served");
    drop(last);
    // The server learns of the end of that connection by itself, at some time.
    while !answer_to_one_more(chat.web).starts_with("HTTP/1.1 200 ") {}
}

#[test]
fn a_connection_that_becomes_a_session_counts_once_and_leaves_room_for_a_page() {
    let chat = Chat::with(&["--max-per-address", "1"]);
    let ann = WebClient::register(chat.web, "ann");
    let mut callers: Vec<TcpStream> = (0..SPARE).map(|_| served(chat.web)).collect();
    assert_eq!(answer_to_one_more(chat.web), "", "one too many");
    assert!(callers.iter_mut().all(|caller| answer(caller).starts_with("HTTP/1.1 200 ")));
    drop(ann);
    // The server learns of the end by itself, at some time.
    while Client::call(chat.irc).is_none_or(|mut bob| bob.ask_or_end("PING x").is_none()) {}
}

#[test]
fn connections_over_tcp_beyond_those_that_are_told_why_are_closed_without_a_word() {
    let chat = Chat::with(&["--max-per-address", "1"]);
    let _ann = chat.client("ann");
    let mut refused: Vec<Client> = (0..SPARE).map(|_| Client::connect(chat.irc)).collect();
    let mut told = Vec::new();
    if let Some(mut surplus) = irc_client::caller(chat.irc) {
        surplus.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
        // An end, or a reset.
        let _ = surplus.read_to_end(&mut told);
    }
    assert_eq!(told, b"");
    for client in &mut refused {
        assert!(client.line().text().contains("Too many connections from your address"));
    }
}

#[test]
fn a_head_that_is_too_long_is_refused_before_it_is_whole() {
    let chat = Chat::start();
    let mut stream = served(chat.web);
    // More than 16 KiB, without an end.
    let line = format!("\r\nX-Filler: {}", "x".repeat(1000));
    for _ in 0..17 {
        stream.write_all(line.as_bytes()).expect("it is read");
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer and an end");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let mut many = served(chat.web);
    let lines = "\r\nX: y".repeat(101);
    many.write_all(format!("{lines}\r\n\r\n").as_bytes()).expect("it is read");
    let mut answer = String::new();
    many.read_to_string(&mut answer).expect("an answer and an end");
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}
