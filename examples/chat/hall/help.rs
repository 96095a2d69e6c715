//! HELP: what each command does, for those who type them by hand.

use super::Hall;
use super::client::ClientId;
use crate::chat::numerics::{ERR_HELPNOTFOUND, RPL_ENDOFHELP, RPL_HELPSTART, RPL_HELPTXT};
use crate::chat::wire::Line;

/// What there is to say of each command.
const HELP: &[(&str, &str)] = &[
    ("AWAY", "AWAY [text]: say that you are away, and why; without a text, that you are back"),
    ("CAP", "CAP LS|LIST|REQ|END: negotiate capabilities; clients do it by themselves"),
    ("CHATHISTORY", "CHATHISTORY LATEST|BEFORE|AFTER|AROUND|BETWEEN #channel ...: what was said"),
    ("HELP", "HELP [command]: this"),
    ("INFO", "INFO: what this server is"),
    ("INVITE", "INVITE nick #channel: ask somebody in; INVITE: where you are asked in"),
    ("ISON", "ISON nick ...: which of these are here"),
    ("JOIN", "JOIN #channel[,#channel] [key[,key]]: come in; JOIN 0: leave all channels"),
    ("KICK", "KICK #channel nick[,nick] [reason]: throw somebody out"),
    ("KILL", "KILL nick [reason]: cut somebody off; for operators"),
    ("LINKS", "LINKS: the servers of this network, of which there is one"),
    (
        "LIST",
        "LIST [#channel,... | >members | <members | C<minutes | T<minutes]: which channels are here",
    ),
    ("LUSERS", "LUSERS: how many are here"),
    (
        "MODE",
        "MODE #channel [+bklimnstov ...]: what holds in a channel; MODE nick [+Biw]: what holds for you",
    ),
    ("MONITOR", "MONITOR +|-|C|L|S [nick,...]: hear when somebody comes and goes"),
    ("MOTD", "MOTD: the message of the day"),
    ("NAMES", "NAMES #channel[,#channel]: who is in a channel"),
    ("NICK", "NICK nick: take another nick"),
    ("NOTICE", "NOTICE target[,target] text: as PRIVMSG, and nothing answers it"),
    ("OPER", "OPER name password: become an operator of the server"),
    ("PART", "PART #channel[,#channel] [reason]: leave a channel"),
    ("PASS", "PASS password: before NICK and USER, where a password is asked for"),
    ("PING", "PING text: get it back"),
    ("PRIVMSG", "PRIVMSG target[,target] text: say something in a channel or to somebody"),
    ("QUIT", "QUIT [reason]: leave"),
    ("SETNAME", "SETNAME name: take another real name"),
    ("TAGMSG", "TAGMSG target[,target]: send tags without a text"),
    ("TIME", "TIME: what time it is here"),
    ("TOPIC", "TOPIC #channel [text]: what a channel is about"),
    ("USER", "USER name 0 * realname: say who you are, when you register"),
    ("USERHOST", "USERHOST nick ...: where up to five people are"),
    ("VERSION", "VERSION: which version this is"),
    ("WALLOPS", "WALLOPS text: tell all who want to hear it; for operators"),
    ("WHO", "WHO #channel|mask [o][%fields]: who is in a channel, or fits a mask"),
    ("WHOIS", "WHOIS nick: who somebody is"),
    ("WHOWAS", "WHOWAS nick [count]: who somebody was"),
];

impl Hall {
    pub(super) fn help(&mut self, by: ClientId, line: &Line<'_>) {
        let asked = line.param(0);
        if asked.is_empty() {
            self.reply(
                by,
                RPL_HELPSTART,
                &["*"],
                "The commands of this server; HELP COMMAND says more",
            );
            for some in HELP.chunks(8) {
                let names: Vec<&str> = some.iter().map(|(name, _)| *name).collect();
                self.reply(by, RPL_HELPTXT, &["*"], &names.join(" "));
            }
            return self.reply(by, RPL_ENDOFHELP, &["*"], "End of /HELP");
        }
        match HELP.iter().find(|(name, _)| name.eq_ignore_ascii_case(asked)) {
            Some((name, text)) => {
                self.reply(by, RPL_HELPSTART, &[asked], name);
                self.reply(by, RPL_HELPTXT, &[asked], text);
                self.reply(by, RPL_ENDOFHELP, &[asked], "End of /HELP");
            }
            None => self.refuse(by, ERR_HELPNOTFOUND, &[asked]),
        }
    }
}
