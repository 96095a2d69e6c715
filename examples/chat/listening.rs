//! Where the server listens, and what it makes of those who come there.
//!
//! Called by the server as it starts. Openly, over TLS and over HTTP, all become messages of the server.

use std::net::SocketAddr;

use roundsman::net::{Connection, Endpoint, ListenError, Listener, tcp, tls};
use roundsman::prelude::*;
use roundsman::stream::{Running, Source};
use roundsman::websocket::accept_with_http;

use super::server::{Message, Server};
use super::settings::Settings;
use super::web;

/// Where a server listens, once it does.
#[derive(Debug, Clone)]
pub struct Listening {
    /// For clients that talk openly.
    pub plain: Endpoint,
    /// For clients that use TLS.
    pub tls: Option<Endpoint>,
    /// For browsers.
    pub web: Option<Endpoint>,
}

/// How many connections may wait to be accepted: a crowd that comes back at once, after the server was started anew.
/// Linux takes the smaller of it and `net.core.somaxconn`, and has the others try again after a second.
const BACKLOG: u32 = 4096;

/// Listens wherever the settings say, and accepts.
pub fn open(
    settings: &Settings,
    tls: Option<&tls::Server>,
    ctx: &mut Context<Server>,
) -> Result<(Listening, Vec<Running>), ListenError> {
    let listener = listen(settings.listen)?;
    let mut listening = Listening { plain: listener.local().clone(), tls: None, web: None };
    let mut accepting = vec![accept(listener.incoming(), ctx)];
    if let (Some(address), Some(tls)) = (settings.tls_listen, tls) {
        let listener = listen(address)?;
        listening.tls = Some(listener.local().clone());
        let callers = counted(listener.incoming(), ctx);
        accepting.push(accept(callers.through(tls::accept(tls)), ctx));
    }
    if let Some(address) = settings.web {
        let listener = listen(address)?;
        listening.web = Some(listener.local().clone());
        let server = web::server(settings.web_origins.clone());
        let callers = counted(listener.incoming(), ctx);
        let arrivals = callers.through(accept_with_http(&server));
        let arrivals = arrivals.pipe(ctx.inlet(Message::Arrived));
        accepting.push(arrivals.start(ctx, Message::AcceptingEnded));
    }
    Ok((listening, accepting))
}

fn listen(at: SocketAddr) -> Result<Listener, ListenError> {
    tcp::listener(at).backlog(BACKLOG).bind()
}

fn accept(incoming: Source<Connection>, ctx: &mut Context<Server>) -> Running {
    incoming.pipe(ctx.inlet(Message::Accepted)).start(ctx, Message::AcceptingEnded)
}

/// Tells the server of each connection before it has said anything.
fn counted(incoming: Source<Connection>, ctx: &Context<Server>) -> Source<Connection> {
    let server = ctx.address();
    incoming.inspect(move |caller| {
        // Without a server this ends as well.
        let _ = server.send(Message::Called(caller.clone()));
    })
}
