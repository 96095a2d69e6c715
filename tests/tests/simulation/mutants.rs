//! The rule of pressure, taken out: what a simulation makes of that. With the rule, the same worlds are well.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use roundsman::sim::{Check, Failed, Sim};
use roundsman::{Actor, Address, BrokenPressure, Context, Outcome};

/// Marks of mailboxes: low ones, so that a short run fills them.
const HIGH: u32 = 4;

/// What players throw at each other.
enum Ball {
    Meet(Address<Ball>),
    /// Is answered with so many others.
    Thrown(u32),
}

/// Throws two for one, as long as they have any force: two of them flood each other.
#[derive(Default)]
struct Player {
    other: Option<Address<Ball>>,
}

impl Actor for Player {
    type Message = Ball;

    fn receive(&mut self, ball: Ball, _: &mut Context<'_, Self>) -> Outcome {
        match (ball, &self.other) {
            (Ball::Meet(other), _) => {
                for _ in 0..HIGH {
                    other.send(Ball::Thrown(3))?;
                }
                self.other = Some(other);
            }
            (Ball::Thrown(force @ 1..), Some(other)) => {
                for _ in 0..2 {
                    other.send(Ball::Thrown(force - 1))?;
                }
            }
            (Ball::Thrown(_), _) => {}
        }
        Ok(())
    }

    fn show(ball: &Ball) -> String {
        match ball {
            Ball::Meet(other) => format!("Meet({})", other.path()),
            Ball::Thrown(force) => format!("Thrown({force})"),
        }
    }
}

struct Match;

impl Actor for Match {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let [one, other] =
            ["one", "other"].map(|name| ctx.spawn_with(name.into(), Player::default()));
        one.send(Ball::Meet(other.clone()))?;
        Ok(other.send(Ball::Meet(one))?)
    }

    fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
        Ok(())
    }
}

/// Two actors flood each other.
fn mutual_flood(sim: &Sim, broken: Option<BrokenPressure>) -> Outcome {
    let court = sim.host("court").with(move |builder| {
        let builder = builder.marks(HIGH, HIGH / 2);
        broken.into_iter().fold(builder, roundsman::Builder::break_pressure)
    });
    court.start_with("match", || Match);
    Ok(sim.run()?)
}

/// Sends so many items for each message, and itself the next message.
struct Producer {
    consumer: Address<()>,
    left: u32,
    queued: Arc<AtomicI64>,
}

impl Producer {
    const BATCH: u32 = 3;
}

impl Actor for Producer {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        Ok(ctx.address().send(())?)
    }

    fn receive(&mut self, (): (), ctx: &mut Context<'_, Self>) -> Outcome {
        for _ in 0..Self::BATCH {
            self.queued.fetch_add(1, Ordering::SeqCst);
            self.consumer.send(())?;
        }
        self.left -= 1;
        if self.left > 0 { Ok(ctx.address().send(())?) } else { Ok(()) }
    }
}

struct Consumer(Arc<AtomicI64>);

impl Actor for Consumer {
    type Message = ();

    fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
        self.0.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

struct Factory(Arc<AtomicI64>);

impl Actor for Factory {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let queued = Arc::clone(&self.0);
        let consumer = ctx.spawn_with("consumer".into(), Consumer(Arc::clone(&queued)));
        ctx.spawn_with("producer".into(), Producer { consumer, left: 50, queued });
        Ok(())
    }

    fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
        Ok(())
    }
}

/// One actor sends more than another can take.
fn one_way_flood(sim: &Sim, broken: Option<BrokenPressure>) -> Outcome {
    let queued = Arc::new(AtomicI64::new(0));
    let seen = Arc::clone(&queued);
    let bound = i64::from(HIGH + Producer::BATCH);
    sim.invariant("the queue is bounded", move || match seen.load(Ordering::SeqCst) {
        queued if queued <= bound => Ok(()),
        queued => Err(format!("{queued} where {bound} are the most")),
    });
    let plant = sim.host("plant").with(move |builder| {
        let builder = builder.marks(HIGH, HIGH / 2);
        broken.into_iter().fold(builder, roundsman::Builder::break_pressure)
    });
    plant.start_with("factory", move || Factory(Arc::clone(&queued)));
    Ok(sim.run()?)
}

#[test]
fn with_the_rule_floods_end_and_stay_in_bounds() {
    for flood in [mutual_flood, one_way_flood] {
        if let Err(failing) = Check::new().seeds(200).run(|sim| flood(sim, None)) {
            panic!("{failing}");
        }
    }
}

#[test]
fn waits_in_a_ring_are_found_as_a_deadlock_that_names_who_waits_on_whom() {
    let body = |sim: &Sim| mutual_flood(sim, Some(BrokenPressure::WaitInRings));
    let failing = Check::new().seeds(1_000).run(body).expect_err("it is found");
    let Failed::Deadlock(waiting) = failing.failed() else { panic!("{failing}") };
    for wait in ["/match/one waits on /match/other", "/match/other waits on /match/one"] {
        assert!(waiting.contains(wait), "{failing}");
    }
    assert!(failing.trace().len() < 20, "{failing}");
}

#[test]
fn a_rule_that_holds_nobody_back_is_found_as_growth_without_bound() {
    let body = |sim: &Sim| one_way_flood(sim, Some(BrokenPressure::NeverWait));
    let failing = Check::new().seeds(1_000).run(body).expect_err("it is found");
    assert!(matches!(failing.failed(), Failed::Invariant { .. }), "{failing}");
    assert!(failing.trace().len() < 20, "{failing}");
}
