//! How connections are made on a simulated network, and why not.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use roundsman::dns::{self, Addresses, LookupError};
use roundsman::net::{Listener, tcp};
use roundsman::{Address, Context};
use roundsman_tests::role::Role;
use roundsman_tests::seeds::seeds;

use crate::lan::{LATENCY, LONG, Lan, Served, everywhere, serve};

fn server() -> SocketAddr {
    "10.0.0.1:7".parse().expect("an address")
}

#[test]
fn names_of_hosts_are_looked_up_and_localhost_is_each_hosts_own() {
    let lan = Lan::with_echo(1, everywhere());
    let probe = lan.tell("client", |tell: Address<String>| {
        type Found = (&'static str, Result<Addresses, LookupError>);
        Role::new(move |(name, found): Found, _: &mut Context<'_, _>| {
            let text = match found {
                Ok(found) => {
                    let found = found.with_port(0);
                    found.iter().map(|at| at.ip().to_string()).collect::<Vec<_>>().join(" ")
                }
                Err(LookupError::NotFound { .. }) => "not found".to_owned(),
                Err(error) => error.to_string(),
            };
            Ok(tell.send(format!("{name}: {text}"))?)
        })
        .started(|ctx| {
            for name in ["server", "Client", "localhost", "nobody"] {
                dns::lookup(name).start(ctx, move |found| (name, found));
            }
            Ok(())
        })
    });
    let expected = [
        "server: 10.0.0.1 fd00::1",
        "Client: 10.0.0.2 fd00::2",
        "localhost: 127.0.0.1 ::1",
        "nobody: not found",
    ];
    probe.expect_in_any_order(LONG, expected.map(str::to_owned));
}

#[test]
fn who_wishes_in_vain_is_let_in_by_the_wish_after_the_way_is_healed_in_either_direction() {
    for (from, to) in [("client", "server"), ("server", "client")] {
        let lan = Lan::with_echo(1, everywhere());
        let idle = lan.tell("client", |_: Address<()>| Role::<()>::idle());
        lan.network.cut(from, to);
        let dialed = lan.dial("client", tcp::connect(server()));
        lan.run_for(Duration::from_secs(5));
        lan.network.heal("client", "server");
        assert_eq!(dialed.expect_message(LONG), "connected");
        // Wishes go out after 0, 1, 3 and 7 seconds.
        assert_eq!(lan.time(), Duration::from_secs(7) + 2 * LATENCY, "{from} to {to}");
        drop(idle);
    }
}

#[test]
fn a_wish_that_nobody_answers_is_given_up_by_the_attempt_or_the_network() {
    for (timeout, after) in [(30, 30), (3600, 127)] {
        let lan = Lan::with_echo(1, everywhere());
        lan.tell("client", |_: Address<()>| Role::<()>::idle());
        lan.network.cut("server", "client");
        let connect = tcp::connect(server()).timeout(Duration::from_secs(timeout));
        let dialed = lan.dial("client", connect);
        assert_eq!(dialed.expect_message(LONG), "TimedOut");
        assert_eq!(lan.time(), Duration::from_secs(after));
        drop(dialed);
        lan.network.heal_all();
        lan.run_for(LONG);
        assert_eq!(lan.network.open_ends(), 0);
    }
}

#[test]
fn a_host_that_is_down_answers_nobody_and_one_without_a_service_refuses() {
    let lan = Lan::with_echo(1, everywhere());
    lan.network.take_down("server");
    let dialed = lan.dial("client", tcp::connect(server()));
    lan.run_for(Duration::from_secs(2));
    lan.network.bring_up("server");
    // The service went with its host.
    assert_eq!(dialed.expect_message(LONG), "ConnectionRefused");
    assert_eq!(lan.time(), Duration::from_secs(3) + 2 * LATENCY);
}

#[test]
fn who_connects_where_no_host_is_or_from_where_it_is_not_is_told_at_once() {
    let lan = Lan::with_echo(1, everywhere());
    let nowhere: SocketAddr = "10.9.9.9:7".parse().expect("an address");
    let others: SocketAddr = "10.0.0.1:0".parse().expect("an address");
    let own: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    for (connect, called) in [
        (tcp::connect(nowhere), "NetworkUnreachable"),
        (tcp::connect(server()).local_address(others), "AddrNotAvailable"),
        (tcp::connect(server()).local_address(own), "InvalidInput"),
    ] {
        assert_eq!(lan.dial("client", connect).expect_message(Duration::ZERO), called);
    }
}

#[test]
fn a_full_backlog_keeps_others_waiting_and_a_listener_that_goes_resets_who_waits() {
    let lan = Lan::new(1);
    let probe = lan.tell("server", |tell: Address<Address<()>>| {
        let mut listener: Option<Listener> = None;
        let mut tell = Some(tell);
        Role::new(move |(), ctx: &mut Context<'_, Role<()>>| {
            match tell.take() {
                Some(tell) => {
                    listener = Some(everywhere().backlog(2).bind()?);
                    tell.send(ctx.address())?;
                }
                None => drop(listener.take()),
            }
            Ok(())
        })
        .started(|ctx| {
            // A listener that accepts nobody keeps nothing alive.
            ctx.send_after(100 * LONG, ());
            Ok(ctx.address().send(())?)
        })
    });
    let service = probe.expect_message(LONG);
    let mut waiting =
        Vec::from_iter((0..2).map(|_| {
            lan.network.client("client", "server:7").expect("there is room in the backlog")
        }));
    let third = lan.network.client("client", "server:7").expect_err("there is none");
    assert_eq!(third.kind(), ErrorKind::TimedOut);
    service.send(()).expect("it is there");
    for client in &mut waiting {
        assert_eq!(client.bytes(1).expect_err("it is cut").kind(), ErrorKind::ConnectionReset);
    }
    let refused = lan.network.client("client", "server:7").expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    drop(waiting);
    lan.run_for(LONG);
    assert_eq!(lan.network.open_ends(), 0);
}

#[test]
fn a_service_without_descriptors_accepts_who_waits_once_it_has_some() {
    let lan = Lan::with_echo(1, everywhere());
    // One is the listener's.
    lan.network.descriptors("server", 2);
    let mut first = lan.network.client("client", "server:7").expect("it is there");
    first.send("first\n").expect("it goes");
    assert_eq!(first.line().expect("an answer"), "first");
    let mut second = lan.network.client("client", "server:7").expect("the backlog has room");
    second.send("second\n").expect("it goes");
    second.expect_nothing(Duration::from_secs(10)).expect("it is not accepted");
    drop(first);
    let began = lan.time();
    assert_eq!(second.line().expect("an answer"), "second");
    let waited = lan.time() - began;
    assert!(waited <= Duration::from_secs(1) + 4 * LATENCY, "it waited for {waited:?}");
}

#[test]
fn a_host_without_descriptors_neither_connects_nor_listens() {
    let lan = Lan::with_echo(1, everywhere());
    lan.network.client("client", "server:7").expect("it is there");
    lan.network.descriptors("client", 0);
    let error = lan.network.client("client", "server:7").expect_err("no descriptor");
    assert_eq!(error.raw_os_error(), Some(24));
    let probe = lan.tell("client", |tell: Address<Option<i32>>| {
        Role::<()>::idle().started(move |_| {
            let error = tcp::listen("0.0.0.0:8").expect_err("no descriptor");
            let source = std::error::Error::source(&error).expect("what the OS said");
            let source = source.downcast_ref::<std::io::Error>().expect("an I/O error");
            Ok(tell.send(source.raw_os_error())?)
        })
    });
    assert_eq!(probe.expect_message(LONG), Some(24));
}

#[test]
fn a_service_is_reached_at_the_addresses_at_which_it_listens() {
    let [v4, v6] = ["10.0.0.1", "fd00::1"];
    for (listen, from, to, called) in [
        (tcp::listener("0.0.0.0:7"), "client", v4, "connected"),
        (tcp::listener("0.0.0.0:7"), "client", v6, "ConnectionRefused"),
        (tcp::listener("[::]:7"), "client", v4, "connected"),
        (tcp::listener("[::]:7"), "client", v6, "connected"),
        (tcp::listener("[::]:7").only_v6(true), "client", v4, "ConnectionRefused"),
        (tcp::listener("[::]:7").only_v6(true), "client", v6, "connected"),
        (tcp::listener("*:7"), "client", v4, "connected"),
        (tcp::listener("*:7"), "server", "0.0.0.0", "connected"),
        (tcp::listener("localhost:7"), "client", v4, "ConnectionRefused"),
        (tcp::listener("localhost:7"), "server", v4, "ConnectionRefused"),
        (tcp::listener("localhost:7"), "server", "127.0.0.1", "connected"),
        (tcp::listener("localhost:7"), "server", "::1", "connected"),
        (tcp::listener("10.0.0.1:7"), "server", "127.0.0.1", "ConnectionRefused"),
        (tcp::listener("10.0.0.1:7"), "server", v4, "connected"),
    ] {
        let case = format!("{listen:?} from {from} to {to}");
        let lan = Lan::with_echo(1, listen);
        let to: IpAddr = to.parse().expect("an address");
        assert_eq!(lan.dial(from, tcp::connect((to, 7))).expect_message(LONG), called, "{case}");
    }
}

#[test]
fn of_several_that_share_a_port_each_gets_some() {
    let lan = Lan::new(1);
    let shared = || everywhere().reuse_port(true);
    let named = |name: &'static str| {
        serve(vec![shared()], move |conn, ctx| {
            let name =
                roundsman::stream::Source::iter([bytes::Bytes::from_static(name.as_bytes())]);
            name.pipe(conn.writer()).start(ctx, |_| Served::Ended);
        })
    };
    lan.launch("server", 1, named("one\n"));
    lan.launch("server", 1, named("two\n"));
    lan.run_for(Duration::ZERO);
    let answer = || {
        let mut client = lan.network.client("client", "server:7").expect("it is there");
        client.line().expect("a name")
    };
    let answers: std::collections::BTreeSet<_> = (0..20).map(|_| answer()).collect();
    assert_eq!(Vec::from_iter(answers), ["one", "two"]);
}

#[test]
fn a_port_that_is_taken_is_refused_and_free_again_after_its_listener() {
    let lan = Lan::new(1);
    let probe = lan.tell("server", |tell: Address<Vec<Option<ErrorKind>>>| {
        Role::<()>::idle().started(move |_| {
            let bind = |address: &str| tcp::listen(address);
            let first = bind("0.0.0.0:7")?;
            let taken = ["0.0.0.0:7", "10.0.0.1:7", "[::]:7", "10.0.0.9:7", "0.0.0.0:8"];
            let mut kinds: Vec<_> =
                taken.iter().map(|address| bind(address).err().map(|error| error.kind())).collect();
            drop(first);
            kinds.push(bind("0.0.0.0:7").err().map(|error| error.kind()));
            Ok(tell.send(kinds)?)
        })
    });
    let (taken, other) = (Some(ErrorKind::AddrInUse), Some(ErrorKind::AddrNotAvailable));
    assert_eq!(probe.expect_message(LONG), [taken, taken, taken, other, None, None]);
}

#[test]
fn ten_thousand_connections_leave_nothing_behind() {
    let lan = Lan::with_echo(1, everywhere());
    for number in 0..10_000 {
        let mut client = lan.network.client("client", "server:7").expect("it is there");
        match number % 4 {
            0 => drop(client),
            1 => client.reset().expect("it is there"),
            2 => client.finish().expect("it is there"),
            _ => client.send("x").expect("it goes"),
        }
    }
    lan.run_for(LONG);
    assert_eq!(lan.network.open_ends(), 0);
}

#[test]
fn connections_that_fail_anywhere_leave_nothing_behind() {
    for seed in seeds(20) {
        let lan = Lan::with_echo(seed, everywhere());
        lan.network.latency(Duration::from_micros(50)..Duration::from_millis(2));
        lan.network.faults(roundsman::sim::NetworkFaults {
            resets: 100_000,
            no_descriptors: 100_000,
            ..Default::default()
        });
        for _ in 0..100 {
            if let Ok(mut client) = lan.network.client("client", "server:7") {
                // Whatever becomes of it.
                let _ = client.send("some words\n").and_then(|()| client.line());
            }
        }
        lan.run_for(LONG);
        assert_eq!(lan.network.open_ends(), 0, "seed {seed}");
    }
}
