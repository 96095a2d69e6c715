//! Messages between threads: into a loop, from loop to loop, and there and back.
//!
//! `cargo run --release -p roundsman-benches --bin cross -- [--rounds N] [--shrink N] [--only NAME]`

use roundsman_benches::{
    contender::{Contender, OURS, compare},
    ours,
    peers::{
        actix::Actix,
        executor::Executor,
        flume_threads,
        kameo::Kameo,
        ractor::Ractor,
        tokio_tasks::{TokioTasks, Unbounded},
        two_loops,
    },
    workload::Pattern,
};

/// Who takes part. The loops of the peers are in two threads; tokio's multi_thread has one worker
/// in each, lest its scheduler put both actors on one thread.
fn contenders() -> Vec<Contender> {
    vec![
        Contender { name: OURS, run: ours::crossing::run },
        Contender {
            name: "flume unbounded",
            run: |load| flume_threads::run(flume::unbounded, load),
        },
        Contender {
            name: "flume bounded(1024)",
            run: |load| flume_threads::run(|| flume::bounded(1024), load),
        },
        Contender {
            name: "tokio current_thread",
            run: |load| two_loops::run(Executor::CurrentThread, TokioTasks(Unbounded), load),
        },
        Contender {
            name: "tokio multi_thread",
            run: |load| two_loops::run(Executor::MultiThread(1), TokioTasks(Unbounded), load),
        },
        Contender { name: "actix", run: |load| two_loops::run(Executor::Arbiter, Actix, load) },
        Contender {
            name: "kameo",
            run: |load| two_loops::run(Executor::CurrentThread, Kameo { mailbox: None }, load),
        },
        Contender {
            name: "ractor",
            run: |load| two_loops::run(Executor::CurrentThread, Ractor, load),
        },
    ]
}

fn main() {
    compare("Messages between threads", &Pattern::TWO_LOOPS, contenders());
}
