//! A file to a socket, straight and through a stage, to a fast client and to a slow one; and through a hash to a file.
//!
//! `cargo run --release -p roundsman-benches --bin files -- [--rounds N] [--mib N] [--seconds S] [--job JOB] [--dir DIR] [--only NAME]`

use std::{env, io, path::PathBuf, time::Duration};

use roundsman_benches::{
    contender::OURS,
    file::{
        job::{Job, Task},
        load::{self, Figures, Trickle},
        sample::Sample,
        server::{self, FileServer, Host},
        std_blocking, tokio_copy,
    },
    net::server::{GENERATOR_CORE, SERVER_CORE},
    options::Options,
    ours,
    table::Table,
};

/// Who takes part. What each does for a job is in `benches/README.md`.
const SERVERS: &[FileServer] = &[
    FileServer { name: OURS, host: Host::Here(ours::files::serve) },
    FileServer { name: "C", host: Host::C },
    FileServer { name: "Rust std", host: Host::Here(std_blocking::serve) },
    FileServer { name: "tokio", host: Host::Here(tokio_copy::serve) },
    FileServer { name: "Node", host: Host::Node },
];

const MIB: u64 = 1 << 20;

/// What a slow client reads per second.
const SLOW_BYTES_PER_SEC: u64 = 10_000_000;

/// The cores of those that hash: the client only waits.
const HASHING: [(&str, &[usize]); 2] =
    [("one core", &[SERVER_CORE]), ("two cores", &[SERVER_CORE, GENERATOR_CORE])];

fn main() -> io::Result<()> {
    let mut options = Options::from_env();
    let serve: Option<String> = options.optional("--serve");
    let only_job: Option<Job> = options.optional("--job");
    if let (Some(name), Some(job)) = (serve, only_job) {
        let [from, to] = ["--from", "--to"].map(|key| options.value(key, PathBuf::new()));
        return server::serve(SERVERS, &name, Task { job, from, to });
    }
    let table = Table::new("Files", options.rounds());
    let bytes = options.value("--mib", 1024) * MIB;
    let slow = Duration::from_secs_f64(options.value("--seconds", 3.0));
    let only: Option<String> = options.optional("--only");
    let folder = options.optional("--dir").map_or_else(beside_this_binary, Ok)?;
    options.finish();

    let sample = Sample::in_folder(&folder, bytes)?;
    let mut bench = Bench { to: folder.join("copy"), sample, slow, table };
    for _ in bench.table.rounds() {
        for job in Job::ALL.into_iter().filter(|job| only_job.is_none_or(|only| only == *job)) {
            for server in SERVERS {
                if only.as_deref().is_none_or(|only| only == server.name) {
                    bench.round(server, job)?;
                }
            }
        }
    }
    bench.table.print();
    Ok(())
}

fn beside_this_binary() -> io::Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name("files-data"))
}

struct Bench {
    sample: Sample,
    /// Where copies go.
    to: PathBuf,
    /// How long a slow client reads.
    slow: Duration,
    table: Table,
}

impl Bench {
    /// Measures one server at one job. Each load meets a process that has just started.
    fn round(&mut self, server: &FileServer, job: Job) -> io::Result<()> {
        let task = Task { job, from: self.sample.path.clone(), to: self.to.clone() };
        let Some(launch) = server.launch(&task)? else { return Ok(()) };
        if job == Job::Hashed {
            for (cores, numbers) in HASHING {
                let figures =
                    load::hashed_copy(&launch.start_on(numbers)?, &self.sample, &self.to)?;
                self.record(&format!("{}, {cores}", job.name()), server, figures);
            }
            return Ok(());
        }
        let figures = load::transfer(&launch.start()?, &self.sample)?;
        self.record(job.name(), server, figures);
        let Trickle { first, last } =
            load::trickle(&launch.start()?, SLOW_BYTES_PER_SEC, self.slow)?;
        let label = |when| format!("{}, 10 MB/s, resident MiB {when}", job.name());
        self.table.record(&label("first"), server.name, mib(first));
        self.table.record(&label("last"), server.name, mib(last));
        Ok(())
    }

    fn record(&mut self, label: &str, server: &FileServer, figures: Figures) {
        let mut record = |figure: &str, value| {
            self.table.record(&format!("{label}, {figure}"), server.name, value);
        };
        record("GB/s", figures.rate / 1e9);
        record("server CPU s per GiB", figures.cpu_secs_per_byte * f64::from(1 << 30));
        record("peak resident MiB", mib(figures.peak_resident));
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB as f64
}
