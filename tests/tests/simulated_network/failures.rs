//! What befalls connections: partitions, hosts that go and come back, silence.

use std::io::ErrorKind;
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{Closed, Connection, Listen, tcp};
use roundsman::sim::Probe;
use roundsman::stream::{Item, Source, StreamContext};
use roundsman::{Address, Context, Stepped};
use roundsman_tests::role::Role;

use crate::lan::{LATENCY, LONG, Lan, everywhere};
use crate::scenarios::called;

enum Msg {
    Accepted(Item<Connection>),
    Ended,
    Closed(Closed),
}

/// A service that does this with who comes, and tells how its connections end.
fn tells_ends(
    lan: &Lan,
    listen: Listen,
    mut serve: impl FnMut(&Connection, &mut Context<'_, Role<Msg>>) + 'static,
) -> Probe<String> {
    let probe = lan.tell("server", |tell: Address<String>| {
        Role::new(move |message, ctx: &mut Context<'_, Role<Msg>>| {
            match message {
                Msg::Accepted(conn) => {
                    conn.closed(ctx, Msg::Closed);
                    serve(&conn, ctx);
                }
                Msg::Ended => {}
                Msg::Closed(closed) => {
                    let kind = closed.error.map(|error| error.kind());
                    tell.send(kind.map_or("well".to_owned(), |kind| called(Some(kind))))?;
                }
            }
            Ok(())
        })
        .started(move |ctx| {
            let incoming = listen.bind()?.incoming().pipe(ctx.inlet(Msg::Accepted));
            incoming.start(ctx, |_| Msg::Ended);
            Ok(())
        })
    });
    lan.run_for(Duration::ZERO);
    probe
}

fn echo(conn: &Connection, ctx: &mut Context<'_, Role<Msg>>) {
    conn.reader().pipe(conn.writer()).start(ctx, |_| Msg::Ended);
}

/// Sends without an end, to fill whatever is in between.
fn flood(conn: &Connection, ctx: &mut Context<'_, Role<Msg>>) {
    let endless = Source::iter(std::iter::repeat(Bytes::from_static(&[7; 4096])));
    endless.pipe(conn.writer()).start(ctx, |_| Msg::Ended);
}

const GIVE_UP: Duration = Duration::from_secs(120);

#[test]
fn what_is_sent_over_a_way_that_is_cut_in_one_direction_arrives_and_its_sender_gives_up() {
    let lan = Lan::new(1);
    let ends = tells_ends(&lan, everywhere(), echo);
    let mut client = lan.network.client("client", "server:7").expect("it is there");
    client.send("one\n").expect("it goes");
    assert_eq!(client.line().expect("an answer"), "one");
    lan.network.cut("server", "client");
    client.send("two\n").expect("it goes");
    client.expect_nothing(Duration::from_secs(60)).expect("no answer comes through");
    client.patience(LONG);
    let error = client.line().expect_err("it hears nothing");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(ends.expect_message(LONG), "TimedOut", "nothing that it sends comes through");
    drop(client);
    lan.run_for(LONG);
    assert_eq!(lan.network.open_ends(), 0);
}

#[test]
fn a_partition_that_is_healed_in_time_harms_no_connection() {
    let lan = Lan::new(1);
    let ends = tells_ends(&lan, everywhere(), echo);
    let mut client = lan.network.client("client", "server:7").expect("it is there");
    for times in 0..3 {
        lan.network.partition("server", "client");
        client.send("over\n").expect("it is kept");
        client.expect_nothing(GIVE_UP - Duration::from_secs(1)).expect("nothing comes through");
        lan.network.heal("server", "client");
        assert_eq!(client.line().expect("it comes in the end"), "over", "{times}");
    }
    client.finish().expect("it is there");
    client.expect_end().expect("in good order");
    assert_eq!(ends.expect_message(LONG), "well");
}

#[test]
fn who_waits_for_room_hears_that_its_peer_has_gone() {
    for (comes_back, kind, within) in
        [(true, "gone", Duration::from_secs(61)), (false, "TimedOut", GIVE_UP)]
    {
        let lan = Lan::new(1);
        let ends = tells_ends(&lan, everywhere(), flood);
        let _client = lan.network.client("client", "server:7").expect("it is there");
        // Everything has arrived, and is not read.
        lan.run_for(Duration::from_secs(1));
        lan.network.take_down("client");
        let began = lan.time();
        ends.expect_no_message(Duration::from_secs(60));
        if comes_back {
            lan.network.bring_up("client");
        }
        assert_eq!(ends.expect_message(LONG), kind);
        assert!(lan.time() - began <= within, "after {:?}", lan.time() - began);
        lan.run_for(LONG);
        assert_eq!(lan.network.open_ends(), 0);
    }
}

#[test]
fn who_waits_for_room_goes_on_after_a_partition_in_which_room_was_made() {
    let lan = Lan::new(1);
    let ends = tells_ends(&lan, everywhere(), flood);
    let mut client = lan.network.client("client", "server:7").expect("it is there");
    lan.run_for(Duration::from_secs(1));
    lan.network.cut("client", "server");
    client.bytes(128 * 1024).expect("they have arrived");
    lan.run_for(Duration::from_secs(10));
    lan.network.heal("client", "server");
    client.bytes(1024 * 1024).expect("it goes on");
    ends.expect_no_message(Duration::ZERO);
}

#[test]
fn an_idle_connection_whose_peer_has_vanished_knows_nothing_of_it() {
    let lan = Lan::new(1);
    let ends = tells_ends(&lan, everywhere(), echo);
    let _client = lan.network.client("client", "server:7").expect("it is there");
    lan.run_for(Duration::from_secs(1));
    lan.network.take_down("client");
    ends.expect_no_message(Duration::from_secs(24 * 3600));
}

#[test]
fn keep_alive_notices_a_peer_that_has_vanished_and_one_that_has_come_back() {
    let silence = Duration::from_secs(30);
    for (comes_back, kind, within) in
        [(false, "TimedOut", silence + Duration::from_secs(10)), (true, "gone", silence)]
    {
        let lan = Lan::new(1);
        let listen = everywhere().options(tcp::Options::new().keep_alive(silence));
        let ends = tells_ends(&lan, listen, echo);
        let _client = lan.network.client("client", "server:7").expect("it is there");
        lan.run_for(Duration::from_secs(1));
        lan.network.take_down("client");
        let began = lan.time();
        if comes_back {
            lan.network.bring_up("client");
        }
        assert_eq!(ends.expect_message(LONG), kind);
        let after = lan.time() - began;
        assert!(after <= within, "after {after:?}");
    }
}

#[test]
fn keep_alive_of_connections_that_are_fine_keeps_no_time_running() {
    let lan = Lan::new(1);
    let watchful = tcp::Options::new().keep_alive(Duration::from_secs(30));
    let ends = tells_ends(&lan, everywhere().options(watchful), echo);
    let _client = lan.network.client("client", "server:7").expect("it is there");
    lan.run_for(Duration::from_secs(1));
    assert_eq!(lan.simulation.step(None), Stepped::Stuck, "nothing is waited for but others");
    lan.network.partition("server", "client");
    lan.network.heal("server", "client");
    ends.expect_no_message(LONG);
}

#[test]
fn a_linger_of_zero_resets_what_is_closed() {
    let lan = Lan::new(1);
    let abrupt = tcp::Options::new().linger(Duration::ZERO);
    tells_ends(&lan, everywhere().options(abrupt), |_, _| {});
    let mut client = lan.network.client("client", "server:7").expect("it is there");
    let error = client.expect_end().expect_err("it is cut");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn connections_between_two_hosts_are_reset_and_counted() {
    let lan = Lan::new(1);
    let ends = tells_ends(&lan, everywhere(), echo);
    let mut clients: Vec<_> =
        (0..3).map(|_| lan.network.client("client", "server:7").expect("it is there")).collect();
    let mut other = lan.network.client("other", "server:7").expect("it is there");
    lan.run_for(Duration::from_secs(1));
    assert_eq!(lan.network.reset("client", "server"), 3);
    for client in &mut clients {
        assert_eq!(client.line().expect_err("reset").kind(), ErrorKind::ConnectionReset);
        assert_eq!(ends.expect_message(LONG), "gone");
    }
    other.send("still here\n").expect("it goes");
    assert_eq!(other.line().expect("an answer"), "still here");
}

#[test]
fn a_reset_that_is_lost_leaves_a_peer_that_learns_of_it_when_it_speaks() {
    let lan = Lan::new(1);
    let ends = tells_ends(&lan, everywhere(), echo);
    let mut client = lan.network.client("client", "server:7").expect("it is there");
    client.send("one\n").expect("it goes");
    assert_eq!(client.line().expect("an answer"), "one");
    // On its way when nothing comes through any more.
    client.send("two\n").expect("it goes");
    lan.run_for(LATENCY);
    lan.network.partition("server", "client");
    client.reset().expect("it is there");
    lan.run_for(Duration::from_secs(1));
    lan.network.heal("server", "client");
    // Its answer is sent anew, to nobody.
    assert_eq!(ends.expect_message(LONG), "gone");
    lan.run_for(LONG);
    assert_eq!(lan.network.open_ends(), 0);
}

/// Says goodbye to everybody, and wants to hear nothing.
fn goodbye(conn: &Connection, ctx: &mut Context<'_, Role<Msg>>) {
    let words = Source::iter([Bytes::from_static(b"goodbye\n")]);
    words.pipe(conn.writer()).start(ctx, |_| Msg::Ended);
}

#[test]
fn who_is_still_sending_reads_what_it_was_told_last() {
    let lan = Lan::new(1);
    let ends = tells_ends(&lan, everywhere(), goodbye);
    let mut client = lan.network.client("client", "server:7").expect("it is there");
    for _ in 0..100 {
        client.send("let me tell you\n").expect("it goes");
        lan.run_for(Duration::from_millis(10));
    }
    assert_eq!(client.line().expect("it was told"), "goodbye");
    client.expect_end().expect("and nothing else");
    client.finish().expect("it is there");
    assert_eq!(ends.expect_message(LONG), "well");
}

#[test]
fn who_is_told_goodbye_and_does_not_close_is_closed_after_five_seconds() {
    let lan = Lan::new(1);
    let ends = tells_ends(&lan, everywhere(), goodbye);
    let mut client = lan.network.client("client", "server:7").expect("it is there");
    assert_eq!(client.line().expect("it was told"), "goodbye");
    client.expect_end().expect("and nothing else");
    ends.expect_no_message(Duration::from_millis(4_900));
    assert_eq!(ends.expect_message(Duration::from_millis(200)), "well");
    client.send("is anybody there?\n").expect("it does not know yet");
    lan.run_for(Duration::from_secs(1));
    assert_eq!(client.send("hello?\n").expect_err("reset").kind(), ErrorKind::BrokenPipe);
}
