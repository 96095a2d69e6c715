//! Peers that are no Rust: C programs, compiled when they are first needed, and scripts for Node.
//!
//! Their sources lie beside the modules that start them. A peer whose compiler or interpreter is missing is left out,
//! and stderr says so.

#![expect(clippy::disallowed_macros, reason = "a peer that is missing is said so on stderr")]

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// A C program of this package.
#[derive(Debug)]
pub struct CProgram {
    /// Its peer, for the message that it is left out.
    name: &'static str,
    /// Its source, relative to `src`.
    source: &'static str,
    /// What it is linked with, and macros: `cc`'s arguments.
    arguments: &'static [&'static str],
    /// The packages of Debian that it needs.
    packages: &'static str,
    compiled: OnceLock<Option<PathBuf>>,
}

impl CProgram {
    /// A program that has not been compiled yet.
    pub const fn new(
        name: &'static str,
        source: &'static str,
        arguments: &'static [&'static str],
        packages: &'static str,
    ) -> Self {
        Self { name, source, arguments, packages, compiled: OnceLock::new() }
    }

    /// Where the program lies, compiled; `None` if it cannot be.
    pub fn path(&self) -> Option<&Path> {
        self.compiled.get_or_init(|| self.compile()).as_deref()
    }

    fn compile(&self) -> Option<PathBuf> {
        let source = source(self.source);
        let program = env::current_exe().ok()?.with_file_name(source.file_stem()?);
        let mut compiler = Command::new("cc");
        compiler.arg("-O2").arg(source).arg("-o").arg(&program).args(self.arguments);
        let why = match compiler.output() {
            Ok(output) if output.status.success() => return Some(program),
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => format!("no C compiler `cc` ({error})"),
        };
        eprintln!("{} is left out: {why}", self.name);
        eprintln!("(Debian: apt-get install {})", self.packages);
        None
    }
}

/// Whether Node is installed.
pub fn has_node() -> bool {
    static HAS_NODE: OnceLock<bool> = OnceLock::new();
    *HAS_NODE.get_or_init(|| {
        let version = Command::new("node").arg("--version").stdout(Stdio::null()).status();
        version.inspect_err(|error| eprintln!("Node is left out: {error}")).is_ok()
    })
}

/// Where a source of this package lies, given relative to `src`.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name)
}
