//! Loom models of the inbox and its wake protocol.
//!
//! Run with `RUSTFLAGS="--cfg roundsman_loom" cargo test --release -p roundsman-runtime --lib loom`.

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use super::Inbox;

/// Stands for the OS waker: a flag that stays set until the sleeper consumes it.
struct Waker {
    woken: Mutex<bool>,
    bell: Condvar,
}

impl Waker {
    fn new() -> Self {
        Self { woken: Mutex::new(false), bell: Condvar::new() }
    }

    fn wake(&self) {
        *self.woken.lock().unwrap() = true;
        self.bell.notify_one();
    }

    fn wait(&self) {
        let mut woken = self.woken.lock().unwrap();
        while !*woken {
            woken = self.bell.wait(woken).unwrap();
        }
        *woken = false;
    }
}

#[test]
fn loom_no_item_is_left_with_a_sleeping_owner() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::new());
        let waker = Arc::new(Waker::new());
        let senders: Vec<_> = (0..2)
            .map(|n| {
                let (inbox, waker) = (Arc::clone(&inbox), Arc::clone(&waker));
                thread::spawn(move || {
                    if inbox.push(n, || ()).unwrap().wake {
                        waker.wake();
                    }
                })
            })
            .collect();
        // The owner: takes, and sleeps when it finds nothing. A lost wake-up would block it here for ever, which
        // loom reports as a deadlock.
        let mut got = Vec::new();
        while got.len() < 2 {
            let mut items = Vec::new();
            inbox.take(&mut items);
            got.append(&mut items);
            if got.len() < 2 && inbox.sleep(false, || ()) {
                waker.wait();
                inbox.wake(|| ());
            }
        }
        for sender in senders {
            sender.join().unwrap();
        }
        got.sort_unstable();
        assert_eq!(got, [0, 1]);
    });
}

#[test]
fn loom_the_count_of_living_loops_is_zero_only_when_no_item_is_under_way() {
    loom::model(|| {
        // Two loops. A sends one item to B and goes quiet; B goes quiet when it finds nothing.
        let alive = Arc::new(AtomicUsize::new(2));
        let inbox = Arc::new(Inbox::new());
        let handled = Arc::new(AtomicBool::new(false));
        let a = {
            let (alive, inbox) = (Arc::clone(&alive), Arc::clone(&inbox));
            thread::spawn(move || {
                inbox.push(7, || _ = alive.fetch_add(1, Ordering::SeqCst)).unwrap();
                // A retires: whoever brings the count to zero may end the runtime.
                alive.fetch_sub(1, Ordering::SeqCst) == 1
            })
        };
        let b = {
            let (alive, inbox, handled) =
                (Arc::clone(&alive), Arc::clone(&inbox), Arc::clone(&handled));
            thread::spawn(move || {
                let mut ended = false;
                for _ in 0..3 {
                    let mut items = Vec::new();
                    inbox.take(&mut items);
                    if !items.is_empty() {
                        handled.store(true, Ordering::SeqCst);
                    }
                    let slept = inbox.sleep(true, || {
                        ended = alive.fetch_sub(1, Ordering::SeqCst) == 1;
                    });
                    if ended {
                        assert!(handled.load(Ordering::SeqCst), "ended with an item under way");
                    }
                    if slept && handled.load(Ordering::SeqCst) {
                        break;
                    }
                }
                ended
            })
        };
        let ended_by_a = a.join().unwrap();
        let ended_by_b = b.join().unwrap();
        if ended_by_a {
            assert!(handled.load(Ordering::SeqCst), "ended with an item under way");
        }
        assert!(!(ended_by_a && ended_by_b));
    });
}
