//! Plain threads wait where actors pause: by the same record, but blocked.

use std::thread;
use std::time::Duration;

use roundsman::{Address, Placement, Runtime, RuntimeHandle, SendError, Spawn, TrySendError};
use roundsman_tests::ledger::{Ledger, Token};
use roundsman_tests::outside::beside;
use roundsman_tests::role::Role;
use roundsman_tests::topology::INBOX_HIGH;

use crate::{Brake, brake};

const NO_DEADLINE: Duration = Duration::from_secs(3_600);

/// A brake that holds already.
fn held(handle: &RuntimeHandle) -> Address<Brake> {
    let brake = handle.spawn(Placement::Loop(1), Spawn::named("brake"), brake);
    let brake = brake.expect("the runtime runs");
    brake.send(Brake::Hold(NO_DEADLINE)).expect("it lives");
    while !brake.is_over() {
        thread::yield_now();
    }
    brake
}

#[test]
fn a_thread_blocks_while_its_receiver_is_over_and_goes_on_afterwards() {
    for loops in 1..=2 {
        let ledger = Ledger::new();
        let books = ledger.clone();
        beside(Runtime::builder().loops(loops), move |handle| {
            let receives = books.clone();
            let slow = move || {
                Role::new(move |_: Token, _| {
                    receives.handled();
                    Ok(())
                })
            };
            let slow = handle.spawn(Placement::Loop(1), Spawn::new().high(2), slow).unwrap();
            for _ in 0..20_000 {
                books.sent(&slow.send(books.token()));
            }
        });
        assert_eq!(ledger.handled_count(), 20_000);
        ledger.assert_balanced();
        assert_held_back(&ledger, 1);
    }
}

#[test]
fn threads_that_send_together_wait_together() {
    const THREADS: u64 = 4;
    let ledger = Ledger::new();
    let books = ledger.clone();
    beside(Runtime::builder().loops(2), move |handle| {
        let receives = books.clone();
        let slow = move || {
            Role::new(move |_: Token, _| {
                receives.handled();
                Ok(())
            })
        };
        let slow = handle.spawn(Placement::Loop(1), Spawn::new().high(2), slow).unwrap();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        books.sent(&slow.send(books.token()));
                    }
                });
            }
        });
    });
    assert_eq!(ledger.handled_count(), THREADS * 5_000);
    ledger.assert_balanced();
    assert_held_back(&ledger, THREADS);
}

/// The mark is 2; the rest is what the inbox may hold, once more if its loop is interrupted as it takes that, and what
/// each thread has in hand and is let in with.
#[track_caller]
fn assert_held_back(ledger: &Ledger, threads: u64) {
    let most = ledger.most_alive() as u64;
    assert!(most <= 2 + 2 * (INBOX_HIGH + threads), "{most} messages were waiting at a time");
}

#[test]
fn send_timeout_and_try_send_hand_the_message_back_while_the_receiver_is_over() {
    beside(Runtime::builder().loops(2), |handle| {
        let brake = held(&handle);
        assert!(brake.is_over());
        let sent = brake.send_timeout(Brake::Release, Duration::from_millis(1));
        assert!(matches!(sent, Err(TrySendError::Over(Brake::Release))), "{sent:?}");
        let sent = brake.try_send(Brake::Item);
        assert!(matches!(sent, Err(TrySendError::Over(Brake::Item))), "{sent:?}");
        brake.stop();
    });
}

#[test]
fn a_thread_that_waits_for_an_actor_that_ends_gets_its_message_back() {
    beside(Runtime::builder().loops(2), |handle| {
        let brake = held(&handle);
        thread::scope(|scope| {
            let waits = scope.spawn(|| brake.send(Brake::Item));
            // Until it waits, or a little earlier: either way it must be told.
            while handle.metrics().loops[1].parcels < 2 {
                thread::yield_now();
            }
            brake.stop();
            let sent = waits.join().unwrap();
            assert!(matches!(sent, Err(SendError::Closed(Brake::Item))), "{sent:?}");
        });
    });
}

#[test]
fn a_thread_that_waits_when_the_runtime_ends_gets_its_message_back() {
    beside(Runtime::builder().loops(2), |handle| {
        let brake = held(&handle);
        thread::scope(|scope| {
            let waits = scope.spawn(|| brake.send(Brake::Item));
            handle.stop();
            let sent = waits.join().unwrap();
            assert!(matches!(sent, Err(SendError::Closed(Brake::Item))), "{sent:?}");
        });
    });
}

#[test]
fn a_handle_names_the_chain_of_who_waits_on_whom() {
    beside(Runtime::builder().loops(2), |handle| {
        let brake = held(&handle);
        // The first of these sends to the second, that one to the brake, each from another loop.
        let to_brake = brake.clone();
        let second = handle.spawn(Placement::Loop(0), Spawn::named("second").high(0), move || {
            Role::<()>::new(move |(), _| Ok(to_brake.send(Brake::Item)?))
        });
        let second = second.unwrap();
        let to_second = second.clone();
        let first = handle.spawn(Placement::Loop(1), Spawn::named("first"), move || {
            Role::<()>::new(move |(), _| {
                to_second.send(())?;
                to_second.send(())?;
                Ok(to_second.send(())?)
            })
        });
        let first = first.unwrap();
        first.send(()).unwrap();
        let pauses = loop {
            let pauses = handle.pauses();
            let twice = first.try_send(()).is_ok();
            if pauses.len() == 2 {
                break pauses;
            }
            assert!(twice, "its mailbox is large");
        };
        let mut chain: Vec<_> =
            pauses.iter().map(|pause| (pause.who.as_str(), pause.on.as_str())).collect();
        chain.sort_unstable();
        assert_eq!(chain, [("/first", "/second"), ("/second", "/brake")]);
        brake.stop();
    });
}
