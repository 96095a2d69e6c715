//! kameo: an actor is a tokio task, a message a boxed trait object.

use std::convert::Infallible;

use kameo::{
    Actor,
    actor::{ActorRef, Spawn},
    mailbox,
    message::{Context, Message},
};

use crate::{
    node::{Next, Node},
    peers::Peer,
    system::{Count, Introduction, Packet, System},
};

/// kameo on the tokio runtime of the calling thread.
#[derive(Clone, Copy, Debug)]
pub struct Kameo {
    /// The bound of the mailboxes, if they have one.
    pub mailbox: Option<usize>,
}

/// An actor that hands its messages to a node.
#[derive(Debug)]
pub struct Host {
    node: Node<ActorRef<Self>>,
    kameo: Kameo,
}

impl Actor for Host {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(host: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(host)
    }
}

impl Message<Packet> for Host {
    type Reply = ();

    async fn handle(&mut self, packet: Packet, context: &mut Context<Self, ()>) {
        if self.node.receive(packet, &mut self.kameo) == Next::Stop {
            context.stop();
        }
    }
}

impl Message<Introduction<ActorRef<Self>>> for Host {
    type Reply = ();

    async fn handle(
        &mut self,
        neighbours: Introduction<ActorRef<Self>>,
        _: &mut Context<Self, ()>,
    ) {
        self.node.meet(neighbours);
    }
}

impl Message<Count> for Host {
    type Reply = u64;

    async fn handle(&mut self, _: Count, _: &mut Context<Self, u64>) -> u64 {
        self.node.count()
    }
}

impl System for Kameo {
    type Address = ActorRef<Host>;

    fn spawn(&mut self, node: Node<ActorRef<Host>>) -> ActorRef<Host> {
        let mailbox = self.mailbox.map_or_else(mailbox::unbounded, mailbox::bounded);
        Host::spawn_with_mailbox(Host { node, kameo: *self }, mailbox)
    }

    fn introduce(&mut self, to: &ActorRef<Host>, neighbours: Introduction<ActorRef<Host>>) {
        let sent = to.tell(neighbours).try_send();
        assert!(sent.is_ok(), "a new actor has room for its first message");
    }

    fn send(&mut self, to: &ActorRef<Host>, packet: Packet) {
        let sent = to.tell(packet).try_send();
        assert!(sent.is_ok(), "actors outlive the packets they are sent");
    }
}

impl Peer for Kameo {
    async fn ask(&self, whom: &ActorRef<Host>) -> u64 {
        whom.ask(Count).send().await.expect("the actor answers")
    }

    async fn offer(&mut self, to: &ActorRef<Host>, packet: Packet) {
        to.tell(packet).send().await.expect("the actor lives");
    }
}
