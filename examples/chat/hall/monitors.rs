//! MONITOR: who wants to hear when somebody comes and goes (IRCv3 monitor).

use std::collections::{BTreeMap, BTreeSet};

use super::client::ClientId;
use super::replies::COMMAS_MAX;
use super::{Hall, MONITORED_MAX};
use crate::chat::names::Nick;
use crate::chat::numerics::{
    ERR_MONLISTFULL, RPL_ENDOFMONLIST, RPL_MONLIST, RPL_MONOFFLINE, RPL_MONONLINE,
};
use crate::chat::wire::Line;

/// Who waits for whom.
#[derive(Default)]
pub struct Monitors(BTreeMap<Nick, BTreeSet<ClientId>>);

impl Monitors {
    fn add(&mut self, nick: Nick, who: ClientId) {
        self.0.entry(nick).or_default().insert(who);
    }

    fn remove(&mut self, nick: &Nick, who: ClientId) {
        if let Some(waiting) = self.0.get_mut(nick) {
            waiting.remove(&who);
            if waiting.is_empty() {
                self.0.remove(nick);
            }
        }
    }

    /// Forgets a client, who has waited for these.
    pub fn forget(&mut self, who: ClientId, monitored: &BTreeSet<Nick>) {
        monitored.iter().for_each(|nick| self.remove(nick, who));
    }
}

impl Hall {
    pub(super) fn monitor(&mut self, by: ClientId, line: &Line<'_>) {
        match line.param(0) {
            "+" => self.monitor_more(by, line),
            "-" => {
                for nick in line.list(1).filter_map(|nick| Nick::parse(nick).ok()) {
                    self.client_mut(by).rare_mut().monitored.remove(&nick);
                    self.monitors.remove(&nick, by);
                }
            }
            "C" | "c" => {
                let all = std::mem::take(&mut self.client_mut(by).rare_mut().monitored);
                self.monitors.forget(by, &all);
            }
            "L" | "l" => {
                let mut all = self.client(by).rare().monitored.iter().map(Nick::as_str).peekable();
                if all.peek().is_some() {
                    self.reply_commas(by, RPL_MONLIST, all);
                }
                self.answer(by, RPL_ENDOFMONLIST, &[]);
            }
            "S" | "s" => self.show_monitored(by, &self.client(by).rare().monitored),
            _ => {}
        }
    }

    fn monitor_more(&mut self, by: ClientId, line: &Line<'_>) {
        let (mut added, mut refused) = (BTreeSet::new(), Vec::new());
        for asked in line.list(1) {
            let Ok(nick) = Nick::parse(asked) else { continue };
            let monitored = &mut self.client_mut(by).rare_mut().monitored;
            if monitored.len() >= MONITORED_MAX && !monitored.contains(&nick) {
                refused.push(asked);
                continue;
            }
            monitored.insert(nick.clone());
            added.insert(nick.clone());
            self.monitors.add(nick, by);
        }
        self.show_monitored(by, &added);
        let limit = MONITORED_MAX.to_string();
        for some in refused.chunks(COMMAS_MAX) {
            self.refuse(by, ERR_MONLISTFULL, &[&limit, &some.join(",")]);
        }
    }

    /// 730 for those who are here, 731 for those who are not.
    fn show_monitored(&self, to: ClientId, nicks: &BTreeSet<Nick>) {
        let here = |nick: &&Nick| self.nicks.contains_key(*nick);
        let (online, offline): (Vec<&Nick>, Vec<&Nick>) = nicks.iter().partition(here);
        if !online.is_empty() {
            let sources = online.iter().filter_map(|nick| self.find(nick.as_str()));
            self.reply_commas(to, RPL_MONONLINE, sources.map(|(_, client)| &*client.source));
        }
        if !offline.is_empty() {
            self.reply_commas(to, RPL_MONOFFLINE, offline.iter().map(|nick| nick.as_str()));
        }
    }

    /// Tells those who wait for a nick that `now` has it, or nobody.
    pub(super) fn tell_monitors(&self, nick: &Nick, now: Option<ClientId>) {
        for to in self.monitors.0.get(nick).into_iter().flatten() {
            match now {
                Some(id) => self.reply(*to, RPL_MONONLINE, &[], &self.client(id).source),
                None => self.reply(*to, RPL_MONOFFLINE, &[], nick.as_str()),
            }
        }
    }
}
