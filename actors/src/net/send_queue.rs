//! What waits to be sent by one UDP socket: bounded, with a policy, and the books of what has become of everything.
//!
//! Filled by [`UdpSocket::send`](super::UdpSocket::send) on any loop, and by the engine for what comes down the writer's
//! link; emptied by the engine alone. It sends nothing.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use roundsman_runtime::Recipient;

use super::outgoing::{Fate, Outgoing, Refusal, SendRefused};
use crate::slow::SlowPolicy;

/// What one socket has done so far.
///
/// The books of sending balance at any moment: `accepted` is the sum of `sent`, `dropped`, `failed`, `unsent` and
/// `waiting`. What [`send`](super::UdpSocket::send) has refused was handed back and is in none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UdpCounts {
    /// Datagrams that have come and were given to a reader.
    pub received: u64,
    /// Their bytes, without what was cut off.
    pub received_bytes: u64,
    /// Those of them that were cut off at [`max_datagram`](super::udp::Bind::max_datagram).
    pub truncated: u64,
    /// Errors that the network has told of earlier datagrams, and of receiving.
    pub errors: u64,
    /// Datagrams that were taken to be sent.
    pub accepted: u64,
    /// Datagrams that the OS has taken. Whether they arrive nobody knows.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Datagrams that the policy of the send queue has dropped.
    pub dropped: u64,
    /// Datagrams that the OS did not take, or that could not go: too long, no peer.
    pub failed: u64,
    /// Datagrams that still waited when the socket ended.
    pub unsent: u64,
    /// Datagrams that wait now.
    pub waiting: u64,
}

/// There is room again in the send queue, or the socket has ended: see
/// [`UdpSocket::when_room`](super::UdpSocket::when_room).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room;

/// How much may wait, and what is done about more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) datagrams: usize,
    pub(crate) bytes: usize,
    pub(crate) policy: SlowPolicy,
}

/// What waits to be sent. Shared by a socket's handles and its engine.
///
/// The mutex is held to move values only: what is dropped, and who is told, leaves it first.
pub(crate) struct SendQueue {
    limits: Limits,
    state: Mutex<State>,
}

struct State {
    waiting: VecDeque<Queued>,
    /// One is with the engine, which tries to send it.
    in_hand: bool,
    /// Of those that wait, and of that one.
    bytes: usize,
    /// The number of the next one.
    next: u64,
    /// Asked of the writer's link and not come: room is kept for them.
    expected: usize,
    /// The engine was told to look and has not looked yet.
    nudged: bool,
    closed: bool,
    /// Who is told when there is room.
    tell: Vec<Recipient<Room>>,
    counts: UdpCounts,
}

/// One that waits.
pub(crate) struct Queued {
    number: u64,
    pub(crate) outgoing: Outgoing,
}

/// What came of a push.
pub(crate) struct Pushed {
    pub(crate) fate: Fate,
    /// What was dropped for it, or it.
    pub(crate) dropped: Vec<Outgoing>,
    /// The engine is to be told to look.
    pub(crate) nudge: bool,
}

/// How the sending of one went.
pub(crate) enum Sending {
    Done,
    Failed,
}

impl SendQueue {
    pub(crate) fn new(limits: Limits) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            in_hand: false,
            bytes: 0,
            next: 0,
            expected: 0,
            nudged: false,
            closed: false,
            tell: Vec::new(),
            counts: UdpCounts::default(),
        };
        Self { limits, state: Mutex::new(state) }
    }

    pub(crate) fn policy(&self) -> SlowPolicy {
        self.limits.policy
    }

    /// Takes one that an actor wants to be sent.
    pub(crate) fn push(&self, outgoing: Outgoing) -> Result<Pushed, SendRefused> {
        let mut state = self.lock();
        if state.closed {
            return Err(SendRefused { outgoing, why: Refusal::Closed });
        }
        if self.limits.policy == SlowPolicy::Wait && self.is_full(&state, outgoing.bytes.len()) {
            let (waiting, bytes) = (state.held(), state.bytes);
            return Err(SendRefused { outgoing, why: Refusal::Full { waiting, bytes } });
        }
        let mut pushed = self.enter(&mut state, outgoing);
        pushed.nudge = !std::mem::replace(&mut state.nudged, true);
        Ok(pushed)
    }

    /// Takes one that has come down the writer's link. Under `Wait` there is room: it was asked for.
    pub(crate) fn push_expected(&self, outgoing: Outgoing) -> Pushed {
        let mut state = self.lock();
        state.expected = state.expected.saturating_sub(1);
        self.enter(&mut state, outgoing)
    }

    fn enter(&self, state: &mut State, outgoing: Outgoing) -> Pushed {
        let len = outgoing.bytes.len();
        state.counts.accepted += 1;
        let (mut fate, mut dropped) = (Fate::Queued, Vec::new());
        match self.limits.policy {
            SlowPolicy::DropOldest => {
                while self.is_full(state, len)
                    && let Some(oldest) = state.pop_front()
                {
                    dropped.push(oldest.outgoing);
                }
                if !dropped.is_empty() {
                    fate = Fate::Displaced(dropped.len());
                }
            }
            SlowPolicy::DropNewest if self.is_full(state, len) => {
                state.counts.dropped += 1;
                return Pushed { fate: Fate::Dropped, dropped: vec![outgoing], nudge: false };
            }
            _ => {}
        }
        state.counts.dropped += dropped.len() as u64;
        state.bytes += len;
        let number = state.next;
        state.next += 1;
        state.waiting.push_back(Queued { number, outgoing });
        Pushed { fate, dropped, nudge: false }
    }

    /// Whether there is no room for one of so many bytes. One alone always has.
    fn is_full(&self, state: &State, len: usize) -> bool {
        let kept = if self.limits.policy == SlowPolicy::Wait { state.expected } else { 0 };
        let held = state.held();
        held + kept >= self.limits.datagrams
            || (held > 0 && state.bytes.saturating_add(len) > self.limits.bytes)
    }

    /// How many more the writer's link is to be asked for, if it asks for at most a window. They are expected now.
    pub(crate) fn expect(&self, window: usize) -> usize {
        let mut state = self.lock();
        let most = window.min(self.limits.datagrams);
        let mut room = most.saturating_sub(state.expected);
        if self.limits.policy == SlowPolicy::Wait {
            let free = self.limits.datagrams.saturating_sub(state.held() + state.expected);
            room = if state.bytes < self.limits.bytes { room.min(free) } else { 0 };
        }
        // In one go what would else be many small asks.
        if room < (most / 2).max(1) {
            return 0;
        }
        state.expected += room;
        room
    }

    /// Nothing more comes down the writer's link.
    pub(crate) fn expect_nothing(&self) {
        self.lock().expected = 0;
    }

    /// The engine looks now.
    pub(crate) fn looks(&self) {
        self.lock().nudged = false;
    }

    /// The next one, into the engine's hand. It goes back by [`sent`](Self::sent) or [`put_back`](Self::put_back).
    pub(crate) fn take(&self) -> Option<Queued> {
        let mut state = self.lock();
        let next = state.waiting.pop_front()?;
        state.in_hand = true;
        Some(next)
    }

    /// What was in hand was sent, or cannot be. Returns who is to be told that there is room.
    pub(crate) fn sent(&self, len: usize, how: &Sending) -> Vec<Recipient<Room>> {
        let mut state = self.lock();
        state.in_hand = false;
        state.bytes -= len;
        match how {
            Sending::Done => {
                state.counts.sent += 1;
                state.counts.sent_bytes += len as u64;
            }
            Sending::Failed => state.counts.failed += 1,
        }
        self.to_be_told(&mut state)
    }

    /// What was in hand waits on, ahead of the others: unless they have filled the queue meanwhile, and it is the oldest.
    pub(crate) fn put_back(&self, queued: Queued) -> Option<Outgoing> {
        let mut state = self.lock();
        state.in_hand = false;
        let over = state.waiting.len() >= self.limits.datagrams || state.bytes > self.limits.bytes;
        if self.limits.policy == SlowPolicy::DropOldest && over && !state.waiting.is_empty() {
            state.bytes -= queued.outgoing.bytes.len();
            state.counts.dropped += 1;
            return Some(queued.outgoing);
        }
        state.waiting.push_front(queued);
        None
    }

    /// One that cannot go at all: it is in the books.
    pub(crate) fn refused(&self) {
        let mut state = self.lock();
        state.expected = state.expected.saturating_sub(1);
        state.counts.accepted += 1;
        state.counts.failed += 1;
    }

    /// The number that the next one will have.
    pub(crate) fn mark(&self) -> u64 {
        self.lock().next
    }

    /// Whether everything has left that had a lower number.
    pub(crate) fn has_passed(&self, mark: u64) -> bool {
        self.lock().waiting.front().is_none_or(|oldest| oldest.number >= mark)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// Has `whom` told when half of it is free, at once if it is or if it is closed.
    pub(crate) fn when_room(&self, whom: Recipient<Room>) {
        let told = {
            let mut state = self.lock();
            state.tell.push(whom);
            self.to_be_told(&mut state)
        };
        tell(told);
    }

    fn to_be_told(&self, state: &mut State) -> Vec<Recipient<Room>> {
        let free =
            state.held() <= self.limits.datagrams / 2 && state.bytes <= self.limits.bytes / 2;
        if free || state.closed { std::mem::take(&mut state.tell) } else { Vec::new() }
    }

    /// Takes no more. What waits may still be sent.
    pub(crate) fn close(&self) {
        let told = {
            let mut state = self.lock();
            state.closed = true;
            self.to_be_told(&mut state)
        };
        tell(told);
    }

    /// Gives up what waits, and takes no more. Returns it.
    pub(crate) fn give_up(&self) -> Vec<Outgoing> {
        self.close();
        let mut state = self.lock();
        let waiting = std::mem::take(&mut state.waiting);
        state.bytes = 0;
        state.counts.unsent += waiting.len() as u64;
        drop(state);
        waiting.into_iter().map(|queued| queued.outgoing).collect()
    }

    /// So much was received.
    pub(crate) fn received(&self, datagrams: u64, bytes: u64, truncated: u64) {
        let counts = &mut self.lock().counts;
        counts.received += datagrams;
        counts.received_bytes += bytes;
        counts.truncated += truncated;
    }

    /// An error was told that is no datagram's.
    pub(crate) fn error(&self) {
        self.lock().counts.errors += 1;
    }

    pub(crate) fn counts(&self) -> UdpCounts {
        let state = self.lock();
        UdpCounts { waiting: state.held() as u64, ..state.counts }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// How many wait or are in hand.
    fn held(&self) -> usize {
        self.waiting.len() + usize::from(self.in_hand)
    }

    fn pop_front(&mut self) -> Option<Queued> {
        let oldest = self.waiting.pop_front()?;
        self.bytes -= oldest.outgoing.bytes.len();
        Some(oldest)
    }
}

/// Tells them that there is room.
pub(crate) fn tell(whom: Vec<Recipient<Room>>) {
    whom.into_iter().for_each(|whom| whom.complete(Room));
}

#[cfg(test)]
mod tests;
