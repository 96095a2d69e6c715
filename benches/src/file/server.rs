//! The servers of `files`: a table of them, whatever they are written in, and how one is started.

#![expect(clippy::disallowed_macros, reason = "a server announces its port on stdout")]

use std::{env, io, path::Path};

use crate::{
    file::job::{Job, Task},
    net::server::{Announce, Launch},
    program::{self, CProgram},
};

static SEND: CProgram = CProgram::new("C", "file/send.c", &[], "gcc");
static HASH: CProgram =
    CProgram::new("C with OpenSSL", "file/hash.c", &["-lcrypto"], "gcc libssl-dev");

/// One entry of the table. It serves one client after another, each by a connection that it closes at the end.
#[derive(Clone, Copy, Debug)]
pub struct FileServer {
    /// The column's name in the table.
    pub name: &'static str,
    /// What it runs in.
    pub host: Host,
}

/// What a server runs in.
#[derive(Clone, Copy, Debug)]
pub enum Host {
    /// A child process of this binary: listens on a free port of 127.0.0.1, announces it once, and serves until it is
    /// killed.
    Here(fn(Task, Announce) -> io::Result<()>),
    /// The programs in C beside this file.
    C,
    /// The script beside this file.
    Node,
}

impl FileServer {
    /// How it is started for this task; `None` if what it needs is missing.
    ///
    /// # Errors
    /// If this binary cannot be found.
    pub fn launch(&self, task: &Task) -> io::Result<Option<Launch>> {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let [job, from, to] = [task.job.to_string(), path(&task.from), path(&task.to)];
        let arguments = match self.host {
            Host::Here(_) => {
                let itself = path(&env::current_exe()?);
                let name = self.name.to_owned();
                let [serve, as_job, in_file, out_file] =
                    ["--serve", "--job", "--from", "--to"].map(str::to_owned);
                vec![itself, serve, name, as_job, job, in_file, from, out_file, to]
            }
            Host::C => {
                let program = if task.job == Job::Hashed { &HASH } else { &SEND };
                let Some(program) = program.path() else { return Ok(None) };
                vec![path(program), job, from, to]
            }
            Host::Node if program::has_node() => {
                vec!["node".to_owned(), path(&program::source("file/server.mjs")), job, from, to]
            }
            Host::Node => return Ok(None),
        };
        Ok(Some(Launch::new(self.name, arguments)))
    }
}

/// In the child: serves as the entry `name`.
///
/// # Errors
/// What the server fails with, and if there is no such server in this binary.
pub fn serve(servers: &[FileServer], name: &str, task: Task) -> io::Result<()> {
    let serve = servers.iter().find_map(|server| match server.host {
        Host::Here(serve) if server.name == name => Some(serve),
        _ => None,
    });
    let serve = serve.ok_or_else(|| io::Error::other(format!("there is no server {name}")))?;
    serve(task, |port| println!("{port}"))
}
