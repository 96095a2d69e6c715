//! Sends of what cannot be handed back any more: refused, it is a dead letter.
//!
//! Used by [`recipient`](crate::recipient), whose function has made the actor's message of a value already. The ways are those
//! of [`address`](crate::address).

use crate::address::{Address, reason_of, unwrap};
use crate::dead_letter::{self, Origin};
use crate::home::INBOX_HIGH;
use crate::inbox::Refused;
use crate::ledger::DeadLetterReason;
use crate::local::Local;
use crate::own::flag;

impl<M: Send + 'static> Address<M> {
    /// Sends it; the sender waits if the actor is over.
    #[inline]
    pub(crate) fn send_or_lose(&self, message: M) {
        match Local::current(self.cell().home()) {
            Some(local) => {
                local.counters().sent.add(1);
                if let Err(error) = self.push::<false, true>(message, &local) {
                    let reason = reason_of(&error);
                    dead_letter::dead_letter(&local, self.cell(), error.into_message(), reason);
                }
            }
            None => self.send_elsewhere_or_lose(message),
        }
    }

    /// The same for several.
    pub(crate) fn send_all_or_lose(&self, messages: Vec<M>) {
        match Local::current(self.cell().home()) {
            Some(local) => self.push_all(messages, &local),
            None => messages.into_iter().for_each(|message| self.send_elsewhere_or_lose(message)),
        }
    }

    /// Several times [`push`](Self::push), with one look at everything.
    fn push_all(&self, messages: Vec<M>, local: &Local) {
        let count = messages.len() as u64;
        local.counters().sent.add(count);
        let pushed = self.front().owned(local, |own, mailbox| {
            let flags = own.flags.get();
            if flags & (flag::DEAD | flag::LIMITED) != 0 {
                return Err(messages);
            }
            let len = mailbox.append_plain(messages);
            own.grows();
            own.sent.set(own.sent.get() + count);
            if flags & (flag::SCHEDULED | flag::PAUSED | flag::VACANT) == 0 {
                own.set(flag::SCHEDULED);
                local.enqueue(self.cell());
            }
            let over = flags & (flag::FULL | flag::GUARDED) != 0;
            Ok(over || len > self.cell().header().high as usize)
        });
        match pushed {
            Ok(false) => {}
            // It refuses nothing.
            Ok(true) => _ = self.pushed_over::<true>(local),
            Err(messages) => {
                for message in messages {
                    if let Err(error) = self.push::<false, true>(message, local) {
                        let reason = reason_of(&error);
                        dead_letter::dead_letter(local, self.cell(), error.into_message(), reason);
                    }
                }
            }
        }
    }

    #[inline(never)]
    fn send_elsewhere_or_lose(&self, message: M) {
        let origin = Origin::of(self.cell());
        origin.sends();
        if let Err(error) = self.post_elsewhere(message, origin) {
            let reason = reason_of(&error);
            origin.loses(self.cell(), error.into_message(), reason);
        }
    }

    /// The same from who has found [room](Self::has_room) and does not wait, whatever has come since.
    pub(crate) fn try_send_or_lose(&self, message: M) {
        match Local::current(self.cell().home()) {
            Some(local) => {
                local.counters().sent.add(1);
                if let Err(error) = self.push::<false, false>(message, &local) {
                    let reason = reason_of(&error);
                    dead_letter::dead_letter(&local, self.cell(), error.into_message(), reason);
                }
            }
            None => {
                let origin = Origin::of(self.cell());
                origin.sends();
                let home = &self.cell().header().home;
                let posted = home.post_message(self.wrap(message), usize::MAX, origin);
                if let Err(Refused::Closed(parcel) | Refused::Full(parcel)) = posted {
                    let message = unwrap::<M>(parcel);
                    origin.loses(self.cell(), message, DeadLetterReason::ReceiverEnded);
                }
            }
        }
    }

    /// Whether [`try_send`](Self::try_send) would be taken now. From elsewhere: a hint.
    pub(crate) fn has_room(&self) -> bool {
        !self.cell().is_over()
            && (Local::is_current(self.cell().home())
                || self.cell().home().inbox().depth().0 < INBOX_HIGH)
    }
}
