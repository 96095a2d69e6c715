//! A client as the hall knows it: what it has said of itself, what it may see, and where it is.
//!
//! Kept by the hall, one for each session. It tells nobody anything.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use roundsman::{ActorId, Timestamp};

use super::ear::Ear;
use super::inviting::Invitation;
use crate::chat::caps::Caps;
use crate::chat::names::{ChannelName, Nick, UserName};

/// Who a client is, whatever its nick: its session.
pub type ClientId = ActorId;

/// One client.
pub struct Client {
    pub ear: Rc<Ear>,
    pub host: Arc<str>,
    /// Nobody in between can read what it says.
    pub secure: bool,

    /// Its nick; of one that has not registered, the nick it would like to have.
    pub nick: Option<Nick>,
    pub user: Option<UserName>,
    pub realname: Box<str>,
    /// Others know it.
    pub registered: bool,
    /// `nick!user@host`: how what it does is signed. Empty until it has registered.
    pub source: Box<str>,

    /// Capabilities are being negotiated, which holds the registration.
    pub negotiating: bool,
    /// It has said `CAP LS 302`: it is told of capabilities whether it wants to or not.
    pub knows_302: bool,

    pub modes: UserModes,
    pub channels: BTreeSet<ChannelName>,
    pub signed_on_unix_s: u64,
    pub spoke_at: Timestamp,
    rare: Option<Box<Rare>>,
}

/// What few clients have. Most of a crowd are just there.
#[derive(Default)]
pub struct Rare {
    /// Until it has registered.
    pub password: Option<Box<str>>,
    /// Why it is away.
    pub away: Option<Box<str>>,
    /// Where it has been invited to and not been yet; some of these channels may be gone. At most [`super::INVITES_MAX`].
    pub invitations: BTreeMap<ChannelName, Invitation>,
    /// Whose coming and going it wants to hear of, as it spells them.
    pub monitored: BTreeSet<Nick>,
}

impl Rare {
    const NONE: &'static Self = &Self {
        password: None,
        away: None,
        invitations: BTreeMap::new(),
        monitored: BTreeSet::new(),
    };
}

/// What `MODE nick` shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UserModes {
    /// `B`: a program.
    pub bot: bool,
    /// `i`: not shown to those who share no channel.
    pub invisible: bool,
    /// `o`: an operator of the server.
    pub operator: bool,
    /// `w`: wants to hear what operators have to say to all.
    pub wallops: bool,
}

impl UserModes {
    /// The letters there are, in order.
    pub const LETTERS: &'static str = "Biow";

    /// The mode of a letter.
    pub fn get_mut(&mut self, letter: char) -> Option<&mut bool> {
        match letter {
            'B' => Some(&mut self.bot),
            'i' => Some(&mut self.invisible),
            'o' => Some(&mut self.operator),
            'w' => Some(&mut self.wallops),
            _ => None,
        }
    }

    /// `+iw`, or `+` without any.
    pub fn shown(mut self) -> String {
        let set =
            Self::LETTERS.chars().filter(|letter| self.get_mut(*letter).is_some_and(|on| *on));
        std::iter::once('+').chain(set.collect::<Vec<_>>()).collect()
    }
}

impl Client {
    /// A connection that has said nothing.
    pub fn new(ear: Ear, host: Arc<str>, secure: bool) -> Self {
        Self {
            ear: Rc::new(ear),
            host,
            secure,
            nick: None,
            user: None,
            realname: Box::default(),
            registered: false,
            source: Box::default(),
            negotiating: false,
            knows_302: false,
            modes: UserModes::default(),
            channels: BTreeSet::new(),
            signed_on_unix_s: 0,
            spoke_at: Timestamp::default(),
            rare: None,
        }
    }

    pub fn rare(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(Rare::NONE)
    }

    /// To be kept from now on.
    pub fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// What it can take.
    pub fn caps(&self) -> Caps {
        self.ear.caps()
    }

    /// Its nick in answers to it: `*` until it has registered.
    pub fn shown_nick(&self) -> &str {
        match &self.nick {
            Some(nick) if self.registered => nick.as_str(),
            _ => "*",
        }
    }

    /// Its nick once it has registered.
    pub fn nick(&self) -> &str {
        self.nick.as_ref().map_or("*", Nick::as_str)
    }

    /// The user part of its source.
    pub fn user(&self) -> &str {
        self.user.as_ref().map_or("*", UserName::as_str)
    }

    /// Signs with its nick, user and host from now on.
    pub fn sign(&mut self) {
        self.source = format!("{}!{}@{}", self.nick(), self.user(), self.host).into();
    }

    /// `H` or `G`, then `*` for an operator; what WHO begins its flags with.
    pub fn flags(&self) -> String {
        let here = if self.rare().away.is_some() { "G" } else { "H" };
        format!("{here}{}", if self.modes.operator { "*" } else { "" })
    }
}
