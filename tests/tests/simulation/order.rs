//! The order in which a connection's events are told, however the loops take turns.

use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{Connection, tcp};
use roundsman::prelude::*;
use roundsman::sim::{Probe, check};
use roundsman::stream::{Item, Source};
use roundsman_tests::role::Role;

enum Event {
    Accepted(Item<Connection>),
    Bytes,
    Read,
    Written,
    Closed,
    AcceptingEnded,
}

/// Answers one question a connection, and tells what it hears.
struct Server {
    tell: Address<&'static str>,
}

impl Actor for Server {
    type Message = Event;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let incoming = tcp::listen("0.0.0.0:7")?.incoming().pipe(ctx.inlet(Event::Accepted));
        incoming.start(ctx, |_| Event::AcceptingEnded);
        Ok(())
    }

    fn receive(&mut self, event: Event, ctx: &mut Context<Self>) -> Outcome {
        let heard = match event {
            Event::Accepted(connection) => {
                connection.closed(ctx, |_| Event::Closed);
                connection.reader().pipe(ctx.inlet(|_| Event::Bytes)).start(ctx, |_| Event::Read);
                let answer = Source::iter([Bytes::from_static(b"answer")]);
                answer.pipe(connection.writer()).start(ctx, |_| Event::Written);
                return Ok(());
            }
            Event::Bytes | Event::AcceptingEnded => return Ok(()),
            Event::Read => "read",
            Event::Written => "written",
            Event::Closed => "closed",
        };
        Ok(self.tell.send(heard)?)
    }
}

#[test]
fn that_a_connection_is_closed_is_told_after_the_results_of_its_pipelines() {
    check(200, |sim| {
        let desk = sim.host("desk").serves().start(Role::<()>::idle);
        let probe: Probe<&'static str> = sim.probe(desk);
        let tell = probe.address();
        sim.host("server").serves().loops(2).start(move || Server { tell: tell.clone() });
        sim.advance(Duration::from_millis(10));
        let mut client = sim.client("client", "server:7")?;
        client.send("question")?;
        client.bytes(6)?;
        if sim.below(2) == 0 {
            client.finish()?;
            client.expect_end()?;
        } else {
            client.reset()?;
        }
        let wait = Duration::from_secs(10);
        let mut heard: Vec<_> = (0..3).map(|_| probe.expect_message(wait)).collect();
        assert_eq!(heard.pop(), Some("closed"), "after {heard:?}");
        heard.sort_unstable();
        assert_eq!(heard, ["read", "written"]);
        Ok(sim.run()?)
    });
}
