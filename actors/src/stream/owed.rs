//! What is owed over a link: asked for, and not come. Both ends count it, by the same rules; so they agree but for what
//! is on its way.

/// What is owed over a link, in items or in bytes.
///
/// Below zero more has come than was asked for, by less than an item: what is asked for next covers that first. So a link
/// never holds more than its window and an item, whatever crosses on the way (rule 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owed(i64);

impl Owed {
    /// So much more is asked for. Without an end to what may come it saturates (rule 7).
    #[inline]
    pub(crate) fn ask(&mut self, amount: u64) {
        self.0 = self.0.saturating_add_unsigned(amount);
    }

    /// An item of this weight has gone, or come.
    #[inline]
    pub(crate) fn give(&mut self, weight: u64) {
        self.0 = self.0.saturating_sub_unsigned(weight);
    }

    /// Whether an item may go.
    #[inline]
    pub(crate) fn is_due(self) -> bool {
        self.0 > 0
    }

    /// How much may go.
    #[inline]
    pub(crate) fn left(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0)
    }

    /// Whether at most half of `most` is taken by what is owed, and by what has come and is held.
    #[inline]
    pub(crate) fn leaves_half(self, held: u64, most: u64) -> bool {
        self.0.saturating_add_unsigned(held) <= i64::try_from(most / 2).unwrap_or(i64::MAX)
    }

    /// How much is to be asked for so that all of `most` is owed, or held.
    #[inline]
    pub(crate) fn missing(self, held: u64, most: u64) -> u64 {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let taken = self.0.saturating_add_unsigned(held);
        u64::try_from(most.saturating_sub(taken)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    //! Windows and items that are larger.

    use super::*;

    #[test]
    fn what_has_come_beyond_what_was_asked_for_is_covered_first() {
        let mut owed = Owed::default();
        owed.ask(10);
        owed.give(25);
        assert!(!owed.is_due());
        owed.ask(10);
        assert_eq!((owed.is_due(), owed.left()), (false, 0));
        owed.ask(10);
        assert_eq!(owed.left(), 5);
    }

    #[test]
    fn an_end_that_holds_a_large_item_asks_for_what_is_free_beside_it() {
        let mut owed = Owed::default();
        owed.ask(64);
        owed.give(100);
        assert_eq!((owed.leaves_half(100, 64), owed.missing(100, 64)), (false, 0));
        // It has gone on, and a small one is held.
        assert!(owed.leaves_half(8, 64));
        assert_eq!(owed.missing(8, 64), 92);
    }

    #[test]
    fn what_has_no_end_stays_so() {
        let mut owed = Owed::default();
        owed.ask(u64::MAX);
        owed.ask(u64::MAX);
        owed.give(1);
        assert_eq!(owed.left(), i64::MAX as u64 - 1);
    }
}
