//! The generator of `echo`: keeps a number of requests outstanding on each connection and checks
//! every byte that comes back.

use std::{io, ops::ControlFlow, time::Duration};

use crate::{
    clock,
    net::{
        crowd::{Crowd, Member},
        payload::{Payload, REQUEST},
        server::Running,
    },
};

/// How long the load runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(300);

/// How much is asked of the server.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// The row's name in the table.
    pub name: &'static str,
    /// How many connections there are.
    pub connections: usize,
    /// How many requests each of them has outstanding.
    pub outstanding: u64,
}

/// What the server did.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Requests answered per second.
    pub rate: f64,
    /// CPU time of the server per request, in microseconds.
    pub cpu_micros: f64,
}

/// Puts `load` on `server` for `duration`.
///
/// # Errors
/// If a connection fails, ends, or answers other bytes than it was sent.
pub fn run(server: &Running, load: Load, duration: Duration) -> io::Result<Figures> {
    let mut crowd = Crowd::connect(server.address, load.connections)?;
    let mut talk = Talk::new(load.connections);
    for member in &mut crowd.members {
        talk.request(member, load.outstanding)?;
    }
    let mut talk_until = |end| {
        crowd.run_until(end, |member, buffer| {
            let answers = talk.answers(member, buffer)?;
            talk.request(member, answers)?;
            Ok(ControlFlow::Continue(()))
        })?;
        io::Result::Ok(talk.answered)
    };

    let before = talk_until(clock::now() + WARM_UP)?;
    let (start, cpu) = (clock::now(), server.cpu_time()?);
    let after = talk_until(start + duration)?;
    let (elapsed, cpu) = (start.elapsed(), server.cpu_time()? - cpu);
    let requests = (after - before) as f64;
    Ok(Figures {
        rate: requests / elapsed.as_secs_f64(),
        cpu_micros: cpu.as_secs_f64() * 1e6 / requests,
    })
}

/// What was said on all connections.
struct Talk {
    payload: Payload,
    /// Bytes sent and received on each connection.
    sent: Vec<u64>,
    received: Vec<u64>,
    /// Requests answered on all connections together.
    answered: u64,
}

impl Talk {
    fn new(connections: usize) -> Self {
        let zeros = vec![0; connections];
        Self { payload: Payload::default(), sent: zeros.clone(), received: zeros, answered: 0 }
    }

    fn request(&mut self, member: &mut Member, count: u64) -> io::Result<()> {
        let sent = &mut self.sent[member.index];
        let bytes = self.payload.piece(member.index, *sent, count as usize * REQUEST);
        *sent += bytes.len() as u64;
        member.send(bytes)
    }

    /// Takes and checks what came back; how many answers it completes.
    fn answers(&mut self, member: &mut Member, buffer: &mut [u8]) -> io::Result<u64> {
        let index = member.index;
        let received = &mut self.received[index];
        let complete = *received / REQUEST as u64;
        member.hear(buffer, |bytes| {
            if bytes != self.payload.piece(index, *received, bytes.len()) {
                return Err(io::Error::other("the answer is not the request"));
            }
            *received += bytes.len() as u64;
            Ok(())
        })?;
        let answers = *received / REQUEST as u64 - complete;
        self.answered += answers;
        Ok(answers)
    }
}
