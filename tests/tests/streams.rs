//! Streams: the rules of `stream/mod.rs`, one by one, on every kind of link; then their ends, sinks and operators.

#[path = "streams/chains.rs"]
mod chains;
#[path = "streams/descriptors.rs"]
mod descriptors;
#[path = "streams/endings.rs"]
mod endings;
#[path = "streams/handle.rs"]
mod handle;
#[path = "streams/lines.rs"]
mod lines;
#[path = "streams/outlets.rs"]
mod outlets;
#[path = "streams/panics.rs"]
mod panics;
#[path = "streams/rules.rs"]
mod rules;
#[path = "streams/sinks.rs"]
mod sinks;

use roundsman_tests::links::Kind;
use roundsman_tests::outcome::{ONE_LOOP, result, result_with};
use roundsman_tests::payload::Payload;
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

/// The worlds for a kind of link, with a number that is another in each: 200 simulated ones and
/// a real one where no socket is needed, else 8 real ones.
fn in_worlds<T: Payload>(kind: Kind<T>, test: impl Fn(World, u64)) {
    in_some_worlds(kind, (67, 8), test);
}

/// The same of so many simulated worlds on each number of loops, or so many real ones.
fn in_some_worlds<T: Payload>(
    kind: Kind<T>,
    (simulated, real): (u64, u64),
    test: impl Fn(World, u64),
) {
    if kind.pairs == 0 {
        let simulate = |seed, loops| test(World::Simulated { seed, loops }, seed);
        seeds::each_world(simulated, 1..=3, simulate);
        test(World::Real { loops: 2 }, 2);
        return;
    }
    for number in 0..real {
        test(World::Real { loops: 1 + number as usize % 3 }, number);
    }
}

/// One test of each `check` for each kind of link, for items that count 1 and for bytes.
macro_rules! on_every_link {
    ($($claim:ident: $check:path,)*) => {
        $(mod $claim {
            crate::on_every_link!(@ items, u64, $check:
                one_actor, boundary, one_stage, three_stages, three_that_wait, across_loops,
                relay, relay_elsewhere, merged, concatenated, zipped, with_a_side,
                broadcast_and_zipped, parted_and_merged, balanced_and_merged);
            crate::on_every_link!(@ bytes, bytes::Bytes, $check:
                one_actor, boundary, three_stages, three_that_wait, across_loops, relay,
                relay_elsewhere, merged, broadcast_and_zipped, file, tcp, tcp_to_tcp,
                tcp_stage_tcp, file_to_tcp, file_stage_tcp, tcp_to_file, tcp_stage_file);
        })*
    };
    (@ $module:ident, $item:ty, $check:path: $($kind:ident),*) => {
        mod $module {
            $(#[test]
            fn $kind() {
                $check(roundsman_tests::links::Kind::<$item>::$kind());
            })*
        }
    };
}
use on_every_link;
