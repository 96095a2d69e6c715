//! Messages from one sender to one receiver arrive in the order sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use roundsman::{Address, Context, Outcome, Placement, Runtime, Spawn};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

const SENDERS: usize = 6;
const EACH: u64 = 300;

/// Small and large ones travel differently, so they are mixed.
enum Numbered {
    Small { from: u8, number: u32 },
    Large { from: usize, number: u64, padding: [u64; 6] },
}

impl Numbered {
    fn new(from: usize, number: u64) -> Self {
        match number % 3 {
            0 => Self::Large { from, number, padding: [number; 6] },
            _ => Self::Small { from: from as u8, number: number as u32 },
        }
    }

    fn open(self) -> (usize, u64) {
        match self {
            Self::Small { from, number } => (usize::from(from), u64::from(number)),
            Self::Large { from, number, padding } => {
                assert_eq!(padding, [number; 6]);
                (from, number)
            }
        }
    }
}

fn receiver(arrived: Arc<AtomicU64>) -> Role<Numbered> {
    let mut next = [0; SENDERS];
    Role::new(move |message: Numbered, _| {
        let (from, number) = message.open();
        assert_eq!(number, next[from], "from sender {from}");
        next[from] += 1;
        arrived.fetch_add(1, Ordering::SeqCst);
        Ok(())
    })
}

fn sender(from: usize, to: Address<Numbered>) -> Role<u64> {
    let as_recipient = to.recipient(|message| message);
    Role::new(move |sent: u64, ctx| {
        let burst = (1 + ctx.random() % 20).min(EACH - sent);
        for number in sent..sent + burst {
            // The two ways in are one way.
            match number % 5 {
                0 => as_recipient.send(Numbered::new(from, number))?,
                _ => to.send(Numbered::new(from, number))?,
            }
        }
        if sent + burst < EACH {
            ctx.address().send(sent + burst)?;
        }
        Ok(())
    })
}

fn plant(ctx: &mut Context<'_, Role<()>>, high: u32, arrived: Arc<AtomicU64>) -> Outcome {
    let at = Placement::Loop(ctx.random() as usize);
    let to = ctx.spawn_on_with(at, Spawn::new().high(high), || receiver(arrived));
    for from in 0..SENDERS {
        let to = to.clone();
        ctx.spawn_on(Placement::RoundRobin, move || sender(from, to)).send(0)?;
    }
    Ok(())
}

#[test]
fn messages_of_one_sender_arrive_in_order_on_one_loop_and_across_loops() {
    each_world(25, 1..=4, |seed, loops| {
        for high in [2, 1_024] {
            let arrived = Arc::new(AtomicU64::new(0));
            let counts = Arc::clone(&arrived);
            let root = || Role::idle().started(move |ctx| plant(ctx, high, counts));
            play(world(seed, loops), root).unwrap();
            assert_eq!(arrived.load(Ordering::SeqCst), SENDERS as u64 * EACH);
        }
    });
}

#[test]
fn messages_of_one_sender_arrive_in_order_across_real_loops() {
    must_end(|| {
        for loops in [2, 3, 4] {
            for _ in 0..20 {
                let arrived = Arc::new(AtomicU64::new(0));
                let counts = Arc::clone(&arrived);
                let runtime = Runtime::builder().loops(loops).build().unwrap();
                runtime.run(|| Role::idle().started(move |ctx| plant(ctx, 64, counts))).unwrap();
                // A message out of order ends the receiver, so it would not count them all.
                assert_eq!(arrived.load(Ordering::SeqCst), SENDERS as u64 * EACH);
            }
        }
    });
}

#[test]
fn messages_of_each_thread_outside_arrive_in_order() {
    let arrived = Arc::new(AtomicU64::new(0));
    let counts = Arc::clone(&arrived);
    beside(Runtime::builder().loops(2), move |handle| {
        let to = handle.spawn(Placement::Loop(1), Spawn::new().high(8), || receiver(counts));
        let to = to.unwrap();
        thread::scope(|scope| {
            for from in 0..SENDERS {
                let to = &to;
                scope.spawn(move || {
                    for number in 0..EACH {
                        to.send(Numbered::new(from, number)).unwrap();
                    }
                });
            }
        });
    });
    assert_eq!(arrived.load(Ordering::SeqCst), SENDERS as u64 * EACH);
}

#[test]
fn what_is_sent_before_a_remote_actor_is_built_waits_for_it_in_order() {
    each_world(20, 2..=3, |seed, loops| {
        let arrived = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&arrived);
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let to = ctx.spawn_on(Placement::Loop(1), || receiver(counts));
                for number in 0..EACH {
                    to.send(Numbered::new(0, number))?;
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(arrived.load(Ordering::SeqCst), EACH);
    });
}
