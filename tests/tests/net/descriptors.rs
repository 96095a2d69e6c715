//! Descriptors: none is left behind, and running out of them is no catastrophe.
//!
//! They are counted in processes of their own, where no other test opens any.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use roundsman_tests::peer::{Peer, aside};
use roundsman_tests::server::Server;
use roundsman_tests::{again, patience};

use crate::echo;

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux shows them").count()
}

#[test]
fn two_thousand_connections_leave_no_descriptor_and_no_actor() {
    if !again::is_child() {
        again::run(
            "descriptors::two_thousand_connections_leave_no_descriptor_and_no_actor",
            "",
            &[],
        );
        return;
    }
    patience::must_end(|| {
        let server = Server::start(2, echo);
        // One goes before: what is made once, for all, is there then.
        converse(&server, 1);
        server.wait_until_idle();
        let before = open_descriptors();
        for _ in 0..20 {
            converse(&server, 100);
        }
        server.wait_until_idle();
        assert_eq!(open_descriptors(), before);
    });
}

/// So many clients at once, half of which break off.
fn converse(server: &Server, clients: usize) {
    let mut peers: Vec<_> = (0..clients).map(|_| Peer::connect(&server.address)).collect();
    for peer in &mut peers {
        peer.send(b"hello");
    }
    for (index, mut peer) in peers.into_iter().enumerate() {
        peer.expect(b"hello");
        if index % 2 == 0 {
            peer.reset();
        }
    }
}

/// Where the child says how it goes.
const CONTROL: &str = "ROUNDSMAN_TEST_CONTROL";

#[test]
fn a_server_without_descriptors_serves_on_waits_and_lets_others_in_when_some_leave() {
    if again::is_child() {
        return patience::must_end(serve_with_few_descriptors);
    }
    let control = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = control.local_addr().expect("an address").to_string();
    let child = aside(move || {
        again::run(
            "descriptors::a_server_without_descriptors_serves_on_waits_and_lets_others_in_when_some_leave",
            "ulimit -n 64",
            &[(CONTROL, &address)],
        )
    });
    let (control, _) = control.accept().expect("the child connects");
    let mut lines = BufReader::new(control.try_clone().expect("a descriptor")).lines();
    let mut line = || lines.next().expect("the child is there").expect("a line");
    let server: SocketAddr = line().parse().expect("an address");

    let mut peers: Vec<_> = (0..100).map(|_| Peer::connect(server)).collect();
    for peer in &mut peers {
        peer.send(b"hello");
    }
    // Accepted in order: with 64 descriptors, 40 are served in any case, and 70 in none.
    for peer in &mut peers[..40] {
        peer.expect(b"hello");
    }
    let mut rounds = || -> u64 {
        (&control).write_all(b"rounds\n").expect("the child is there");
        line().parse().expect("a number")
    };
    let before = rounds();
    for peer in &mut peers[70..] {
        peer.expect_nothing(Duration::from_millis(10));
    }
    // A loop that spins makes 100,000 rounds a second; one that waits, a handful. A slow machine makes fewer.
    let spent = rounds() - before;
    assert!(spent < 1_000, "{spent} rounds while there was nothing to do");
    for peer in &mut peers[..40] {
        peer.send(b"still there?");
        peer.expect(b"still there?");
    }
    let mut late = peers.split_off(70);
    drop(peers);
    for peer in &mut late {
        peer.expect(b"hello");
    }
    drop(late);
    (&control).write_all(b"end\n").expect("the child is there");
    child.join().expect("the child has passed");
}

/// The child: an echo server that says where it listens, and how many rounds it has made when it is asked.
fn serve_with_few_descriptors() {
    let server = Server::start(1, echo);
    let address = std::env::var(CONTROL).expect("the address of the test");
    // From the moment that the test knows where to connect, there may be no descriptor left.
    let control = TcpStream::connect(address).expect("the test listens");
    writeln!(&control, "{}", server.address).expect("the test listens");
    for question in BufReader::new(&control).lines() {
        if question.expect("a question") == "end" {
            break;
        }
        let rounds: u64 = server.handle.metrics().loops.iter().map(|one| one.rounds).sum();
        writeln!(&control, "{rounds}").expect("the test listens");
    }
}
