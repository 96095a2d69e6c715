//! What a wrong server would do is noticed.

use std::{env, fs, io, process};

use super::sample::Sample;

/// Not a multiple of a word or of a piece.
const BYTES: u64 = 300_003;

fn with_sample(name: &str, test: impl FnOnce(&Sample) -> io::Result<()>) -> io::Result<()> {
    let folder = env::temp_dir().join(format!("roundsman-{name}-{}", process::id()));
    let tested = Sample::in_folder(&folder, BYTES).and_then(|sample| test(&sample));
    fs::remove_dir_all(folder)?;
    tested
}

#[test]
fn a_sample_knows_its_own_bytes() -> io::Result<()> {
    with_sample("own", |sample| {
        let bytes = fs::read(&sample.path)?;
        assert_eq!(bytes.len() as u64, BYTES);
        sample.compare(&bytes[5..1_000], 5)?;
        sample.compare_file(&sample.path)
    })
}

#[test]
fn bytes_that_are_wrong_swapped_or_too_many_are_noticed() -> io::Result<()> {
    with_sample("foreign", |sample| {
        let mut bytes = fs::read(&sample.path)?;
        assert!(sample.compare(&bytes[8..16], 0).is_err());
        assert!(sample.compare(&bytes[8..16], BYTES - 4).is_err());
        assert!(sample.compare_length(BYTES - 1).is_err());
        bytes.swap(10, 20_000);
        let swapped = sample.path.with_extension("swapped");
        fs::write(&swapped, bytes)?;
        assert!(sample.compare_file(&swapped).is_err());
        Ok(())
    })
}
