//! A bundle: what was said in one channel lately, and given to nobody yet.
//!
//! A line costs a message for each member of its channel, whether it comes alone or with nine others. So the hall keeps
//! what is said in a channel until it has heard everything that waits for it already, and gives it to each member in
//! one piece. It tells itself to do so by a message: at the end of the round would be a round too late, in which what
//! others answer at once would become a bundle of its own.
//!
//! # Why nobody can tell
//! While there is a bundle, nothing happens in the hall but that somebody says something in the same channel. Before
//! anything else is carried out, whatever it is, [`Hall::give_out`] is called: a PONG, an answer, somebody who comes or
//! goes, a line in another channel all find the sessions told already.

use std::cell::OnceCell;
use std::mem;
use std::rc::Rc;

use bytes::Bytes;

use super::Hall;
use super::client::{ClientId, deliver};
use super::event::Event;
use super::speaking::hears;
use crate::chat::caps::Caps;
use crate::chat::names::ChannelName;

/// The longest bundle, in bytes. Far below the smallest `--sendq`, for it is taken or refused as a whole.
const LENGTH_MAX: usize = 4 * 1024;

/// What was said in one channel, in order.
#[derive(Default)]
pub struct Bundle {
    channel: Option<ChannelName>,
    said: Vec<Said>,
    length: usize,
}

struct Said {
    by: ClientId,
    event: Rc<Event>,
}

impl Bundle {
    /// Whether a line in this channel can be added.
    fn takes(&self, channel: &ChannelName) -> bool {
        self.channel.as_ref().is_none_or(|own| own == channel) && self.length < LENGTH_MAX
    }

    /// Adds a line. The bundle takes lines of this channel.
    fn add(&mut self, channel: ChannelName, by: ClientId, event: Rc<Event>) {
        self.channel = Some(channel);
        self.length += event.length();
        self.said.push(Said { by, event });
    }

    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
    }
}

impl Hall {
    /// Says a member's line together with what others say in the same channel. Nobody else is to hear of it.
    pub(super) fn say_along(&mut self, channel: &ChannelName, by: ClientId, event: Rc<Event>) {
        if !self.bundle.takes(channel) {
            self.give_out();
        }
        self.bundle.add(channel.clone(), by, event);
    }

    /// Gives to everybody in the channel of the bundle what was said there and is for them to hear.
    pub(super) fn give_out(&mut self) {
        let Bundle { channel, said, .. } = mem::take(&mut self.bundle);
        let Some(channel) = channel.and_then(|name| self.channels.get(&name)) else { return };
        let pieces = Pieces::of(&said);
        for member in &channel.members {
            let is_heard = |said: &&Said| hears(said.by, member.id, member.caps);
            if said.iter().all(|said| is_heard(&said)) {
                deliver(&member.session, pieces.form(member.caps));
            } else {
                for said in said.iter().filter(is_heard) {
                    deliver(&member.session, said.event.form(member.caps));
                }
            }
        }
    }
}

/// All lines of a bundle in one piece, in each form that somebody wants: made once and shared.
struct Pieces<'a> {
    said: &'a [Said],
    forms: [OnceCell<Bytes>; Event::FORMS],
}

impl<'a> Pieces<'a> {
    fn of(said: &'a [Said]) -> Self {
        Self { said, forms: Default::default() }
    }

    /// What somebody with these capabilities gets.
    fn form(&self, caps: Caps) -> Bytes {
        let make = || match self.said {
            [one] => one.event.form(caps),
            all => all.iter().flat_map(|said| said.event.form(caps)).collect(),
        };
        self.forms[Event::form_of(caps)].get_or_init(make).clone()
    }
}
