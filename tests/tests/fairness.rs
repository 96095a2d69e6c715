//! Nobody holds a loop: a turn is at most its budget, and at most what was queued when it began.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use roundsman::{Address, Builder, Overflow, Placement, Runtime, Spawn};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

/// One loop in real time: there actors take their turns one after another, as they became runnable.
fn one_loop(budget: u32, root: impl FnOnce() -> Role<u32>) {
    Runtime::builder().loops(1).budget(budget).build().unwrap().run(root).unwrap();
}

/// How many messages one actor handled at a time, where three have a thousand each.
fn turns(builder: Builder) -> Vec<usize> {
    let order = Rc::new(RefCell::new(Vec::new()));
    let notes = Rc::clone(&order);
    let root = move || {
        Role::<u32>::idle().started(move |ctx| {
            for name in 0..3 {
                let notes = Rc::clone(&notes);
                let worker = ctx.spawn(Role::<()>::new(move |(), _| {
                    notes.borrow_mut().push(name);
                    Ok(())
                }));
                for _ in 0..1_000 {
                    worker.send(())?;
                }
            }
            Ok(())
        })
    };
    builder.loops(1).build().unwrap().run(root).unwrap();
    let order = order.take();
    assert_eq!(order.len(), 3_000);
    // All three are busy to the end, so no two turns of one come together.
    order.chunk_by(|one, next| one == next).map(<[_]>::len).collect()
}

#[test]
fn a_turn_handles_at_most_its_budget() {
    for budget in [1, 10, 128] {
        let turns = turns(Runtime::builder().budget(budget));
        assert_eq!(turns.iter().max(), Some(&(budget as usize)), "{turns:?}");
    }
}

#[test]
fn a_turn_with_a_large_budget_ends_with_the_time_of_its_round() {
    for (round, longest) in [(Duration::ZERO, 128), (Duration::from_secs(3600), 500)] {
        let turns = turns(Runtime::builder().budget(500).round(round));
        assert_eq!(turns.iter().max(), Some(&longest), "{turns:?}");
    }
}

#[test]
fn a_turn_handles_at_most_what_was_queued_when_it_began() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let notes = Rc::clone(&order);
    one_loop(1_000, move || {
        Role::idle().started(move |ctx| {
            for name in 0..2 {
                let notes = Rc::clone(&notes);
                let worker = ctx.spawn(Role::<u32>::new(move |left, ctx| {
                    notes.borrow_mut().push(name);
                    if left > 0 {
                        ctx.address().send(left - 1)?;
                    }
                    Ok(())
                }));
                worker.send(50)?;
            }
            Ok(())
        })
    });
    let alternating: Vec<_> = (0..51).flat_map(|_| [0, 1]).collect();
    assert_eq!(order.take(), alternating);
}

/// Sends to itself for ever.
fn busy() -> Role<()> {
    Role::<()>::new(|(), ctx| Ok(ctx.address().send(())?))
}

#[test]
fn an_actor_that_is_never_idle_starves_no_timer() {
    must_end(|| {
        one_loop(128, || {
            Role::new(|_, ctx| {
                ctx.stop();
                Ok(())
            })
            .started(|ctx| {
                for _ in 0..3 {
                    let busy = ctx.spawn_with(Spawn::new().overflow(Overflow::Unbounded), busy());
                    for _ in 0..1_000 {
                        busy.send(())?;
                    }
                }
                ctx.send_after(Duration::from_millis(5), 1);
                Ok(())
            })
        });
    });
}

#[test]
fn an_actor_that_is_never_idle_starves_no_message_from_other_loops_and_threads() {
    must_end(|| {
        let runtime = Runtime::builder().loops(2).build().unwrap();
        let root = || {
            Role::<u32>::new(|hops, ctx| {
                if hops == 0 {
                    ctx.stop();
                }
                Ok(())
            })
            .started(|ctx| {
                for index in 0..2 {
                    ctx.spawn_on(Placement::Loop(index), busy).send(())?;
                }
                let me = ctx.address();
                let other = ctx.spawn_on(Placement::Loop(1), move || {
                    Role::<u32>::new(move |hops, _| Ok(me.send(hops)?))
                });
                for hops in (0..100).rev() {
                    other.send(hops)?;
                }
                Ok(())
            })
        };
        runtime.run(root).unwrap();
    });
}

#[test]
fn a_flooded_actor_starves_no_neighbour() {
    must_end(|| {
        let handled = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&handled);
        one_loop(100, move || {
            Role::new(|_, ctx| {
                ctx.stop();
                Ok(())
            })
            .started(move |ctx| {
                let spawn = Spawn::new().overflow(Overflow::Unbounded);
                let flooded: Address<()> = ctx.spawn_with(
                    spawn,
                    Role::new(move |(), _| {
                        counts.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    }),
                );
                for _ in 0..100_000 {
                    flooded.send(())?;
                }
                // It stands behind 100,000 messages, and behind one turn only.
                Ok(ctx.address().send(0)?)
            })
        });
        assert!(handled.load(Ordering::SeqCst) <= 100, "{handled:?} were handled first");
    });
}

#[test]
fn first_turns_count_towards_the_end_of_a_round() {
    let runtime = Runtime::builder().loops(1).build().unwrap();
    let handle = runtime.handle().unref();
    let rounds = Rc::new(RefCell::new(Vec::new()));
    let notes = Rc::clone(&rounds);
    let root = move || {
        Role::<()>::idle().started(move |ctx| {
            for _ in 0..20_000 {
                let (notes, handle) = (Rc::clone(&notes), handle.clone());
                ctx.spawn(Role::<()>::idle().started(move |_| {
                    // All of them together: a hundred million steps, so many times a round's millisecond.
                    (0..5_000_u32).for_each(|n| _ = std::hint::black_box(n));
                    notes.borrow_mut().push(handle.metrics().loops[0].rounds);
                    Ok(())
                }));
            }
            Ok(())
        })
    };
    runtime.run(root).unwrap();
    let rounds = rounds.take();
    assert_eq!(rounds.len(), 20_000);
    let in_between = rounds[19_999] - rounds[0];
    assert!(in_between >= 10, "in {in_between} rounds: timers and sockets were not looked at");
}
