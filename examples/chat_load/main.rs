//! A load for an IRC server: clients in rooms, some of whom speak, and how long what they say takes to reach the others.
//!
//! ```sh
//! cargo run --release --example chat -- --listen 127.0.0.1:6667
//! cargo run --release --example chat_load -- --connect 127.0.0.1:6667 --clients 1000 --rooms 10 --speakers 10 --lines 1000
//! ```
//!
//! Each client is an actor, and so is whoever directs them. When all are in their rooms, the speakers say their lines, as fast
//! as the server carries them out: ten, then a PING, and the next ten once that is answered. A line is delivered once for each
//! other member of the room; its way is measured from the speaker's hand to the listener's. The exit status is 1 if one was
//! lost or came out of order, 2 if the program was called wrongly.
#![expect(clippy::disallowed_macros, reason = "a program prints what it measures")]
#![expect(
    clippy::disallowed_methods,
    reason = "the clock of the loop is as old as its round, which is what is to be measured"
)]

use std::mem;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use roundsman::prelude::*;
use roundsman::process;

mod client;
mod options;
mod report;

use client::{Client, Order, Results, Task};
use options::{HELP, Options};
use report::Report;

/// So many clients come in at once.
const ENTERING: u32 = 50;
/// How often is looked whether anything moves.
const LOOK: Duration = Duration::from_secs(5);

/// Whoever directs the clients.
struct Director {
    options: Options,
    begun: Instant,
    clients: Vec<Address<Order>>,
    entered: u32,
    /// When the speakers began.
    speaking: Option<Instant>,
    report: Report,
    ended: u32,
    /// How many lines all clients together had heard when they were asked last, and have so far this time.
    heard_before: u64,
    heard: u64,
    looked: bool,
}

enum Message {
    /// A client is in its room.
    Entered,
    /// A client has heard all that it was to hear, or is told to hear no more.
    Ended(Results),
    /// A client cannot go on.
    Failed(String),
    /// Time to see whether anything moves.
    Look,
    /// A client has heard so many lines.
    Heard(u64),
}

impl Director {
    fn new(options: Options) -> Self {
        Self {
            options,
            begun: Instant::now(),
            clients: Vec::new(),
            entered: 0,
            speaking: None,
            report: Report::default(),
            ended: 0,
            heard_before: 0,
            heard: 0,
            looked: false,
        }
    }

    /// Sends the next client in.
    fn send_in(&mut self, ctx: &mut Context<Self>) {
        let number = self.clients.len() as u32;
        if number == self.options.clients {
            return;
        }
        let task = Task {
            server: self.options.connect,
            number,
            room: number % self.options.rooms,
            lines: if number < self.options.speakers { self.options.lines } else { 0 },
            expected: self.options.expected_by(number),
            begun: self.begun,
        };
        let client = Client::new(task, ctx.recipient(|message| message));
        self.clients.push(ctx.spawn_with(Spawn::named(format!("client:{number}")), client));
    }

    fn tell_all(&self, order: fn() -> Order) {
        for client in &self.clients {
            // One that has ended has said so.
            let _ = client.send(order());
        }
    }

    fn finish(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let time = self.speaking.map_or(Duration::ZERO, |began| began.elapsed());
        ctx.end_runtime();
        let Options { clients, rooms, speakers, .. } = self.options;
        println!("{clients} clients in {rooms} rooms, {speakers} of them speak");
        print!("{}", self.report.text(time));
        let lost = self.options.expected() - self.report.delivered();
        println!("lost {lost}");
        match (lost, self.report.disorder) {
            (0, 0) => Ok(()),
            (0, disorder) => Err(format!("{disorder} lines came out of order").into()),
            (lost, _) => Err(format!("{lost} lines were lost").into()),
        }
    }
}

impl Actor for Director {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        (0..ENTERING).for_each(|_| self.send_in(ctx));
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Message::Entered => {
                self.entered += 1;
                self.send_in(ctx);
                if self.entered == self.options.clients {
                    self.speaking = Some(Instant::now());
                    self.tell_all(|| Order::Speak);
                    ctx.send_after(LOOK, Message::Look);
                }
            }
            Message::Ended(results) => {
                self.ended += 1;
                self.report.add(results);
                if self.ended == self.options.clients {
                    return self.finish(ctx);
                }
            }
            Message::Failed(why) => return Err(why.into()),
            // What was asked for at the last look has long been told.
            Message::Look if self.heard == self.heard_before && self.looked => {
                self.tell_all(|| Order::End);
            }
            Message::Look => {
                self.looked = true;
                self.heard_before = mem::take(&mut self.heard);
                self.tell_all(|| Order::Tell);
                ctx.send_after(LOOK, Message::Look);
            }
            Message::Heard(lines) => self.heard += lines,
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("chat_load: {why}");
            return ExitCode::from(2);
        }
    };
    // A connection is a descriptor; one that cannot be had says so itself.
    let _ = process::raise_descriptor_limit();
    let runtime = Runtime::builder().loops(1).build();
    match runtime.map_err(Into::into).and_then(|runtime| run(runtime, options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("chat_load: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(runtime: Runtime, options: Options) -> Result<(), Box<dyn std::error::Error>> {
    Ok(runtime.run(|| Director::new(options))?)
}
