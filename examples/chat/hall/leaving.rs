//! Leaving the server: by QUIT, by the hand of an operator, or because the connection is gone.

use super::Hall;
use super::client::ClientId;
use crate::chat::caps::Caps;
use crate::chat::ending::Ending;
use crate::chat::names::QUIT_MAX;
use crate::chat::session;
use crate::chat::wire::{self, Line};

impl Hall {
    pub(super) fn quit(&mut self, by: ClientId, line: &Line<'_>) {
        let why = format!("Quit: {}", wire::cut(line.param(0), QUIT_MAX));
        self.leave(by, Ending::left(why));
    }

    /// Forgets a client, tells everybody who shares a channel with it why, and has its session say goodbye. Of one that
    /// is not here any more it is silence.
    pub(super) fn leave(&mut self, who: ClientId, ending: Ending) {
        if self.clients.get(&who).is_some_and(|client| client.registered) {
            self.remember(who);
            let event = self.news(who, "QUIT", &[], Some(&ending.why));
            let neighbours = self.neighbours(who);
            for name in self.client(who).channels.clone() {
                self.take_out(who, &name);
            }
            self.show_each(&neighbours, &event, Caps::default());
        }
        let Some(client) = self.clients.remove(&who) else { return };
        self.monitors.forget(who, &client.rare().monitored);
        if let (true, Some(nick)) = (client.registered, &client.nick) {
            self.nicks.remove(nick);
            self.census.leave(client.modes);
            self.tell_monitors(nick, None);
        }
        self.out.get_mut().bundles.give_to(&client.ear);
        client.ear.send(session::Message::Close(ending));
    }
}
