//! Graphs of senders: each runs dry, and without cycles each mailbox stays within its bound.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use roundsman::Runtime;
use roundsman_tests::patience::must_end;
use roundsman_tests::seeds;
use roundsman_tests::topology::{Link, Node, Topology};

/// The most messages that a random graph begins and passes on, about.
const FLOW_MAX: u64 = 4_000;

fn config(cases: u32) -> ProptestConfig {
    let rng_seed = seeds::asked_for().map_or(RngSeed::Random, RngSeed::Fixed);
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn a_random_acyclic_graph_runs_dry_within_its_bound(graph in acyclic(), seed: u64) {
        graph.run_bounded(Runtime::builder().simulated(seed));
    }

    #[test]
    fn a_random_graph_with_cycles_runs_dry(graph in cyclic(), seed: u64) {
        graph.run(Runtime::builder().simulated(seed));
    }
}

/// An actor of a graph of `nodes`, with links to wherever `0..nodes` leads.
fn node(nodes: usize) -> impl Strategy<Value = Node> {
    let link = (0..nodes, 1..3_u32, prop::sample::select(vec![30_u32, 60, 100]))
        .prop_map(|(to, copies, percent)| Link { to, copies, percent });
    let marks = prop::sample::select(vec![0_u32, 1, 4, 16, 64]);
    let items = prop_oneof![Just(0_u32), 1..60_u32];
    let links = prop::collection::vec(link, 0..4);
    (0..4_usize, marks, items, 1..9_u32, any::<bool>(), links).prop_map(
        |(home, high, items, burst, one_of, links)| Node {
            home,
            high,
            items,
            burst,
            hops: 64,
            one_of,
            links,
        },
    )
}

fn graph() -> impl Strategy<Value = Topology> {
    (1..5_usize, 2..12_usize).prop_flat_map(|(loops, nodes)| {
        prop::collection::vec(node(nodes), nodes).prop_map(move |mut nodes| {
            for node in &mut nodes {
                node.home %= loops;
            }
            Topology { loops, nodes }
        })
    })
}

/// Links lead forwards only.
fn acyclic() -> impl Strategy<Value = Topology> {
    graph().prop_map(|mut graph| {
        for (index, node) in graph.nodes.iter_mut().enumerate() {
            node.links.retain(|link| link.to > index);
        }
        // Whatever a node passes on is the sum of what comes in: thin it out where that explodes.
        while flow(&graph) > FLOW_MAX {
            for node in &mut graph.nodes {
                node.items = node.items.div_ceil(2).min(node.items.saturating_sub(1));
                node.links.iter_mut().for_each(|link| link.copies = 1);
            }
        }
        graph
    })
}

/// At most how many messages a graph without cycles handles.
fn flow(graph: &Topology) -> u64 {
    let mut before = vec![0_u64; graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        for link in &node.links {
            before[link.to] += u64::from(node.items * node.burst);
            before[link.to] += before[index] * u64::from(link.copies);
        }
    }
    before.iter().sum()
}

/// Links lead anywhere, also back to their own actor. On average a message makes at most one more.
fn cyclic() -> impl Strategy<Value = Topology> {
    graph().prop_map(|mut graph| {
        for node in &mut graph.nodes {
            node.hops = 10;
            node.one_of = true;
            for link in node.links.iter_mut().filter(|link| link.copies == 2) {
                link.percent = link.percent.min(50);
            }
        }
        graph
    })
}

/// Topologies with a name, spread over so many loops.
fn spread(loops: usize, nodes: Vec<Node>) -> Topology {
    let spread = nodes.into_iter().enumerate();
    Topology {
        loops,
        nodes: spread.map(|(index, node)| Node { home: index % loops, ..node }).collect(),
    }
}

fn source(items: u32, burst: u32, to: &[usize]) -> Node {
    Node { items, burst, hops: 64, high: 16, links: links(to), ..Node::default() }
}

fn passes(high: u32, to: &[usize]) -> Node {
    Node { high, links: links(to), ..Node::default() }
}

fn links(to: &[usize]) -> Vec<Link> {
    to.iter().map(|to| Link::to(*to)).collect()
}

/// Passes on so many copies, in so many cases of a hundred.
fn gain(high: u32, copies: u32, percent: u32, to: &[usize]) -> Node {
    let link = |to: &usize| Link { to: *to, copies, percent };
    Node { high, links: to.iter().map(link).collect(), ..Node::default() }
}

fn acyclic_kinds(loops: usize) -> Vec<(&'static str, Topology)> {
    let line = |length: usize| {
        let mut nodes = vec![source(100, 7, &[1])];
        nodes.extend((1..length).map(|index| passes(4, &[index + 1])));
        nodes.push(passes(4, &[]));
        nodes
    };
    let tree = || {
        let mut nodes = vec![source(30, 3, &[1, 2])];
        nodes.extend((1..7).map(|index| passes(8, &[2 * index + 1, 2 * index + 2])));
        nodes.extend((7..15).map(|_| passes(2, &[])));
        nodes
    };
    let gathers = || {
        let mut nodes: Vec<_> = (0..20).map(|_| source(30, 5, &[20])).collect();
        nodes.extend([passes(16, &[21]), passes(1, &[])]);
        nodes
    };
    let broker = || {
        let mut nodes: Vec<_> = (0..5).map(|_| source(30, 5, &[5])).collect();
        nodes.push(passes(16, &[6, 7, 8, 9, 10, 11]));
        nodes.extend((0..6).map(|_| passes(4, &[])));
        nodes
    };
    let diamond =
        || vec![source(300, 4, &[1, 2]), passes(8, &[3]), passes(1, &[3]), passes(2, &[])];
    let kinds = [
        ("a batch of 50 into a mailbox for 16", vec![source(40, 50, &[1]), passes(16, &[])]),
        ("more at once than an inbox should hold", vec![source(8, 3_000, &[1]), passes(16, &[])]),
        ("a line of 3", line(3)),
        ("a line of 40", line(40)),
        ("a tree", tree()),
        ("twenty to one", gathers()),
        ("a broker", broker()),
        ("a diamond with one slow side", diamond()),
    ];
    kinds.map(|(name, nodes)| (name, spread(loops, nodes))).into()
}

fn cyclic_kinds(loops: usize) -> Vec<(&'static str, Topology)> {
    let ring = |length: usize, high, copies, percent| {
        let mut nodes = vec![Node { hops: 24, ..source(200, 10, &[1]) }];
        nodes.extend((1..=length).map(|index| gain(high, copies, percent, &[index % length + 1])));
        nodes
    };
    let mutual = |pairs: usize, high| {
        let mut nodes = Vec::new();
        for pair in 0..pairs {
            nodes.extend([source(20, 10, &[2 * pair + 1]), source(20, 10, &[2 * pair])]);
        }
        let settle = |node: Node| Node { high, hops: 20, ..node };
        nodes.into_iter().map(settle).collect()
    };
    let mesh = |nodes: usize| {
        let others = |index| (0..nodes).filter(|other| *other != index).collect::<Vec<_>>();
        let node = |index: usize| Node {
            one_of: true,
            hops: 30,
            high: 2,
            ..source(10, 4, &others(index))
        };
        (0..nodes).map(node).collect()
    };
    let room = || {
        // One tells everybody, and each answers now and then.
        let mut nodes = vec![Node { high: 8, ..source(40, 2, &[1, 2, 3, 4, 5, 6, 7, 8]) }];
        nodes.extend((1..9).map(|_| gain(2, 1, 11, &[0])));
        nodes
    };
    let kinds = [
        ("a ring of 2 with gain 0.9", ring(2, 16, 1, 90)),
        ("a ring of 7 with gain 0.9 in pairs", ring(7, 4, 2, 45)),
        ("a ring of 5 with gain 1", ring(5, 1, 1, 100)),
        ("a pair that floods each other", mutual(1, 4)),
        ("four pairs with no room at all", mutual(4, 0)),
        ("everybody to everybody", mesh(9)),
        ("a room", room()),
    ];
    kinds.map(|(name, nodes)| (name, spread(loops, nodes))).into()
}

#[test]
fn every_acyclic_kind_runs_dry_within_its_bound() {
    seeds::each_world(6, 1..=4, |seed, loops| {
        for (_, topology) in acyclic_kinds(loops) {
            topology.run_bounded(Runtime::builder().simulated(seed));
        }
    });
}

#[test]
fn every_cyclic_kind_runs_dry() {
    seeds::each_world(3, 1..=4, |seed, loops| {
        for (_, topology) in cyclic_kinds(loops) {
            topology.run(Runtime::builder().simulated(seed));
        }
    });
}

#[test]
fn a_batch_overshoots_the_mark_by_no_more_than_itself() {
    seeds::each_world(20, [1], |seed, loops| {
        let batch = spread(loops, vec![source(40, 50, &[1]), passes(16, &[])]);
        let report = batch.run(Runtime::builder().simulated(seed));
        assert!((17..=66).contains(&report.most[1]), "16 and 50: {report:?}");
    });
}

#[test]
fn an_actor_waits_for_the_slow_one_of_two_whichever_it_sent_to_first() {
    for order in [[1, 2], [2, 1]] {
        seeds::each_world(10, 1..=3, |seed, loops| {
            // One message a turn; for each of its own, 2 must wait until 3 has handled 40.
            let slow = gain(16, 40, 100, &[3]);
            let nodes = vec![source(200, 4, &order), passes(16, &[]), slow, passes(4, &[])];
            spread(loops, nodes).run_bounded(Runtime::builder().simulated(seed).budget(1));
        });
    }
}

#[test]
fn real_loops_run_every_kind_dry_too() {
    must_end(|| {
        for loops in 1..=4 {
            for (_, topology) in acyclic_kinds(loops) {
                topology.run_bounded_on_threads(Runtime::builder());
            }
            for (_, topology) in cyclic_kinds(loops) {
                topology.run(Runtime::builder());
            }
        }
    });
}

#[test]
fn real_loops_that_wait_on_each_other_all_the_time_never_wait_in_a_circle() {
    must_end(|| {
        for (loops, hops) in [(2, 4_000), (3, 800)] {
            // Everybody sends to all who live elsewhere, with no room anywhere.
            let elsewhere =
                |index: usize| (0..6).filter(|to| to % loops != index % loops).collect();
            let node = |index| {
                let to: Vec<_> = elsewhere(index);
                Node { high: 0, hops, one_of: true, ..source(1, 20, &to) }
            };
            spread(loops, (0..6).map(node).collect()).run(Runtime::builder());
        }
    });
}
