//! CAP: which capabilities there are, and which a client has (IRCv3 capability negotiation 302).
//!
//! After `CAP LS` or `CAP REQ` the registration waits until `CAP END`.

use super::Hall;
use super::client::ClientId;
use crate::chat::caps::Caps;
use crate::chat::numerics::ERR_INVALIDCAPCMD;
use crate::chat::wire::{self, Line};

/// The version of the negotiation in which a client is told of capabilities that come and go.
const WITH_NOTIFY: u32 = 302;

impl Hall {
    pub(super) fn cap(&mut self, by: ClientId, line: &Line<'_>) {
        let subcommand = line.param(0);
        match subcommand.to_ascii_uppercase().as_str() {
            "LS" => {
                self.hold_registration(by);
                if line.param(1).parse::<u32>().is_ok_and(|version| version >= WITH_NOTIFY) {
                    let client = self.client_mut(by);
                    client.knows_302 = true;
                    client.ear.set_caps(client.caps().with(Caps::CAP_NOTIFY));
                }
                self.answer_cap(by, "LS", &list(Caps::ALL));
            }
            "LIST" => self.answer_cap(by, "LIST", &list(self.client(by).caps())),
            "REQ" => {
                self.hold_registration(by);
                self.request_caps(by, line.param(1));
            }
            "END" => {
                self.client_mut(by).negotiating = false;
                self.register_if_ready(by);
            }
            _ => self.refuse(by, ERR_INVALIDCAPCMD, &[subcommand]),
        }
    }

    /// Takes all that is asked for, or nothing of it. What is asked for twice is taken as it was asked for last, and is
    /// named once: so the answer is as short as a list of all capabilities.
    fn request_caps(&mut self, by: ClientId, asked: &str) {
        let client = self.client(by);
        let (mut caps, mut taken) = (client.caps(), Vec::new());
        for item in asked.split(' ').filter(|item| !item.is_empty()) {
            let (wanted, name) = match item.strip_prefix('-') {
                Some(name) => (false, name),
                None => (true, item),
            };
            taken.retain(|earlier: &&str| earlier.strip_prefix('-').unwrap_or(earlier) != name);
            taken.push(item);
            match Caps::named(name) {
                Some(cap) if wanted => caps = caps.with(cap),
                Some(Caps::CAP_NOTIFY) if client.knows_302 => {
                    return self.answer_cap(by, "NAK", asked);
                }
                Some(cap) => caps = caps.without(cap),
                None => return self.answer_cap(by, "NAK", asked),
            }
        }
        // What a capability adds to lines begins behind the line that says so (IRCv3 server-time).
        self.answer_cap(by, "ACK", &taken.join(" "));
        self.client(by).ear.set_caps(caps);
    }

    fn hold_registration(&mut self, by: ClientId) {
        let client = self.client_mut(by);
        client.negotiating = !client.registered;
    }

    fn answer_cap(&self, to: ClientId, subcommand: &str, caps: &str) {
        let nick = self.client(to).shown_nick();
        self.tell(to, wire::relay(self.about.name(), "CAP", &[nick, subcommand], Some(caps)));
    }
}

fn list(caps: Caps) -> String {
    caps.names().collect::<Vec<_>>().join(" ")
}
