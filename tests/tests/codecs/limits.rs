//! Bombs: a little that unpacks to a lot.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
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
fn no_more_is_read_than_what_comes_out_has_taken() {
    for codec in CODECS {
        // Each of these blocks is a member, or a frame, that unpacks to a hundred times as much and more.
        let member = Bytes::from(codec.packed(&vec![0; 400_000]));
        seeds::each_world(10, 1..=2, |seed, loops| {
            let member = member.clone();
            let (len, pulled) = (member.len(), Arc::new(AtomicUsize::new(0)));
            let root = move || {
                let (mut running, mut bytes) = (None::<Running>, 0);
                let seen = Arc::clone(&pulled);
                let (started, starting) = mpsc::channel();
                Role::new(move |step, ctx| {
                    match step {
                        Step::Block(block) => {
                            bytes += block.len();
                            let used = len * (1 + bytes / 400_000);
                            let read = seen.load(Ordering::SeqCst);
                            // What waits for the source's link, at the counter, and on the bench.
                            assert!(read <= used + 4 * (64 << 10), "{read} read, {used} used");
                            if bytes > 4 << 20 {
                                let running = running.get_or_insert_with(|| {
                                    starting.try_recv().expect("it has started")
                                });
                                running.cancel("enough");
                            }
                        }
                        Step::Enough(_) => {}
                        Step::Ended(end) => {
                            assert!(end.is_err_and(|error| error.is_cancelled()));
                            ctx.stop();
                        }
                    }
                    Ok(())
                })
                .started(move |ctx| {
                    let members = std::iter::repeat_with(move || {
                        pulled.fetch_add(member.len(), Ordering::SeqCst);
                        member.clone()
                    });
                    let unpacked = Source::iter(members).through(codec.unpack(u64::MAX));
                    let running = unpacked.pipe(ctx.inlet(Step::Block)).start(ctx, Step::Ended);
                    started.send(running)?;
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
