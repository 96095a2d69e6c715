//! A pipeline: a packed log becomes lines, the failed requests among them are counted by path, and the counts become a file.
//!
//! `cargo run --release --example pipeline -- access.log.gz failures.txt` reads a log in the common format and says now and
//! then how far it is. Without arguments it first makes a log of its own, in the folder for temporary files.
//!
//! Whatever the size of the log, only a few blocks of it are in memory: each stage asks the one before it for as much as it
//! has room for. The file of counts appears whole or not at all.
#![expect(clippy::disallowed_macros, reason = "a program prints what came of it")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use roundsman::prelude::*;
use roundsman::stream::{LineTooLong, PipeError, Running, Source, Summary};
use roundsman::{MissedTicks, fs};

/// The longest line that counts, in bytes.
const LINE_MAX: usize = 8 * 1024;
/// The most that a log may unpack to, in bytes: a log that is a bomb is an error.
const LOG_MAX: u64 = 100 << 30;

/// How often each path has failed.
type Counts = BTreeMap<String, u64>;

struct Report {
    log: PathBuf,
    counts: PathBuf,
    running: Option<Running>,
}

enum Msg {
    /// The sample is there.
    Made(Result<Summary, PipeError>),
    Counted(Result<Counts, PipeError>),
    Written(Result<Summary, PipeError>),
    Tick,
}

impl Report {
    /// Counts the failures in the log.
    fn count(&mut self, ctx: &mut Context<Self>) {
        let counting = fs::reader(&self.log)
            .source()
            .gunzip(LOG_MAX)
            .lines(LINE_MAX)
            .filter_map(failed_path)
            .fold(Counts::new(), |mut counts, path| {
                *counts.entry(path).or_default() += 1;
                counts
            });
        self.running = Some(counting.start(ctx, Msg::Counted));
        ctx.send_every(Duration::from_millis(500), MissedTicks::Skip, || Msg::Tick);
    }

    /// Writes the counts, the most frequent first.
    fn write(&self, counts: Counts, ctx: &mut Context<Self>) {
        let mut lines: Vec<_> = counts.into_iter().collect();
        lines.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Source::iter(lines)
            .map(|(path, count)| Bytes::from(format!("{count} {path}\n")))
            .pipe(fs::writer(&self.counts).atomic().sink())
            .start(ctx, Msg::Written);
    }
}

/// The path of a request that failed: `… "GET /path HTTP/1.1" 404 …`.
fn failed_path(line: Result<Bytes, LineTooLong>) -> Option<String> {
    let line = line.ok()?;
    let mut parts = std::str::from_utf8(&line).ok()?.split('"').skip(1);
    let path = parts.next()?.split(' ').nth(1)?;
    let status: u16 = parts.next()?.split_whitespace().next()?.parse().ok()?;
    (status >= 400).then(|| path.to_owned())
}

impl Actor for Report {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        if std::env::args().nth(1).is_some() {
            self.count(ctx);
        } else {
            sample().gzip(6).pipe(fs::writer(&self.log).sink()).start(ctx, Msg::Made);
        }
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Made(made) => {
                println!("made {}, {} bytes packed", self.log.display(), made?.bytes);
                self.count(ctx);
            }
            Msg::Tick => {
                if let Some(running) = &self.running {
                    eprintln!("{}", running.progress(ctx));
                }
            }
            Msg::Counted(counts) => {
                let counts = counts?;
                println!("{} requests failed", counts.values().sum::<u64>());
                self.write(counts, ctx);
            }
            Msg::Written(written) => {
                println!("{} paths in {}", written?.items, self.counts.display());
                ctx.stop();
            }
        }
        Ok(())
    }
}

/// A log of a hundred thousand requests.
fn sample() -> Source<Bytes> {
    Source::iter(0..100_000_u32)
        .map(|n| {
            let (page, status) = (n % 7, if n.is_multiple_of(10) { 404 } else { 200 });
            format!("10.0.0.1 - - [25/Nov/2026:12:00:00 +0000] \"GET /page/{page} HTTP/1.1\" {status} {n}")
        })
        .map(Bytes::from)
        .through(roundsman::stream::encode_lines())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = |n: usize, name: &str| {
        let given = std::env::args().nth(n).map(PathBuf::from);
        given.unwrap_or_else(|| std::env::temp_dir().join(name))
    };
    let log = path(1, "roundsman-access.log.gz");
    let counts = path(2, "roundsman-failures.txt");
    Runtime::builder().build()?.run(|| Report { log, counts, running: None })?;
    Ok(())
}
