//! A small replicated service on two hosts: whatever breaks, each entry is applied once, and in the end all are.
//!
//! The primary has a log, and brings each entry to the replica, over TCP, until it is acknowledged. The replica applies
//! entries by their numbers, so that one that comes again does no harm, and acknowledges what it has applied.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{ConnectError, Connection, tcp};
use roundsman::prelude::*;
use roundsman::sim::{Check, Failed, Failing, NetworkFaults, Sim, check};
use roundsman::stream::{Item, LineTooLong, Outlet};
use roundsman::{Backoff, ChildSpec, Supervision};

use super::secs;

/// What outlives a crash of its host.
#[derive(Default)]
struct Disk<T>(Arc<Mutex<T>>);

impl<T> Clone for Disk<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Disk<T> {
    fn open(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("nobody panics as he writes")
    }
}

/// What the primary knows.
#[derive(Default)]
struct Log {
    entries: Vec<u64>,
    acknowledged: usize,
}

/// What is left out of the service, to see it found.
#[derive(Clone, Copy, Default, PartialEq)]
enum Flaw {
    #[default]
    None,
    /// The replica applies whatever comes.
    NoNumbers,
    /// The primary waits for an acknowledgement for ever.
    NoPatience,
}

// The primary.

/// Brings entries to the replica over one connection. When that fails, so does it, and its supervisor begins anew.
struct Sender {
    log: Disk<Log>,
    flaw: Flaw,
    to_replica: Option<Outlet<Bytes>>,
    sent: usize,
}

enum ToSender {
    Connected(Result<Connection, ConnectError>),
    Acknowledged(Item<Result<Bytes, LineTooLong>>),
    Look,
    HungUp,
}

impl Actor for Sender {
    type Message = ToSender;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        tcp::connect("replica:7000").start(ctx, ToSender::Connected);
        Ok(())
    }

    fn receive(&mut self, message: ToSender, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            ToSender::Connected(conn) => {
                let conn = conn?;
                let (lines, outlet) = ctx.outlet(64 * 1024);
                lines.pipe(conn.writer()).start(ctx, |_| ToSender::HungUp);
                let mut acks = conn.reader().lines(100);
                if self.flaw != Flaw::NoPatience {
                    acks = acks.timeout(secs(5));
                }
                acks.pipe(ctx.inlet(ToSender::Acknowledged)).start(ctx, |_| ToSender::HungUp);
                (self.to_replica, self.sent) = (Some(outlet), self.log.open().acknowledged);
                self.send_what_is_new()?;
            }
            ToSender::Look => self.send_what_is_new()?,
            ToSender::Acknowledged(line) => {
                let count = number(&line.take()?)? as usize;
                let mut log = self.log.open();
                log.acknowledged = log.acknowledged.max(count);
            }
            ToSender::HungUp => Err("the replica is gone")?,
        }
        Ok(())
    }

    fn show(message: &ToSender) -> String {
        match message {
            ToSender::Connected(Ok(_)) => "Connected".to_owned(),
            ToSender::Connected(Err(error)) => format!("Connected({error})"),
            ToSender::Acknowledged(line) => format!("Acknowledged({:?})", &**line),
            ToSender::Look => "Look".to_owned(),
            ToSender::HungUp => "HungUp".to_owned(),
        }
    }
}

impl Sender {
    fn send_what_is_new(&mut self) -> Outcome {
        let Some(outlet) = &mut self.to_replica else { return Ok(()) };
        while let Some(entry) = self.log.open().entries.get(self.sent) {
            outlet.push(Bytes::from(format!("{} {entry}\n", self.sent)))?;
            self.sent += 1;
        }
        Ok(())
    }
}

fn number(text: &[u8]) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    Ok(std::str::from_utf8(text)?.parse()?)
}

/// The root of the primary's host: it has a sender, and an entry every now and then.
struct Primary {
    log: Disk<Log>,
    entries: usize,
    flaw: Flaw,
    sender: Option<Address<ToSender>>,
}

impl Actor for Primary {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let backoff = Backoff::exponential(Duration::from_millis(100), secs(2));
        ctx.supervision(Supervision::one_for_one().intensity(u32::MAX, secs(1)).backoff(backoff));
        let (log, flaw) = (self.log.clone(), self.flaw);
        let make = move || Sender { log: log.clone(), flaw, to_replica: None, sent: 0 };
        self.sender = Some(ctx.supervise(ChildSpec::permanent("sender"), make));
        ctx.send_after(Duration::from_millis(50), ());
        Ok(())
    }

    fn receive(&mut self, (): (), ctx: &mut Context<'_, Self>) -> Outcome {
        let count = self.log.open().entries.len();
        if count < self.entries {
            self.log.open().entries.push(count as u64 * 7);
            ctx.send_after(Duration::from_millis(50), ());
        }
        self.sender.as_ref().map_or(Ok(()), |sender| Ok(sender.send(ToSender::Look)?))
    }
}

// The replica.

/// Listens, and has a receiver for each connection.
struct Replica {
    applied: Disk<Vec<u64>>,
    flaw: Flaw,
}

enum ToReplica {
    Accepted(Item<Connection>),
    Closed,
}

impl Actor for Replica {
    type Message = ToReplica;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let incoming = tcp::listen("0.0.0.0:7000")?.incoming();
        incoming.pipe(ctx.inlet(ToReplica::Accepted)).start(ctx, |_| ToReplica::Closed);
        Ok(())
    }

    fn receive(&mut self, message: ToReplica, ctx: &mut Context<'_, Self>) -> Outcome {
        if let ToReplica::Accepted(conn) = message {
            let (conn, applied, flaw) = (conn.take(), self.applied.clone(), self.flaw);
            let receiver = Receiver { conn, applied, flaw, to_primary: None };
            ctx.spawn_with(Spawn::named("receiver"), receiver);
        }
        Ok(())
    }
}

struct Receiver {
    conn: Connection,
    applied: Disk<Vec<u64>>,
    flaw: Flaw,
    to_primary: Option<Outlet<Bytes>>,
}

enum ToReceiver {
    Entry(Item<Result<Bytes, LineTooLong>>),
    HungUp,
}

impl Actor for Receiver {
    type Message = ToReceiver;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let (lines, outlet) = ctx.outlet(64 * 1024);
        lines.pipe(self.conn.writer()).start(ctx, |_| ToReceiver::HungUp);
        let entries = self.conn.reader().lines(100);
        entries.pipe(ctx.inlet(ToReceiver::Entry)).start(ctx, |_| ToReceiver::HungUp);
        self.to_primary = Some(outlet);
        Ok(())
    }

    fn receive(&mut self, message: ToReceiver, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            ToReceiver::Entry(line) => {
                let line = line.take()?;
                let space = line.iter().position(|byte| *byte == b' ').ok_or("no number")?;
                let (place, entry) = (number(&line[..space])?, number(&line[space + 1..])?);
                let mut applied = self.applied.open();
                if place as usize == applied.len() || self.flaw == Flaw::NoNumbers {
                    applied.push(entry);
                }
                if let Some(outlet) = &mut self.to_primary {
                    // With a primary that does not read, this one ends.
                    outlet.push(Bytes::from(format!("{}\n", applied.len())))?;
                }
            }
            ToReceiver::HungUp => ctx.stop(),
        }
        Ok(())
    }

    fn show(message: &ToReceiver) -> String {
        match message {
            ToReceiver::Entry(line) => format!("Entry({:?})", &**line),
            ToReceiver::HungUp => "HungUp".to_owned(),
        }
    }
}

// The test.

/// Both hosts, and all that may befall them.
fn replication(sim: &Sim, flaw: Flaw) -> Outcome {
    let (log, applied) = (Disk::<Log>::default(), Disk::<Vec<u64>>::default());
    let entries = 1 + sim.below(40);
    let clock = |sim: &Sim| (sim.time_below(secs(60)), sim.below(100_000) as i32);

    let (writes, (ahead, fast)) = (log.clone(), clock(sim));
    let host = sim.host("primary").serves().clock(ahead, fast);
    let primary = host.start_with("primary", move || Primary {
        log: writes.clone(),
        entries,
        flaw,
        sender: None,
    });

    let (applies, (ahead, slow)) = (applied.clone(), clock(sim));
    let host = sim.host("replica").serves().clock(ahead, -slow);
    let replica = host.start_with("replica", move || Replica { applied: applies.clone(), flaw });

    let (seen, told) = (applied.clone(), log.clone());
    sim.invariant(
        "each entry is applied once, in order, ahead of its acknowledgement",
        move || {
            let (applied, log) = (seen.open(), told.open());
            log.entries.starts_with(&applied) && log.acknowledged <= applied.len()
        },
    );

    sim.network().latency(Duration::from_millis(1)..secs(1));
    let resets = sim.pick(&[0, 5_000]);
    sim.network().faults(NetworkFaults { resets, ..NetworkFaults::default() });
    sim.crash_within(primary, secs(5), secs(10));
    sim.crash_within(replica, secs(5), secs(10));
    for _ in 0..sim.below(3) {
        sim.after(sim.time_below(secs(5)), |sim| {
            sim.network().partition("primary", "replica");
            sim.after(sim.time_below(secs(200)), |sim| sim.network().heal_all());
        });
    }

    let done = || log.open().acknowledged == entries;
    sim.run_until(done, secs(1_000))?;
    Ok(sim.run()?)
}

#[test]
fn each_entry_is_applied_once_and_in_the_end_all_are_whatever_breaks() {
    check(200, |sim| replication(sim, Flaw::None));
}

#[track_caller]
fn found(flaw: Flaw) -> Box<Failing> {
    // Nobody reads them here: a few runs of shrinking will do.
    let failing = Check::new().seeds(1_000).shrink(50).run(|sim| replication(sim, flaw));
    failing.expect_err("the flaw is found")
}

#[test]
fn a_replica_that_looks_at_no_numbers_is_found_to_apply_an_entry_twice() {
    let failing = found(Flaw::NoNumbers);
    assert!(matches!(failing.failed(), Failed::Invariant { .. }), "{failing}");
}

#[test]
fn a_primary_without_patience_is_found_to_wait_for_ever() {
    let failing = found(Flaw::NoPatience);
    assert!(matches!(failing.failed(), Failed::NotReached { .. }), "{failing}");
}
