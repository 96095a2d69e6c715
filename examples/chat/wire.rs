//! The wire format of IRC: what a line from a client says, and how a line to a client is written.
//!
//! The hall reads with [`decode`] and [`Line::parse`]; whoever answers or relays writes with [`numeric`], [`relay`]
//! and their like. Nothing here knows a socket, a client or a channel.
//!
//! **A line is text.** `decode` puts U+FFFD where bytes are not UTF-8, so from there on everything is `str` and every
//! line that leaves the server is valid UTF-8. A line that had to be mended is read only to find out what to refuse:
//! see UTF8ONLY in `hall/commands.rs`.
//!
//! **A line cannot hold a second line.** CR, LF and NUL have no place inside a line; whatever text they came in with,
//! [`compose`] writes them as spaces. It is the only way to make an outgoing line.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;

#[cfg(test)]
mod tests;

/// The longest line either side may send, in bytes, CR LF included and tags not.
const LINE_MAX: usize = 512;
/// The longest line without its end and its tags, in bytes. A longer one is answered with 417.
pub const BODY_MAX: usize = LINE_MAX - 2;
/// The longest tags a client may send, in bytes, with the `@` in front and the space behind (IRCv3 message-tags).
pub const TAGS_MAX: usize = 4096;
/// The longest line without its end that may mean something, in bytes: what the framing lets through.
pub const FRAME_MAX: usize = TAGS_MAX + BODY_MAX;
/// The most parameters of one line; the last takes the rest of the line.
const PARAMS_MAX: usize = 15;
/// The longest command that can mean something, in bytes.
const VERB_MAX: usize = 12;

/// A line from a client, taken apart; it borrows the text it was parsed from.
///
/// A source (`:…`) is read over: who sent the line is known from the connection, whatever the line claims.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    tags: &'a str,
    command: &'a str,
    params: [&'a str; PARAMS_MAX],
    count: usize,
}

/// The line, or its tags, are longer than allowed: it is not to be carried out. What it would have been, if it holds a
/// command, says how to refuse it.
#[derive(Debug, Clone, Copy)]
pub struct TooLong<'a>(pub Option<Line<'a>>);

impl<'a> Line<'a> {
    /// Takes a line without CR LF apart; `None` if it holds no command, which IRC passes over in silence.
    ///
    /// Several spaces count as one. A parameter that starts with `:`, or is the fifteenth, takes the rest of the line.
    ///
    /// # Errors
    ///
    /// [`TooLong`] is 417 to a client, but for a NOTICE.
    #[expect(clippy::result_large_err, reason = "a line that is not too long is as large")]
    pub fn parse(text: &'a str) -> Result<Option<Self>, TooLong<'a>> {
        let line = Self::take_apart(text);
        if fits(text.as_bytes()) { Ok(line) } else { Err(TooLong(line)) }
    }

    fn take_apart(text: &'a str) -> Option<Self> {
        let (tags, mut rest) = match text.strip_prefix('@') {
            Some(tagged) => split_word(tagged),
            None => ("", text),
        };
        rest = rest.trim_start_matches(' ');
        if rest.starts_with(':') {
            (_, rest) = split_word(rest);
        }
        let (command, mut rest) = split_word(rest);
        if command.is_empty() {
            return None;
        }
        let mut line = Self { tags, command, params: [""; PARAMS_MAX], count: 0 };
        while !rest.is_empty() {
            let param;
            if let Some(trailing) = rest.strip_prefix(':') {
                (param, rest) = (trailing, "");
            } else if line.count == PARAMS_MAX - 1 {
                (param, rest) = (rest, "");
            } else {
                (param, rest) = split_word(rest);
            }
            line.params[line.count] = param;
            line.count += 1;
        }
        Some(line)
    }

    /// The value of a tag, still escaped; empty if it has none.
    pub fn tag(&self, key: &str) -> Option<&'a str> {
        // Of tags that are given twice the last counts.
        self.tags().filter(|(name, _)| *name == key).last().map(|(_, value)| value)
    }

    /// The tags that are for other clients (`+…`), as they were written; of those that are given twice the last.
    pub fn client_tags(&self) -> Vec<&'a str> {
        let mut seen = BTreeSet::new();
        let for_others = self.whole_tags().filter(|tag| tag.len() > 1 && tag.starts_with('+'));
        let mut tags: Vec<_> =
            for_others.rev().filter(|tag| seen.insert(split_tag(tag).0)).collect();
        tags.reverse();
        tags
    }

    fn tags(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.whole_tags().map(split_tag)
    }

    /// Those that can be written again: a tag with a CR or NUL in it is none.
    fn whole_tags(&self) -> impl DoubleEndedIterator<Item = &'a str> {
        self.tags.split(';').filter(|tag| !tag.contains(['\r', '\0']))
    }

    /// The command as the client spelt it: what 421 and 461 quote.
    pub fn command(&self) -> &'a str {
        self.command
    }

    /// The command in upper case: what to match on.
    pub fn verb(&self) -> Verb {
        Verb::of(self.command)
    }

    /// The parameters in order; a trailing one has lost its colon and may be empty.
    pub fn params(&self) -> &[&'a str] {
        &self.params[..self.count]
    }

    /// A parameter, empty if it is missing.
    pub fn param(&self, at: usize) -> &'a str {
        self.params().get(at).copied().unwrap_or_default()
    }

    /// The items of a parameter that is a list with commas; those that are empty are left out.
    pub fn list(&self, at: usize) -> impl Iterator<Item = &'a str> {
        self.param(at).split(',').filter(|item| !item.is_empty())
    }
}

/// A command in upper case, kept on the stack.
#[derive(Debug, Clone, Copy)]
pub struct Verb {
    letters: [u8; VERB_MAX],
    length: usize,
}

impl Verb {
    fn of(command: &str) -> Self {
        let mut verb = Self { letters: [0; VERB_MAX], length: 0 };
        if command.is_ascii() && command.len() <= VERB_MAX {
            verb.length = command.len();
            verb.letters[..verb.length].copy_from_slice(command.as_bytes());
            verb.letters.make_ascii_uppercase();
        }
        verb
    }

    /// The command, or the empty string if it is too long or too strange to be one.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.letters[..self.length]).unwrap_or_default()
    }
}

/// Whether a line, given without its end, is no longer than allowed. Bytes that are not UTF-8 have a length of their own:
/// what [`decode`] makes of them is longer.
pub fn fits(line: &[u8]) -> bool {
    let Some(tagged) = line.strip_prefix(b"@") else { return line.len() <= BODY_MAX };
    let tags = tagged.iter().take_while(|byte| **byte != b' ').count();
    let spaces = tagged[tags..].iter().take_while(|byte| **byte == b' ').count();
    tags + 2 <= TAGS_MAX && tagged.len() - tags - spaces <= BODY_MAX
}

/// Reads the bytes of one line, given without its end, as text; copies only to replace what is not UTF-8.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// `:server 433 nick param… :text`: an answer of the server to `nick`, which is `*` before the client has one.
pub fn numeric(server: &str, code: &str, nick: &str, params: &[&str], text: Option<&str>) -> Bytes {
    compose(Some(server), &[code, nick], params, text)
}

/// One numeric whose text is a list, as often as the list needs: no item is left out, and none is cut that fits a line.
///
/// An empty list still makes one line, with an empty text.
pub fn numeric_list<I>(
    server: &str,
    code: &str,
    nick: &str,
    params: &[&str],
    items: I,
) -> Vec<Bytes>
where
    I: IntoIterator<Item: AsRef<str>>,
{
    let room = BODY_MAX.saturating_sub(length(Some(server), &[code, nick], params, Some("")));
    let mut lines = Vec::new();
    let mut text = String::new();
    for item in items {
        let item = item.as_ref();
        if !text.is_empty() && text.len() + 1 + item.len() > room {
            lines.push(numeric(server, code, nick, params, Some(&text)));
            text.clear();
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(item);
    }
    if lines.is_empty() || !text.is_empty() {
        lines.push(numeric(server, code, nick, params, Some(&text)));
    }
    lines
}

/// `:source COMMAND param… :text`: what someone did, told to others; the source is `nick!user@host` or the server.
///
/// With the source in front, the line may outgrow what the client sent: then the end of the text is lost.
pub fn relay(source: &str, command: &str, params: &[&str], text: Option<&str>) -> Bytes {
    compose(Some(source), &[command], params, text)
}

/// `COMMAND :text`, without a source: `ERROR` and `PING`, which speak of the link itself.
pub fn bare(command: &str, text: &str) -> Bytes {
    compose(None, &[command], &[], Some(text))
}

/// A line with tags in front; `tags` are finished, with semicolons between them and no `@`. Without any, the line
/// itself.
pub fn tagged(tags: &str, line: Bytes) -> Bytes {
    if tags.is_empty() {
        return line;
    }
    let mut whole = Vec::with_capacity(tags.len() + 2 + line.len());
    whole.push(b'@');
    whole.extend_from_slice(tags.as_bytes());
    whole.push(b' ');
    whole.extend_from_slice(&line);
    whole.into()
}

/// Finished lines that stand one after another, without their ends.
pub fn split(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r\n").unwrap_or(line))
}

/// The longest start of `text` that has at most `max` bytes and ends with a whole character.
pub fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = (0..=max).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}

/// Writes one line with its CR LF, at most [`LINE_MAX`] bytes. `head` is ours; `params` and `text` may be anyone's.
fn compose(source: Option<&str>, head: &[&str], params: &[&str], text: Option<&str>) -> Bytes {
    let mut line = String::with_capacity(length(source, head, params, text) + 2);
    if let Some(source) = source {
        line.push(':');
        line.push_str(source);
        line.push(' ');
    }
    for (nth, word) in
        head.iter().copied().chain(params.iter().map(|param| middle(param))).enumerate()
    {
        if nth > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    if let Some(text) = text {
        line.push_str(" :");
        line.push_str(text);
    }
    if line.contains(['\r', '\n', '\0']) {
        line = line.replace(['\r', '\n', '\0'], " ");
    }
    line.truncate(cut(&line, BODY_MAX).len());
    line.push_str("\r\n");
    Bytes::from(line)
}

/// How long a line of these parts is at most, in bytes, without CR LF.
fn length(source: Option<&str>, head: &[&str], params: &[&str], text: Option<&str>) -> usize {
    let words = head.iter().chain(params).map(|word| word.len().max(1) + 1).sum::<usize>() - 1;
    source.map_or(0, |source| source.len() + 2) + words + text.map_or(0, |text| text.len() + 2)
}

/// A parameter as it can stand before others: what would run into its neighbours is shown as `*`.
fn middle(param: &str) -> &str {
    let fits =
        !param.is_empty() && !param.starts_with(':') && !param.contains([' ', '\r', '\n', '\0']);
    if fits { param } else { "*" }
}

/// The name of a tag, and its value, empty if it has none.
fn split_tag(tag: &str) -> (&str, &str) {
    tag.split_once('=').unwrap_or((tag, ""))
}

/// The first word, and what follows it without the spaces between.
fn split_word(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((word, rest)) => (word, rest.trim_start_matches(' ')),
        None => (text, ""),
    }
}
