//! A TCP proxy: `cargo run --example proxy -- 127.0.0.1:7001 127.0.0.1:7000` listens on the first and connects to the second.
#![expect(clippy::disallowed_macros, reason = "a program says where it listens")]
use std::net::SocketAddr;

use roundsman::net::{ConnectError, Connection, tcp};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Summary};

struct Proxy(SocketAddr, SocketAddr);

enum Msg {
    Accepted(Item<Connection>),
    Connected(Connection, Result<Connection, ConnectError>),
    Ended(Result<Summary, PipeError>),
}

impl Actor for Proxy {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let listener = tcp::listen(self.0)?;
        println!("proxy listens on {}", listener.local());
        listener.incoming().pipe(ctx.inlet(Msg::Accepted)).start(ctx, Msg::Ended);
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Accepted(client) => {
                let client = client.take();
                tcp::connect(self.1).start(ctx, move |to| Msg::Connected(client.clone(), to));
            }
            Msg::Connected(client, Ok(server)) => {
                client.reader().pipe(server.writer()).start(ctx, Msg::Ended);
                server.reader().pipe(client.writer()).start(ctx, Msg::Ended);
            }
            Msg::Connected(_, Err(error)) => println!("{error}"),
            Msg::Ended(result) => _ = result.inspect_err(|error| println!("{error}")),
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = |n| std::env::args().nth(n).ok_or("usage: proxy LISTEN CONNECT");
    let proxy = Proxy(address(1)?.parse()?, address(2)?.parse()?);
    Ok(Runtime::builder().stop_on_signals().build()?.run(|| proxy)?)
}
