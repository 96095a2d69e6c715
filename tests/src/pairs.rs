//! Pairs of connections over the loopback interface, both ends in this process.

use roundsman::net::{ConnectError, Connection, tcp};
use roundsman::stream::{Item, PipeError, Running, StreamContext, Summary};
use roundsman::{Actor, Context, Outcome, Recipient};

/// Two ends of one connection: who connected, and who accepted.
pub type Pair = (Connection, Connection);

/// An actor that makes `wanted` pairs, one after another, hands them over, and ends.
pub struct Pairing {
    wanted: usize,
    tell: Recipient<Vec<Pair>>,
    pairs: Vec<Pair>,
    connected: Option<Connection>,
    accepted: Option<Connection>,
    listening: Option<(std::net::SocketAddr, Running)>,
}

/// What a [`Pairing`] takes.
pub enum Message {
    /// One end.
    Connected(Result<Connection, ConnectError>),
    /// The other.
    Accepted(Item<Connection>),
    /// The listener has ended.
    Closed(Result<Summary, PipeError>),
}

impl Pairing {
    /// Makes so many pairs for whoever is behind `tell`.
    #[must_use]
    pub fn new(wanted: usize, tell: Recipient<Vec<Pair>>) -> Self {
        Self { wanted, tell, pairs: Vec::new(), connected: None, accepted: None, listening: None }
    }

    fn next(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        if let (Some(connected), Some(accepted)) = (self.connected.take(), self.accepted.take()) {
            self.pairs.push((connected, accepted));
        }
        if self.pairs.len() == self.wanted {
            self.tell.send(std::mem::take(&mut self.pairs))?;
            ctx.stop();
        } else if let Some((address, _)) = &self.listening {
            tcp::connect(*address).start(ctx, Message::Connected);
        }
        Ok(())
    }
}

impl Actor for Pairing {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let listener = tcp::listen("127.0.0.1:0")?;
        let address = listener.local().socket_addr().expect("TCP");
        let running =
            listener.incoming().pipe(ctx.inlet(Message::Accepted)).start(ctx, Message::Closed);
        self.listening = Some((address, running));
        self.next(ctx)
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            Message::Connected(connection) => self.connected = Some(connection?),
            Message::Accepted(connection) => self.accepted = Some(connection.take()),
            Message::Closed(result) => _ = result?,
        }
        if self.connected.is_some() != self.accepted.is_some() {
            return Ok(());
        }
        self.next(ctx)
    }
}
