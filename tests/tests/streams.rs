//! Streams: the rules of `stream/mod.rs`, one by one, on every kind of link; then their ends, sinks and operators.

#[path = "streams/endings.rs"]
mod endings;
#[path = "streams/handle.rs"]
mod handle;
#[path = "streams/lines.rs"]
mod lines;
#[path = "streams/outlets.rs"]
mod outlets;
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
/// a real one where no socket is needed, else 3 real ones.
fn in_worlds<T: Payload>(kind: Kind<T>, test: impl Fn(World, u64)) {
    if kind.pairs == 0 {
        seeds::each_world(67, 1..=3, |seed, loops| test(World::Simulated { seed, loops }, seed));
        test(World::Real { loops: 2 }, 2);
        return;
    }
    for loops in 1..=3 {
        test(World::Real { loops }, loops as u64);
    }
}

/// One test of each `check` for each kind of link, for items that count 1 and for bytes.
macro_rules! on_every_link {
    ($($claim:ident: $check:path,)*) => {
        $(mod $claim {
            crate::on_every_link!(@ items, u64, $check:
                one_actor, boundary, one_stage, three_stages, relay, relay_elsewhere);
            crate::on_every_link!(@ bytes, bytes::Bytes, $check:
                one_actor, boundary, three_stages, relay, relay_elsewhere, tcp, tcp_to_tcp);
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
