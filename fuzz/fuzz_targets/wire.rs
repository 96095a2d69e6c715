//! The chat's wire format: any bytes are read without a panic, and no answer to them breaks the format.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../examples/chat/wire.rs"]
#[allow(dead_code, reason = "the chat uses more of it than this target")]
mod wire;

use wire::{BODY_MAX, FRAME_MAX, Line, decode, numeric, relay};

fuzz_target!(|input: &[u8]| {
    // The framing gives lines without LF, and none that is longer.
    for bytes in input.split(|byte| *byte == b'\n').filter(|bytes| bytes.len() <= FRAME_MAX) {
        let text = decode(bytes);
        let Ok(Some(line)) = Line::parse(&text) else { continue };
        let tags = line.client_tags();
        assert!(tags.iter().all(|tag| !tag.contains(['\r', '\0', ' ', ';'])));
        assert!(!line.command().is_empty() && !line.command().contains(' '));
        let verb = line.verb();
        assert!(verb.as_str().is_ascii());
        let (last, others) = match line.params() {
            [others @ .., last] => (Some(*last), others),
            [] => (None, &[] as &[&str]),
        };
        assert!(others.iter().all(|param| !param.is_empty() && !param.contains(' ')));
        assert_whole(&relay("nick!user@host", "PRIVMSG", others, last));
        assert_whole(&numeric("server", "421", line.command(), others, last));
    }
});

/// One line, of legal length, and nothing behind it.
fn assert_whole(line: &[u8]) {
    let body = line.strip_suffix(b"\r\n").expect("a line ends with CR LF");
    assert!(body.len() <= BODY_MAX);
    assert!(!body.iter().any(|byte| matches!(byte, b'\r' | b'\n' | b'\0')));
    assert!(str::from_utf8(body).is_ok());
}
