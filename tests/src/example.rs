//! An example of roundsman, run as a child process: what it prints, how it is asked to end, and how it ended.
//!
//! Used by the tests that run the examples as a user would. The binary is the one cargo built beside this test, in the
//! same profile; it is built here if it is missing or older than one of its sources, so that `cargo test -p
//! roundsman-tests` alone never tests the example of yesterday.
//!
//! Every wait has a limit, [`PATIENCE`], which only ever makes a test fail.
#![expect(
    clippy::disallowed_methods,
    reason = "a test watches the process from outside, with threads of its own"
)]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};
use std::{env, fs};

/// How long a test waits for what must happen before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

static BUILDING: Mutex<()> = Mutex::new(());

/// A running example. It is killed when this is dropped.
#[derive(Debug)]
pub struct Example {
    child: Child,
    stdout: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
}

/// How an example ended, and what it had to say.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// The lines of its standard output that were not read before.
    pub stdout: Vec<String>,
    /// Everything on its standard error.
    pub stderr: String,
}

impl Example {
    /// Starts the example called `name`.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be built or started.
    pub fn start<S: AsRef<OsStr>>(name: &str, arguments: &[S]) -> Self {
        Self::run(name, Command::new(binary(name)).args(arguments))
    }

    fn run(name: &str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start the example {name}: {error}"));
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut stderr = child.stderr.take().expect("stderr is piped");
        // Both pipes are always read: an example that logs much must not stall on its test.
        let (lines, received) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody may be left to read it; the pipe is drained all the same.
                let _ = lines.send(line);
            }
        });
        let stderr = thread::spawn(move || {
            let mut text = Vec::new();
            // What was read before an error is still worth showing.
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Self { child, stdout: received, stderr: Some(stderr) }
    }

    /// Starts a server with `--listen 127.0.0.1:0` and waits until it says where it listens.
    ///
    /// Its first line must be `NAME listens on ADDR:PORT`.
    ///
    /// # Panics
    ///
    /// Panics if it says anything else.
    pub fn serve<S: AsRef<OsStr>>(name: &str, arguments: &[S]) -> (Self, SocketAddr) {
        let listen = ["--listen", "127.0.0.1:0"].map(OsStr::new);
        let arguments: Vec<&OsStr> =
            listen.into_iter().chain(arguments.iter().map(S::as_ref)).collect();
        Self::start(name, &arguments).announced(name)
    }

    /// The same, begun with a soft limit of so many open descriptors. On Unix.
    ///
    /// # Panics
    ///
    /// As [`serve`](Self::serve) does.
    pub fn serve_within(descriptors: u32, name: &str) -> (Self, SocketAddr) {
        let mut command = Command::new("sh");
        let script = format!("ulimit -S -n {descriptors} && exec \"$0\" --listen 127.0.0.1:0");
        command.args(["-c", &script]).arg(binary(name));
        Self::run(name, &mut command).announced(name)
    }

    fn announced(mut self, name: &str) -> (Self, SocketAddr) {
        let line = self.line();
        let address = line
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(" listens on "))
            .and_then(|address| address.parse().ok());
        match address {
            Some(address) => (self, address),
            None => panic!("the first line of {name} is {line:?}"),
        }
    }

    /// The next line of its standard output.
    ///
    /// # Panics
    ///
    /// Panics if it ends, or stays silent for [`PATIENCE`].
    pub fn line(&mut self) -> String {
        match self.stdout.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(why) => panic!("no line from the example ({why}); on stderr: {}", self.stop()),
        }
    }

    /// The memory that it holds, in bytes, as Linux counts it.
    ///
    /// # Panics
    ///
    /// Panics where there is no `/proc`, or no such process any more.
    pub fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).expect("the process is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kib.expect("Linux says how much it is") * 1024
    }

    /// Sends it a signal by name, `INT` or `TERM`.
    ///
    /// # Panics
    ///
    /// Panics if the signal cannot be sent.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().expect("sh runs");
        assert!(status.success(), "{kill}: {status}");
    }

    /// Sends it a signal again and again until it has ended.
    ///
    /// # Panics
    ///
    /// Panics if it has not ended after [`PATIENCE`].
    pub fn signal_until_ended(mut self, name: &str) -> Ended {
        for _ in 0..PATIENCE.as_millis() / 10 {
            self.signal(name);
            let wait = self.stdout.recv_timeout(Duration::from_millis(10));
            if wait == Err(mpsc::RecvTimeoutError::Disconnected) {
                let status = self.child.wait().expect("the child can be waited for");
                return Ended { status, stdout: Vec::new(), stderr: self.stderr() };
            }
        }
        panic!("the example does not end; on stderr: {}", self.stop())
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    ///
    /// Panics if it stays silent for [`PATIENCE`] and has not ended.
    pub fn ended(mut self) -> Ended {
        let mut stdout = Vec::new();
        loop {
            match self.stdout.recv_timeout(PATIENCE) {
                Ok(line) => stdout.push(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    panic!("the example does not end; on stderr: {}", self.stop())
                }
            }
        }
        let status = self.child.wait().expect("the child can be waited for");
        Ended { status, stdout, stderr: self.stderr() }
    }

    /// Kills it, and returns what it wrote to standard error.
    fn stop(&mut self) -> String {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.stderr()
    }

    fn stderr(&mut self) -> String {
        self.stderr.take().map(|reader| reader.join().unwrap_or_default()).unwrap_or_default()
    }
}

impl Drop for Example {
    #[expect(clippy::disallowed_macros, reason = "a failing test shows what the example logged")]
    fn drop(&mut self) {
        let log = self.stop();
        if thread::panicking() && !log.is_empty() {
            eprintln!("the example wrote to stderr:\n{log}");
        }
    }
}

/// Where the example's binary is, built if need be.
fn binary(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    // The test is TARGET/PROFILE/deps/TEST-HASH.
    let profile = test.ancestors().nth(2).expect("a test stands in its profile's folder");
    let binary = profile.join("examples").join(name).with_extension(env::consts::EXE_EXTENSION);
    {
        // One test of a process builds; the others find it done.
        let _turn = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_fresh(&binary) {
            build(name, profile);
        }
    }
    assert!(binary.exists(), "cargo built {name}, but not as {}", binary.display());
    binary
}

/// Whether the binary is there and newer than all the sources that cargo noted beside it.
fn is_fresh(binary: &Path) -> bool {
    let changed =
        |path: &Path| -> Option<SystemTime> { fs::metadata(path).and_then(|m| m.modified()).ok() };
    let Some(built) = changed(binary) else { return false };
    let Ok(rule) = fs::read_to_string(binary.with_extension("d")) else { return false };
    let Some((_, sources)) = rule.trim_end().split_once(": ") else { return false };
    // A space within a path is written `\ `.
    let sources = sources.replace("\\ ", "\0");
    sources
        .split(' ')
        .all(|source| changed(Path::new(&source.replace('\0', " "))).is_some_and(|at| at <= built))
}

fn build(name: &str, profile: &Path) {
    let target = profile.parent().expect("a profile's folder is not the root");
    let profile = match profile.file_name().and_then(OsStr::to_str) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let output = Command::new(env!("CARGO"))
        .args(["build", "--package", "roundsman-examples", "--example", name, "--profile", profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cannot build the example {name}:\n{log}");
}
