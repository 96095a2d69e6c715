//! The usual tokio chat that speaks IRC, as tutorials write it: a task for each connection, a broadcast channel for each
//! channel, lines cut by `LinesCodec`, a write for each line.
//!
//! It knows NICK, USER, JOIN of one channel, PRIVMSG to it and PING, and so does much less than a server that people use.

use std::{
    collections::HashMap,
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::broadcast::{self, error::RecvError},
};

use crate::net::server::Announce;

/// How many lines a client may be behind before it misses some.
const BEHIND_LINES_MAX: usize = 4096;
/// In a crowd that comes in at once each hears of all who come after it.
const SERVER: &str = "chat.example";

/// What is said in a channel: by whom, so that these do not hear themselves, and the line.
type Said = (u64, Arc<str>);

type Channels = Arc<Mutex<HashMap<String, broadcast::Sender<Said>>>>;

/// Serves until it is killed.
///
/// # Errors
/// If the runtime cannot be built or the listener fails.
#[tokio::main(flavor = "current_thread")]
pub async fn serve(announce: Announce) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?.port());
    let channels = Channels::default();
    for id in 0.. {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(chat(id, stream, Arc::clone(&channels)));
    }
    Ok(())
}

/// A client, and the channel it is in.
struct Client<'a> {
    id: u64,
    nick: String,
    user: String,
    lines: Lines<BufReader<ReadHalf<'a>>>,
    writer: WriteHalf<'a>,
    room: Option<(broadcast::Sender<Said>, broadcast::Receiver<Said>)>,
}

async fn chat(id: u64, mut stream: TcpStream, channels: Channels) -> io::Result<()> {
    let (reader, writer) = stream.split();
    let lines = BufReader::new(reader).lines();
    let (nick, user) = (String::new(), String::new());
    let mut client = Client { id, nick, user, lines, writer, room: None };
    loop {
        let Some((_, heard)) = &mut client.room else {
            match client.lines.next_line().await? {
                Some(line) => client.obey(&line, &channels).await?,
                None => return Ok(()),
            }
            continue;
        };
        tokio::select! {
            said = client.lines.next_line() => match said? {
                Some(line) => client.obey(&line, &channels).await?,
                None => return Ok(()),
            },
            said = heard.recv() => match said {
                Ok((by, line)) if by != client.id => client.writer.write_all(line.as_bytes()).await?,
                // The generator finds out what was missed.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

impl Client<'_> {
    async fn obey(&mut self, line: &str, channels: &Channels) -> io::Result<()> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        match command {
            "NICK" => self.nick = rest.to_owned(),
            "USER" => {
                self.user = rest.split(' ').next().unwrap_or_default().to_owned();
                let answer = format!(":{SERVER} 001 {} :Welcome\r\n", self.nick);
                self.writer.write_all(answer.as_bytes()).await?;
            }
            "JOIN" => {
                let room = {
                    let mut channels = channels.lock().unwrap_or_else(PoisonError::into_inner);
                    let open = || broadcast::channel(BEHIND_LINES_MAX).0;
                    channels.entry(rest.to_owned()).or_insert_with(open).clone()
                };
                let heard = room.subscribe();
                let joined = format!(":{}!{}@127.0.0.1 JOIN {rest}\r\n", self.nick, self.user);
                let answer = format!("{joined}:{SERVER} 366 {} {rest} :End\r\n", self.nick);
                // An error: nobody is in the channel, which cannot be, for this client is.
                drop(room.send((self.id, joined.into())));
                self.room = Some((room, heard));
                self.writer.write_all(answer.as_bytes()).await?;
            }
            "PRIVMSG" => {
                if let Some((room, _)) = &self.room {
                    let source = format!("{}!{}@127.0.0.1", self.nick, self.user);
                    drop(room.send((self.id, format!(":{source} PRIVMSG {rest}\r\n").into())));
                }
            }
            "PING" => {
                let answer = format!(":{SERVER} PONG {SERVER} {rest}\r\n");
                self.writer.write_all(answer.as_bytes()).await?;
            }
            _ => {}
        }
        Ok(())
    }
}
