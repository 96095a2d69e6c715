//! MODE of a client, and the switch between the two kinds of MODE.

use super::Hall;
use super::client::ClientId;
use crate::chat::names::ChannelName;
use crate::chat::numerics::{
    ERR_NOSUCHNICK, ERR_UMODEUNKNOWNFLAG, ERR_USERSDONTMATCH, RPL_UMODEIS,
};
use crate::chat::wire::Line;

impl Hall {
    pub(super) fn mode(&mut self, by: ClientId, line: &Line<'_>) {
        let target = line.param(0);
        if ChannelName::is_meant(target) {
            return self.channel_mode(by, line);
        }
        match self.find(target) {
            None => self.refuse(by, ERR_NOSUCHNICK, &[target]),
            Some((id, _)) if id != by => self.refuse(by, ERR_USERSDONTMATCH, &[]),
            Some(_) => match line.params().get(1) {
                None => self.reply_bare(by, RPL_UMODEIS, &[&self.client(by).modes.shown()]),
                Some(letters) => self.change_own_modes(by, letters),
            },
        }
    }

    fn change_own_modes(&mut self, by: ClientId, letters: &str) {
        let (mut on, mut unknown, mut done, mut last) = (true, false, String::new(), None);
        self.census.leave(self.client(by).modes);
        for letter in letters.chars() {
            let mode = self.client_mut(by).modes.get_mut(letter);
            match (letter, mode) {
                ('+', _) => on = true,
                ('-', _) => on = false,
                (_, None) => unknown = true,
                // Who is an operator is not for everybody to say.
                ('o', Some(_)) if on => {}
                (_, Some(mode)) if *mode == on => {}
                (_, Some(mode)) => {
                    *mode = on;
                    if last != Some(on) {
                        last = Some(on);
                        done.push(if on { '+' } else { '-' });
                    }
                    done.push(letter);
                }
            }
        }
        self.census.enter(self.client(by).modes);
        if unknown {
            self.refuse(by, ERR_UMODEUNKNOWNFLAG, &[]);
        }
        if !done.is_empty() {
            self.show_own_modes(by, &done);
        }
    }

    /// Tells a client that its modes have changed.
    pub(super) fn show_own_modes(&self, of: ClientId, change: &str) {
        let event = self.event(of, "MODE", &[self.client(of).nick(), change], None);
        self.show(of, &event);
    }
}
