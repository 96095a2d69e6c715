//! tokio's reads of files at their places: `spawn_blocking`, from so many tasks on one loop.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc, time::Duration};

use tokio::{runtime::Builder, task};

use crate::{
    clock, process,
    read_load::{BLOCK, Cost, Load, place},
    workload::POOL_THREADS,
};

/// What the reads take.
///
/// # Panics
/// If the runtime cannot be built, or a read fails.
pub fn run(load: &Load) -> Option<Cost> {
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(POOL_THREADS)
        .build()
        .expect("the OS grants a loop");
    let file = Arc::new(File::open(&load.path).expect("the file is there"));
    // Starts the threads.
    runtime.block_on(spread(&file, load.outstanding, load.outstanding));
    let (begun, cpu): (_, Duration) = (clock::now(), process::own_cpu_time());
    runtime.block_on(spread(&file, load.outstanding, load.reads));
    Some(Cost { elapsed: begun.elapsed(), cpu: process::own_cpu_time() - cpu })
}

/// Each task has one read outstanding at any time, and one buffer.
async fn spread(file: &Arc<File>, tasks: u64, reads: u64) {
    let tasks = (0..tasks).map(|task| {
        let file = Arc::clone(file);
        tokio::spawn(async move {
            let mut buffer = vec![0; BLOCK as usize];
            for index in (task..reads).step_by(tasks as usize) {
                let file = Arc::clone(&file);
                let read = move || {
                    file.read_exact_at(&mut buffer, place(index))?;
                    io::Result::Ok(buffer)
                };
                let filled = task::spawn_blocking(read).await.expect("the job does not panic");
                buffer = filled.expect("the file is as long as it was");
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("the task does not panic");
    }
}
