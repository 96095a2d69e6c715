//! An address stays valid for ever: after the end of its actor, of its runtime, and on any thread.

use std::sync::mpsc;
use std::time::Duration;

use roundsman::{
    Address, AskError, Placement, Recipient, Reply, Runtime, SendError, Spawn, TrySendError,
};
use roundsman_tests::outside::beside;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

#[test]
fn a_send_to_an_actor_that_has_ended_hands_the_same_message_back() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            let mut gone = None;
            Role::<u32>::new(move |second, ctx| {
                let gone: &Address<Box<u32>> = gone.get_or_insert_with(|| {
                    let ends = || {
                        Role::idle().started(|ctx| {
                            ctx.stop();
                            Ok(())
                        })
                    };
                    ctx.spawn_on(Placement::Loop(1), ends)
                });
                if second == 0 {
                    ctx.send_after(Duration::from_secs(1), 1);
                    return Ok(());
                }
                let message = Box::new(7);
                let at = (&raw const *message).addr();
                assert!(gone.is_closed() && !gone.is_over());
                let Err(SendError::Closed(message)) = gone.send(message) else { panic!("taken") };
                let sent = gone.try_send(message);
                let Err(TrySendError::Closed(message)) = sent else { panic!("{sent:?}") };
                let sent = gone.send_timeout(message, Duration::from_secs(1));
                let Err(TrySendError::Closed(message)) = sent else { panic!("{sent:?}") };
                assert_eq!((&raw const *message).addr(), at, "the same value");
                let recipient: Recipient<Box<u32>> = gone.recipient(|message| message);
                assert!(recipient.is_closed());
                let sent = recipient.send(message);
                let Err(SendError::Closed(message)) = sent else { panic!("{sent:?}") };
                assert_eq!((*message, (&raw const *message).addr()), (7, at), "the same value");
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(0)?))
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn addresses_outlive_their_runtime() {
    let (tell, told) = mpsc::channel();
    let runtime = Runtime::builder().loops(2).build().unwrap();
    let root = || {
        Role::<()>::idle().started(move |ctx| {
            for index in 0..2 {
                let path = Spawn::named(format!("child-{index}"));
                tell.send(ctx.spawn_on_with(Placement::Loop(index), path, Role::<String>::idle))?;
            }
            Ok(())
        })
    };
    runtime.run(root).unwrap();
    for (index, address) in told.into_iter().enumerate() {
        assert!(address.is_closed());
        assert!(address.path().ends_with(&format!("/child-{index}")));
        let sent = address.send("late".into());
        let Err(SendError::Closed(message)) = sent else { panic!("{sent:?}") };
        let sent = address.try_send(message);
        let Err(TrySendError::Closed(message)) = sent else { panic!("{sent:?}") };
        let sent = address.send_timeout(message, Duration::from_secs(1));
        let Err(TrySendError::Closed(message)) = sent else { panic!("{sent:?}") };
        assert_eq!(message, "late");
        let asked = address.ask_blocking(|_: Reply<()>| "?".into(), Duration::from_secs(1));
        assert_eq!(asked, Err(AskError::Closed));
        address.stop();
    }
}

#[test]
fn addresses_may_be_the_last_to_be_dropped_on_any_thread() {
    for _ in 0..50 {
        beside(Runtime::builder().loops(2), |handle| {
            let addresses: Vec<_> = (0..20)
                .map(|index| {
                    let spawn = Spawn::named("short");
                    handle.spawn(Placement::Loop(index), spawn, Role::<String>::idle).unwrap()
                })
                .collect();
            for (index, address) in addresses.iter().enumerate() {
                match index % 3 {
                    0 => address.stop(),
                    1 => address.send("kept in the mailbox, perhaps".into()).unwrap(),
                    _ => {}
                }
            }
            // Half of them go while the runtime lives, and half after it has ended.
            drop(addresses);
        });
    }
}

#[test]
fn an_address_never_reaches_a_later_actor() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            let mut earlier: Vec<Address<u32>> = Vec::new();
            Role::<u32>::new(move |round, ctx| {
                for old in &earlier {
                    assert!(old.is_closed());
                    assert!(matches!(old.send(0), Err(SendError::Closed(0))));
                }
                if round == 100 {
                    return Ok(());
                }
                let next = ctx.spawn_on(Placement::Loop(1), move || {
                    Role::new(move |mine: u32, ctx| {
                        assert_eq!(mine, round, "it was for another");
                        ctx.stop();
                        Ok(())
                    })
                });
                assert!(!earlier.contains(&next), "no two are equal");
                assert!(earlier.iter().all(|old| old.id() != next.id()));
                next.send(round)?;
                earlier.push(next);
                ctx.send_after(Duration::from_secs(1), round + 1);
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(0)?))
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn a_recipient_makes_the_actors_own_message() {
    each_world(10, 1..=2, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = || {
            Role::<()>::idle().started(move |ctx| {
                let to = ctx.spawn_on(Placement::Loop(1), move || {
                    Role::new(move |message: String, _| Ok(tell.send(message)?))
                });
                let numbers: Recipient<u32> =
                    to.recipient(|number: u32| format!("number {number}"));
                let same = numbers.clone();
                assert_eq!(numbers.id(), to.id());
                numbers.send(1)?;
                same.send(2)?;
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(told.into_iter().collect::<Vec<_>>(), ["number 1", "number 2"]);
    });
}

#[test]
fn a_name_leads_to_its_actor_until_that_ends() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<u32>::new(|second, ctx| {
                let found = ctx.find::<String>("clerk");
                match second {
                    0 => {
                        assert!(found.is_none());
                        ctx.spawn_on(Placement::Loop(1), || {
                            Role::<String>::new(|_, ctx| {
                                ctx.stop();
                                Ok(())
                            })
                            .started(|ctx| Ok(ctx.register_name("clerk")?))
                        });
                    }
                    1 => {
                        let found = found.expect("it is registered");
                        assert!(ctx.find::<u8>("clerk").is_none(), "its messages are others");
                        assert!(ctx.find::<String>("clark").is_none());
                        let taken = ctx.register_name("clerk").expect_err("it has the name");
                        assert_eq!((taken.name.as_str(), taken.holder), ("clerk", found.id()));
                        found.send("end".into())?;
                    }
                    2 => {
                        assert!(found.is_none(), "it has ended");
                        ctx.register_name("clerk")?;
                        ctx.register_name("other")?;
                    }
                    _ => {
                        assert_eq!(ctx.find::<u32>("clerk"), Some(ctx.address()));
                        assert_eq!(ctx.find::<u32>("other"), Some(ctx.address()));
                        return Ok(());
                    }
                }
                ctx.send_after(Duration::from_secs(1), second + 1);
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(0)?))
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn a_handle_finds_names_too() {
    beside(Runtime::builder().loops(2), |handle| {
        let (tell, told) = mpsc::channel();
        let named = handle.spawn(Placement::Loop(1), Spawn::new(), move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.register_name("named")?;
                Ok(tell.send(())?)
            })
        });
        told.recv().expect("it has started");
        assert_eq!(handle.find::<()>("named"), named);
        assert_eq!(handle.find::<u8>("named"), None);
    });
}
