//! The usual tokio chat, as tutorials write it: a task for each connection, a broadcast channel,
//! a write for each line.

use std::{io, net::Ipv4Addr, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::broadcast::{self, error::RecvError},
};

use crate::net::server::Announce;

/// How many lines a client may be behind before it misses some.
const BEHIND_LINES_MAX: usize = 4096;

/// Serves until it is killed.
///
/// # Errors
/// If the runtime cannot be built or the listener fails.
#[tokio::main(flavor = "current_thread")]
pub async fn serve(announce: Announce) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?.port());
    let (room, _) = broadcast::channel(BEHIND_LINES_MAX);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(chat(stream, room.clone()));
    }
}

async fn chat(mut stream: TcpStream, room: broadcast::Sender<Arc<str>>) -> io::Result<()> {
    let mut heard = room.subscribe();
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    loop {
        tokio::select! {
            said = lines.next_line() => match said? {
                // An error: nobody is in the room, which cannot be, for this client is.
                Some(line) => drop(room.send(format!("{line}\n").into())),
                None => return Ok(()),
            },
            line = heard.recv() => match line {
                Ok(line) => writer.write_all(line.as_bytes()).await?,
                // The generator finds out.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}
