//! A listener is a source of connections: demand is willingness to accept.

use std::io::ErrorKind;
use std::sync::mpsc;

use roundsman::net::tcp;
use roundsman_tests::peer::Peer;
use roundsman_tests::server::{Event, Server};

#[test]
fn accepting_stops_without_demand_and_goes_on_with_it() {
    let (sender, accepted) = mpsc::channel();
    let server = Server::start(1, move |event, _| {
        if let Event::Accepted(connection) = event {
            sender.send(connection)?;
        }
        Ok(())
    });
    let mut peers: Vec<_> = (0..60).map(|_| Peer::connect(&server.address)).collect();
    let mut kept: Vec<_> = accepted.iter().take(16).collect();
    // The root has a turn, and the listener before it: a 17th would be here by now.
    let (told, seen) = mpsc::channel();
    server.tell(move |_| Ok(told.send(())?));
    seen.recv().expect("the root is alive");
    assert!(accepted.try_recv().is_err(), "nobody has asked for a 17th");

    // Dropped unused, a connection is closed; as many more are accepted as were let go.
    kept.drain(..8);
    kept.extend(accepted.iter().take(8));
    assert!(accepted.try_recv().is_err(), "a window is 16");
    drop(kept);
    let rest: Vec<_> = accepted.iter().take(60 - 24).map(drop).collect();
    assert_eq!(rest.len(), 36);
    for peer in &mut peers {
        peer.expect_end();
    }
}

#[test]
fn a_connection_that_is_taken_gives_its_demand_back() {
    let (sender, accepted) = mpsc::channel();
    let server = Server::start(1, move |event, _| {
        if let Event::Accepted(connection) = event {
            sender.send(connection.take())?;
        }
        Ok(())
    });
    let peers: Vec<_> = (0..100).map(|_| Peer::connect(&server.address)).collect();
    assert_eq!(accepted.iter().take(100).count(), peers.len());
}

#[test]
fn a_cancelled_listener_closes_its_socket() {
    let (sender, ends) = mpsc::channel();
    let server = Server::start(1, move |event, _| {
        if let Event::Ended(end) = event {
            sender.send(end)?;
        }
        Ok(())
    });
    let listener = tcp::listen("127.0.0.1:0").expect("a free port");
    let address = listener.local().socket_addr().expect("TCP");
    server.tell(move |ctx| {
        listener.incoming().for_each(drop).start(ctx, Event::Ended).cancel("enough");
        Ok(())
    });
    let end = ends.recv().expect("an end");
    assert!(matches!(end, Err(error) if error.is_cancelled()));
    while let Err(error) = tcp::listen(address) {
        // It is closed with its actor, which ends after it has reported.
        assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
    }
}

#[test]
fn port_0_is_a_port_that_the_os_has_chosen() {
    let [first, second] = [(), ()].map(|()| tcp::listen("localhost:0").expect("a free port"));
    assert_ne!(first.local().port(), Some(0));
    assert_ne!(first.local(), second.local());
    assert!(first.local().ip().is_some_and(|ip| ip.is_loopback()));
}

#[test]
fn an_address_in_use_is_named_with_what_to_do() {
    let listener = tcp::listen("127.0.0.1:0").expect("a free port");
    let address = listener.local().socket_addr().expect("TCP").to_string();
    let error = tcp::listen(&address).expect_err("it is taken");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    let text = error.to_string();
    assert!(text.contains(&address) && text.contains("choose another port"), "{text}");
}

#[test]
fn an_address_that_is_none_is_an_error_that_says_what_one_is() {
    for address in ["", "6667", "example.com:80", "127.0.0.1", "127.0.0.1:70000"] {
        let error = tcp::listen(address).expect_err("it is none");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("IP:PORT"), "{error}");
    }
}

#[test]
fn an_address_of_another_machine_is_an_error() {
    let error = tcp::listen("192.0.2.1:0").expect_err("a documentation address");
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    assert!(error.to_string().contains("192.0.2.1:0"), "{error}");
}
