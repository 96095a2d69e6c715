//! Shrinking: the choices of a failing run made fewer and smaller, as long as it fails.
//!
//! Used by [`check`](super::check). It knows neither simulations nor failures: it tries lists of numbers, and keeps the least.
//! As Hypothesis does (MacIver & Donaldson, ECOOP 2020), it changes the choices, not what is made of them; so what a test draws
//! for itself shrinks as well as what comes next.

/// What a run costs its reader. The least is best: messages first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    messages: u64,
    /// Choices that are not 0.
    chosen: usize,
    sum: u64,
    len: usize,
}

impl Cost {
    pub(super) fn of(messages: u64, choices: &[u64]) -> Self {
        let choices = without_tail(choices);
        Self {
            messages,
            chosen: choices.iter().filter(|choice| **choice != 0).count(),
            sum: choices.iter().fold(0, |sum, choice| sum.saturating_add(*choice)),
            len: choices.len(),
        }
    }
}

/// What comes after the end is 0 anyway.
fn without_tail(choices: &[u64]) -> &[u64] {
    let end = choices.iter().rposition(|choice| *choice != 0).map_or(0, |at| at + 1);
    &choices[..end]
}

/// A failing run that is being shrunk.
///
/// `attempt` runs a list of choices. If that fails in the same way, it returns the cost, and the choices that were really
/// made.
pub(super) struct Shrinking<F> {
    best: Vec<u64>,
    cost: Cost,
    runs: usize,
    most_runs: usize,
    attempt: F,
}

impl<F: FnMut(&[u64]) -> Option<(Cost, Vec<u64>)>> Shrinking<F> {
    pub(super) fn new(choices: Vec<u64>, cost: Cost, most_runs: usize, attempt: F) -> Self {
        let best = without_tail(&choices).to_vec();
        Self { best, cost, runs: 0, most_runs, attempt }
    }

    /// The best choices, and how many runs it took to find them.
    pub(super) fn into_best(self) -> (Vec<u64>, usize) {
        (self.best, self.runs)
    }

    /// Until nothing helps any more, or the runs are spent.
    pub(super) fn shrink(&mut self) {
        loop {
            let before = self.cost;
            self.cut_tail();
            self.in_blocks(|choices, from, to| choices[from..to].fill(0));
            self.in_blocks(|choices, from, to| _ = choices.drain(from..to));
            self.lower();
            if self.cost == before || self.is_spent() {
                break;
            }
        }
    }

    fn is_spent(&self) -> bool {
        self.runs >= self.most_runs
    }

    /// True if this is better: it is the best now.
    fn accept(&mut self, candidate: &[u64]) -> bool {
        if self.is_spent() || without_tail(candidate) == self.best {
            return false;
        }
        self.runs += 1;
        match (self.attempt)(candidate) {
            Some((cost, made)) if cost < self.cost => {
                self.cost = cost;
                self.best = without_tail(&made).to_vec();
                true
            }
            _ => false,
        }
    }

    /// The shortest beginning that does, of those that are tried.
    fn cut_tail(&mut self) {
        let mut len = 0;
        while len < self.best.len() {
            let candidate = self.best[..len].to_vec();
            if self.accept(&candidate) {
                return;
            }
            len = (len * 2).max(1);
        }
    }

    /// Changes whole blocks, then smaller ones, down to single choices.
    fn in_blocks(&mut self, change: impl Fn(&mut Vec<u64>, usize, usize)) {
        let mut size = self.best.len().next_power_of_two();
        while size > 0 && !self.is_spent() {
            let mut from = 0;
            while from < self.best.len() && !self.is_spent() {
                let to = (from + size).min(self.best.len());
                let mut candidate = self.best.clone();
                change(&mut candidate, from, to);
                if !self.accept(&candidate) {
                    from += size;
                }
            }
            size /= 2;
        }
    }

    /// Makes single choices smaller.
    fn lower(&mut self) {
        let mut at = 0;
        while at < self.best.len() && !self.is_spent() {
            // By less and less: a choice that must be above some limit comes to it in as many steps as it has bits.
            for bit in (0..u64::BITS).rev() {
                let less = self.best.get(at).and_then(|now| now.checked_sub(1 << bit));
                if let Some(less) = less {
                    let mut candidate = self.best.clone();
                    candidate[at] = less;
                    self.accept(&candidate);
                }
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests;
