//! The generator of `chat`: clients in one room, some of which speak. A speaker keeps a number of
//! lines outstanding: those that it has not heard itself yet.

use std::{
    io,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use crate::{
    clock,
    net::{
        crowd::{Crowd, Member},
        line::{LINE, Line, PROBE},
        scoreboard::{SPEAKERS, Scoreboard},
        server::Running,
    },
};

/// How long the room talks before it is measured.
pub(super) const WARM_UP: Duration = Duration::from_millis(300);

/// How long the last lines may take; what has not come then is lost, and so may joining.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How often the last client asks whether everybody is in the room.
const PROBES_MAX: u64 = 20;

/// How full the room is.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many clients there are; the first ten of them speak.
    pub clients: usize,
    /// How many lines a speaker has outstanding.
    pub window: usize,
}

/// What the server did.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Lines delivered per second, to all clients together.
    pub rate: f64,
    /// Half of the deliveries took no longer.
    pub p50: Duration,
    /// 99 of 100 deliveries took no longer.
    pub p99: Duration,
    /// Lines that did not come to a client that should have heard them.
    pub lost: u64,
    /// CPU time of the server per delivery, in microseconds.
    pub cpu_micros: f64,
}

/// Lets the room talk for `duration`.
///
/// # Errors
/// If a connection fails or ends, or a client hears what nobody said.
pub fn run(server: &Running, load: Load, duration: Duration) -> io::Result<Figures> {
    let mut crowd = Crowd::connect(server.address, load.clients)?;
    let mut room = Room::new(load.clients);
    room.wait_until_all_joined(&mut crowd)?;
    for speaker in &mut crowd.members[..SPEAKERS] {
        room.speak(speaker, load.window)?;
    }
    room.talk_until(clock::now() + WARM_UP, &mut crowd)?;

    room.scoreboard.forget_delays();
    let (start, cpu, delivered) = (clock::now(), server.cpu_time()?, room.scoreboard.delivered);
    room.talk_until(start + duration, &mut crowd)?;
    let (elapsed, cpu) = (start.elapsed(), server.cpu_time()? - cpu);
    let deliveries = (room.scoreboard.delivered - delivered) as f64;
    let (p50, p99) = (room.scoreboard.delay(0.5), room.scoreboard.delay(0.99));

    room.hear_until(clock::now() + PATIENCE, &mut crowd, Scoreboard::all_heard)?;
    Ok(Figures {
        rate: deliveries / elapsed.as_secs_f64(),
        p50,
        p99,
        lost: room.scoreboard.missing(),
        cpu_micros: cpu.as_secs_f64() * 1e6 / deliveries,
    })
}

/// What was said and heard.
struct Room {
    scoreboard: Scoreboard,
    /// For each client, the beginning of a line whose end has not come yet.
    partial: Vec<Vec<u8>>,
}

impl Room {
    fn new(clients: usize) -> Self {
        Self { scoreboard: Scoreboard::new(clients), partial: vec![Vec::new(); clients] }
    }

    /// Who connects is not in the room at once. The client that came last says probes until
    /// everybody has heard one.
    fn wait_until_all_joined(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        for number in 0..PROBES_MAX {
            if let Some(last) = crowd.members.last_mut() {
                last.send(&Line { speaker: PROBE, number }.encode())?;
            }
            let end = clock::now() + PATIENCE / PROBES_MAX as u32;
            self.hear_until(end, crowd, Scoreboard::all_joined)?;
            if self.scoreboard.all_joined() {
                return Ok(());
            }
        }
        Err(io::Error::other("not every client hears what is said in the room"))
    }

    /// A line that a speaker hears from itself lets it say the next.
    fn talk_until(&mut self, end: Instant, crowd: &mut Crowd) -> io::Result<()> {
        crowd.run_until(end, |client, buffer| {
            let own = self.hear(client, buffer)?;
            self.speak(client, own)?;
            Ok(ControlFlow::Continue(()))
        })
    }

    fn hear_until(
        &mut self,
        end: Instant,
        crowd: &mut Crowd,
        done: fn(&Scoreboard) -> bool,
    ) -> io::Result<()> {
        if done(&self.scoreboard) {
            return Ok(());
        }
        crowd.run_until(end, |client, buffer| {
            self.hear(client, buffer)?;
            let done = done(&self.scoreboard);
            Ok(if done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    }

    /// Says this many new lines at once.
    fn speak(&mut self, client: &mut Member, count: usize) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        let now = clock::now();
        let line = |_| self.scoreboard.speak(client.index, now).encode();
        let lines: Vec<_> = (0..count).map(line).collect();
        client.send(lines.as_flattened())
    }

    /// Takes what has come; how many of the lines are the client's own.
    fn hear(&mut self, client: &mut Member, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { scoreboard, partial } = self;
        let (index, partial) = (client.index, &mut partial[client.index]);
        let mut own = 0;
        let mut take = |text: &[u8; LINE], now| {
            let line = Line::decode(text);
            let line = line.ok_or_else(|| io::Error::other("this is not a line that was sent"))?;
            own += usize::from(scoreboard.hear(index, line, now)?);
            io::Result::Ok(())
        };
        client.hear(buffer, |mut bytes| {
            let now = clock::now();
            if !partial.is_empty() {
                let (rest, after) = bytes.split_at(bytes.len().min(LINE - partial.len()));
                partial.extend_from_slice(rest);
                bytes = after;
                if let Some(text) = partial.first_chunk() {
                    take(text, now)?;
                    partial.clear();
                }
            }
            let (lines, rest) = bytes.as_chunks();
            for text in lines {
                take(text, now)?;
            }
            partial.extend_from_slice(rest);
            Ok(())
        })?;
        Ok(own)
    }
}
