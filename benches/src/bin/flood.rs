//! A producer as fast as it can be and a consumer that works 1 µs on each message: how much
//! memory does the difference take?
//!
//! `cargo run --release -p roundsman-benches --bin flood -- [--rounds N] [--messages N] [--only NAME]`

use std::{io, time::Duration};

use roundsman_benches::{
    child::{self, Figures, Isolated},
    contender::OURS,
    ours,
    peers::{
        actix::Actix,
        executor::Executor,
        kameo::Kameo,
        ractor::Ractor,
        tokio_tasks::{Bounded, TokioTasks, Unbounded},
        two_loops,
    },
    process,
    workload::{Pattern, Workload},
};

/// Who takes part. Producer and consumer are on two loops in two threads.
fn contenders() -> Vec<Isolated> {
    vec![
        Isolated { name: OURS, run: |count| figures(count, ours::crossing::run(flood(count))) },
        Isolated {
            name: "tokio bounded 64",
            run: |count| {
                figures(count, two_loops::run(LOOP, TokioTasks(Bounded(64)), flood(count)))
            },
        },
        Isolated {
            name: "tokio unbounded",
            run: |count| figures(count, two_loops::run(LOOP, TokioTasks(Unbounded), flood(count))),
        },
        Isolated {
            name: "kameo bounded 64",
            run: |count| {
                figures(count, two_loops::run(LOOP, Kameo { mailbox: Some(64) }, flood(count)))
            },
        },
        Isolated {
            name: "actix",
            run: |count| figures(count, two_loops::run(Executor::Arbiter, Actix, flood(count))),
        },
        Isolated {
            name: "ractor",
            run: |count| figures(count, two_loops::run(LOOP, Ractor, flood(count))),
        },
    ]
}

const LOOP: Executor = Executor::CurrentThread;

fn main() -> io::Result<()> {
    child::compare("Flood", ("--messages", 5_000_000), contenders())
}

fn flood(operations: u64) -> Workload {
    Workload { pattern: Pattern::Flood, operations }
}

fn figures(count: u64, elapsed: Option<Duration>) -> Figures {
    let elapsed = elapsed.expect("every contender of this list floods");
    let peak = process::peak_resident_bytes() as f64 / f64::from(1 << 20);
    [("peak memory, MiB", peak), ("messages/s", count as f64 / elapsed.as_secs_f64())]
}
