//! Messages between actors of one loop: operations per second.
//!
//! `cargo run --release -p roundsman-benches --bin messages -- [--rounds N] [--shrink N] [--only NAME]`

use roundsman_benches::{
    contender::{Contender, OURS, compare},
    ours,
    peers::{
        actix::Actix,
        executor::Executor,
        kameo::Kameo,
        limit, one_loop,
        ractor::Ractor,
        tokio_tasks::{TokioTasks, Unbounded},
    },
    workload::Pattern,
};

/// Who takes part. Each peer runs in its fastest setting, with unbounded mailboxes.
fn contenders() -> Vec<Contender> {
    vec![
        Contender { name: OURS, run: ours::host::run },
        Contender { name: "limit", run: limit::run },
        Contender {
            name: "tokio current_thread",
            run: |load| one_loop::run(Executor::CurrentThread, TokioTasks(Unbounded), load),
        },
        Contender {
            name: "tokio multi_thread",
            run: |load| one_loop::run(Executor::MultiThread(2), TokioTasks(Unbounded), load),
        },
        Contender { name: "actix", run: |load| one_loop::run(Executor::Arbiter, Actix, load) },
        Contender {
            name: "kameo",
            run: |load| one_loop::run(Executor::CurrentThread, Kameo { mailbox: None }, load),
        },
        Contender {
            name: "ractor",
            run: |load| one_loop::run(Executor::CurrentThread, Ractor, load),
        },
    ]
}

fn main() {
    compare("Messages on one loop", &Pattern::ONE_LOOP, contenders());
}
