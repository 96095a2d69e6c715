//! The outbox: the way out of the hall.
//!
//! Everything that anybody is told goes through here, so that the answers to a command with a label can be held until
//! it is done, and then be marked as what they are (IRCv3 labeled-response). All else goes into the bundle of whoever
//! is told. It decides nothing about who that is.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::bundle::Bundles;
use super::client::{Client, ClientId};
use super::ear::Ear;
use super::event::{Event, time_tag};
use crate::chat::caps::Caps;
use crate::chat::wire;

/// What goes out, and what is held.
#[derive(Default)]
pub struct Outbox {
    labeled: Option<Labeled>,
    pub bundles: Bundles,
    /// How many batches and messages have had a name.
    batches: u64,
    messages: u64,
}

/// The answers to a command with a label, so far.
struct Labeled {
    to: ClientId,
    label: String,
    lines: Vec<Held>,
}

/// A line that is held.
struct Held {
    /// Finished, without those that the label adds.
    tags: String,
    line: Bytes,
}

impl Outbox {
    /// Tells one client a line that is for it alone, such as a numeric.
    pub fn tell(&mut self, to: &Rc<Ear>, line: Bytes, now: Duration) {
        let timed = to.caps().has(Caps::SERVER_TIME);
        let tags = if timed { time_tag(now) } else { String::new() };
        self.tell_tagged(to, tags, line);
    }

    /// The same with these tags, and no others.
    pub fn tell_tagged(&mut self, to: &Rc<Ear>, tags: String, line: Bytes) {
        match self.held_for(to) {
            Some(lines) => lines.push(Held { tags, line }),
            None => self.bundles.add_own(to, &wire::tagged(&tags, line)),
        }
    }

    /// Tells somebody of an event. The hot path: mostly it is the push of a number.
    pub fn show(&mut self, to: &Rc<Ear>, event: &Event) {
        let caps = to.caps();
        match self.held_for(to) {
            Some(lines) => lines.push(Held { tags: event.tags(caps), line: event.line().clone() }),
            None => self.bundles.add(to, event.form(caps), event.urgency(to)),
        }
    }

    /// From now on what `to` is told answers the command with this label.
    pub fn open_label(&mut self, to: ClientId, label: &str) {
        self.labeled = Some(Labeled { to, label: label.to_owned(), lines: Vec::new() });
    }

    /// The command is done: sends what was held, `ACK` if that is nothing, and a batch if it is more than one line.
    ///
    /// `client` is nobody if the client has left with the command.
    pub fn close_label(&mut self, client: Option<&Client>, server: &str) {
        let Some(Labeled { label, mut lines, .. }) = self.labeled.take() else { return };
        let Some(client) = client else { return };
        let label = format!("label={label}");
        if lines.is_empty() {
            lines.push(Held { tags: String::new(), line: wire::relay(server, "ACK", &[], None) });
        }
        if lines.len() == 1 || is_one_batch(&lines) {
            lines[0].tags = joined(&label, &lines[0].tags);
        } else {
            let name = self.next_batch();
            let (begin, end) = batch_lines(server, &name, &["labeled-response"]);
            let within = format!("batch={name}");
            for held in lines.iter_mut().filter(|held| !is_in_batch(&held.tags)) {
                held.tags = joined(&within, &held.tags);
            }
            lines.insert(0, Held { tags: label, line: begin });
            lines.push(Held { tags: String::new(), line: end });
        }
        for Held { tags, line } in lines {
            self.bundles.add_own(&client.ear, &wire::tagged(&tags, line));
        }
    }

    /// A name for a batch.
    pub fn next_batch(&mut self) -> String {
        self.batches += 1;
        format!("b{}", self.batches)
    }

    /// A name for a message: no other of this server has had it, before it was started anew or since.
    pub fn next_message(&mut self, server_started: Duration) -> String {
        self.messages += 1;
        format!("{:x}-{:x}", server_started.as_millis(), self.messages)
    }

    fn held_for(&mut self, to: &Ear) -> Option<&mut Vec<Held>> {
        let labeled = self.labeled.as_mut().filter(|labeled| labeled.to == to.id());
        labeled.map(|labeled| &mut labeled.lines)
    }
}

/// `BATCH +name kind…` and `BATCH -name`.
pub fn batch_lines(server: &str, name: &str, kind: &[&str]) -> (Bytes, Bytes) {
    let (opened, closed) = (format!("+{name}"), format!("-{name}"));
    let params: Vec<&str> = std::iter::once(opened.as_str()).chain(kind.iter().copied()).collect();
    (wire::relay(server, "BATCH", &params, None), wire::relay(server, "BATCH", &[&closed], None))
}

/// Whether the lines are a batch already: all between the first and the last are in it.
fn is_one_batch(lines: &[Held]) -> bool {
    let [first, between @ .., _] = lines else { return false };
    let begins =
        str::from_utf8(&first.line).is_ok_and(|line| line.split(' ').nth(1) == Some("BATCH"));
    begins && between.iter().all(|held| is_in_batch(&held.tags))
}

fn is_in_batch(tags: &str) -> bool {
    tags.split(';').any(|tag| tag.starts_with("batch="))
}

fn joined(one: &str, others: &str) -> String {
    if others.is_empty() { one.to_owned() } else { format!("{one};{others}") }
}
