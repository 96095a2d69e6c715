//! Clients and an echo server on a simulated network: each sends a piece when the last has come back.

use std::cell::Cell;
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{ConnectError, Connection, tcp};
use roundsman::prelude::*;
use roundsman::sim::{Check, Schedule};
use roundsman::stream::{Item, Outlet, PipeError, Summary};

use crate::clock;

const PIECE: &[u8] = &[b'x'; 64];

/// What has come of it.
#[derive(Clone, Copy, Debug)]
pub struct Echoed {
    /// How long it took.
    pub elapsed: Duration,
    /// What sockets have done: reads, writes, accepts and the like.
    pub operations: u64,
}

struct Server;

enum ToServer {
    Accepted(Item<Connection>),
    Ended(#[expect(dead_code, reason = "how is of no interest")] Result<Summary, PipeError>),
}

impl Actor for Server {
    type Message = ToServer;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let incoming = tcp::listen("0.0.0.0:7")?.incoming();
        incoming.pipe(ctx.inlet(ToServer::Accepted)).start(ctx, ToServer::Ended);
        Ok(())
    }

    fn receive(&mut self, message: ToServer, ctx: &mut Context<Self>) -> Outcome {
        if let ToServer::Accepted(connection) = message {
            connection.reader().pipe(connection.writer()).start(ctx, ToServer::Ended);
        }
        Ok(())
    }
}

struct Client {
    left: u64,
    back: usize,
    to_server: Option<Outlet<Bytes>>,
}

enum ToClient {
    Connected(Result<Connection, ConnectError>),
    Back(Item<Bytes>),
    Ended(#[expect(dead_code, reason = "how is of no interest")] Result<Summary, PipeError>),
}

impl Actor for Client {
    type Message = ToClient;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        tcp::connect("server:7").start(ctx, ToClient::Connected);
        Ok(())
    }

    fn receive(&mut self, message: ToClient, ctx: &mut Context<Self>) -> Outcome {
        match message {
            ToClient::Connected(connection) => {
                let connection = connection?;
                let (pieces, mut outlet) = ctx.outlet(PIECE.len() as u64);
                pieces.pipe(connection.writer()).start(ctx, ToClient::Ended);
                connection.reader().pipe(ctx.inlet(ToClient::Back)).start(ctx, ToClient::Ended);
                outlet.push(Bytes::from_static(PIECE))?;
                self.to_server = Some(outlet);
            }
            ToClient::Back(bytes) => {
                self.back += bytes.len();
                if self.back < PIECE.len() {
                    return Ok(());
                }
                self.back = 0;
                self.left = self.left.saturating_sub(1);
                match &mut self.to_server {
                    Some(outlet) if self.left > 0 => _ = outlet.push(Bytes::from_static(PIECE))?,
                    _ => ctx.stop(),
                }
            }
            ToClient::Ended(_) => {}
        }
        Ok(())
    }
}

/// So many clients, each on a host of its own, send so many pieces each.
///
/// # Panics
/// If it fails.
pub fn run(clients: usize, pieces: u64) -> Echoed {
    let operations = Cell::new(0);
    let start = clock::now();
    let check = Check::new().seeds(1).steps(u64::MAX).schedule(Schedule::Random);
    let checked = check.run(|sim| {
        sim.host("server").serves().start(|| Server);
        // It listens by then.
        sim.advance(Duration::from_millis(1));
        for number in 0..clients {
            let client = sim.host(format!("client-{number}"));
            client.start(move || Client { left: pieces, back: 0, to_server: None });
        }
        sim.run()?;
        operations.set(sim.network().operations());
        Ok(())
    });
    checked.expect("nothing fails");
    Echoed { elapsed: start.elapsed(), operations: operations.get() }
}
