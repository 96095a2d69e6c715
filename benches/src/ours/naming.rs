//! Names on our side: look-ups of localhost, so many outstanding at any time, and questions that a cache answers.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use roundsman::{
    Actor, Context, Outcome, Runtime,
    dns::{self, Addresses, Answer, LookupError, ResolveError, Resolver},
};

use crate::{clock, workload::POOL_THREADS};

/// Spellings of localhost: look-ups of the same name would share a job.
fn spelling(number: u64) -> String {
    let letter = |(at, letter): (usize, char)| {
        if number >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
    };
    "localhost".chars().enumerate().map(letter).collect()
}

struct LooksUp {
    outstanding: u64,
    to_start: u64,
    to_end: u64,
    /// The look-ups that are measured, once the threads are there.
    measured: Option<u64>,
    begun: Instant,
    tell: mpsc::Sender<Duration>,
}

/// Which of those outstanding has found what.
struct Found(u64, Result<Addresses, LookupError>);

impl LooksUp {
    fn begin(&mut self, lookups: u64, ctx: &mut Context<'_, Self>) {
        (self.to_start, self.to_end) = (lookups, lookups);
        self.begun = clock::now();
        for slot in 0..self.outstanding.min(lookups) {
            self.next(slot, ctx);
        }
    }

    fn next(&mut self, slot: u64, ctx: &mut Context<'_, Self>) {
        self.to_start -= 1;
        dns::lookup(spelling(slot)).start(ctx, move |found| Found(slot, found));
    }
}

impl Actor for LooksUp {
    type Message = Found;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.begin(self.outstanding, ctx);
        Ok(())
    }

    fn receive(&mut self, Found(slot, found): Found, ctx: &mut Context<Self>) -> Outcome {
        found?;
        self.to_end -= 1;
        if self.to_start > 0 {
            self.next(slot, ctx);
        } else if self.to_end == 0 {
            match self.measured.take() {
                Some(lookups) => self.begin(lookups, ctx),
                None => self.tell.send(self.begun.elapsed())?,
            }
        }
        Ok(())
    }
}

/// How long so many look-ups of localhost take with so many outstanding, at most 512.
///
/// # Panics
/// If the runtime cannot be built or fails.
pub fn run(outstanding: u64, lookups: u64) -> Option<Duration> {
    let (tell, told) = mpsc::channel();
    let runtime = Runtime::builder().loops(1).pool_threads(POOL_THREADS).build();
    let (to_start, to_end, measured) = (0, 0, Some(lookups));
    let begun = clock::now();
    let root = LooksUp { outstanding, to_start, to_end, measured, begun, tell };
    runtime.expect("one loop can be had").run(|| root).expect("nothing fails");
    told.recv().ok()
}

struct Asks {
    resolver: Resolver,
    questions: u64,
    left: u64,
    begun: Instant,
    tell: mpsc::Sender<Duration>,
}

impl Asks {
    fn next(&mut self, ctx: &mut Context<'_, Self>) {
        self.resolver.a("cached.test").start(ctx, |answer| answer);
    }
}

impl Actor for Asks {
    type Message = Result<Answer<Ipv4Addr>, ResolveError>;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.next(ctx);
        Ok(())
    }

    fn receive(&mut self, answer: Self::Message, ctx: &mut Context<Self>) -> Outcome {
        answer?;
        if self.left == self.questions {
            // From now on the cache answers.
            self.begun = clock::now();
        }
        if self.left > 0 {
            self.left -= 1;
            self.next(ctx);
        } else {
            self.tell.send(self.begun.elapsed())?;
        }
        Ok(())
    }
}

/// How long so many questions take, one after another, that the cache answers.
///
/// # Panics
/// If the runtime cannot be built or fails, or there is no port.
pub fn cached(questions: u64) -> Duration {
    let (tell, told) = mpsc::channel();
    let resolver = Resolver::builder().servers([answers_once()]).build();
    let begun = clock::now();
    let root = Asks { resolver, questions, left: questions, begun, tell };
    let runtime = Runtime::builder().loops(1).build().expect("one loop can be had");
    runtime.run(|| root).expect("nothing fails");
    told.recv().expect("it was measured")
}

/// A name server that answers one question with an address that may be kept for an hour.
#[expect(clippy::disallowed_methods, reason = "it is no part of what is measured")]
fn answers_once() -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = socket.local_addr().expect("an address");
    thread::spawn(move || {
        let mut packet = [0; 512];
        let (len, from) = socket.recv_from(&mut packet)?;
        let mut answer = packet[..len].to_vec();
        // A response with one answer: the name of the question, A, IN, 3,600 s, four bytes.
        answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1]);
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4, 10, 0, 0, 1]);
        socket.send_to(&answer, from)
    });
    address
}
