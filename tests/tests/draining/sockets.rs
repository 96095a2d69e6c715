//! A drain over real sockets: nobody new, nothing more read, everything written.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;

use crate::stuff;
use roundsman::net::{Connection, tcp};
use roundsman::prelude::StreamContext;
use roundsman::stream::{Item, PipeError, Summary};
use roundsman::{
    Actor, Context, Drain, DrainPhase, Outcome, Placement, RunError, Runtime, RuntimeHandle, Spawn,
};
use roundsman_tests::outside::{beside, beside_any};

/// Echoes; tells where it listens, and when it has taken a connection.
struct Echo {
    listens: mpsc::Sender<SocketAddr>,
    accepted: mpsc::Sender<()>,
}

enum Message {
    Accepted(Item<Connection>),
    Closed(#[expect(dead_code, reason = "either is fine")] Result<Summary, PipeError>),
}

impl Actor for Echo {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let listener = tcp::listen("127.0.0.1:0")?;
        self.listens.send(listener.local().socket_addr().expect("TCP"))?;
        listener.incoming().pipe(ctx.inlet(Message::Accepted)).start(ctx, Message::Closed);
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        if let Message::Accepted(conn) = message {
            conn.reader().pipe(conn.writer()).start(ctx, Message::Closed);
            self.accepted.send(())?;
        }
        Ok(())
    }
}

/// An echo server beside the test, and a client that it has accepted.
fn serve(handle: &RuntimeHandle) -> (SocketAddr, TcpStream) {
    let ((listens, address), (accepted, client)) = (mpsc::channel(), mpsc::channel());
    let echo = move || Echo { listens, accepted };
    handle.spawn(Placement::Here, Spawn::named("echo"), echo).expect("the runtime lives");
    let address = address.recv().expect("it listens");
    let stream = TcpStream::connect(address).expect("it listens");
    client.recv().expect("it accepts");
    (address, stream)
}

#[test]
fn an_idle_connection_is_closed_in_order_and_nobody_new_is_accepted() {
    for loops in [1, 2] {
        beside(Runtime::builder().loops(loops), |handle| {
            let (address, mut client) = serve(&handle);
            let report = handle.shutdown(Drain::default());
            assert!(report.is_clean(), "{report}");
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).expect("FIN, not RST");
            assert!(rest.is_empty());
            assert!(TcpStream::connect(address).is_err(), "nobody listens");
        });
    }
}

#[test]
fn what_was_read_before_the_drain_is_still_written() {
    beside(Runtime::builder().loops(1), |handle| {
        let (_, mut client) = serve(&handle);
        let sent = vec![7; 100_000];
        client.write_all(&sent).expect("it reads");
        let mut first = [0; 50_000];
        client.read_exact(&mut first).expect("it echoes");
        let report = handle.shutdown(Drain::default());
        assert!(report.is_clean(), "{report}");
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).expect("FIN, not RST");
        assert!(rest.len() <= 50_000 && rest.iter().all(|byte| *byte == 7));
    });
}

#[test]
fn a_client_that_does_not_read_is_cut_and_its_pipeline_named() {
    let result = beside_any(Runtime::builder().loops(1), |handle| {
        let (_, mut client) = serve(&handle);
        stuff(&mut client);
        let links = std::time::Duration::from_millis(50);
        let report = handle.shutdown(Drain::default().phase(DrainPhase::Links, links));
        assert_eq!(report.actors.len(), 1, "{report}");
        assert!(report.actors[0].path.contains("pipeline") && report.actors[0].unfinished);
    });
    assert!(matches!(result, Err(RunError::Cut(_))), "{result:?}");
}
