//! What NIST says that comes of hashing, with and without a key.

use std::str::FromStr;

use bytes::Bytes;
use roundsman::crypto::{self, Algorithm, Digest, HmacAlgorithm, NoHmac, hmac_hasher};
use roundsman::stream::Source;
use roundsman_tests::cuts::cut;
use roundsman_tests::outcome::{ONE_LOOP, result};
use roundsman_tests::seeds::Dice;

use crate::{ALGORITHMS, expected, hash_by_job};

const CAVP: &str = include_str!("cavp.txt");

fn bytes(hex: &str) -> Vec<u8> {
    if hex == "-" { Vec::new() } else { Digest::from_str(hex).expect("hex").as_bytes().to_vec() }
}

fn algorithm(name: &str, len: usize) -> Algorithm {
    match name {
        "sha3-224" => Algorithm::Sha3_224,
        "sha3-256" => Algorithm::Sha3_256,
        "sha3-384" => Algorithm::Sha3_384,
        "sha3-512" => Algorithm::Sha3_512,
        "shake128" => Algorithm::Shake128 { len },
        "shake256" => Algorithm::Shake256 { len },
        _ => panic!("{name}"),
    }
}

#[test]
fn digests_are_those_of_the_validation_program() {
    let mut dice = Dice::new(202);
    let mut count = 0;
    for line in CAVP.lines().filter(|line| !line.starts_with('#')) {
        let [name, message, digest] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let (message, digest) = (bytes(message), Digest::from_str(digest).expect("hex"));
        let algorithm = algorithm(name, digest.as_bytes().len());
        assert_eq!(algorithm.digest(&message), digest, "{name} of {} bytes", message.len());
        let blocks = cut(&message, 1 + message.len() as u64 / 3, &mut dice);
        let streamed = result(ONE_LOOP, Source::iter(blocks).hash(algorithm));
        assert_eq!(streamed.expect("a digest"), digest, "{name} of {} bytes", message.len());
        count += 1;
    }
    assert_eq!(count, 84);
}

/// NIST's example values for FIPS 202: 1,600 bits, each byte of which is a3.
const A3: [&str; 6] = [
    "9376816aba503f72f96ce7eb65ac095deee3be4bf9bbc2a1cb7e11e0",
    "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787",
    "1881de2ca7e41ef95dc4732b8f5f002b189cc1e42b74168ed1732649ce1dbcdd76197a31fd55ee989f2d7050dd473e8f",
    "e76dfad22084a8b1467fcf2ffa58361bec7628edf5f3fdc0e4805dc48caeeca81b7c13c30adf52a3659584739a2df46be589c51ca1a4a8416df6545a1ce8ba00",
    "131ab8d2b594946b9c81333f9bb6e0ce75c3b93104fa3469d3917457385da037",
    "cd8a920ed141aa0407a22d59288652e9d9f1a7ee0c1e7c1ca699424da84a904d",
];

#[test]
fn digests_are_those_of_the_example_values() {
    for (algorithm, digest) in ALGORITHMS.into_iter().zip(A3) {
        assert_eq!(hash_by_job(crypto::hash(algorithm, vec![0xa3; 200])).to_string(), digest);
    }
}

const KEYED: [HmacAlgorithm; 4] = [
    HmacAlgorithm::Sha3_224,
    HmacAlgorithm::Sha3_256,
    HmacAlgorithm::Sha3_384,
    HmacAlgorithm::Sha3_512,
];

/// NIST's example values for HMAC with SHA-3: keys that are shorter than a block, as long, and longer. A key of n bytes is
/// 00, 01, 02 and so on.
const EXAMPLES: [[(usize, &str); 3]; 4] = [
    [
        (28, "332cfd59347fdb8e576e77260be4aba2d6dc53117b3bfb52c6d18c04"),
        (144, "d8b733bcf66c644a12323d564e24dcf3fc75f231f3b67968359100c7"),
        (172, "078695eecc227c636ad31d063a15dd05a7e819a66ec6d8de1e193e59"),
    ],
    [
        (32, "4fe8e202c4f058e8dddc23d8c34e467343e23555e24fc2f025d598f558f67205"),
        (136, "68b94e2e538a9be4103bebb5aa016d47961d4d1aa906061313b557f8af2c3faa"),
        (168, "9bcf2c238e235c3ce88404e813bd2f3a97185ac6f238c63d6229a00b07974258"),
    ],
    [
        (
            48,
            "d588a3c51f3f2d906e8298c1199aa8ff6296218127f6b38a90b6afe2c5617725bc99987f79b22a557b6520db710b7f42",
        ),
        (
            104,
            "a27d24b592e8c8cbf6d4ce6fc5bf62d8fc98bf2d486640d9eb8099e24047837f5f3bffbe92dcce90b4ed5b1e7e44fa90",
        ),
        (
            152,
            "e5ae4c739f455279368ebf36d4f5354c95aa184c899d3870e460ebc288ef1f9470053f73f7c6da2a71bcaec38ce7d6ac",
        ),
    ],
    [
        (
            64,
            "4efd629d6c71bf86162658f29943b1c308ce27cdfa6db0d9c3ce81763f9cbce5f7ebe9868031db1a8f8eb7b6b95e5c5e3f657a8996c86a2f6527e307f0213196",
        ),
        (
            72,
            "544e257ea2a3e5ea19a590e6a24b724ce6327757723fe2751b75bf007d80f6b360744bf1b7a88ea585f9765b47911976d3191cf83c039f5ffab0d29cc9d9b6da",
        ),
        (
            136,
            "5f464f5e5b7848e3885e49b2c385f0694985d0e38966242dc4a5fe3fea4b37d46b65ceced5dcf59438dd840bab22269f0ba7febdb9fcf74602a35666b2a32915",
        ),
    ],
];

#[test]
fn hmacs_are_those_that_nist_gives() {
    let texts = ["<blocklen", "=blocklen", ">blocklen"]
        .map(|how| format!("Sample message for keylen{how}"));
    for (algorithm, examples) in KEYED.into_iter().zip(EXAMPLES) {
        for ((len, mac), text) in examples.into_iter().zip(&texts) {
            let key: Bytes = (0..len as u8).collect();
            let text = Bytes::from(text.clone());
            assert_eq!(algorithm.mac(&key, &text).to_string(), mac, "{algorithm}");
            let job = crypto::hmac(algorithm, key.clone(), text.clone());
            assert_eq!(hash_by_job(job).to_string(), mac, "{algorithm} as a job");
            let pieces = text.chunks(7).map(Bytes::copy_from_slice).collect::<Vec<_>>();
            let streamed = result(ONE_LOOP, Source::iter(pieces).pipe(hmac_hasher(algorithm, key)));
            assert_eq!(streamed.expect("a digest").to_string(), mac, "{algorithm} of a stream");
        }
    }
}

/// From NIST's ACVP server, HMAC-SHA3-256 revision 2.0, test case 14: the first 17 bytes.
#[test]
fn hmac_takes_short_keys() {
    let message = "d2df7ca272ecda09a98213674d6b6a9936b896b7754ca916325ab2204e2a3b22ded848325a27123b591f3b53cc40b3c293eaa2fce7648d1a12d6c985273328e4d6dfa7012dfd84d8b57e1c0367bbecfce0da53770e110185d97530";
    let mac = HmacAlgorithm::Sha3_256.mac(&bytes("df00c8ba"), &bytes(message));
    assert_eq!(mac.as_bytes()[..17], bytes("4650a36a6af60240b5757722c4e8916d3d"));
}

#[test]
fn a_function_that_hmac_is_not_defined_with_is_refused() {
    for algorithm in ALGORITHMS {
        match HmacAlgorithm::try_from(algorithm) {
            Ok(keyed) => {
                assert_eq!(Algorithm::from(keyed), algorithm);
                assert_eq!(keyed.to_string(), format!("hmac-{algorithm}"));
                assert_eq!(keyed.mac(b"", b"").as_bytes().len(), keyed.digest_len());
            }
            Err(NoHmac { algorithm, .. }) => {
                assert!(algorithm.to_string().starts_with("shake"), "{algorithm}");
            }
        }
    }
}

#[test]
fn a_function_and_its_hmac_differ_under_every_key() {
    for algorithm in KEYED {
        let plain = Algorithm::from(algorithm);
        assert_ne!(algorithm.mac(b"", b"abc").as_bytes(), expected(plain, b"abc"));
        assert_ne!(algorithm.mac(b"a", b"bc"), algorithm.mac(b"ab", b"c"));
    }
}
