//! Books about messages: every one that was made must be dropped once, and handled or dead-lettered once.
//!
//! The books that tests keep of their own messages, and a look at those that every runtime keeps of all.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use roundsman::{Actor, Builder, DeadLetterReason, RunError, Runtime, RuntimeHandle};

/// Runs `root`, then looks at the runtime's books, unless something was left behind.
///
/// # Errors
/// As [`Runtime::run`].
///
/// # Panics
/// If the books do not balance.
#[track_caller]
pub fn run_balanced<A: Actor>(runtime: Runtime, root: impl FnOnce() -> A) -> Result<(), RunError> {
    let handle = runtime.handle().unref();
    let result = runtime.run(root);
    if matches!(result, Ok(()) | Err(RunError::RootFailed { .. })) {
        assert_balanced(&handle);
    }
    result
}

/// Looks at the books of a runtime that has stopped: every message, and every job, has had exactly one fate.
///
/// # Panics
/// If not.
#[track_caller]
pub fn assert_balanced(runtime: &RuntimeHandle) {
    let metrics = runtime.metrics();
    let books = metrics.ledger();
    assert!(books.is_balanced(), "the runtime's books do not balance: {books}");
    for lane in metrics.lanes {
        let fates = lane.queued + lane.running + lane.done + lane.unstarted;
        assert_eq!(lane.started, fates, "a lane's books do not balance: {lane:?}");
    }
}

/// Counts what becomes of messages. Clones keep the same books.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Books>);

#[derive(Default)]
struct Books {
    made: AtomicU64,
    alive: AtomicI64,
    most_alive: AtomicI64,
    accepted: AtomicU64,
    handed_back: AtomicU64,
    handled: AtomicU64,
    receiver_ended: AtomicU64,
    rejected: AtomicU64,
    dropped_by_policy: AtomicU64,
    loop_ended: AtomicU64,
}

/// A value that the ledger sees being made and being dropped.
pub struct Token(Ledger);

impl Ledger {
    /// Empty books.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A value to put into a message.
    #[must_use]
    pub fn token(&self) -> Token {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        let alive = self.0.alive.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most_alive.fetch_max(alive, Ordering::SeqCst);
        Token(self.clone())
    }

    /// Writes dead letters of a runtime into these books.
    pub fn watch(&self, builder: Builder) -> Builder {
        let books = self.clone();
        builder.on_dead_letter(move |letter| books.letter(letter.reason).add())
    }

    /// Notes what a send said.
    pub fn sent<E>(&self, result: &Result<(), E>) {
        match result {
            Ok(()) => &self.0.accepted,
            Err(_) => &self.0.handed_back,
        }
        .add();
    }

    /// Notes that a message was handled.
    pub fn handled(&self) {
        self.0.handled.add();
    }

    /// How many tokens there have been.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.0.made.get()
    }

    /// How many tokens there are now. Negative if one was dropped twice.
    #[must_use]
    pub fn alive(&self) -> i64 {
        self.0.alive.load(Ordering::SeqCst)
    }

    /// How many there were at most at any time.
    #[must_use]
    pub fn most_alive(&self) -> i64 {
        self.0.most_alive.load(Ordering::SeqCst)
    }

    /// How many messages were handled.
    #[must_use]
    pub fn handled_count(&self) -> u64 {
        self.0.handled.get()
    }

    /// How many sends were accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.0.accepted.get()
    }

    /// How many sends handed their message back.
    #[must_use]
    pub fn handed_back(&self) -> u64 {
        self.0.handed_back.get()
    }

    /// How many dead letters there were, for any reason.
    #[must_use]
    pub fn dead_letters(&self) -> u64 {
        let books = &*self.0;
        [&books.receiver_ended, &books.rejected, &books.dropped_by_policy, &books.loop_ended]
            .map(Count::get)
            .iter()
            .sum()
    }

    /// How many there were for this reason.
    #[must_use]
    pub fn dead_letters_for(&self, reason: DeadLetterReason) -> u64 {
        self.letter(reason).get()
    }

    /// Closes the books: every accepted message was handled or dead-lettered, and every value was dropped once.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn assert_balanced(&self) {
        let (accepted, handled) = (self.accepted(), self.handled_count());
        assert_eq!(accepted, handled + self.dead_letters(), "accepted = handled + dead letters");
        self.assert_all_dropped();
    }

    /// Every value that was made was dropped, and none twice.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn assert_all_dropped(&self) {
        assert_eq!(self.alive(), 0, "values alive (or, below 0, dropped twice) of {}", self.made());
    }

    fn letter(&self, reason: DeadLetterReason) -> &AtomicU64 {
        match reason {
            DeadLetterReason::ReceiverEnded => &self.0.receiver_ended,
            DeadLetterReason::Rejected => &self.0.rejected,
            DeadLetterReason::DroppedByPolicy => &self.0.dropped_by_policy,
            DeadLetterReason::LoopEnded => &self.0.loop_ended,
            other => panic!("a reason that these books do not know: {other:?}"),
        }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.0.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

trait Count {
    fn add(&self);
    fn get(&self) -> u64;
}

impl Count for AtomicU64 {
    fn add(&self) {
        self.fetch_add(1, Ordering::SeqCst);
    }

    fn get(&self) -> u64 {
        self.load(Ordering::SeqCst)
    }
}
