//! What else goes over a simulated network: Unix sockets, TLS, and connections on several loops.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{Connect, Connection, tcp, tls, unix};
use roundsman::sim::{NetworkFaults, Probe};
use roundsman::stream::{Source, StreamContext};
use roundsman::{Address, Context};
use roundsman_tests::certificates::Authority;
use roundsman_tests::role::Role;
use roundsman_tests::seeds::seeds;

use crate::lan::{LONG, Lan, Served, everywhere, pattern, serve};

enum Asked {
    Connected(Result<Connection, String>),
    Got(Result<Vec<Bytes>, String>),
    Sent,
}

/// Sends so many bytes over a connection that `connect` begins, and tells what comes back.
fn ask(
    lan: &Lan,
    from: &str,
    bytes: usize,
    connect: impl FnOnce(&mut Context<'_, Role<Asked>>) + 'static,
) -> Probe<Result<usize, String>> {
    lan.tell(from, |tell: Address<Result<usize, String>>| {
        Role::new(move |message, ctx: &mut Context<'_, Role<Asked>>| {
            match message {
                Asked::Connected(Err(error)) => tell.send(Err(error))?,
                Asked::Connected(Ok(conn)) => {
                    let all = Source::iter([pattern(bytes)]).pipe(conn.writer());
                    all.start(ctx, |_| Asked::Sent);
                    let got = conn.reader().collect();
                    got.start(ctx, |got| Asked::Got(got.map_err(|error| error.to_string())));
                }
                Asked::Sent => {}
                Asked::Got(got) => {
                    tell.send(got.map(|pieces| {
                        let got = pieces.concat();
                        assert!(got == pattern(got.len()), "in order");
                        got.len()
                    }))?;
                }
            }
            Ok(())
        })
        .started(move |ctx| {
            connect(ctx);
            Ok(())
        })
    })
}

fn plainly(connect: Connect) -> impl FnOnce(&mut Context<'_, Role<Asked>>) {
    |ctx| connect.start(ctx, |result| Asked::Connected(result.map_err(|error| error.to_string())))
}

const ROUGH: NetworkFaults = NetworkFaults {
    short_reads: 300_000,
    short_writes: 300_000,
    odd_blocks: 300_000,
    resets: 0,
    no_descriptors: 0,
    lost: 0,
    doubled: 0,
};

#[test]
fn unix_sockets_are_those_of_their_host() {
    let make: [(_, fn() -> Connect); 2] = [
        (unix::listener("/run/echo"), || unix::connect("/run/echo")),
        (unix::abstract_listener("echo"), || unix::connect_abstract("echo")),
    ];
    for (listen, connect) in make {
        let lan = Lan::with_echo(1, listen);
        lan.network.faults(ROUGH);
        let near = ask(&lan, "server", 300_000, plainly(connect()));
        assert_eq!(near.expect_message(LONG), Ok(300_000));
        let far = ask(&lan, "client", 1, plainly(connect()));
        far.expect_message(LONG).expect_err("nobody listens there");
        lan.run_for(LONG);
        assert_eq!(lan.network.open_ends(), 0);
    }
}

#[test]
fn tls_goes_over_it() {
    let authority = Authority::new();
    let files = authority.issue("server");
    let server = tls::server(&files.certificate, &files.key).build().expect("its files are there");
    let client = tls::client().roots(authority.root()).build().expect("its file is there");
    for seed in seeds(10) {
        let lan = Lan::new(seed);
        lan.network.faults(ROUGH);
        let server = server.clone();
        lan.launch("server", 1, move || {
            Role::new(|message, ctx: &mut Context<'_, Role<Served>>| {
                if let Served::Accepted(conn) = message {
                    conn.reader().pipe(conn.writer()).start(ctx, |_| Served::Ended);
                }
                Ok(())
            })
            .started(move |ctx| {
                let incoming = everywhere().bind()?.incoming().through(tls::accept(&server));
                incoming.pipe(ctx.inlet(Served::Accepted)).start(ctx, |_| Served::Ended);
                Ok(())
            })
        });
        lan.run_for(Duration::ZERO);
        let client = client.clone();
        let asked = ask(&lan, "client", 100_000, move |ctx| {
            let attempt = client.connect(tcp::connect("server:7"));
            attempt
                .start(ctx, |result| Asked::Connected(result.map_err(|error| error.to_string())));
        });
        assert_eq!(asked.expect_message(LONG), Ok(100_000), "seed {seed}");
    }
}

#[test]
fn connections_are_spread_over_the_loops_of_a_host() {
    for seed in seeds(10) {
        let lan = Lan::new(seed);
        lan.network.faults(ROUGH);
        let homes = Arc::<Mutex<Vec<usize>>>::default();
        let seen = Arc::clone(&homes);
        lan.launch(
            "server",
            4,
            serve(vec![everywhere().spread()], move |conn, ctx| {
                seen.lock().expect("nobody has panicked").extend(conn.home());
                conn.reader().pipe(conn.writer()).start(ctx, |_| Served::Ended);
            }),
        );
        lan.run_for(Duration::ZERO);
        let mut clients: Vec<_> = (0..8)
            .map(|_| lan.network.client("client", "server:7").expect("it is there"))
            .collect();
        for client in &mut clients {
            client.send("hello\n").expect("it goes");
        }
        for client in &mut clients {
            assert_eq!(client.line().expect("an answer"), "hello", "seed {seed}");
        }
        let mut homes = homes.lock().expect("nobody has panicked").clone();
        homes.sort_unstable();
        assert_eq!(homes, [0, 0, 1, 1, 2, 2, 3, 3]);
    }
}

#[test]
fn a_connection_that_moves_from_loop_to_loop_loses_nothing() {
    for seed in seeds(20) {
        let lan = Lan::new(seed);
        lan.network.faults(ROUGH);
        lan.launch(
            "server",
            3,
            serve(vec![everywhere()], |conn, ctx| {
                let (whole, mut moves) = (conn.clone(), 0);
                let moving = conn.reader().map(move |piece: Bytes| {
                    moves += 1;
                    whole.move_to(moves);
                    piece
                });
                moving.pipe(conn.writer()).start(ctx, |_| Served::Ended);
            }),
        );
        lan.run_for(Duration::ZERO);
        let asked = ask(&lan, "client", 300_000, plainly(tcp::connect("server:7")));
        assert_eq!(asked.expect_message(LONG), Ok(300_000), "seed {seed}");
    }
}
