//! How a stranger becomes a client: PASS, NICK, USER, and the greeting; and how a client takes another nick.

use roundsman::crypto::constant_time_eq;

use super::Hall;
use super::client::ClientId;
use crate::chat::ending::Ending;
use crate::chat::names::{NameError, Nick, REALNAME_MAX, UserName};
use crate::chat::numerics::{
    ERR_ALREADYREGISTERED, ERR_ERRONEUSNICKNAME, ERR_NICKNAMEINUSE, ERR_NONICKNAMEGIVEN,
    ERR_NOORIGIN, ERR_PASSWDMISMATCH,
};
use crate::chat::wire::{self, Line};
use crate::chat::{caps::Caps, session};

impl Hall {
    pub(super) fn pass(&mut self, by: ClientId, line: &Line<'_>) {
        if self.client(by).registered {
            return self.refuse(by, ERR_ALREADYREGISTERED, &[]);
        }
        self.client_mut(by).rare_mut().password = Some(line.param(0).into());
    }

    pub(super) fn user(&mut self, by: ClientId, line: &Line<'_>) {
        let (user, realname) = (line.param(0), line.param(3));
        if self.client(by).registered {
            return self.refuse(by, ERR_ALREADYREGISTERED, &[]);
        }
        if user.is_empty() || realname.is_empty() {
            return self.need_more_params(by, line);
        }
        let client = self.client_mut(by);
        client.user = Some(UserName::clean(user));
        client.realname = wire::cut(realname, REALNAME_MAX).into();
        self.register_if_ready(by);
    }

    pub(super) fn nick(&mut self, by: ClientId, line: &Line<'_>) {
        let asked = line.param(0);
        let nick = match Nick::parse(asked) {
            Ok(nick) => nick,
            Err(NameError::Empty) => return self.refuse(by, ERR_NONICKNAMEGIVEN, &[]),
            Err(_) => return self.refuse(by, ERR_ERRONEUSNICKNAME, &[asked]),
        };
        if self.nicks.get(&nick).is_some_and(|holder| *holder != by) {
            return self.refuse(by, ERR_NICKNAMEINUSE, &[asked]);
        }
        if self.client(by).registered {
            return self.rename(by, nick);
        }
        // A nick that is free is nobody's until somebody registers with it.
        self.client_mut(by).nick = Some(nick);
        self.register_if_ready(by);
    }

    fn rename(&mut self, by: ClientId, nick: Nick) {
        let Some(old) = self.client(by).nick.clone() else { return };
        if old.same_spelling(&nick) {
            return;
        }
        let event = self.event(by, "NICK", &[nick.as_str()], None);
        let neighbours = self.neighbours(by);
        self.remember(by);
        self.nicks.remove(&old);
        self.nicks.insert(nick.clone(), by);
        let client = self.client_mut(by);
        client.nick = Some(nick.clone());
        client.sign();
        self.show(by, &event);
        self.show_each(&neighbours, &event, Caps::default());
        if old != nick {
            self.tell_monitors(&old, None);
            self.tell_monitors(&nick, Some(by));
        }
    }

    /// Registers a stranger who has said all that is needed, and greets it.
    pub(super) fn register_if_ready(&mut self, by: ClientId) {
        let client = self.client(by);
        let Some(nick) = client.nick.clone() else { return };
        if client.registered || client.user.is_none() || client.negotiating {
            return;
        }
        if let Some(wanted) = &self.about.settings.password {
            let given = client.rare().password.as_deref().unwrap_or_default();
            if !constant_time_eq(wanted.as_bytes(), given.as_bytes()) {
                self.refuse(by, ERR_PASSWDMISMATCH, &[]);
                return self.leave(by, Ending::cut_off("Bad password"));
            }
        }
        if self.nicks.contains_key(&nick) {
            self.client_mut(by).nick = None;
            return self.refuse(by, ERR_NICKNAMEINUSE, &[nick.as_str()]);
        }
        let (unix_s, now) = (self.unix.as_secs(), self.now);
        self.nicks.insert(nick.clone(), by);
        self.users_max = self.users_max.max(self.nicks.len());
        let client = self.client_mut(by);
        client.registered = true;
        if client.rare().password.is_some() {
            client.rare_mut().password = None;
        }
        let modes = client.modes;
        (client.signed_on_unix_s, client.spoke_at) = (unix_s, now);
        client.sign();
        client.ear.send(session::Message::Registered);
        self.census.enter(modes);
        self.greet(by);
        self.tell_monitors(&nick, Some(by));
    }

    pub(super) fn ping(&mut self, by: ClientId, line: &Line<'_>) {
        let Some(token) = line.params().first() else { return self.refuse(by, ERR_NOORIGIN, &[]) };
        // It promises that everybody has been told what this client said before.
        self.give_out();
        let server = self.about.name();
        self.tell(by, wire::relay(server, "PONG", &[server], Some(token)));
    }

    pub(super) fn set_name(&mut self, by: ClientId, line: &Line<'_>) {
        let realname = line.param(0);
        if realname.is_empty() || realname.len() > REALNAME_MAX {
            let why = "Real name is empty or too long";
            return self.fail(by, "SETNAME", "INVALID_REALNAME", &[], why);
        }
        self.client_mut(by).realname = realname.into();
        let event = self.event(by, "SETNAME", &[], Some(realname));
        if self.client(by).caps().has(Caps::SETNAME) {
            self.show(by, &event);
        }
        self.show_each(&self.neighbours(by), &event, Caps::SETNAME);
    }
}
