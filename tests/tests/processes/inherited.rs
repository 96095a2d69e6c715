//! What a child is given of this process: three descriptors, and signals as they were.

use std::io;
use std::process::Stdio;
use std::sync::mpsc;

use bytes::Bytes;
use roundsman::net::{Connection, tcp};
use roundsman::process::{Command, Output, OutputError};
use roundsman::stream::{Item, PipeError, StreamContext, Summary};
use roundsman::{Runtime, Signal, fs};
use roundsman_tests::again;
use roundsman_tests::folder::Folder;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

use crate::{REAL, sh};

enum Step {
    Accepted(Item<Connection>),
    Connected(Connection),
    Bytes(Item<Bytes>),
    Signal,
    Ended,
    Exited,
    Output(Result<Output, OutputError>),
}

fn ended(_: Result<Summary, PipeError>) -> Step {
    Step::Ended
}

/// What this process has open, as Linux names it. Other threads may close one meanwhile.
fn open_here() -> io::Result<Vec<String>> {
    let open = std::fs::read_dir("/proc/self/fd")?;
    let names = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    Ok(names.map(|name| name.display().to_string()).collect())
}

/// What a child of a busy process prints.
fn printed(script: &'static str) -> String {
    let folder = Folder::new();
    let followed = folder.with("followed", "something");
    let (tell, told) = mpsc::channel();
    must_end(move || {
        let mut kept: Vec<Connection> = Vec::new();
        let mut held = Vec::new();
        // Kept, for a child whose handle is dropped hears the end of its input, and ends.
        let mut child = None;
        let role = Role::new(move |step, ctx| {
            match step {
                // Both ends of a connection, one of which is read, and a child.
                Step::Accepted(client) => kept.push(client.take()),
                Step::Connected(server) => {
                    server.reader().pipe(ctx.inlet(Step::Bytes)).start(ctx, ended);
                    kept.push(server);
                    let cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped());
                    let cat = cat.stderr(Stdio::piped()).spawn()?;
                    cat.exit(ctx, |_| Step::Exited);
                    cat.stdout().pipe(ctx.inlet(Step::Bytes)).start(ctx, ended);
                    child = Some(cat);
                }
                // The file is open, as one of them says.
                Step::Bytes(bytes) => held.push(bytes),
                Step::Output(output) => {
                    let output = output?;
                    tell.send(String::from_utf8(output.stdout.to_vec())?)?;
                    ctx.stop();
                }
                Step::Signal | Step::Exited | Step::Ended => {}
            }
            if kept.len() == 2 && held.len() == 1 {
                held.clear();
                assert!(child.is_some());
                let open = open_here()?;
                for (kind, least) in
                    [("[eventpoll]", 1), ("socket:", 3), ("pipe:", 3), ("followed", 1)]
                {
                    let of_kind = open.iter().filter(|name| name.contains(kind)).count();
                    assert!(of_kind >= least, "{least} of {kind}: {open:?}");
                }
                Command::from(sh(script)).output(1000).start(ctx, Step::Output);
            }
            Ok(())
        });
        let root = role.started(move |ctx| {
            ctx.on_signal(Signal::User1, |_| Step::Signal)?;
            let listener = tcp::listen("127.0.0.1:0")?;
            let address = listener.local().clone();
            listener.incoming().pipe(ctx.inlet(Step::Accepted)).start(ctx, ended);
            tcp::connect(address).start(ctx, |server| Step::Connected(server.expect("it listens")));
            let following = fs::reader(followed).follow().source();
            following.pipe(ctx.inlet(Step::Bytes)).start(ctx, ended);
            Ok(())
        });
        run_balanced(REAL.runtime(), || root).expect("the root does not fail");
    });
    told.recv().expect("it was run")
}

/// Lists its descriptors; one is the folder itself, which `ls` has opened to read it.
const LIST: &str = "exec ls /proc/self/fd";

#[test]
fn a_child_has_no_descriptor_of_this_process_but_its_three() {
    if !again::is_child() {
        let name = "inherited::a_child_has_no_descriptor_of_this_process_but_its_three";
        again::run(name, "", &[]);
        return;
    }
    // What whoever runs the tests has left open to everybody is not ours.
    let before = sh(LIST).stdin(Stdio::null()).output().expect("it can be run").stdout;
    let before = String::from_utf8(before).expect("numbers");
    assert!(before.starts_with("0\n1\n"), "{before}");
    assert_eq!(printed(LIST), before);
}

/// A set of signals, as Linux writes it.
fn has(status: &str, set: &str, signal: u32) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix(set)).expect("Linux says so");
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).expect("hex") >> (signal - 1) & 1
        == 1
}

const SIGUSR1: u32 = 10;
const SIGPIPE: u32 = 13;

#[test]
fn a_child_begins_with_its_signals_as_they_were() {
    let status = printed("exec grep Sig /proc/self/status");
    for signal in [SIGPIPE, SIGUSR1] {
        for set in ["SigIgn", "SigCgt", "SigBlk"] {
            assert!(!has(&status, set, signal), "{set} has {signal}: {status}");
        }
    }
}

#[test]
fn a_runtime_outlives_broken_pipes_by_itself() {
    if !again::is_child() {
        again::run("inherited::a_runtime_outlives_broken_pipes_by_itself", "", &[]);
        return;
    }
    let status = || std::fs::read_to_string("/proc/self/status").expect("Linux says so");
    // Rust ignores it, which another language would not have done.
    assert!(!has(&status(), "SigCgt", SIGPIPE));
    drop(Runtime::builder().loops(1).build().expect("a runtime"));
    assert!(has(&status(), "SigCgt", SIGPIPE), "a handler stands between it and the end");
    let (reader, mut writer) = io::pipe().expect("a pipe");
    drop(reader);
    let error = io::Write::write(&mut writer, b"x").expect_err("nobody reads");
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}
