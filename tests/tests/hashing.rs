//! Hashing: what comes of it is what FIPS 202 says, and it is on time, whole, and alone.

#[path = "hashing/nist.rs"]
mod nist;
#[path = "hashing/secrets.rs"]
mod secrets;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use bytes::Bytes;
use roundsman::crypto::{self, Algorithm, Digest, ParseDigestError};
use roundsman::stream::{PipeError, Source, Summary};
use roundsman::{Context, Job, JobError, Lane, LaneLimits, Outcome, job};
use roundsman_tests::cuts::{cut, text};
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{self, Dice};
use roundsman_tests::trial::World;
use sha3::Digest as _;
use shake::{ExtendableOutput, Update};

use Algorithm::{Sha3_224, Sha3_256, Sha3_384, Sha3_512, Shake128, Shake256};

const ALGORITHMS: [Algorithm; 6] =
    [Sha3_224, Sha3_256, Sha3_384, Sha3_512, Shake128 { len: 32 }, Shake256 { len: 32 }];

/// What NIST says of the empty message, of "abc", of 448 bits, and of a million times "a".
const VECTORS: [[&str; 4]; 6] = [
    [
        "6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7",
        "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
        "8a24108b154ada21c9fd5574494479ba5c7e7ab76ef264ead0fcce33",
        "d69335b93325192e516a912e6d19a15cb51c6ed5c15243e7a7fd653c",
    ],
    [
        "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
        "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
        "41c0dba2a9d6240849100376a8235e2c82e1b9998a999e21db32dd97496d3376",
        "5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1",
    ],
    [
        "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2ac3713831264adb47fb6bd1e058d5f004",
        "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
        "991c665755eb3a4b6bbdfb75c78a492e8c56a22c5c4d7e429bfdbc32b9d4ad5aa04a1f076e62fea19eef51acd0657c22",
        "eee9e24d78c1855337983451df97c8ad9eedf256c6334f8e948d252d5e0e76847aa0774ddb90a842190d2c558b4b8340",
    ],
    [
        "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
        "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
        "04a371e84ecfb5b8b77cb48610fca8182dd457ce6f326a0fd3d7ec2f1e91636dee691fbe0c985302ba1b0d8dc78c086346b533b49c030d99a27daf1139d6e75e",
        "3c3a876da14034ab60627c077bb98f7e120a2a5370212dffb3385a18d4f38859ed311d0a9d5141ce9cc5c66ee689b266a8aa18ace8282a0e0db596c90b0a7b87",
    ],
    [
        "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
        "5881092dd818bf5cf8a3ddb793fbcba74097d5c526a6d35f97b83351940f2cc8",
        "1a96182b50fb8c7e74e0a707788f55e98209b8d91fade8f32f8dd5cff7bf21f5",
        "9d222c79c4ff9d092cf6ca86143aa411e369973808ef97093255826c5572ef58",
    ],
    [
        "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f",
        "483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739",
        "4d8c2dd2435a0128eefbb8c36f6f87133a7911e18d979ee1ae6be5d4fd2e3329",
        "3578a7a4ca9137569cdf76ed617d31bb994fca9c1bbf8b184013de8234dfd13a",
    ],
];

fn messages() -> [Vec<u8>; 4] {
    let bits_448 = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    [Vec::new(), b"abc".to_vec(), bits_448.to_vec(), vec![b'a'; 1_000_000]]
}

/// The digest as the crates have it.
fn expected(algorithm: Algorithm, data: &[u8]) -> Vec<u8> {
    match algorithm {
        Sha3_224 => sha3::Sha3_224::digest(data).to_vec(),
        Sha3_256 => sha3::Sha3_256::digest(data).to_vec(),
        Sha3_384 => sha3::Sha3_384::digest(data).to_vec(),
        Sha3_512 => sha3::Sha3_512::digest(data).to_vec(),
        Shake128 { len } => {
            let mut digest = vec![0; len];
            shake::Shake128::default().chain(data).finalize_xof_into(&mut digest);
            digest
        }
        Shake256 { len } => {
            let mut digest = vec![0; len];
            shake::Shake256::default().chain(data).finalize_xof_into(&mut digest);
            digest
        }
        other => panic!("{other} is new: say here what comes of it"),
    }
}

/// What the actors here take.
enum Step {
    Hashed(Digest),
    Job(Result<Digest, JobError>),
    Ended(Result<Summary, PipeError>),
    Other,
}

/// What a pipeline through a hash has told its owner, in order.
#[derive(Debug)]
enum Told {
    Digest(Digest),
    Result(Result<Summary, PipeError>),
}

/// Runs blocks through a hash, with `what` behind it.
fn through(
    world: World,
    algorithm: Algorithm,
    source: Source<Bytes>,
    behind: impl FnOnce(Source<Bytes>) -> Source<Bytes> + Send + 'static,
) -> Vec<Told> {
    let (tell, told) = mpsc::channel();
    must_end(move || {
        let root = move || {
            let receive = move |step, ctx: &mut Context<'_, Role<Step>>| -> Outcome {
                match step {
                    Step::Hashed(digest) => tell.send(Told::Digest(digest))?,
                    Step::Ended(result) => {
                        tell.send(Told::Result(result))?;
                        ctx.stop();
                    }
                    Step::Job(_) | Step::Other => {}
                }
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                let hashed = source.hash_through(algorithm, ctx.recipient(Step::Hashed));
                behind(hashed).for_each(drop).start(ctx, Step::Ended);
                Ok(())
            })
        };
        world.runtime().run(root).expect("the root does not fail");
    });
    told.into_iter().collect()
}

fn hash_by_job(job: Job<Digest>) -> Digest {
    let (tell, told) = mpsc::channel();
    let root = move || {
        Role::new(move |step, _| {
            if let Step::Job(digest) = step {
                tell.send(digest?)?;
            }
            Ok(())
        })
        .started(|ctx| {
            ctx.start(job, Step::Job);
            Ok(())
        })
    };
    play(seeds::world(1, 1), root).expect("the root does not fail");
    told.recv().expect("a digest")
}

#[test]
fn digests_are_those_that_nist_gives() {
    for (algorithm, vectors) in ALGORITHMS.into_iter().zip(VECTORS) {
        for (message, vector) in messages().into_iter().zip(vectors) {
            assert_eq!(algorithm.digest(&message).to_string(), vector, "{algorithm}");
            let job = crypto::hash(algorithm, message.clone());
            assert_eq!(hash_by_job(job).to_string(), vector, "{algorithm} as a job");
            for most in [1 + message.len() as u64 / 8, 200_000] {
                let blocks = cut(&message, most, &mut Dice::new(most));
                let digest = result(ONE_LOOP, Source::iter(blocks).hash(algorithm));
                assert_eq!(
                    digest.expect("a digest").to_string(),
                    vector,
                    "{algorithm} of a stream"
                );
            }
        }
    }
}

#[test]
fn each_job_does_what_its_name_says() {
    let jobs = [
        (crypto::sha3_224("abc"), Sha3_224),
        (crypto::sha3_256("abc"), Sha3_256),
        (crypto::sha3_384("abc"), Sha3_384),
        (crypto::sha3_512("abc"), Sha3_512),
        (crypto::shake128("abc", 99), Shake128 { len: 99 }),
        (crypto::shake256("abc", 7), Shake256 { len: 7 }),
    ];
    for (job, algorithm) in jobs {
        assert_eq!(job.lane(), Lane::Crypto);
        let digest = hash_by_job(job);
        assert_eq!(digest.as_bytes(), expected(algorithm, b"abc"), "{algorithm}");
        assert_eq!(digest.as_bytes().len(), algorithm.digest_len());
    }
}

#[test]
fn however_a_stream_is_cut_its_digest_is_the_same() {
    seeds::each_world(67, 1..=3, |seed, loops| {
        let mut dice = Dice::new(seed);
        let len = dice.below(300);
        let algorithms = [ALGORITHMS.as_slice(), &[Shake128 { len: 0 }, Shake256 { len: 999 }]];
        let algorithm = dice.pick(&algorithms.concat());
        // Small messages in small blocks, and large ones that go to the pool.
        let scale = dice.pick(&[1, 200]);
        let message = text(len as usize * scale as usize, &mut dice);
        let blocks = cut(&message, 1 + 200 * scale, &mut dice);
        let world = World::Simulated { seed, loops };
        let digest = result(world, Source::iter(blocks).hash(algorithm)).expect("a digest");
        assert_eq!(digest.as_bytes(), expected(algorithm, &message), "{algorithm}");
    });
}

#[test]
fn on_real_threads_the_digest_is_the_same() {
    let mut dice = Dice::new(7);
    let message = text(600_000, &mut dice);
    for most in [500, 5_000, 50_000, 300_000] {
        let blocks = cut(&message, most, &mut dice);
        let pipeline = Source::iter(blocks).boundary().hash(Sha3_384);
        let digest = result(World::Real { loops: 2 }, pipeline).expect("a digest");
        assert_eq!(digest.as_bytes(), expected(Sha3_384, &message));
    }
}

#[test]
fn what_is_hashed_passes_as_it_is() {
    seeds::each_world(30, 1..=2, |seed, loops| {
        let mut dice = Dice::new(seed);
        let mut blocks = cut(&text(200_000, &mut dice), 90_000, &mut dice);
        blocks.insert(1, Bytes::new());
        let expected = blocks.clone();
        let (tell, told) = mpsc::channel();
        let source = Source::iter(blocks);
        through(World::Simulated { seed, loops }, Sha3_224, source, move |source| {
            source.map(move |block| {
                let _ = tell.send(block.clone());
                block
            })
        });
        assert_eq!(told.into_iter().collect::<Vec<_>>(), expected);
    });
}

#[test]
fn the_digest_comes_once_and_before_the_result_of_the_pipeline() {
    seeds::each_world(67, 1..=3, |seed, loops| {
        let mut dice = Dice::new(seed);
        let len = dice.pick(&[0, 100, 100_000]);
        let message = text(len, &mut dice);
        let blocks = cut(&message, 40_000, &mut dice);
        let elsewhere = seed % 2 == 0;
        let world = World::Simulated { seed, loops };
        let told = through(world, Sha3_256, Source::iter(blocks), move |source| {
            if elsewhere { source.boundary() } else { source }
        });
        let [Told::Digest(digest), Told::Result(Ok(summary))] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!(digest.as_bytes(), expected(Sha3_256, &message));
        assert_eq!(summary.bytes, message.len() as u64);
    });
}

#[test]
fn after_a_failure_no_digest_comes() {
    seeds::each_world(30, 1..=2, |seed, loops| {
        let at = 1 + seed % 20;
        let count = Arc::new(AtomicU64::new(0));
        // Above the hash, or below it.
        let above = seed % 2 == 0;
        let panics = move |block| {
            assert!(count.fetch_add(1, Ordering::SeqCst) < at, "it was told to");
            block
        };
        let blocks = (0..20).map(|_| Bytes::from(vec![1; 20_000]));
        let source = Source::iter(blocks);
        let world = World::Simulated { seed, loops };
        let told = match above && at < 20 {
            true => through(world, Sha3_256, source.map(panics), |source| source),
            false if at < 20 => through(world, Sha3_256, source, |source| source.map(panics)),
            false => return,
        };
        assert!(matches!(&told[..], [Told::Result(Err(_))]), "{told:?}");
    });
}

#[test]
fn after_a_failure_or_a_cancel_the_sink_gives_the_error() {
    let panics = Source::iter([Bytes::from("x")]).map(|_| -> Bytes { panic!("it was told to") });
    let error = result(ONE_LOOP, panics.boundary().hash(Sha3_256)).expect_err("it panicked");
    assert_eq!(error.stage(), "iter, map");
}

/// Jobs that were started in a lane while blocks of this length were hashed.
fn jobs_of(len: usize) -> u64 {
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
            let blocks = Source::iter(std::iter::repeat_n(Bytes::from(vec![1; len]), 10));
            let hashed = blocks.hash_through(Sha3_256, ctx.recipient(Step::Hashed));
            hashed.for_each(drop).start(ctx, Step::Ended);
            Ok(())
        })
    };
    runtime.run(root).expect("the root does not fail");
    handle.metrics().lane(Lane::Crypto).expect("a lane").started
}

#[test]
fn large_blocks_are_hashed_on_the_pool_and_small_ones_on_the_loop() {
    assert_eq!(jobs_of(100), 0);
    assert!(jobs_of(64 * 1024) >= 5, "{}", jobs_of(64 * 1024));
}

/// Jobs on the pool and in place, of one that hashes so many bytes.
fn where_hashed(len: usize) -> (u64, u64) {
    let runtime = seeds::world(1, 1).build().expect("a runtime");
    let handle = runtime.handle().unref();
    let root = move || {
        Role::new(|step, _| {
            assert!(matches!(step, Step::Job(Ok(_))));
            Ok(())
        })
        .started(move |ctx| {
            ctx.start(crypto::sha3_256(vec![1; len]), Step::Job);
            Ok(())
        })
    };
    runtime.run(root).expect("the root does not fail");
    let metrics = handle.metrics();
    (metrics.lane(Lane::Crypto).expect("a lane").started, metrics.loops[0].jobs_in_place)
}

#[test]
fn a_small_piece_in_hand_is_hashed_in_place_and_a_large_one_on_the_pool() {
    let most = crypto::IN_PLACE_MAX - Sha3_256.digest_len();
    for len in [0, 100, most] {
        assert_eq!(where_hashed(len), (0, 1), "{len} bytes");
    }
    for len in [most + 1, 1_000_000] {
        assert_eq!(where_hashed(len), (1, 0), "{len} bytes");
    }
}

#[test]
fn no_more_passes_than_the_hash_keeps_up_with() {
    seeds::each_world(10, 1..=2, |seed, loops| {
        let (passed, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (passing, most) = (Arc::clone(&passed), Arc::clone(&seen));
        let root = move || {
            let (at_once, most) = (Arc::clone(&passed), Arc::clone(&most));
            Role::new(move |step, ctx| {
                match step {
                    // The lane is busy with these as long.
                    Step::Other => most.store(at_once.load(Ordering::SeqCst), Ordering::SeqCst),
                    Step::Ended(end) => {
                        assert_eq!(end?.bytes, 20 * 50_000);
                        ctx.stop();
                    }
                    Step::Hashed(_) | Step::Job(_) => {}
                }
                Ok(())
            })
            .started(move |ctx| {
                for n in 0..50 {
                    ctx.start(job(Lane::Crypto, move || n), |_| Step::Other);
                }
                let blocks = std::iter::repeat_n(Bytes::from(vec![1; 50_000]), 20);
                let hashed =
                    Source::iter(blocks).hash_through(Sha3_256, ctx.recipient(Step::Hashed));
                let counted = hashed.map(move |block| {
                    passing.fetch_add(block.len() as u64, Ordering::SeqCst);
                    block
                });
                counted.for_each(drop).start(ctx, Step::Ended);
                Ok(())
            })
        };
        let one = LaneLimits::default().cap(1);
        play(seeds::world(seed, loops).lane(Lane::Crypto, one), root).expect("it ends");
        let most = seen.load(Ordering::SeqCst);
        // A window that is hashed and one that waits, each by less than a block more.
        assert!(most > 0 && most <= 2 * (65_536 + 50_000), "{most} bytes had passed");
    });
}

#[test]
fn a_digest_is_read_as_it_is_written() {
    for algorithm in ALGORITHMS {
        let digest = algorithm.digest(b"abc");
        assert_eq!(digest.to_string().parse(), Ok(digest.clone()));
        assert_eq!(digest.to_string().to_uppercase().parse(), Ok(digest.clone()));
        assert_eq!(format!("{digest:x}"), digest.to_string());
        assert_eq!(format!("{digest:?}"), format!("Digest({digest})"));
    }
}

#[test]
fn what_is_no_digest_is_refused_with_its_place() {
    let parse = |text: &str| text.parse::<Digest>();
    assert_eq!(parse("abc"), Err(ParseDigestError::Odd { digits: 3 }));
    assert_eq!(parse("00fg"), Err(ParseDigestError::NotHex { at: 3 }));
    assert_eq!(parse("+1"), Err(ParseDigestError::NotHex { at: 0 }));
    assert_eq!(parse("ä"), Err(ParseDigestError::NotHex { at: 0 }));
}

#[test]
fn digests_are_equal_if_all_of_their_bytes_are() {
    let parse = |text: &str| text.parse::<Digest>().expect("a digest");
    assert_eq!(parse("0102"), parse("0102"));
    for other in ["0002", "0103", "01", "010200", ""] {
        assert_ne!(parse("0102"), parse(other));
    }
}

#[test]
fn several_hashes_of_one_stream_do_not_disturb_each_other() {
    let mut dice = Dice::new(3);
    let message = text(500_000, &mut dice);
    let blocks = cut(&message, 90_000, &mut dice);
    let (tell, told) = mpsc::channel();
    let runtime = seeds::world(5, 1);
    let root = move || {
        Role::new(move |step, ctx| {
            match step {
                Step::Hashed(digest) => tell.send(digest)?,
                Step::Ended(end) => {
                    end?;
                    ctx.stop();
                }
                Step::Job(_) | Step::Other => {}
            }
            Ok(())
        })
        .started(|ctx| {
            let to = ctx.recipient(Step::Hashed);
            let source = Source::iter(blocks).hash_through(Sha3_512, to.clone());
            source.hash_through(Sha3_224, to).for_each(drop).start(ctx, Step::Ended);
            Ok(())
        })
    };
    play(runtime, root).expect("the root does not fail");
    let digests: Vec<_> = told.into_iter().map(|digest| digest.as_bytes().to_vec()).collect();
    assert_eq!(digests, [expected(Sha3_512, &message), expected(Sha3_224, &message)]);
}

#[test]
fn a_hash_names_its_function_in_errors() {
    // The runner of the hash is the one that panics: its sink shares its actor.
    let source = Source::iter([Bytes::from("x")]);
    let told = through(ONE_LOOP, Shake256 { len: 1 }, source, |source| {
        source.map(|_| panic!("it was told to"))
    });
    let [Told::Result(Err(error))] = &told[..] else { panic!("{told:?}") };
    assert_eq!(error.stage(), "shake256, map, for_each");
}
