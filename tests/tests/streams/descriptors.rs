//! Files and sockets of pipelines that end, fail or are cancelled: each is closed, and none twice.
//!
//! They are counted in processes of their own, where no other test opens any. What is closed twice shows there as well: in
//! a debug build, the standard library ends a process that closes a descriptor which is not open.

use bytes::Bytes;
use roundsman_tests::again;
use roundsman_tests::links::Kind;
use roundsman_tests::payload::total;
use roundsman_tests::trial::{Keep, Trial, World};

/// The files, sockets and pipes that are open. What wakes a loop is none of a pipeline's, and a thread of the pool may hold
/// the last of it for a moment longer than the run lasts.
fn open_descriptors() -> Vec<String> {
    let entries = std::fs::read_dir("/proc/self/fd").expect("Linux shows them");
    let paths = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    let mut open: Vec<_> = paths
        .map(|path| path.to_string_lossy().split(":[").next().unwrap_or_default().to_owned())
        .collect();
    open.retain(|kind| kind != "anon_inode");
    open.sort();
    open
}

/// Every kind of link that has files or sockets on the way.
fn kinds() -> [Kind<Bytes>; 8] {
    [
        Kind::file(),
        Kind::tcp(),
        Kind::tcp_to_tcp(),
        Kind::tcp_stage_tcp(),
        Kind::file_to_tcp(),
        Kind::file_stage_tcp(),
        Kind::tcp_to_file(),
        Kind::tcp_stage_file(),
    ]
}

/// Runs `trials` of every kind in a process of its own, twice: the second time must leave as many open as the first.
fn leaves_none(name: &str, trials: fn(Kind<Bytes>) -> Trial<Bytes>) {
    if !again::is_child() {
        again::run(name, "", &[]);
        return;
    }
    let round = move || {
        for kind in kinds() {
            for loops in 1..=2 {
                let report = trials(kind).run(World::Real { loops });
                assert_eq!((report.ends.len(), report.source.drops()), (1, 1), "{report:#?}");
            }
        }
    };
    // What is made once, for all, is there after the first.
    round();
    let before = open_descriptors();
    round();
    assert_eq!(open_descriptors(), before);
}

#[test]
fn pipelines_that_end_leave_none_open() {
    leaves_none("descriptors::pipelines_that_end_leave_none_open", |kind| Trial::new(kind, 60));
}

#[test]
fn pipelines_that_fail_leave_none_open() {
    leaves_none("descriptors::pipelines_that_fail_leave_none_open", |kind| {
        Trial::new(kind, 60).panic_at(total::<Bytes>(30))
    });
}

#[test]
fn pipelines_that_are_cancelled_leave_none_open() {
    leaves_none("descriptors::pipelines_that_are_cancelled_leave_none_open", |kind| {
        Trial::new(kind, u64::MAX).keep(Keep::OneTwoThree).cancel_at(total::<Bytes>(30))
    });
}
