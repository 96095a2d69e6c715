//! Events as a source: Node's `events.on`, with a bound.

use std::time::Duration;

use roundsman::emitter::{Error, Events};
use roundsman::stream::{Item, PipeError, StreamContext, Summary, collect};
use roundsman::{AskError, Context, SlowPolicy};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::{Said, emitter};

enum Msg {
    Later(u32),
    Item(Item<Said>),
    Ended(Result<Summary, PipeError>),
    All(Result<Vec<Said>, PipeError>),
    Dropped(Result<u64, AskError>),
    Count(Result<usize, AskError>),
}

/// The window of a link: so many are under way before any waits.
const WINDOW: u32 = 16;

type Script = fn(u32, &Events, &mut Context<'_, Role<Msg>>, &Diary);

/// Runs a script of steps a second apart, which keeps all items that come; returns what was noted.
fn noted(script: Script) -> impl Fn(u64, usize) -> Vec<String> {
    move |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            let mut events = None;
            let mut kept = Vec::new();
            Role::<Msg>::new(move |message, ctx| {
                let events = events.get_or_insert_with(|| emitter(ctx));
                match message {
                    // Whoever looks at what it has kept lets go of it.
                    Msg::Later(9) => {
                        for item in kept.drain(..) {
                            let Said(n) = Item::<Said>::take(item);
                            notes.note(n.to_string());
                        }
                    }
                    Msg::Later(step) => script(step, events, ctx, &notes),
                    Msg::Item(item) => kept.push(item),
                    Msg::Ended(end) => notes.note(if end.is_ok() { "end" } else { "failed" }),
                    Msg::All(all) => notes.note(format!("{:?}", all.map(|all| all.len()).ok())),
                    Msg::Dropped(count) => notes.note(format!("{} dropped", count?)),
                    Msg::Count(count) => notes.note(format!("{} listen", count?)),
                }
                Ok(())
            })
            .started(|ctx| {
                for step in 0..4 {
                    ctx.send_after(Duration::from_secs(step), Msg::Later(step as u32));
                    let between = Duration::from_secs(step) + Duration::from_millis(500);
                    ctx.send_after(between, Msg::Later(9));
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        diary.take()
    }
}

fn emit(events: &Events, numbers: impl IntoIterator<Item = u32>) {
    for n in numbers {
        events.emit(Said(n)).unwrap();
    }
}

#[test]
fn a_source_gives_the_events_from_now_on_and_ends_with_the_emitter() {
    each_world(20, 1..=3, |seed, loops| {
        let noted = noted(|step, events, ctx, _| match step {
            0 => {
                emit(events, [0]);
                let source = events.source::<Said>(100, SlowPolicy::Wait);
                source.pipe(collect()).start(ctx, Msg::All);
                emit(events, 1..=50);
            }
            1 => events.address().stop(),
            _ => {}
        });
        assert_eq!(noted(seed, loops), ["Some(50)"]);
    });
}

#[test]
fn a_source_fails_with_its_emitter() {
    each_world(20, 1..=3, |seed, loops| {
        let noted = noted(|step, events, ctx, _| match step {
            0 => {
                let source = events.source::<Said>(100, SlowPolicy::Wait);
                source.pipe(collect()).start(ctx, Msg::All);
                emit(events, 1..=5);
            }
            1 => events.emit(Error::new("unheard")).unwrap(),
            _ => {}
        });
        assert_eq!(noted(seed, loops), ["None"]);
    });
}

/// Emits 100 events to a source of 4 that nobody takes from; then everything is taken.
fn full(policy: SlowPolicy, seed: u64, loops: usize) -> Vec<String> {
    // A script captures nothing, so one for each policy.
    fn start(policy: SlowPolicy, events: &Events, ctx: &mut Context<'_, Role<Msg>>) {
        let source = events.source::<Said>(4, policy);
        source.pipe(ctx.inlet(Msg::Item)).start(ctx, Msg::Ended);
    }
    let script: Script = match policy {
        SlowPolicy::DropOldest => |step, events, ctx, _| match step {
            0 => start(SlowPolicy::DropOldest, events, ctx),
            1 => emit(events, 1..=100),
            2 => events.dropped::<Said>().ask(ctx, Msg::Dropped),
            _ => events.address().stop(),
        },
        SlowPolicy::DropNewest => |step, events, ctx, _| match step {
            0 => start(SlowPolicy::DropNewest, events, ctx),
            1 => emit(events, 1..=100),
            2 => events.dropped::<Said>().ask(ctx, Msg::Dropped),
            _ => events.address().stop(),
        },
        SlowPolicy::Wait => |step, events, ctx, _| match step {
            0 => start(SlowPolicy::Wait, events, ctx),
            1 => emit(events, 1..=100),
            2 => events.dropped::<Said>().ask(ctx, Msg::Dropped),
            _ => {}
        },
        _ => |step, events, ctx, _| match step {
            0 => start(SlowPolicy::Disconnect, events, ctx),
            1 => emit(events, 1..=100),
            2 => events.listener_count::<Said>().ask(ctx, Msg::Count),
            _ => events.address().stop(),
        },
    };
    noted(script)(seed, loops)
}

#[test]
fn a_full_source_that_drops_the_oldest_gives_the_newest() {
    each_world(20, 1..=3, |seed, loops| {
        let notes = full(SlowPolicy::DropOldest, seed, loops);
        let first = (1..=WINDOW).map(|n| n.to_string());
        let newest = (97..=100).map(|n| n.to_string());
        let mut expected: Vec<_> = first.chain(newest).collect();
        expected.insert(WINDOW as usize, "80 dropped".into());
        expected.push("end".into());
        assert_eq!(notes, expected);
    });
}

#[test]
fn a_full_source_that_drops_the_newest_gives_the_oldest() {
    each_world(20, 1..=3, |seed, loops| {
        let notes = full(SlowPolicy::DropNewest, seed, loops);
        let mut expected: Vec<_> = (1..=WINDOW + 4).map(|n| n.to_string()).collect();
        expected.insert(WINDOW as usize, "80 dropped".into());
        expected.push("end".into());
        assert_eq!(notes, expected);
    });
}

#[test]
fn a_full_source_that_is_cut_off_fails() {
    each_world(20, 1..=3, |seed, loops| {
        let notes = full(SlowPolicy::Disconnect, seed, loops);
        assert!(notes.iter().any(|note| note == "failed"), "{notes:?}");
        assert!(notes.iter().any(|note| note == "0 listen"), "{notes:?}");
    });
}

#[test]
fn a_full_source_that_is_waited_for_loses_nothing() {
    each_world(20, 1..=3, |seed, loops| {
        let notes = full(SlowPolicy::Wait, seed, loops);
        let numbers: Vec<u32> = notes.iter().filter_map(|note| note.parse().ok()).collect();
        let came = numbers.len() as u32;
        assert!(numbers.into_iter().eq(1..=came), "{notes:?}");
        assert!(notes.iter().any(|note| note == "0 dropped"), "{notes:?}");
    });
}
