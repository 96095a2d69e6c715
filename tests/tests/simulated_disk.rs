//! The disk of a simulated host: all of `fs` works on it, fails as a disk fails, and loses by a crash what was not synced.

#[path = "simulated_disk/crashes.rs"]
mod crashes;
#[path = "simulated_disk/faults.rs"]
mod faults;
#[path = "simulated_disk/operations.rs"]
mod operations;
#[path = "simulated_disk/services.rs"]
mod services;
#[path = "simulated_disk/streams.rs"]
mod streams;

use std::cell::RefCell;
use std::fmt::Debug;
use std::rc::Rc;

use roundsman::fs::FsError;
use roundsman::sim::Disk;
use roundsman::stream::{PipeError, Pipeline};
use roundsman::{Context, Job, JobError, Runtime, Simulation, Spawn, Timestamp};
use roundsman_tests::role::Role;

/// A simulation, and a disk that every host of it has.
struct Bench {
    simulation: Simulation,
    disk: Disk,
}

impl Bench {
    fn new(seed: u64) -> Self {
        Self::with(seed, |disk| disk)
    }

    /// The same with a disk of which more was said.
    fn with(seed: u64, say: impl FnOnce(Disk) -> Disk) -> Self {
        let disk = say(Disk::new().expect("there is room for a directory"));
        Self { simulation: Simulation::new(seed), disk }
    }

    /// Runs a host until it has the one thing that it waits for.
    fn wait_for<T: Send + 'static>(
        &self,
        start: impl FnOnce(&mut Context<'_, Role<T>>) + 'static,
    ) -> T {
        let builder = self.disk.give_to(Runtime::builder());
        let runtime = builder.build_in(&self.simulation).expect("a runtime");
        let found = Rc::new(RefCell::new(None));
        let finder = Rc::clone(&found);
        let root = Role::new(move |result, ctx: &mut Context<'_, Role<T>>| {
            assert!(finder.replace(Some(result)).is_none(), "one result only");
            ctx.stop();
            Ok(())
        });
        let root = root.started(move |ctx| {
            start(ctx);
            Ok(())
        });
        self.simulation.launch(runtime, Spawn::new(), || root);
        self.simulation.run().expect("the root does not fail");
        found.take().expect("a result")
    }

    /// What comes of a job.
    fn result<T: Send + 'static>(&self, job: Job<T, FsError>) -> Result<T, FsError> {
        match self.wait_for(|ctx| _ = ctx.start(job, |result| result)) {
            Ok(value) => Ok(value),
            Err(JobError::Failed(error)) => Err(error),
            Err(error) => panic!("{error}"),
        }
    }

    /// What a job gives that does not fail.
    #[track_caller]
    fn get<T: Send + 'static>(&self, job: Job<T, FsError>) -> T {
        self.result(job).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The error of a job that must have failed.
    #[track_caller]
    fn failure<T: Send + Debug + 'static>(&self, job: Job<T, FsError>) -> FsError {
        self.result(job).expect_err("it fails")
    }

    /// What comes of a pipeline.
    fn piped<R: Send + 'static>(&self, pipeline: Pipeline<R>) -> Result<R, PipeError> {
        self.wait_for(|ctx| _ = pipeline.start(ctx, |result| result))
    }

    /// The power fails, with nobody on the disk.
    fn crash(&self) {
        self.disk.crash(&self.simulation).expect("there is room for what is left");
    }

    /// What is in a file, if there is one.
    fn text(&self, path: &str) -> Option<String> {
        let bytes = self.disk.read(path).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The names in a directory.
    fn names(&self, path: &str) -> Vec<String> {
        let names = self.disk.names(path).expect("it is a directory");
        names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect()
    }

    fn now(&self) -> Timestamp {
        self.simulation.now()
    }
}
