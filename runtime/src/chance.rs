//! Chance as a simulation has it: every choice drawn from a seed, or read from the choices of an earlier run.
//!
//! Asked by [`driver`](crate::driver), [`simulate`](crate::simulate) and [`simulation`](crate::simulation), and by whoever
//! builds on these. It knows nothing of what is chosen. The choice 0 is the plain one wherever there is such a thing (the
//! next in turn, no fault, no delay), so that a run whose choices are mostly 0 is a simple one.

use std::cell::{Cell, RefCell};

/// Where the choices come from.
pub(crate) struct Chance {
    rng: RefCell<fastrand::Rng>,
    /// Seeds for others come from here: they stay the same however many choices are made.
    seeds: RefCell<fastrand::Rng>,
    /// The choices are read or written: the common case is neither.
    is_taped: Cell<bool>,
    tape: RefCell<Tape>,
}

/// Choices of a run, in order.
#[derive(Default)]
struct Tape {
    /// To be made again. What comes after them is 0.
    given: Option<Vec<u64>>,
    made: Vec<u64>,
}

impl Chance {
    /// Draws from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut seeds = fastrand::Rng::with_seed(seed);
        Self {
            rng: RefCell::new(seeds.fork()),
            seeds: RefCell::new(seeds),
            is_taped: Cell::new(false),
            tape: RefCell::default(),
        }
    }

    /// From now on the choices are kept, for [`tape`](Self::tape).
    pub(crate) fn keep(&self) {
        self.is_taped.set(true);
    }

    /// From now on these are the choices, and 0 when they are over.
    pub(crate) fn follow(&self, choices: Vec<u64>) {
        self.is_taped.set(true);
        self.tape.borrow_mut().given = Some(choices);
    }

    /// The choices that were made since [`keep`](Self::keep) or [`follow`](Self::follow).
    pub(crate) fn tape(&self) -> Vec<u64> {
        self.tape.borrow().made.clone()
    }

    /// A number below `bound`, which is not 0.
    #[inline]
    pub(crate) fn below(&self, bound: usize) -> usize {
        if bound <= 1 {
            return 0;
        }
        if self.is_taped.get() {
            return self.taped(bound);
        }
        self.rng.borrow_mut().usize(..bound)
    }

    #[cold]
    fn taped(&self, bound: usize) -> usize {
        let mut tape = self.tape.borrow_mut();
        let at = tape.made.len();
        let chosen = match &tape.given {
            Some(given) => given.get(at).map_or(0, |choice| *choice as usize % bound),
            None => self.rng.borrow_mut().usize(..bound),
        };
        tape.made.push(chosen as u64);
        chosen
    }

    /// A seed for something that draws by itself.
    pub(crate) fn seed(&self) -> u64 {
        self.seeds.borrow_mut().u64(..)
    }
}
