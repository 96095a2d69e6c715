//! Servers in child processes: a table of them, and how one is started, measured and ended.

#![expect(clippy::disallowed_macros, reason = "a server announces its port on stdout")]

use std::{
    env,
    io::{self, BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    contender::OURS,
    process::{self, Memory},
};

/// The core of the servers.
pub const SERVER_CORE: usize = 0;

/// The core of the generator.
pub const GENERATOR_CORE: usize = 1;

/// Tells the generator the port on which a server listens.
pub type Announce = fn(u16);

/// One entry of a table of servers.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// The column's name in the table.
    pub name: &'static str,
    /// Listens on a free port of 127.0.0.1, announces it once, and serves until it is killed.
    pub serve: fn(Announce) -> io::Result<()>,
}

/// In the child: serves as the entry `name`.
///
/// # Errors
/// What the server fails with, and if there is no such server.
pub fn serve(servers: &[Server], name: &str) -> io::Result<()> {
    let server = servers.iter().find(|server| server.name == name);
    let server = server.ok_or_else(|| io::Error::other(format!("there is no server {name}")))?;
    (server.serve)(|port| println!("{port}"))
}

/// A server that can be started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The column's name in the table.
    pub name: String,
    arguments: Vec<String>,
}

/// What to start: `ours`, a shell command whose first line of output ends in its port, in place
/// of an entry for roundsman if there is one; then the table; of these only `only`, if given.
pub fn launches(servers: &[Server], ours: Option<String>, only: Option<&str>) -> Vec<Launch> {
    let ours = ours.map(|command| Launch {
        name: OURS.to_owned(),
        arguments: vec!["/bin/sh".into(), "-c".into(), format!("exec {command}")],
    });
    let itself = env::current_exe().unwrap_or_default().to_string_lossy().into_owned();
    let peers = servers.iter().map(|server| Launch {
        name: server.name.to_owned(),
        arguments: vec![itself.clone(), "--serve".into(), server.name.to_owned()],
    });
    let peers: Vec<_> = peers.filter(|peer| ours.is_none() || peer.name != OURS).collect();
    let mut launches: Vec<_> = ours.into_iter().chain(peers).collect();
    launches.retain(|launch| only.is_none_or(|only| only == launch.name));
    launches
}

impl Launch {
    /// A program and its arguments. Its first line of output ends in its port.
    pub fn new(name: &str, arguments: Vec<String>) -> Self {
        Self { name: name.to_owned(), arguments }
    }

    /// Starts the server on its core and waits for its port. The calling thread ends up on the
    /// generator's core.
    ///
    /// # Errors
    /// If the server cannot be started, or announces no port.
    pub fn start(&self) -> io::Result<Running> {
        self.start_on(&[SERVER_CORE])
    }

    /// Starts the server on these cores, otherwise as [`start`](Self::start) does.
    ///
    /// # Errors
    /// If the server cannot be started, or announces no port.
    pub fn start_on(&self, cores: &[usize]) -> io::Result<Running> {
        // The child inherits the cores from its first instruction on, whatever it is.
        process::pin_to(cores)?;
        let spawned = Command::new(&self.arguments[0])
            .args(&self.arguments[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        process::pin_to(&[GENERATOR_CORE])?;
        let mut running = Running { child: spawned?, address: (Ipv4Addr::LOCALHOST, 0).into() };
        let port = running.announced_port(&self.name)?;
        running.address.set_port(port);
        Ok(running)
    }
}

/// A server that runs; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Running {
    /// CPU time that the server has used.
    ///
    /// # Errors
    /// If the server has died.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        process::cpu_time(self.child.id())
    }

    /// Memory of the server.
    ///
    /// # Errors
    /// If the server has died.
    pub fn memory(&self) -> io::Result<Memory> {
        process::memory(self.child.id())
    }

    fn announced_port(&mut self, name: &str) -> io::Result<u16> {
        let mut line = String::new();
        if let Some(stdout) = &mut self.child.stdout {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let port = line.trim().rsplit(|c: char| !c.is_ascii_digit()).next();
        port.and_then(|port| port.parse().ok())
            .ok_or_else(|| io::Error::other(format!("{name} announced {line:?} instead of a port")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error: it has died already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
