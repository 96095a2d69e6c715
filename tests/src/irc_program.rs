//! An IRC client that people use, irssi or weechat, in the hands of a test: it types, and is told what is seen.
//!
//! Used by the tests of the chat server. Each program loads a script of ours, in its own language for that, which connects to
//! the test: down come lines that somebody types, up come events. Nothing waits for time to pass: what a test waits for is
//! an event, and the time limit only ever makes it fail. The program has a home of its own, which goes with it, and ends
//! with the connection to its script, however a test ends.
#![expect(
    clippy::disallowed_methods,
    reason = "a test watches the process from outside, with threads of its own"
)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::example::PATIENCE;
use crate::folder::Folder;
use crate::missing::{is_installed, is_there};

const IRSSI: &str = include_str!("irc_program/irssi.pl");
const WEECHAT: &str = include_str!("irc_program/weechat.pl");

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Debian's `irssi`, in a terminal that nobody looks at.
    Irssi,
    /// Debian's `weechat-headless`, with `weechat-perl`.
    Weechat,
}

/// What a program tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Of what kind it is.
    pub kind: EventKind,
    /// Of what is shown or listed: the channel or the window, which has no name if it is the server's.
    pub place: String,
    /// The line, what is shown, or the nicks.
    pub text: String,
}

/// Of what kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It has sent a line.
    Sent,
    /// It has got one.
    Got,
    /// It shows something.
    Shown,
    /// These nicks are in a channel: sorted, with the signs of their ranks.
    Listed,
}

/// A program that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct IrcProgram {
    child: Child,
    script: TcpStream,
    events: Receiver<Event>,
    told: Vec<Event>,
    /// How much of that was looked at, for each kind.
    looked: [usize; 4],
    /// Removed with it.
    _home: Folder,
}

impl Kind {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Irssi, Self::Weechat];

    /// Whether this machine has it. If not, says so loudly.
    ///
    /// # Panics
    /// If it is missing though the environment says `CI=true`.
    #[must_use]
    pub fn is_installed(self) -> bool {
        let what = format!("nobody uses the chat with {self:?}");
        match self {
            // The terminal is that of util-linux: others call it otherwise.
            Self::Irssi if !cfg!(target_os = "linux") => is_there("irssi on Linux", &what),
            Self::Irssi => is_installed("irssi", &what) && is_installed("script", &what),
            Self::Weechat => is_installed("weechat-headless", &what) && has_perl(&what),
        }
    }

    /// What starts it, with a home in which it finds our script and the server.
    fn command(self, home: &Folder, server: &Place<'_>, nick: &str) -> Command {
        match self {
            Self::Irssi => {
                put(home, "scripts/autorun", IRSSI);
                home.with("config", irssi_config(server, nick));
                let run = format!("exec irssi --home={}", home.path().display());
                let mut command = Command::new("script");
                command.args(["-q", "-f", "-c", &run, "/dev/null"]);
                command
            }
            Self::Weechat => {
                put(home, "perl/autoload", WEECHAT);
                let mut command = Command::new("weechat-headless");
                command.arg("--dir").arg(home.path());
                command.args(weechat_commands(server, nick).iter().flat_map(|it| ["-r", it]));
                command
            }
        }
    }
}

/// Whether weechat can load our script.
fn has_perl(what: &str) -> bool {
    let home = Folder::new();
    let mut weechat = Command::new("weechat-headless");
    weechat.arg("--dir").arg(home.path()).args(["--stdout", "-a", "-s", "-r", "/quit"]);
    let output = weechat.stdin(Stdio::null()).output().expect("weechat can be started");
    String::from_utf8_lossy(&output.stdout).contains("perl.conf")
        || is_installed("weechat-perl", what)
}

fn put(home: &Folder, folder: &str, script: &str) {
    fs::create_dir_all(home.file(folder)).expect("a folder can be created");
    home.with(&format!("{folder}/test.pl"), script);
}

/// Where the server is, who we are, and no politeness: what is typed is sent at once, and it comes back at once.
fn irssi_config(server: &Place<'_>, nick: &str) -> String {
    let (host, port) = (server.host(), server.address.port());
    let tls = server.authority.map(|file| {
        format!(r#"use_tls = "yes"; tls_verify = "yes"; tls_cafile = "{}";"#, file.display())
    });
    let tls = tls.unwrap_or_default();
    format!(
        r#"
servers = ( {{ address = "{host}"; port = "{port}"; {tls} chatnet = "chat"; autoconnect = "yes"; }} );
chatnets = {{ chat = {{ type = "IRC"; }}; }};
settings = {{
  core = {{ nick = "{nick}"; user_name = "{nick}"; real_name = "{nick} the program"; server_reconnect_time = "1s"; }};
  "irc/core" = {{ cmd_queue_speed = "10ms"; cmds_max_at_once = "100"; }};
  "fe-common/core" = {{ term_charset = "UTF-8"; }};
}};
"#
    )
}

/// The same; some of these are of other versions, and refused.
fn weechat_commands(server: &Place<'_>, nick: &str) -> Vec<String> {
    let set = |option: &str, value: &str| format!("/set irc.server.chat.{option} {value}");
    let tls = if server.authority.is_some() { "on" } else { "off" };
    let mut commands = vec![
        format!("/server add chat {}/{}", server.host(), server.address.port()),
        set("ssl", tls),
        set("tls", tls),
        // An address of the other family would be tried first.
        set("ipv6", "off"),
        set("nicks", nick),
        set("username", nick),
        set("realname", &format!("{nick} the program")),
        set("autoreconnect_delay", "1"),
        set("anti_flood", "0"),
        set("anti_flood_prio_high", "0"),
        set("anti_flood_prio_low", "0"),
        "/set irc.look.server_buffer independent".to_owned(),
    ];
    if let Some(file) = server.authority {
        commands.push(format!("/set weechat.network.gnutls_ca_user {}", file.display()));
    }
    commands.push("/connect chat".to_owned());
    commands
}

/// Where a server is, and whose certificates are good if TLS is spoken there.
struct Place<'a> {
    address: SocketAddr,
    authority: Option<&'a Path>,
}

impl Place<'_> {
    /// What it is called: certificates name it so.
    fn host(&self) -> String {
        match self.authority {
            Some(_) => "localhost".to_owned(),
            None => self.address.ip().to_string(),
        }
    }
}

impl IrcProgram {
    /// Starts it, and has it connect as `nick`. It must be [installed](Kind::is_installed).
    ///
    /// # Panics
    /// If it cannot be started, or its script does not come to life.
    #[must_use]
    pub fn start(kind: Kind, server: SocketAddr, nick: &str) -> Self {
        Self::start_at(kind, &Place { address: server, authority: None }, nick)
    }

    /// The same over TLS, with a server that is `localhost` for whoever has issued its certificate: that is in this file.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_over_tls(kind: Kind, server: SocketAddr, authority: &Path, nick: &str) -> Self {
        Self::start_at(kind, &Place { address: server, authority: Some(authority) }, nick)
    }

    fn start_at(kind: Kind, server: &Place<'_>, nick: &str) -> Self {
        let home = Folder::new();
        let waiting = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = waiting.local_addr().expect("it has an address").port();
        let screen = File::create(home.file("screen")).expect("a file can be created");
        let child = kind
            .command(&home, server, nick)
            .env("ROUNDSMAN_TEST_PORT", port.to_string())
            .envs([("TERM", "xterm"), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC")])
            .env("HOME", home.path())
            .env_remove("WEECHAT_HOME")
            .stdin(Stdio::null())
            .stdout(screen)
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{kind:?} cannot be started: {error}"));
        let (connection, connections) = mpsc::channel();
        // Nobody may come: then this thread waits until the test's process ends.
        thread::spawn(move || connection.send(waiting.accept()));
        let accepted = connections.recv_timeout(PATIENCE);
        let (script, _) = accepted.expect("its script connects").expect("it can be accepted");
        let lines = BufReader::new(script.try_clone().expect("a socket has handles")).lines();
        let (event, events) = mpsc::channel();
        thread::spawn(move || {
            let told = lines.map_while(Result::ok).filter_map(|line| Event::parse(&line));
            // The test may be gone.
            told.map(|told| event.send(told)).take_while(Result::is_ok).for_each(drop);
        });
        Self { child, script, events, told: Vec::new(), looked: [0; 4], _home: home }
    }

    /// Somebody types this into the window of a channel, or into the server's, which has an empty name.
    ///
    /// # Panics
    /// If the program has ended.
    pub fn types(&mut self, window: &str, text: &str) {
        let line = format!("{window}\t{text}\n");
        self.script.write_all(line.as_bytes()).expect("the program is there");
    }

    /// Waits until it shows something with this in it, in this window. What it has shown before that is passed over.
    #[track_caller]
    pub fn shows(&mut self, window: &str, text: &str) -> String {
        self.wait(EventKind::Shown, text, |event| event.place == window)
    }

    /// Waits until these are in the channel, and nobody else: nicks behind the signs of their ranks, in the order of ASCII.
    #[track_caller]
    pub fn lists(&mut self, channel: &str, nicks: &str) {
        self.wait(EventKind::Listed, nicks, |event| event.place == channel && event.text == nicks);
    }

    /// Waits until it has got a line with this in it, and returns that.
    #[track_caller]
    pub fn gets(&mut self, part: &str) -> String {
        self.wait(EventKind::Got, part, |_| true)
    }

    /// Waits until it has sent a line with this in it, and returns that.
    #[track_caller]
    pub fn sends(&mut self, part: &str) -> String {
        self.wait(EventKind::Sent, part, |_| true)
    }

    /// All that it has told so far, for what must not be among it.
    #[must_use]
    pub fn told(&self) -> &[Event] {
        &self.told
    }

    /// The text of the first event that was not looked at yet, is of this kind, has this in it, and `is_it`.
    #[track_caller]
    fn wait(&mut self, kind: EventKind, part: &str, is_it: impl Fn(&Event) -> bool) -> String {
        let looked = &mut self.looked[kind as usize];
        loop {
            while let Some(event) = self.told.get(*looked) {
                *looked += 1;
                if event.kind == kind && event.text.contains(part) && is_it(event) {
                    return event.text.clone();
                }
            }
            match self.events.recv_timeout(PATIENCE) {
                Ok(event) => self.told.push(event),
                Err(why) => panic!("{why}: nothing is {kind:?} like {part:?} in {:#?}", self.told),
            }
        }
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// If it does not.
    pub fn ends(self) {
        assert!(self.has_ended(), "it does not end");
    }

    fn has_ended(&self) -> bool {
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(_) => {}
                // With the program its script is gone.
                Err(why) => return why == mpsc::RecvTimeoutError::Disconnected,
            }
        }
    }
}

impl Event {
    fn parse(line: &str) -> Option<Self> {
        let (kind, rest) = line.split_once('\t')?;
        let kind = match kind {
            "sent" => EventKind::Sent,
            "got" => EventKind::Got,
            "shown" => EventKind::Shown,
            "listed" => EventKind::Listed,
            _ => return None,
        };
        let (place, text) = match kind {
            EventKind::Sent | EventKind::Got => ("", rest),
            EventKind::Shown | EventKind::Listed => rest.split_once('\t')?,
        };
        Some(Self { kind, place: place.to_owned(), text: text.to_owned() })
    }
}

impl Drop for IrcProgram {
    fn drop(&mut self) {
        // Its script sees this and ends it; only what hangs has to be killed. It may have ended before, which is as good.
        let _ = self.script.shutdown(Shutdown::Write);
        self.has_ended();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
