//! The commands: which there are, who may give them, how many parameters each needs, and what carries it out.
//!
//! [`Hall::obey`] is called for every line that is one. Nothing here knows what a command does.

use super::Hall;
use super::client::ClientId;
use crate::chat::caps::Caps;
use crate::chat::numerics::{
    ERR_INPUTTOOLONG, ERR_NEEDMOREPARAMS, ERR_NOTREGISTERED, ERR_UNKNOWNCOMMAND,
};
use crate::chat::wire::Line;

/// The longest label that is given back, in bytes as it is written: 64 may take two each (IRCv3 labeled-response).
const LABEL_MAX: usize = 128;

/// A command.
struct Command {
    name: &'static str,
    /// How many parameters it needs; with fewer it is answered with 461. What has an answer of its own says 0.
    params: usize,
    /// Whether it may be given before registration.
    early: bool,
    run: fn(&mut Hall, ClientId, &Line<'_>),
}

const fn early(name: &'static str, params: usize, run: Run) -> Command {
    Command { name, params, early: true, run }
}

const fn command(name: &'static str, params: usize, run: Run) -> Command {
    Command { name, params, early: false, run }
}

type Run = fn(&mut Hall, ClientId, &Line<'_>);

/// All of them, the most frequent first.
const COMMANDS: &[Command] = &[
    command("PRIVMSG", 0, Hall::message),
    command("NOTICE", 0, Hall::notice),
    early("PING", 0, Hall::ping),
    early("PONG", 0, |_, _, _| {}),
    command("TAGMSG", 0, Hall::tag_message),
    command("JOIN", 1, Hall::join),
    command("PART", 1, Hall::part),
    command("MODE", 1, Hall::mode),
    command("TOPIC", 1, Hall::topic),
    command("KICK", 2, Hall::kick),
    command("INVITE", 0, Hall::invite),
    command("NAMES", 0, Hall::names),
    command("LIST", 0, Hall::list),
    command("WHO", 0, Hall::who),
    command("WHOIS", 0, Hall::whois),
    command("WHOWAS", 0, Hall::whowas),
    command("AWAY", 0, Hall::away),
    command("SETNAME", 1, Hall::set_name),
    command("ISON", 1, Hall::is_on),
    command("USERHOST", 1, Hall::user_host),
    command("MONITOR", 1, Hall::monitor),
    command("CHATHISTORY", 0, Hall::chat_history),
    command("LUSERS", 0, Hall::lusers),
    command("MOTD", 0, Hall::motd),
    command("VERSION", 0, Hall::version),
    command("TIME", 0, Hall::time),
    command("INFO", 0, Hall::info),
    command("LINKS", 0, Hall::links),
    command("HELP", 0, Hall::help),
    command("HELPOP", 0, Hall::help),
    command("OPER", 2, Hall::oper),
    command("KILL", 1, Hall::kill),
    command("WALLOPS", 1, Hall::wallops),
    // What a server says; a client has no errors that others would have to know.
    early("ERROR", 0, |_, _, _| {}),
    early("CAP", 1, Hall::cap),
    early("PASS", 1, Hall::pass),
    early("NICK", 0, Hall::nick),
    early("USER", 4, Hall::user),
    early("QUIT", 0, Hall::quit),
];

impl Hall {
    /// Carries out a line, or says why not.
    pub(super) fn obey(&mut self, by: ClientId, line: &Line<'_>) {
        let verb = line.verb();
        let command = COMMANDS.iter().find(|command| command.name == verb.as_str());
        let registered = self.client(by).registered;
        match command {
            Some(command) if registered || command.early => {
                if line.params().len() < command.params {
                    return self.refuse(by, ERR_NEEDMOREPARAMS, &[line.command()]);
                }
                (command.run)(self, by, line);
            }
            _ if !registered => self.refuse(by, ERR_NOTREGISTERED, &[]),
            _ => self.refuse(by, ERR_UNKNOWNCOMMAND, &[line.command()]),
        }
    }

    /// A line that is not UTF-8 is not carried out, as UTF8ONLY in 005 says; of a NOTICE not a word is said, as always.
    pub(super) fn refuse_bytes(&self, by: ClientId, line: &Line<'_>) {
        let verb = line.verb();
        if verb.as_str() != "NOTICE" {
            let command = if verb.as_str().is_empty() { "*" } else { verb.as_str() };
            self.fail(by, command, "INVALID_UTF8", &[], "What is not UTF-8 cannot be taken");
        }
    }

    /// A line that is too long is not carried out either.
    pub(super) fn refuse_length(&self, by: ClientId, line: &Line<'_>) {
        if line.verb().as_str() != "NOTICE" {
            self.refuse(by, ERR_INPUTTOOLONG, &[]);
        }
    }

    /// If the line has a label and its client knows what that is, the answers will have it as well.
    pub(super) fn open_label(&self, by: ClientId, line: &Line<'_>) {
        let knows = self.client(by).caps().has(Caps::LABELED_RESPONSE.with(Caps::BATCH));
        let fits = |label: &&str| !label.is_empty() && label.len() <= LABEL_MAX;
        if let (true, Some(label)) = (knows, line.tag("label").filter(fits)) {
            self.out.borrow_mut().open_label(by, label);
        }
    }

    pub(super) fn need_more_params(&self, by: ClientId, line: &Line<'_>) {
        self.refuse(by, ERR_NEEDMOREPARAMS, &[line.command()]);
    }
}
