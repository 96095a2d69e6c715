//! Bombs: a little that unpacks to a lot.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use roundsman::codec::CodecError;
use roundsman::stream::{Item, PipeError, Running, Source, StreamContext, Summary};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds;

use crate::{CODECS, Codec, run_all};

#[test]
fn what_is_just_not_too_large_passes_and_one_byte_more_does_not() {
    for codec in CODECS {
        for len in [1_usize, 16 * 1024, 100_000] {
            let packed = codec.packed(&vec![b'x'; len]);
            let back = run_all(codec.unpack(len as u64), &packed).expect("it is not too large");
            assert_eq!(back.len(), len);
            let limit = len as u64 - 1;
            let error = run_all(codec.unpack(limit), &packed).expect_err("it is too large");
            assert_eq!(error, CodecError::TooLarge { limit }, "{codec:?}");
            let text = error.to_string();
            assert!(text.contains(&limit.to_string()) && text.contains("higher limit"), "{text}");
        }
    }
}

#[test]
fn the_limit_is_for_all_members_together() {
    for codec in CODECS {
        let packed = codec.packed(&[b'x'; 100]).repeat(3);
        assert_eq!(run_all(codec.unpack(300), &packed).map(|back| back.len()), Ok(300));
        let error = run_all(codec.unpack(299), &packed);
        assert_eq!(error, Err(CodecError::TooLarge { limit: 299 }), "{codec:?}");
    }
}

/// What the actors here take.
enum Step {
    Block(Item<Bytes>),
    Enough(Running),
    Ended(Result<Summary, PipeError>),
}

#[test]
fn a_bomb_is_unpacked_as_far_as_is_wanted() {
    for codec in CODECS {
        let bomb = Bytes::from(codec.packed(&vec![0; 20 << 20]));
        seeds::each_world(20, 1..=1, |seed, loops| {
            let bomb = bomb.clone();
            let root = move || {
                let (mut kept, mut bytes) = (Vec::new(), 0);
                Role::new(move |step, ctx| {
                    match step {
                        Step::Block(block) => {
                            bytes += block.len();
                            kept.push(block);
                        }
                        Step::Enough(running) => {
                            // A window, and less than a block more.
                            assert!((64 << 10..80 << 10).contains(&bytes), "{bytes}");
                            running.cancel("enough");
                        }
                        Step::Ended(end) => {
                            assert!(end.is_err_and(|error| error.is_cancelled()));
                            ctx.stop();
                        }
                    }
                    Ok(())
                })
                .started(move |ctx| {
                    let unpacked = Source::iter([bomb]).through(codec.unpack(u64::MAX));
                    let running = unpacked.pipe(ctx.inlet(Step::Block)).start(ctx, Step::Ended);
                    ctx.send_after(Duration::from_secs(10), Step::Enough(running));
                    Ok(())
                })
            };
            play(seeds::world(seed, loops), root).expect("the root does not fail");
        });
    }
}

#[test]
fn a_frame_of_zstd_that_takes_too_large_a_window_is_refused() {
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    encoder.window_log(24).expect("it is allowed");
    encoder.write_all(b"round").expect("memory takes it");
    let packed = encoder.finish().expect("memory takes it");
    let error = run_all(Codec::Zstd.unpack(u64::MAX), &packed).expect_err("it is too large");
    let CodecError::WindowTooLarge { limit, .. } = error else { panic!("{error:?}") };
    assert_eq!(limit, 8 << 20);
    assert!(error.to_string().contains("--long"), "{error}");
}

#[test]
fn what_the_highest_level_packs_is_not_refused() {
    let bytes = vec![7; 9 << 20];
    let both = Codec::Zstd.pack(19).then(Codec::Zstd.unpack(u64::MAX));
    assert!(run_all(both, &bytes).expect("it comes back") == bytes);
}
