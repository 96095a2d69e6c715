//! One scenario, two worlds: what is seen on a simulated network is what is seen on the loopback interface.

use roundsman::sim::NetworkFaults;
use roundsman_tests::seeds::seeds;

use crate::scenarios::{OTHERS, SHORT, Scenario};
use crate::stage::{Played, play_for_real, play_simulated};

fn all() -> impl Iterator<Item = Scenario> {
    SHORT.into_iter().chain(OTHERS)
}

#[test]
fn what_a_service_sees_of_the_loopback_interface_is_what_is_written() {
    for scenario in all() {
        assert_eq!(play_for_real(&scenario), Played::expected(&scenario), "{}", scenario.name);
    }
}

#[test]
fn it_sees_the_same_of_a_simulated_network_that_is_rough() {
    let rough = NetworkFaults {
        short_reads: 300_000,
        short_writes: 300_000,
        odd_blocks: 300_000,
        ..NetworkFaults::none()
    };
    for scenario in all() {
        for seed in seeds(50) {
            let played = play_simulated(&scenario, seed, |network| network.faults(rough.clone()));
            assert_eq!(played, Played::expected(&scenario), "{}, seed {seed}", scenario.name);
        }
    }
}

#[test]
fn it_sees_the_same_wherever_reads_and_writes_are_parted_in_two_or_three() {
    const LONGEST: u64 = 14;
    for scenario in SHORT {
        for first in 0..=LONGEST {
            for second in first..=LONGEST {
                let played = play_simulated(&scenario, 1, |network| {
                    network.faults(NetworkFaults::none());
                    network.split_at([first, second]);
                });
                let at = format!("{}, parted at {first} and {second}", scenario.name);
                assert_eq!(played, Played::expected(&scenario), "{at}");
            }
        }
    }
}

#[test]
fn it_sees_the_same_if_every_byte_comes_alone() {
    for scenario in SHORT {
        for seed in seeds(10) {
            let played = play_simulated(&scenario, seed, |network| network.split_at(0..20));
            assert_eq!(played, Played::expected(&scenario), "{}, seed {seed}", scenario.name);
        }
    }
}
