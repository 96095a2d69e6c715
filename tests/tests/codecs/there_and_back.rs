//! What is packed comes back, however it is cut, wherever the work is done.

use std::sync::mpsc;

use bytes::Bytes;
use roundsman::Lane;
use roundsman::codec::{gzip_flushing, zstd_flushing};
use roundsman::stream::{Item, PipeError, Source, Stage, StreamContext, Summary, for_each, outlet};
use roundsman_tests::cuts::{cut, text};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{self, Dice};
use roundsman_tests::trial::World;

use crate::{CODECS, Codec, ONE_LOOP, result, run};

#[test]
fn what_is_packed_comes_back_as_it_was() {
    seeds::each_world(67, 1..=3, |seed, loops| {
        let mut dice = Dice::new(seed);
        let (codec, level) = (dice.pick(&CODECS), dice.below(11) as u32);
        let scale = dice.pick(&[1, 50, 1_000]);
        let len = dice.below(200 * scale) as usize;
        let bytes = text(len, &mut dice);
        let blocks = cut(&bytes, 1 + 70 * scale, &mut dice);
        let both = codec.pack(level).then(codec.unpack(len as u64));
        let back = run(World::Simulated { seed, loops }, both, blocks).expect("it comes back");
        assert!(back == bytes, "{codec:?} {level}, {len} bytes");
    });
}

#[test]
fn what_is_packed_is_the_same_however_it_is_cut() {
    for seed in seeds::seeds(20) {
        let mut dice = Dice::new(seed);
        let bytes = text(dice.below(400_000) as usize, &mut dice);
        for codec in CODECS {
            let level = dice.pick(&[0, 1, 3, 6, 9]);
            let packed = |blocks| run(ONE_LOOP, codec.pack(level), blocks).expect("packed");
            let whole = packed(vec![Bytes::from(bytes.clone())]);
            for most in [2_000, 100_000] {
                let cut = packed(cut(&bytes, most, &mut dice));
                assert!(cut == whole, "{codec:?} {level}, seed {seed}, blocks of up to {most}");
            }
        }
    }
}

#[test]
fn on_real_threads_it_is_the_same() {
    let mut dice = Dice::new(11);
    let bytes = text(2_000_000, &mut dice);
    for codec in CODECS {
        for most in [700, 70_000] {
            let both = codec.pack(1).then(codec.unpack(2_000_000));
            let blocks = cut(&bytes, most, &mut dice);
            let back = run(World::Real { loops: 2 }, both, blocks).expect("it comes back");
            assert!(back == bytes, "{codec:?}");
        }
    }
}

#[test]
fn a_level_beyond_the_highest_is_taken_for_the_highest() {
    let bytes = text(20_000, &mut Dice::new(1));
    for (codec, highest) in [(Codec::Gzip, 9), (Codec::Zstd, 19)] {
        let packed = |level| {
            run(ONE_LOOP, codec.pack(level), vec![Bytes::from(bytes.clone())]).expect("packed")
        };
        assert!(packed(highest) == packed(highest + 1) && packed(highest) == packed(99));
    }
}

#[test]
fn nothing_packs_to_a_valid_file_of_nothing() {
    for codec in CODECS {
        for blocks in [Vec::new(), vec![Bytes::new(); 3]] {
            let packed = run(ONE_LOOP, codec.pack(6), blocks).expect("packed");
            assert!(!packed.is_empty());
            let back = run(ONE_LOOP, codec.unpack(0), vec![packed.into()]).expect("it comes back");
            assert!(back.is_empty());
        }
    }
}

#[test]
fn the_error_of_what_is_above_passes_through() {
    for codec in CODECS {
        for stage in [codec.pack(6), codec.unpack(100)] {
            let source = Source::iter([Bytes::from("x")]).map(|_| panic!("it was told to"));
            let source = source.boundary().through(stage).pipe(for_each(drop));
            let error = result(ONE_LOOP, source).expect_err("it panicked");
            assert_eq!(error.stage(), "iter, map");
        }
    }
}

/// What the actors here take.
enum Step {
    Block(Item<Bytes>),
    Ended(Result<Summary, PipeError>),
}

fn word(number: usize) -> Bytes {
    format!("this is word {number}").into()
}

/// A conversation: each word is said once the one before has arrived.
fn converse(there: Stage<Bytes, Bytes>, back: Stage<Bytes, Bytes>) -> Vec<Bytes> {
    let (tell, told) = mpsc::channel();
    let root = move || {
        let (source, mut outlet) = outlet(100);
        let begun = outlet.push(word(0));
        let mut outlet = Some(outlet);
        let mut heard = 0;
        Role::new(move |step, ctx| {
            match step {
                Step::Block(block) => {
                    tell.send(block.take())?;
                    heard += 1;
                    match &mut outlet {
                        Some(outlet) if heard < 20 => _ = outlet.push(word(heard))?,
                        outlet => outlet.take().into_iter().for_each(|mut outlet| outlet.end()),
                    }
                }
                Step::Ended(end) => {
                    end?;
                    ctx.stop();
                }
            }
            Ok(())
        })
        .started(move |ctx| {
            begun?;
            let source = source.through(there).through(back);
            source.pipe(ctx.inlet(Step::Block)).start(ctx, Step::Ended);
            Ok(())
        })
    };
    play(seeds::world(1, 1), root).expect("the root does not fail");
    told.into_iter().collect()
}

#[test]
fn what_flushes_holds_nothing_back() {
    let words: Vec<_> = (0..20).map(word).collect();
    let flushing = [(gzip_flushing(6), Codec::Gzip), (zstd_flushing(3), Codec::Zstd)];
    for (stage, codec) in flushing {
        assert_eq!(converse(stage, codec.unpack(1_000)), words, "{codec:?}");
    }
}

#[test]
fn what_does_not_flush_holds_back_until_the_end() {
    for codec in CODECS {
        assert_eq!(converse(codec.pack(6), codec.unpack(1_000)), [] as [Bytes; 0], "{codec:?}");
    }
}

#[test]
fn what_flushes_packs_large_blocks_as_well() {
    let mut dice = Dice::new(5);
    let bytes = text(500_000, &mut dice);
    let flushing = [(gzip_flushing(6), Codec::Gzip), (zstd_flushing(3), Codec::Zstd)];
    for (stage, codec) in flushing {
        let both = stage.then(codec.unpack(500_000));
        let back = run(ONE_LOOP, both, cut(&bytes, 100_000, &mut dice)).expect("it comes back");
        assert!(back == bytes, "{codec:?}");
    }
}

/// Jobs that were started while blocks of this length were packed or unpacked.
fn jobs_of(stage: Stage<Bytes, Bytes>, block: Bytes, blocks: usize) -> u64 {
    let runtime = seeds::world(1, 1).build().expect("a runtime");
    let handle = runtime.handle().unref();
    let root = move || {
        Role::new(|step, ctx| {
            if let Step::Ended(end) = step {
                end?;
                ctx.stop();
            }
            Ok(())
        })
        .started(move |ctx| {
            let blocks = Source::iter(std::iter::repeat_n(block, blocks));
            blocks.through(stage).for_each(drop).start(ctx, Step::Ended);
            Ok(())
        })
    };
    runtime.run(root).expect("the root does not fail");
    handle.metrics().lane(Lane::User).expect("a lane").started
}

#[test]
fn large_blocks_are_worked_on_by_the_pool_and_small_ones_by_the_loop() {
    for codec in CODECS {
        assert_eq!(jobs_of(codec.pack(1), Bytes::from(vec![1; 200]), 10), 0, "{codec:?}");
        assert!(jobs_of(codec.pack(1), Bytes::from(vec![1; 100_000]), 10) > 0, "{codec:?}");
        let unpack = |len| {
            let packed = codec.packed(&vec![1; len]);
            jobs_of(codec.unpack(len as u64), packed.into(), 1)
        };
        assert_eq!(unpack(10_000), 0, "{codec:?}");
        // A small block that unpacks to a large one is a large one.
        assert!(unpack(1_000_000) > 5, "{codec:?}: {}", unpack(1_000_000));
    }
}
