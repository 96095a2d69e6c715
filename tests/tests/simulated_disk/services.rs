//! Services on hosts with disks, checked over many seeds, which lose their power and begin again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use roundsman::fs::{self, FsError};
use roundsman::sim::{Check, Checked, Disk, DiskFaults, Failing};
use roundsman::{Actor, Context, Job, JobError, Outcome};

/// How a count is saved.
type Save = fn(u32) -> Job<(), FsError>;

enum Msg {
    Found(Result<String, JobError<FsError>>),
    Saved(Result<(), JobError<FsError>>),
}

/// Counts to five, and tells each number once it is saved.
struct Counter {
    save: Save,
    count: u32,
    told: Arc<AtomicU32>,
}

impl Actor for Counter {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.start(fs::read_to_string("/count"), Msg::Found);
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            Msg::Found(count) => {
                // At the first start there is none.
                self.count = count.map_or(Ok(0), |count| count.parse())?;
                let told = self.told.load(Ordering::Relaxed);
                assert!(self.count >= told, "{told} was told, and {} is found", self.count);
            }
            Msg::Saved(done) => {
                done?;
                self.count += 1;
                self.told.store(self.count, Ordering::Relaxed);
            }
        }
        if self.count >= 5 {
            ctx.stop();
        } else {
            ctx.start((self.save)(self.count + 1), Msg::Saved);
        }
        Ok(())
    }
}

/// Runs it with so many seeds, and has the power fail once, or never.
fn check(seeds: u64, faults: DiskFaults, save: Save) -> Result<Checked, Box<Failing>> {
    Check::new().seeds(seeds).run(|sim| {
        let disk = Disk::new()?.faults(faults);
        let told = Arc::new(AtomicU32::new(0));
        let host = sim.host("counter").disk(&disk).start(move || Counter {
            save,
            count: 0,
            told: Arc::clone(&told),
        });
        sim.crash_within(host, Duration::from_millis(60), Duration::from_secs(1));
        Ok(sim.run()?)
    })
}

#[test]
fn a_service_that_saves_before_it_tells_finds_what_it_has_told() {
    let careful: Save = |count| fs::write_atomic("/count", count.to_string());
    let none = DiskFaults::default();
    check(100, none, careful).unwrap_or_else(|failing| panic!("{failing}"));
}

#[test]
fn a_service_that_tells_what_only_the_os_has_is_found_out() {
    let careless: Save = |count| fs::write("/count", count.to_string());
    let failing = check(100, DiskFaults::default(), careless).expect_err("a crash takes it back");
    assert!(failing.trace().len() <= 30, "{failing}");
}

#[test]
fn a_disk_that_fails_under_a_service_fails_its_root_with_the_error_of_the_os() {
    let careful: Save = |count| fs::write_atomic("/count", count.to_string());
    let faults = DiskFaults { eio_per_million: 100_000, ..DiskFaults::default() };
    let failing = check(50, faults, careful).expect_err("every tenth call fails");
    let text = failing.to_string();
    assert!(text.contains("/count"), "{text}");
}
