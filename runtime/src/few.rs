//! A queue that mostly holds one thing, which then takes no room of its own.
//!
//! What is due of an actor waits in one, in its [`hooks`](crate::hooks). It is data.

use std::collections::VecDeque;

/// A queue of few.
pub(crate) struct Few<T> {
    /// `None` only if there are no others.
    first: Option<T>,
    #[expect(clippy::box_collection, reason = "mostly there are none, which should take one word")]
    others: Option<Box<VecDeque<T>>>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { first: None, others: None }
    }
}

impl<T> Few<T> {
    pub(crate) fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.others.get_or_insert_default().push_back(item);
        }
    }

    /// Takes the oldest.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let next = self.others.as_mut().and_then(|others| others.pop_front());
        std::mem::replace(&mut self.first, next)
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.as_ref().map_or(0, |others| others.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests {
    //! Order, and what is counted.

    use super::*;

    #[test]
    fn few_come_out_in_the_order_in_which_they_went_in() {
        let mut few = Few::default();
        for round in 1..=4 {
            for number in 0..round {
                few.push(number);
                assert_eq!(few.len(), number + 1);
            }
            for number in 0..round {
                assert_eq!(few.pop(), Some(number));
                assert_eq!((few.len(), few.is_empty()), (round - number - 1, number + 1 == round));
            }
            assert_eq!(few.pop(), None);
        }
    }

    #[test]
    fn what_comes_between_takes_its_place_behind_the_others() {
        let mut few = Few::default();
        few.push(1);
        few.push(2);
        assert_eq!(few.pop(), Some(1));
        few.push(3);
        assert_eq!([few.pop(), few.pop(), few.pop()], [Some(2), Some(3), None]);
    }
}
