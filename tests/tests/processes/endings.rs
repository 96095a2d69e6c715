//! How children end that nobody wants any more: asked, and killed when their time is up.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use roundsman::process::{Child, Command, through};
use roundsman::stream::{Item, PipeError, Running, StreamContext, Summary};
use roundsman::{Context, Drain, Outcome, RunError, Signal};
use roundsman_tests::again;
use roundsman_tests::folder::Folder;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::outcome::ONE_LOOP;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::trial::World;

use crate::{REAL, endless, is_there, sh};

/// A time of grace that no test waits for.
const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(50);

/// Does not end when it is asked to.
const DEAF: &str = "trap '' TERM; echo ready; exec sleep 1000";

enum Step {
    Ready,
    Closed(Result<Summary, PipeError>),
    Exited(io::Result<ExitStatus>),
}

fn ready(_: Item<Bytes>) -> Step {
    Step::Ready
}

type Ctx<'a> = Context<'a, Role<Step>>;

/// An actor that has started a child and does something once it is ready.
fn keeper(
    command: impl Into<Command>,
    then: impl FnOnce(&Child, &mut Ctx<'_>) -> Outcome + 'static,
    ended: mpsc::Sender<ExitStatus>,
) -> Role<Step> {
    let command = command.into().stdout(Stdio::piped());
    let child = Rc::new(RefCell::new(None));
    let (kept, mut then) = (Rc::clone(&child), Some(then));
    Role::new(move |step, ctx| {
        match step {
            Step::Ready => {
                let child = child.borrow();
                if let (Some(child), Some(then)) = (&*child, then.take()) {
                    then(child, ctx)?;
                }
            }
            Step::Exited(status) => _ = ended.send(status?),
            Step::Closed(result) => _ = result?,
        }
        Ok(())
    })
    .started(move |ctx| {
        let child = command.spawn()?;
        child.stdout().pipe(ctx.inlet(ready)).start(ctx, Step::Closed);
        child.exit(ctx, Step::Exited);
        *kept.borrow_mut() = Some(child);
        Ok(())
    })
}

/// Runs a child, does something with it once it is ready, and returns how it ended.
fn ended(
    world: World,
    command: impl Into<Command>,
    then: impl FnOnce(&Child, &mut Ctx<'_>) -> Outcome + Send + 'static,
) -> ExitStatus {
    let (tell, told) = mpsc::channel();
    let command = command.into();
    must_end(move || {
        // Nothing else keeps it alive.
        run_balanced(world.runtime(), || keeper(command, then, tell)).expect("no failure");
    });
    let status = told.recv().expect("it is told");
    assert!(told.recv().is_err(), "once");
    status
}

#[test]
fn a_child_that_ignores_sigterm_is_killed_when_its_time_is_up() {
    let status = ended(REAL, sh(DEAF), |child, ctx| Ok(child.terminate(SHORT, ctx)?));
    assert_eq!(status.signal(), Some(9));
}

#[test]
fn a_child_that_obeys_is_waited_for_no_longer() {
    let script = "echo ready; exec sleep 1000";
    let status = ended(REAL, sh(script), |child, ctx| Ok(child.terminate(HOUR, ctx)?));
    assert_eq!(status.signal(), Some(15));
}

#[test]
fn a_child_is_asked_as_its_command_says() {
    // Not by INT: a shell in the background has its children born deaf to it.
    let script = "trap 'exit 7' USR1; echo ready; while :; do sleep 0.01; done";
    let command = Command::from(sh(script)).stop_signal(Signal::User1);
    let status = ended(REAL, command, |child, ctx| Ok(child.terminate(HOUR, ctx)?));
    assert_eq!(status.code(), Some(7));
}

#[test]
fn a_child_is_asked_once_however_often_it_is_to_end() {
    let folder = Folder::new();
    let asked = folder.file("asked");
    let script = format!(
        "trap 'echo asked >> {}; echo heard' TERM; echo ready; while :; do sleep 0.01; done",
        asked.display()
    );
    must_end(move || {
        let child = Rc::new(RefCell::new(None::<Child>));
        let kept = Rc::clone(&child);
        let mut times = 0;
        let role = Role::new(move |step, ctx: &mut Ctx<'_>| {
            if let Step::Ready = step {
                times += 1;
                let child = child.borrow();
                let child = child.as_ref().ok_or("it was started")?;
                // Once when it is ready, and once more when it has heard of it.
                child.terminate(if times == 1 { HOUR } else { SHORT }, ctx)?;
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            let child = Command::from(sh(&script)).stdout(Stdio::piped()).spawn()?;
            child.stdout().pipe(ctx.inlet(ready)).start(ctx, Step::Closed);
            child.exit(ctx, Step::Exited);
            *kept.borrow_mut() = Some(child);
            Ok(())
        });
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
    assert_eq!(fs::read_to_string(asked).expect("it was asked"), "asked\n");
}

#[test]
fn a_child_that_has_ended_is_asked_in_vain_and_without_harm() {
    let status = ended(REAL, sh("echo ready; exit 3"), |child, ctx| {
        child.terminate(HOUR, ctx)?;
        Ok(child.terminate(Duration::ZERO, ctx)?)
    });
    // Asked before it could end by itself, perhaps.
    assert!(status.code() == Some(3) || status.signal().is_some(), "{status}");
}

#[test]
fn in_virtual_time_the_grace_passes_at_once() {
    let (tell, told) = mpsc::channel();
    must_end(move || {
        let role = Role::new(move |status: io::Result<ExitStatus>, _| Ok(tell.send(status?)?));
        let root = role.started(|ctx| {
            let child = Command::new("sleep").arg("1000").spawn()?;
            child.exit(ctx, |status| status);
            Ok(child.terminate(HOUR, ctx)?)
        });
        run_balanced(ONE_LOOP.runtime(), || root).expect("the root does not fail");
    });
    assert!(!told.recv().expect("it is told").success());
}

/// A script that notes in a file that it was asked, and ends.
fn polite(note: &Path) -> String {
    format!(
        "trap 'echo asked > {}; exit 0' TERM; echo ready; while :; do sleep 0.01; done",
        note.display()
    )
}

/// Runs a child of an actor that ends as soon as it is ready; it is the child of the root. The number of the process.
fn abandoned(command: Command, leave: fn(&Child, &mut Ctx<'_>) -> Outcome) -> u32 {
    let (tell, told) = mpsc::channel();
    must_end(move || {
        let root = Role::<()>::idle().started(move |ctx| {
            let then = move |child: &Child, ctx: &mut Ctx<'_>| {
                tell.send(child.id())?;
                leave(child, ctx)?;
                ctx.stop();
                Ok(())
            };
            ctx.spawn(keeper(command, then, mpsc::channel().0));
            Ok(())
        });
        // It goes on until the child has ended, and no longer.
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
    told.recv().expect("it was started")
}

#[test]
fn a_child_is_asked_to_end_when_the_actor_that_waits_for_it_has_ended() {
    let folder = Folder::new();
    let note = folder.file("note");
    let id = abandoned(Command::from(sh(&polite(&note))).kill_after(HOUR), |_, _| Ok(()));
    assert_eq!(fs::read_to_string(note).expect("it was asked"), "asked\n");
    assert!(!is_there(id), "neither alive nor a zombie");
}

#[test]
fn a_child_that_does_not_end_when_it_is_asked_is_killed_though_nobody_waits_for_it() {
    let id = abandoned(Command::from(sh(DEAF)).kill_after(SHORT), |_, _| Ok(()));
    assert!(!is_there(id), "neither alive nor a zombie");
}

#[test]
fn a_grace_time_goes_on_when_the_actor_that_has_given_it_has_ended() {
    let folder = Folder::new();
    let note = folder.file("note");
    let id = abandoned(Command::from(sh(&polite(&note))).kill_after(HOUR), |child, ctx| {
        Ok(child.terminate(HOUR, ctx)?)
    });
    assert_eq!(fs::read_to_string(note).expect("it was asked"), "asked\n");
    assert!(!is_there(id), "neither alive nor a zombie");
}

/// Runs a child until it is ready, and then drains the runtime.
fn drained(command: Command, plan: Drain) -> (Result<(), RunError>, u32, Vec<ExitStatus>) {
    let ((tell, told), (name, named)) = (mpsc::channel(), mpsc::channel());
    let result = must_end(move || {
        let then = move |child: &Child, ctx: &mut Ctx<'_>| {
            name.send(child.id())?;
            ctx.shutdown(plan);
            Ok(())
        };
        run_balanced(REAL.runtime(), || keeper(command, then, tell))
    });
    (result, named.recv().expect("it was started"), told.into_iter().collect())
}

#[test]
fn a_planned_stop_asks_a_child_and_waits_for_its_end() {
    let folder = Folder::new();
    let note = folder.file("note");
    let command = Command::from(sh(&polite(&note))).kill_after(HOUR);
    let (result, id, statuses) = drained(command, Drain::within(HOUR));
    result.expect("nothing is cut");
    assert_eq!(statuses.iter().map(ExitStatus::code).collect::<Vec<_>>(), [Some(0)]);
    assert_eq!(fs::read_to_string(note).expect("it was asked"), "asked\n");
    assert!(!is_there(id));
}

#[test]
fn a_planned_stop_kills_a_child_whose_time_is_up() {
    let command = Command::from(sh(DEAF)).kill_after(SHORT);
    let (result, id, statuses) = drained(command, Drain::within(HOUR));
    result.expect("nothing is cut");
    assert_eq!(statuses.iter().map(ExitStatusExt::signal).collect::<Vec<_>>(), [Some(9)]);
    assert!(!is_there(id));
}

#[test]
fn a_planned_stop_that_has_no_time_left_kills_a_child_and_names_it() {
    let command = Command::from(sh(DEAF)).kill_after(HOUR);
    let (result, id, _) = drained(command, Drain::within(SHORT));
    let Err(RunError::Cut(report)) = result else { panic!("{result:?}") };
    let name = format!("/ending:{id}");
    assert!(report.actors.iter().any(|one| one.path == name && one.unfinished), "{report:?}");
    assert!(!is_there(id), "neither alive nor a zombie");
}

#[test]
fn a_runtime_that_ends_at_once_leaves_no_child() {
    let (tell, told) = mpsc::channel();
    must_end(move || {
        let then = move |child: &Child, ctx: &mut Ctx<'_>| {
            tell.send(child.id())?;
            ctx.stop();
            Ok(())
        };
        let command = Command::from(sh(DEAF)).kill_after(HOUR);
        let root = || keeper(command, then, mpsc::channel().0);
        run_balanced(REAL.runtime(), root).expect("the root does not fail");
    });
    assert!(!is_there(told.recv().expect("it was started")), "neither alive nor a zombie");
}

#[test]
fn a_stage_that_is_cancelled_asks_its_child_to_end() {
    let folder = Folder::new();
    let note = folder.file("note");
    let command = Command::from(sh(&polite(&note))).kill_after(HOUR);
    must_end(move || {
        let (give, running) = mpsc::channel::<Running>();
        let role = Role::new(move |step, _: &mut Ctx<'_>| {
            if let Step::Ready = step {
                running.recv()?.cancel("enough");
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            let source = endless().through(through(command));
            give.send(source.pipe(ctx.inlet(ready)).start(ctx, Step::Closed))?;
            Ok(())
        });
        // It goes on until the child has ended, and no longer.
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
    assert_eq!(fs::read_to_string(note).expect("it was asked"), "asked\n");
}

#[test]
fn a_hundred_children_that_are_deaf_leave_no_zombie() {
    let (tell, told) = mpsc::channel();
    must_end(move || {
        let root = Role::<()>::idle().started(move |ctx| {
            for _ in 0..100 {
                let tell = tell.clone();
                let then = move |child: &Child, ctx: &mut Ctx<'_>| {
                    tell.send(child.id())?;
                    ctx.stop();
                    Ok(())
                };
                let command = Command::from(sh(DEAF)).kill_after(SHORT);
                ctx.spawn(keeper(command, then, mpsc::channel().0));
            }
            Ok(())
        });
        run_balanced(World::Real { loops: 2 }.runtime(), || root).expect("no failure");
    });
    let ids: Vec<_> = told.into_iter().collect();
    assert_eq!(ids.len(), 100);
    assert!(!ids.into_iter().any(is_there));
}

#[test]
fn the_end_of_a_child_is_heard_of_by_a_process_that_began_with_sigchld_ignored() {
    let name =
        "endings::the_end_of_a_child_is_heard_of_by_a_process_that_began_with_sigchld_ignored";
    if !again::is_child() {
        again::run(name, "trap '' CHLD", &[]);
        return;
    }
    must_end(|| {
        let role = Role::new(|status: io::Result<ExitStatus>, ctx| {
            assert_eq!(status?.code(), Some(4));
            ctx.stop();
            Ok(())
        });
        let role = role.started(|ctx| {
            Command::from(sh("exit 4")).spawn()?.exit(ctx, |status| status);
            Ok(())
        });
        REAL.runtime().run(|| role).expect("it is heard of");
    });
}
