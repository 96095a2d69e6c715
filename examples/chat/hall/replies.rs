//! How the hall answers: numerics to one client, events to many.
//!
//! Used by everything that carries out a command. Which answer is given, and to whom, is decided there.

use bytes::Bytes;

use super::Hall;
use super::channel::Channel;
use super::client::ClientId;
use super::event::Event;
use crate::chat::caps::Caps;
use crate::chat::numerics::Numeric;
use crate::chat::wire;

/// How many items with commas between them fit into a line, however long they are.
pub const COMMAS_MAX: usize = 3;

impl Hall {
    /// A numeric with this text behind its parameters.
    pub(super) fn reply(&self, to: ClientId, numeric: Numeric, params: &[&str], text: &str) {
        self.numeric(to, numeric, params, Some(text));
    }

    /// A numeric that is nothing but parameters.
    pub(super) fn reply_bare(&self, to: ClientId, numeric: Numeric, params: &[&str]) {
        self.numeric(to, numeric, params, None);
    }

    /// A numeric with the text that it always has.
    pub(super) fn answer(&self, to: ClientId, numeric: Numeric, params: &[&str]) {
        self.numeric(to, numeric, params, Some(numeric.text));
    }

    /// The same, for those that say no.
    pub(super) fn refuse(&self, to: ClientId, error: Numeric, params: &[&str]) {
        self.answer(to, error, params);
    }

    fn numeric(&self, to: ClientId, numeric: Numeric, params: &[&str], text: Option<&str>) {
        let Some(client) = self.clients.get(&to) else { return };
        let nick = client.shown_nick();
        self.tell(to, wire::numeric(self.about.name(), numeric.code, nick, params, text));
    }

    /// One numeric whose text is a list, as often as the list needs.
    pub(super) fn reply_list<I>(&self, to: ClientId, numeric: Numeric, params: &[&str], items: I)
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let nick = self.client(to).shown_nick();
        let lines = wire::numeric_list(self.about.name(), numeric.code, nick, params, items);
        lines.into_iter().for_each(|line| self.tell(to, line));
    }

    /// The same for lists with commas, as MONITOR has them.
    pub(super) fn reply_commas<I>(&self, to: ClientId, numeric: Numeric, items: I)
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        // Some at a time: what does not fit into a line would be cut.
        let items: Vec<_> = items.into_iter().collect();
        for some in items.chunks(COMMAS_MAX) {
            let text: Vec<&str> = some.iter().map(AsRef::as_ref).collect();
            self.reply(to, numeric, &[], &text.join(","));
        }
    }

    /// `FAIL command code context… :text` (IRCv3 standard replies).
    pub(super) fn fail(
        &self,
        to: ClientId,
        command: &str,
        code: &str,
        context: &[&str],
        text: &str,
    ) {
        let params: Vec<&str> =
            [command, code].into_iter().chain(context.iter().copied()).collect();
        self.tell(to, wire::relay(self.about.name(), "FAIL", &params, Some(text)));
    }

    /// A finished line for one client alone.
    pub(super) fn tell(&self, to: ClientId, line: Bytes) {
        if let Some(client) = self.clients.get(&to) {
            self.out.borrow_mut().tell(&client.ear, line, self.unix);
        }
    }

    /// What a client does, as a line signed by it.
    pub(super) fn event(
        &self,
        by: ClientId,
        command: &str,
        params: &[&str],
        text: Option<&str>,
    ) -> Event {
        let client = self.client(by);
        let event = Event::new(wire::relay(&client.source, command, params, text), self.unix);
        if client.modes.bot { event.by_bot() } else { event }
    }

    /// The same, where it is that the client comes or goes.
    pub(super) fn news(
        &self,
        of: ClientId,
        command: &str,
        params: &[&str],
        text: Option<&str>,
    ) -> Event {
        self.event(of, command, params, text).news_of(of)
    }

    /// Shows an event to one client.
    pub(super) fn show(&self, to: ClientId, event: &Event) {
        if let Some(client) = self.clients.get(&to) {
            self.out.borrow_mut().show(&client.ear, event);
        }
    }

    /// Shows an event to everybody in a channel.
    pub(super) fn show_members(&self, channel: &Channel, event: &Event) {
        self.show_some(channel, event, |_, _| true);
    }

    /// Shows an event to those in a channel that are meant, by who they are and what they can take.
    pub(super) fn show_some(
        &self,
        channel: &Channel,
        event: &Event,
        meant: impl Fn(ClientId, Caps) -> bool,
    ) {
        let mut out = self.out.borrow_mut();
        let members = channel.members.iter();
        for member in members.filter(|member| meant(member.id, member.ear.caps())) {
            out.show(&member.ear, event);
        }
    }

    /// Shows an event once to each of these who has all the capabilities.
    pub(super) fn show_each(&self, to: &[ClientId], event: &Event, caps: Caps) {
        let mut out = self.out.borrow_mut();
        for client in to.iter().filter_map(|id| self.clients.get(id)) {
            if client.caps().has(caps) {
                out.show(&client.ear, event);
            }
        }
    }
}
