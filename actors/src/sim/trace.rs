//! What has happened in a run: who handled what, when.
//!
//! Written by [`watcher`](super::watcher), if the run is recorded; printed by [`failing`](super::failing).

use std::fmt;
use std::rc::Rc;

use crate::Timestamp;

/// What has happened, in order.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    entries: Vec<Entry>,
    /// How many more there were.
    lost: usize,
}

/// One message that was handled, one actor that started, or something that was done to a host.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// When: the time of the simulation.
    pub at: Timestamp,
    /// On which host; empty for what is none's.
    pub host: Rc<str>,
    /// The path of the actor; empty for what was done to the host as a whole.
    pub actor: String,
    /// What it handled, as [`Actor::show`](crate::Actor::show) has it, or what was done.
    pub message: String,
    /// What a fault has made of it.
    pub fault: Option<String>,
}

/// Most entries that are kept of a run.
const KEPT: usize = 200_000;
/// Lines of a trace that are printed: so many of its beginning, and of its end.
const HEAD: usize = 15;
const TAIL: usize = 45;
/// A message is printed up to so many characters.
const WIDTH: usize = 100;

impl Trace {
    /// The entries.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len() + self.lost
    }

    /// Whether nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn push(&mut self, entry: Entry) {
        if self.entries.len() < KEPT {
            self.entries.push(entry);
        } else {
            self.lost += 1;
        }
    }
}

/// Seconds, with thousands of their parts set apart: `12.003 500`.
pub(super) fn clock(at: Timestamp) -> String {
    let since = at.since_start();
    let micros = since.subsec_micros();
    format!("{}.{:03} {:03}", since.as_secs(), micros / 1000, micros % 1000)
}

/// A table: time, host, actor, message. Long ones without their middle.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.entries.len();
        let left_out = if all > HEAD + TAIL { HEAD..all - TAIL } else { 0..0 };
        let shown: Vec<_> = (0..all).filter(|at| !left_out.contains(at)).collect();
        let rows: Vec<_> = shown.iter().map(|at| row(&self.entries[*at])).collect();
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([["time", "host", "actor"][column].len()]).max().unwrap_or(0)
        };
        let (time, host, actor) = (width(0), width(1), width(2));
        writeln!(f, "{:>time$}  {:host$}  {:actor$}  message", "time", "host", "actor")?;
        for (at, row) in shown.iter().zip(&rows) {
            if *at == left_out.end && !left_out.is_empty() {
                writeln!(f, "{:>time$}  … {} more", "", left_out.len())?;
            }
            let [when, on, who, what] = row;
            writeln!(f, "{when:>time$}  {on:host$}  {who:actor$}  {what}")?;
        }
        match self.lost {
            0 => Ok(()),
            lost => writeln!(f, "{:>time$}  … and {lost} that were not kept", ""),
        }
    }
}

fn row(entry: &Entry) -> [String; 4] {
    let mut message: String = entry.message.chars().take(WIDTH).collect();
    if entry.message.chars().nth(WIDTH).is_some() {
        message.push('…');
    }
    let message = message.replace('\n', "⏎");
    let message = match &entry.fault {
        Some(fault) => format!("{message}  ← {fault}"),
        None => message,
    };
    [clock(entry.at), entry.host.to_string(), entry.actor.clone(), message]
}
