//! Pressure over drawn graphs of senders, on loops that stand still now and then and with actors that fail: nobody waits
//! for ever, and nothing grows beyond its bound.

use std::time::Duration;

use roundsman::sim::{Sim, check};
use roundsman::{LaneLimits, Outcome};
use roundsman_tests::topologies::{acyclic, acyclic_kinds, cyclic, cyclic_kinds};
use roundsman_tests::topology::{Measured, Topology, Workers};

/// Now and then the loop of one of them stands still, so that the others run ahead.
fn stall(sim: &Sim) {
    sim.stall_randomly("graph/top/node-*", 5_000, Duration::from_millis(50));
}

/// Lets it run dry. An actor that is paused for good is a deadlock, and fails the seed.
fn run_dry(sim: &Sim, graph: &Measured) -> Outcome {
    sim.run()?;
    let report = graph.report();
    assert_eq!(report.handled, report.sent, "every message is handled: {report:?}");
    Ok(())
}

#[test]
fn a_drawn_graph_without_cycles_runs_dry_and_each_mailbox_stays_within_its_bound() {
    check(200, |sim| {
        let graph = acyclic(sim).start(sim, Workers::Children);
        graph.claim_bounds(sim);
        stall(sim);
        run_dry(sim, &graph)
    });
}

#[test]
fn a_drawn_graph_with_cycles_runs_dry() {
    check(200, |sim| {
        let graph = cyclic(sim).start(sim, Workers::Children);
        stall(sim);
        run_dry(sim, &graph)
    });
}

fn named(sim: &Sim, kinds: fn(usize) -> Vec<(&'static str, Topology)>) -> Measured {
    let (name, topology) = sim.pick(&kinds(1 + sim.below(4)));
    sim.note(name);
    topology.shorter(10).start(sim, Workers::Children)
}

#[test]
fn a_graph_of_a_named_kind_without_cycles_runs_dry_and_each_mailbox_stays_within_its_bound() {
    check(200, |sim| {
        let graph = named(sim, acyclic_kinds);
        graph.claim_bounds(sim);
        stall(sim);
        run_dry(sim, &graph)
    });
}

#[test]
fn a_graph_of_a_named_kind_with_cycles_runs_dry() {
    check(200, |sim| {
        let graph = named(sim, cyclic_kinds);
        stall(sim);
        run_dry(sim, &graph)
    });
}

#[test]
fn a_graph_whose_actors_panic_and_are_built_anew_runs_dry_and_loses_what_was_in_hand_only() {
    check(200, |sim| {
        let drawn = if sim.below(2) == 0 { acyclic(sim) } else { cyclic(sim) };
        let graph = drawn.start(sim, Workers::Supervised);
        stall(sim);
        sim.panic_randomly("graph/top/node-*", 10_000);
        sim.run()?;
        let books = sim.handle(graph.host).metrics().ledger();
        // What was in hand as an actor failed counts as handled.
        assert_eq!(books.dead_letters(), 0, "mailboxes outlive their actors: {books}");
        Ok(())
    });
}

#[test]
fn a_graph_whose_actors_panic_and_are_gone_runs_dry() {
    check(200, |sim| {
        let drawn = if sim.below(2) == 0 { acyclic(sim) } else { cyclic(sim) };
        drawn.start(sim, Workers::Children);
        stall(sim);
        sim.panic_randomly("graph/top/node-*", 10_000);
        // Those who send to them fail, too: whoever waited for one that is gone goes on, and learns it.
        Ok(sim.run()?)
    });
}

mod lanes {
    //! Actors that start more jobs than their lane holds.

    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use roundsman::{Address, ChildSpec, Lane, Placement, job};
    use roundsman_tests::role::Role;

    use super::*;

    /// Starts a job for each number, and sends it on when that is done.
    fn worker(
        lane: Lane,
        to: Option<Address<u64>>,
        done: Arc<AtomicU64>,
    ) -> Role<Result<u64, u64>> {
        Role::new(move |number: Result<u64, u64>, ctx| {
            match (number, &to) {
                (Ok(number), _) => {
                    ctx.start(job(lane, move || number), |number| Err(number.unwrap_or(0)));
                }
                (Err(number), Some(to)) => to.send(number)?,
                (Err(_), None) => _ = done.fetch_add(1, Ordering::SeqCst),
            }
            Ok(())
        })
    }

    #[test]
    fn actors_whose_lanes_are_full_wait_for_them_and_for_each_other_and_run_dry() {
        check(200, |sim| {
            let (loops, workers) = (1 + sim.below(4), 1 + sim.below(5));
            let (lanes, each) = (1 + sim.below(2), 1 + sim.below(60) as u64);
            let (queue, threads) = (1 + sim.below(4), 1 + sim.below(3));
            let done = Arc::new(AtomicU64::new(0));
            let counts = Arc::clone(&done);
            let root = move || {
                let counts = Arc::clone(&counts);
                Role::<()>::idle().started(move |ctx| {
                    let mut next: Option<Address<u64>> = None;
                    for index in 0..workers {
                        let lane = [Lane::User, Lane::Crypto][index % lanes];
                        let (to, counts) = (next.take(), Arc::clone(&counts));
                        let make = move || worker(lane, to.clone(), Arc::clone(&counts));
                        let place = Placement::Loop(index % loops);
                        let spec = ChildSpec::permanent(format!("worker-{index}"));
                        let worker = ctx.supervise_on(place, spec, make);
                        // In between, an actor with little room turns what is done into what is to do.
                        let relay = roundsman::Spawn::named(format!("relay-{index}")).high(2);
                        let relay = ctx.spawn_on_with(place, relay, move || {
                            Role::<u64>::new(move |number, _| Ok(worker.send(Ok(number))?))
                        });
                        next = Some(relay);
                    }
                    let first = next.take().expect("there is at least one");
                    for number in 0..each {
                        first.send(number)?;
                    }
                    Ok(())
                })
            };
            let limits = LaneLimits::default().queue(queue);
            sim.host("pool")
                .loops(loops)
                .with(move |builder| {
                    let builder = builder.pool_threads(threads);
                    builder.lane(Lane::User, limits).lane(Lane::Crypto, limits)
                })
                .start_with("top", root);
            sim.stall_randomly("pool/top/*", 5_000, Duration::from_millis(50));
            sim.run()?;
            assert_eq!(done.load(Ordering::SeqCst), each, "every item has gone through every job");
            Ok(())
        });
    }
}
