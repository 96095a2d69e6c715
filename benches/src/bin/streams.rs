//! Items through `source → map → filter → fold`, on one loop: items per second.
//!
//! `cargo run --release -p roundsman-benches --bin streams -- [--rounds N] [--items N] [--only NAME]`

use roundsman_benches::{
    contender::OURS,
    flow::{Carry, Flow, Form, expected, limit, node, tokio_stream},
    options::Options,
    ours,
    table::Table,
};

struct Contender {
    name: &'static str,
    run: Carry,
    /// Carries one item in so many, since it takes so much longer.
    share: u32,
}

/// Who takes part. 16 items are the window of roundsman's links and Node's high-water mark; 1,024 are more than either
/// may have under way.
const CONTENDERS: [Contender; 6] = [
    Contender { name: OURS, run: ours::flow::run, share: 1 },
    Contender { name: "limit", run: limit::run, share: 1 },
    Contender { name: "tokio-stream", run: tokio_stream::alone, share: 1 },
    Contender {
        name: "tokio-stream + mpsc(16)",
        run: |flow| tokio_stream::channel(16, flow),
        share: 1,
    },
    Contender {
        name: "tokio-stream + mpsc(1024)",
        run: |flow| tokio_stream::channel(1024, flow),
        share: 1,
    },
    Contender { name: "Node", run: node::run, share: 20 },
];

fn main() {
    let mut options = Options::from_env();
    let mut table = Table::new("Streams: source → map → filter → fold", options.rounds());
    let items = options.value("--items", 20_000_000);
    let only: Option<String> = options.optional("--only");
    options.finish();

    for _ in table.rounds() {
        for form in Form::ALL {
            for Contender { name, run, share } in &CONTENDERS {
                if only.as_deref().is_some_and(|only| only != *name) {
                    continue;
                }
                let items = (items / share).max(1);
                if let Some(carried) = run(Flow { form, items }) {
                    assert_eq!(carried.gathered, expected(items), "{name} lost items");
                    let rate = f64::from(items) / carried.elapsed.as_secs_f64();
                    table.record(&format!("{}, items/s", form.name()), name, rate);
                }
            }
        }
    }
    table.print();
}
