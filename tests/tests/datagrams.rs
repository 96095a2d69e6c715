//! UDP: real sockets over the loopback interface, against blocking peers of the standard library.

#[path = "datagrams/connected.rs"]
mod connected;
#[path = "datagrams/endings.rs"]
mod endings;
#[path = "datagrams/groups.rs"]
mod groups;
#[path = "datagrams/host.rs"]
mod host;
#[path = "datagrams/options.rs"]
mod options;
#[path = "datagrams/receiving.rs"]
mod receiving;
#[path = "datagrams/sending.rs"]
mod sending;

use std::net::{SocketAddr, UdpSocket as StdSocket};

use bytes::Bytes;
use roundsman_tests::example::PATIENCE;

/// A blocking peer on this interface.
fn peer_at(ip: &str) -> StdSocket {
    patient(StdSocket::bind((ip, 0)).expect("a free port"))
}

fn peer() -> StdSocket {
    peer_at("127.0.0.1")
}

/// The same socket, which waits for what must come, but not for ever.
fn patient(socket: StdSocket) -> StdSocket {
    socket.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
    socket
}

/// Where a peer is.
fn address(peer: &StdSocket) -> SocketAddr {
    peer.local_addr().expect("it is bound")
}

/// What comes next to a peer, and from whom.
fn next(peer: &StdSocket) -> (Vec<u8>, SocketAddr) {
    let mut room = vec![0; 70_000];
    let (len, from) = peer.recv_from(&mut room).expect("something comes");
    room.truncate(len);
    (room, from)
}

/// Bytes that say which they are.
fn numbered(number: u32) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().expect("four bytes"))
}
