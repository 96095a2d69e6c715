//! The wait forest: who waits on whom because a mailbox is over, kept free of cycles.
//!
//! Shared by all loops of a runtime. A loop asks [`try_wait`](WaitForest::try_wait) before it pauses an actor and
//! calls [`clear`](WaitForest::clear) when the wait ends. The forest pauses and resumes nobody, and it knows neither
//! actors nor mailboxes: it only says whether a wait may stand, so that waits can never close a ring in which
//! everybody waits and nobody runs.
//!
//! # Wait words
//!
//! Every actor has a slot with one word in it. Any thread may read any word at any time; who writes it:
//!
//! | word of X | meaning | written by |
//! |---|---|---|
//! | 0, slot free | nobody's | nobody, until [`allot`](WaitForest::allot) hands it out under the mutex |
//! | 0, slot allotted | X may run | X's loop: `clear`, a withdrawal, [`release`](WaitForest::release) |
//! | Y, no verdict yet | X asks whether it may wait on Y | X's loop, in `try_wait` |
//! | Y, after [`Verdict::Wait`] | X waits on Y, the wait *stands* | the same |
//!
//! X **publishes** Y in its word, **then walks** the words from Y. If the walk meets X, or does not end within
//! [`STEP_CAP`] words, X withdraws: it stores 0 again and goes on running.
//!
//! # Proof: standing waits never form a cycle
//!
//! 1. A word has one writer at a time: the loop of its owner, the next owner being handed the slot through the
//!    mutex. So the stores to one word are ordered.
//! 2. Suppose the words X₁ → X₂ → … → Xₖ → X₁ all stand. Each was stored, followed by a `SeqCst` fence, followed by
//!    a walk. These k fences have an order, the same for all threads. Let X₁'s be the last.
//! 3. The stores of all others come before their own fences, hence before X₁'s fence, hence X₁'s walk reads them or
//!    later ones; and there are no later ones, for the words stand. So the walk goes X₂, X₃, … and meets X₁ or its
//!    cap, and X₁ withdrew: its word does not stand.
//!
//! As no word holds two edges, standing waits form a forest, and each of its chains ends in a word that is 0: in an
//! actor that can run. Walking before publishing breaks step 3: two actors may both look before either can be seen.
//!
//! What the proof does not exclude is a refusal without need, when a walk meets an edge that is about to be withdrawn
//! or cleared. It is harmless: who is refused runs on, and its target gets what one more turn sends. Walks through
//! such edges may even go in circles without meeting X; the cap ends them.
//!
//! The cap has a price: behind a chain of `STEP_CAP` waits that stands, the next actor is refused every time and its
//! target grows. A pipeline with more actors than that, whose end stalls, is not held back at its beginning. So the cap
//! is 1,024 words (about 4 µs for a walk that ends there); 64 was measured to let a chain of 70 actors grow for ever.
//!
//! # Slots are reused, words are never freed
//!
//! A word may still name the slot of an actor that has died, and by then a living actor B may own that slot: the
//! waiter is on its way to be resumed. The proof speaks of words whatever they mean, and every true wait is a word, so
//! no true cycle is missed; the stale edge, having no room beside a true one, hides none. All it can do is to lead a
//! walk to B that has no business there: a refusal without need, as above. So nothing has to find and clear stale
//! words, and no word carries a generation.
//!
//! # Why a fence
//!
//! A `SeqCst` store and `SeqCst` loads would prove the same and cost the same. Loom knows `SeqCst` for fences only; so
//! the code that is tested is the code that runs. `Release` on the words and `Acquire` in the walk are for the slot
//! table: who reads the number of a slot must find the chunk that holds it.

use std::num::NonZeroU32;
use std::sync::{OnceLock, PoisonError};

use crate::sync::atomic::{AtomicU32, Ordering, fence};
use crate::sync::{Mutex, MutexGuard};

/// The most words that one walk reads: nobody joins a chain of this many waits.
pub(crate) const STEP_CAP: usize = match (cfg!(roundsman_loom), cfg!(test)) {
    (true, _) => 4,
    (false, true) => 64,
    (false, false) => 1024,
};

/// Words in the first chunk; every further chunk is twice as long. Small under loom, which explores every access.
const FIRST_CHUNK: usize = if cfg!(roundsman_loom) { 4 } else { 64 };
const CHUNKS: usize = if cfg!(roundsman_loom) { 1 } else { 26 };
const SLOTS_MAX: u32 = (FIRST_CHUNK * ((1 << CHUNKS) - 1)) as u32;

/// The wait words of all actors of a runtime.
pub(crate) struct WaitForest {
    /// Grows by whole chunks, so that a word never moves and access needs no lock.
    chunks: [OnceLock<Box<[AtomicU32]>>; CHUNKS],
    slots: Mutex<Slots>,
    /// Takes the place of the rule, to show that the tests notice.
    mutant: Option<fn(&Self, WaitSlot, WaitSlot) -> Verdict>,
}

/// Names a wait word; an actor owns one from its birth to its death.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WaitSlot(NonZeroU32);

/// The answer to [`WaitForest::try_wait`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "only `Wait` lets the caller pause"]
pub(crate) enum Verdict {
    /// The wait stands until [`WaitForest::clear`].
    Wait,
    /// It would have closed a cycle: withdrawn.
    Cycle,
    /// The chain from the target has [`STEP_CAP`] waits or more, perhaps a cycle among them: withdrawn.
    TooLong,
}

/// Guarded by the mutex; touched when an actor is born or dies, never by a wait.
struct Slots {
    free: Vec<WaitSlot>,
    /// Slots handed out for the first time; they are numbered from 1.
    used: u32,
}

impl WaitForest {
    /// A forest in which nobody has a slot.
    pub(crate) fn new() -> Self {
        Self {
            chunks: [const { OnceLock::new() }; CHUNKS],
            slots: Mutex::new(Slots { free: Vec::new(), used: 0 }),
            mutant: None,
        }
    }

    /// Hands out a slot that waits on nothing.
    ///
    /// # Panics
    ///
    /// If four billion actors live at a time.
    pub(crate) fn allot(&self) -> WaitSlot {
        let mut slots = self.slots();
        if let Some(slot) = slots.free.pop() {
            return slot;
        }
        assert!(slots.used < SLOTS_MAX, "more than {SLOTS_MAX} actors at a time");
        let slot = WaitSlot(NonZeroU32::MIN.saturating_add(slots.used));
        slots.used += 1;
        let (chunk, _) = slot.position();
        self.chunks[chunk]
            .get_or_init(|| (0..FIRST_CHUNK << chunk).map(|_| AtomicU32::new(0)).collect());
        slot
    }

    /// Takes a slot back from its owner, who must not use it again; it will name another actor.
    ///
    /// Others may still wait on it: see the module on reuse. The owner's own wait ends.
    pub(crate) fn release(&self, slot: WaitSlot) {
        self.clear(slot);
        self.slots().free.push(slot);
    }

    /// Asks whether `who` may wait on `on`. Called by the owner of `who` only.
    ///
    /// A wait of `who` that stands already is given up, whatever the verdict: an actor waits on one target at a time.
    pub(crate) fn try_wait(&self, who: WaitSlot, on: WaitSlot) -> Verdict {
        if let Some(mutant) = self.mutant {
            return mutant(self, who, on);
        }
        self.publish(who, on);
        // Pairs with this same fence of every other publisher: of two, at least one walk sees the other's word.
        fence(Ordering::SeqCst);
        let verdict = self.walk(who, on);
        if verdict != Verdict::Wait {
            self.clear(who);
        }
        verdict
    }

    /// Ends the wait of `who`, if there is one. Called by the owner of `who` only.
    pub(crate) fn clear(&self, who: WaitSlot) {
        // Pairs with the Acquire in `waits_on`. No fence: who reads the old word only refuses without need.
        self.word(who).store(0, Ordering::Release);
    }

    /// What `who` waits on; perhaps a wait that is about to be withdrawn, or on the slot of an actor that has died.
    pub(crate) fn waits_on(&self, who: WaitSlot) -> Option<WaitSlot> {
        // Pairs with the Release in `publish`: the chunk of the slot read was allocated before it was published.
        WaitSlot::from_raw(self.word(who).load(Ordering::Acquire))
    }

    fn publish(&self, who: WaitSlot, on: WaitSlot) {
        // Pairs with the Acquire in `waits_on`.
        self.word(who).store(on.to_raw(), Ordering::Release);
    }

    fn walk(&self, who: WaitSlot, on: WaitSlot) -> Verdict {
        let mut at = on;
        for _ in 0..STEP_CAP {
            if at == who {
                return Verdict::Cycle;
            }
            match self.waits_on(at) {
                Some(next) => at = next,
                None => return Verdict::Wait,
            }
        }
        Verdict::TooLong
    }

    fn word(&self, slot: WaitSlot) -> &AtomicU32 {
        let (chunk, index) = slot.position();
        let chunk = self.chunks[chunk].get().expect("`allot` made the chunk before the slot");
        &chunk[index]
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        // A panic under the lock (out of memory, too many actors) leaves both fields as they were.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WaitSlot {
    /// The number of the slot, for storage in an atomic or a message. Never 0.
    pub(crate) fn to_raw(self) -> u32 {
        self.0.get()
    }

    /// The inverse of [`to_raw`](Self::to_raw); `None` for 0. The number must come from the same forest.
    pub(crate) fn from_raw(raw: u32) -> Option<Self> {
        NonZeroU32::new(raw).map(Self)
    }

    /// The chunk and the index in it. Chunk `k` holds the slots `F * (2^k - 1) + 1 ..= F * (2^(k+1) - 1)`.
    fn position(self) -> (usize, usize) {
        let shifted = self.0.get() as usize - 1 + FIRST_CHUNK;
        let chunk = (shifted.ilog2() - FIRST_CHUNK.ilog2()) as usize;
        (chunk, shifted - (FIRST_CHUNK << chunk))
    }
}

/// Rules that are wrong, each in the place of the right one. A test that does not fail on a broken rule proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenPressure {
    /// Every wait stands, although it closes a ring in which everybody waits.
    WaitInRings,
    /// No wait stands: nobody is held back.
    NeverWait,
}

impl WaitForest {
    /// A forest with this rule.
    pub(crate) fn broken(how: BrokenPressure) -> Self {
        match how {
            BrokenPressure::WaitInRings => Self::without_walk(),
            BrokenPressure::NeverWait => Self::with_mutant(|_, _, _| Verdict::Cycle),
        }
    }

    /// A forest with another rule.
    pub(crate) fn with_mutant(mutant: fn(&Self, WaitSlot, WaitSlot) -> Verdict) -> Self {
        Self { mutant: Some(mutant), ..Self::new() }
    }

    /// A forest in which every wait stands.
    pub(crate) fn without_walk() -> Self {
        Self::with_mutant(|forest, who, on| {
            forest.publish(who, on);
            Verdict::Wait
        })
    }
}

#[cfg(all(test, roundsman_loom))]
mod loom_tests;
#[cfg(test)]
mod tests;
