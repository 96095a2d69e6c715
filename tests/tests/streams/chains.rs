//! Chains of five stages, each an actor of its own: wherever one fails, both ends hear of it once, and all are let go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use roundsman::Placement;
use roundsman::stream::{Cut, Item, PipeError, Source, StreamContext, Summary, try_map};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::seeds;
use roundsman_tests::trial::World;

/// How a stage fails, once so many items have passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failing {
    ByPanic,
    ByError,
}

const STAGES: usize = 5;
/// Long enough for whatever might come late.
const WHILE: Duration = Duration::from_millis(20);
/// Items that pass before the failure.
const BEFORE: u64 = 40;

enum Step {
    Item(Item<u64>),
    Ended(Result<Summary, PipeError>),
    Over,
}

/// What was seen of a chain.
#[derive(Debug, Default)]
struct Seen {
    items: u64,
    late: u64,
    ends: Vec<Result<Summary, PipeError>>,
}

/// Counts how often a stage was dropped.
struct Dropped(Arc<AtomicU64>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A chain of an endless source and five stages, of which number `at` fails. Each stage counts its drop.
fn chain(count: &Count, at: usize, failing: Failing, drops: &Arc<[Arc<AtomicU64>]>) -> Source<u64> {
    let mut source = Source::iter(Counted::new(u64::MAX, count));
    for (number, drops) in drops.iter().enumerate() {
        let dropped = Dropped(Arc::clone(drops));
        let fails = number == at;
        let mut passed = 0;
        let pass = move |item| {
            let _with_it = &dropped;
            passed += 1;
            let ill = fails && passed > BEFORE;
            assert!(!ill || failing == Failing::ByError, "it was told to");
            if ill { Err("it was told to") } else { Ok(item) }
        };
        // Every second one on another loop, if there is one.
        source = source.on(Placement::Loop(number % 2)).through(try_map(pass));
    }
    source
}

/// Runs a chain, and says what its sink has seen until a while after the end. The books of the runtime must balance.
fn run(world: World, make: impl FnOnce() -> Source<u64> + Send + 'static) -> Seen {
    let (tell, told) = mpsc::channel();
    must_end(move || {
        let root = move || {
            let mut seen = Seen::default();
            Role::new(move |step, ctx| {
                match step {
                    Step::Item(item) => {
                        assert_eq!(*item, seen.items);
                        seen.items += 1;
                        seen.late += u64::from(!seen.ends.is_empty());
                    }
                    Step::Ended(end) => {
                        seen.ends.push(end);
                        ctx.send_after(WHILE, Step::Over);
                    }
                    Step::Over => {
                        tell.send(std::mem::take(&mut seen))?;
                        ctx.stop();
                    }
                }
                Ok(())
            })
            .started(move |ctx| {
                make().pipe(ctx.inlet(Step::Item)).start(ctx, Step::Ended);
                Ok(())
            })
        };
        run_balanced(world.runtime(), root).expect("the root does not fail");
    });
    told.recv().expect("it has ended")
}

fn fails_at_each_place(failing: Failing) {
    let check = |world| {
        for at in 0..STAGES {
            let count = Count::default();
            let drops: Arc<[Arc<AtomicU64>]> = (0..STAGES).map(|_| Arc::default()).collect();
            let (counted, dropped) = (count.clone(), Arc::clone(&drops));
            let seen = run(world, move || chain(&counted, at, failing, &dropped));
            let [Err(error)] = &seen.ends[..] else { panic!("at {at}: {seen:?}") };
            assert_eq!(error.stage(), "try_map", "at {at}");
            match failing {
                Failing::ByPanic => {
                    assert_eq!(error.cause_as(), Some(&Cut::Panicked("it was told to".into())));
                }
                Failing::ByError => assert_eq!(error.cause().to_string(), "it was told to"),
            }
            // What had passed comes before the failure, unless it was not asked for.
            assert!(seen.items <= BEFORE && seen.late == 0, "at {at}: {seen:?}");
            assert_eq!(count.drops(), 1, "at {at}: the source is let go once");
            let drops: Vec<_> = drops.iter().map(|drops| drops.load(Ordering::SeqCst)).collect();
            assert_eq!(drops, [1; STAGES], "at {at}: each stage is let go once");
        }
    };
    seeds::each_world(67, 1..=3, |seed, loops| check(World::Simulated { seed, loops }));
    check(World::Real { loops: 2 });
}

#[test]
fn a_panic_at_each_place_of_five_reaches_both_ends_once() {
    fails_at_each_place(Failing::ByPanic);
}

#[test]
fn an_error_at_each_place_of_five_reaches_both_ends_once() {
    fails_at_each_place(Failing::ByError);
}
