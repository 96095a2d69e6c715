//! The standard library, one thread: `io::copy`, else read and write, 64 KiB at a time.
//!
//! `io::copy` from a file to a socket is read and write too, 8 KiB at a time: std leaves sendfile to others.

use std::{
    fs::File,
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
};

use sha3::{Digest, Sha3_256};

use crate::{
    file::job::{Job, Task},
    net::server::Announce,
};

const CHUNK: usize = 64 * 1024;

/// Serves until it is killed.
///
/// # Errors
/// If the listener fails.
pub fn serve(task: Task, announce: Announce) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    announce(listener.local_addr()?.port());
    loop {
        let (client, _) = listener.accept()?;
        // A client that goes is not the end of the server.
        let _ = reply(&task, client);
    }
}

fn reply(task: &Task, mut client: TcpStream) -> io::Result<()> {
    let mut from = File::open(&task.from)?;
    match task.job {
        Job::Straight => io::copy(&mut from, &mut client).map(drop),
        Job::Staged => pump(from, client, |_| {}),
        Job::Hashed => {
            let mut hasher = Sha3_256::new();
            pump(from, File::create(&task.to)?, |bytes| hasher.update(bytes))?;
            client.write_all(&hasher.finalize())
        }
    }
}

fn pump(mut from: impl Read, mut to: impl Write, mut look: impl FnMut(&[u8])) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk)?;
        if length == 0 {
            return Ok(());
        }
        look(&chunk[..length]);
        to.write_all(&chunk[..length])?;
    }
}
