//! SIGINT and SIGTERM stop as planned; once more, and the process ends at once. The exit status says what became of it.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use roundsman::Runtime;
use roundsman_tests::example::Example;
use roundsman_tests::role::Role;

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

/// What [`a_second_signal_ends_a_process_whose_loop_is_busy`] runs, in a process of its own.
#[test]
fn busy_process() {
    if std::env::var_os(BUSY).is_none() {
        return;
    }
    let runtime = Runtime::builder().loops(1).stop_on_signals().build().unwrap();
    let root = || {
        Role::<()>::idle().started(|_| {
            writeln!(std::io::stderr(), "busy")?;
            loop {
                std::thread::yield_now();
            }
        })
    };
    runtime.run(root).unwrap();
}

const BUSY: &str = "ROUNDSMAN_TEST_BUSY";

#[test]
fn a_second_signal_ends_a_process_whose_loop_is_busy() {
    let this = std::env::current_exe().expect("a test knows its own path");
    let mut busy = Command::new(this)
        .args(["signals::busy_process", "--exact", "--nocapture"])
        .env(BUSY, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let said = BufReader::new(busy.stderr.take().expect("it is piped")).lines();
    let begun = said.map_while(Result::ok).any(|line| line == "busy");
    assert!(begun, "it begins");
    let status = loop {
        // Each time: the first arms it, one of those that follow ends it.
        let kill = format!("kill -INT {}", busy.id());
        Command::new("sh").args(["-c", &kill]).status().expect("sh runs");
        if let Some(status) = busy.try_wait().expect("it can be waited for") {
            break status;
        }
        std::thread::yield_now();
    };
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_service_whose_root_fails_ends_with_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let ended = Example::start("echo", &[&address]).ended();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains(&address), "{ended:?}");
}
