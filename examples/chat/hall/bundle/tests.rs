//! Places are kept in runs, and come out as they went in.

use super::*;

fn places(all: &[u32]) -> Places {
    let mut places = Places::default();
    all.iter().for_each(|place| places.push(*place));
    places
}

#[test]
fn what_comes_out_is_what_went_in() {
    for all in [&[][..], &[7], &[0, 1, 2], &[3, 4, 9, 10, 11, 20], &[5, 5, 6]] {
        let places = places(all);
        assert_eq!(places.is_empty(), all.is_empty());
        assert_eq!(places.only(), if let [one] = all { Some(*one) } else { None });
        assert_eq!(places.runs().flatten().collect::<Vec<_>>(), all);
    }
}

#[test]
fn one_run_takes_no_room_of_its_own() {
    assert_eq!(places(&[4, 5, 6, 7]).earlier.capacity(), 0);
    assert_eq!(places(&[4, 5, 7, 8]).earlier.len(), 1);
}

#[test]
fn the_same_places_are_equal_and_others_are_not() {
    assert!(places(&[1, 2, 4]) == places(&[1, 2, 4]));
    assert!(places(&[1, 2, 4]) != places(&[1, 2, 3]));
    assert!(places(&[1, 2]) != places(&[1, 2, 4]));
}
