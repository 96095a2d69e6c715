//! Keys made of passwords, random bytes, and comparing what is secret.

use std::fmt::Debug;
use std::sync::mpsc;

use bytes::Bytes;
use roundsman::crypto::{
    ARGON2_MEMORY_MAX, Algorithm, Argon2Params, DERIVED_LEN_MAX, DeriveError, Digest,
    HmacAlgorithm, RANDOM_MAX, RandomError, argon2id, constant_time_eq, hash_password, pbkdf2,
    random, verify_password, verify_password_with,
};
use roundsman::{Job, JobError, Lane, Runtime};
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;

fn bytes(hex: &str) -> Bytes {
    hex.parse::<Digest>().expect("hex").into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What comes of a job, which must run on the pool.
fn answer<T, E>(job: Job<T, E>) -> Result<T, E>
where
    T: Send + 'static,
    E: Debug + Send + 'static,
{
    let (tell, told) = mpsc::channel();
    must_end(move || {
        let runtime = Runtime::builder().loops(1).build().expect("a runtime");
        let handle = runtime.handle().unref();
        let root = || {
            Role::new(move |answer: Result<T, JobError<E>>, _| {
                let _ = tell.send(answer);
                Ok(())
            })
            .started(|ctx| {
                ctx.start(job, |answer| answer);
                Ok(())
            })
        };
        run_balanced(runtime, root).expect("the root does not fail");
        let metrics = handle.metrics();
        assert_eq!(metrics.lane(Lane::Crypto).expect("a lane").done, 1, "on the pool");
    });
    match told.recv().expect("an answer") {
        Ok(value) => Ok(value),
        Err(JobError::Failed(error)) => Err(error),
        Err(other) => panic!("{other:?}"),
    }
}

/// NIST's ACVP server, PBKDF revision 1.0, HMAC-SHA3-512, test cases 35 and 45: password, salt, rounds, key.
const ACVP: [(&str, &str, u32, &str); 2] = [
    (
        "nAQIjWaCHpSW",
        "e58ffce2ac8abc84205509a1459ef4ae",
        1759,
        "d2a5ff4b82e2d72dfb6eff8984ab57747c20054a09",
    ),
    (
        "DRzfyXzqBYqkewA",
        "95f13b6c55543d5be9c402f3e2d18e7386dde2cf9e0a165d3f06547e127b4115",
        1773,
        "c89f4ecf98d55ff1eae3b0fb1d7eda5e6f3811141c6798c5ab7b125f5b89e398",
    ),
];

/// What OpenSSL 3 makes of "password" and "salt" in one round, and of "passwordPASSWORDpassword" and
/// "saltSALTsaltSALTsaltSALTsaltSALTsalt" in 4,096: the messages of RFC 6070, for which NIST gives nothing.
const OPENSSL: [(HmacAlgorithm, &str, &str); 4] = [
    (
        HmacAlgorithm::Sha3_224,
        "d36cad0feea8cf942860130463093a623bead21f",
        "00340fae2d7b57642248fde4835852cbbaaa865726550617ba6fb4bfede7e129bb916ae3ee9e7ff5b9086a4826a49242af8fc528471e580905d9623e82c6928cb3da7bd341f64aa4a6057b7545ff22f916d7d0ef7302b4f1665812fbaf1b36eac042b8b2",
    ),
    (
        HmacAlgorithm::Sha3_256,
        "94613f3ee2ea730e0b06754f3fc816d4f87c9be9",
        "7aef8f1ad8c7f12205334f624d4af9e2863121618f7a0b3209bef3934801c39feac24ef0ac6a5c252eb5a977f4036f5b04193036c24a6e5d32ba267f2dc5e3f6ae39d0ec7baebec6a99c890fb89844388b5bc8e098ec0aedeaa93b79b853c43a1de0fcd2",
    ),
    (
        HmacAlgorithm::Sha3_384,
        "7d7aba341e6ac84e9938f0f5a2f63c07daa3e058",
        "dd3bb4762dd90da99ea1c0571a2b40dd00761fa70a4ab85d47fc07487564e0f46dfa4d102c3f8ca331f918a6ba602792fdb08a201da753253dcafdca3ece66736cbdaf4f2ba0d030d7cf8d66013d9dd557ea50ea991bc96a18d8421fe689f74a03f71ba8",
    ),
    (
        HmacAlgorithm::Sha3_512,
        "f7a2684630ec0f81f23abbf606278deeaad1a350",
        "d60791a4ed27195d813f35510351b9d1ff9ad426215394460950a4fe03dd9f548710e552615ab127aa6b96d923a9e65a64a8332886cb024fa4e7d6ca3456c22ed912f6c81befcc67152d00ae25f12aee3684edb7621e88d3da50158c799b66592023950f",
    ),
];

#[test]
fn pbkdf2_gives_what_nist_gives() {
    for (password, salt, rounds, key) in ACVP {
        let derived = pbkdf2(password, bytes(salt), rounds, key.len() / 2, HmacAlgorithm::Sha3_512);
        assert_eq!(hex(answer(derived).expect("a key").as_bytes()), key);
    }
}

#[test]
fn pbkdf2_gives_what_openssl_gives() {
    for (algorithm, short, long) in OPENSSL {
        let derived = answer(pbkdf2("password", "salt", 1, 20, algorithm)).expect("a key");
        assert_eq!(hex(derived.as_bytes()), short, "{algorithm}");
        let salt = "saltSALTsaltSALTsaltSALTsaltSALTsalt";
        let derived = answer(pbkdf2("passwordPASSWORDpassword", salt, 4096, 100, algorithm));
        assert_eq!(hex(derived.expect("a key").as_bytes()), long, "{algorithm}");
    }
}

#[test]
fn what_pbkdf2_cannot_make_is_refused_with_the_bound() {
    let derive =
        |rounds, len| answer(pbkdf2("password", "salt", rounds, len, HmacAlgorithm::Sha3_224));
    assert!(matches!(derive(0, 20), Err(DeriveError::NoRounds)));
    for len in [0, DERIVED_LEN_MAX + 1] {
        let error = derive(1, len).expect_err("no such key");
        assert!(matches!(error, DeriveError::Len { min: 1, max: DERIVED_LEN_MAX, .. }));
        assert!(error.to_string().contains("65536"), "{error}");
    }
    assert_eq!(derive(1, DERIVED_LEN_MAX).expect("a key").as_bytes().len(), DERIVED_LEN_MAX);
}

/// RFC 9106, section 5.3.
#[test]
fn argon2id_gives_what_the_rfc_gives() {
    let params = Argon2Params::default().memory(32).passes(3).lanes(4);
    let params = params.secret(vec![3; 8]).associated_data(vec![4; 12]);
    let key = answer(argon2id(vec![1; 32], vec![2; 16], params)).expect("a key");
    let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
    assert_eq!(hex(key.as_bytes()), expected);
}

/// The reference implementation: `echo -n password | argon2 pycasalt -id -t 4 -k 50 -p 4 -l 8`, and with
/// `-t 1 -k 8 -p 1 -l 4`.
#[test]
fn argon2id_gives_what_the_reference_implementation_gives() {
    let cases = [(50, 4, 4, "e469b777841e543f"), (8, 1, 1, "009c7809")];
    for (memory, passes, lanes, expected) in cases {
        let params = Argon2Params::default().memory(memory).passes(passes).lanes(lanes);
        let params = params.len(expected.len() / 2);
        let key = answer(argon2id("password", "pycasalt", params)).expect("a key");
        assert_eq!(hex(key.as_bytes()), expected);
    }
}

#[test]
fn what_argon2_cannot_do_is_refused_with_the_bound() {
    let cheap = || Argon2Params::default().memory(64);
    let derive = |params| answer(argon2id("password", "some salt", params)).expect_err("refused");
    assert!(matches!(derive(cheap().memory(7)), DeriveError::Memory { kib: 7, min: 8, .. }));
    assert!(matches!(derive(cheap().lanes(9)), DeriveError::Memory { min: 72, .. }));
    let much = derive(cheap().memory(ARGON2_MEMORY_MAX + 1));
    assert!(matches!(much, DeriveError::Memory { max: ARGON2_MEMORY_MAX, .. }));
    assert!(matches!(derive(cheap().passes(0)), DeriveError::Passes { passes: 0, .. }));
    assert!(matches!(derive(cheap().passes(u32::MAX)), DeriveError::Passes { .. }));
    assert!(matches!(derive(cheap().lanes(0)), DeriveError::Lanes { lanes: 0, .. }));
    assert!(matches!(derive(cheap().lanes(u32::MAX)), DeriveError::Lanes { .. }));
    assert!(matches!(derive(cheap().len(3)), DeriveError::Len { len: 3, min: 4, .. }));
    assert!(matches!(derive(cheap().len(usize::MAX)), DeriveError::Len { .. }));
    let data = derive(cheap().associated_data(vec![0; 33]));
    assert!(matches!(data, DeriveError::AssociatedData { len: 33, max: 32, .. }));
    let salt = answer(argon2id("password", "7 bytes", cheap())).expect_err("refused");
    assert!(matches!(salt, DeriveError::Salt { len: 7, min: 8, .. }));
    let stored = answer(hash_password("password", cheap().len(65))).expect_err("refused");
    assert!(matches!(stored, DeriveError::Len { len: 65, max: 64, .. }));
}

#[test]
fn a_stored_password_is_known_again_and_another_is_not() {
    let params = Argon2Params::default().memory(64).passes(1);
    let stored = answer(hash_password("open sesame", params.clone())).expect("a hash");
    assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
    let again = answer(hash_password("open sesame", params)).expect("a hash");
    assert_ne!(stored, again, "each has a salt of its own");
    for hash in [&stored, &again] {
        assert!(answer(verify_password("open sesame", &**hash)).expect("it is a hash"));
        assert!(!answer(verify_password("open sesam", &**hash)).expect("it is a hash"));
    }
}

#[test]
fn a_secret_that_is_kept_elsewhere_is_needed_again() {
    let params = Argon2Params::default().memory(64).secret("pepper");
    let stored = answer(hash_password("password", params)).expect("a hash");
    assert!(!stored.contains("pepper"));
    let right = verify_password_with("pepper", "password", &*stored);
    assert!(answer(right).expect("it is a hash"));
    assert!(!answer(verify_password_with("salt", "password", &*stored)).expect("it is a hash"));
    assert!(!answer(verify_password("password", &*stored)).expect("it is a hash"));
}

/// The reference implementation: `echo -n password | argon2 somesalt -t 2 -m 16 -p 1 -e -id`, from its own tests.
#[test]
fn a_hash_of_the_reference_implementation_is_known() {
    let stored =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    assert!(answer(verify_password("password", stored)).expect("it is a hash"));
}

#[test]
fn what_is_no_password_hash_is_an_error_and_never_costs_more_than_is_allowed() {
    let verify = |hash: &str| answer(verify_password("password", hash)).expect_err("refused");
    for hash in [
        "",
        "password",
        "$argon2id$",
        "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
    ] {
        let error = verify(hash);
        let is_told =
            matches!(error, DeriveError::NoPasswordHash { .. } | DeriveError::Refused { .. });
        assert!(is_told, "{hash}: {error}");
    }
    let costly = |costs: &str| {
        verify(&format!(
            "$argon2id$v=19${costs}$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        ))
    };
    assert!(matches!(costly("m=4294967295,t=2,p=1"), DeriveError::Memory { .. }));
    assert!(matches!(costly("m=64,t=4294967295,p=1"), DeriveError::Passes { .. }));
    assert!(matches!(costly("m=65536,t=1,p=4096"), DeriveError::Lanes { .. }));
}

#[test]
fn a_derived_key_is_compared_whole_and_never_shown() {
    let derive = |password: &'static str| {
        answer(pbkdf2(password, "salt", 1, 20, HmacAlgorithm::Sha3_256)).expect("a key")
    };
    assert_eq!(derive("password"), derive("password"));
    assert_ne!(derive("password"), derive("passwore"));
    assert_eq!(format!("{:?}", derive("password")), "DerivedKey(20 bytes)");
}

#[test]
fn random_bytes_are_as_many_as_asked_for_and_never_the_same() {
    for len in [0, 1, 32, RANDOM_MAX] {
        assert_eq!(random(len).expect("the OS has some").len(), len);
    }
    let all: std::collections::BTreeSet<_> =
        (0..1000).map(|_| random(16).expect("the OS has some")).collect();
    assert_eq!(all.len(), 1000);
}

#[test]
fn more_random_bytes_than_at_once_are_refused_with_the_bound() {
    let error = random(RANDOM_MAX + 1).expect_err("too many");
    assert!(matches!(error, RandomError::TooMuch { len, .. } if len == RANDOM_MAX + 1));
    assert!(error.to_string().contains("65536"), "{error}");
}

#[test]
fn what_is_secret_is_equal_if_all_of_it_is() {
    assert!(constant_time_eq(b"", b""));
    let one: Vec<u8> = (0..=255).collect();
    assert!(constant_time_eq(&one, &one.clone()));
    for at in 0..one.len() {
        let mut other = one.clone();
        other[at] ^= 1;
        assert!(!constant_time_eq(&one, &other), "byte {at}");
    }
    assert!(!constant_time_eq(&one, &one[1..]));
    let digest = Algorithm::Sha3_224.digest(b"abc");
    assert!(digest.matches(&digest.clone().into_bytes()));
    assert!(!digest.matches(&digest.as_bytes()[1..]));
}
