//! What a conformance suite asks of an echo server, case by case: numbered as in the fuzzing client of Autobahn|Testsuite,
//! sections 1 to 7. Each is run whole, and with every byte sent for itself.

use roundsman::websocket::server;
use roundsman_tests::websocket_peer::WebSocketPeer;
use roundsman_tests::websocket_server::{WebSocketServer, echo};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// Frames that are not the last of their message.
const TEXT_BEGINS: u8 = 0x01;
const BINARY_BEGINS: u8 = 0x02;
const GOES_ON: u8 = 0x00;
const ENDS: u8 = 0x80;

/// One case: frames that are sent, frames that come back, and the code of the Close that follows.
struct Case {
    name: String,
    sends: Vec<(u8, Vec<u8>)>,
    expects: Vec<(u8, Vec<u8>)>,
    /// Of the server's Close; `None`: it says none.
    closes: Option<u16>,
}

type Frames<'a> = &'a [(u8, &'a [u8])];

fn owned(frames: Frames<'_>) -> Vec<(u8, Vec<u8>)> {
    frames.iter().map(|(first, payload)| (*first, payload.to_vec())).collect()
}

/// The server fails the connection.
fn fails(name: &str, sends: Frames<'_>, expects: Frames<'_>, code: u16) -> Case {
    let (sends, expects) = (owned(sends), owned(expects));
    Case { name: name.to_owned(), sends, expects, closes: Some(code) }
}

/// All goes well, until the client closes.
fn passes(name: &str, sends: Frames<'_>, expects: Frames<'_>) -> Case {
    let mut case = fails(name, sends, expects, 1000);
    case.sends.push((CLOSE, 1000_u16.to_be_bytes().to_vec()));
    case
}

/// Runs each case twice, over connections of their own.
#[track_caller]
fn run(cases: impl IntoIterator<Item = Case>) {
    let server = WebSocketServer::without_http(server(), echo);
    for case in cases {
        let bytes: usize = case.sends.iter().map(|(_, payload)| payload.len()).sum();
        play(&server, &case, usize::MAX);
        if bytes < 1000 {
            play(&server, &case, 1);
        }
    }
}

fn play(server: &WebSocketServer, case: &Case, piece: usize) {
    let named = Named(&case.name);
    let mut peer = WebSocketPeer::open(server.address);
    let bytes: Vec<u8> =
        case.sends.iter().flat_map(|(first, payload)| peer.frame(*first, payload)).collect();
    for piece in bytes.chunks(piece) {
        // A server that has had enough may have gone.
        peer.try_send_raw(piece);
    }
    for (first, payload) in &case.expects {
        peer.expect(*first, payload);
    }
    match case.closes {
        Some(code) => peer.expect_close(code),
        None => peer.expect(CLOSE, b""),
    }
    peer.expect_end();
    std::mem::forget(named);
}

/// Says which case it was if a test's panic passes by.
struct Named<'a>(&'a str);

impl Drop for Named<'_> {
    #[expect(clippy::disallowed_macros, reason = "a failing test says which case it was")]
    fn drop(&mut self) {
        eprintln!("in case {}", self.0);
    }
}

#[test]
fn section_1_messages_of_every_length_come_back() {
    let lengths = [0, 125, 126, 127, 128, 65535, 65536];
    run([(TEXT, b'*'), (BINARY, 0xfe)].into_iter().flat_map(|(first, byte)| {
        lengths.map(|len| {
            let payload = vec![byte; len];
            passes(&format!("1.x, {len} bytes"), &[(first, &payload)], &[(first, &payload)])
        })
    }));
}

#[test]
fn section_2_pings_are_answered_and_pongs_are_not() {
    let long = [0xfe; 125];
    let many: Vec<_> = (0..10_u8).map(|number| vec![number; 3]).collect();
    let pings: Vec<_> = many.iter().map(|payload| (PING, &payload[..])).collect();
    let pongs: Vec<_> = many.iter().map(|payload| (PONG, &payload[..])).collect();
    run([
        passes("2.1", &[(PING, b"")], &[(PONG, b"")]),
        passes("2.2", &[(PING, b"Hello, world!")], &[(PONG, b"Hello, world!")]),
        passes("2.3", &[(PING, b"\x00\xff\xfe")], &[(PONG, b"\x00\xff\xfe")]),
        passes("2.4", &[(PING, &long)], &[(PONG, &long)]),
        fails("2.5", &[(PING, &[0xfe; 126])], &[], 1002),
        passes("2.7", &[(PONG, b"")], &[]),
        passes("2.8", &[(PONG, b"unsolicited")], &[]),
        passes("2.9", &[(PONG, b"unsolicited"), (PING, b"x")], &[(PONG, b"x")]),
        passes("2.10", &pings, &pongs),
    ]);
}

#[test]
fn section_3_reserved_bits_fail_and_what_came_before_comes_back() {
    let hello = &b"Hello"[..];
    run([
        fails("3.1", &[(TEXT | 0x40, hello)], &[], 1002),
        fails("3.2", &[(TEXT, hello), (TEXT | 0x20, hello), (PING, b"")], &[(TEXT, hello)], 1002),
        fails("3.3", &[(TEXT, hello), (TEXT | 0x30, hello), (PING, b"")], &[(TEXT, hello)], 1002),
        fails("3.5", &[(BINARY | 0x50, b"\x00")], &[], 1002),
        fails("3.6", &[(PING | 0x60, hello)], &[], 1002),
        fails("3.7", &[(CLOSE | 0x70, b"")], &[], 1002),
    ]);
}

#[test]
fn section_4_reserved_opcodes_fail() {
    let hello = &b"Hello"[..];
    let opcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];
    run(opcodes.into_iter().flat_map(|opcode| {
        let first = 0x80 | opcode;
        [
            fails(&format!("4.x, {opcode}"), &[(first, b"")], &[], 1002),
            fails(
                &format!("4.x, {opcode} behind a message"),
                &[(TEXT, hello), (first, hello), (PING, b"")],
                &[(TEXT, hello)],
                1002,
            ),
        ]
    }));
}

#[test]
fn section_5_fragments_are_put_together_and_controls_come_between() {
    let (one, two): (&[u8], &[u8]) = (b"fragment1", b"fragment2");
    let both = &b"fragment1fragment2"[..];
    run([
        fails("5.1", &[(0x09, one), (ENDS, two)], &[], 1002),
        fails("5.2", &[(0x0a, one), (ENDS, two)], &[], 1002),
        passes("5.3", &[(TEXT_BEGINS, one), (ENDS, two)], &[(TEXT, both)]),
        passes(
            "5.6",
            &[(TEXT_BEGINS, one), (PING, b"ping"), (ENDS, two)],
            &[(PONG, b"ping"), (TEXT, both)],
        ),
        fails("5.9", &[(ENDS, one), (TEXT, two)], &[], 1002),
        fails("5.12", &[(GOES_ON, one), (TEXT, two)], &[], 1002),
        fails(
            "5.15",
            &[(TEXT_BEGINS, one), (ENDS, two), (GOES_ON, one), (TEXT, two)],
            &[(TEXT, both)],
            1002,
        ),
        fails("5.18", &[(TEXT_BEGINS, one), (TEXT, two)], &[], 1002),
        passes(
            "5.19",
            &[
                (TEXT_BEGINS, b"1"),
                (GOES_ON, b"2"),
                (PING, b"pongme 1"),
                (GOES_ON, b"3"),
                (GOES_ON, b""),
                (PING, b"pongme 2"),
                (ENDS, b"5"),
            ],
            &[(PONG, b"pongme 1"), (PONG, b"pongme 2"), (TEXT, b"1235")],
        ),
        passes("binary", &[(BINARY_BEGINS, b"\xff"), (ENDS, b"\xfe")], &[(BINARY, b"\xff\xfe")]),
    ]);
}

#[test]
fn section_6_text_is_utf_8_wherever_it_is_cut() {
    let good = "κόσμε €😀\u{10ffff}\u{0}".as_bytes();
    let letters: Vec<_> = good
        .iter()
        .enumerate()
        .map(|(at, byte)| match at {
            0 => (TEXT_BEGINS, std::slice::from_ref(byte)),
            at if at + 1 == good.len() => (ENDS, std::slice::from_ref(byte)),
            _ => (GOES_ON, std::slice::from_ref(byte)),
        })
        .collect();
    let none: [&[u8]; 9] = [
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
        b"\xf8\x88\x80\x80\x80",
        b"\xc0\xaf",
        b"\xe0\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xed\xbf\xbf",
        b"\x80",
        b"a\xff",
        b"\xe2\x82",
    ];
    run([
        passes("6.1", &[(TEXT_BEGINS, b""), (GOES_ON, b""), (ENDS, b"")], &[(TEXT, b"")]),
        passes("6.2.1", &[(TEXT, good)], &[(TEXT, good)]),
        passes("6.2.3", &letters, &[(TEXT, good)]),
        fails("6.3.2", &[(TEXT_BEGINS, b"a\xed\xa0"), (ENDS, b"\x80")], &[], 1007),
    ]
    .into_iter()
    .chain(none.map(|bytes| fails(&format!("6.x, {bytes:x?}"), &[(TEXT, bytes)], &[], 1007))));
}

#[test]
fn section_6_4_what_is_no_text_fails_before_its_frame_is_there() {
    let server = WebSocketServer::without_http(server(), echo);
    // In the second frame of three; in the middle of the only one; with the byte that makes it none.
    let frames: [&[(u8, &[u8], usize)]; 3] = [
        &[(TEXT_BEGINS, b"\xce\xba\xe1\xbd\xb9", 0), (GOES_ON, b"\xf4\x90\x80\x80", 0)],
        &[(TEXT, b"\xce\xba\xf4\x90\x80\x80edited", 6)],
        &[(TEXT, b"\xce\xba\xf4\x90\x80\x80edited", 8)],
    ];
    for frames in frames {
        let mut peer = WebSocketPeer::open(server.address);
        for (first, payload, left_out) in frames {
            let frame = peer.frame(*first, payload);
            peer.send_raw(&frame[..frame.len() - left_out]);
        }
        peer.expect_close(1007);
        peer.expect_end();
    }
}

#[test]
fn section_7_closes_are_answered_and_nothing_behind_them_counts() {
    let hello = &b"Hello"[..];
    let close = &1000_u16.to_be_bytes()[..];
    let long = [close, &[b'*'; 123]].concat();
    let mut none = fails("7.3.1", &[(CLOSE, b"")], &[], 0);
    none.closes = None;
    run([
        passes("7.1.1", &[(TEXT, hello)], &[(TEXT, hello)]),
        fails("7.1.2", &[(CLOSE, close), (CLOSE, close)], &[], 1000),
        fails("7.1.3", &[(CLOSE, close), (PING, b"")], &[], 1000),
        fails("7.1.4", &[(CLOSE, close), (TEXT, hello)], &[], 1000),
        fails("7.1.5", &[(TEXT_BEGINS, hello), (CLOSE, close), (ENDS, hello)], &[], 1000),
        none,
        fails("7.3.2", &[(CLOSE, b"a")], &[], 1002),
        fails("7.3.4", &[(CLOSE, b"\x03\xe8Hello World!")], &[], 1000),
        fails("7.3.5", &[(CLOSE, &long)], &[], 1000),
        fails("7.3.6", &[(CLOSE, &[&long[..], b"*"].concat())], &[], 1002),
        fails("7.5.1", &[(CLOSE, b"\x03\xe8\xce\xba\xed\xa0\x80")], &[], 1007),
    ]);
    let good = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    run(good.map(|code: u16| {
        fails(&format!("7.7, {code}"), &[(CLOSE, &code.to_be_bytes())], &[], code)
    }));
    let bad = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535];
    run(bad.map(|code: u16| {
        fails(&format!("7.9, {code}"), &[(CLOSE, &code.to_be_bytes())], &[], 1002)
    }));
}
