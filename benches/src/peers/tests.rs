//! Every peer does every workload to its end.

use super::{
    Peer, actix::Actix, executor::Executor, flume_threads, kameo::Kameo, limit, one_loop,
    ractor::Ractor, tokio_tasks::*, two_loops,
};
use crate::workload::{Pattern, Workload};

const SHRINK: u64 = 10_000;

fn does_every_workload<P: Peer>(executor: Executor, peer: P) {
    for workload in Pattern::ONE_LOOP.map(|pattern| pattern.workload(SHRINK)) {
        assert!(one_loop::run(executor, peer.clone(), workload).is_some(), "{workload:?}");
    }
    for workload in Pattern::TWO_LOOPS.map(|pattern| pattern.workload(SHRINK)) {
        assert!(two_loops::run(executor, peer.clone(), workload).is_some(), "{workload:?}");
    }
    floods(executor, peer);
}

fn floods<P: Peer>(executor: Executor, peer: P) {
    let flood = Workload { pattern: Pattern::Flood, operations: 1_000 };
    assert!(two_loops::run(executor, peer, flood).is_some());
}

#[test]
fn limit_does_every_workload_of_one_loop() {
    for workload in Pattern::ONE_LOOP.map(|pattern| pattern.workload(SHRINK)) {
        assert!(limit::run(workload).is_some(), "{workload:?}");
    }
}

#[test]
fn flume_does_every_workload_of_two_threads() {
    for workload in Pattern::TWO_LOOPS.map(|pattern| pattern.workload(SHRINK)) {
        assert!(flume_threads::run(flume::unbounded, workload).is_some(), "{workload:?}");
        assert!(flume_threads::run(|| flume::bounded(4), workload).is_some(), "{workload:?}");
    }
}

#[test]
fn tokio_does_every_workload_on_one_thread() {
    does_every_workload(Executor::CurrentThread, TokioTasks(Unbounded));
}

#[test]
fn tokio_does_every_workload_on_two_threads() {
    does_every_workload(Executor::MultiThread(2), TokioTasks(Unbounded));
}

#[test]
fn actix_does_every_workload() {
    does_every_workload(Executor::Arbiter, Actix);
}

#[test]
fn kameo_does_every_workload() {
    does_every_workload(Executor::CurrentThread, Kameo { mailbox: None });
}

#[test]
fn ractor_does_every_workload() {
    does_every_workload(Executor::CurrentThread, Ractor);
}

#[test]
fn bounded_mailboxes_survive_a_flood() {
    floods(Executor::CurrentThread, TokioTasks(Bounded(64)));
    floods(Executor::CurrentThread, Kameo { mailbox: Some(64) });
}
