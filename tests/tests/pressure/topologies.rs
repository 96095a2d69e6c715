//! Graphs of senders: each runs dry, and without cycles each mailbox stays within its bound.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use roundsman::Runtime;
use roundsman_tests::patience::must_end;
use roundsman_tests::seeds;
use roundsman_tests::topologies::{acyclic_kinds, cyclic_kinds, gain, passes, source, spread};
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
            ..Node::default()
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
        while graph.flow() > FLOW_MAX {
            for node in &mut graph.nodes {
                node.items = node.items.div_ceil(2).min(node.items.saturating_sub(1));
                node.links.iter_mut().for_each(|link| link.copies = 1);
            }
        }
        graph
    })
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
