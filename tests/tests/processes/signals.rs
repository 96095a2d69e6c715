//! Signals of the OS as messages and as events. Each test in a process of its own, for a signal is meant for all of it.

use std::collections::BTreeSet;
use std::process::ExitStatus;
use std::sync::mpsc;

use roundsman::emitter::{Emitter, Events};
use roundsman::process::Command;
use roundsman::{Context, Runtime, Signal};
use roundsman_tests::again;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

use crate::{REAL, sh};

const ALL: [(Signal, &str); 9] = [
    (Signal::Interrupt, "INT"),
    (Signal::Terminate, "TERM"),
    (Signal::HangUp, "HUP"),
    (Signal::User1, "USR1"),
    (Signal::User2, "USR2"),
    (Signal::Quit, "QUIT"),
    (Signal::Child, "CHLD"),
    (Signal::Continue, "CONT"),
    (Signal::WindowChange, "WINCH"),
];

enum Step {
    Came(Signal),
    /// Somebody listens to one of them.
    Listens,
    Sent(std::io::Result<ExitStatus>),
}

/// Sends this process a signal, by a child.
fn send(name: &str, ctx: &mut Context<'_, Role<Step>>) -> std::io::Result<()> {
    Command::from(sh(&format!("kill -{name} $PPID"))).spawn()?.exit(ctx, Step::Sent);
    Ok(())
}

/// Runs a root that hears of all signals through `listen`, by each of two listeners, and sends each in turn.
fn each_comes_twice(listen: fn(Signal, &mut Context<'_, Role<Step>>)) {
    must_end(move || {
        let (mut left, mut heard, mut unheard) = (ALL.to_vec(), Vec::new(), ALL.len());
        let role = Role::new(move |step, ctx| {
            match step {
                Step::Came(signal) => heard.push(signal),
                Step::Listens => {
                    unheard -= 1;
                    if unheard == 0 {
                        send(ALL[0].1, ctx)?;
                    }
                }
                Step::Sent(status) => assert!(status?.success()),
            }
            // A child that ends is a signal, too.
            if heard.iter().filter(|signal| **signal == left[0].0).count() >= 2 {
                left.remove(0);
                match left.first() {
                    Some((_, name)) => send(name, ctx)?,
                    None => ctx.stop(),
                }
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            for (signal, _) in ALL {
                listen(signal, ctx);
            }
            Ok(())
        });
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
}

#[test]
fn every_listener_is_told_of_every_signal() {
    if !again::is_child() {
        again::run("signals::every_listener_is_told_of_every_signal", "", &[]);
        return;
    }
    each_comes_twice(|signal, ctx| {
        for _ in 0..2 {
            ctx.on_signal(signal, Step::Came).expect("the OS allows it");
        }
        ctx.address().send(Step::Listens).expect("it lives");
    });
}

#[test]
fn signals_are_events_of_an_emitter() {
    if !again::is_child() {
        again::run("signals::signals_are_events_of_an_emitter", "", &[]);
        return;
    }
    each_comes_twice(|signal, ctx| {
        let events = Events::from(ctx.spawn(Emitter::signals([signal])));
        for _ in 0..2 {
            events.on::<Signal>(ctx.recipient(Step::Came)).expect("it lives");
        }
        // It answers once it has started.
        events.listener_count::<Signal>().ask(ctx, |_| Step::Listens);
    });
}

#[test]
fn the_end_of_a_child_is_a_signal() {
    if !again::is_child() {
        again::run("signals::the_end_of_a_child_is_a_signal", "", &[]);
        return;
    }
    must_end(|| {
        let mut left: BTreeSet<&str> = ["signal", "exit"].into();
        let role = Role::new(move |step, ctx| {
            match step {
                Step::Came(signal) => {
                    assert_eq!(signal, Signal::Child);
                    left.remove("signal");
                }
                Step::Sent(status) => {
                    assert!(status?.success());
                    left.remove("exit");
                }
                Step::Listens => {}
            }
            if left.is_empty() {
                ctx.stop();
            }
            Ok(())
        });
        let root = role.started(|ctx| {
            ctx.on_signal(Signal::Child, Step::Came)?;
            // Should the child be faster than its signal, the run goes on until that is here.
            ctx.set_expecting(true);
            Command::from(sh("exit 0")).spawn()?.exit(ctx, Step::Sent);
            Ok(())
        });
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
}

#[test]
fn to_listen_keeps_no_runtime_alive() {
    if !again::is_child() {
        again::run("signals::to_listen_keeps_no_runtime_alive", "", &[]);
        return;
    }
    must_end(|| {
        let runtime = Runtime::builder().loops(2).build().expect("a runtime");
        let root = || {
            Role::<Signal>::new(|signal, _| Err(format!("{signal:?} came").into())).started(|ctx| {
                for (signal, _) in ALL {
                    ctx.on_signal(signal, |signal| signal)?;
                }
                ctx.spawn(Emitter::signals(ALL.map(|(signal, _)| signal)));
                Ok(())
            })
        };
        run_balanced(runtime, root).expect("it ends, for nothing can happen any more");
    });
}

#[test]
fn a_signal_that_nobody_listens_to_any_more_does_not_end_the_process() {
    if !again::is_child() {
        let name = "signals::a_signal_that_nobody_listens_to_any_more_does_not_end_the_process";
        again::run(name, "", &[]);
        return;
    }
    let (tell, told) = mpsc::channel();
    must_end(move || {
        let role = Role::new(move |step, ctx| {
            match step {
                // The listener has ended, with its actor.
                Step::Came(_) | Step::Listens => send("USR1", ctx)?,
                Step::Sent(status) => {
                    tell.send(status?.success())?;
                    ctx.stop();
                }
            }
            Ok(())
        });
        let root = role.started(|ctx| {
            let brief = Role::<Signal>::idle().started(|ctx| {
                ctx.on_signal(Signal::User1, |signal| signal)?;
                ctx.stop();
                Ok(())
            });
            let brief = ctx.spawn(brief);
            ctx.watch(&brief, |_| Step::Came(Signal::User2));
            Ok(())
        });
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
    assert_eq!(told.recv(), Ok(true), "this process has lived on");
}
