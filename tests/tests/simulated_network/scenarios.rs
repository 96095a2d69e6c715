//! What a service and its clients do, written once: over the loopback interface and over a simulated network.

use std::io::{ErrorKind, Result};
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{Connection, Listen};
use roundsman::sim::Client;
use roundsman::stream::{Source, for_each};

use crate::stage::{Ctx, Msg};

/// What the service does with who has connected.
pub(crate) type Serve = fn(Connection, &mut Ctx<'_>);

/// One of them.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) listen: fn(Listen) -> Listen,
    pub(crate) serve: Serve,
    /// What the clients do. They note what they see.
    pub(crate) script: fn(&mut Script<'_>) -> Result<()>,
    /// What the service sees of its pipelines and connections, what happens, and what the clients note: in order.
    pub(crate) seen: &'static [&'static str],
    pub(crate) happened: &'static [&'static str],
    pub(crate) noted: &'static [&'static str],
}

/// The clients' side.
pub(crate) struct Script<'a> {
    pub(crate) connect: &'a mut dyn FnMut() -> Result<Client>,
    pub(crate) notes: Vec<String>,
}

impl Script<'_> {
    fn client(&mut self) -> Result<Client> {
        (self.connect)()
    }

    fn note<T: std::fmt::Debug>(&mut self, result: Result<T>) {
        self.notes.push(match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => called(Some(error.kind())),
        });
    }
}

fn as_it_is(listen: Listen) -> Listen {
    listen
}

fn echo(conn: Connection, ctx: &mut Ctx<'_>) {
    conn.reader().pipe(conn.writer()).start(ctx, |ended| Msg::Ended("echo", ended));
}

/// The same service with another script.
const ECHO: Scenario = Scenario {
    name: "who says nothing is told nothing",
    listen: as_it_is,
    serve: echo,
    script: |script| {
        let mut client = script.client()?;
        client.finish()?;
        client.expect_end()
    },
    seen: &["echo: 0 bytes", "closed: read 0, written 0"],
    happened: &["opened", "closed"],
    noted: &[],
};

/// Those that can be parted in bytes: they are short.
pub(crate) const SHORT: [Scenario; 8] = [
    ECHO,
    Scenario {
        name: "an echo",
        script: |script| {
            let mut client = script.client()?;
            client.send("hello")?;
            script.note(client.bytes(5));
            client.finish()?;
            client.expect_end()
        },
        seen: &["echo: 5 bytes", "closed: read 5, written 5"],
        noted: &["[104, 101, 108, 108, 111]"],
        ..ECHO
    },
    Scenario {
        name: "the service ends first, and still hears what is said",
        serve: |conn, ctx| {
            let bye = Source::iter([Bytes::from_static(b"good "), Bytes::from_static(b"bye")]);
            bye.pipe(conn.writer()).start(ctx, |ended| Msg::Ended("writer", ended));
            conn.reader().collect().start(ctx, Msg::Got);
        },
        script: |script| {
            let mut client = script.client()?;
            script.note(client.bytes(8));
            client.expect_end()?;
            client.send("and you")?;
            client.finish()
        },
        seen: &["writer: 8 bytes", "got and you", "closed: read 7, written 8"],
        noted: &["[103, 111, 111, 100, 32, 98, 121, 101]"],
        ..ECHO
    },
    Scenario {
        name: "lines",
        serve: |conn, ctx| _ = conn.reader().lines(64).collect().start(ctx, Msg::Lines),
        script: |script| {
            let mut client = script.client()?;
            client.send("one\r\ntwo\nthree")?;
            client.finish()?;
            client.expect_end()
        },
        seen: &["lines one|two|three", "closed: read 14, written 0"],
        ..ECHO
    },
    Scenario {
        name: "a client cuts its connection",
        script: |script| {
            let mut client = script.client()?;
            client.send("abc")?;
            script.note(client.bytes(3));
            client.reset()
        },
        seen: &["echo: gone", "closed: read 3, written 3, gone"],
        happened: &["opened", "failed: gone"],
        noted: &["[97, 98, 99]"],
        ..ECHO
    },
    Scenario {
        name: "the service cuts a connection",
        serve: |conn, ctx| {
            let whole = conn.clone();
            let cut = for_each(move |_: Bytes| whole.abort());
            conn.reader().pipe(cut).start(ctx, |ended| Msg::Ended("reader", ended));
        },
        script: |script| {
            let mut client = script.client()?;
            client.send("!")?;
            script.note(client.bytes(1));
            Ok(())
        },
        seen: &["reader: ConnectionAborted", "closed: read 1, written 0, ConnectionAborted"],
        happened: &["opened", "failed: ConnectionAborted"],
        noted: &["gone"],
        ..ECHO
    },
    Scenario {
        name: "a reader that wants no more",
        serve: |conn, ctx| {
            let first = conn.reader().take(1);
            first.count().start(ctx, Msg::Counted);
        },
        script: |script| {
            let mut client = script.client()?;
            // What comes after the first piece finds a connection that is closed, or not: the client may see a reset.
            client.send("abcdef")
        },
        seen: &["counted 1", "closed"],
        ..ECHO
    },
    Scenario {
        name: "a connection that nobody wants",
        serve: |conn, _| drop(conn),
        script: |script| script.client()?.expect_end(),
        seen: &["closed: read 0, written 0"],
        happened: &[],
        ..ECHO
    },
];

/// And those that are not.
pub(crate) const OTHERS: [Scenario; 4] = [
    Scenario {
        name: "a large echo",
        script: |script| {
            let mut client = script.client()?;
            let sent: Vec<_> = (0..60_000_u32).map(|at| (at % 251) as u8).collect();
            client.send(&sent)?;
            assert!(client.bytes(sent.len())? == sent, "it comes back as it was");
            client.finish()?;
            client.expect_end()
        },
        seen: &["echo: 60000 bytes", "closed: read 60000, written 60000"],
        ..ECHO
    },
    Scenario {
        name: "who is one too many",
        listen: |listen| listen.max_connections(1),
        script: |script| {
            let mut first = script.client()?;
            first.send("a")?;
            script.note(first.bytes(1));
            let mut second = script.client()?;
            script.note(second.expect_end());
            first.finish()?;
            first.expect_end()
        },
        seen: &["echo: 1 bytes", "closed: read 1, written 1"],
        happened: &["opened", "dropped: QuotaExceeded", "closed"],
        noted: &["[97]", "()"],
        ..ECHO
    },
    Scenario {
        name: "silence",
        serve: |conn, ctx| {
            conn.close_when_idle(Duration::from_millis(50));
            echo(conn, ctx);
        },
        script: |script| {
            let mut client = script.client()?;
            script.note(client.bytes(1));
            Ok(())
        },
        seen: &["echo: TimedOut", "closed: read 0, written 0, TimedOut"],
        happened: &["opened", "failed: TimedOut"],
        noted: &["gone"],
        ..ECHO
    },
    Scenario {
        name: "a reader that goes away over what it has not read",
        serve: |conn, ctx| {
            let endless =
                Source::iter(std::iter::repeat_n(Bytes::from_static(&[7; 4096]), 100_000));
            endless.pipe(conn.writer()).start(ctx, |ended| Msg::Ended("writer", ended));
        },
        script: |script| {
            let mut client = script.client()?;
            // More than one read has brought: the rest is not read.
            client.bytes(10).map(drop)
        },
        seen: &["writer: gone", "closed, gone"],
        happened: &["opened", "failed: gone"],
        ..ECHO
    },
];

/// What a failure is called. A peer that is gone has reset the connection, or has ended before that: then Linux says of the
/// same that the pipe is broken.
pub(crate) fn called(kind: Option<ErrorKind>) -> String {
    match kind {
        Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => "gone".to_owned(),
        Some(kind) => format!("{kind:?}"),
        None => "no I/O error".to_owned(),
    }
}
