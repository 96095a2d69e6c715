//! Who has left lately, for WHOWAS.
//!
//! Kept by the hall. It holds the last [`KEPT_MAX`], whoever they were.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::chat::names::Nick;

/// How many are remembered.
const KEPT_MAX: usize = 1000;

/// Those who have left, the last one last.
#[derive(Default)]
pub struct Past(VecDeque<Gone>);

/// A client that has left, or has another nick now.
pub struct Gone {
    pub nick: Nick,
    pub user: String,
    pub host: Arc<str>,
    pub realname: Box<str>,
    /// When, since 1970.
    pub left: Duration,
}

impl Past {
    /// Adds one; the oldest is forgotten if there are too many.
    pub fn add(&mut self, gone: Gone) {
        if self.0.len() == KEPT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(gone);
    }

    /// Those who had this nick, the last first.
    pub fn of(&self, nick: &str) -> impl Iterator<Item = &Gone> {
        let nick = Nick::parse(nick).ok();
        self.0.iter().rev().filter(move |gone| Some(&gone.nick) == nick.as_ref())
    }
}
