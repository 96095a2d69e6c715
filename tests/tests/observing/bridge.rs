//! The bridge to the crate `metrics`, with the feature `metrics`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit,
};
use roundsman::{Lane, Placement, Runtime, job};
use roundsman_tests::role::Role;
use roundsman_tests::seeds::world;

/// A recorder that keeps the last value of everything.
#[derive(Clone, Default)]
struct Board(Arc<Mutex<BTreeMap<String, f64>>>);

struct Entry(Board, String);

impl Entry {
    fn set(&self, value: f64) {
        self.0.0.lock().unwrap().insert(self.1.clone(), value);
    }
}

impl CounterFn for Entry {
    fn increment(&self, _: u64) {}

    fn absolute(&self, value: u64) {
        self.set(value as f64);
    }
}

impl GaugeFn for Entry {
    fn increment(&self, _: f64) {}

    fn decrement(&self, _: f64) {}

    fn set(&self, value: f64) {
        Entry::set(self, value);
    }
}

impl Board {
    fn entry(&self, key: &Key) -> Arc<Entry> {
        let labels: Vec<_> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(Entry(self.clone(), format!("{} {}", key.name(), labels.join(","))))
    }
}

impl Recorder for Board {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.entry(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.entry(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn a_snapshot_sets_counters_and_gauges_of_each_loop() {
    let runtime = world(1, 2).build().unwrap();
    let handle = runtime.handle().unref();
    let root = || {
        Role::<()>::idle().started(|ctx| {
            ctx.start(job(Lane::User, || ()), |_| ());
            Ok(ctx.address().send(())?)
        })
    };
    runtime.run(root).unwrap();
    let board = Board::default();
    metrics::with_local_recorder(&board, || handle.metrics().record());
    let board = board.0.lock().unwrap();
    assert_eq!(board["roundsman_messages_handled_total loop=0"], 2.0);
    assert_eq!(board["roundsman_messages_handled_total loop=1"], 0.0);
    assert_eq!(board["roundsman_actors loop=0"], 0.0);
    assert!(board["roundsman_rounds_total loop=0"] > 0.0);
    // Its own, and the answer of the job.
    assert_eq!(board["roundsman_messages_sent_total loop=0"], 2.0);
    assert_eq!(board["roundsman_jobs_done_total lane=user"], 1.0);
    assert_eq!(board["roundsman_jobs_done_total lane=dns"], 0.0);
    assert_eq!(
        board.len(),
        2 * 23 + 4 * 8,
        "what is documented, for each loop and lane: {board:?}"
    );
}

#[test]
fn loops_of_one_actor_each_are_one_label() {
    let runtime = Runtime::builder().loops(1).build().unwrap();
    let handle = runtime.handle().unref();
    let root = || {
        Role::<()>::idle().started(|ctx| {
            for _ in 0..3 {
                ctx.spawn_on(Placement::OwnThread, Role::<()>::idle).send(())?;
            }
            Ok(())
        })
    };
    runtime.run(root).unwrap();
    let board = Board::default();
    metrics::with_local_recorder(&board, || handle.metrics().record());
    let board = board.0.lock().unwrap();
    assert_eq!(board["roundsman_messages_handled_total loop=own"], 3.0);
    assert_eq!(board.len(), 2 * 23 + 4 * 8, "{board:?}");
}
