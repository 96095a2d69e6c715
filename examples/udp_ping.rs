//! Ping over UDP: a server sends back what comes, a client measures how long that takes.
//!
//! `cargo run --example udp_ping -- server 127.0.0.1:7007`, then `cargo run --example udp_ping -- client 127.0.0.1:7007 10`.
//! The client sends so many pings (5, if nothing is said), prints a line for each reply and how many were lost, and ends; its
//! exit status is 1 if all were.
#![expect(clippy::disallowed_macros, reason = "a program prints what it measures")]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use roundsman::Timestamp;
use roundsman::net::UdpSocket;
use roundsman::net::udp::{self, Datagram};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Summary};

/// Between two pings.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long the last one is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

struct Server(SocketAddr);

impl Actor for Server {
    type Message = Result<Summary, PipeError>;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let socket = udp::socket(self.0).bind()?;
        println!("udp_ping listens on {}", socket.local());
        socket.reader().pipe(socket.writer()).start(ctx, |result| result);
        Ok(())
    }

    fn receive(&mut self, result: Self::Message, _: &mut Context<Self>) -> Outcome {
        println!("answered {} pings", result?.items);
        Ok(())
    }
}

struct Client {
    server: SocketAddr,
    count: u32,
    socket: Option<UdpSocket>,
    sent: u32,
    /// Those without a reply, and when they left.
    waiting: HashMap<u32, Timestamp>,
}

enum Msg {
    Next,
    Reply(Item<Datagram>),
    ReaderEnded(Result<Summary, PipeError>),
    Late,
}

impl Client {
    fn new(server: SocketAddr, count: u32) -> Self {
        Self { server, count, socket: None, sent: 0, waiting: HashMap::new() }
    }

    fn listen(&self, ctx: &mut Context<Self>) {
        if let Some(socket) = &self.socket {
            socket.reader().pipe(ctx.inlet(Msg::Reply)).start(ctx, Msg::ReaderEnded);
        }
    }

    fn ping(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let Some(socket) = &self.socket else { return Ok(()) };
        self.sent += 1;
        self.waiting.insert(self.sent, ctx.now());
        socket.send(ctx, Bytes::copy_from_slice(&self.sent.to_be_bytes()))?;
        if self.sent < self.count {
            ctx.send_after(INTERVAL, Msg::Next);
        } else {
            ctx.send_after(PATIENCE, Msg::Late);
        }
        Ok(())
    }

    fn reply(&mut self, datagram: &Datagram, ctx: &Context<Self>) {
        // One that is none of ours, or comes twice, is nobody's.
        let number = <[u8; 4]>::try_from(&datagram.bytes[..]).map(u32::from_be_bytes);
        let sent = number.ok().and_then(|number| Some((number, self.waiting.remove(&number)?)));
        if let Some((number, sent)) = sent {
            let took = (ctx.now() - sent).as_secs_f64() * 1000.0;
            println!("reply {number} from {}: {took:.3} ms", datagram.peer);
        }
    }

    fn summary(&self, ctx: &mut Context<Self>) -> Outcome {
        let lost = self.waiting.len() as u32;
        let received = self.sent - lost;
        println!("{} sent, {received} received, {lost} lost", self.sent);
        ctx.stop();
        if received == 0 { Err("nobody has answered".into()) } else { Ok(()) }
    }
}

impl Actor for Client {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let any = if self.server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        self.socket = Some(udp::socket(any).connect(self.server).bind()?);
        self.listen(ctx);
        self.ping(ctx)
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Next => self.ping(ctx)?,
            Msg::Reply(datagram) => self.reply(&datagram, ctx),
            // Nobody is there: that ping is lost, and the next may not be.
            Msg::ReaderEnded(Err(error)) => {
                println!("{error}");
                self.listen(ctx);
            }
            Msg::ReaderEnded(Ok(_)) => {}
            Msg::Late => return self.summary(ctx),
        }
        if self.sent == self.count && self.waiting.is_empty() {
            return self.summary(ctx);
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let usage = "usage: udp_ping server ADDR, or udp_ping client ADDR [COUNT]";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // Ctrl-C stops it as planned.
    let runtime = Runtime::builder().loops(1).stop_on_signals().build()?;
    match arguments[..] {
        ["server", address] => {
            let address = address.parse()?;
            Ok(runtime.run(|| Server(address))?)
        }
        ["client", address, ref count @ ..] if count.len() < 2 => {
            let count = count.first().map_or(Ok(5), |count| count.parse())?;
            let address = address.parse()?;
            Ok(runtime.run(|| Client::new(address, count.max(1)))?)
        }
        _ => Err(usage.into()),
    }
}
