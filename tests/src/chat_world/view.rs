//! What a client may believe, from the lines that it has seen: where it is, who is there, and who may do what.
//!
//! Kept by a [guest](super::guest), one for each connection. Whatever does not follow from what came before is an error: a
//! line of a channel that it is not in, a QUIT of somebody who is nowhere, a list of names that is another than its own.

use std::collections::BTreeMap;
use std::mem;

use super::book::Moment;
use crate::irc_client::Line;

/// What a client believes.
#[derive(Debug, Default)]
pub struct View {
    /// Its own nick.
    pub nick: String,
    pub rooms: BTreeMap<String, Room>,
}

/// A channel that it is in.
#[derive(Debug, Default)]
pub struct Room {
    /// When it has seen its own JOIN.
    pub since: Moment,
    members: BTreeMap<String, Rank>,
    /// Names that were told, up to the end of the list.
    listing: BTreeMap<String, Rank>,
    /// The list that follows the own JOIN is still to come.
    is_new: bool,
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Rank {
    operator: bool,
    /// Of an operator it may be unknown: a list shows the highest rank only.
    voiced: Option<bool>,
}

impl Rank {
    fn shown(name: &str) -> (&str, Self) {
        match name.split_at_checked(1) {
            Some(("@", nick)) => (nick, Self { operator: true, voiced: None }),
            Some(("+", nick)) => (nick, Self { operator: false, voiced: Some(true) }),
            _ => (name, Self { operator: false, voiced: Some(false) }),
        }
    }

    /// Whether somebody of this rank may be shown so.
    fn fits(self, shown: Self) -> bool {
        self.operator == shown.operator
            && (self.operator || self.voiced.is_none() || self.voiced == shown.voiced)
    }
}

impl View {
    pub fn new(nick: String) -> Self {
        Self { nick, rooms: BTreeMap::new() }
    }

    /// Takes a line that tells of what somebody does, or a list of names.
    ///
    /// # Errors
    /// Why it cannot be true.
    pub fn see(&mut self, line: &Line, now: Moment) -> Result<(), String> {
        let (nick, room) = (line.nick(), line.param(0));
        match line.command.as_str() {
            "JOIN" if nick == self.nick => self.come_in(room, now),
            "JOIN" => self.room(room)?.add(nick),
            "PART" => self.remove(nick, room),
            "KICK" => {
                self.expect_operator(nick, room)?;
                self.remove(line.param(1), room)
            }
            "QUIT" => self.forget(nick),
            "NICK" => self.rename(nick, line.param(0)),
            "MODE" if room.starts_with('#') => self.change_modes(line),
            "TOPIC" => self.room(room)?.find(nick).map(|_| ()),
            "353" => self.list(line.param(2), line.text()),
            "366" => self.end_list(line.param(1)),
            _ => Ok(()),
        }
    }

    /// Whether these are those who are in a room, each shown with its rank.
    pub fn compare<'a>(
        &self,
        room: &str,
        shown: impl Iterator<Item = &'a str>,
    ) -> Result<(), String> {
        let Some(room) = self.rooms.get(room) else { return Ok(()) };
        room.compare(&shown.map(Rank::shown).map(|(nick, rank)| (nick.to_owned(), rank)).collect())
    }

    fn room(&mut self, name: &str) -> Result<&mut Room, String> {
        self.rooms.get_mut(name).ok_or_else(|| "a line of a channel that it is not in".to_owned())
    }

    fn come_in(&mut self, room: &str, now: Moment) -> Result<(), String> {
        let new = Room { since: now, is_new: true, ..Room::default() };
        match self.rooms.insert(room.to_owned(), new) {
            None => Ok(()),
            Some(_) => Err("a JOIN of its own where it is already".to_owned()),
        }
    }

    fn remove(&mut self, nick: &str, room: &str) -> Result<(), String> {
        self.room(room)?.find(nick)?;
        if nick == self.nick {
            self.rooms.remove(room);
        } else {
            self.room(room)?.members.remove(nick);
        }
        Ok(())
    }

    fn forget(&mut self, nick: &str) -> Result<(), String> {
        let rooms = self.rooms.values_mut();
        let left = rooms.filter_map(|room| room.members.remove(nick)).count();
        match left {
            0 => Err("a QUIT of somebody who is in no channel with it, or has quit before".into()),
            _ => Ok(()),
        }
    }

    fn rename(&mut self, old: &str, new: &str) -> Result<(), String> {
        let mut known = false;
        for room in self.rooms.values_mut() {
            let Some(rank) = room.members.remove(old) else { continue };
            known = true;
            if room.members.insert(new.to_owned(), rank).is_some() {
                return Err("a NICK that another has".into());
            }
        }
        if old == self.nick {
            new.clone_into(&mut self.nick);
        } else if !known {
            return Err("a NICK of somebody who is in no channel with it".into());
        }
        Ok(())
    }

    fn change_modes(&mut self, line: &Line) -> Result<(), String> {
        let room = line.param(0);
        self.expect_operator(line.nick(), room)?;
        let mut params = line.params.iter().skip(2);
        let mut on = true;
        for letter in line.param(1).chars() {
            match letter {
                '+' | '-' => on = letter == '+',
                'o' | 'v' => {
                    let nick = params.next().ok_or("a MODE without its nick")?;
                    let rank = self.room(room)?.find(nick)?;
                    if letter == 'o' {
                        rank.operator = on;
                    } else {
                        rank.voiced = Some(on);
                    }
                }
                'b' | 'k' => _ = params.next(),
                'l' if on => _ = params.next(),
                _ => {}
            }
        }
        Ok(())
    }

    fn expect_operator(&mut self, nick: &str, room: &str) -> Result<(), String> {
        match self.room(room)?.find(nick)?.operator {
            true => Ok(()),
            false => Err("a KICK or MODE of somebody who may not".into()),
        }
    }

    fn list(&mut self, room: &str, names: &str) -> Result<(), String> {
        let Some(room) = self.rooms.get_mut(room) else { return Ok(()) };
        for name in names.split(' ') {
            let (nick, rank) = Rank::shown(name);
            if room.listing.insert(nick.to_owned(), rank).is_some() {
                return Err("somebody is twice among the names".into());
            }
        }
        Ok(())
    }

    fn end_list(&mut self, name: &str) -> Result<(), String> {
        let Some(room) = self.rooms.get_mut(name) else { return Ok(()) };
        let listing = mem::take(&mut room.listing);
        if mem::take(&mut room.is_new) {
            room.members = listing;
            return room.find(&self.nick).map(|_| ());
        }
        room.compare(&listing)
    }
}

impl Room {
    fn find(&mut self, nick: &str) -> Result<&mut Rank, String> {
        let found = self.members.get_mut(nick);
        found.ok_or_else(|| "a line about somebody who is not in the channel".to_owned())
    }

    fn add(&mut self, nick: &str) -> Result<(), String> {
        let rank = Rank { operator: false, voiced: Some(false) };
        match self.members.insert(nick.to_owned(), rank) {
            None => Ok(()),
            Some(_) => Err("a JOIN of somebody who is there already".into()),
        }
    }

    fn compare(&self, listing: &BTreeMap<String, Rank>) -> Result<(), String> {
        let same = |(known, shown): ((&String, &Rank), (&String, &Rank))| {
            known.0 == shown.0 && known.1.fits(*shown.1)
        };
        if self.members.len() == listing.len() && self.members.iter().zip(listing).all(same) {
            return Ok(());
        }
        let [known, shown] = [&self.members, listing].map(|of| format!("{:?}", of.keys()));
        Err(format!("the server has others in a channel, or in other ranks\n  {known}\n  {shown}"))
    }
}
