//! Graphs put together at random, beside a model of plain lists.

use roundsman::Placement;
use roundsman::stream::{Source, concat, merge};
use roundsman_tests::outcome::result;
use roundsman_tests::seeds::Dice;

use crate::in_worlds;

/// A source, and what it must give.
struct Modelled {
    source: Source<u64>,
    items: Vec<u64>,
    /// Whether `items` says the order, too.
    ordered: bool,
}

/// A graph of at most so many joints.
fn graph(dice: &mut Dice, joints: u64) -> Modelled {
    if joints == 0 {
        let from = dice.below(1_000) * 1_000;
        let items: Vec<_> = (from..from + dice.below(80)).collect();
        return Modelled {
            source: placed(Source::iter(items.clone()), dice),
            items,
            ordered: true,
        };
    }
    let rest = joints - 1;
    let joined = match dice.below(7) {
        0 => merged(vec![graph(dice, rest / 2), graph(dice, rest / 2)]),
        1 => chained(vec![graph(dice, rest / 2), graph(dice, rest / 2)]),
        2 => zipped(graph(dice, rest / 2), graph(dice, rest / 2)),
        3 => diamond(graph(dice, rest), dice),
        4 => balanced(graph(dice, rest), dice),
        5 => flattened(graph(dice, rest), dice),
        _ => parted(graph(dice, rest), dice),
    };
    Modelled { source: placed(joined.source, dice), ..joined }
}

/// What follows may run elsewhere.
fn placed(source: Source<u64>, dice: &mut Dice) -> Source<u64> {
    match dice.below(5) {
        0 => source.boundary(),
        1 => source.on(Placement::Loop(dice.below(3) as usize)),
        _ => source,
    }
}

fn merged(parts: Vec<Modelled>) -> Modelled {
    let items = parts.iter().flat_map(|part| part.items.clone()).collect();
    let source = merge(parts.into_iter().map(|part| part.source));
    Modelled { source, items, ordered: false }
}

fn chained(parts: Vec<Modelled>) -> Modelled {
    let items = parts.iter().flat_map(|part| part.items.clone()).collect();
    let ordered = parts.iter().all(|part| part.ordered);
    Modelled { source: concat(parts.into_iter().map(|part| part.source)), items, ordered }
}

/// Sums of pairs, if the order of both is known; else one after the other.
fn zipped(a: Modelled, b: Modelled) -> Modelled {
    if !(a.ordered && b.ordered) {
        let ordered = false;
        let items = [a.items, b.items].concat();
        return Modelled { source: a.source.concat(b.source), items, ordered };
    }
    let items = a.items.iter().zip(&b.items).map(|(a, b)| a + b).collect();
    let source = a.source.zip_with(b.source, |a, b| a + b);
    Modelled { source, items, ordered: true }
}

/// Split and joined again, pair by pair.
fn diamond(from: Modelled, dice: &mut Dice) -> Modelled {
    let [a, b] = from.source.broadcast();
    let source = placed(a, dice).zip_with(placed(b, dice).map(|n| n + 1), |a, b| a + b);
    let items = from.items.iter().map(|n| n + n + 1).collect();
    Modelled { source, items, ..from }
}

/// Shared by workers and gathered again.
fn balanced(from: Modelled, dice: &mut Dice) -> Modelled {
    let workers = from.source.balance_vec(1 + dice.below(4) as usize);
    let workers: Vec<_> = workers.into_iter().map(|worker| placed(worker, dice)).collect();
    Modelled { source: merge(workers), ordered: false, ..from }
}

/// Each item as a source of two.
fn flattened(from: Modelled, dice: &mut Dice) -> Modelled {
    let breadth = 1 + dice.below(3) as usize;
    let items = from.items.iter().flat_map(|n| [*n, n + 7]).collect();
    let source = from.source.flat_merge(breadth, |n| Source::iter([n, n + 7]));
    Modelled { source, items, ordered: from.ordered && breadth == 1 }
}

/// Parted by kind, and one of three copies dropped.
fn parted(from: Modelled, dice: &mut Dice) -> Modelled {
    let [a, b, dropped] = from.source.broadcast();
    drop(dropped);
    let [even, odd] = placed(a, dice).partition(|n| n % 2 == 0);
    let items = [from.items.clone(), from.items].concat();
    Modelled { source: merge([b, even.merge(odd)]), items, ordered: false }
}

#[test]
fn what_comes_out_of_a_graph_is_what_its_model_says() {
    in_worlds(40, |world| {
        let number = match world {
            roundsman_tests::trial::World::Simulated { seed, loops } => seed * 10 + loops as u64,
            roundsman_tests::trial::World::Real { loops } => loops as u64,
        };
        for joints in [2, 5, 9] {
            let Modelled { source, mut items, ordered } = graph(&mut Dice::new(number), joints);
            let mut given = result(world, source.collect()).expect("it ends");
            if !ordered {
                items.sort_unstable();
                given.sort_unstable();
            }
            assert_eq!(given, items, "graph {number} of {joints} joints");
        }
    });
}
