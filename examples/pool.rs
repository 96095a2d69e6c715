//! Work that would hold a loop up, done by the pool: primes counted in slices, one slice given up, and a deadline.
//!
//! Run it with `cargo run --example pool`. It prints the same lines whatever the order in which jobs end.
#![expect(clippy::disallowed_macros, reason = "a program prints what it was told")]

use std::time::Duration;

use roundsman::prelude::*;
use roundsman::{CancelToken, Job, JobError, Lane, job, job_with_token};

const SLICES: u64 = 8;
const SLICE: u64 = 5_000;

struct Primes {
    found: usize,
    slices: u64,
    outstanding: u32,
}

enum Msg {
    Counted(Result<usize, JobError>),
    Panicked(Result<(), JobError>),
    Endless(Result<(), JobError<&'static str>>),
}

/// How many primes there are in one slice.
fn primes(slice: u64) -> Job<usize> {
    let is_prime = |n: u64| n > 1 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
    let range = slice * SLICE..(slice + 1) * SLICE;
    job(Lane::User, move || range.filter(|n| is_prime(*n)).count()).named(format!("slice {slice}"))
}

/// Works until nobody wants its result any more.
fn endless() -> Job<(), &'static str> {
    job_with_token(Lane::User, |token: &CancelToken| {
        while !token.is_cancelled() {
            std::thread::yield_now();
        }
        Err("nobody waits for it")
    })
}

impl Actor for Primes {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        for slice in 0..SLICES {
            ctx.start(primes(slice).within(Duration::from_secs(60)), Msg::Counted);
        }
        ctx.start(job(Lane::Crypto, || panic!("out of keys")), Msg::Panicked);
        let endless = ctx.start(endless(), Msg::Endless);
        // It waits or runs: either way it is told, and answers.
        assert!(ctx.cancel_job(endless));
        self.outstanding = SLICES as u32 + 2;
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Counted(found) => {
                self.found += found?;
                self.slices += 1;
            }
            Msg::Panicked(outcome) => assert!(matches!(outcome, Err(JobError::Panicked(_)))),
            Msg::Endless(outcome) => assert!(outcome.is_err()),
        }
        self.outstanding -= 1;
        if self.outstanding == 0 {
            println!("{} primes below {}", self.found, self.slices * SLICE);
            println!("one job panicked, one was cancelled, and the pool goes on");
            ctx.stop();
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::panic::set_hook(Box::new(|_| {}));
    Runtime::builder().build()?.run(|| Primes { found: 0, slices: 0, outstanding: 0 })?;
    Ok(())
}
