//! The mailbox against a plain list of what should be in it.

use proptest::prelude::*;

use super::*;

fn limited(overflow: Overflow) -> Mailbox<u32> {
    Mailbox::new(overflow, None)
}

#[test]
fn replies_do_not_count() {
    let mut mailbox = limited(Overflow::Wait);
    mailbox.push(1, 0);
    mailbox.push_exempt(2);
    mailbox.push(3, 0);
    assert_eq!((mailbox.len(), mailbox.counted()), (3, 2));
    assert_eq!(mailbox.pop(), Some(1));
    assert_eq!(mailbox.counted(), 1);
    assert_eq!(mailbox.pop(), Some(2));
    assert_eq!(mailbox.counted(), 1);
    assert_eq!(mailbox.pop(), Some(3));
    assert_eq!((mailbox.pop(), mailbox.counted()), (None, 0));
}

#[test]
fn dropping_the_oldest_never_drops_a_reply() {
    let mut mailbox = limited(Overflow::DropOldest);
    mailbox.push_exempt(1);
    mailbox.push(2, 0);
    mailbox.push_exempt(3);
    mailbox.push(4, 0);
    assert_eq!(mailbox.pop_oldest_counted(), Some(2));
    assert_eq!(mailbox.pop_oldest_counted(), Some(4));
    assert_eq!(mailbox.pop_oldest_counted(), None);
    assert_eq!((mailbox.pop(), mailbox.pop(), mailbox.pop()), (Some(1), Some(3), None));
}

#[test]
fn a_weighed_mailbox_is_over_by_bytes_long_before_it_is_by_number() {
    let mut mailbox = Mailbox::<Vec<u8>>::new(Overflow::Wait, Some(|message| message.len()));
    mailbox.push(vec![0; WEIGHT_HIGH], WEIGHT_HIGH);
    assert!(!mailbox.above(HIGH));
    mailbox.push(vec![0; 1], 1);
    assert!(mailbox.above(HIGH));
    assert!(!mailbox.at_low(LOW));
    mailbox.pop();
    assert!(mailbox.at_low(LOW));
}

#[derive(Clone, Debug)]
enum Step {
    Push,
    Reply,
    Pop,
    DropOldest,
}

proptest! {
    #[test]
    fn it_behaves_as_a_list_of_marked_messages(
        steps in proptest::collection::vec(
            prop_oneof![Just(Step::Push), Just(Step::Reply), Just(Step::Pop), Just(Step::DropOldest)],
            0..200,
        ),
        start in any::<u32>(),
    ) {
        let mut mailbox = limited(Overflow::DropOldest);
        mailbox.rules.as_mut().unwrap().taken = start;
        let mut model: Vec<(u32, bool)> = Vec::new();
        for (n, step) in steps.into_iter().enumerate() {
            let n = n as u32;
            match step {
                Step::Push => {
                    mailbox.push(n, 0);
                    model.push((n, false));
                }
                Step::Reply => {
                    mailbox.push_exempt(n);
                    model.push((n, true));
                }
                Step::Pop => {
                    let expected = (!model.is_empty()).then(|| model.remove(0).0);
                    prop_assert_eq!(mailbox.pop(), expected);
                }
                Step::DropOldest => {
                    let oldest = model.iter().position(|(_, reply)| !reply);
                    prop_assert_eq!(mailbox.pop_oldest_counted(), oldest.map(|at| model.remove(at).0));
                }
            }
            prop_assert_eq!(mailbox.len(), model.len());
            prop_assert_eq!(mailbox.counted(), model.iter().filter(|(_, reply)| !reply).count());
        }
    }
}

#[test]
fn only_an_empty_mailbox_gives_its_room_back() {
    let mut mailbox = Mailbox::new(Overflow::Wait, None);
    mailbox.push(1, 0);
    assert!(!mailbox.give_back());
    assert_eq!(mailbox.pop(), Some(1));
    assert!(mailbox.has_room());
    assert!(mailbox.give_back());
    assert!(!mailbox.has_room());
    mailbox.push(2, 0);
    assert_eq!(mailbox.pop(), Some(2));
}
