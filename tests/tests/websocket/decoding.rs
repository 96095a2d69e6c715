//! The decoder, however its bytes are cut.

use bytes::Bytes;
use proptest::prelude::*;
use roundsman::websocket::{Close, Decoder, Event, Options, ProtocolError};
use roundsman_tests::websocket_peer::masked;

/// What a decoder makes of blocks: events, and the error that ends them.
fn decode(
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
        assert!(block.is_empty(), "what is asked for again was used up");
    }
    (events, None)
}

fn server() -> Decoder {
    Decoder::of_server(&Options::new().message_max(1000).frame_max(900))
}

/// A frame of a client.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    masked(first, payload, [0x37, 0xfa, 0x21, 0x3d])
}

fn whole(bytes: &[u8]) -> (Vec<Event>, Option<ProtocolError>) {
    decode(server(), [Bytes::copy_from_slice(bytes)])
}

#[test]
fn every_cut_into_two_gives_the_same() {
    let talk = [
        frame(0x81, b"hello"),
        frame(0x01, "κόσ".as_bytes()),
        frame(0x89, b"are you there?"),
        frame(0x00, b""),
        frame(0x80, "με".as_bytes()),
        frame(0x8a, b""),
        frame(0x82, &[5; 200]),
        frame(0x88, b"\x03\xe8bye"),
        frame(0x81, b"nobody hears this"),
    ]
    .concat();
    let expected = vec![
        Event::Message("hello".into()),
        Event::Ping("are you there?".into()),
        Event::Message("κόσμε".into()),
        Event::Pong(Bytes::new()),
        Event::Message(vec![5; 200].into()),
        Event::Close(Close::new(1000, "bye")),
    ];
    for cut in 0..=talk.len() {
        let (left, right) = talk.split_at(cut);
        let blocks = [left, right].map(Bytes::copy_from_slice);
        assert_eq!(decode(server(), blocks), (expected.clone(), None), "cut at {cut}");
    }
    let bytes = talk.iter().map(|byte| Bytes::copy_from_slice(&[*byte]));
    assert_eq!(decode(server(), bytes), (expected, None));
}

/// The error that so many bytes of a frame show, and not one less.
#[track_caller]
fn fails_at(bytes: &[u8], at: usize, error: &ProtocolError) {
    assert_eq!(whole(&bytes[..at - 1]), (vec![], None), "not before it shows");
    assert_eq!(whole(&bytes[..at]), (vec![], Some(error.clone())));
}

#[test]
fn what_is_wrong_fails_with_the_byte_that_shows_it() {
    use ProtocolError as Bad;
    for bit in [0x40, 0x20, 0x10] {
        fails_at(&frame(0x81 | bit, b"x"), 1, &Bad::ReservedBits);
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        fails_at(&frame(0x80 | opcode, b""), 1, &Bad::ReservedOpcode(opcode));
    }
    for control in [0x08, 0x09, 0x0a] {
        fails_at(&frame(control, b""), 1, &Bad::FragmentedControl);
        fails_at(&frame(0x80 | control, &[0; 126]), 2, &Bad::LongControl);
    }
    fails_at(&frame(0x80, b"x"), 1, &Bad::NothingToContinue);
    fails_at(b"\x81\x01x", 2, &Bad::NotMasked);
    fails_at(b"\x82\xfe\x00\x7d", 4, &Bad::BadLength);
    fails_at(b"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10, &Bad::BadLength);
    fails_at(b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00", 10, &Bad::BadLength);
    fails_at(&frame(0x82, &[0; 901]), 4, &Bad::FrameTooLarge { len: 901, max: 900 });
    fails_at(&frame(0x88, b"x"), 7, &Bad::ShortClose);
    fails_at(&frame(0x88, b"\x03\xed"), 8, &Bad::CloseCode(1005));
    // The head, one good letter, and the byte that begins no character.
    fails_at(&frame(0x81, b"a\xff and more"), 8, &Bad::NotUtf8);
    fails_at(&frame(0x81, b"a\xf4\x90 and more"), 9, &Bad::NotUtf8);
}

#[test]
fn a_message_that_begins_within_another_is_refused() {
    let talk = [frame(0x01, b"one"), frame(0x81, b"two")].concat();
    assert_eq!(whole(&talk), (vec![], Some(ProtocolError::MessageWithin)));
}

#[test]
fn fragments_count_together() {
    let exactly = [frame(0x02, &[0; 500]), frame(0x80, &[0; 500])].concat();
    assert_eq!(whole(&exactly), (vec![Event::Message(vec![0; 1000].into())], None));
    let more = [frame(0x02, &[0; 500]), frame(0x80, &[0; 501])].concat();
    assert_eq!(whole(&more), (vec![], Some(ProtocolError::MessageTooLarge { max: 1000 })));
}

#[test]
fn a_text_must_be_whole_when_its_last_frame_is() {
    let parted = "€".as_bytes();
    let talk = [frame(0x01, &parted[..1]), frame(0x80, &parted[1..2])].concat();
    assert_eq!(whole(&talk), (vec![], Some(ProtocolError::NotUtf8)));
}

#[test]
fn a_server_that_masks_is_refused() {
    let mut block = Bytes::from(frame(0x81, b"x"));
    let error = Decoder::of_client(&Options::new()).decode(&mut block);
    assert_eq!(error, Err(ProtocolError::Masked));
}

#[test]
fn after_an_error_nothing_is_looked_at() {
    let mut decoder = server();
    assert!(decoder.decode(&mut Bytes::from_static(b"\xff")).is_err());
    let mut more = Bytes::from(frame(0x81, b"hello"));
    assert_eq!((decoder.decode(&mut more), more.len()), (Ok(None), 0));
}

#[test]
fn which_codes_may_close() {
    let close = |code: u16| whole(&frame(0x88, &code.to_be_bytes())).1;
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        assert_eq!(close(code), None, "{code}");
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
        assert_eq!(close(code), Some(ProtocolError::CloseCode(code)));
    }
}

proptest! {
    #[test]
    fn any_bytes_give_the_same_however_they_are_cut(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        cut in 1_usize..40,
    ) {
        for make in [server as fn() -> Decoder, || Decoder::of_client(&Options::new())] {
            let blocks = bytes.chunks(cut).map(Bytes::copy_from_slice);
            let at_once = decode(make(), [Bytes::copy_from_slice(&bytes)]);
            prop_assert_eq!(decode(make(), blocks), at_once);
        }
    }

    #[test]
    fn what_is_sent_is_what_arrives(
        message in proptest::collection::vec(any::<u8>(), 0..1000),
        parts in 1_usize..5,
        cut in 1_usize..200,
    ) {
        let size = message.len().div_ceil(parts).max(1);
        let mut frames: Vec<_> = message.chunks(size).map(|part| frame(0x00, part)).collect();
        if frames.is_empty() {
            frames.push(frame(0x00, b""));
        }
        frames[0][0] |= 0x02;
        frames.last_mut().expect("there is one")[0] |= 0x80;
        let bytes = frames.concat();
        let options = Options::new();
        let blocks = bytes.chunks(cut).map(Bytes::copy_from_slice);
        let expected = vec![Event::Message(message.into())];
        prop_assert_eq!(decode(Decoder::of_server(&options), blocks), (expected, None));
    }
}
