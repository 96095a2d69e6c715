//! Hosts: they begin and end, are killed and begin again, and share one time.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use roundsman::sim::{Check, Failed, Sim};
use roundsman::{MissedTicks, Outcome, Placement, Spawn};
use roundsman_tests::role::Role;

use super::{Sleeper, secs};

/// Runs a few seeds, which must not fail.
#[track_caller]
fn holds(body: impl Fn(&Sim) -> Outcome) {
    if let Err(failing) = Check::new().seeds(20).twice(true).run(body) {
        panic!("{failing}");
    }
}

/// Counts itself as long as it is there.
struct Present(Arc<AtomicU32>);

impl Present {
    fn new(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Does nothing, and is present.
fn presence(count: &Arc<AtomicU32>) -> Role<()> {
    let present = Present::new(count);
    Role::new(move |(), _| {
        let _ = &present;
        Ok(())
    })
}

#[test]
fn hosts_share_one_time() {
    holds(|sim| {
        let hosts = [("ann", 1), ("bob", 2)]
            .map(|(name, time)| sim.host(name).start(move || Sleeper(secs(time))));
        sim.advance(secs(1));
        sim.advance(std::time::Duration::from_millis(1));
        assert_eq!(hosts.map(|host| sim.is_alive(host)), [false, true]);
        sim.run()?;
        assert_eq!(sim.now().since_start(), secs(2));
        assert!(hosts.iter().all(|host| sim.result(*host).is_some_and(|result| result.is_ok())));
        Ok(())
    });
}

#[test]
fn a_host_that_serves_lives_until_the_others_have_ended() {
    holds(|sim| {
        let present = Arc::new(AtomicU32::new(0));
        let counts = Arc::clone(&present);
        let server = sim.host("server").serves().start(move || presence(&counts));
        sim.host("client").start(|| Sleeper(secs(1)));
        sim.advance(std::time::Duration::from_millis(500));
        assert_eq!((sim.is_alive(server), present.load(Ordering::SeqCst)), (true, 1));
        sim.run()?;
        assert_eq!((sim.is_alive(server), present.load(Ordering::SeqCst)), (false, 0));
        Ok(())
    });
}

#[test]
fn a_killed_host_runs_no_code_any_more_but_drops_what_its_actors_have() {
    holds(|sim| {
        let (present, woken) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (counts, wakes) = (Arc::clone(&present), Arc::clone(&woken));
        let host = sim.host("home").start(move || {
            let (present, wakes) = (Present::new(&counts), Arc::clone(&wakes));
            let stops = Arc::clone(&wakes);
            Role::new(move |(), _| {
                let _ = &present;
                wakes.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
            .started(|ctx| {
                ctx.send_every(secs(1), MissedTicks::Skip, || ());
                Ok(())
            })
            .stopping(move |_, _| _ = stops.fetch_add(100, Ordering::SeqCst))
        });
        sim.advance(secs(3));
        sim.kill(host);
        sim.advance(secs(3));
        assert!(!sim.is_alive(host) && sim.result(host).is_none());
        assert_eq!((present.load(Ordering::SeqCst), woken.load(Ordering::SeqCst)), (0, 3));
        Ok(sim.run()?)
    });
}

#[test]
fn a_host_begins_again_with_a_new_root() {
    holds(|sim| {
        let (present, roots) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (counts, makes) = (Arc::clone(&present), Arc::clone(&roots));
        let host = sim.host("home").serves().start(move || {
            makes.fetch_add(1, Ordering::SeqCst);
            presence(&counts)
        });
        sim.advance(secs(1));
        // One that lives is killed first.
        sim.restart(host);
        sim.kill(host);
        sim.advance(secs(1));
        sim.restart(host);
        sim.advance(secs(1));
        assert_eq!((present.load(Ordering::SeqCst), roots.load(Ordering::SeqCst)), (1, 3));
        Ok(sim.run()?)
    });
}

#[test]
fn what_a_host_is_provided_with_is_made_anew_for_each_life() {
    holds(|sim| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (lives, notes) = (Arc::new(AtomicU32::new(0)), Arc::clone(&seen));
        let host = sim
            .host("home")
            .with(move |builder| builder.provide(lives.fetch_add(1, Ordering::SeqCst)));
        let host = host.start(move || {
            let notes = Arc::clone(&notes);
            Role::<()>::idle().started(move |ctx| {
                let life = ctx.provided::<u32>().expect("it was provided");
                notes.lock().unwrap().push(*life);
                Ok(())
            })
        });
        sim.run()?;
        sim.restart(host);
        sim.run()?;
        assert_eq!(*seen.lock().unwrap(), [0, 1]);
        Ok(())
    });
}

#[test]
fn an_actor_can_be_spawned_on_a_host_from_the_body() {
    holds(|sim| {
        let host = sim.host("home").serves().start(Role::<()>::idle);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        let listener = sim.spawn(host, move || {
            Role::new(move |number: u32, _| {
                hears.lock().unwrap().push(number);
                Ok(())
            })
        });
        let speaks = move || Role::<()>::idle().started(move |_| Ok(listener.send(7)?));
        sim.handle(host).spawn(Placement::Here, Spawn::new(), speaks);
        sim.run_until(|| *heard.lock().unwrap() == [7], secs(1))?;
        Ok(sim.run()?)
    });
}

#[test]
fn a_message_from_outside_waits_until_there_is_room() {
    holds(|sim| {
        let host = sim.host("home").serves().start(Role::<()>::idle);
        let heard = Arc::new(AtomicU32::new(0));
        let hears = Arc::clone(&heard);
        let make = move || {
            Role::new(move |(), _| {
                hears.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
        };
        let spawn = Spawn::new().high(2);
        let listener = sim.handle(host).spawn(Placement::Here, spawn, make).expect("it lives");
        for _ in 0..100 {
            sim.send(&listener, ())?;
        }
        sim.advance(secs(1));
        assert_eq!(heard.load(Ordering::SeqCst), 100);
        listener.stop();
        sim.advance(secs(1));
        assert!(sim.send(&listener, ()).is_err(), "it has ended");
        Ok(())
    });
}

#[test]
fn what_keeps_a_host_can_be_asked_between_steps() {
    holds(|sim| {
        let host = sim.host("bed").start_with("sleeper", || Sleeper(secs(1)));
        sim.advance(std::time::Duration::from_millis(1));
        let why = sim.why_alive(host).expect("it lives");
        assert_eq!(why.to_string(), "1 timer of /sleeper");
        sim.run()?;
        assert!(sim.why_alive(host).is_none());
        Ok(())
    });
}

#[test]
fn what_is_asked_for_at_a_time_comes_then_in_the_order_asked_for() {
    holds(|sim| {
        let seen = Rc::new(RefCell::new(Vec::new()));
        for (number, at) in [(0, 2), (1, 1), (2, 2)] {
            let seen = Rc::clone(&seen);
            sim.at(secs(at), move |sim| seen.borrow_mut().push((number, sim.now().since_start())));
        }
        sim.run()?;
        assert_eq!(*seen.borrow(), [(1, secs(1)), (0, secs(2)), (2, secs(2))]);
        Ok(())
    });
}

#[test]
fn a_run_waits_for_a_host_that_is_to_begin_again() {
    holds(|sim| {
        let host = sim.host("home").start(|| Sleeper(secs(1)));
        sim.after(secs(5), move |sim| sim.restart(host));
        sim.run()?;
        assert_eq!(sim.now().since_start(), secs(6));
        Ok(())
    });
}

#[test]
fn two_hosts_of_one_name_are_refused() {
    let body = |sim: &Sim| {
        for _ in 0..2 {
            sim.host("home").start(|| Sleeper(secs(1)));
        }
        Ok(())
    };
    let failing = Check::new().run(body).unwrap_err();
    let Failed::BodyPanicked(text) = failing.failed() else { panic!("{failing}") };
    assert!(text.starts_with("there is a host home already"), "{text}");
}

#[test]
fn a_body_need_not_wait_for_its_hosts() {
    let present = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&present);
    holds(move |sim| {
        let counts = Arc::clone(&counts);
        sim.host("home").serves().start(move || presence(&counts));
        sim.advance(secs(1));
        Ok(())
    });
    assert_eq!(present.load(Ordering::SeqCst), 0, "what is left is dropped");
}

#[test]
fn while_time_is_held_only_that_is_done_which_takes_none() {
    holds(|sim| {
        let asleep = sim.host("asleep").start(|| Sleeper(secs(1)));
        let hasty = sim.host("hasty").loops(2).start(|| {
            Role::<()>::idle().started(|ctx| {
                ctx.spawn_on(Placement::Loop(1), Role::<()>::idle);
                ctx.stop();
                Ok(())
            })
        });
        let hold = sim.hold_time();
        sim.run_until(|| !sim.is_alive(hasty), secs(10))?;
        assert!(sim.is_alive(asleep));
        assert_eq!(sim.now().since_start(), secs(0));
        drop(hold);
        Ok(sim.run()?)
    });
}

#[test]
fn who_waits_for_time_that_is_held_fails_the_seed() {
    let failing = Check::new().seeds(1).run(|sim| {
        sim.host("asleep").start(|| Sleeper(secs(1)));
        let _hold = sim.hold_time();
        Ok(sim.run()?)
    });
    let failing = failing.expect_err("time does not pass");
    assert!(matches!(failing.failed(), Failed::Held(_)), "{failing}");
}
