//! Asking: one answer or one error, at the latest at the deadline, and never another ask's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use roundsman::{ASK_TIMEOUT, Address, AskError, Overflow, Placement, Reply, Runtime, Spawn};
use roundsman_tests::ledger::{Ledger, Token};
use roundsman_tests::outside::beside;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

const SECOND: Duration = Duration::from_secs(1);

/// What an oracle does with a question.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Answer,
    AnswerAfter(Duration),
    Drop,
    Keep,
    End,
    Fail,
}

struct Question(Manner, Reply<u32>);

/// Answers, or does not, as the question says.
fn oracle() -> Role<Question> {
    let mut kept = Vec::new();
    Role::new(move |Question(manner, reply), ctx| {
        match manner {
            Manner::Answer => reply.send(42),
            Manner::AnswerAfter(delay) => {
                _ = ctx.send_after(delay, Question(Manner::Answer, reply));
            }
            Manner::Drop => drop(reply),
            Manner::Keep => kept.push(reply),
            Manner::End => {
                kept.push(reply);
                ctx.stop();
            }
            Manner::Fail => return Err("it cannot bear the question".into()),
        }
        Ok(())
    })
}

type Answer = (Result<u32, AskError>, Duration);

/// What is answered to these questions, asked at once, and when.
fn ask(seed: u64, loops: usize, timeout: Duration, manners: &[Manner]) -> Vec<Answer> {
    let (tell, told) = mpsc::channel();
    let manners = manners.to_vec();
    let root = move || {
        let tells = tell.clone();
        Role::new(move |answer, ctx| Ok(tells.send((answer, ctx.now().since_start()))?)).started(
            move |ctx| {
                let oracle = ctx.spawn_on(Placement::Loop(1), oracle);
                for manner in manners {
                    let question = |reply| Question(manner, reply);
                    ctx.ask_within(timeout, &oracle, question, |answer| answer);
                }
                Ok(())
            },
        )
    };
    play(world(seed, loops), root).unwrap();
    told.into_iter().collect()
}

#[test]
fn an_answer_arrives_as_the_askers_own_message() {
    each_world(20, 1..=3, |seed, loops| {
        assert_eq!(ask(seed, loops, SECOND, &[Manner::Answer]), [(Ok(42), Duration::ZERO)]);
        let later = [Manner::AnswerAfter(SECOND / 2)];
        assert_eq!(ask(seed, loops, SECOND, &later), [(Ok(42), SECOND / 2)]);
    });
}

/// What becomes of a question whose reply is dropped: who fails says so.
const DROPPING: [(Manner, AskError); 3] = [
    (Manner::Drop, AskError::Dropped),
    (Manner::End, AskError::Dropped),
    (Manner::Fail, AskError::Failed),
];

#[test]
fn a_question_that_is_dropped_is_answered_at_once() {
    each_world(20, 1..=3, |seed, loops| {
        for (manner, error) in DROPPING {
            let answers = ask(seed, loops, SECOND, &[manner]);
            assert_eq!(answers, [(Err(error), Duration::ZERO)], "{manner:?}");
        }
    });
}

#[test]
fn questions_in_the_mailbox_of_an_actor_that_ends_are_answered_at_once() {
    each_world(20, 1..=3, |seed, loops| {
        for (manner, error) in &DROPPING[1..] {
            let answers = ask(seed, loops, SECOND, &[*manner; 5]);
            assert_eq!(answers, [(Err(*error), Duration::ZERO); 5], "{manner:?}");
        }
    });
}

#[test]
fn a_question_without_an_answer_fails_at_its_deadline() {
    each_world(20, 1..=3, |seed, loops| {
        let timeouts = ask(seed, loops, SECOND, &[Manner::Keep]);
        assert_eq!(timeouts, [(Err(AskError::Timeout), SECOND)]);
    });
}

#[test]
fn ask_has_a_deadline_of_its_own() {
    let (tell, told) = mpsc::channel();
    let root = move || {
        Role::new(move |answer: Result<u32, AskError>, ctx| {
            Ok(tell.send((answer, ctx.now().since_start()))?)
        })
        .started(move |ctx| {
            let oracle = ctx.spawn(oracle());
            ctx.ask(&oracle, |reply| Question(Manner::Keep, reply), |answer| answer);
            Ok(())
        })
    };
    play(world(1, 1), root).unwrap();
    assert_eq!(told.recv(), Ok((Err(AskError::Timeout), ASK_TIMEOUT)));
}

#[test]
fn a_late_answer_goes_to_nobody() {
    each_world(20, 1..=3, |seed, loops| {
        let late = AskedTwice { seed, loops }.run();
        assert_eq!(late, [("first", Err(AskError::Timeout)), ("second", Err(AskError::Timeout))]);
    });
}

/// Asks, waits until the deadline, and asks again; the answer to the first comes while it waits for the second.
struct AskedTwice {
    seed: u64,
    loops: usize,
}

impl AskedTwice {
    fn run(self) -> Vec<(&'static str, Result<u32, AskError>)> {
        type Heard = (&'static str, Result<u32, AskError>);
        let (tell, told) = mpsc::channel();
        let root = move || {
            let mut oracle_of = None;
            Role::<Heard>::new(move |heard, ctx| {
                let oracle: &Address<Question> =
                    oracle_of.get_or_insert_with(|| ctx.spawn_on(Placement::Loop(1), oracle));
                let (manner, name) = match heard.0 {
                    "" => (Manner::AnswerAfter(SECOND + SECOND / 2), "first"),
                    "first" => (Manner::Keep, "second"),
                    _ => return Ok(tell.send(heard)?),
                };
                if !heard.0.is_empty() {
                    tell.send(heard)?;
                }
                let question = move |reply| Question(manner, reply);
                ctx.ask_within(SECOND, oracle, question, move |answer| (name, answer));
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(("", Ok(0)))?))
        };
        play(world(self.seed, self.loops), root).unwrap();
        told.into_iter().collect()
    }
}

#[test]
fn late_answers_are_counted_and_their_values_dropped() {
    must_end(|| {
        for loops in 1..=2 {
            let ledger = Ledger::new();
            let books = ledger.clone();
            let runtime = Runtime::builder().loops(loops).build().unwrap();
            let handle = runtime.handle();
            let keeper = move || {
                let mut kept = None;
                Role::<Option<Reply<Token>>>::new(move |message, _| {
                    match message {
                        Some(reply) => kept = Some(reply),
                        None => kept.take().expect("kept").send(books.token()),
                    }
                    Ok(())
                })
            };
            let root = move || {
                let mut keeper = Some(keeper);
                let mut asked: Option<Address<Option<Reply<Token>>>> = None;
                Role::<Option<AskError>>::new(move |error, ctx| {
                    let moment = Duration::from_millis(1);
                    let outcome = |answer: Result<Token, _>| Some(answer.err().expect("late"));
                    let late = handle.metrics().loops.iter().map(|one| one.late_replies).sum();
                    match (&asked, error, late) {
                        (None, ..) => {
                            let keeper = keeper.take().expect("once");
                            let asked = asked.insert(ctx.spawn_on(Placement::Loop(1), keeper));
                            ctx.ask_within(moment, asked, Some, outcome);
                        }
                        (Some(asked), Some(error), _) => {
                            assert_eq!(error, AskError::Timeout);
                            asked.send(None)?;
                            ctx.send_after(moment, None);
                        }
                        // As of its last round: it has to be asked again.
                        (Some(_), None, 0) => _ = ctx.send_after(moment, None),
                        (Some(_), None, late) => {
                            assert_eq!(late, 1_u64);
                            ctx.stop();
                        }
                    }
                    Ok(())
                })
                .started(|ctx| Ok(ctx.address().send(None)?))
            };
            runtime.run(root).unwrap();
            assert_eq!(ledger.made(), 1);
            ledger.assert_all_dropped();
        }
    });
}

#[test]
fn a_question_to_an_actor_that_has_ended_is_closed() {
    each_world(20, 1..=3, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            let mut gone_of = None;
            Role::<Option<Result<u32, AskError>>>::new(move |message, ctx| {
                let gone: &Address<Question> =
                    gone_of.get_or_insert_with(|| ctx.spawn_on(Placement::Loop(1), oracle));
                match message {
                    None if gone.is_closed() => {
                        ctx.ask(gone, |reply| Question(Manner::Keep, reply), Some);
                    }
                    None => {
                        gone.stop();
                        ctx.send_after(SECOND, None);
                    }
                    Some(answer) => tell.send((answer, ctx.now().since_start()))?,
                }
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(None)?))
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [(Err(AskError::Closed), SECOND)]);
    });
}

#[test]
fn each_of_many_questions_gets_its_own_answer() {
    each_world(20, 1..=3, |seed, loops| {
        let right = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&right);
        let root = move || {
            Role::<(u64, Result<u64, AskError>)>::new(move |(question, answer), _| {
                assert_eq!(answer, Ok(question * question));
                counts.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
            .started(move |ctx| {
                let squares = || {
                    // Answers out of order.
                    let mut kept: Option<(u64, Reply<u64>)> = None;
                    Role::<(u64, Reply<u64>)>::new(move |(number, reply), ctx| {
                        if let Some((number, reply)) = kept.take() {
                            reply.send(number * number);
                        }
                        match ctx.random() % 2 {
                            0 => reply.send(number * number),
                            _ => kept = Some((number, reply)),
                        }
                        if number == 499
                            && let Some((number, reply)) = kept.take()
                        {
                            reply.send(number * number);
                        }
                        Ok(())
                    })
                };
                let squares = ctx.spawn_on(Placement::Loop(1), squares);
                for number in 0..500 {
                    let question = move |reply| (number, reply);
                    ctx.ask(&squares, question, move |answer| (number, answer));
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(right.load(Ordering::SeqCst), 500);
    });
}

#[test]
fn an_asker_that_has_ended_is_no_matter_and_the_answers_value_is_dropped() {
    each_world(20, 1..=3, |seed, loops| {
        let ledger = Ledger::new();
        let books = ledger.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let answers = ctx.spawn_on(Placement::Loop(1), move || {
                    let mut kept = None;
                    Role::<Option<Reply<Token>>>::new(move |message, ctx| {
                        match message {
                            Some(reply) => {
                                kept = Some(reply);
                                ctx.send_after(SECOND, None);
                            }
                            None => kept.take().expect("kept").send(books.token()),
                        }
                        Ok(())
                    })
                });
                let asker = Role::<Option<Result<Token, AskError>>>::new(|_, ctx| {
                    ctx.stop();
                    Ok(())
                });
                ctx.spawn(asker.started(move |ctx| {
                    ctx.ask(&answers, Some, Some);
                    Ok(ctx.address().send(None)?)
                }));
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(ledger.made(), 1);
        ledger.assert_all_dropped();
    });
}

#[test]
fn a_question_that_a_full_mailbox_rejects_is_dropped() {
    each_world(10, 1..=1, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            Role::<Result<u32, AskError>>::new(move |answer, _| Ok(tell.send(answer)?)).started(
                move |ctx| {
                    let spawn = Spawn::new().high(2).overflow(Overflow::Reject);
                    let oracle = ctx.spawn_with(spawn, oracle());
                    for _ in 0..5 {
                        ctx.ask(&oracle, |reply| Question(Manner::Answer, reply), |answer| answer);
                    }
                    Ok(())
                },
            )
        };
        play(world(seed, loops), root).unwrap();
        let mut answers: Vec<_> = told.into_iter().collect();
        answers.sort_by_key(Result::is_err);
        let dropped = Err(AskError::Dropped);
        assert_eq!(answers, [Ok(42), Ok(42), Ok(42), dropped, dropped]);
    });
}

#[test]
fn a_thread_asks_and_waits() {
    beside(Runtime::builder().loops(2), |handle| {
        let oracle = handle.spawn(Placement::Loop(1), Spawn::new(), oracle).unwrap();
        let ask = |manner, timeout| oracle.ask_blocking(|reply| Question(manner, reply), timeout);
        let patience = Duration::from_secs(60);
        assert_eq!(ask(Manner::Answer, patience), Ok(42));
        assert_eq!(ask(Manner::Drop, patience), Err(AskError::Dropped));
        assert_eq!(ask(Manner::Keep, Duration::from_millis(1)), Err(AskError::Timeout));
        assert_eq!(ask(Manner::Answer, Duration::MAX), Ok(42));
        assert_eq!(ask(Manner::End, patience), Err(AskError::Dropped));
        while !oracle.is_closed() {
            thread::yield_now();
        }
        assert_eq!(ask(Manner::Answer, patience), Err(AskError::Closed));
    });
}

#[test]
fn a_thread_that_asks_while_the_runtime_ends_is_answered() {
    beside(Runtime::builder().loops(2), |handle| {
        let oracle = handle.spawn(Placement::Loop(1), Spawn::new(), oracle).unwrap();
        thread::scope(|scope| {
            let patience = Duration::from_secs(3_600);
            let (asked, keep) = (&oracle, |reply| Question(Manner::Keep, reply));
            let asks = scope.spawn(move || asked.ask_blocking(keep, patience));
            handle.stop();
            let answer = asks.join().unwrap();
            assert!(matches!(answer, Err(AskError::Dropped | AskError::Closed)), "{answer:?}");
        });
    });
}

#[test]
fn an_actor_may_not_block_on_an_answer() {
    each_world(3, 1..=2, |seed, loops| {
        let root = || {
            Role::<()>::idle().started(|ctx| {
                let oracle = ctx.spawn_on(Placement::Loop(1), oracle);
                let answer = oracle.ask_blocking(|reply| Question(Manner::Answer, reply), SECOND);
                assert_eq!(answer, Err(AskError::InsideActor));
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}
