//! Visits to a server of the standard library.

#![expect(clippy::disallowed_methods, reason = "the server is a thread of the test")]

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    thread,
    time::Duration,
};

use super::Visits;
use crate::{clock, net::line::LINE};

/// Serves one visit after another, and answers with what `answer` makes of a request.
fn server(answer: fn(&mut [u8; LINE])) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream.unwrap(), [0; LINE]);
            if stream.read_exact(&mut request).is_ok() {
                answer(&mut request);
                // A visitor that has gone is not this test's.
                let _ = stream.write_all(&request);
            }
        }
    });
    address
}

#[test]
fn visitors_come_again() {
    let mut visits = Visits::begin(server(|_| {}), 3).unwrap();
    while visits.done < 10 {
        visits.go_on_until(clock::now() + Duration::from_millis(10)).unwrap();
    }
}

#[test]
fn an_answer_with_another_byte_ends_the_run() {
    let mut visits = Visits::begin(server(|request| request[LINE - 1] ^= 1), 1).unwrap();
    let error = visits.go_on_until(clock::now() + Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.to_string(), "the answer is not the request");
}

#[test]
fn a_server_that_is_not_there_ends_the_run() {
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let visits = Visits::begin(gone, 1);
    visits
        .and_then(|mut visits| visits.go_on_until(clock::now() + Duration::from_secs(60)))
        .unwrap_err();
}
