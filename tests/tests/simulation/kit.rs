//! The kit with which tests wait: what comes, in which order, and for how long.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use roundsman::dns::{ResolveError, Resolver};
use roundsman::net::{Connection, tcp};
use roundsman::sim::{Check, Client, Probe, Sim, check};
use roundsman::stream::{Item, StreamContext};
use roundsman::{Context, MissedTicks};
use roundsman_tests::role::Role;

use super::secs;

const MILLIS_900: Duration = Duration::from_millis(900);

/// A probe that is sent 1, 2 and 3, one every 900 ms.
fn probe(sim: &Sim) -> Probe<u32> {
    let host = sim.host("home").serves().start(Role::<()>::idle);
    let probe = sim.probe(host);
    for number in 1..=3 {
        let address = probe.address();
        sim.after(MILLIS_900 * number, move |_| assert_eq!(address.try_send(number), Ok(())));
    }
    probe
}

/// What a panic of this says.
fn said(code: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(code)).expect_err("it panics");
    *panic.downcast::<String>().expect("it says something")
}

#[test]
fn messages_in_order_all_come_within_one_time() {
    check(20, |sim| {
        let probe = probe(sim);
        probe.expect_in_order(secs(3), [1, 2, 3]);
        assert_eq!(sim.now().since_start(), 3 * MILLIS_900, "not longer than it takes");
        Ok(sim.run()?)
    });
    // Each comes less than a second after the other, and the last after more.
    check(20, |sim| {
        let probe = probe(sim);
        let said = said(|| probe.expect_in_order(secs(1), [1, 2, 3]));
        assert_eq!(said, "message 1: no u32 came within 1s; expected [2, 3]");
        assert_eq!(sim.now().since_start(), secs(1));
        Ok(sim.run()?)
    });
}

#[test]
fn another_message_than_the_next_in_order_is_told_of() {
    check(20, |sim| {
        let probe = probe(sim);
        let said = said(|| probe.expect_in_order(secs(9), [1, 3, 2]));
        assert_eq!(said, "message 1: expected 3, and 2 came");
        assert_eq!(probe.expect_message(secs(9)), 3, "what comes after it stays");
        Ok(sim.run()?)
    });
}

#[test]
fn the_next_message_is_looked_at() {
    check(20, |sim| {
        let probe = probe(sim);
        assert_eq!(probe.expect(secs(1), |number| *number == 1), 1);
        let said = said(|| _ = probe.expect(secs(1), |number| *number == 1));
        assert_eq!(said, "another message was expected than 2");
        Ok(sim.run()?)
    });
}

#[test]
fn a_trace_shows_what_a_probe_is_sent() {
    let body = |sim: &Sim| {
        let probe = probe(sim);
        probe.expect_in_order(secs(3), [1, 2, 4]);
        Ok(())
    };
    let failing = Check::new().run(body).expect_err("3 is not 4");
    assert!(failing.trace().to_string().contains("/probe   2\n"), "{failing}");
}

enum Step {
    Accepted(Item<Connection>),
    Tick,
    Ended,
}

/// Says a word to whoever comes, and another each second.
fn chatterer() -> Role<Step> {
    let mut outlets = Vec::new();
    Role::new(move |step, ctx: &mut Context<'_, Role<Step>>| {
        match step {
            Step::Accepted(conn) => {
                let (words, outlet) = roundsman::stream::outlet(100);
                words.pipe(conn.writer()).start(ctx, |_| Step::Ended);
                conn.reader().for_each(drop).start(ctx, |_| Step::Ended);
                outlets.push(outlet);
                ctx.send_every(secs(1), MissedTicks::Skip, || Step::Tick);
            }
            Step::Tick => {
                for outlet in &mut outlets {
                    // Nobody listens any more.
                    let _ = outlet.push("tick\r\n".into());
                }
            }
            Step::Ended => {}
        }
        Ok(())
    })
    .started(|ctx| {
        let listener = tcp::listen("0.0.0.0:7")?;
        listener.incoming().pipe(ctx.inlet(Step::Accepted)).start(ctx, |_| Step::Ended);
        Ok(())
    })
}

fn hearer(sim: &Sim) -> std::io::Result<Client> {
    sim.host("server").serves().start(chatterer);
    let mut client = sim.client("client", "server:7")?;
    client.patience(secs(5));
    Ok(client)
}

#[test]
fn a_line_that_does_not_come_is_waited_for_as_long_as_the_patience_whatever_else_comes() {
    check(20, |sim| {
        let mut client = hearer(sim)?;
        let begun = sim.now();
        let error = client.line_with("tock").expect_err("nobody says it");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(sim.now() - begun, secs(5));
        let text = error.to_string();
        let (what, place) = ("it did not come within 5s, but \"\" (", "simulation/kit.rs:");
        assert!(text.starts_with(what) && text.contains(place), "{text}");
        assert_eq!(client.line()?, "tick", "it is heard after it");
        drop(client);
        Ok(sim.run()?)
    });
}

#[test]
fn what_came_instead_is_shown() {
    check(20, |sim| {
        let mut client = hearer(sim)?;
        let error = client.bytes(1_000).expect_err("there are no more");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().contains(r#"but "tick\r\n"#), "{error}");
        let error = client.expect_nothing(secs(1)).expect_err("something has come");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        drop(client);
        Ok(sim.run()?)
    });
}

#[test]
fn a_name_server_is_not_asked_and_the_error_says_what_finds_names_here() {
    check(20, |sim| {
        let host = sim.host("home").serves().start(Role::<()>::idle);
        let probe = sim.probe::<Result<usize, ResolveError>>(host);
        let answer = probe.address();
        sim.spawn(host, move || {
            Role::new(move |result, ctx: &mut Context<'_, Role<_>>| {
                ctx.stop();
                Ok(answer.send(result)?)
            })
            .started(|ctx| {
                let resolver = Resolver::builder().servers([([10, 0, 0, 1], 53).into()]).build();
                let count = |answer: Result<_, ResolveError>| answer.map(|_| 1);
                resolver.a("a.test").start(ctx, count);
                Ok(())
            })
        });
        let error = probe.expect_message(secs(60)).expect_err("there is none");
        let ResolveError::Io { kind, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*kind, ErrorKind::Unsupported);
        assert!(error.to_string().contains("`dns::lookup`"), "{error}");
        Ok(sim.run()?)
    });
}
