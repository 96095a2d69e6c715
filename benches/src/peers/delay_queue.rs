//! tokio's timers: a `DelayQueue`, whose entries can be taken back, on one thread.

use std::{future::poll_fn, time::Duration};

use tokio_util::time::{DelayQueue, delay_queue::Key};

use crate::{
    peers::executor::Executor,
    process,
    timer_load::{Cost, TO_CANCEL, TO_FIRE, delay},
};

/// What `count` timers cost.
pub fn run(count: u64) -> Cost {
    Executor::CurrentThread.run(async move {
        let mut queue = DelayQueue::new();
        let mut keys = Vec::with_capacity(count as usize);
        // Touches the memory.
        arm_and_cancel(&mut queue, &mut keys, count);
        let cancelled = arm_and_cancel(&mut queue, &mut keys, count);
        let begun = process::own_cpu_time();
        for index in 0..count {
            queue.insert((), delay(index, TO_FIRE));
        }
        let mut fired = 0;
        while poll_fn(|cx| queue.poll_expired(cx)).await.is_some() {
            fired += 1;
        }
        assert_eq!(fired, count, "every timer fires");
        Cost { cancelled, fired: process::own_cpu_time() - begun }
    })
}

fn arm_and_cancel(queue: &mut DelayQueue<()>, keys: &mut Vec<Key>, count: u64) -> Duration {
    let begun = process::own_cpu_time();
    keys.extend((0..count).map(|index| queue.insert((), delay(index, TO_CANCEL))));
    for key in keys.drain(..) {
        queue.remove(&key);
    }
    process::own_cpu_time() - begun
}
