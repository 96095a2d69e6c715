//! actix: actors on an arbiter. `do_send` does not heed the mailbox's bound, so mailboxes are
//! unbounded here.

use actix::{Actor, ActorContext, Addr, Context, Handler, Message, MessageResult};

use crate::{
    node::{Next, Node},
    peers::Peer,
    system::{Count, Introduction, Packet, System},
};

/// actix on the arbiter of the calling thread.
#[derive(Clone, Copy, Debug)]
pub struct Actix;

/// An actor that hands its messages to a node.
#[derive(Debug)]
pub struct Host(Node<Addr<Self>>);

impl Actor for Host {
    type Context = Context<Self>;
}

impl Message for Packet {
    type Result = ();
}

impl Message for Introduction<Addr<Host>> {
    type Result = ();
}

impl Message for Count {
    type Result = u64;
}

impl Handler<Packet> for Host {
    type Result = ();

    fn handle(&mut self, packet: Packet, context: &mut Context<Self>) {
        if self.0.receive(packet, &mut Actix) == Next::Stop {
            context.stop();
        }
    }
}

impl Handler<Introduction<Addr<Self>>> for Host {
    type Result = ();

    fn handle(&mut self, neighbours: Introduction<Addr<Self>>, _: &mut Context<Self>) {
        self.0.meet(neighbours);
    }
}

impl Handler<Count> for Host {
    type Result = MessageResult<Count>;

    fn handle(&mut self, _: Count, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.0.count())
    }
}

impl System for Actix {
    type Address = Addr<Host>;

    fn spawn(&mut self, node: Node<Addr<Host>>) -> Addr<Host> {
        Host(node).start()
    }

    fn introduce(&mut self, to: &Addr<Host>, neighbours: Introduction<Addr<Host>>) {
        to.do_send(neighbours);
    }

    fn send(&mut self, to: &Addr<Host>, packet: Packet) {
        to.do_send(packet);
    }
}

impl Peer for Actix {
    async fn ask(&self, whom: &Addr<Host>) -> u64 {
        whom.send(Count).await.expect("the actor answers")
    }
}
