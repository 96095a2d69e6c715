//! The generator of `irc`: clients that register, go into channels, and of which some speak in one.
//!
//! Nobody hears itself on IRC, so each of ten speakers says a line for each that it hears of the next speaker: as many lines as
//! there were at the beginning go round, and none is said before one has been delivered.

use std::{
    io,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use memchr::{memchr, memchr_iter};

use crate::{
    clock,
    net::{
        chat_load::{Figures, Load, PATIENCE, WARM_UP},
        crowd::{Crowd, Member},
        line::{LINE, Line, PROBE},
        scoreboard::{SPEAKERS, Scoreboard},
        server::Running,
    },
};

/// How long ten thousand clients may take to come in.
const COMING_IN: Duration = Duration::from_secs(300);
/// How long the server is left alone before its memory is looked at.
const REST: Duration = Duration::from_millis(500);

/// Where clients go when they have registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rooms {
    /// Nowhere.
    None,
    /// Into so many channels, evenly.
    Spread(usize),
}

/// What it took for clients to come in.
#[derive(Clone, Copy, Debug)]
pub struct ComingIn {
    /// From the first connection to the last client that is where it wanted to be.
    pub elapsed: Duration,
    /// What the server's resident memory grew by, in bytes, for each.
    pub bytes: f64,
    /// CPU time of the server for each, in microseconds.
    pub cpu_micros: f64,
}

/// Lets `count` clients come in.
///
/// # Errors
/// If a connection fails or ends, or somebody does not come in.
pub fn come_in(server: &Running, count: usize, rooms: Rooms) -> io::Result<ComingIn> {
    let (memory, cpu) = (server.memory()?.resident, server.cpu_time()?);
    let begun = clock::now();
    let mut guests = Guests::connect(server, count)?;
    guests.register(rooms)?;
    let elapsed = begun.elapsed();
    guests.rest()?;
    let each = |total: f64| total / count as f64;
    Ok(ComingIn {
        elapsed,
        bytes: each(server.memory()?.resident.saturating_sub(memory) as f64),
        cpu_micros: each((server.cpu_time()? - cpu).as_secs_f64() * 1e6),
    })
}

/// Lets ten of the clients speak in one channel with all of them, for `duration`.
///
/// # Errors
/// If a connection fails or ends, or a client hears what nobody said.
pub fn talk(server: &Running, load: Load, duration: Duration) -> io::Result<Figures> {
    let mut guests = Guests::connect(server, load.clients)?;
    guests.register(Rooms::Spread(1))?;
    let mut scoreboard = Scoreboard::of_others(load.clients);
    guests.settle(&mut scoreboard)?;
    for speaker in &mut guests.crowd.members[..SPEAKERS] {
        speak(&mut scoreboard, speaker, load.window)?;
    }
    guests.talk_until(clock::now() + WARM_UP, &mut scoreboard, true)?;

    scoreboard.forget_delays();
    let (start, cpu, delivered) = (clock::now(), server.cpu_time()?, scoreboard.delivered);
    guests.talk_until(start + duration, &mut scoreboard, true)?;
    let (elapsed, cpu) = (start.elapsed(), server.cpu_time()? - cpu);
    let deliveries = (scoreboard.delivered - delivered) as f64;
    let (p50, p99) = (scoreboard.delay(0.5), scoreboard.delay(0.99));

    guests.talk_until(clock::now() + PATIENCE, &mut scoreboard, false)?;
    Ok(Figures {
        rate: deliveries / elapsed.as_secs_f64(),
        p50,
        p99,
        lost: scoreboard.missing(),
        cpu_micros: cpu.as_secs_f64() * 1e6 / deliveries,
    })
}

/// Everybody who has come.
struct Guests {
    crowd: Crowd,
    /// For each, the beginning of a line whose end has not come yet.
    partial: Vec<Vec<u8>>,
}

impl Guests {
    fn connect(server: &Running, count: usize) -> io::Result<Self> {
        let crowd = Crowd::connect(server.address, count)?;
        Ok(Self { crowd, partial: vec![Vec::new(); count] })
    }

    /// Each says who it is, and goes on when it was greeted. Ends when all are where they wanted to be.
    fn register(&mut self, rooms: Rooms) -> io::Result<()> {
        for member in &mut self.crowd.members {
            let index = member.index;
            member.send(format!("NICK g{index}\r\nUSER g 0 * :g\r\n").as_bytes())?;
        }
        let last: &[u8] = if rooms == Rooms::None { b"001" } else { b"366" };
        let mut missing = self.crowd.members.len();
        let Self { crowd, partial } = self;
        crowd.run_until(clock::now() + COMING_IN, |member, buffer| {
            let (mut greeted, mut arrived) = (false, false);
            hear(member, buffer, partial, |line, _| {
                let what = words(line);
                greeted |= what.starts_with(b"001");
                arrived |= what.starts_with(last);
                let refused = line.starts_with(b"ERROR") || what.starts_with(b"433 ");
                if refused { Err(unexpected(line)) } else { Ok(()) }
            })?;
            if let (true, Rooms::Spread(rooms)) = (greeted, rooms) {
                member.send(format!("JOIN #r{}\r\n", member.index % rooms).as_bytes())?;
            }
            missing -= usize::from(arrived);
            Ok(if missing == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if missing > 0 {
            return Err(io::Error::other(format!("{missing} clients have not come in")));
        }
        Ok(())
    }

    /// Who comes is told to everybody who is there: that is over when all have heard what the last says after it.
    fn settle(&mut self, board: &mut Scoreboard) -> io::Result<()> {
        let probe = Line { speaker: PROBE, number: 0 };
        if let Some(last) = self.crowd.members.last_mut() {
            last.send(&said_in_room(&[probe]))?;
            board.hear(last.index, probe, clock::now())?;
        }
        let Self { crowd, partial } = self;
        crowd.run_until(clock::now() + COMING_IN, |member, buffer| {
            let client = member.index;
            hear(member, buffer, partial, |line, now| match said(line)? {
                Some(line) => board.hear(client, line, now).map(drop),
                None => Ok(()),
            })?;
            let done = board.all_joined();
            Ok(if done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    }

    /// Takes what still comes.
    fn rest(&mut self) -> io::Result<()> {
        let Self { crowd, partial } = self;
        crowd.run_until(clock::now() + REST, |member, buffer| {
            hear(member, buffer, partial, |_, _| Ok(()))?;
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Until `end`; or, if nothing `more` is to be said, until nothing more can come.
    fn talk_until(&mut self, end: Instant, board: &mut Scoreboard, more: bool) -> io::Result<()> {
        if !more && board.all_heard() {
            return Ok(());
        }
        let Self { crowd, partial } = self;
        crowd.run_until(end, |member, buffer| {
            let (client, mut turns) = (member.index, 0);
            hear(member, buffer, partial, |line, now| {
                if let Some(line) = said(line)? {
                    board.hear(client, line, now)?;
                    turns += usize::from(more && follows(client, line.speaker));
                }
                Ok(())
            })?;
            speak(board, member, turns)?;
            let done = !more && board.all_heard();
            Ok(if done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    }
}

/// Whether this client is the one who speaks when it has heard that speaker.
fn follows(client: usize, speaker: u8) -> bool {
    usize::from(speaker.wrapping_sub(b'0')) == (client + 1) % SPEAKERS && client < SPEAKERS
}

/// Says this many new lines at once.
fn speak(board: &mut Scoreboard, speaker: &mut Member, count: usize) -> io::Result<()> {
    if count == 0 {
        return Ok(());
    }
    let now = clock::now();
    let lines: Vec<Line> = (0..count).map(|_| board.speak(speaker.index, now)).collect();
    speaker.send(&said_in_room(&lines))
}

/// As a client sends it.
fn said_in_room(lines: &[Line]) -> Vec<u8> {
    let mut text = Vec::new();
    for line in lines {
        text.extend_from_slice(b"PRIVMSG #r0 :");
        text.extend_from_slice(&line.encode()[..LINE - 1]);
        text.extend_from_slice(b"\r\n");
    }
    text
}

/// Takes what has come, line by line, without their ends.
fn hear(
    member: &mut Member,
    buffer: &mut [u8],
    partial: &mut [Vec<u8>],
    mut take: impl FnMut(&[u8], Instant) -> io::Result<()>,
) -> io::Result<()> {
    let partial = &mut partial[member.index];
    member.hear(buffer, |mut bytes| {
        let now = clock::now();
        if !partial.is_empty() {
            let Some(end) = memchr(b'\n', bytes) else {
                partial.extend_from_slice(bytes);
                return Ok(());
            };
            partial.extend_from_slice(&bytes[..end]);
            take(partial, now)?;
            // Thousands that rest keep no room for what has come.
            *partial = Vec::new();
            bytes = &bytes[end + 1..];
        }
        let mut begin = 0;
        for end in memchr_iter(b'\n', bytes) {
            take(&bytes[begin..end], now)?;
            begin = end + 1;
        }
        partial.extend_from_slice(&bytes[begin..]);
        Ok(())
    })
}

/// What follows the source.
fn words(line: &[u8]) -> &[u8] {
    match (line.first(), memchr(b' ', line)) {
        (Some(b':'), Some(space)) => &line[space + 1..],
        _ => line,
    }
}

/// What a speaker has said, if that is what the line tells.
fn said(line: &[u8]) -> io::Result<Option<Line>> {
    if !words(line).starts_with(b"PRIVMSG ") {
        return Ok(None);
    }
    let text = line.strip_suffix(b"\r").unwrap_or(line);
    let text = text.last_chunk::<{ LINE - 1 }>().ok_or_else(|| unexpected(line))?;
    let mut whole = [b'\n'; LINE];
    whole[..LINE - 1].copy_from_slice(text);
    Line::decode(&whole).map(Some).ok_or_else(|| unexpected(line))
}

fn unexpected(line: &[u8]) -> io::Error {
    io::Error::other(format!("a client was told {:?}", String::from_utf8_lossy(line)))
}
