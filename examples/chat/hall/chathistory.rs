//! CHATHISTORY: what was said in a channel (IRCv3 draft/chathistory), for its members.
//!
//! Whoever asks is answered, also without the capability: what that says is that a client will ask, and wants nothing
//! unasked, and unasked nobody gets anything here. So people can ask by hand in programs that do not know it.
//!
//! An answer may have fewer messages than were asked for, and than there are: it never is so long that whoever asked
//! would be cut off for it. An answer without any is the end.

use std::cmp::Ordering;
use std::time::Duration;

use super::Hall;
use super::client::ClientId;
use super::history::{Bounds, KEPT_MAX, Place, Wanted};
use super::outbox::batch_lines;
use crate::chat::caps::Caps;
use crate::chat::wire::{self, Line};
use crate::chat::{calendar, names::ChannelName};

/// The most messages that one question gives: all there are, if they are short.
pub const LIMIT_MAX: usize = KEPT_MAX;

/// The part of what may wait for a client that one answer takes at most. The rest is for what is said meanwhile.
const ANSWER_PART: u64 = 4;

/// A question that cannot be answered: the code of FAIL and a text.
type Refused = (&'static str, &'static str);

impl Hall {
    pub(super) fn chat_history(&mut self, by: ClientId, line: &Line<'_>) {
        let subcommand = line.param(0).to_ascii_uppercase();
        if subcommand == "TARGETS" {
            return self.history_targets(by, line);
        }
        let target = line.param(1);
        let (wanted, limit) = match wanted(&subcommand, line) {
            Ok(asked) => asked,
            Err(why) => return self.refuse_history(by, &subcommand, &[], why),
        };
        let channel = self.channel(target).filter(|channel| channel.has(by));
        let Some(channel) = channel else {
            let why = ("INVALID_TARGET", "You are not in a channel of that name");
            return self.refuse_history(by, &subcommand, &[target], why);
        };
        let caps = self.client(by).caps();
        let bytes = usize::try_from(self.about.settings.sendq / ANSWER_PART).unwrap_or(usize::MAX);
        let found = channel.history.find(&wanted, Bounds { messages: limit, bytes, caps });
        let name = channel.name.as_str();
        self.tell_batch(by, &["chathistory", name], |batched| {
            for event in found {
                batched(event.tags(caps), event.line().clone());
            }
        });
    }

    /// `CHATHISTORY TARGETS timestamp=… timestamp=… limit`: in which channels the last message was said between the
    /// two, and at neither. With a limit those count that are nearest to the first moment.
    fn history_targets(&self, by: ClientId, line: &Line<'_>) {
        let asked = count_is(line, 4).and_then(|()| {
            Ok((moment(line.param(1))?, moment(line.param(2))?, limit(line.param(3))?))
        });
        let (one, other, limit) = match asked {
            Ok(asked) => asked,
            Err(why) => return self.refuse_history(by, "TARGETS", &[], why),
        };
        let (from, to) = (one.min(other).as_millis(), one.max(other).as_millis());
        let channels = self.client(by).channels.iter().filter_map(|name| self.channels.get(name));
        let mut found: Vec<(Duration, &ChannelName)> = channels
            .filter_map(|channel| Some((channel.history.last_at()?, &channel.name)))
            .filter(|(at, _)| (from + 1..to).contains(&at.as_millis()))
            .collect();
        found.sort();
        if one <= other {
            found.truncate(limit);
        } else {
            found.drain(..found.len().saturating_sub(limit));
        }
        let server = self.about.name();
        self.tell_batch(by, &["draft/chathistory-targets"], |batched| {
            for (at, name) in found {
                let params = ["TARGETS", name.as_str(), &calendar::iso_8601(at)];
                batched(String::new(), wire::relay(server, "CHATHISTORY", &params, None));
            }
        });
    }

    /// Tells lines that belong together, each given with its own tags; marked as a batch for those who know what that
    /// is.
    fn tell_batch(
        &self,
        to: ClientId,
        kind: &[&str],
        lines: impl FnOnce(&mut dyn FnMut(String, bytes::Bytes)),
    ) {
        let to = &self.client(to).ear;
        let batched = to.caps().has(Caps::BATCH);
        let mut out = self.out.borrow_mut();
        let name = out.next_batch();
        let (begin, end) = batch_lines(self.about.name(), &name, kind);
        if batched {
            out.tell_tagged(to, String::new(), begin);
        }
        lines(&mut |tags, line| {
            let tags = match (batched, tags.is_empty()) {
                (false, _) => tags,
                (true, true) => format!("batch={name}"),
                (true, false) => format!("batch={name};{tags}"),
            };
            out.tell_tagged(to, tags, line);
        });
        if batched {
            out.tell_tagged(to, String::new(), end);
        }
    }

    fn refuse_history(&self, by: ClientId, subcommand: &str, context: &[&str], why: Refused) {
        let (code, text) = why;
        let context: Vec<&str> = [subcommand].into_iter().chain(context.iter().copied()).collect();
        self.fail(by, "CHATHISTORY", code, &context, text);
    }
}

/// Which messages a line asks for, and how many at most.
fn wanted(subcommand: &str, line: &Line<'_>) -> Result<(Wanted, usize), Refused> {
    let count = if subcommand == "BETWEEN" { 5 } else { 4 };
    let is_known = ["LATEST", "BEFORE", "AFTER", "AROUND", "BETWEEN"].contains(&subcommand);
    if !is_known {
        return Err(("INVALID_PARAMS", "Unknown subcommand"));
    }
    count_is(line, count)?;
    let limit = limit(line.param(count - 1))?;
    let first = || place(line.param(2));
    let wanted = match subcommand {
        "LATEST" if line.param(2) == "*" => Wanted::Latest(None),
        "LATEST" => Wanted::Latest(Some(first()?)),
        "BEFORE" => Wanted::Before(first()?),
        "AFTER" => Wanted::After(first()?),
        "AROUND" => Wanted::Around(first()?),
        _ => Wanted::Between(first()?, place(line.param(3))?),
    };
    Ok((wanted, limit))
}

/// Whether there are as many parameters as there have to be, the subcommand included.
fn count_is(line: &Line<'_>, count: usize) -> Result<(), Refused> {
    match line.params().len().cmp(&count) {
        Ordering::Less => Err(("INVALID_PARAMS", "Insufficient parameters")),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(("INVALID_PARAMS", "Too many parameters")),
    }
}

/// `msgid=…` or `timestamp=…`.
fn place(text: &str) -> Result<Place, Refused> {
    match text.split_once('=') {
        Some(("msgid", msgid)) => Ok(Place::Message(msgid.to_owned())),
        Some(("timestamp", _)) => moment(text).map(Place::Moment),
        _ => Err(("INVALID_PARAMS", "Neither a msgid nor a timestamp")),
    }
}

fn moment(text: &str) -> Result<Duration, Refused> {
    let moment = text.strip_prefix("timestamp=").and_then(calendar::parse_iso_8601);
    moment.ok_or(("INVALID_PARAMS", "Invalid timestamp"))
}

fn limit(text: &str) -> Result<usize, Refused> {
    let limit = text.parse().ok().filter(|limit: &usize| *limit > 0);
    limit.map(|limit| limit.min(LIMIT_MAX)).ok_or(("INVALID_PARAMS", "Invalid limit"))
}
