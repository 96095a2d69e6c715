//! The standard streams, in processes of their own.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::Stdio;

use bytes::Bytes;
use roundsman::process;
use roundsman::stream::{Source, collect};
use roundsman_tests::again;
use roundsman_tests::folder::Folder;
use roundsman_tests::outcome::result;
use roundsman_tests::patience::must_end;

use crate::{REAL, endless, pattern};

/// Runs the test again with `stdin`, and returns what it has written to its standard output.
fn run_with(name: &str, stdin: impl Into<Stdio>) -> Vec<u8> {
    let mut command = again::command(&format!("standard::{name}"));
    let child = command.stdin(stdin).stdout(Stdio::piped()).spawn().expect("it can be started");
    must_end(move || {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        output.stdout
    })
}

fn has(output: &[u8], part: &[u8]) -> bool {
    output.windows(part.len()).any(|window| window == part)
}

/// All that comes on the standard input.
fn taken() -> Vec<u8> {
    result(REAL, process::stdin().pipe(collect())).expect("it ends").concat()
}

#[test]
fn standard_input_may_be_a_pipe() {
    if again::is_child() {
        assert!(taken() == pattern(1_000_000).concat());
        return;
    }
    let (reader, mut writer) = io::pipe().expect("a pipe");
    must_end(move || {
        std::thread::scope(|scope| {
            scope.spawn(move || writer.write_all(&pattern(1_000_000).concat()));
            run_with("standard_input_may_be_a_pipe", reader);
        });
    });
}

#[test]
fn standard_input_may_be_a_file_and_is_read_from_where_it_stands() {
    if again::is_child() {
        assert!(taken() == pattern(1_000_000).concat()[10..]);
        return;
    }
    let folder = Folder::new();
    let path = folder.with("numbers", pattern(1_000_000).concat());
    let mut file = File::open(path).expect("it can be opened");
    file.read_exact(&mut [0; 10]).expect("it is long enough");
    run_with("standard_input_may_be_a_file_and_is_read_from_where_it_stands", file);
}

#[test]
fn standard_input_may_be_nothing() {
    if again::is_child() {
        assert!(taken().is_empty());
        return;
    }
    run_with("standard_input_may_be_nothing", Stdio::null());
}

#[test]
fn standard_output_takes_everything_in_order_and_stays_open() {
    if again::is_child() {
        for _ in 0..2 {
            let summary = result(REAL, Source::iter(pattern(500_000)).pipe(process::stdout()));
            assert_eq!(summary.expect("it is taken").bytes, 500_000);
        }
        return;
    }
    let name = "standard_output_takes_everything_in_order_and_stays_open";
    let output = run_with(name, Stdio::null());
    let half = pattern(500_000).concat();
    assert!(has(&output, &[half.clone(), half].concat()));
}

#[test]
fn standard_output_may_be_a_file() {
    if again::is_child() {
        result(REAL, Source::iter(pattern(500_000)).pipe(process::stdout())).expect("it is taken");
        return;
    }
    let folder = Folder::new();
    let path = folder.file("output");
    let mut command = again::command("standard::standard_output_may_be_a_file");
    command.stdout(File::create(&path).expect("it can be created"));
    must_end(move || assert!(command.status().expect("it ends").success()));
    assert!(has(&std::fs::read(path).expect("it is there"), &pattern(500_000).concat()));
}

#[test]
fn whoever_reads_standard_output_and_goes_fails_the_pipeline_and_not_the_process() {
    if again::is_child() {
        let error = result(REAL, endless().pipe(process::stdout())).expect_err("nobody reads");
        assert_eq!((error.stage(), error.io_kind()), ("stdout", Some(io::ErrorKind::BrokenPipe)));
        let heard = Source::iter([Bytes::from("it lives")]).pipe(process::stderr());
        result(REAL, heard).expect("somebody reads");
        return;
    }
    let name = "whoever_reads_standard_output_and_goes_fails_the_pipeline_and_not_the_process";
    let mut command = again::command(&format!("standard::{name}"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    must_end(move || {
        let mut output = child.stdout.take().expect("it is piped");
        output.read_exact(&mut [0; 5_000]).expect("something comes");
        drop(output);
        let mut heard = Vec::new();
        child.stderr.take().expect("it is piped").read_to_end(&mut heard).expect("it ends");
        child.wait().expect("it ends");
        assert!(has(&heard, b"it lives"), "{}", String::from_utf8_lossy(&heard));
    });
}
