//! Bundles: what clients are to be told, kept together for each until it is given out.
//!
//! A message to a session costs the same whether it brings one line or ten, and so does the write that follows. So the
//! hall gives nobody anything before it has heard all that waits for it already; then each gets what it is to hear in
//! one piece. The hall tells itself to do so by a message: at the end of the round would be a round too late, in which
//! what others answer at once would become a bundle of its own.
//!
//! # News
//! Who comes and who goes is news: nobody has asked, and nobody waits for it. When it is told to many it waits for more
//! of its kind, about as long as it takes to tell them: so that ten thousand who come at once are not told of each of
//! the others by itself. If so few are told that it would be less than a millisecond, it does not wait. Whatever else
//! its listener is told takes it along.
//!
//! # Why nobody can tell
//! What one client is told stays in order. And before a PONG is said all bundles are given out: whoever has it may rely
//! on it that everybody has been told what it said before.
//!
//! # What it costs
//! A line that a thousand are told is kept once, and is a number in each of their bundles. Most of a crowd hear the
//! same, so the piece that was made for one is made for the next as well.

use std::mem;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::ear::Ear;
use super::event::Event;

/// So many bytes are given to a session at once, and a line more. Far below the smallest `--sendq`, for they are taken
/// or refused as a whole.
const LENGTH_MAX: usize = 4 * 1024;
/// How long lines wait for others if the hall has that much to hear.
pub const WAIT_MAX: Duration = Duration::from_millis(50);
/// How long news waits for each who was told some the last time: the write to a socket takes a third of it.
const WAIT_EACH: Duration = Duration::from_micros(50);
/// The shortest time that is worth a timer, and the longest that nobody would notice.
const NEWS_WAIT: Range<Duration> = Duration::from_millis(1)..Duration::from_millis(500);
/// For so many lines room is kept.
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
    /// Some are only news, which waits so long for more.
    has_news: bool,
    news_wait: Duration,
    /// The last piece of several lines.
    piece: Piece,
}

/// What one client is to be told.
struct Bundle {
    to: Rc<Ear>,
    /// By their place among the lines.
    lines: Vec<u32>,
    /// In bytes.
    length: usize,
    /// Not only news.
    urgent: bool,
}

/// When a line has to go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits for it.
    Awaited,
    /// It may wait for others.
    News,
}

/// Lines, and all of them in one.
#[derive(Default)]
struct Piece {
    lines: Vec<u32>,
    bytes: Bytes,
}

impl Bundles {
    /// Adds a line to what somebody is to be told. If that becomes too much, it is given out at once.
    pub fn add(&mut self, to: &Rc<Ear>, line: &Bytes, urgency: Urgency) {
        let number = self.number(line);
        let open = &mut self.open;
        let at = to.bundle.get().unwrap_or_else(|| {
            let at = as_number(open.len());
            open.push(Bundle {
                to: Rc::clone(to),
                lines: Vec::with_capacity(8),
                length: 0,
                urgent: false,
            });
            to.bundle.set(Some(at));
            at
        });
        let bundle = &mut open[at as usize];
        bundle.lines.push(number);
        bundle.length += line.len();
        if urgency == Urgency::News && !self.news_wait.is_zero() {
            self.has_news = true;
        } else if !mem::replace(&mut bundle.urgent, true) {
            self.urgent.push(at);
        }
        if bundle.length >= LENGTH_MAX {
            self.give(at);
        }
    }

    /// Whether somebody is to be told what cannot wait.
    pub fn is_urgent(&self) -> bool {
        !self.urgent.is_empty()
    }

    /// How long news may wait from now on, if there is some.
    pub fn news_wait(&self) -> Option<Duration> {
        self.has_news.then_some(self.news_wait)
    }

    /// Gives somebody what it is to be told by now.
    pub fn give_to(&mut self, ear: &Ear) {
        if let Some(at) = ear.bundle.get() {
            self.give(at);
        }
    }

    /// Gives out what cannot wait, and what stands before it.
    pub fn give_urgent(&mut self) {
        if !self.has_news {
            return self.give_out();
        }
        for at in mem::take(&mut self.urgent) {
            self.give(at);
            self.open[at as usize].urgent = false;
        }
    }

    /// Gives everybody what it is to be told.
    pub fn give_out(&mut self) {
        let wait = WAIT_EACH * as_number(self.open.len());
        self.news_wait =
            if wait < NEWS_WAIT.start { Duration::ZERO } else { wait.min(NEWS_WAIT.end) };
        for at in 0..self.open.len() {
            self.give(as_number(at));
            self.open[at].to.bundle.set(None);
        }
        self.urgent.clear();
        self.has_news = false;
        self.open.clear();
        self.open.shrink_to(LINES_KEPT);
        self.lines.clear();
        self.lines.shrink_to(LINES_KEPT);
        self.piece = Piece::default();
    }

    /// The bundle stays open, and is empty.
    fn give(&mut self, at: u32) {
        let Bundle { to, lines, length, .. } = &mut self.open[at as usize];
        let whole = match lines[..] {
            [] => return,
            [one] => self.lines[one as usize].clone(),
            _ if *lines == self.piece.lines => self.piece.bytes.clone(),
            _ => {
                let all = lines.iter().map(|line| &self.lines[*line as usize][..]);
                let mut bytes = Vec::with_capacity(*length);
                all.for_each(|line| bytes.extend_from_slice(line));
                let bytes = Bytes::from(bytes);
                self.piece = Piece { lines: mem::take(lines), bytes: bytes.clone() };
                bytes
            }
        };
        to.deliver(whole);
        lines.clear();
        *length = 0;
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

/// Lines and bundles are counted by 32 bits, for there may be one of each for every member of every channel.
fn as_number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or_else(|_| unreachable!("they are given out long before"))
}
