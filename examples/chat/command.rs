//! A command: what a line asks for, ready to be carried out.
//!
//! [`read`] is called by a session with each line. Everything is checked here, at the edge: a nick in a command is a
//! [`Nick`], a channel a [`ChannelName`], and what cannot be meant has become the answer that says so. A line with a
//! list of channels is so many commands. Nothing here knows an actor.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::chat::channel;
use crate::chat::client::Client;
use crate::chat::directory;
use crate::chat::names::{ChannelName, NameError, Nick, UserName};
use crate::chat::replies::Replies;
use crate::chat::server::About;
use crate::chat::wire::{self, Line};

#[cfg(test)]
mod tests;

/// What a line asks for.
#[derive(Debug)]
pub enum Command {
    /// Nothing is left to find out: this is the answer.
    Answer(Bytes),
    /// After `CAP LS` and `CAP REQ` the registration waits until `CAP END`.
    Negotiate(bool),
    Nick(Nick),
    User {
        user: UserName,
        realname: String,
    },
    Quit(String),
    /// `MODE nick`
    ShowModes,
    /// `MODE nick +i`, or `-i`
    BeInvisible(bool),
    /// What one channel is asked.
    Channel(ChannelName, channel::Request),
    /// What the directory is asked.
    Directory(directory::Request),
}

/// What one says to others.
#[derive(Debug)]
pub struct Speech {
    pub kind: Kind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Message,
    /// Never answered, whatever becomes of it: so that two programs cannot talk to each other for ever.
    Notice,
}

impl Speech {
    /// The line that those it is meant for get.
    pub fn line(&self, from: &Client, to: &str) -> Bytes {
        let command = match self.kind {
            Kind::Message => "PRIVMSG",
            Kind::Notice => "NOTICE",
        };
        wire::relay(&from.source, command, &[to], Some(&self.text))
    }
}

/// Makes commands of a line, in order. `nick` is the client's; without one it has not registered.
pub fn read(line: &Line<'_>, about: &About, nick: Option<&Nick>, commands: &mut VecDeque<Command>) {
    let replies = Replies::new(&about.name, nick);
    Reader { line, about, replies, commands }.read(nick);
}

struct Reader<'a> {
    line: &'a Line<'a>,
    about: &'a About,
    replies: Replies<'a>,
    commands: &'a mut VecDeque<Command>,
}

impl<'a> Reader<'a> {
    /// What everybody may say, registered or not.
    fn read(&mut self, nick: Option<&Nick>) {
        match (self.line.verb().as_str(), nick) {
            ("CAP", _) => self.cap(),
            ("NICK", _) => match Nick::parse(self.param(0)) {
                Ok(nick) => self.add(Command::Nick(nick)),
                Err(why) => self.answer(self.replies.bad_nick(self.param(0), why)),
            },
            ("USER", None) => self.user(),
            ("USER", Some(_)) => self.answer(self.replies.already_registered()),
            ("PING", _) => match self.line.params().first() {
                Some(token) => self.answer(self.replies.pong(token)),
                None => self.answer(self.replies.no_origin()),
            },
            // No password is asked for, and no client is asked whether it is there.
            ("PASS" | "PONG", _) => {}
            ("QUIT", _) => self.add(Command::Quit(match self.param(0) {
                "" => "Quit".to_owned(),
                reason => format!("Quit: {reason}"),
            })),
            (_, None) => self.answer(self.replies.not_registered()),
            (verb, Some(nick)) => self.read_of_client(verb, nick),
        }
    }

    /// What only a registered client may say.
    fn read_of_client(&mut self, verb: &str, nick: &Nick) {
        match verb {
            "PRIVMSG" => self.speech(Kind::Message),
            "NOTICE" => self.speech(Kind::Notice),
            "JOIN" => self.for_each_channel(|reader, channel| match ChannelName::parse(channel) {
                Ok(name) => reader.add(Command::Directory(directory::Request::Join(name))),
                Err(_) => reader.answer(reader.replies.no_such_channel(channel)),
            }),
            "PART" => self.for_each_channel(|reader, channel| {
                let reason = reader.line.params().get(1).map(|reason| (*reason).to_owned());
                reader.ask_channel(channel, channel::Request::Part { reason });
            }),
            "TOPIC" => match self.line.params() {
                [] => self.need_more_params(),
                [channel] => self.ask_channel(channel, channel::Request::Topic),
                [channel, topic, ..] => {
                    self.ask_channel(channel, channel::Request::SetTopic((*topic).to_owned()));
                }
            },
            "NAMES" => match self.param(0) {
                "" => self.answer(self.replies.end_of_names("*")),
                _ => self.for_each_channel(|reader, channel| {
                    reader.ask_channel(channel, channel::Request::Names);
                }),
            },
            "MODE" => self.mode(nick),
            _ => self.read_query(verb),
        }
    }

    /// What is asked about people, channels and the server.
    fn read_query(&mut self, verb: &str) {
        match verb {
            "WHO" => self.who(),
            "WHOIS" => self.who_is(),
            "LIST" => {
                let names =
                    self.param(0).split(',').filter_map(|name| ChannelName::parse(name).ok());
                let names = names.collect();
                self.add(Command::Directory(directory::Request::List(names)));
            }
            "ISON" => self.add(Command::Directory(directory::Request::IsOn(self.nicks()))),
            "USERHOST" => self.add(Command::Directory(directory::Request::UserHost(self.nicks()))),
            "LUSERS" => self.add(Command::Directory(directory::Request::Census)),
            "VERSION" => self.answer(self.replies.version()),
            "MOTD" => {
                let lines = self.replies.message_of_the_day(self.about.motd.as_deref());
                lines.into_iter().for_each(|line| self.answer(line));
            }
            _ => self.answer(self.replies.unknown_command(self.line.command())),
        }
    }

    fn cap(&mut self) {
        let subcommand = self.param(0);
        match subcommand.to_ascii_uppercase().as_str() {
            "LS" => {
                self.add(Command::Negotiate(true));
                self.answer(self.replies.cap("LS", ""));
            }
            "LIST" => self.answer(self.replies.cap("LIST", "")),
            "REQ" => {
                self.add(Command::Negotiate(true));
                self.answer(self.replies.cap("NAK", self.param(1)));
            }
            "END" => self.add(Command::Negotiate(false)),
            _ => self.answer(self.replies.invalid_cap_command(subcommand)),
        }
    }

    fn user(&mut self) {
        match self.line.params() {
            [user, _, _, realname, ..] if !realname.is_empty() => {
                let (user, realname) = (UserName::clean(user), (*realname).to_owned());
                self.add(Command::User { user, realname });
            }
            _ => self.need_more_params(),
        }
    }

    fn speech(&mut self, kind: Kind) {
        let (to, text) = (self.param(0), self.param(1));
        let refusal = match (to, text) {
            ("", _) => self.replies.no_recipient(self.line.command()),
            (_, "") => self.replies.no_text_to_send(),
            _ => {
                let speech = Speech { kind, text: text.to_owned() };
                if ChannelName::is_meant(to) {
                    return self.ask_channel(to, channel::Request::Say(speech));
                }
                match Nick::parse(to) {
                    Ok(to) => {
                        let request = directory::Request::Say(to, speech);
                        return self.add(Command::Directory(request));
                    }
                    Err(_) => self.replies.no_such_nick(to),
                }
            }
        };
        if kind == Kind::Message {
            self.answer(refusal);
        }
    }

    fn mode(&mut self, own: &Nick) {
        let (target, change) = (self.param(0), self.param(1));
        if target.is_empty() {
            self.need_more_params();
        } else if ChannelName::is_meant(target) {
            let letter = change.chars().find(|letter| !matches!(letter, '+' | '-'));
            self.ask_channel(
                target,
                match letter {
                    None => channel::Request::Modes,
                    Some('b') => channel::Request::Bans,
                    Some(letter) => channel::Request::SetMode(letter),
                },
            );
        } else if Nick::parse(target).is_ok_and(|nick| nick == *own) {
            self.own_mode(change);
        } else {
            self.answer(self.replies.not_your_mode());
        }
    }

    fn own_mode(&mut self, change: &str) {
        if change.is_empty() {
            return self.add(Command::ShowModes);
        }
        let (mut on, mut unknown) = (true, false);
        for letter in change.chars() {
            match letter {
                '+' => on = true,
                '-' => on = false,
                'i' => self.add(Command::BeInvisible(on)),
                _ => unknown = true,
            }
        }
        if unknown {
            self.answer(self.replies.unknown_user_mode());
        }
    }

    fn who(&mut self) {
        let mask = self.param(0);
        if ChannelName::is_meant(mask) {
            return self.ask_channel(mask, channel::Request::Who);
        }
        match Nick::parse(mask) {
            Ok(nick) => self.add(Command::Directory(directory::Request::Who(nick))),
            Err(_) => self.answer(self.replies.end_of_who(mask)),
        }
    }

    fn who_is(&mut self) {
        // `WHOIS server nick` asks the server of that nick, which here is always this one.
        let asked = self.line.params().last().copied().unwrap_or_default();
        match Nick::parse(asked) {
            Ok(nick) => self.add(Command::Directory(directory::Request::WhoIs(nick))),
            Err(NameError::Empty) => self.answer(self.replies.bad_nick("", NameError::Empty)),
            Err(_) => {
                self.answer(self.replies.no_such_nick(asked));
                self.answer(self.replies.end_of_whois(asked));
            }
        }
    }

    /// All nicks among the parameters; what is no nick is nobody's.
    fn nicks(&self) -> Vec<Nick> {
        let words = self.line.params().iter().flat_map(|param| param.split(' '));
        words.filter_map(|word| Nick::parse(word).ok()).collect()
    }

    /// The list of channels in the first parameter, one by one.
    fn for_each_channel(&mut self, mut each: impl FnMut(&mut Self, &'a str)) {
        match self.param(0) {
            "" => self.need_more_params(),
            list => list.split(',').for_each(|channel| each(self, channel)),
        }
    }

    /// Asks a channel, or answers as if there were none of a name that none can have.
    fn ask_channel(&mut self, channel: &str, request: channel::Request) {
        match ChannelName::parse(channel) {
            Ok(name) => self.add(Command::Channel(name, request)),
            Err(_) => request.without_channel(self.replies, channel).into_iter().for_each(|line| {
                self.answer(line);
            }),
        }
    }

    fn need_more_params(&mut self) {
        self.answer(self.replies.need_more_params(self.line.command()));
    }

    fn answer(&mut self, line: Bytes) {
        self.add(Command::Answer(line));
    }

    fn add(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    /// A parameter, empty if it is missing.
    fn param(&self, at: usize) -> &'a str {
        self.line.params().get(at).copied().unwrap_or_default()
    }
}
