//! ractor: an actor is a tokio task with four channels, a message a boxed `Any`.

use ractor::{Actor, ActorProcessingErr, ActorRef, ActorRuntime, RpcReplyPort};

use crate::{
    node::{Next, Node},
    peers::Peer,
    system::{Introduction, Packet, System},
};

/// ractor on the tokio runtime of the calling thread.
#[derive(Clone, Copy, Debug)]
pub struct Ractor;

/// What an actor receives.
#[derive(Debug)]
pub enum Letter {
    /// A message of the workload.
    Packet(Packet),
    /// Whom it will send to.
    Introduce(Introduction<ActorRef<Self>>),
    /// How many packets has it taken?
    Count(RpcReplyPort<u64>),
}

/// An actor that hands its messages to a node, which is its state.
struct Host;

impl Actor for Host {
    type Msg = Letter;
    type State = Node<ActorRef<Letter>>;
    type Arguments = Node<ActorRef<Letter>>;

    async fn pre_start(
        &self,
        _: ActorRef<Letter>,
        node: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(node)
    }

    async fn handle(
        &self,
        myself: ActorRef<Letter>,
        letter: Letter,
        node: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match letter {
            Letter::Packet(packet) => {
                if node.receive(packet, &mut Ractor) == Next::Stop {
                    myself.stop(None);
                }
            }
            Letter::Introduce(neighbours) => node.meet(neighbours),
            Letter::Count(reply) => reply.send(node.count())?,
        }
        Ok(())
    }
}

impl System for Ractor {
    type Address = ActorRef<Letter>;

    fn spawn(&mut self, node: Node<ActorRef<Letter>>) -> ActorRef<Letter> {
        let (address, _) =
            ActorRuntime::spawn_instant(None, Host, node).expect("an actor without a name starts");
        address
    }

    fn introduce(&mut self, to: &ActorRef<Letter>, neighbours: Introduction<ActorRef<Letter>>) {
        let sent = to.send_message(Letter::Introduce(neighbours));
        assert!(sent.is_ok(), "actors outlive the messages they are sent");
    }

    fn send(&mut self, to: &ActorRef<Letter>, packet: Packet) {
        let sent = to.send_message(Letter::Packet(packet));
        assert!(sent.is_ok(), "actors outlive the packets they are sent");
    }
}

impl Peer for Ractor {
    async fn ask(&self, whom: &ActorRef<Letter>) -> u64 {
        let answer = whom.call(Letter::Count, None).await;
        answer.expect("the actor lives").expect("the actor answers")
    }
}
