//! The names of IRC: nicks, channels, user names and hosts, each checked once, where it comes in.
//!
//! A [`Nick`] or [`ChannelName`] that exists is valid, so nothing behind `parse` asks again. It keeps the spelling it
//! was given and compares, orders and hashes by its folded form, so a map keyed by it ignores case.
//!
//! **Case mapping `ascii`** (stated in 005): only `A`-`Z` fold. `rfc1459` would also make `[]\^` the capitals of
//! `{}|~`, an accident of a Swedish keyboard that surprises everyone who was not there; both irssi and weechat read
//! CASEMAPPING and follow.
//!
//! Lengths are in bytes: they bound how long a line can get.

use roundsman::net::Endpoint;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// The longest nick.
pub const NICK_MAX: usize = 30;
/// The longest channel name, `#` included.
pub const CHANNEL_MAX: usize = 50;
/// The longest topic that is kept. It fits into a line whoever sets it, in whatever channel.
pub const TOPIC_MAX: usize = 350;
/// The longest user name; a longer one is cut.
pub const USER_MAX: usize = 18;
/// The longest real name; a longer one is cut.
pub const REALNAME_MAX: usize = 150;
/// The longest text of AWAY; a longer one is cut.
pub const AWAY_MAX: usize = 200;
/// The longest reason of KICK; a longer one is cut.
pub const KICK_MAX: usize = 300;
/// The longest reason of QUIT; a longer one is cut.
pub const QUIT_MAX: usize = 300;
/// The longest key of a channel; a longer one is refused.
pub const KEY_MAX: usize = 32;

/// A nickname as RFC 2812 has it, up to [`NICK_MAX`] bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nick(Folded);

impl Nick {
    /// Takes a nick: letters, digits, `-` and ``[]\`_^{|}``, the first neither digit nor `-`.
    ///
    /// # Errors
    ///
    /// [`NameError::Empty`] is 431 to a client, everything else 432.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check_length(text, NICK_MAX)?;
        let special = |c| matches!(c, '[' | ']' | '\\' | '`' | '_' | '^' | '{' | '|' | '}');
        let first = |c: char| c.is_ascii_alphabetic() || special(c);
        let later = |c: char| first(c) || c.is_ascii_digit() || c == '-';
        let wrong =
            text.char_indices().find(|&(at, c)| if at == 0 { !first(c) } else { !later(c) });
        match wrong {
            Some((_, c)) => Err(NameError::Forbidden(c)),
            None => Ok(Self(Folded(text.into()))),
        }
    }

    /// The nick as its owner spells it.
    pub fn as_str(&self) -> &str {
        &self.0.0
    }

    /// Whether the two are the same to the letter, not merely the same nick.
    pub fn same_spelling(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// The name of a channel: `#` and what follows, up to [`CHANNEL_MAX`] bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelName(Folded);

impl ChannelName {
    /// Takes a channel name: anything after `#` but space, comma and control characters.
    ///
    /// U+FFFD is refused as well: it stands for bytes that were not UTF-8, and two such names that differ would
    /// become one channel.
    ///
    /// # Errors
    ///
    /// Every [`NameError`] is 403 to a client.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check_length(text, CHANNEL_MAX)?;
        if !Self::is_meant(text) {
            return Err(NameError::Forbidden(text.chars().next().unwrap_or_default()));
        }
        let wrong =
            |c: char| c.is_control() || matches!(c, ' ' | ',' | char::REPLACEMENT_CHARACTER);
        match text.chars().find(|&c| wrong(c)) {
            Some(c) => Err(NameError::Forbidden(c)),
            None => Ok(Self(Folded(text.into()))),
        }
    }

    /// Whether a client that wrote `text` meant a channel, valid or not, rather than a nick.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with('#')
    }

    /// The name as the client spelt it that made the channel.
    pub fn as_str(&self) -> &str {
        &self.0.0
    }
}

/// The user part of `nick!user@host`.
#[derive(Clone, PartialEq, Eq)]
pub struct UserName(Arc<str>);

impl UserName {
    /// Takes what a client calls its user: ASCII letters, digits, `-`, `.` and `_` stay, up to [`USER_MAX`] bytes.
    ///
    /// Clients send the login name of the system without asking their user, who could not put it right: nothing is
    /// refused, and where nothing is left the name is `user`.
    pub fn clean(text: &str) -> Self {
        let stays = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let name: String = text.chars().filter(stays).take(USER_MAX).collect();
        Self(if name.is_empty() { "user".into() } else { name.into() })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// There is no text.
    Empty,
    /// It has more bytes than the limit.
    TooLong,
    /// This character may not stand where it stands.
    Forbidden(char),
}

/// The host part of `nick!user@host`: the address, written so that it can stand anywhere in a line.
///
/// An IPv6 address may start with a colon, which would make it the last parameter; a zero in front changes nothing
/// else, and is what other servers do.
pub fn host(peer: &Endpoint) -> Arc<str> {
    let text = peer.ip().map_or_else(|| peer.to_string(), |ip| ip.to_canonical().to_string());
    if text.starts_with(':') { format!("0{text}").into() } else { text.into() }
}

/// Text that keeps its spelling and is compared without regard to ASCII case.
#[derive(Clone)]
struct Folded(Arc<str>);

impl Folded {
    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for Folded {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Folded {}

impl PartialOrd for Folded {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Folded {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl Hash for Folded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.bytes() {
            state.write_u8(byte);
        }
        state.write_u8(0xff);
    }
}

/// `Display` and `Debug` of a name are its spelling.
macro_rules! shown_as_spelt {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }
    )*};
}

shown_as_spelt!(Nick, ChannelName, UserName);

fn check_length(text: &str, max: usize) -> Result<(), NameError> {
    match text.len() {
        0 => Err(NameError::Empty),
        length if length > max => Err(NameError::TooLong),
        _ => Ok(()),
    }
}
