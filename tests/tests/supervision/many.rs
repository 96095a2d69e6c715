//! Many that fail at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use roundsman::{Backoff, ChildSpec, Placement, Runtime, Supervision};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

use crate::often;

#[test]
fn ten_thousand_actors_that_fail_at_once_are_all_built_anew() {
    const MANY: u32 = 10_000;
    for loops in [1, 2] {
        let (builds, answers) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (built, answered) = (Arc::clone(&builds), Arc::clone(&answers));
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.supervision(often(Supervision::one_for_one()));
                for _ in 0..MANY {
                    let (built, answered) = (Arc::clone(&built), Arc::clone(&answered));
                    let spec = ChildSpec::permanent("one");
                    let child = ctx.supervise_on(Placement::RoundRobin, spec, move || {
                        built.fetch_add(1, Ordering::SeqCst);
                        let answered = Arc::clone(&answered);
                        Role::<bool>::new(move |fails, _| {
                            assert!(!fails, "on purpose");
                            answered.fetch_add(1, Ordering::SeqCst);
                            Ok(())
                        })
                        .may_panic()
                    });
                    child.send(true)?;
                    child.send(false)?;
                }
                Ok(())
            })
        };
        // On real loops: a simulated one chooses among ten thousand at each turn.
        must_end(move || Runtime::builder().loops(loops).build().unwrap().run(root).unwrap());
        assert_eq!(builds.load(Ordering::SeqCst), 2 * MANY);
        assert_eq!(answers.load(Ordering::SeqCst), MANY);
    }
}

#[test]
fn many_that_fail_at_once_and_wait_are_all_built_anew() {
    const MANY: u32 = 20_000;
    let starts = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&starts);
    let root = move || {
        Role::<()>::idle().started(move |ctx| {
            let backoff = Backoff::exponential(Duration::from_millis(2), Duration::from_millis(50));
            ctx.supervision(often(Supervision::one_for_one()).backoff(backoff));
            for _ in 0..MANY {
                let counts = Arc::clone(&counts);
                let child = ctx.supervise(ChildSpec::permanent("one"), move || {
                    counts.fetch_add(1, Ordering::SeqCst);
                    Role::<()>::new(|(), _| Err("on purpose".into()))
                });
                child.send(())?;
            }
            Ok(())
        })
    };
    must_end(move || Runtime::builder().loops(1).build().unwrap().run(root).unwrap());
    assert_eq!(starts.load(Ordering::SeqCst), 2 * MANY);
}
