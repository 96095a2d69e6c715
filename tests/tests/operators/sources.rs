//! Sources that need nothing but what they are made of.

use std::io;

use roundsman::stream::Source;
use roundsman_tests::outcome::{ONE_LOOP, result};

use crate::{error, in_each_place, kept, list};

#[test]
fn empty_ends_at_once() {
    assert_eq!(list(Source::<u8>::empty()), Vec::<u8>::new());
    assert!(matches!(kept(Source::<u8>::empty()).end, Some(Ok(_))));
}

#[test]
fn once_gives_one_item() {
    assert_eq!(list(Source::once("one")), ["one"]);
}

#[test]
fn repeat_with_calls_as_often_as_it_is_asked() {
    let mut calls = 0;
    let calls = move || {
        calls += 1;
        calls
    };
    assert_eq!(kept(Source::repeat_with(calls)).items, (1..=16).collect::<Vec<_>>());
}

#[test]
fn failed_fails_with_its_error_and_without_demand() {
    in_each_place(|standing, world| {
        let source = Source::<u64>::failed(io::Error::from(io::ErrorKind::NotFound));
        let source = standing.stand(source, roundsman::stream::map(|n| n));
        let error = result(world, source.collect()).expect_err("it fails");
        assert_eq!((error.stage(), error.io_kind()), ("failed", Some(io::ErrorKind::NotFound)));
    });
    assert_eq!(error(Source::<u8>::failed("no").count()).to_string(), "failed: no");
    assert!(result(ONE_LOOP, Source::<u8>::failed("no").take(0).collect()).is_err());
}
