//! `why_alive`: what keeps a runtime from returning, by name.

use std::sync::mpsc;
use std::time::Duration;

use roundsman::{Address, AliveReason, Context, Placement, Reply, RunError, Runtime, Spawn};
use roundsman_tests::outside::beside;
use roundsman_tests::peer::aside;
use roundsman_tests::role::Role;
use roundsman_tests::seeds::{each_world, world};

enum Msg {
    Look,
    Question(#[expect(dead_code, reason = "kept, never answered")] Reply<u32>),
    Answer,
}

#[test]
fn timers_questions_guards_and_messages_are_named_with_their_actors() {
    each_world(10, 1..=3, |seed, loops| {
        let root = || {
            let mut kept = Vec::new();
            Role::new(move |message, ctx: &mut Context<'_, Role<Msg>>| {
                match message {
                    Msg::Look => {
                        let why = ctx.why_alive();
                        let path = || "/top".to_owned();
                        let expected = [
                            AliveReason::Queued { path: path(), count: 1, paused_on: None },
                            AliveReason::Timers { path: path(), count: 2 },
                            AliveReason::Asks { path: path(), count: 1 },
                            AliveReason::Guards { path: path(), count: 1 },
                        ];
                        assert_eq!(why.reasons, expected, "{why}");
                        ctx.stop();
                    }
                    Msg::Question(_) => kept.push(message),
                    Msg::Answer => {}
                }
                Ok(())
            })
            .started(|ctx| {
                ctx.send_after(Duration::from_secs(60), Msg::Answer);
                ctx.send_after(Duration::from_secs(61), Msg::Answer);
                let unrefd = ctx.send_after(Duration::from_secs(62), Msg::Answer);
                ctx.unref_timer(unrefd);
                std::mem::forget(ctx.pressure(Duration::from_secs(60)));
                let me = ctx.address();
                ctx.ask(&me, Msg::Question, |_| Msg::Answer);
                me.send(Msg::Look)?;
                Ok(me.send(Msg::Answer)?)
            })
        };
        let runtime = world(seed, loops).build().unwrap();
        runtime.run_with(Spawn::named("top"), root).unwrap();
    });
}

#[test]
fn a_simulation_that_stands_still_says_what_keeps_it_alive_by_name() {
    let runtime = world(1, 2).build().unwrap();
    let handles = [runtime.handle(), runtime.handle()];
    let stuck = runtime.run(Role::<()>::idle).unwrap_err();
    assert!(matches!(&stuck, RunError::Stuck(what) if what == "2 handles"), "{stuck}");
    drop(handles);
}

#[test]
fn an_actor_that_expects_something_from_outside_keeps_the_runtime_alive_by_name() {
    let root = || {
        Role::<()>::idle().started(|ctx| {
            ctx.set_expecting(true);
            ctx.set_expecting(true);
            Ok(())
        })
    };
    let stuck = world(1, 2).build().unwrap().run_with(Spawn::named("top"), root).unwrap_err();
    let what = "/top, which expects something from outside";
    assert!(matches!(&stuck, RunError::Stuck(named) if named == what), "{stuck}");
}

#[test]
fn an_actor_that_expects_nothing_more_or_has_ended_lets_the_runtime_end() {
    let root = || {
        Role::<()>::new(|(), ctx| {
            ctx.set_expecting(false);
            Ok(())
        })
        .started(|ctx| {
            ctx.set_expecting(true);
            ctx.spawn(Role::<()>::idle().started(|ctx| {
                ctx.set_expecting(true);
                ctx.stop();
                Ok(())
            }));
            Ok(ctx.address().send(())?)
        })
    };
    world(1, 2).build().unwrap().run(root).unwrap();
}

#[test]
fn what_a_thread_sends_reaches_an_actor_that_expects_it() {
    let (tell, told) = mpsc::channel::<Address<()>>();
    let thread = aside(move || told.recv().unwrap().send(()).unwrap());
    let root = move || {
        Role::<()>::new(|(), ctx| {
            ctx.stop();
            Ok(())
        })
        .started(move |ctx| {
            ctx.set_expecting(true);
            Ok(tell.send(ctx.address())?)
        })
    };
    Runtime::builder().loops(2).build().unwrap().run(root).unwrap();
    thread.join().unwrap();
}

#[test]
fn from_outside_every_loop_is_asked() {
    beside(Runtime::builder().loops(2), |handle| {
        let (tell, told) = mpsc::channel();
        handle.spawn(Placement::Loop(1), Spawn::named("waits"), move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.send_after(Duration::from_secs(3600), ());
                Ok(tell.send(())?)
            })
        });
        told.recv().unwrap();
        let why = handle.why_alive();
        assert!(why.reasons.contains(&AliveReason::Handles { count: 1 }), "{why}");
        let timers = AliveReason::Timers { path: "/waits".into(), count: 1 };
        assert!(why.reasons.contains(&timers), "{why}");
        handle.stop();
    });
}

#[test]
fn messages_of_a_paused_actor_say_on_whom_it_waits() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<()>::new(|(), ctx| {
                let why = ctx.why_alive().to_string();
                assert!(why.contains("1 message for /top/sender, paused on /top/over"), "{why}");
                assert!(why.contains("1 pressure guard of /top/over"), "{why}");
                ctx.stop();
                Ok(())
            })
            .started(|ctx| {
                let over: Address<u32> = ctx.spawn_with(
                    Spawn::named("over"),
                    Role::idle().started(|ctx| {
                        std::mem::forget(ctx.pressure(Duration::from_secs(60)));
                        Ok(())
                    }),
                );
                let sender = Role::<()>::new(move |(), _| Ok(over.send(1)?)).started(|ctx| {
                    ctx.send_after(Duration::from_secs(1), ());
                    Ok(ctx.address().send(())?)
                });
                let to = ctx.spawn_with(Spawn::named("sender"), sender);
                let later = Role::<()>::new(move |(), _| Ok(to.send(())?)).started(|ctx| {
                    ctx.send_after(Duration::from_secs(2), ());
                    Ok(())
                });
                ctx.spawn(later);
                ctx.send_after(Duration::from_secs(3), ());
                Ok(())
            })
        };
        let runtime = world(seed, loops).build().unwrap();
        runtime.run_with(Spawn::named("top"), root).unwrap();
    });
}

#[test]
fn where_nothing_keeps_it_the_list_is_empty() {
    let runtime = world(1, 1).build().unwrap();
    let handle = runtime.handle();
    assert!(!handle.why_alive().is_empty(), "the handle keeps it");
    let handle = handle.unref();
    let root = || {
        Role::<()>::idle().started(|ctx| {
            assert!(ctx.why_alive().is_empty(), "{}", ctx.why_alive());
            Ok(())
        })
    };
    runtime.run(root).unwrap();
    assert!(handle.why_alive().is_empty());
}
