//! Channels as sources and sinks: with real threads at the other end, and with actors in simulated worlds.

use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use flume::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded, unbounded};
use roundsman::stream::{
    Item, PipeError, ReceiversGone, Running, Sink, Source, StreamContext, Summary, collect,
};
use roundsman::{AliveReason, Context, Outcome, RunError, Runtime};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::peer::aside;
use roundsman_tests::role::Role;
use roundsman_tests::seeds;
use roundsman_tests::timeline::Taken;
use roundsman_tests::trial::World;

const REAL: World = World::Real { loops: 2 };

/// What the actors here take.
enum Step {
    Sent(Result<Summary, PipeError>),
    Taken(Result<Vec<u64>, PipeError>),
    Item(Item<u64>),
    Tick,
}

/// Runs a root in 60 simulated worlds on each number of loops.
fn in_worlds(root: impl Fn() -> Role<Step> + Clone + Send + 'static) {
    seeds::each_world(60, 1..=3, |seed, loops| {
        let root = root.clone();
        must_end(move || {
            run_balanced(World::Simulated { seed, loops }.runtime(), root)
                .expect("it does not fail");
        });
    });
}

/// Two pipelines with a channel between them: all that goes in comes out.
fn from_one_to_the_other(channel: fn() -> (Sender<u64>, Receiver<u64>), on: bool) {
    in_worlds(move || {
        let mut ends = 0;
        let receive = move |step, ctx: &mut Context<'_, Role<Step>>| -> Outcome {
            match step {
                Step::Sent(end) => assert_eq!(end?.items, 100),
                Step::Taken(items) => assert_eq!(items?, Vec::from_iter(0..100)),
                Step::Item(_) | Step::Tick => {}
            }
            ends += 1;
            if ends == 2 {
                ctx.stop();
            }
            Ok(())
        };
        Role::new(receive).started(move |ctx| {
            let (sender, receiver) = channel();
            let mut source = Source::iter(0..100);
            if on {
                source = source.on(roundsman::Placement::Loop(1));
            }
            source.pipe(Sink::sender(sender)).start(ctx, Step::Sent);
            Source::receiver(receiver).pipe(collect()).start(ctx, Step::Taken);
            Ok(())
        })
    });
}

#[test]
fn what_goes_into_a_channel_comes_out_of_it_whatever_its_bound() {
    from_one_to_the_other(|| bounded(3), false);
    from_one_to_the_other(|| bounded(1), true);
    from_one_to_the_other(unbounded, true);
}

#[test]
fn a_channel_without_room_hands_items_over_one_by_one() {
    from_one_to_the_other(|| bounded(0), false);
    from_one_to_the_other(|| bounded(0), true);
}

#[test]
fn a_receiver_ends_when_all_senders_are_gone_and_all_has_been_taken() {
    let (sender, receiver) = unbounded();
    let other = sender.clone();
    sender.send(1_u64).unwrap();
    other.send(2).unwrap();
    drop((sender, other));
    assert_eq!(result(ONE_LOOP, Source::receiver(receiver).pipe(collect())).unwrap(), [1, 2]);
    let (_, receiver) = bounded::<u64>(1);
    assert_eq!(
        result(ONE_LOOP, Source::receiver(receiver).pipe(collect())).unwrap(),
        Vec::<u64>::new()
    );
}

#[test]
fn a_thread_sends_to_a_stream_that_waits_for_it() {
    let (sender, receiver) = bounded(4);
    let thread = aside(move || (0..2_000).try_for_each(|n| sender.send(n)));
    let items = result(REAL, Source::receiver(receiver).pipe(collect())).expect("they come");
    assert_eq!(items, Vec::from_iter(0..2_000));
    thread.join().unwrap().unwrap();
}

#[test]
fn a_thread_takes_from_a_stream_that_waits_for_it() {
    let (sender, receiver) = bounded(4);
    let thread = aside(move || receiver.iter().collect::<Vec<u64>>());
    let end = result(REAL, Source::iter(0..2_000).pipe(Sink::sender(sender)));
    assert_eq!(end.expect("they go").items, 2_000);
    assert_eq!(thread.join().unwrap(), Vec::from_iter(0..2_000));
}

#[test]
fn several_streams_and_threads_share_a_channel_and_nothing_is_lost_or_doubled() {
    let (sender, receiver) = bounded(2);
    let threads: Vec<_> = (0..3_u64)
        .map(|thread| {
            let sender = sender.clone();
            aside(move || (0..500).try_for_each(|n| sender.send(thread * 500 + n)))
        })
        .collect();
    drop(sender);
    let (tell, told) = mpsc::channel();
    let outside = receiver.clone();
    let taker = aside(move || {
        // Not `recv`: see what `Source::receiver` says of threads that receive beside a stream.
        let next = || loop {
            match outside.recv_timeout(Duration::from_millis(20)) {
                Ok(item) => return Some(item),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        };
        std::iter::from_fn(next).collect::<Vec<u64>>()
    });
    must_end(move || {
        let root = move || {
            let mut left = 2;
            let receive = move |step, ctx: &mut Context<'_, Role<Step>>| -> Outcome {
                let Step::Taken(items) = step else { return Ok(()) };
                tell.send(items?)?;
                left -= 1;
                if left == 0 {
                    ctx.stop();
                }
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                Source::receiver(receiver.clone()).pipe(collect()).start(ctx, Step::Taken);
                let elsewhere = Source::receiver(receiver).on(roundsman::Placement::Loop(1));
                elsewhere.pipe(collect()).start(ctx, Step::Taken);
                Ok(())
            })
        };
        run_balanced(REAL.runtime(), root).expect("it does not fail");
    });
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
    let mut all: Vec<u64> = told.iter().flatten().collect();
    all.extend(taker.join().unwrap());
    all.sort_unstable();
    assert_eq!(all, Vec::from_iter(0..1_500));
}

#[test]
fn a_slow_stream_takes_no_more_out_than_it_has_asked_for() {
    seeds::each_world(20, 1..=3, |seed, loops| {
        let (sender, receiver) = unbounded();
        (0..100_u64).try_for_each(|n| sender.send(n)).unwrap();
        let left = receiver.clone();
        let source = Source::receiver(receiver).map(move |n| (n, left.len()));
        let taken = Taken::at_once().keep_until(500).cancel_at(100);
        let timeline = taken.run(World::Simulated { seed, loops }, source);
        assert_eq!(timeline.items.len(), 16);
        assert!(timeline.items.iter().all(|(_, (n, left))| *left as u64 == 99 - n));
    });
}

#[test]
fn a_full_channel_holds_the_stream_back() {
    seeds::each_world(20, 1..=3, |seed, loops| {
        let count = Count::default();
        let source = Source::iter(Counted::<u64>::new(u64::MAX, &count));
        let (sender, receiver) = bounded(5);
        let root = move || {
            Role::<Step>::idle().started(move |ctx| {
                source.pipe(Sink::sender(sender)).start(ctx, Step::Sent);
                Ok(())
            })
        };
        let stuck = World::Simulated { seed, loops }.runtime().run(root);
        let Err(RunError::Stuck(why)) = stuck else { panic!("{stuck:?}") };
        assert!(why.contains(":sender, which expects something from outside"), "{why}");
        // What is in the channel, what waits for room in it, and a window.
        assert_eq!(receiver.len(), 5);
        assert!(count.items() <= 5 + 1 + 16, "{} were pulled", count.items());
    });
}

#[test]
fn a_stream_that_is_cancelled_lets_the_receiver_go() {
    seeds::each_world(20, 1..=3, |seed, loops| {
        let (sender, receiver) = bounded(1);
        let source = Source::receiver(receiver);
        let taken = Taken::at_once().cancel_at(10);
        let timeline = taken.run(World::Simulated { seed, loops }, source);
        assert!(timeline.end.expect_err("cancelled").is_cancelled());
        assert!(sender.send(1_u64).is_err());
    });
}

#[test]
fn a_source_that_is_never_started_lets_the_receiver_go() {
    let (sender, receiver) = bounded(1);
    drop(Source::receiver(receiver));
    assert!(sender.send(1).is_err());
}

#[test]
fn a_stream_whose_receivers_are_gone_fails() {
    for _ in 0..20 {
        let (sender, receiver) = bounded(2);
        let thread = aside(move || receiver.iter().take(2).count());
        let end = result(REAL, Source::iter(0..).pipe(Sink::sender(sender)));
        let error = end.expect_err("nobody takes the third");
        assert_eq!((error.stage(), error.cause_as()), ("sender", Some(&ReceiversGone)));
        thread.join().unwrap();
    }
}

#[test]
fn the_end_lets_the_sender_go_when_everything_is_in_the_channel() {
    let (sender, receiver) = unbounded();
    let end = result(ONE_LOOP, Source::iter([1, 2]).pipe(Sink::sender(sender)));
    assert_eq!(end.expect("it ends").items, 2);
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(1), Ok(2)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn a_failure_above_lets_the_sender_go() {
    let (sender, receiver) = unbounded();
    let source = Source::iter(0..5).map(|n| if n < 3 { n } else { panic!("told to") });
    let error = result(ONE_LOOP, source.pipe(Sink::sender(sender))).expect_err("it panics");
    assert_eq!(error.stage(), "iter, map");
    assert!(receiver.iter().count() <= 3);
}

#[test]
fn bytes_are_counted_as_bytes() {
    let (sender, receiver) = unbounded();
    let blocks = [Bytes::from_static(b"abc"), Bytes::new(), Bytes::from_static(b"de")];
    let end = result(ONE_LOOP, Source::iter(blocks).pipe(Sink::sender(sender))).expect("it ends");
    assert_eq!((end.items, end.bytes, receiver.len()), (3, 5, 3));
}

#[test]
fn a_stream_that_waits_for_a_thread_is_alive_by_name() {
    beside(Runtime::builder().loops(2), |handle| {
        let (sender, receiver) = bounded::<u64>(1);
        let (tell, told) = mpsc::channel();
        handle.spawn(roundsman::Placement::Loop(1), roundsman::Spawn::named("waits"), move || {
            let receive = move |step, _: &mut Context<'_, Role<Step>>| -> Outcome {
                match step {
                    Step::Item(item) => tell.send(Some(*item))?,
                    Step::Sent(_) | Step::Taken(_) | Step::Tick => tell.send(None)?,
                }
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                Source::receiver(receiver).pipe(ctx.inlet(Step::Item)).start(ctx, Step::Sent);
                Ok(())
            })
        });
        sender.send(7).unwrap();
        assert_eq!(told.recv(), Ok(Some(7)));
        // It waits as soon as it has given what there was.
        let waits = |reason: &AliveReason| matches!(reason, AliveReason::Expecting { path } if path.ends_with(":receiver"));
        while !handle.why_alive().reasons.iter().any(waits) {
            std::thread::yield_now();
        }
        drop(sender);
        assert_eq!(told.recv(), Ok(None));
        assert!(!handle.why_alive().reasons.iter().any(waits));
        handle.stop();
    });
}

#[test]
fn a_runtime_that_waits_for_a_thread_alone_does_not_end() {
    for _ in 0..20 {
        let (sender, receiver) = bounded(1);
        let (go, gone) = mpsc::channel();
        let thread = aside(move || {
            gone.recv().unwrap();
            sender.send(1_u64)
        });
        let mut go = Some(go);
        let source = Source::receiver(receiver);
        // Nothing but the stream keeps this runtime.
        let root = move || {
            let receive = move |step, ctx: &mut Context<'_, Role<Step>>| -> Outcome {
                let Step::Taken(items) = step else { return Ok(()) };
                assert_eq!(items?, [1]);
                ctx.stop();
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                source.pipe(collect()).start(ctx, Step::Taken);
                go.take().expect("it starts once").send(())?;
                Ok(())
            })
        };
        must_end(move || Runtime::builder().loops(1).build().unwrap().run(root).unwrap());
        thread.join().unwrap().unwrap();
    }
}

#[test]
fn a_pause_leaves_items_in_the_channel() {
    seeds::each_world(20, 1..=3, |seed, loops| {
        let (sender, receiver) = unbounded();
        let root = move || {
            let mut running: Option<Running> = None;
            let (tell, started) = mpsc::channel();
            let watched = receiver.clone();
            let mut phase = 0;
            let receive = move |step, ctx: &mut Context<'_, Role<Step>>| -> Outcome {
                let running = running.get_or_insert_with(|| started.recv().expect("it runs"));
                match (step, phase) {
                    (Step::Tick, 0) => running.pause(),
                    (Step::Tick, 1) => sender.send(1_u64)?,
                    (Step::Tick, 2) => {
                        assert_eq!(watched.len(), 1, "it was taken out");
                        running.resume();
                    }
                    (Step::Item(item), 3) => running.cancel(format!("{} is enough", *item)),
                    (Step::Sent(end), 3) => {
                        assert!(end.is_err_and(|error| error.is_cancelled()));
                        ctx.stop();
                        return Ok(());
                    }
                    _ => panic!("out of turn in phase {phase}"),
                }
                if phase < 2 {
                    ctx.send_after(Duration::from_millis(5), Step::Tick);
                }
                phase = 3.min(phase + 1);
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                let pipeline = Source::receiver(receiver).pipe(ctx.inlet(Step::Item));
                tell.send(pipeline.start(ctx, Step::Sent))?;
                ctx.send_after(Duration::from_millis(5), Step::Tick);
                Ok(())
            })
        };
        must_end(move || run_balanced(World::Simulated { seed, loops }.runtime(), root).unwrap());
    });
}
