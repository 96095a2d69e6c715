//! Datagrams on a simulated network: lost, doubled, overtaken, refused.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::udp::{self, Bind, Datagram, Interface, MulticastError, Outgoing};
use roundsman::net::{UdpSocket, tcp};
use roundsman::sim::{NetworkFaults, Probe};
use roundsman::stream::{Item, PipeError, StreamContext, Summary};
use roundsman::{Address, Context};
use roundsman_tests::role::Role;
use roundsman_tests::seeds::seeds;

use crate::lan::{LATENCY, LONG, Lan};

enum Msg {
    Came(Item<Datagram>),
    Joined(Result<(), MulticastError>),
    Failed(Option<ErrorKind>),
}

fn ended(result: Result<Summary, PipeError>) -> Msg {
    Msg::Failed(result.err().and_then(|error| error.io_kind()))
}

/// A host that tells what comes, as "from: text", or with what its reader has failed.
fn hears(lan: &Lan, name: &str, bind: Bind, group: Option<&str>) -> Probe<String> {
    let group = group.map(|group| group.parse().expect("an address"));
    let probe = lan.tell(name, |tell: Address<String>| {
        Role::new(move |message, _: &mut Context<'_, Role<Msg>>| {
            match message {
                Msg::Came(datagram) => {
                    let text = String::from_utf8_lossy(&datagram.bytes);
                    tell.send(format!("{}: {text}", datagram.peer.ip()))?;
                }
                Msg::Joined(joined) => joined?,
                Msg::Failed(kind) => tell.send(format!("{kind:?}"))?,
            }
            Ok(())
        })
        .started(move |ctx| {
            let socket = bind.bind()?;
            socket.reader().pipe(ctx.inlet(Msg::Came)).start(ctx, ended);
            if let Some(group) = group {
                socket.join(group, Interface::Any).start(ctx, Msg::Joined);
            }
            Ok(())
        })
    });
    lan.run_for(Duration::ZERO);
    probe
}

/// A host that sends these, a millisecond apart, and tells with what its reader fails.
fn sends(lan: &Lan, name: &str, bind: Bind, to: &str, all: Vec<Bytes>) -> Probe<Option<ErrorKind>> {
    let to: SocketAddr = to.parse().expect("an address");
    lan.tell(name, |tell: Address<Option<ErrorKind>>| {
        let mut rest = all.into_iter();
        let mut socket: Option<UdpSocket> = None;
        Role::new(move |message, ctx: &mut Context<'_, Role<Option<Msg>>>| {
            match message {
                Some(Msg::Failed(kind)) => tell.send(kind)?,
                Some(Msg::Came(_) | Msg::Joined(_)) => {}
                None => {
                    let socket = socket.get_or_insert_with(|| {
                        let socket = bind.clone().bind().expect("a port");
                        let reading = socket.reader().pipe(ctx.inlet(|came| Some(Msg::Came(came))));
                        reading.start(ctx, |result| Some(ended(result)));
                        socket
                    });
                    if let Some(bytes) = rest.next() {
                        let outgoing = Outgoing::to(to, bytes.clone());
                        let connected = socket.peer().is_some();
                        socket.send(ctx, if connected { bytes.into() } else { outgoing })?;
                        ctx.send_after(LATENCY, None);
                    }
                }
            }
            Ok(())
        })
        .started(|ctx| Ok(ctx.address().send(None)?))
    })
}

fn any() -> Bind {
    udp::socket("0.0.0.0:0")
}

fn numbers(count: usize) -> Vec<Bytes> {
    (0..count).map(|number| Bytes::from(number.to_string())).collect()
}

#[test]
fn a_datagram_comes_from_the_address_of_its_host_in_the_family_of_its_receiver() {
    for (bound, from, to, peer) in [
        ("0.0.0.0:9", "0.0.0.0:0", "10.0.0.1:9", "10.0.0.2"),
        ("[::]:9", "[::]:0", "10.0.0.1:9", "10.0.0.2"),
        ("[::]:9", "[::]:0", "[fd00::1]:9", "fd00::2"),
        ("[::]:9", "10.0.0.2:0", "10.0.0.1:9", "10.0.0.2"),
    ] {
        let lan = Lan::new(1);
        let heard = hears(&lan, "server", udp::socket(bound), None);
        let _sender = sends(&lan, "client", udp::socket(from), to, numbers(1));
        assert_eq!(heard.expect_message(LONG), format!("{peer}: 0"));
        assert_eq!(lan.time(), LATENCY);
    }
}

#[test]
fn datagrams_are_lost_and_doubled_as_often_as_is_said() {
    let count = |lost, doubled| {
        let lan = Lan::new(1);
        lan.network.faults(NetworkFaults { lost, doubled, ..NetworkFaults::none() });
        let heard = hears(&lan, "server", udp::socket("0.0.0.0:9"), None);
        let _sender = sends(&lan, "client", any(), "10.0.0.1:9", numbers(1_000));
        lan.run_for(Duration::from_secs(10));
        heard.take_all().len()
    };
    assert_eq!(count(0, 0), 1_000);
    assert_eq!(count(1_000_000, 0), 0);
    assert_eq!(count(0, 1_000_000), 2_000);
    let some = count(100_000, 0);
    assert!((800..1_000).contains(&some), "a tenth of them is lost: {some} came");
}

#[test]
fn datagrams_overtake_each_other_and_odd_moments_lose_none() {
    let mut overtaken = 0;
    for seed in seeds(20) {
        let lan = Lan::new(seed);
        lan.network.latency(LATENCY..50 * LATENCY);
        lan.network.faults(NetworkFaults { odd_blocks: 500_000, ..NetworkFaults::none() });
        let heard = hears(&lan, "server", udp::socket("0.0.0.0:9"), None);
        let _sender = sends(&lan, "client", any(), "10.0.0.1:9", numbers(100));
        lan.run_for(Duration::from_secs(10));
        let came = heard.take_all();
        let number = |text: &String| text.rsplit(' ').next().map(|text| text.parse::<usize>());
        let mut came: Vec<_> = came.iter().map(|text| number(text).unwrap().unwrap()).collect();
        overtaken += usize::from(!came.is_sorted());
        came.sort_unstable();
        assert_eq!(came, Vec::from_iter(0..100), "seed {seed}");
    }
    assert!(overtaken > 0);
}

#[test]
fn who_is_connected_hears_that_nobody_is_bound_there_and_others_do_not() {
    let to: SocketAddr = "10.0.0.1:9".parse().expect("an address");
    for (bind, cut, told) in [
        (any().connect(to), false, Some(Some(ErrorKind::ConnectionRefused))),
        (any().connect(to), true, None),
        (any(), false, None),
    ] {
        let lan = Lan::new(1);
        let _idle = lan.tell("server", |_: Address<()>| Role::<()>::idle());
        let _other = lan.tell("client", |_: Address<()>| Role::<()>::idle());
        if cut {
            // It comes, and what is said of it does not.
            lan.network.cut("server", "client");
        }
        let sender = sends(&lan, "client", bind, "10.0.0.1:9", numbers(1));
        lan.run_for(Duration::from_secs(1));
        assert_eq!(sender.take_all().first().copied(), told);
    }
}

#[test]
fn datagrams_are_lost_in_a_partition_and_come_again_after_it() {
    let lan = Lan::new(1);
    let heard = hears(&lan, "server", udp::socket("0.0.0.0:9"), None);
    let _sender = sends(&lan, "client", any(), "10.0.0.1:9", numbers(100));
    lan.run_for(20 * LATENCY + LATENCY / 2);
    lan.network.cut("client", "server");
    lan.run_for(30 * LATENCY);
    lan.network.heal("client", "server");
    lan.run_for(Duration::from_secs(1));
    let came = heard.take_all().len();
    assert_eq!(came, 70);
}

#[test]
fn a_connected_socket_takes_what_comes_from_its_peer_ahead_of_one_that_takes_all() {
    let lan = Lan::new(1);
    let peer: SocketAddr = "10.0.0.2:5".parse().expect("an address");
    let _hosts =
        ["server", "client"].map(|name| lan.tell(name, |_: Address<()>| Role::<()>::idle()));
    let shared = || udp::socket("0.0.0.0:9").reuse_port(true);
    let all = hears(&lan, "server", shared(), None);
    let one = hears(&lan, "server", shared().connect(peer), None);
    let _first = sends(&lan, "client", udp::socket("0.0.0.0:5"), "10.0.0.1:9", numbers(3));
    let _other = sends(&lan, "client", udp::socket("0.0.0.0:6"), "10.0.0.1:9", numbers(4));
    lan.run_for(Duration::from_secs(1));
    assert_eq!((one.take_all().len(), all.take_all().len()), (3, 4));
}

#[test]
fn what_is_sent_to_a_group_comes_to_all_that_have_joined_it() {
    let lan = Lan::new(1);
    let bind = || udp::socket("0.0.0.0:9").reuse_address(true);
    let joined = ["one", "two"].map(|name| hears(&lan, name, bind(), Some("239.1.2.3")));
    let apart = hears(&lan, "three", bind(), None);
    let _sender = sends(&lan, "four", any(), "239.1.2.3:9", numbers(1));
    for probe in joined {
        assert_eq!(probe.expect_message(LONG), "10.0.0.4: 0");
    }
    apart.expect_no_message(LONG);
}

#[test]
fn a_line_that_is_slow_takes_its_time_for_each_datagram_and_loses_none() {
    let lan = Lan::new(1);
    lan.network.bandwidth(Some(1_000_000));
    let heard = hears(&lan, "server", udp::socket("0.0.0.0:9"), None);
    // 50 of 10,000 bytes each: ten milliseconds a piece.
    let all = vec![Bytes::from(vec![b'x'; 10_000]); 50];
    let _sender = sends(&lan, "client", any(), "10.0.0.1:9", all);
    for _ in 0..50 {
        heard.expect_message(LONG);
    }
    assert_eq!(lan.time(), Duration::from_millis(500) + LATENCY);
}

#[test]
fn a_port_of_tcp_is_another_than_that_of_udp() {
    let lan = Lan::new(1);
    let probe = lan.tell("server", |tell: Address<[bool; 3]>| {
        Role::<()>::idle().started(move |_| {
            let tcp = tcp::listen("0.0.0.0:9");
            let udp = udp::socket("0.0.0.0:9").bind();
            let again = udp::socket("0.0.0.0:9").bind();
            Ok(tell.send([tcp.is_ok(), udp.is_ok(), again.is_ok()])?)
        })
    });
    assert_eq!(probe.expect_message(LONG), [true, true, false]);
}
