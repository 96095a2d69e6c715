//! Replies never count and are never held back: one slow client does not stop a server's answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use roundsman::{Address, AskError, Placement, Reply, Spawn};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::{Brake, braking};

const CLIENTS: usize = 20;
const ASKS: u32 = 200;
const STUCK: Duration = Duration::from_secs(10);

enum Client {
    /// Ask so many questions at once, and as many more.
    Ask {
        at_once: u32,
    },
    /// Send to this brake, so that you are stuck.
    GetStuck(Address<Brake>),
    Answered(Result<u32, AskError>),
}

type Question = Reply<u32>;

/// Asks `ASKS` questions and notes when it has all its answers.
fn client(server: Address<Question>, note: impl Fn(Duration) + 'static) -> Role<Client> {
    let (mut asked, mut answered) = (0, 0);
    Role::new(move |message, ctx| {
        let more = match message {
            Client::Ask { at_once } => at_once,
            Client::GetStuck(brake) => {
                brake.send(Brake::Item)?;
                0
            }
            Client::Answered(answer) => {
                answer?;
                answered += 1;
                if answered == ASKS {
                    note(ctx.now().since_start());
                }
                u32::from(asked < ASKS)
            }
        };
        for _ in 0..more {
            asked += 1;
            ctx.ask_within(10 * STUCK, &server, |reply| reply, Client::Answered);
        }
        Ok(())
    })
}

#[test]
fn one_stuck_client_among_twenty_does_not_hold_back_the_answers_of_the_others() {
    each_world(10, 1..=3, |seed, loops| {
        let (note, notes) = std::sync::mpsc::channel();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let server = ctx.spawn(Role::new(|reply: Question, _| {
                    reply.send(1);
                    Ok(())
                }));
                // The brake is on a loop of its own where there is one.
                let brake = ctx.spawn_on(Placement::Loop(2), || braking(STUCK));
                for index in 0..CLIENTS {
                    let (server, note) = (server.clone(), note.clone());
                    let mailbox = Spawn::named(format!("client-{index}")).high(16);
                    let make = move || client(server, move |now| note.send((index, now)).unwrap());
                    let client = ctx.spawn_on_with(Placement::Loop(1), mailbox, make);
                    if index == 0 {
                        // All its answers come while it is stuck: far more than its mailbox is for.
                        client.send(Client::Ask { at_once: ASKS })?;
                        client.send(Client::GetStuck(brake.clone()))?;
                    } else {
                        client.send(Client::Ask { at_once: 8 })?;
                    }
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let mut all: Vec<_> = notes.into_iter().collect();
        all.sort_unstable();
        assert_eq!(all.len(), CLIENTS, "{all:?}");
        for (client, at) in &all[1..] {
            assert!(*at < STUCK, "client {client} had to wait for client 0 until {at:?}");
        }
    });
}

#[test]
fn answers_to_an_asker_make_it_over_for_nobody() {
    each_world(10, 1..=2, |seed, loops| {
        let answers = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&answers);
        let root = move || {
            let asker = move || {
                let mut left = 1_000;
                Role::new(move |message, ctx| {
                    let Client::Answered(answer) = message else { return Ok(()) };
                    answer?;
                    left -= 1;
                    counts.fetch_add(1, Ordering::SeqCst);
                    assert!(!ctx.address().is_over(), "{left} answers wait, and nothing else");
                    Ok(())
                })
                .started(|ctx| {
                    let server = ctx.spawn_on(Placement::Loop(1), || {
                        let mut replies = Vec::new();
                        Role::new(move |reply: Question, _| {
                            replies.push(reply);
                            if replies.len() == 1_000 {
                                replies.drain(..).for_each(|reply| reply.send(1));
                            }
                            Ok(())
                        })
                    });
                    for _ in 0..1_000 {
                        ctx.ask(&server, |reply| reply, Client::Answered);
                    }
                    Ok(())
                })
            };
            Role::<()>::idle().started(|ctx| {
                ctx.spawn_with(Spawn::named("asker").high(8), asker());
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(answers.load(Ordering::SeqCst), 1_000);
    });
}
