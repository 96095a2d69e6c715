//! The decoder of WebSockets: any bytes are read without a panic, and to the same end however they are cut into blocks; what
//! comes out is within its limits, and text is UTF-8.
//!
//! The first byte says whether they have masks; the second, the largest message; the third, how long blocks are.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use roundsman::websocket::{Decoder, Event, Options, ProtocolError};

/// What a decoder makes of blocks: events, and the error that ends them.
fn run(
    mut decoder: Decoder,
    blocks: impl IntoIterator<Item = Bytes>,
) -> (Vec<Event>, Option<ProtocolError>) {
    let mut events = Vec::new();
    for mut block in blocks {
        loop {
            match decoder.decode(&mut block) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
            }
        }
        assert!(block.is_empty(), "who asks for more has used up what there was");
    }
    (events, None)
}

fuzz_target!(|input: &[u8]| {
    let [masked, max, block, bytes @ ..] = input else { return };
    let (max, block) = (usize::from(*max), usize::from(*block) + 1);
    let options = Options::new().message_max(max);
    let decoder = || match masked & 1 {
        0 => Decoder::of_client(&options),
        _ => Decoder::of_server(&options),
    };
    let (events, error) = run(decoder(), bytes.chunks(block).map(Bytes::copy_from_slice));
    for event in &events {
        match event {
            Event::Message(message) => {
                assert!(message.len() <= max);
                if let Some(text) = message.as_text() {
                    assert_eq!(std::str::from_utf8(text.as_bytes()), Ok(text));
                }
            }
            Event::Ping(payload) | Event::Pong(payload) => assert!(payload.len() <= 125),
            _ => {}
        }
    }
    assert_eq!((events, error), run(decoder(), [Bytes::copy_from_slice(bytes)]));
});
