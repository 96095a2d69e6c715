//! The capabilities of IRCv3 that a client can ask for, and which of them it has.
//!
//! What [`Caps::named`] knows is what works. It negotiates nothing: see `hall/negotiating.rs`.

/// A set of capabilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps(u16);

impl Caps {
    /// Hears when somebody in a channel goes away, or is back.
    pub const AWAY_NOTIFY: Self = Self(1);
    /// What belongs together is marked so.
    pub const BATCH: Self = Self(1 << 1);
    /// Would hear of capabilities that come and go, which none does here.
    pub const CAP_NOTIFY: Self = Self(1 << 2);
    /// Asks for what was said in a channel.
    pub const CHATHISTORY: Self = Self(1 << 3);
    /// Gets what it has said itself.
    pub const ECHO_MESSAGE: Self = Self(1 << 4);
    /// Hears of invitations to channels it is in.
    pub const INVITE_NOTIFY: Self = Self(1 << 5);
    /// Finds the answer by the label of the question.
    pub const LABELED_RESPONSE: Self = Self(1 << 6);
    /// Takes tags of others, and what has nothing but tags.
    pub const MESSAGE_TAGS: Self = Self(1 << 7);
    /// Is shown all prefixes of a member.
    pub const MULTI_PREFIX: Self = Self(1 << 8);
    /// Every line says when it was made.
    pub const SERVER_TIME: Self = Self(1 << 9);
    /// Hears of new real names.
    pub const SETNAME: Self = Self(1 << 10);
    /// NAMES shows `nick!user@host`.
    pub const USERHOST_IN_NAMES: Self = Self(1 << 11);

    /// All that there are, as they are called, in the order in which `CAP LS` lists them.
    const NAMES: [(&'static str, Self); 12] = [
        ("away-notify", Self::AWAY_NOTIFY),
        ("batch", Self::BATCH),
        ("cap-notify", Self::CAP_NOTIFY),
        ("draft/chathistory", Self::CHATHISTORY),
        ("echo-message", Self::ECHO_MESSAGE),
        ("invite-notify", Self::INVITE_NOTIFY),
        ("labeled-response", Self::LABELED_RESPONSE),
        ("message-tags", Self::MESSAGE_TAGS),
        ("multi-prefix", Self::MULTI_PREFIX),
        ("server-time", Self::SERVER_TIME),
        ("setname", Self::SETNAME),
        ("userhost-in-names", Self::USERHOST_IN_NAMES),
    ];

    /// All that there are.
    pub const ALL: Self = Self((1 << Self::NAMES.len()) - 1);

    /// The capability of this name.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, caps)| *caps)
    }

    /// The names of those in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().filter(move |(_, caps)| self.has(*caps)).map(|(name, _)| *name)
    }

    /// Whether all of these are in the set.
    pub fn has(self, caps: Self) -> bool {
        self.0 & caps.0 == caps.0
    }

    /// The set with these.
    pub fn with(self, caps: Self) -> Self {
        Self(self.0 | caps.0)
    }

    /// The set without these.
    pub fn without(self, caps: Self) -> Self {
        Self(self.0 & !caps.0)
    }
}
