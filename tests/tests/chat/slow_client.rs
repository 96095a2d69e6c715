//! A client that does not read: it is cut off, it is told so, and nobody else notices.

use std::net::TcpStream;

use roundsman_tests::irc_client::Client;
use socket2::{Domain, Socket, Type};

use crate::{Chat, texts};

/// What may wait for a client before it is cut off, in bytes.
const SEND_QUEUE_MAX: usize = 1024 * 1024;
/// More than that and all that the kernel keeps for a connection, in bytes.
const FLOOD_MAX: usize = 16 * 1024 * 1024;
/// Lines between two looks at who is still there; few enough that nobody who reads is ever far behind.
const BATCH: usize = 100;

/// Registers a client whose kernel takes little in advance, so that what it leaves unread waits in the server.
fn narrow_client(chat: &Chat, nick: &str) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(4 * 1024).expect("a small buffer");
    // The kernel of the server sizes its buffer by this.
    socket.set_tcp_mss(536).expect("small segments");
    socket.connect(&chat.address.into()).expect("the server listens");
    let mut client = Client::over(TcpStream::from(socket));
    client.introduce(nick);
    client.greeting();
    client
}

/// The text of line number `n` of a flood.
fn text(n: usize) -> String {
    format!("{n:09} {}", "x".repeat(400))
}

/// Writes lines to `#c` from number `first` on, in one go.
fn write_batch(writer: &mut Client, first: usize) {
    let lines: String =
        (first..first + BATCH).map(|n| format!("PRIVMSG #c :{}\r\n", text(n))).collect();
    writer.send_bytes(lines.as_bytes());
}

#[test]
fn a_client_that_never_reads_is_cut_off_and_told_so_and_nobody_else_notices() {
    let chat = Chat::start();
    let [mut writer, mut ann, mut bob] = chat.room("#c", ["writer", "ann", "bob"]);
    let mut slow = narrow_client(&chat, "slow");
    slow.join("#c");
    for client in [&mut writer, &mut ann, &mut bob] {
        client.sync();
    }

    let mut written = 0;
    let mut quits = Vec::new();
    while quits.is_empty() {
        assert!(
            written * text(0).len() < FLOOD_MAX,
            "the client that does not read is still there"
        );
        write_batch(&mut writer, written);
        // The writer shares the channel and is told as well.
        assert!(writer.sync().iter().all(|line| line.is("slow", "QUIT")));
        for reader in [&mut ann, &mut bob] {
            let (relayed, other): (Vec<_>, Vec<_>) =
                reader.sync().into_iter().partition(|line| line.command == "PRIVMSG");
            let expected = (written..written + BATCH).map(text);
            assert!(relayed.iter().map(|line| line.text()).eq(expected), "a reader misses a line");
            quits.extend(other);
        }
        written += BATCH;
    }
    assert!(written * text(0).len() > SEND_QUEUE_MAX, "cut off before its queue was full");
    quits.extend(ann.sync());
    quits.extend(bob.sync());
    assert_eq!(quits.len(), 2, "each reader is told once: {quits:#?}");
    assert!(quits.iter().all(|line| line.is("slow", "QUIT")), "{quits:#?}");
    assert!(quits[0].text().contains("SendQ exceeded"), "{quits:#?}");

    let mut received = slow.read_to_end();
    let last = received.pop().expect("an ERROR line");
    assert_eq!(last.as_str(), "ERROR :Closing link (SendQ exceeded)");
    assert!(received.len() < written);
    let relayed = received.iter().map(|line| line.text());
    assert!(
        relayed.eq((0..received.len()).map(text)),
        "what it got is what was sent first, unbroken"
    );
}

#[test]
fn who_reads_too_slowly_misses_nothing_before_it_is_cut_off() {
    let chat = Chat::with(&["--sendq", "16384"]);
    let [mut writer] = chat.room("#c", ["writer"]);
    let mut slow = narrow_client(&chat, "slow");
    slow.join("#c");
    writer.sync();
    let (mut written, mut received) = (0, Vec::new());
    // What it reads makes room again and again.
    loop {
        write_batch(&mut writer, written);
        written += BATCH;
        if writer.sync().iter().any(|line| line.is("slow", "QUIT")) {
            break;
        }
        received.extend((0..5).map(|_| slow.line()));
    }
    received.extend(slow.read_to_end());
    let last = received.pop().expect("an ERROR line");
    assert_eq!(last.as_str(), "ERROR :Closing link (SendQ exceeded)");
    let relayed = received.iter().map(|line| line.text());
    assert!(relayed.eq((0..received.len()).map(text)), "what came first, unbroken");
}

#[test]
fn a_client_that_is_behind_by_less_than_1_mib_is_not_cut_off() {
    let chat = Chat::start();
    let [mut writer] = chat.room("#c", ["writer"]);
    let mut late = narrow_client(&chat, "late");
    late.join("#c");
    let mut written = 0;
    while (written + BATCH) * (text(0).len() + 100) < SEND_QUEUE_MAX {
        write_batch(&mut writer, written);
        writer.sync();
        written += BATCH;
    }
    assert!(written > 1_000);
    for n in 0..written {
        assert_eq!(late.line().text(), text(n));
    }
    assert_eq!(texts(&late.sync()), [""; 0]);
}

#[test]
fn a_writer_in_another_channel_is_not_held_up_by_a_client_that_does_not_read() {
    let chat = Chat::start();
    let [mut writer] = chat.room("#c", ["writer"]);
    let mut late = narrow_client(&chat, "late");
    late.join("#c");
    let [mut ann, mut bob] = chat.room("#elsewhere", ["ann", "bob"]);
    for batch in 0..20 {
        write_batch(&mut writer, batch * BATCH);
        ann.ask("PRIVMSG #elsewhere :hello");
        assert_eq!(bob.sync().len(), 1);
    }
}
