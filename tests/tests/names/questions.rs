//! Questions: their time, their end, and what they leave behind.

use std::cell::Cell;
use std::fs;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roundsman::dns::{Answer, Inquiry, ResolveError, Resolver};
use roundsman::{Context, MissedTicks, Placement, Runtime};
use roundsman_tests::again;
use roundsman_tests::diary::Diary;
use roundsman_tests::folder::Folder;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::name_server::{Rogue, ttl};
use roundsman_tests::patience::must_end;
use roundsman_tests::resolving::{Answered, answer, answers, resolver};
use roundsman_tests::role::Role;
use roundsman_tests::seeds::world;

const TRUE: [u8; 4] = [10, 0, 0, 1];

/// Answers everything.
fn honest() -> Rogue {
    Rogue::start(|asked| vec![asked.a(TRUE)])
}

/// Answers nothing.
fn silent() -> Rogue {
    Rogue::start(|_| Vec::new())
}

/// Asks for ever, if it is let.
fn patient(server: &Rogue) -> Resolver {
    let builder = Resolver::builder().servers([server.address()]);
    builder.timeout(Duration::from_secs(3600)).attempts(0).build()
}

fn runs(root: impl FnOnce() -> Role<Step> + Send + 'static) {
    must_end(move || {
        let runtime = Runtime::builder().loops(1).build().expect("a runtime");
        run_balanced(runtime, root).expect("the root does not fail");
    });
}

enum Step {
    Answered(Answered<Ipv4Addr>),
    Tick,
}

#[test]
fn a_question_that_nobody_answers_takes_all_its_attempts() {
    let server = silent();
    let (timeout, attempts) = (Duration::from_millis(60), 2);
    let builder = Resolver::builder().servers([server.address()]).timeout(timeout);
    let resolver = builder.attempts(attempts).build();
    let took = Diary::<Duration>::default();
    let notes = took.clone();
    runs(move || {
        let begun = Rc::new(Cell::new(None));
        let begins = Rc::clone(&begun);
        let receive = move |step, ctx: &mut Context<'_, Role<Step>>| {
            let Step::Answered(answer) = step else { return Ok(()) };
            assert!(matches!(answer, Err(ResolveError::Timeout { .. })), "{answer:?}");
            notes.note(ctx.now() - begun.get().ok_or("it was asked")?);
            Ok(())
        };
        Role::new(receive).started(move |ctx| {
            begins.set(Some(ctx.now()));
            resolver.a("a.test").start(ctx, Step::Answered);
            Ok(())
        })
    });
    // Never earlier; how much later is a matter of the machine.
    let took = took.take();
    assert!(took[0] >= timeout * 3 - Duration::from_millis(3), "{took:?}");
    assert!(server.count() >= 3, "asked {} times", server.count());
}

#[test]
fn a_question_has_a_deadline_of_its_own() {
    let server = silent();
    let within = Duration::from_millis(20);
    let error = answer(patient(&server).a("a.test").within(within)).unwrap_err();
    assert!(
        matches!(error, ResolveError::Late { within: late, .. } if late == within),
        "{error:?}"
    );
}

#[test]
fn an_answer_after_the_deadline_is_nobodys() {
    let held = Arc::new(Mutex::new(None));
    let holds = Arc::clone(&held);
    // The first waits for the second, and comes when nobody waits for it any more.
    let server = Rogue::start(move |asked| {
        let mut held = holds.lock().expect("nobody panics");
        if asked.label() == "late" {
            let again = asked.socket.map(|socket| socket.try_clone().expect("a descriptor"));
            *held = again.map(|socket| (socket, asked.a(TRUE), asked.from));
            return Vec::new();
        }
        if let Some((socket, packet, from)) = held.take() {
            let _ = socket.send_to(&packet, from);
        }
        vec![asked.a(TRUE)]
    });
    let ask = patient(&server);
    let late = ask.a("late.test").within(Duration::from_millis(50));
    let told = answers(vec![late, ask.a("other.test")]);
    assert!(matches!(told[0], Err(ResolveError::Late { .. })), "{told:?}");
    assert!(told[1].is_ok(), "{told:?}");
}

#[test]
fn timers_of_a_loop_go_on_while_a_question_waits_and_cancelling_it_is_an_answer() {
    let server = silent();
    let resolver = patient(&server);
    let diary = Diary::<Answered<Ipv4Addr>>::default();
    let notes = diary.clone();
    runs(move || {
        let mut ticks = 0;
        let asked = Rc::new(Cell::new(None::<Inquiry>));
        let asks = Rc::clone(&asked);
        let receive = move |step, _: &mut Context<'_, Role<Step>>| {
            match step {
                Step::Answered(answer) => notes.note(answer),
                Step::Tick => {
                    ticks += 1;
                    if ticks == 10
                        && let Some(asked) = asked.take()
                    {
                        asked.cancel();
                    }
                }
            }
            Ok(())
        };
        Role::new(receive).started(move |ctx| {
            asks.set(Some(resolver.a("a.test").start(ctx, Step::Answered)));
            let every = Duration::from_millis(10);
            let timer = ctx.send_every(every, MissedTicks::Skip, || Step::Tick);
            // Only the question keeps the run alive, and only until it is cancelled.
            ctx.unref_timer(timer);
            Ok(())
        })
    });
    let told = diary.take();
    assert!(matches!(told[..], [Err(ResolveError::Cancelled { .. })]), "{told:?}");
}

#[test]
fn a_question_ends_with_whoever_asks_and_an_idle_resolver_keeps_nothing_alive() {
    let server = silent();
    let resolver = patient(&server);
    let kept = resolver.clone();
    // The run ends, though the resolver is still there, and the server never answers.
    runs(move || {
        Role::new(|_, _| Ok(())).started(move |ctx| {
            let stops = |(), ctx: &mut Context<'_, Role<()>>| {
                ctx.stop();
                Ok(())
            };
            ctx.spawn(Role::new(stops).started(move |ctx| {
                resolver.a("a.test").start(ctx, |_| ());
                ctx.send_after(Duration::from_millis(20), ());
                Ok(())
            }));
            Ok(())
        })
    });
    drop(kept);
}

#[test]
fn an_answer_is_kept_as_long_as_its_ttl_says() {
    let server = honest();
    let ask = resolver([server.address()]);
    let told = answers(vec![ask.a("a.test"), ask.a("a.test"), ask.a("A.TEST.")]);
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    assert_eq!(server.count(), 1);
    let ttl_left = told[1].as_ref().map(Answer::ttl);
    assert!(ttl_left.is_ok_and(|left| left <= Duration::from_secs(60)));

    let fleeting = Rogue::start(|asked| vec![asked.answer_for(ttl(0), 0, &[(1, TRUE.to_vec())])]);
    let ask = resolver([fleeting.address()]);
    answers(vec![ask.a("a.test"), ask.a("a.test")]);
    assert_eq!(fleeting.count(), 2, "what may not be kept is asked again");
}

#[test]
fn a_resolver_without_a_cache_asks_again() {
    let server = honest();
    let ask = Resolver::builder().servers([server.address()]).cache_size(0).build();
    answers(vec![ask.a("a.test"), ask.a("a.test")]);
    assert_eq!(server.count(), 2);
}

#[test]
fn a_missing_resolv_conf_is_an_error_of_that_question_only() {
    let folder = Folder::new();
    let path = folder.file("resolv.conf");
    let ask = Resolver::builder().resolv_conf(&path).build();
    let error = answer(ask.a("a.test")).unwrap_err();
    assert!(matches!(error, ResolveError::Config { .. }), "{error:?}");
    let said = error.to_string();
    let remedy = "ResolverBuilder::servers";
    assert!(said.contains(&*path.to_string_lossy()) && said.contains(remedy), "{said}");
    // An empty one is as bad.
    fs::write(&path, "# nobody\noptions timeout:1 attempts:0\n").expect("it can be written");
    assert!(matches!(answer(ask.a("a.test")), Err(ResolveError::Config { .. })));
    // It is read again by the next question.
    fs::write(&path, "nameserver 127.0.0.1\n").expect("it can be written");
    let told = answer(ask.a("a.test").within(Duration::from_millis(20)));
    assert!(!matches!(told, Err(ResolveError::Config { .. })), "{told:?}");
}

#[test]
fn without_servers_nobody_can_be_asked() {
    let error = answer(resolver([]).a("a.test")).unwrap_err();
    assert!(matches!(error, ResolveError::Config { .. }), "{error:?}");
}

#[test]
fn what_can_be_no_name_is_refused() {
    let server = honest();
    let ask = resolver([server.address()]);
    for name in ["", "a..test", &format!("{}.test", "x".repeat(64)), &"x.".repeat(130)] {
        let error = answer(ask.a(name)).unwrap_err();
        assert!(matches!(error, ResolveError::BadName { .. }), "{name:?}: {error:?}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn labels_that_no_host_has_are_asked_for_as_they_are() {
    // As of DNS-SD (RFC 6763), and what some give their names to prove that they own them.
    for name in ["My Printer._ipp._tcp.test", "-a.test", "a!b.test"] {
        let server = Rogue::start(move |asked| {
            let label = name.split('.').next().expect("a label");
            assert!(asked.label().eq_ignore_ascii_case(label), "{}", asked.label());
            vec![asked.a(TRUE)]
        });
        let found = answer(resolver([server.address()]).a(name));
        assert!(found.is_ok(), "{name}: {found:?}");
    }
}

#[test]
fn names_with_other_letters_are_asked_for_as_they_are_on_the_wire() {
    let server = Rogue::start(|asked| {
        assert_eq!(asked.label(), "xn--bcher-kva");
        vec![asked.a(TRUE)]
    });
    assert!(answer(resolver([server.address()]).a("bücher.test")).is_ok());
}

/// How many descriptors this process has, if the system tells.
fn descriptors() -> Option<usize> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count())
}

/// Asks for so many names with so many at the same time; cancels each third if it is to. Returns what was heard.
fn crowd(server: &Rogue, names: usize, at_once: usize, cancel: bool) -> Vec<Answered<Ipv4Addr>> {
    let resolver = resolver([server.address()]);
    must_end(move || {
        let diary = Diary::<Answered<Ipv4Addr>>::default();
        let notes = diary.clone();
        let root = move || {
            let mut next = 0;
            let ask = move |ctx: &mut Context<'_, Role<Option<Answered<Ipv4Addr>>>>| {
                if next < names {
                    let asked = resolver.a(format!("x{next}.test")).start(ctx, Some);
                    if cancel && next % 3 == 0 {
                        asked.cancel();
                    }
                    next += 1;
                }
            };
            let receive = {
                let mut ask = ask;
                move |answer: Option<Answered<Ipv4Addr>>, ctx: &mut Context<'_, Role<_>>| {
                    if let Some(answer) = answer {
                        notes.note(answer);
                    }
                    ask(ctx);
                    Ok(())
                }
            };
            Role::new(receive).started(move |ctx| {
                for _ in 0..at_once {
                    ctx.address().send(None)?;
                }
                Ok(())
            })
        };
        let runtime = Runtime::builder().loops(1).build().expect("a runtime");
        run_balanced(runtime, root).expect("the root does not fail");
        diary.take()
    })
}

#[test]
fn a_thousand_names_with_64_at_a_time_are_found_and_no_descriptor_is_left() {
    if !again::is_child() {
        // Alone in its process: nobody else's descriptors come and go.
        let name =
            "questions::a_thousand_names_with_64_at_a_time_are_found_and_no_descriptor_is_left";
        again::run(name, "", &[]);
        return;
    }
    let server = honest();
    // What is made once and kept.
    assert!(crowd(&server, 1, 1, false)[0].is_ok());
    let before = descriptors();
    let told = crowd(&server, 1_000, 64, false);
    assert_eq!(told.len(), 1_000);
    let failed = told.iter().find_map(|told| told.as_ref().err());
    assert_eq!(failed, None);
    assert_eq!(descriptors(), before);
    let told = crowd(&server, 1_000, 64, true);
    assert_eq!(told.len(), 1_000);
    for told in told {
        assert!(matches!(told, Ok(_) | Err(ResolveError::Cancelled { .. })), "{told:?}");
    }
    assert_eq!(descriptors(), before, "also when questions are cancelled");
}

#[test]
fn a_thousand_questions_at_once_are_answered_also_over_tcp() {
    let server = Rogue::start(|asked| {
        let over_tcp = asked.label().ends_with('0');
        vec![if over_tcp && !asked.is_tcp() { asked.truncated() } else { asked.a(TRUE) }]
    });
    let told = crowd(&server, 1_000, 1_000, false);
    assert_eq!(told.len(), 1_000);
    let failed = told.iter().find_map(|told| told.as_ref().err());
    assert_eq!(failed, None);
}

#[test]
fn one_resolver_serves_every_loop() {
    let server = honest();
    let resolver = resolver([server.address()]);
    let diary = Diary::<Answered<Ipv4Addr>>::default();
    let notes = diary.clone();
    must_end(move || {
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                for index in 0..3 {
                    let (resolver, notes) = (resolver.clone(), notes.clone());
                    ctx.spawn_on(Placement::Loop(index), move || {
                        let receive = move |answer, _: &mut Context<'_, Role<_>>| {
                            notes.note(answer);
                            Ok(())
                        };
                        Role::new(receive).started(move |ctx| {
                            for name in 0..20 {
                                let question = resolver.a(format!("x{name}.test"));
                                question.start(ctx, |answer| answer);
                            }
                            Ok(())
                        })
                    });
                }
                Ok(())
            })
        };
        let runtime = Runtime::builder().loops(3).build().expect("a runtime");
        run_balanced(runtime, root).expect("the root does not fail");
    });
    let told = diary.take();
    assert_eq!(told.len(), 60);
    assert!(told.iter().all(Result::is_ok), "{told:?}");
}

#[test]
fn a_resolver_outlives_a_runtime_and_serves_the_next() {
    let server = honest();
    let ask = resolver([server.address()]);
    for _ in 0..3 {
        assert!(answer(ask.a("a.test")).is_ok());
    }
    assert_eq!(server.count(), 3, "each runtime has a cache of its own");
}

#[test]
fn under_simulation_a_question_says_that_there_are_no_sockets() {
    let server = honest();
    let ask = resolver([server.address()]);
    let diary = Diary::<Answered<Ipv4Addr>>::default();
    let notes = diary.clone();
    let root = move || {
        let receive = move |answer, _: &mut Context<'_, Role<_>>| {
            notes.note(answer);
            Ok(())
        };
        Role::new(receive).started(move |ctx| {
            ask.a("a.test").start(ctx, |answer| answer);
            Ok(())
        })
    };
    run_balanced(world(1, 1).build().expect("a runtime"), root).expect("it ends");
    let told = diary.take();
    assert!(matches!(told[..], [Err(ResolveError::Io { .. })]), "{told:?}");
}
