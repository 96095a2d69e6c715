//! Jobs for nobody.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use roundsman::{Context, Drain, Lane, Runtime, job};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

#[test]
fn what_is_detached_on_a_loop_runs_elsewhere() {
    must_end(|| {
        let root = || {
            Role::<()>::idle().started(|_| {
                let (tell, told) = mpsc::channel();
                job(Lane::User, move || tell.send(thread::current().id())).detach();
                assert_ne!(told.recv()?, thread::current().id());
                Ok(())
            })
        };
        play(Runtime::builder().loops(1).no_watchdog(), root).unwrap();
    });
}

#[test]
fn what_is_detached_elsewhere_has_run_when_detach_returns() {
    let (tell, told) = mpsc::channel();
    job(Lane::User, move || tell.send(thread::current().id())).detach();
    assert_eq!(told.try_recv(), Ok(thread::current().id()));
}

/// Says whether it was dropped.
struct Flag(Arc<AtomicBool>);

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn what_is_detached_keeps_nothing_alive_and_is_dropped_in_any_case() {
    each_world(40, 1..=2, |seed, loops| {
        let dropped = Arc::new(AtomicBool::new(false));
        let flag = Flag(Arc::clone(&dropped));
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                job(Lane::User, move || drop(flag)).detach();
                if seed % 2 == 0 {
                    ctx.stop();
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert!(dropped.load(Ordering::Relaxed));
    });
}

#[test]
fn a_panic_of_what_is_detached_ends_nothing() {
    each_world(10, 1..=2, |seed, loops| {
        let root = || {
            Role::<()>::idle().started(|_| {
                job(Lane::User, || panic!("it was told to")).detach();
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

#[test]
fn a_planned_stop_cuts_nothing_if_only_what_is_detached_is_left() {
    each_world(40, 1..=2, |seed, loops| {
        let root = || {
            Role::new(|(), ctx: &mut Context<'_, _>| {
                (0..20).for_each(|_| job(Lane::User, || ()).detach());
                ctx.stop();
                Ok(())
            })
            .started(|ctx| {
                ctx.shutdown(Drain::default());
                ctx.address().send(()).map_err(|_| "it runs")?;
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}
