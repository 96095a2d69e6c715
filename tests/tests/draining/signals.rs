//! SIGINT and SIGTERM stop as planned; once more, and the process ends at once. The exit status says what became of it.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use roundsman_tests::example::Example;

use crate::stuff;

/// The echo example, and a client that it serves.
fn serve() -> (Example, TcpStream) {
    let mut echo = Example::start("echo", &["127.0.0.1:0"]);
    let line = echo.line();
    let address = line.strip_prefix("echo listens on ").expect("it says where it listens");
    let mut client = TcpStream::connect(address).expect("it listens");
    client.write_all(b"x").expect("it reads");
    let mut byte = [0];
    client.read_exact(&mut byte).expect("it echoes");
    (echo, client)
}

#[test]
fn a_signal_ends_a_service_in_order_with_status_0() {
    for signal in ["INT", "TERM"] {
        let (echo, mut client) = serve();
        echo.signal(signal);
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).expect("FIN, not RST");
        let ended = echo.ended();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    }
}

#[test]
fn a_service_that_had_to_cut_something_says_what_and_ends_with_status_2() {
    let (echo, mut client) = serve();
    stuff(&mut client);
    echo.signal("TERM");
    let ended = echo.ended();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(ended.stderr.contains("/pipeline with"), "{ended:?}");
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let (echo, mut client) = serve();
    stuff(&mut client);
    echo.signal("TERM");
    // It hears of the first in its own time; one that comes after that ends it.
    let ended = echo.signal_until_ended("INT");
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(!ended.stderr.contains("/pipeline with"), "no time for a report: {ended:?}");
}

#[test]
fn a_service_whose_root_fails_ends_with_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let ended = Example::start("echo", &[&address]).ended();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains(&address), "{ended:?}");
}
