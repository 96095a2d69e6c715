//! The numerics that say no, each one line.
//!
//! What a client sent is quoted as it was sent; where that cannot stand in a line, `wire` shows `*`.

use bytes::Bytes;

use super::Replies;
use crate::chat::names::NameError;

impl Replies<'_> {
    /// 401 ERR_NOSUCHNICK.
    pub fn no_such_nick(self, nick: &str) -> Bytes {
        self.numeric("401", &[nick], Some("No such nick/channel"))
    }

    /// 403 ERR_NOSUCHCHANNEL, also of a name that no channel can have.
    pub fn no_such_channel(self, channel: &str) -> Bytes {
        self.numeric("403", &[channel], Some("No such channel"))
    }

    /// 409 ERR_NOORIGIN: PING without a token.
    pub fn no_origin(self) -> Bytes {
        self.numeric("409", &[], Some("No origin specified"))
    }

    /// 410 ERR_INVALIDCAPCMD.
    pub fn invalid_cap_command(self, subcommand: &str) -> Bytes {
        self.numeric("410", &[subcommand], Some("Invalid CAP command"))
    }

    /// 411 ERR_NORECIPIENT.
    pub fn no_recipient(self, command: &str) -> Bytes {
        self.numeric("411", &[], Some(&format!("No recipient given ({command})")))
    }

    /// 412 ERR_NOTEXTTOSEND.
    pub fn no_text_to_send(self) -> Bytes {
        self.numeric("412", &[], Some("No text to send"))
    }

    /// 417 ERR_INPUTTOOLONG.
    pub fn input_too_long(self) -> Bytes {
        self.numeric("417", &[], Some("Input line was too long"))
    }

    /// 421 ERR_UNKNOWNCOMMAND.
    pub fn unknown_command(self, command: &str) -> Bytes {
        self.numeric("421", &[command], Some("Unknown command"))
    }

    /// 431 ERR_NONICKNAMEGIVEN or 432 ERR_ERRONEUSNICKNAME, whichever `why` makes it.
    pub fn bad_nick(self, nick: &str, why: NameError) -> Bytes {
        match why {
            NameError::Empty => self.numeric("431", &[], Some("No nickname given")),
            NameError::TooLong => self.numeric("432", &[nick], Some("Nickname is too long")),
            NameError::Forbidden(_) => self.numeric("432", &[nick], Some("Erroneous nickname")),
        }
    }

    /// 433 ERR_NICKNAMEINUSE.
    pub fn nick_in_use(self, nick: &str) -> Bytes {
        self.numeric("433", &[nick], Some("Nickname is already in use"))
    }

    /// 442 ERR_NOTONCHANNEL.
    pub fn not_on_channel(self, channel: &str) -> Bytes {
        self.numeric("442", &[channel], Some("You're not on that channel"))
    }

    /// 451 ERR_NOTREGISTERED.
    pub fn not_registered(self) -> Bytes {
        self.numeric("451", &[], Some("You have not registered"))
    }

    /// 461 ERR_NEEDMOREPARAMS.
    pub fn need_more_params(self, command: &str) -> Bytes {
        self.numeric("461", &[command], Some("Not enough parameters"))
    }

    /// 462 ERR_ALREADYREGISTERED.
    pub fn already_registered(self) -> Bytes {
        self.numeric("462", &[], Some("You may not reregister"))
    }

    /// 472 ERR_UNKNOWNMODE, to an operator who sets a mode of a channel that does not exist here.
    pub fn unknown_channel_mode(self, letter: char) -> Bytes {
        self.numeric("472", &[letter.encode_utf8(&mut [0; 4])], Some("is unknown mode char to me"))
    }

    /// 482 ERR_CHANOPRIVSNEEDED.
    pub fn operator_needed(self, channel: &str) -> Bytes {
        self.numeric("482", &[channel], Some("You're not channel operator"))
    }

    /// 501 ERR_UMODEUNKNOWNFLAG.
    pub fn unknown_user_mode(self) -> Bytes {
        self.numeric("501", &[], Some("Unknown MODE flag"))
    }

    /// 502 ERR_USERSDONTMATCH.
    pub fn not_your_mode(self) -> Bytes {
        self.numeric("502", &[], Some("Can't change mode for other users"))
    }
}
