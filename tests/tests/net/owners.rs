//! What becomes of a connection whose owner ends: everybody who waits for its end hears of it, and what was sent
//! last arrives.

use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{Closed, tcp};
use roundsman::stream::{Source, StreamContext};
use roundsman::{Actor, Context, Outcome};
use roundsman_tests::family::each_family;
use roundsman_tests::patience::must_end;
use roundsman_tests::peer::Peer;
use roundsman_tests::role::Role;
use roundsman_tests::server::{Event, Server};

/// An actor that begins like this and ends in the same turn.
fn at_once(
    begin: impl FnOnce(&mut Context<'_, Role<Event>>) + 'static,
) -> impl Actor<Message = Event> {
    Role::new(|_: Event, _| Ok(())).started(move |ctx| -> Outcome {
        begin(ctx);
        ctx.stop();
        Ok(())
    })
}

#[test]
fn the_end_of_a_connection_is_told_although_its_owner_ends_at_once() {
    each_family(|family| {
        for home in [None, Some(0), Some(1)] {
            let (tell, closed) = mpsc::channel();
            let mut held = Vec::new();
            let server = Server::of(family, 2, move |event, ctx| {
                match event {
                    Event::Accepted(connection) => {
                        let connection = connection.take();
                        home.iter().for_each(|index| connection.move_to(*index));
                        connection.closed(ctx, Event::Closed);
                        held.push(connection.clone());
                        ctx.spawn(at_once(move |ctx| {
                            connection
                                .reader()
                                .pipe(ctx.inlet(Event::Bytes))
                                .start(ctx, Event::Ended);
                        }));
                    }
                    Event::Closed(Closed { traffic, .. }) => tell.send(traffic.read)?,
                    _ => {}
                }
                Ok(())
            });
            let mut peer = Peer::connect(&server.address);
            assert_eq!(must_end(move || closed.recv()), Ok(0), "{home:?}");
            peer.expect_end();
        }
    });
}

#[test]
fn a_connection_whose_owner_has_ended_at_once_gives_its_place_back() {
    let listener = tcp::listener("127.0.0.1:0").max_connections(1).bind().expect("a free port");
    let mut held = Vec::new();
    let server = Server::with(listener, 1, move |event, ctx| {
        if let Event::Accepted(connection) = event {
            let connection = connection.take();
            held.push(connection.clone());
            if held.len() > 1 {
                return crate::echo_of(&connection, ctx);
            }
            ctx.spawn(at_once(move |ctx| {
                connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
            }));
        }
        Ok(())
    });
    Peer::connect(&server.address).expect_end();
    let mut next = Peer::connect(&server.address);
    next.send(b"let in");
    next.expect(b"let in");
}

#[test]
fn a_connection_that_moves_as_its_owner_ends_tells_its_end() {
    each_family(|family| {
        let (tell, closed) = mpsc::channel();
        let server = Server::of(family, 2, move |event, ctx| {
            match event {
                Event::Accepted(connection) => {
                    let connection = connection.take();
                    connection.closed(ctx, Event::Closed);
                    ctx.spawn(
                        Role::new(|_: Event, ctx: &mut Context<'_, Role<Event>>| {
                            ctx.stop();
                            Ok(())
                        })
                        .started(move |ctx| {
                            connection
                                .reader()
                                .pipe(ctx.inlet(Event::Bytes))
                                .start(ctx, Event::Ended);
                            connection.move_to(1);
                            ctx.send_after(Duration::ZERO, Event::Do(Box::new(|_| Ok(()))));
                            Ok(())
                        }),
                    );
                }
                Event::Closed(_) => tell.send(())?,
                _ => {}
            }
            Ok(())
        });
        for _ in 0..50 {
            let mut peer = Peer::connect(&server.address);
            closed.recv().expect("it is told");
            peer.expect_end();
        }
        must_end(move || server.wait_until_idle());
    });
}

#[test]
fn a_peer_whose_request_nobody_reads_gets_its_whole_answer_and_an_end() {
    each_family(|family| {
        let (turn, asked) = mpsc::channel::<()>();
        let server = Server::of(family, 1, move |event, ctx| {
            if let Event::Accepted(connection) = event {
                asked.recv()?;
                let answer = Source::iter([Bytes::from_static(b"whatever you say")]);
                answer.pipe(connection.writer()).start(ctx, Event::Ended);
            }
            Ok(())
        });
        let mut peer = Peer::connect(&server.address);
        peer.send(b"GET / HTTP/1.0\r\n\r\n");
        turn.send(()).expect("the server waits");
        must_end(move || server.wait_until_idle());
        peer.expect(b"whatever you say");
        peer.expect_end();
    });
}
