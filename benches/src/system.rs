//! What a contender must offer so that [`Node`]s can run on it, and what they say to each other.

use crate::node::Node;

/// Spawns nodes, introduces them to each other and carries packets between them.
///
/// Each peer implements it once; all workloads, `topology` included, are written against it.
pub trait System {
    /// Names one actor.
    type Address: Clone + Send + 'static;

    /// Starts an actor that hands what it receives to `node`.
    fn spawn(&mut self, node: Node<Self::Address>) -> Self::Address;

    /// Tells an actor whom it will send to, before any packet that is sent to it afterwards.
    fn introduce(&mut self, to: &Self::Address, neighbours: Introduction<Self::Address>);

    /// Sends without waiting.
    fn send(&mut self, to: &Self::Address, packet: Packet);
}

/// What actors send to each other.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    _kind: Kind,
    /// The hops left, where hops are counted.
    pub value: u64,
}

const _: () = assert!(size_of::<Packet>() == 16, "all messages are 16 bytes");

/// A byte with one valid value: an enum around a [`Packet`] keeps its tag in the others, so that
/// also the peers' message types stay at 16 bytes.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
enum Kind {
    Data,
}

impl Packet {
    /// A packet that carries `value`.
    pub fn new(value: u64) -> Self {
        Self { _kind: Kind::Data, value }
    }
}

/// The actors that a node sends to.
#[derive(Debug)]
pub struct Introduction<A>(pub Box<[A]>);

/// The query of the `ask` workload: how many packets has the node taken?
#[derive(Clone, Copy, Debug)]
pub struct Count;
