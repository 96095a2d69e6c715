//! tokio's `broadcast` channel: one sender, a task for each listener, on one thread.

use std::time::Duration;

use tokio::sync::broadcast;

use crate::{latch::Latch, peers::executor::Executor, workload::LISTENERS};

/// Events that the channel holds; a listener never lags, for the sender yields as often.
const CAPACITY: usize = 64;

/// How long so many events take.
pub fn run(events: u64) -> Option<Duration> {
    Some(Executor::CurrentThread.run(async move {
        let (latch, finish) = Latch::new(LISTENERS as usize);
        let (sender, _) = broadcast::channel::<u64>(CAPACITY);
        for _ in 0..LISTENERS {
            let (mut receiver, latch) = (sender.subscribe(), latch.clone());
            tokio::spawn(async move {
                let mut sum = 0_u64;
                for _ in 0..events {
                    sum = sum.wrapping_add(receiver.recv().await.expect("nobody lags"));
                }
                std::hint::black_box(sum);
                latch.count_down();
            });
        }
        latch.start();
        let mut emitted = 0;
        while emitted < events {
            while !sender.is_empty() {
                tokio::task::yield_now().await;
            }
            for _ in 0..(CAPACITY as u64).min(events - emitted) {
                sender.send(emitted).expect("everybody listens");
                emitted += 1;
            }
        }
        finish.wait().await
    }))
}
