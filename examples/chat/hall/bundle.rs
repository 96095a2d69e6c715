//! Bundles: what clients are to be told, kept together for each until it is given out.
//!
//! To give a client something costs the same whether it is one line or ten, and so does the write that follows. So the
//! hall gives nobody anything before it has heard all that waits for it already; then each gets what it is to hear in
//! one piece. The hall tells itself to do so by a message: at the end of the round would be a round too late, in which
//! what others answer at once would become a bundle of its own.
//!
//! # News
//! Who comes and who goes is news: nobody has asked, and nobody waits for it. When it is told to many it waits for more
//! of its kind, some three times as long as it takes to tell them: so that ten thousand who come at once are not told
//! of each of the others by itself. If so few are told that it would be less than a millisecond, it does not wait.
//! Whatever else its listener is told takes it along.
//!
//! # Why nobody can tell
//! What one client is told stays in order. And before a PONG is said all bundles are given out: whoever has it may rely
//! on it that everybody has been told what it said before.
//!
//! # What it costs
//! A line that a thousand are told is kept once, and is no more than its place in each of their bundles. Most of a crowd
//! hear the same, so the piece that was made for one is the next one's as well.

use std::mem;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::ear::Ear;
use super::event::Event;

#[cfg(test)]
mod tests;

/// So many bytes are given at once, and a line more. Far below the smallest `--sendq`, for they are taken
/// or refused as a whole.
const LENGTH_MAX: usize = 4 * 1024;
/// So much of what is for one client alone, for nobody gains if it waits.
const OWN_MAX: usize = 1024;
/// How long news waits for each who was told some the last time: the write to a socket takes a third of it.
const WAIT_EACH: Duration = Duration::from_micros(50);
/// The shortest time that is worth a timer, and the longest that nobody would notice.
const NEWS_WAIT: Range<Duration> = Duration::from_millis(1)..Duration::from_millis(500);
/// For so many lines, and bundles, room is kept.
const LINES_KEPT: usize = 1024;

/// What is to be given out.
#[derive(Default)]
pub struct Bundles {
    /// Each line that somebody is to be told, once.
    lines: Vec<Bytes>,
    /// In the order in which their clients were told something first.
    open: Vec<Bundle>,
    /// Which of them are not only news, by their place.
    urgent: Vec<u32>,
    /// How many of them have news, and how long it waits for more.
    with_news: u32,
    news_wait: Duration,
    /// The last piece of several lines that was made.
    piece: Piece,
}

/// What one client is to be told: the text, and then the lines.
struct Bundle {
    to: Rc<Ear>,
    /// Ends in what is for this client alone.
    text: Vec<u8>,
    /// Lines that others may be told as well; and how long they are.
    lines: Places,
    length: usize,
    /// Not only news.
    urgent: bool,
    /// News as well.
    has_news: bool,
}

/// When a line has to go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it.
    Awaited,
    /// It may wait for others.
    News,
}

/// Some of the lines, by their places, in runs. Whoever hears all that is said has one, which takes no room of its own.
#[derive(Clone, Default, PartialEq)]
struct Places {
    earlier: Vec<Range<u32>>,
    last: Range<u32>,
}

/// Lines, and all of them in one.
#[derive(Default)]
struct Piece {
    lines: Places,
    bytes: Bytes,
}

impl Bundles {
    /// Adds a line that others may be told as well. If that becomes too much, it is given out at once.
    pub fn add(&mut self, to: &Rc<Ear>, line: &Bytes, urgency: Urgency) {
        let number = self.number(line);
        let at = self.open(to);
        let bundle = &mut self.open[at as usize];
        bundle.lines.push(number);
        bundle.length += line.len();
        let is_full = bundle.text.len() + bundle.length >= LENGTH_MAX;
        let is_news = urgency == Urgency::News;
        if is_news && !mem::replace(&mut bundle.has_news, true) {
            self.with_news += 1;
        }
        if !is_news || self.news_wait.is_zero() {
            self.is_awaited(at);
        }
        if is_full {
            self.give(at);
        }
    }

    /// Adds a line that is for this client alone.
    pub fn add_own(&mut self, to: &Rc<Ear>, line: &[u8]) {
        let at = self.open(to);
        let bundle = &mut self.open[at as usize];
        bundle.write_down(&self.lines);
        bundle.text.extend_from_slice(line);
        let is_full = bundle.text.len() >= OWN_MAX;
        self.is_awaited(at);
        if is_full {
            self.give(at);
        }
    }

    /// Whether somebody is to be told what cannot wait.
    pub fn is_urgent(&self) -> bool {
        !self.urgent.is_empty()
    }

    /// How long news may wait from now on, if there is some.
    pub fn news_wait(&self) -> Option<Duration> {
        self.has_waiting_news().then_some(self.news_wait)
    }

    /// Gives somebody what it is to be told by now.
    pub fn give_to(&mut self, ear: &Ear) {
        if let Some(at) = ear.bundle.get() {
            self.give(at);
        }
    }

    /// Gives out what cannot wait, and what stands before it.
    pub fn give_urgent(&mut self) {
        if !self.has_waiting_news() {
            return self.give_out();
        }
        for at in mem::take(&mut self.urgent) {
            self.give(at);
            self.open[at as usize].urgent = false;
        }
    }

    /// Gives everybody what it is to be told.
    pub fn give_out(&mut self) {
        if self.with_news > 0 {
            let wait = WAIT_EACH * self.with_news;
            let is_short = wait < NEWS_WAIT.start;
            self.news_wait = if is_short { Duration::ZERO } else { wait.min(NEWS_WAIT.end) };
        }
        for at in 0..self.open.len() {
            self.give(as_number(at));
            self.open[at].to.bundle.set(None);
        }
        self.urgent.clear();
        self.with_news = 0;
        self.open.clear();
        self.open.shrink_to(LINES_KEPT);
        self.lines.clear();
        self.lines.shrink_to(LINES_KEPT);
        self.piece = Piece::default();
    }

    /// The bundle of a client.
    fn open(&mut self, to: &Rc<Ear>) -> u32 {
        to.bundle.get().unwrap_or_else(|| {
            let at = as_number(self.open.len());
            self.open.push(Bundle::new(Rc::clone(to)));
            to.bundle.set(Some(at));
            at
        })
    }

    fn has_waiting_news(&self) -> bool {
        self.with_news > 0 && !self.news_wait.is_zero()
    }

    fn is_awaited(&mut self, at: u32) {
        if !mem::replace(&mut self.open[at as usize].urgent, true) {
            self.urgent.push(at);
        }
    }

    /// The bundle stays open, and is empty.
    fn give(&mut self, at: u32) {
        let bundle = &mut self.open[at as usize];
        if !bundle.text.is_empty() {
            bundle.write_down(&self.lines);
            let text = bundle.take_text();
            return bundle.to.hear(text);
        }
        if bundle.lines.is_empty() {
            return;
        }
        let lines = mem::take(&mut bundle.lines);
        let piece = if let Some(line) = lines.only() {
            self.lines[line as usize].clone()
        } else {
            if lines != self.piece.lines {
                bundle.lines = lines.clone();
                bundle.write_down(&self.lines);
                self.piece = Piece { lines, bytes: bundle.take_text() };
            }
            self.piece.bytes.clone()
        };
        bundle.length = 0;
        bundle.to.hear(piece);
    }

    /// The place of a line among the lines. What many are told is one of the last, in one of its forms.
    fn number(&mut self, line: &Bytes) -> u32 {
        let is_known =
            |known: &&Bytes| known.as_ptr() == line.as_ptr() && known.len() == line.len();
        let back = self.lines.iter().rev().take(Event::FORMS).position(|known| is_known(&known));
        let at = back.map_or(self.lines.len(), |back| self.lines.len() - 1 - back);
        if back.is_none() {
            self.lines.push(line.clone());
        }
        as_number(at)
    }
}

impl Bundle {
    fn new(to: Rc<Ear>) -> Self {
        Self {
            to,
            text: Vec::new(),
            lines: Places::default(),
            length: 0,
            urgent: false,
            has_news: false,
        }
    }

    /// Thousands may be on their way: none longer than it is.
    fn take_text(&mut self) -> Bytes {
        mem::take(&mut self.text).into_boxed_slice().into()
    }

    /// Makes text of the lines.
    fn write_down(&mut self, lines: &[Bytes]) {
        self.text.reserve_exact(self.length);
        for line in mem::take(&mut self.lines).runs().flatten() {
            self.text.extend_from_slice(&lines[line as usize]);
        }
        self.length = 0;
    }
}

impl Places {
    fn push(&mut self, place: u32) {
        if self.last.is_empty() {
            self.last = place..place + 1;
        } else if self.last.end == place {
            self.last.end += 1;
        } else {
            self.earlier.push(mem::replace(&mut self.last, place..place + 1));
        }
    }

    fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    /// The only one.
    fn only(&self) -> Option<u32> {
        (self.earlier.is_empty() && self.last.len() == 1).then_some(self.last.start)
    }

    fn runs(self) -> impl Iterator<Item = Range<u32>> {
        self.earlier.into_iter().chain([self.last])
    }
}

/// Lines and bundles are counted by 32 bits, for there may be one of each for every member of every channel.
fn as_number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or_else(|_| unreachable!("they are given out long before"))
}
