//! Files: as sources and sinks, whole, and in trees, in simulated worlds and in the real one.

#[path = "files/faults.rs"]
mod faults;
#[path = "files/finding.rs"]
mod finding;
#[path = "files/following.rs"]
mod following;
#[path = "files/handles.rs"]
mod handles;
#[path = "files/locking.rs"]
mod locking;
#[path = "files/paths.rs"]
mod paths;
#[path = "files/reading.rs"]
mod reading;
#[path = "files/straight.rs"]
mod straight;
#[path = "files/temporary.rs"]
mod temporary;
#[path = "files/walking.rs"]
mod walking;
#[path = "files/watching.rs"]
mod watching;
#[path = "files/whole.rs"]
mod whole;
#[path = "files/writing.rs"]
mod writing;

use std::fs;
use std::sync::mpsc;

use roundsman::fs::FsError;
use roundsman::{Job, JobError};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

const REAL: World = World::Real { loops: 1 };

/// 60 simulated worlds and a real one.
fn in_worlds(test: impl Fn(World, u64)) {
    seeds::each_world(30, 1..=2, |seed, loops| test(World::Simulated { seed, loops }, seed));
    test(World::Real { loops: 2 }, 1);
}

/// Bytes that show when one is missing, doubled or at another place.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

/// What comes of jobs that are started in one handler, in the order in which it comes.
fn outcomes<T: Send + 'static>(
    world: World,
    jobs: Vec<Job<T, FsError>>,
) -> Vec<Result<T, JobError<FsError>>> {
    let (sender, results) = mpsc::channel();
    must_end(move || {
        let mut left = jobs.len();
        let role = Role::new(move |result, ctx| {
            // The test waits for it.
            let _ = sender.send(result);
            left -= 1;
            if left == 0 {
                ctx.stop();
            }
            Ok(())
        });
        let root = role.started(|ctx| {
            for job in jobs {
                ctx.start(job, |result| result);
            }
            Ok(())
        });
        world.runtime().run(|| root).expect("the root does not fail");
    });
    results.iter().collect()
}

/// What comes of a job.
fn outcome<T: Send + 'static>(world: World, job: Job<T, FsError>) -> Result<T, JobError<FsError>> {
    outcomes(world, vec![job]).remove(0)
}

/// The error of a job that must have failed.
fn failure<T>(outcome: Result<T, JobError<FsError>>) -> FsError {
    match outcome {
        Err(JobError::Failed(error)) => error,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it did not fail"),
    }
}

/// Descriptors that this process has.
fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("Linux shows them").count()
}
