//! What operators of the server do: OPER, KILL and WALLOPS.

use roundsman::crypto::constant_time_eq;

use super::Hall;
use super::client::ClientId;
use crate::chat::ending::Ending;
use crate::chat::names::KICK_MAX;
use crate::chat::numerics::{ERR_NOPRIVILEGES, ERR_NOSUCHNICK, ERR_PASSWDMISMATCH, RPL_YOUREOPER};
use crate::chat::wire::{self, Line};

impl Hall {
    pub(super) fn oper(&mut self, by: ClientId, line: &Line<'_>) {
        let (name, password) = (line.param(0), line.param(1));
        let wanted = self.notices.operators.get(name);
        if !wanted.is_some_and(|wanted| constant_time_eq(wanted.as_bytes(), password.as_bytes())) {
            tracing::warn!(nick = self.client(by).nick(), name, "a wrong password for OPER");
            return self.refuse(by, ERR_PASSWDMISMATCH, &[]);
        }
        self.answer(by, RPL_YOUREOPER, &[]);
        let modes = self.client(by).modes;
        if !modes.operator {
            self.census.leave(modes);
            self.client_mut(by).modes.operator = true;
            self.census.enter(self.client(by).modes);
            self.show_own_modes(by, "+o");
        }
    }

    pub(super) fn kill(&mut self, by: ClientId, line: &Line<'_>) {
        let asked = line.param(0);
        if !self.client(by).modes.operator {
            return self.refuse(by, ERR_NOPRIVILEGES, &[]);
        }
        let Some((target, client)) = self.find(asked) else {
            return self.refuse(by, ERR_NOSUCHNICK, &[asked]);
        };
        let reason = match wire::cut(line.param(1), KICK_MAX) {
            "" => "No reason",
            reason => reason,
        };
        let why = format!("Killed ({} ({reason}))", self.client(by).nick());
        tracing::info!(nick = client.nick(), why, "an operator");
        self.show(target, &self.event(by, "KILL", &[client.nick()], Some(reason)));
        self.leave(target, Ending::cut_off(why));
    }

    pub(super) fn wallops(&mut self, by: ClientId, line: &Line<'_>) {
        if !self.client(by).modes.operator {
            return self.refuse(by, ERR_NOPRIVILEGES, &[]);
        }
        if line.param(0).is_empty() {
            return self.need_more_params(by, line);
        }
        let event = self.event(by, "WALLOPS", &[], Some(line.param(0)));
        for id in self.nicks.values().filter(|id| self.client(**id).modes.wallops) {
            self.show(*id, &event);
        }
    }
}
