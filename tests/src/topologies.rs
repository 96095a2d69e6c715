//! Topologies: those with a name, and such as the choices of a simulation make.

use std::time::Duration;

use roundsman::sim::Sim;

use crate::topology::{Link, Manner, Node, Topology};

/// The most messages that a drawn graph begins and passes on, about.
const FLOW_MAX: u64 = 1_000;

/// A graph without cycles, drawn.
#[must_use]
pub fn acyclic(sim: &Sim) -> Topology {
    let mut graph = drawn(sim);
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
}

/// A graph whose links lead anywhere, also back to their own actor, drawn. On average a message makes less than one more.
#[must_use]
pub fn cyclic(sim: &Sim) -> Topology {
    let mut graph = drawn(sim);
    for node in &mut graph.nodes {
        (node.hops, node.one_of, node.items) = (10, true, node.items.min(8));
        for link in &mut node.links {
            link.percent = if link.copies == 2 { 45 } else { link.percent.min(90) };
        }
    }
    graph
}

fn drawn(sim: &Sim) -> Topology {
    let (loops, nodes) = (1 + sim.below(4), 2 + sim.below(8));
    let mut links = |_| {
        let copies = 1 + sim.below(2) as u32;
        Link { to: sim.below(nodes), copies, percent: sim.pick(&[100, 60, 30]) }
    };
    let mut node = |_| {
        let begins = sim.below(2) == 1;
        Node {
            home: sim.below(loops),
            high: sim.pick(&[16, 4, 1, 0]),
            items: if begins { 1 + sim.below(40) as u32 } else { 0 },
            burst: 1 + sim.below(8) as u32,
            hops: 64,
            one_of: sim.below(2) == 1,
            manner: sim.pick(&[
                Manner::Sends,
                Manner::Sends,
                Manner::Sends,
                Manner::Tries,
                Manner::Asks,
                Manner::AfterAJob,
            ]),
            holds: sim.pick(&[Duration::ZERO, Duration::ZERO, Duration::from_millis(20)]),
            links: (0..sim.below(4)).map(&mut links).collect(),
        }
    };
    Topology { loops, nodes: (0..nodes).map(&mut node).collect() }
}

/// Topologies with a name, spread over so many loops.
#[must_use]
pub fn spread(loops: usize, nodes: Vec<Node>) -> Topology {
    let spread = nodes.into_iter().enumerate();
    Topology {
        loops,
        nodes: spread.map(|(index, node)| Node { home: index % loops, ..node }).collect(),
    }
}

/// Begins so often, with so many messages to each.
#[must_use]
pub fn source(items: u32, burst: u32, to: &[usize]) -> Node {
    Node { items, burst, hops: 64, high: 16, links: links(to), ..Node::default() }
}

/// Passes everything on to each.
#[must_use]
pub fn passes(high: u32, to: &[usize]) -> Node {
    Node { high, links: links(to), ..Node::default() }
}

fn links(to: &[usize]) -> Vec<Link> {
    to.iter().map(|to| Link::to(*to)).collect()
}

/// Passes on so many copies, in so many cases of a hundred.
#[must_use]
pub fn gain(high: u32, copies: u32, percent: u32, to: &[usize]) -> Node {
    let link = |to: &usize| Link { to: *to, copies, percent };
    Node { high, links: to.iter().map(link).collect(), ..Node::default() }
}

/// Kinds of graphs without cycles, on so many loops.
#[must_use]
pub fn acyclic_kinds(loops: usize) -> Vec<(&'static str, Topology)> {
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

/// Kinds of graphs with cycles, on so many loops.
#[must_use]
pub fn cyclic_kinds(loops: usize) -> Vec<(&'static str, Topology)> {
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
