//! tokio's pool: `spawn_blocking`, from so many tasks on one loop.

use std::time::Duration;

use tokio::{runtime::Builder, task};

use crate::{clock, workload::POOL_THREADS};

/// How long `jobs` no-op jobs take with so many outstanding.
///
/// # Panics
/// If the runtime cannot be built.
pub fn run(outstanding: u64, jobs: u64) -> Option<Duration> {
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(POOL_THREADS)
        .build()
        .expect("the OS grants a loop");
    runtime.block_on(spread(outstanding, outstanding)); // starts the threads
    let begun = clock::now();
    runtime.block_on(spread(outstanding, jobs));
    Some(begun.elapsed())
}

/// Each task has one job outstanding at any time.
async fn spread(tasks: u64, jobs: u64) {
    let tasks = (0..tasks).map(|task| {
        let jobs = jobs / tasks + u64::from(task < jobs % tasks);
        tokio::spawn(async move {
            for _ in 0..jobs {
                task::spawn_blocking(|| ()).await.expect("the job does nothing");
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("the task does not panic");
    }
}
