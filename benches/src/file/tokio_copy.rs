//! tokio on one thread, its files on its pool: `copy_buf`, or the same by hand with a look at the bytes, 256 KiB at a time.

use std::{io, net::Ipv4Addr};

use sha3::{Digest, Sha3_256};
use tokio::{
    fs::File,
    io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader, copy_buf},
    net::{TcpListener, TcpStream},
};

use crate::{
    file::job::{Job, Task},
    net::server::Announce,
};

/// Larger than tokio's own 8 KiB, with which it is some four times slower.
const BUFFER: usize = 256 * 1024;

/// Serves until it is killed.
///
/// # Errors
/// If the runtime cannot be built or the listener fails.
#[tokio::main(flavor = "current_thread")]
pub async fn serve(task: Task, announce: Announce) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?.port());
    loop {
        let (client, _) = listener.accept().await?;
        tokio::spawn(reply(task.clone(), client));
    }
}

async fn reply(task: Task, mut client: TcpStream) -> io::Result<()> {
    let mut from = BufReader::with_capacity(BUFFER, File::open(&task.from).await?);
    match task.job {
        Job::Straight => copy_buf(&mut from, &mut client).await.map(drop),
        Job::Staged => pump(&mut from, &mut client, |_| {}).await,
        Job::Hashed => {
            let mut hasher = Sha3_256::new();
            let mut to = File::create(&task.to).await?;
            pump(&mut from, &mut to, |bytes| hasher.update(bytes)).await?;
            client.write_all(&hasher.finalize()).await
        }
    }
}

async fn pump<R, W>(from: &mut R, to: &mut W, mut look: impl FnMut(&[u8])) -> io::Result<()>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    loop {
        let bytes = from.fill_buf().await?;
        if bytes.is_empty() {
            return to.flush().await;
        }
        look(bytes);
        to.write_all(bytes).await?;
        let length = bytes.len();
        from.consume(length);
    }
}
