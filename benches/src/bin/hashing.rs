//! Small pieces hashed by jobs, one after another: from which size on does the way to the pool and back pay?
//!
//! `cargo run --release -p roundsman-benches --bin hashing -- [--rounds N]`

use roundsman_benches::{
    options::Options,
    ours::hashing::{self, Place},
    table::Table,
};

const SIZES: [usize; 7] = [64, 1_024, 2_048, 4_096, 8_192, 16_384, 65_536];
const COUNT: u64 = 20_000;

fn main() {
    let mut options = Options::from_env();
    let mut table = Table::new("Pieces hashed by jobs, one after another", options.rounds());
    options.finish();

    for _ in table.rounds() {
        for bytes in SIZES {
            for (name, place) in [("in place", Place::Here), ("on the pool", Place::Pool)] {
                let count = COUNT / (1 + bytes as u64 / 4_096);
                let elapsed = hashing::run(place, bytes, count);
                let each = elapsed.as_nanos() as f64 / count as f64;
                table.record(&format!("{bytes} bytes, ns each"), name, each);
            }
        }
    }
    table.print();
}
