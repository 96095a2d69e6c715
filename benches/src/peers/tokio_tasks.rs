//! tokio without an actor library: a task and an mpsc channel for each actor.

use tokio::sync::{mpsc, oneshot};

use crate::{
    node::{Next, Node},
    peers::Peer,
    system::{Introduction, Packet, System},
};

/// Tasks that receive from channels of kind `C`.
#[derive(Clone, Copy, Debug)]
pub struct TokioTasks<C>(pub C);

/// What a task receives.
#[derive(Debug)]
pub enum Letter<C: Channel> {
    /// A message of the workload.
    Packet(Packet),
    /// Whom it will send to.
    Introduce(Box<Introduction<C::Sender>>),
    /// How many packets has it taken?
    Count(oneshot::Sender<u64>),
}

const _: () = assert!(size_of::<Letter<Unbounded>>() == 16, "all messages are 16 bytes");

/// A kind of tokio's channels.
pub trait Channel: Copy + Send + Sync + 'static {
    /// Its sending end.
    type Sender: Clone + Send + Sync;
    /// Its receiving end.
    type Receiver: Send;

    /// Both ends of a new channel.
    fn open(self) -> (Self::Sender, Self::Receiver);

    /// Sends without waiting; a letter to a task that has ended is dropped.
    fn push(to: &Self::Sender, letter: Letter<Self>);

    /// Sends, after waiting for room if there is none.
    fn offer(to: &Self::Sender, letter: Letter<Self>) -> impl Future<Output = ()> + Send;

    /// Waits for the next letter.
    fn take(from: &mut Self::Receiver) -> impl Future<Output = Option<Letter<Self>>> + Send;
}

/// Channels without a bound.
#[derive(Clone, Copy, Debug)]
pub struct Unbounded;

impl Channel for Unbounded {
    type Sender = mpsc::UnboundedSender<Letter<Self>>;
    type Receiver = mpsc::UnboundedReceiver<Letter<Self>>;

    fn open(self) -> (Self::Sender, Self::Receiver) {
        mpsc::unbounded_channel()
    }

    fn push(to: &Self::Sender, letter: Letter<Self>) {
        let _ = to.send(letter);
    }

    async fn offer(to: &Self::Sender, letter: Letter<Self>) {
        Self::push(to, letter);
    }

    async fn take(from: &mut Self::Receiver) -> Option<Letter<Self>> {
        from.recv().await
    }
}

/// Channels with room for this many letters.
#[derive(Clone, Copy, Debug)]
pub struct Bounded(pub usize);

impl Channel for Bounded {
    type Sender = mpsc::Sender<Letter<Self>>;
    type Receiver = mpsc::Receiver<Letter<Self>>;

    fn open(self) -> (Self::Sender, Self::Receiver) {
        mpsc::channel(self.0)
    }

    fn push(to: &Self::Sender, letter: Letter<Self>) {
        let sent = to.try_send(letter);
        assert!(sent.is_ok(), "a sender that does not wait stays within the bound");
    }

    async fn offer(to: &Self::Sender, letter: Letter<Self>) {
        let _ = to.send(letter).await;
    }

    async fn take(from: &mut Self::Receiver) -> Option<Letter<Self>> {
        from.recv().await
    }
}

impl<C: Channel> System for TokioTasks<C> {
    type Address = C::Sender;

    fn spawn(&mut self, node: Node<C::Sender>) -> C::Sender {
        let (address, mailbox) = self.0.open();
        tokio::spawn(serve(*self, node, mailbox));
        address
    }

    fn introduce(&mut self, to: &C::Sender, neighbours: Introduction<C::Sender>) {
        C::push(to, Letter::Introduce(Box::new(neighbours)));
    }

    fn send(&mut self, to: &C::Sender, packet: Packet) {
        C::push(to, Letter::Packet(packet));
    }
}

impl<C: Channel> Peer for TokioTasks<C> {
    async fn ask(&self, whom: &C::Sender) -> u64 {
        let (reply, answer) = oneshot::channel();
        C::offer(whom, Letter::Count(reply)).await;
        answer.await.expect("the task answers")
    }

    async fn offer(&mut self, to: &C::Sender, packet: Packet) {
        C::offer(to, Letter::Packet(packet)).await;
    }
}

async fn serve<C: Channel>(
    mut tasks: TokioTasks<C>,
    mut node: Node<C::Sender>,
    mut mailbox: C::Receiver,
) {
    while let Some(letter) = C::take(&mut mailbox).await {
        match letter {
            Letter::Packet(packet) => {
                if node.receive(packet, &mut tasks) == Next::Stop {
                    break;
                }
            }
            Letter::Introduce(neighbours) => node.meet(*neighbours),
            // Whoever asked may have gone.
            Letter::Count(reply) => drop(reply.send(node.count())),
        }
    }
}
