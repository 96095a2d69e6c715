//! The queue while the OS takes nothing: what loopback never shows.

use std::collections::VecDeque;

use bytes::Bytes;

use super::*;

const POLICIES: [SlowPolicy; 3] =
    [SlowPolicy::Wait, SlowPolicy::DropOldest, SlowPolicy::DropNewest];

fn queue(datagrams: usize, bytes: usize, policy: SlowPolicy) -> SendQueue {
    SendQueue::new(Limits { datagrams, bytes, policy })
}

fn of(len: usize, mark: u8) -> Outgoing {
    Bytes::from(vec![mark; len]).into()
}

fn assert_balanced(counts: &UdpCounts) {
    let UdpCounts { accepted, sent, dropped, failed, unsent, waiting, .. } = *counts;
    assert_eq!(accepted, sent + dropped + failed + unsent + waiting, "{counts:?}");
}

/// Numbers from a seed.
fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |bound| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    }
}

/// What the queue is to do, without its bookkeeping.
struct Model {
    waiting: VecDeque<Outgoing>,
    in_hand: Option<Outgoing>,
}

impl Model {
    fn held(&self) -> usize {
        self.waiting.len() + usize::from(self.in_hand.is_some())
    }

    fn is_full(&self, datagrams: usize, bytes: usize, len: usize) -> bool {
        self.held() >= datagrams || (self.held() > 0 && self.bytes() + len > bytes)
    }

    fn bytes(&self) -> usize {
        self.waiting.iter().chain(&self.in_hand).map(|outgoing| outgoing.bytes.len()).sum()
    }
}

#[test]
fn whatever_is_pushed_taken_and_put_back_the_bounds_hold_the_order_stays_and_the_books_balance() {
    for seed in 1..=300 {
        let mut dice = dice(seed);
        let policy = POLICIES[dice(3)];
        let (datagrams, bytes) = (1 + dice(6), dice(40));
        let queue = queue(datagrams, bytes, policy);
        let mut model = Model { waiting: VecDeque::new(), in_hand: None };
        let mut hand: Option<Queued> = None;
        for mark in 0..=255 {
            match (dice(3), hand.take()) {
                (0, None) => {
                    hand = queue.take();
                    model.in_hand = model.waiting.pop_front();
                    let taken = hand.as_ref().map(|queued| &queued.outgoing);
                    assert_eq!(taken, model.in_hand.as_ref(), "seed {seed}");
                }
                (0, Some(queued)) => {
                    queue.sent(queued.outgoing.bytes.len(), &Sending::Done);
                    model.in_hand = None;
                }
                (1, Some(queued)) => {
                    let outgoing = queued.outgoing.clone();
                    let dropped = queue.put_back(queued);
                    model.in_hand = None;
                    match dropped {
                        Some(dropped) => assert_eq!(dropped, outgoing),
                        None => model.waiting.push_front(outgoing),
                    }
                }
                (_, in_hand) => {
                    hand = in_hand;
                    let outgoing = of(dice(20), mark);
                    let full = model.is_full(datagrams, bytes, outgoing.bytes.len());
                    let can_drop = policy != SlowPolicy::DropOldest || !model.waiting.is_empty();
                    let result = queue.push(outgoing.clone());
                    let is_lossless =
                        result.as_ref().is_ok_and(|pushed| pushed.fate == Fate::Queued);
                    assert_eq!(is_lossless, !(full && can_drop), "seed {seed}");
                    match result {
                        Ok(Pushed { fate: Fate::Dropped, dropped, .. }) => {
                            assert_eq!(dropped, [outgoing]);
                        }
                        Ok(Pushed { dropped, .. }) => {
                            let oldest: Vec<_> = model.waiting.drain(..dropped.len()).collect();
                            assert_eq!(dropped, oldest, "seed {seed}");
                            model.waiting.push_back(outgoing);
                        }
                        Err(refused) => {
                            assert_eq!((policy, &refused.outgoing), (SlowPolicy::Wait, &outgoing));
                        }
                    }
                }
            }
            // One more while it is in hand, and the queue was emptied for what has come.
            let over = usize::from(model.in_hand.is_some());
            assert!(model.held() <= datagrams + over, "seed {seed}");
            assert!(model.bytes() <= bytes || model.held() <= 1 + over, "seed {seed}");
            let counts = queue.counts();
            assert_eq!(counts.waiting, model.held() as u64, "seed {seed}");
            assert_balanced(&counts);
        }
        let left = queue.give_up().len();
        assert_eq!(left, model.waiting.len());
        assert_eq!(queue.counts().unsent, left as u64);
    }
}

#[test]
fn a_writers_link_is_never_asked_for_more_than_there_is_room_for() {
    for limit in [1, 2, 7, 16, 100] {
        let queue = queue(limit, 1_000_000, SlowPolicy::Wait);
        let mut room = queue.expect(16);
        assert_eq!(room, limit.min(16));
        assert_eq!(queue.expect(16), 0, "it was asked for");
        let mut pushed = 0;
        while room > 0 {
            for _ in 0..room {
                queue.push_expected(of(1, 0));
                pushed += 1;
            }
            room = queue.expect(16);
        }
        assert!(pushed <= limit && pushed >= limit - limit.min(16) / 2, "{pushed} of {limit}");
        // As what waits is sent, it is asked for again, however short the queue is.
        while let Some(queued) = queue.take() {
            queue.sent(queued.outgoing.bytes.len(), &Sending::Done);
        }
        assert!(queue.expect(16) > 0);
    }
}

#[test]
fn room_that_a_writer_was_promised_is_given_to_nobody_else() {
    let queue = queue(20, 1_000, SlowPolicy::Wait);
    assert_eq!(queue.expect(16), 16);
    let taken = (0..20).filter(|_| queue.push(of(1, 0)).is_ok()).count();
    assert_eq!(taken, 4);
    for _ in 0..16 {
        queue.push_expected(of(1, 0));
    }
    assert_eq!(queue.counts().waiting, 20);
}

#[test]
fn a_mark_is_passed_when_everything_before_it_has_left_and_not_before() {
    let queue = queue(3, 1_000, SlowPolicy::DropOldest);
    for _ in 0..3 {
        queue.push_expected(of(1, 1));
    }
    let mark = queue.mark();
    let first = queue.take().expect("it waits");
    // Later ones displace the earlier; the one in hand comes back.
    for _ in 0..2 {
        queue.push_expected(of(1, 2));
    }
    assert!(queue.has_passed(mark), "what waits is later");
    let back = queue.put_back(first);
    assert_eq!(back.is_none(), !queue.has_passed(mark));
}
