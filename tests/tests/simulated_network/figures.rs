//! What can be computed of a simulated network: when something arrives, and that it always does so in the same way.

use std::time::Duration;

use roundsman::net::tcp;
use roundsman::sim::NetworkFaults;
use roundsman::stream::Source;
use roundsman_tests::seeds::seeds;

use crate::Pair;
use crate::lan::{LATENCY, Lan, Served, everywhere, pattern, serve};

#[test]
fn an_echo_takes_two_ways_and_a_handshake_two_before() {
    let lan = Lan::with_echo(1, everywhere());
    let mut client = lan.network.client("client", "server:7").expect("it is there");
    assert_eq!(lan.time(), 2 * LATENCY);
    client.send("hello\n").expect("it goes");
    assert_eq!(client.line().expect("an answer"), "hello");
    assert_eq!(lan.time(), 4 * LATENCY);
}

#[test]
fn each_direction_between_two_hosts_may_have_a_latency_of_its_own() {
    let lan = Lan::with_echo(1, everywhere());
    let mut client = lan.network.client("client", "server:7").expect("it is there");
    let (there, back) = (Duration::from_millis(30), Duration::from_millis(500));
    lan.network.latency_between("client", "server", there..there);
    lan.network.latency_between("server", "client", back..back);
    let began = lan.time();
    client.send("hello\n").expect("it goes");
    assert_eq!(client.line().expect("an answer"), "hello");
    assert_eq!(lan.time() - began, there + back);
}

#[test]
fn a_million_bytes_take_a_second_over_a_line_of_a_million_bytes_a_second() {
    let lan = Lan::new(1);
    lan.network.bandwidth(Some(1_000_000));
    let send = |conn: roundsman::net::Connection, ctx: &mut roundsman::Context<'_, _>| {
        Source::iter([pattern(1_000_000)]).pipe(conn.writer()).start(ctx, |_| Served::Ended);
    };
    lan.launch("server", 1, serve(vec![everywhere()], send));
    lan.run_for(Duration::ZERO);
    let mut client = lan.network.client("client", "server:7").expect("it is there");
    let got = client.bytes(1_000_000).expect("they come");
    // The service has heard of its client after three ways; what is sent last travels one.
    assert_eq!(lan.time(), Duration::from_secs(1) + 4 * LATENCY);
    assert!(got == pattern(1_000_000), "in order");
    client.expect_end().expect("in good order");
}

#[test]
fn a_connection_holds_no_more_than_its_window() {
    let lan = Lan::with_echo(1, tcp::listener("0.0.0.0:7").max_connections(1));
    lan.network.window(10_000);
    let mut client = lan.network.client("client", "server:7").expect("it is there");
    client.patience(Duration::from_secs(5));
    // Both directions, and what the echo has in hand: two links of 64 KiB at most.
    let error = client.send(vec![0; 2 * 10_000 + 2 * 65_536 + 1]).expect_err("nobody reads");
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn one_seed_is_one_course_of_events() {
    let run = |seed| {
        let pair = Pair::new(seed, 200_000);
        pair.network.faults(NetworkFaults {
            resets: 200,
            odd_blocks: 200_000,
            short_reads: 200_000,
            short_writes: 200_000,
            ..NetworkFaults::none()
        });
        pair.run_until_busy();
        pair.network.partition("server", "client");
        pair.run_for(Duration::from_millis(300));
        pair.network.heal("server", "client");
        pair.run();
        let got = pair.seen.lock().expect("nobody has panicked").got.take();
        let got = got
            .map(|got| got.map(|pieces| pieces.iter().map(bytes::Bytes::len).collect::<Vec<_>>()));
        let simulation = &pair.simulation;
        (simulation.steps(), simulation.now(), pair.network.operations(), format!("{got:?}"))
    };
    let all: Vec<_> = seeds(10).map(run).collect();
    for (seed, course) in seeds(10).zip(&all) {
        assert_eq!(run(seed), *course, "seed {seed}");
    }
    let others = all.windows(2).filter(|two| two[0].0 != two[1].0).count();
    assert!(all.len() == 1 || others > 0, "another seed is another course");
}
