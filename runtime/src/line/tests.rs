//! A line against a plain list of who stands in it.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Act {
    /// Somebody enters; shared or not.
    Enter(bool),
    /// The one of this rank, of those whose jobs have not come to the pool, comes.
    Arrive(usize),
    /// The one of this rank leaves, whether its turn has come or not.
    Leave(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => any::<bool>().prop_map(Act::Enter),
        3 => (0..8_usize).prop_map(Act::Arrive),
        3 => (0..8_usize).prop_map(Act::Leave),
    ]
}

/// Who may run, of those that stand in this order and are shared or not: the first, and behind a shared one its like.
fn may_run(standing: &[(u64, bool)]) -> BTreeSet<u64> {
    let Some(&(first, shared)) = standing.first() else { return BTreeSet::new() };
    if !shared {
        return BTreeSet::from([first]);
    }
    standing.iter().take_while(|(_, shared)| *shared).map(|(number, _)| *number).collect()
}

proptest! {
    #[test]
    fn it_admits_whom_a_plain_list_admits(acts in prop::collection::vec(act(), 1..200)) {
        let line = Line::new();
        let called = Arc::new(Mutex::new(BTreeSet::new()));
        let (mut standing, mut places, mut arrived) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut admitted = BTreeSet::new();
        for act in acts {
            match act {
                Act::Enter(shared) => {
                    let place = line.enter(shared);
                    standing.push((place.number, shared));
                    places.push(place);
                }
                Act::Arrive(rank) => {
                    let waiting = places.iter().filter(|place| !arrived.contains(&place.number));
                    let Some(place) = waiting.clone().nth(rank) else { continue };
                    let (number, called) = (place.number, Arc::clone(&called));
                    arrived.insert(number);
                    let at_once = place.arrive(|| {
                        Box::new(move || assert!(called.lock().unwrap().insert(number)))
                    });
                    prop_assert_eq!(at_once, may_run(&standing).contains(&number));
                    if at_once {
                        admitted.insert(number);
                    }
                }
                Act::Leave(rank) => {
                    if rank >= places.len() {
                        continue;
                    }
                    let place = places.remove(rank);
                    standing.retain(|(number, _)| *number != place.number);
                    place.leave();
                    drop(place);
                }
            }
            admitted.append(&mut called.lock().unwrap());
            let running: BTreeSet<_> = may_run(&standing).intersection(&arrived).copied().collect();
            let stand = |number: &u64| standing.iter().any(|(other, _)| other == number);
            let seen: BTreeSet<_> = admitted.iter().copied().filter(stand).collect();
            prop_assert_eq!(seen, running);
        }
        drop(places);
        prop_assert!(line.lock().places.is_empty());
    }
}
