//! A panic of a job is an error to whoever started it, wherever it happens; the pool goes on.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use roundsman::{Job, JobError, Lane, Runtime, job};
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

fn panicking() -> Vec<Job<()>> {
    vec![
        job(Lane::User, || panic!("in the code")),
        job(Lane::User, || {
            let nothing = "nothing";
            panic!("in the code of {nothing}")
        }),
        job(Lane::User, || {
            std::panic::panic_any(7_u8);
        }),
        {
            let captured = Bomb("in the drop of what it captured");
            job(Lane::User, move || drop(captured))
        },
        {
            let payload = Bomb("in the drop of the panic itself");
            job(Lane::User, move || std::panic::panic_any(payload))
        },
    ]
}

const TEXTS: [&str; 5] = [
    "in the code",
    "in the code of nothing",
    "(no text)",
    "in the drop of what it captured",
    "(no text)",
];

type Outcome = Result<(), JobError>;

/// Starts jobs that panic, one after another, then one that does not, and tells what it hears.
fn root(tell: mpsc::Sender<Outcome>) -> Role<Outcome> {
    let mut jobs = panicking();
    jobs.push(job(Lane::User, || ()));
    let jobs = Rc::new(RefCell::new(jobs.into_iter()));
    let later = Rc::clone(&jobs);
    Role::new(move |outcome, ctx| {
        tell.send(outcome)?;
        if let Some(job) = later.borrow_mut().next() {
            ctx.start(job, |outcome| outcome);
        }
        Ok(())
    })
    .started(move |ctx| {
        if let Some(job) = jobs.borrow_mut().next() {
            ctx.start(job, |outcome| outcome);
        }
        Ok(())
    })
}

fn expected() -> Vec<Outcome> {
    let panics = TEXTS.iter().map(|text| Err(JobError::Panicked((*text).into())));
    panics.chain([Ok(())]).collect()
}

#[test]
fn a_panic_of_a_job_is_an_error_and_the_pool_goes_on() {
    let told = must_end(|| {
        let (tell, told) = mpsc::channel();
        let runtime = Runtime::builder().loops(1).pool_threads(1).build().unwrap();
        runtime.run(move || root(tell)).unwrap();
        told.into_iter().collect::<Vec<_>>()
    });
    assert_eq!(told, expected());
    each_world(10, 1..=2, |seed, loops| {
        let (tell, told) = mpsc::channel();
        play(world(seed, loops), move || root(tell)).unwrap();
        assert_eq!(told.into_iter().collect::<Vec<_>>(), expected());
    });
}

#[test]
fn what_a_job_holds_may_panic_as_it_is_dropped_and_only_it_is_lost() {
    each_world(20, 1..=2, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            // The owner ends before it hears of its jobs: code and results are dropped by others.
            let owner = Role::<()>::idle().started(|ctx| {
                for _ in 0..20 {
                    let captured = Bomb("what it captured");
                    ctx.start(job(Lane::Fs, move || captured), |_| ());
                }
                ctx.send_after(Duration::from_millis(5), ());
                Ok(())
            });
            Role::new(move |told, _| Ok(tell.send(told)?)).started(move |ctx| {
                let owner = ctx.spawn(owner);
                owner.stop();
                ctx.start(job(Lane::Fs, || "the pool goes on"), |outcome| outcome);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [Ok("the pool goes on")]);
    });
}

#[test]
fn a_panic_of_the_function_that_makes_the_message_is_a_failure_of_its_actor() {
    let root = || {
        Role::<()>::idle().may_panic().started(|ctx| {
            ctx.start(job(Lane::User, || ()), |_| panic!("no message"));
            Ok(())
        })
    };
    let error = play(world(1, 1), root).unwrap_err();
    assert!(error.to_string().contains("no message"), "{error}");
}
