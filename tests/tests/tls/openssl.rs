//! Against OpenSSL, where it is present: another implementation, with habits of its own.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;

use bytes::Bytes;
use roundsman::net::tcp;
use roundsman::stream::{Source, StreamContext};
use roundsman_tests::patience::must_end;
use roundsman_tests::server::{Event, Server};

use crate::{Site, assert_serves, echo, start};

/// Whether there is an OpenSSL that could be asked.
///
/// # Panics
/// If there is none, and this is CI.
#[expect(clippy::disallowed_macros, reason = "a test that is skipped says so aloud")]
fn is_there() -> bool {
    let version = Command::new("openssl").arg("version").output();
    if version.is_ok_and(|output| output.status.success()) {
        return true;
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs openssl");
    eprintln!("SKIPPED: there is no `openssl` here, so nothing was tried against it");
    false
}

/// A process that is killed when this is dropped.
struct Tool {
    child: Child,
    output: Option<BufReader<ChildStdout>>,
}

impl Tool {
    fn start(arguments: &[&OsStr]) -> Self {
        // What it says on stderr is of interest, too.
        let mut command = Command::new("sh");
        command.args(["-c", "exec openssl \"$@\" 2>&1", "sh"]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a shell runs");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, output: Some(output) }
    }

    fn say(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        stdin.write_all(text.as_bytes()).expect("it takes what is said");
        stdin.flush().expect("it takes what is said");
    }

    /// Reads lines until one has this in it.
    fn expect(&mut self, what: &str) -> String {
        let mut output = self.output.take().expect("it was put back");
        let what = what.to_owned();
        let (output, line) = must_end(move || {
            loop {
                let mut line = String::new();
                let got = output.read_line(&mut line).expect("a line");
                assert_ne!(got, 0, "it ended without saying {what:?}");
                if line.contains(&what) {
                    return (output, line);
                }
            }
        });
        self.output = Some(output);
        line
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn s_client(site: &Site, server: &Server, more: &[&str]) -> Tool {
    let (address, root) = (server.socket_addr().to_string(), site.authority.root());
    let mut arguments: Vec<&OsStr> = ["s_client", "-connect", &address].map(OsStr::new).into();
    let checks = ["-servername", "localhost", "-verify_hostname", "localhost", "-CAfile"];
    arguments.extend(checks.map(OsStr::new));
    arguments.extend([root.as_os_str(), "-verify_return_error".as_ref()]);
    arguments.extend(more.iter().map(OsStr::new));
    Tool::start(&arguments)
}

#[test]
fn s_client_is_served_by_either_version() {
    if !is_there() {
        return;
    }
    let site = Site::new();
    let server = start(site.server(), echo);
    for version in ["-tls1_2", "-tls1_3"] {
        let mut client = s_client(&site, &server, &["-quiet", version]);
        client.say("hello, server\n");
        client.expect("hello, server");
    }
    assert_serves(&server, &site);
}

#[test]
fn s_client_that_wants_to_negotiate_anew_is_refused_and_nobody_else_notices() {
    if !is_there() {
        return;
    }
    let site = Site::new();
    let server = start(site.server(), echo);
    let mut client = s_client(&site, &server, &["-tls1_2"]);
    client.say("R\n");
    // It says so, or gives up.
    client.expect("RENEGOTIATING");
    assert_serves(&server, &site);
}

#[test]
fn s_client_that_changes_its_keys_is_served_on() {
    if !is_there() {
        return;
    }
    let site = Site::new();
    let server = start(site.server(), echo);
    let mut client = s_client(&site, &server, &["-tls1_3"]);
    client.say("K\n");
    client.expect("KEYUPDATE");
    client.say("after new keys\n");
    client.expect("after new keys");
}

#[test]
fn s_server_serves_a_client_of_ours() {
    if !is_there() {
        return;
    }
    let site = Site::new();
    let accept = ["s_server", "-accept", "127.0.0.1:0", "-rev", "-cert"].map(OsStr::new);
    let (certificate, key) = (site.files.certificate.as_os_str(), site.files.key.as_os_str());
    let mut s_server = Tool::start(&[&accept[..], &[certificate, "-key".as_ref(), key]].concat());
    let line = s_server.expect("ACCEPT ");
    let address = line.trim().rsplit(' ').next().expect("an address").to_owned();
    let (sender, got) = mpsc::channel();
    let caller = Server::start(1, move |event, ctx| {
        match event {
            Event::Secured(connection) => {
                let connection = connection?;
                let hello = Source::iter([Bytes::from_static(b"stressed\n")]);
                hello.pipe(connection.writer()).start(ctx, Event::Ended);
                connection.reader().pipe(ctx.inlet(Event::Bytes)).start(ctx, Event::Ended);
            }
            Event::Bytes(bytes) => sender.send(bytes.to_vec())?,
            _ => {}
        }
        Ok(())
    });
    let attempt = site.client().connect(tcp::connect(address)).server_name("localhost");
    caller.tell(move |ctx| {
        attempt.start(ctx, Event::Secured);
        Ok(())
    });
    assert_eq!(got.recv().as_deref(), Ok(&b"desserts\n"[..]));
}
