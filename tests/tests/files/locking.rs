//! Advisory locks. Unix.
#![cfg(unix)]

use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use roundsman::JobError;
use roundsman::fs::{File, FsError, open};
use roundsman_tests::folder::Folder;
use roundsman_tests::missing::is_installed;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::trial::World;

use crate::{REAL, in_worlds, outcome};

fn opened(folder: &Folder) -> [File; 2] {
    let path = folder.with("lock", "");
    [0, 1].map(|_| outcome(REAL, open(&path)).expect("it is there"))
}

#[test]
fn a_file_that_is_locked_refuses_a_second_lock_until_it_is_given_back() {
    let folder = Folder::new();
    in_worlds(|world, _| {
        let [one, other] = opened(&folder);
        let gets = |file: &File| outcome(world, file.try_lock()).expect("it can be asked");
        let shares = |file: &File| outcome(world, file.try_lock_shared()).expect("it can be asked");
        assert!(gets(&one) && gets(&one.clone()), "a clone is the same file");
        assert!(!gets(&other) && !shares(&other));
        outcome(world, one.unlock()).expect("it has it");
        assert!(shares(&other) && shares(&one));
        assert!(!gets(&one), "the other shares it");
        outcome(world, other.unlock()).expect("it has it");
        assert!(gets(&one));
    });
}

#[test]
fn a_lock_is_given_back_when_the_last_clone_is_dropped() {
    let folder = Folder::new();
    let [one, other] = opened(&folder);
    let clone = one.clone();
    assert!(outcome(REAL, one.try_lock()).expect("it can be asked"));
    drop(one);
    assert!(!outcome(REAL, other.try_lock()).expect("it can be asked"));
    drop(clone);
    assert!(outcome(REAL, other.try_lock()).expect("it can be asked"));
}

#[test]
fn a_lock_dropped_by_an_actor_is_free_for_its_next_job() {
    enum Step {
        Mine(Result<bool, JobError<FsError>>),
        Other(Result<bool, JobError<FsError>>),
    }
    let folder = Folder::new();
    in_worlds(|world, _| {
        let [one, other] = opened(&folder);
        must_end(move || {
            let mut mine = Some(one.clone());
            let role = Role::new(move |step, ctx| {
                match step {
                    Step::Mine(taken) => {
                        assert!(taken?);
                        mine = None;
                        ctx.start(other.try_lock(), Step::Other);
                    }
                    Step::Other(taken) => assert!(taken?),
                }
                let _ = &mine;
                Ok(())
            });
            let root = role.started(move |ctx| {
                ctx.start(one.try_lock(), Step::Mine);
                Ok(())
            });
            world.runtime().run(|| root).expect("the root does not fail");
        });
    });
}

/// What comes of two waits for the lock: the first gives it back when told, or never.
fn waits(world: World, within: Option<Duration>, given_back: bool) -> Vec<Result<(), FsError>> {
    enum Step {
        First(Result<(), FsError>),
        GiveBack,
        Given,
        Second(Result<(), FsError>),
    }
    let folder = Folder::new();
    let [one, other] = opened(&folder);
    let (sender, outcomes) = mpsc::channel();
    must_end(move || {
        let first = one.clone();
        let role = Role::new(move |step, ctx| {
            match step {
                Step::First(done) => {
                    sender.send(done)?;
                    let lock = other.lock();
                    let lock = if let Some(within) = within { lock.within(within) } else { lock };
                    lock.start(ctx, Step::Second);
                    if given_back {
                        ctx.send_after(Duration::from_millis(30), Step::GiveBack);
                    }
                }
                Step::GiveBack => _ = ctx.start(one.unlock(), |_| Step::Given),
                Step::Given => {}
                Step::Second(done) => {
                    sender.send(done)?;
                    ctx.stop();
                }
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            first.lock().start(ctx, Step::First);
            Ok(())
        });
        world.runtime().run(|| root).expect("the root does not fail");
    });
    outcomes.iter().collect()
}

#[test]
fn whoever_waits_for_a_lock_gets_it_once_it_is_given_back() {
    in_worlds(|world, _| {
        let outcomes = waits(world, None, true);
        assert!(outcomes.len() == 2 && outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    });
}

#[test]
fn whoever_has_waited_long_enough_is_told_so() {
    in_worlds(|world, _| {
        let outcomes = waits(world, Some(Duration::from_millis(300)), false);
        let [Ok(()), Err(error)] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert_eq!((error.operation, error.kind()), ("locking", io::ErrorKind::TimedOut));
    });
}

#[test]
fn another_process_respects_the_lock() {
    if !is_installed("flock", "no other process asks for the lock of a file") {
        return;
    }
    let folder = Folder::new();
    let [one, _] = opened(&folder);
    let path = folder.file("lock");
    let locked = || {
        let mut flock = Command::new("flock");
        flock.args(["--nonblock", "--conflict-exit-code", "9"]).arg(&path).arg("true");
        flock.stderr(Stdio::null()).status().expect("it runs").code()
    };
    assert_eq!(locked(), Some(0));
    assert!(outcome(REAL, one.try_lock()).expect("it can be asked"));
    assert_eq!(locked(), Some(9));
    drop(one);
    assert_eq!(locked(), Some(0));
    assert!(fs::metadata(path).is_ok());
}
