//! What changes below a path. In the real world.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use roundsman::fs::WatchKind::{Created, Modified, Ready, Removed, Renamed, Rescan};
use roundsman::fs::{FsError, Watch, WatchEvent, WatchKind, watch};
use roundsman::stream::{Item, PipeError, Running, StreamContext, Summary, collect};
use roundsman::{Drain, Runtime};
use roundsman_tests::again;
use roundsman_tests::folder::Folder;
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

use crate::open_descriptors;

enum Step {
    Event(Item<WatchEvent>),
    Started(Running),
    Ended(Result<Summary, PipeError>),
}

/// What a watcher does about an event.
enum Then {
    Wait,
    Cancel,
    Stop,
}

/// Watches, and does something about each event, until that says that it is enough; how the pipeline has ended.
fn watching(
    watch: Watch,
    mut act: impl FnMut(&WatchEvent) -> Then + Send + 'static,
) -> Result<Summary, PipeError> {
    let (sender, ended) = mpsc::channel();
    must_end(move || {
        let mut running = None;
        let role = Role::new(move |step, ctx| {
            match step {
                Step::Event(event) => match act(&event) {
                    Then::Wait => {}
                    Then::Stop => ctx.shutdown(Drain::default()),
                    Then::Cancel => {
                        let running: &Running = running.as_ref().expect("it was started");
                        running.cancel("enough");
                    }
                },
                Step::Started(started) => running = Some(started),
                Step::Ended(end) => {
                    sender.send(end)?;
                    ctx.stop();
                }
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            let running = watch.source().pipe(ctx.inlet(Step::Event)).start(ctx, Step::Ended);
            ctx.address().send(Step::Started(running)).map_err(|_| "it runs")?;
            Ok(())
        });
        let runtime = Runtime::builder().loops(1).no_watchdog().build().expect("a runtime");
        runtime.run(|| root).expect("the root does not fail");
    });
    ended.recv().expect("it ends")
}

/// Everything that comes until `act` says true. It is called for each event, the last of all.
fn events(
    watch: Watch,
    mut act: impl FnMut(&WatchEvent) -> bool + Send + 'static,
) -> Vec<WatchEvent> {
    let (sender, events) = mpsc::channel();
    let end = watching(watch, move |event| {
        let enough = act(event);
        sender.send(event.clone()).expect("the test waits");
        if enough { Then::Cancel } else { Then::Wait }
    });
    assert!(end.is_err_and(|error| error.is_cancelled()));
    events.iter().collect()
}

/// What has happened to which paths below `root`, without what was only modified.
fn shown(root: &Path, events: &[WatchEvent]) -> Vec<(WatchKind, String)> {
    let below = |path: &Path| path.strip_prefix(root).expect("below").display().to_string();
    let events = events.iter().filter(|event| event.kind != Modified);
    events.map(|event| (event.kind.clone(), below(&event.path))).collect()
}

#[test]
fn what_is_created_changed_renamed_and_removed_is_told_in_this_order() {
    let folder = Folder::new();
    let (one, other) = (folder.file("one"), folder.file("other"));
    let (from, to) = (one.clone(), other.clone());
    let mut changed = false;
    let events = events(watch(folder.path()), move |event| {
        match &event.kind {
            Ready => fs::write(&from, "!").expect("it can be written"),
            Created => fs::write(&from, "!!").expect("it can be written"),
            Modified if !std::mem::replace(&mut changed, true) => {
                fs::rename(&from, &to).expect("it is there");
            }
            Renamed { .. } => fs::remove_file(&to).expect("it is there"),
            Removed => return true,
            _ => {}
        }
        false
    });
    assert!(events.iter().any(|event| event.kind == Modified && event.path == one));
    let renamed = Renamed { from: one, to: other };
    let expected = [(Ready, ""), (Created, "one"), (renamed, "other"), (Removed, "other")];
    let expected = expected.map(|(kind, path)| (kind, path.to_owned()));
    assert_eq!(shown(folder.path(), &events), expected);
}

#[test]
fn what_leaves_is_gone_and_what_comes_from_elsewhere_has_come() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let (page, away) = (folder.with("page", "!"), elsewhere.file("page"));
    let events = events(watch(folder.path()), move |event| {
        match event.kind {
            Ready => fs::rename(&page, &away).expect("one file system"),
            Removed => fs::rename(&away, &page).expect("one file system"),
            Created => return true,
            _ => {}
        }
        false
    });
    let expected = [(Ready, ""), (Removed, "page"), (Created, "page")];
    let expected = expected.map(|(kind, path)| (kind, path.to_owned()));
    assert_eq!(shown(folder.path(), &events), expected);
}

#[test]
fn what_is_in_a_directory_that_has_just_come_is_told_too() {
    for _ in 0..20 {
        let folder = Folder::new();
        let root = folder.path().to_owned();
        let mut missing: BTreeSet<_> =
            ["a", "a/b", "a/b/c", "a/b/c/deep", "a/near"].map(|name| root.join(name)).into();
        events(watch(&root).recursive(true), move |event| {
            if event.kind == Ready {
                // Faster than any watch of the new directories.
                fs::create_dir_all(root.join("a/b/c")).expect("it can be made");
                fs::write(root.join("a/b/c/deep"), "!").expect("it can be written");
                fs::write(root.join("a/near"), "!").expect("it can be written");
            }
            missing.remove(&event.path);
            missing.is_empty()
        });
    }
}

#[test]
fn links_are_not_followed() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let (root, outside) = (folder.path().to_owned(), elsewhere.file("outside"));
    symlink(elsewhere.path(), folder.file("before")).expect("it can be made");
    let (later, last) = (folder.file("later"), folder.file("last"));
    let (target, end) = (elsewhere.path().to_owned(), last.clone());
    let events = events(watch(&root).recursive(true), move |event| {
        if event.kind == Ready {
            fs::write(&outside, "!").expect("it can be written");
            symlink(&target, &later).expect("it can be made");
        } else if event.path == later {
            fs::write(&outside, "!!").expect("it can be written");
            fs::write(&last, "!").expect("it can be written");
        }
        event.path == end
    });
    let expected = [(Ready, ""), (Created, "later"), (Created, "last")];
    let expected = expected.map(|(kind, path)| (kind, path.to_owned()));
    assert_eq!(shown(&root, &events), expected);
    assert!(events.iter().all(|event| event.path != root.join("before/outside")), "{events:?}");
}

#[test]
fn a_tree_in_which_directories_come_and_go_can_be_watched() {
    let folder = Folder::new();
    let passing = folder.file("passing");
    let over = Arc::new(AtomicBool::new(false));
    let enough = Arc::clone(&over);
    #[expect(clippy::disallowed_methods, reason = "what others do meanwhile")]
    let others = thread::spawn(move || {
        while !enough.load(Ordering::Relaxed) {
            fs::create_dir(&passing).expect("it can be made");
            fs::remove_dir(&passing).expect("it can be removed");
        }
    });
    for _ in 0..50 {
        events(watch(folder.path()).recursive(true), |_| true);
    }
    over.store(true, Ordering::Relaxed);
    others.join().expect("it does not panic");
}

/// Whether no thread of a process runs.
fn stands_still(process: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("it is there");
    threads.flatten().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // Behind the name, which is in brackets, stands the state.
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
    })
}

#[test]
fn after_the_os_has_lost_events_directories_that_have_come_meanwhile_are_watched_too() {
    const NAME: &str = "watching::\
        after_the_os_has_lost_events_directories_that_have_come_meanwhile_are_watched_too";
    if again::is_child() {
        let root = PathBuf::from(std::env::var_os("WATCHED").expect("it is said"));
        let (late, news) = (root.join("late/dir"), root.join("late/dir/news"));
        let told = news.clone();
        events(watch(&root).recursive(true), move |event| {
            #[expect(clippy::disallowed_macros, reason = "the parent reads it")]
            match event.kind {
                Ready => println!("ready"),
                // It was made while this process stood still, and is there.
                Rescan => fs::write(late.join("news"), "!").expect("it can be written"),
                _ => {}
            }
            event.path == told
        });
        return;
    }
    let folder = Folder::new();
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events");
    let limit: usize = limit.expect("Linux says it").trim().parse().expect("a number");
    let mut child = again::command(NAME)
        .env("WATCHED", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut lines = lines.map(|line| line.expect("it is text"));
    assert!(lines.any(|line| line.ends_with("ready")), "it begins");
    let signal = |name: &str| {
        let kill = format!("kill {name} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell runs").success());
    };
    signal("-STOP");
    // Until then it goes on reading, and none is lost.
    while !stands_still(child.id()) {
        thread::yield_now();
    }
    // Each is an event of its own: none is about the same file as the one before.
    let written = ["one", "other"].map(|name| fs::File::create(folder.file(name)));
    let mut written = written.map(|file| file.expect("it can be written"));
    for number in 0..=limit {
        written[number % 2].write_all(b"!").expect("it can be written");
    }
    fs::create_dir_all(folder.file("late/dir")).expect("it can be made");
    signal("-CONT");
    assert!(lines.any(|line| line.contains("1 passed")), "it was told");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn below_the_directory_nothing_is_told_unless_asked_for() {
    let folder = Folder::new();
    fs::create_dir(folder.file("dir")).expect("it can be made");
    let (below, last) = (folder.file("dir/below"), folder.file("last"));
    let end = last.clone();
    let events = events(watch(folder.path()), move |event| {
        if event.kind == Ready {
            fs::write(&below, "!").expect("it can be written");
            fs::write(&last, "!").expect("it can be written");
        }
        event.path == end
    });
    let expected = [(Ready, String::new()), (Created, "last".to_owned())];
    assert_eq!(shown(folder.path(), &events), expected);
}

#[test]
fn a_file_is_watched_by_its_name_also_when_another_takes_its_place() {
    let folder = Folder::new();
    let (page, new) = (folder.with("page", "old"), folder.file("new"));
    let path = page.clone();
    let mut replaced = false;
    let events = events(watch(&page), move |event| {
        match event.kind {
            Ready => {
                fs::write(&new, "new").expect("it can be written");
                fs::rename(&new, &path).expect("it is there");
            }
            Created if !std::mem::replace(&mut replaced, true) => {
                fs::remove_file(&path).expect("it is there");
            }
            Removed => fs::write(&path, "again").expect("it can be written"),
            Created => return true,
            _ => {}
        }
        false
    });
    assert!(events.iter().all(|event| event.path == page), "{events:?}");
    let kinds: Vec<_> = shown(&page, &events).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [Ready, Created, Removed, Created]);
}

#[test]
fn a_path_at_which_nothing_is_cannot_be_watched() {
    let folder = Folder::new();
    let path = folder.file("nothing");
    let error = watching(watch(&path), |_| Then::Wait).expect_err("nothing is there");
    let cause = error.cause_as::<FsError>().expect("an error of fs");
    let seen = (cause.operation, cause.kind(), &cause.path);
    assert_eq!(seen, ("watching", io::ErrorKind::NotFound, &path));
}

#[test]
fn a_simulated_runtime_refuses() {
    let folder = Folder::new();
    let error = result(ONE_LOOP, watch(folder.path()).source().pipe(collect()));
    let error = error.expect_err("no seed knows what the OS tells");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::Unsupported));
}

#[test]
fn what_is_too_much_is_not_lost_silently() {
    let folder = Folder::new();
    let root = folder.path().to_owned();
    let events = events(watch(&root).pending(20), move |event| {
        if event.kind == Ready {
            // Nothing is taken until this returns; the library hears of it all the same.
            for number in 0..5_000 {
                fs::write(root.join(format!("{number}")), "!").expect("it can be written");
            }
        }
        event.kind == Rescan
    });
    let rescan = events.iter().find(|event| event.kind == Rescan).expect("it was waited for");
    assert_eq!(rescan.path, folder.path());
    assert!(events.len() < 200, "{} events were kept", events.len());
}

#[test]
fn a_planned_stop_ends_a_watch() {
    let folder = Folder::new();
    let end = watching(watch(folder.path()), |_| Then::Stop);
    assert_eq!(end.expect("it ends").items, 1);
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("Linux shows them").count()
}

#[test]
fn a_watch_that_is_cancelled_leaves_no_thread_and_no_descriptor() {
    if !again::is_child() {
        let name = "watching::a_watch_that_is_cancelled_leaves_no_thread_and_no_descriptor";
        again::run(name, "", &[]);
        return;
    }
    let folder = Folder::new();
    let (descriptors, running) = (open_descriptors(), threads());
    for _ in 0..30 {
        events(watch(folder.path()).recursive(true), |_| true);
    }
    must_end(move || {
        // This closure has a thread of its own.
        while open_descriptors() != descriptors || threads() > running + 1 {
            thread::yield_now();
        }
    });
}
