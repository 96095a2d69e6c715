//! The outbox: the way out of the hall, to sessions.
//!
//! Everything that anybody is told goes through here but what is said in channels (see `bundle`), so that the answers
//! to a command with a label can be held until it is done, and then be marked as what they are (IRCv3
//! labeled-response). Without a label they are held as well, to be given to the session in one piece. It decides
//! nothing about who is told.

use std::time::Duration;

use bytes::Bytes;
use roundsman::Address;

use super::client::{Client, ClientId, deliver};
use super::event::{Event, time_tag};
use crate::chat::caps::Caps;
use crate::chat::{session, wire};

/// So many bytes of answers are given to a session at once, and a line more.
const PIECE: usize = 4 * 1024;

/// What goes out, and what is held.
#[derive(Default)]
pub struct Outbox {
    labeled: Option<Labeled>,
    /// Whose command is in hand.
    answering: Option<ClientId>,
    /// What its client was told and has not been given, and how long it is.
    answers: Vec<Bytes>,
    length: usize,
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
    pub fn tell(&mut self, to: ClientId, client: &Client, line: Bytes, now: Duration) {
        let timed = client.caps.has(Caps::SERVER_TIME);
        let tags = if timed { time_tag(now) } else { String::new() };
        self.tell_tagged(to, client, tags, line);
    }

    /// The same with these tags, and no others.
    pub fn tell_tagged(&mut self, to: ClientId, client: &Client, tags: String, line: Bytes) {
        match self.held_for(to) {
            Some(lines) => lines.push(Held { tags, line }),
            None => self.give(to, &client.session, wire::tagged(&tags, line)),
        }
    }

    /// Tells somebody of an event. The hot path: mostly it is one push of bytes that are shared.
    pub fn share(
        &mut self,
        to: ClientId,
        session: &Address<session::Message>,
        caps: Caps,
        event: &Event,
    ) {
        match self.held_for(to) {
            Some(lines) => lines.push(Held { tags: event.tags(caps), line: event.line().clone() }),
            None => self.give(to, session, event.form(caps)),
        }
    }

    /// Tells a client of an event.
    pub fn show(&mut self, to: ClientId, client: &Client, event: &Event) {
        self.share(to, &client.session, client.caps, event);
    }

    /// From now on what `to` is told answers the command with this label.
    pub fn open_label(&mut self, to: ClientId, label: &str) {
        self.labeled = Some(Labeled { to, label: label.to_owned(), lines: Vec::new() });
    }

    /// The command is done: sends what was held, `ACK` if that is nothing, and a batch if it is more than one line.
    ///
    /// `client` is nobody if the client has left with the command.
    pub fn close_label(&mut self, client: Option<&Client>, server: &str) {
        let Some(Labeled { to, label, mut lines }) = self.labeled.take() else { return };
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
            self.give(to, &client.session, wire::tagged(&tags, line));
        }
    }

    /// The command of this client is being carried out.
    pub fn begin(&mut self, by: ClientId) {
        self.answering = Some(by);
    }

    /// Whether a command of this client is in hand that it is answered. Of what goes along in a bundle nobody hears but
    /// those who are in its channel.
    pub fn answers(&self, by: ClientId) -> bool {
        self.answering == Some(by)
    }

    /// It has been: gives out what its client was told, unless it has left and got it as it did.
    pub fn finish(&mut self, client: Option<&Client>) {
        self.answering = None;
        if let Some(client) = client {
            self.hand_over(&client.session);
        }
    }

    /// A client is about to leave: it gets what it was told before.
    pub fn let_go(&mut self, who: ClientId, session: &Address<session::Message>) {
        if self.answering == Some(who) {
            self.hand_over(session);
        }
    }

    /// Gives a line to a client, whether its command has a label or not.
    pub fn give(&mut self, to: ClientId, session: &Address<session::Message>, line: Bytes) {
        if self.answering != Some(to) {
            return deliver(session, line);
        }
        self.length += line.len();
        self.answers.push(line);
        if self.length >= PIECE {
            self.hand_over(session);
        }
    }

    fn hand_over(&mut self, session: &Address<session::Message>) {
        self.length = 0;
        match self.answers.len() {
            0 => {}
            1 => self.answers.drain(..).for_each(|line| deliver(session, line)),
            _ => {
                deliver(session, self.answers.concat().into());
                self.answers.clear();
            }
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

    fn held_for(&mut self, to: ClientId) -> Option<&mut Vec<Held>> {
        self.labeled.as_mut().filter(|labeled| labeled.to == to).map(|labeled| &mut labeled.lines)
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
