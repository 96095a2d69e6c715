//! The hub: subscribers come and go while it runs, and each says what is done when it does not keep up.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use roundsman::stream::{
    Cut, Hub, HubError, HubSubscriber, Item, PipeError, Refused, Source, StreamContext, Summary,
};
use roundsman::{Actor, Context, Outcome, Placement, SlowPolicy};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};
use roundsman_tests::trial::World;

const ITEMS: u64 = 200;
/// Items that may wait in the hub for one subscriber.
const LIMIT: usize = 10;
/// What an inlet lets be under way, and the link into its pipeline.
const WINDOWS: u64 = 32;

/// What the actors here take.
enum Step {
    Fed(Result<Summary, PipeError>),
    List(Result<Vec<u64>, PipeError>),
    Item(Item<u64>),
    Ended(Result<Summary, PipeError>),
    Later,
}

type Here<'a, 'b> = &'a mut Context<'b, Role<Step>>;

/// A root that has a hub, in simulated worlds and a real one.
fn in_worlds(
    begin: impl Fn(&Hub<u64>, Here<'_, '_>) + Clone + Send + 'static,
    receive: impl FnMut(Step, &mut Option<Hub<u64>>, Here<'_, '_>) -> Outcome + Clone + Send + 'static,
) {
    let run = move |world: World| {
        let (begin, mut receive) = (begin.clone(), receive.clone());
        must_end(move || {
            let root = move || {
                let hub = Arc::new(Mutex::new(None));
                let made = Arc::clone(&hub);
                let take = move |step, ctx: Here<'_, '_>| {
                    receive(step, &mut hub.lock().expect("one at a time"), ctx)
                };
                Role::new(take).started(move |ctx| {
                    let hub = Hub::new(ctx, LIMIT);
                    begin(&hub, ctx);
                    *made.lock().expect("one at a time") = Some(hub);
                    Ok(())
                })
            };
            run_balanced(world.runtime(), root).expect("the root does not fail");
        });
    };
    each_world(20, 1..=3, |seed, loops| run(World::Simulated { seed, loops }));
    run(World::Real { loops: 2 });
}

fn feed(hub: &Hub<u64>, ctx: Here<'_, '_>) {
    Source::iter(0..ITEMS).pipe(hub.sink()).start(ctx, Step::Fed);
}

#[test]
fn every_subscriber_gets_what_comes_and_ends_with_the_hub() {
    let mut lists = 0;
    in_worlds(
        |hub, ctx| {
            for number in 0..3 {
                let items = hub.subscribe(SlowPolicy::Wait).on(Placement::Loop(number));
                items.collect().start(ctx, Step::List);
            }
            feed(hub, ctx);
        },
        move |step, hub, ctx| {
            match step {
                Step::Fed(summary) => {
                    assert_eq!(summary?.items, ITEMS);
                    hub.take().expect("it is there").end();
                }
                Step::List(list) => {
                    assert!(list?.into_iter().eq(0..ITEMS));
                    lists += 1;
                    if lists == 3 {
                        ctx.stop();
                    }
                }
                _ => unreachable!("nothing else is sent"),
            }
            Ok(())
        },
    );
}

/// A hub with a subscriber that keeps every item for a second, and one that takes all.
struct Crowd {
    policy: SlowPolicy,
    tell: mpsc::Sender<Seen>,
    hub: Option<Hub<u64>>,
    /// What the slow one keeps, for a second.
    kept: Option<Vec<Item<u64>>>,
    fed: bool,
    seen: Seen,
}

/// What was seen.
#[derive(Default)]
struct Seen {
    /// By the slow one.
    slow: Vec<u64>,
    /// How that ended.
    end: Option<Result<Summary, PipeError>>,
    /// By the other.
    fast: Option<Vec<u64>>,
    /// How they kept up when the second was over, the slow one first.
    after_a_second: Vec<HubSubscriber>,
    fed_within_a_second: bool,
}

impl Actor for Crowd {
    type Message = Step;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let hub = Hub::new(ctx, LIMIT);
        let slow = hub.subscribe(self.policy);
        slow.pipe(ctx.inlet(Step::Item)).start(ctx, Step::Ended);
        let fast = hub.subscribe(SlowPolicy::Wait).on(Placement::Loop(1));
        fast.collect().start(ctx, Step::List);
        Source::iter(0..ITEMS).pipe(hub.sink()).start(ctx, Step::Fed);
        ctx.send_after(Duration::from_secs(1), Step::Later);
        self.hub = Some(hub);
        Ok(())
    }

    fn receive(&mut self, step: Step, ctx: &mut Context<'_, Self>) -> Outcome {
        match step {
            Step::Item(item) => {
                self.seen.slow.push(*item);
                if let Some(kept) = &mut self.kept {
                    kept.push(item);
                }
            }
            Step::Fed(summary) => {
                assert_eq!(summary?.items, ITEMS);
                self.fed = true;
            }
            Step::Later => {
                self.seen.fed_within_a_second = self.fed;
                self.seen.after_a_second = self.hub.as_ref().expect("it is there").subscribers();
                self.kept = None;
            }
            Step::List(list) => self.seen.fast = Some(list?),
            Step::Ended(end) => self.seen.end = Some(end),
        }
        if self.fed && self.kept.is_none() {
            // The last handle: the hub ends with it.
            self.hub = None;
        }
        if self.seen.fast.is_some() && self.seen.end.is_some() {
            let _ = self.tell.send(std::mem::take(&mut self.seen));
            ctx.stop();
        }
        Ok(())
    }
}

fn beside_a_slow_one(policy: SlowPolicy, check: impl Fn(Seen)) {
    each_world(20, 1..=3, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let kept = Some(Vec::new());
        let seen = Seen::default();
        let crowd = Crowd { policy, tell, hub: None, kept, fed: false, seen };
        play(world(seed, loops), || crowd).expect("the root does not fail");
        check(told.recv().expect("both have ended"));
    });
}

fn the_other_has_everything(seen: &Seen) {
    assert!(seen.fast.as_ref().expect("it ends").iter().copied().eq(0..ITEMS));
}

#[test]
fn a_subscriber_that_is_waited_for_slows_the_hub_and_loses_nothing() {
    beside_a_slow_one(SlowPolicy::Wait, |seen| {
        assert!(!seen.fed_within_a_second);
        assert_eq!(seen.after_a_second[0].waiting, LIMIT as u64);
        assert_eq!(seen.after_a_second[0].dropped, 0);
        assert!(seen.slow.iter().copied().eq(0..ITEMS));
        the_other_has_everything(&seen);
    });
}

#[test]
fn drop_oldest_gives_a_slow_subscriber_the_newest_and_counts_the_gap() {
    beside_a_slow_one(SlowPolicy::DropOldest, |seen| {
        assert!(seen.fed_within_a_second);
        let slow = seen.after_a_second[0];
        assert_eq!((slow.policy, slow.waiting), (SlowPolicy::DropOldest, LIMIT as u64));
        assert_eq!(slow.dropped + seen.slow.len() as u64, ITEMS);
        assert!(seen.slow.ends_with(&[198, 199]), "{:?}", seen.slow);
        assert!(seen.slow.is_sorted() && seen.slow.len() as u64 <= WINDOWS + LIMIT as u64);
        assert!(seen.end.as_ref().is_some_and(Result::is_ok));
        the_other_has_everything(&seen);
    });
}

#[test]
fn drop_newest_gives_a_slow_subscriber_the_oldest_and_counts_the_rest() {
    beside_a_slow_one(SlowPolicy::DropNewest, |seen| {
        assert!(seen.fed_within_a_second);
        let slow = seen.after_a_second[0];
        assert_eq!(slow.waiting, LIMIT as u64);
        assert_eq!(slow.dropped + seen.slow.len() as u64, ITEMS);
        assert!(seen.slow.starts_with(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), "{:?}", seen.slow);
        assert!(seen.slow.is_sorted() && !seen.slow.contains(&(ITEMS - 1)), "{:?}", seen.slow);
        assert!(seen.end.as_ref().is_some_and(Result::is_ok));
        the_other_has_everything(&seen);
    });
}

#[test]
fn disconnect_fails_a_slow_subscriber_and_forgets_it() {
    beside_a_slow_one(SlowPolicy::Disconnect, |seen| {
        assert!(seen.fed_within_a_second);
        assert_eq!(seen.after_a_second.len(), 1, "the other is left");
        let Some(Err(error)) = &seen.end else { panic!("it was cut off") };
        assert_eq!(error.cause_as(), Some(&HubError::TooSlow { limit: LIMIT }));
        the_other_has_everything(&seen);
    });
}

#[test]
fn publish_hands_back_what_goes_beyond_the_limit_while_it_waits() {
    each_world(20, 1..=2, |seed, loops| {
        let root = || {
            let mut held = Some(Vec::new());
            let mut heard = 0;
            let (mut published, mut before) = (0, 0);
            let hub = Rc::new(RefCell::new(None));
            let made = Rc::clone(&hub);
            let receive = move |step, ctx: &mut Context<'_, Role<Step>>| -> Outcome {
                match step {
                    Step::Item(item) => {
                        assert_eq!(*item, heard, "in order");
                        heard += 1;
                        if let Some(held) = &mut held {
                            Vec::push(held, item);
                        }
                    }
                    Step::Later => {
                        let mut hub = hub.borrow_mut();
                        let all: &Hub<u64> = hub.as_ref().expect("it is there");
                        loop {
                            match all.publish(published) {
                                Ok(()) => published += 1,
                                Err(Refused::Full(item)) => break assert_eq!(item, published),
                                Err(error) => panic!("{error}"),
                            }
                        }
                        if std::mem::replace(&mut before, published) < published {
                            ctx.send_after(Duration::from_secs(1), Step::Later);
                            return Ok(());
                        }
                        // Nothing more moves: here, in the hub's queue and on the links is where items wait.
                        assert!(published <= 2 * LIMIT as u64 + WINDOWS, "{published}");
                        held = None;
                        *hub = None;
                    }
                    Step::Ended(end) => {
                        assert_eq!((end?.items, heard), (published, published));
                        ctx.stop();
                    }
                    Step::Fed(_) | Step::List(..) => {}
                }
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                let hub = Hub::new(ctx, LIMIT);
                let items = hub.subscribe(SlowPolicy::Wait);
                items.pipe(ctx.inlet(Step::Item)).start(ctx, Step::Ended);
                *made.borrow_mut() = Some(hub);
                ctx.send_after(Duration::from_secs(1), Step::Later);
                Ok(())
            })
        };
        play(world(seed, loops), root).expect("the root does not fail");
    });
}

/// Runs a root that begins with a hub and then takes what comes.
fn with_hub(
    begin: fn(&Hub<u64>, Here<'_, '_>),
    receive: fn(Step, &Hub<u64>, Here<'_, '_>) -> Outcome,
) {
    each_world(20, 1..=3, |seed, loops| {
        let root = move || {
            let hub = Rc::new(RefCell::new(None));
            let made = Rc::clone(&hub);
            let take = move |step, ctx: &mut Context<'_, Role<Step>>| {
                receive(step, hub.borrow().as_ref().expect("it is there"), ctx)
            };
            Role::new(take).started(move |ctx| {
                let hub = Hub::new(ctx, LIMIT);
                begin(&hub, ctx);
                *made.borrow_mut() = Some(hub);
                Ok(())
            })
        };
        play(world(seed, loops), root).expect("the root does not fail");
    });
}

#[test]
fn what_nobody_hears_is_dropped_and_counted() {
    with_hub(feed, |step, hub, ctx| {
        match step {
            Step::Fed(summary) => {
                assert_eq!(summary?.items, ITEMS);
                ctx.send_after(Duration::from_secs(1), Step::Later);
            }
            Step::Later => {
                assert_eq!(hub.unheard(), ITEMS);
                ctx.stop();
            }
            _ => unreachable!("nothing else is sent"),
        }
        Ok(())
    });
}

#[test]
fn a_subscriber_that_is_cancelled_is_forgotten_and_waited_for_no_more() {
    with_hub(
        |hub, ctx| {
            // Five items are enough for it; without the cancel the hub would wait for it for ever.
            let some = hub.subscribe(SlowPolicy::Wait).zip(Source::iter(0..5)).map(|(n, _)| n);
            some.collect().start(ctx, Step::List);
            feed(hub, ctx);
        },
        |step, hub, ctx| {
            match step {
                Step::List(list) => assert_eq!(list?, [0, 1, 2, 3, 4]),
                Step::Fed(summary) => {
                    assert_eq!(summary?.items, ITEMS);
                    ctx.send_after(Duration::from_secs(1), Step::Later);
                }
                _ => {
                    assert_eq!(hub.subscribers(), []);
                    ctx.stop();
                }
            }
            Ok(())
        },
    );
}

#[test]
fn a_subscriber_whose_actor_ends_is_forgotten() {
    with_hub(
        |hub, ctx| {
            let items = hub.subscribe(SlowPolicy::Wait);
            let child = ctx.spawn_on(Placement::Loop(1), move || {
                let keep = |step, ctx: &mut Context<'_, Role<Step>>| {
                    assert!(matches!(step, Step::Item(_)));
                    ctx.stop();
                    Ok(())
                };
                Role::new(keep).started(move |ctx| {
                    items.pipe(ctx.inlet(Step::Item)).start(ctx, Step::Ended);
                    Ok(())
                })
            });
            ctx.watch(&child, |_| Step::Later);
            ctx.send_after(Duration::from_secs(1), Step::Later);
        },
        |step, hub, ctx| {
            match step {
                // First the second that the subscriber has to come, then its end.
                Step::Later if hub.subscribers().len() == 1 && hub.publish(1).is_ok() => {}
                Step::Later => feed(hub, ctx),
                Step::Fed(summary) => {
                    assert_eq!(summary?.items, ITEMS);
                    assert_eq!(hub.subscribers(), []);
                    ctx.stop();
                }
                _ => unreachable!("nothing else is sent"),
            }
            Ok(())
        },
    );
}

#[test]
fn a_sink_that_fails_leaves_the_hub_and_the_others_alone() {
    with_hub(
        |hub, ctx| {
            hub.subscribe(SlowPolicy::Wait).collect().start(ctx, Step::List);
            let bad = Source::iter(1_000..).map(|n| {
                assert!(n < 1_005, "it was told to");
                n
            });
            bad.pipe(hub.sink()).start(ctx, Step::Ended);
        },
        |step, hub, ctx| {
            match step {
                Step::Ended(end) => {
                    let error = end.expect_err("it panics");
                    assert!(matches!(error.cause_as(), Some(Cut::Panicked(_))), "{error}");
                    feed(hub, ctx);
                }
                Step::Fed(_) => hub.end(),
                Step::List(list) => {
                    let list = list?;
                    assert!(list.iter().copied().filter(|n| *n < ITEMS).eq(0..ITEMS));
                    ctx.stop();
                }
                _ => unreachable!("nothing else is sent"),
            }
            Ok(())
        },
    );
}

#[test]
fn the_hubs_end_fails_those_who_feed_it_and_ends_late_subscribers_at_once() {
    with_hub(
        |hub, ctx| {
            hub.subscribe(SlowPolicy::Wait).for_each(drop).start(ctx, Step::Ended);
            Source::iter(0..).pipe(hub.sink()).start(ctx, Step::Fed);
            ctx.send_after(Duration::ZERO, Step::Later);
        },
        |step, hub, ctx| {
            match step {
                Step::Later => hub.end(),
                Step::Ended(end) => assert!(end.is_ok()),
                Step::Fed(fed) => {
                    let error = fed.expect_err("nobody takes it");
                    assert_eq!(error.cause_as(), Some(&HubError::Ended), "{error}");
                    assert_eq!(hub.publish(7), Err(Refused::Ended(7)));
                    let late = hub.subscribe(SlowPolicy::Wait);
                    late.collect().start(ctx, Step::List);
                }
                Step::List(list) => {
                    assert_eq!(list?, Vec::<u64>::new());
                    ctx.stop();
                }
                Step::Item(_) => {}
            }
            Ok(())
        },
    );
}

#[test]
fn the_end_of_its_owner_fails_the_subscribers_of_a_hub() {
    each_world(20, 1..=3, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                // The owner of the hub, which ends when it is told; the subscriber belongs to the root's other child.
                let (give, taken) = mpsc::channel();
                let owner = Role::<()>::new(|(), ctx| {
                    ctx.stop();
                    Ok(())
                });
                let owner = ctx.spawn(owner.started(move |ctx| {
                    give.send(Hub::<u64>::new(ctx, LIMIT))?;
                    Ok(())
                }));
                // A hub whose last handle is dropped ends well.
                let mut kept = None;
                let receive = move |step, ctx: &mut Context<'_, Role<Step>>| -> Outcome {
                    match step {
                        Step::Later => {
                            let hub = kept.insert(taken.try_recv()?);
                            hub.subscribe(SlowPolicy::Wait).for_each(drop).start(ctx, Step::Ended);
                            owner.send(())?;
                        }
                        Step::Ended(end) => tell.send(end)?,
                        _ => unreachable!("nothing else is sent"),
                    }
                    Ok(())
                };
                ctx.spawn(Role::new(receive).started(|ctx| {
                    ctx.send_after(Duration::from_secs(1), Step::Later);
                    Ok(())
                }));
                Ok(())
            })
        };
        play(world(seed, loops), root).expect("the root does not fail");
        let error = told.recv().expect("a result").expect_err("its hub is gone");
        assert_eq!(error.cause_as(), Some(&Cut::OwnerGone), "{error}");
    });
}

#[test]
fn what_a_hub_holds_has_a_bound_for_each_of_those_who_feed_it() {
    each_world(20, 1..=3, |seed, loops| {
        let counts = [Count::default(), Count::default(), Count::default()];
        let counted = counts.clone();
        let root = move || {
            let mut kept = Vec::new();
            let receive = move |step, _: &mut Context<'_, Role<Step>>| {
                if let Step::Item(item) = step {
                    kept.push(item);
                }
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                let hub = Hub::new(ctx, LIMIT);
                let slow = hub.subscribe(SlowPolicy::Wait);
                slow.pipe(ctx.inlet(Step::Item)).start(ctx, Step::Ended);
                for count in counted {
                    let endless = Source::iter(Counted::<u64>::new(u64::MAX, &count));
                    endless.pipe(hub.sink()).start(ctx, Step::Fed);
                }
                Ok(())
            })
        };
        // Nothing can happen any more once all is full: the world ends.
        play(world(seed, loops), root).expect("the root does not fail");
        let all: u64 = counts.iter().map(Count::items).sum();
        assert!(all <= 3 * 16 + LIMIT as u64 + WINDOWS, "{counts:?}");
        assert!(counts.iter().all(|count| count.items() >= 16 && count.drops() == 1), "{counts:?}");
    });
}
