//! A service that heals itself: a teller that fails over what it cannot read, and what its supervisor does about it.
//!
//! `cargo run --release --example supervised`. Three actors under one supervisor, started in order: the ledger keeps the
//! sum, the teller reads amounts, the customer brings them. One amount is no number: the teller fails, is built anew at
//! the same address, and goes on with what waits in its mailbox. The bad message is gone; nothing else is. At the end the
//! service stops as planned, with exit status 0.
#![expect(clippy::disallowed_macros, reason = "a program prints what happens")]

use std::num::ParseIntError;
use std::process::ExitCode;

use roundsman::prelude::*;
use roundsman::{BuildError, ChildSpec, Drain, Spawn, Supervision, Supervisor};

/// Keeps the sum.
struct Ledger {
    sum: u64,
}

enum Entry {
    Add(u64),
    Sum(Reply<u64>),
}

impl Actor for Ledger {
    type Message = Entry;

    fn receive(&mut self, entry: Entry, _: &mut Context<Self>) -> Outcome {
        match entry {
            Entry::Add(amount) => self.sum += amount,
            Entry::Sum(reply) => reply.send(self.sum),
        }
        Ok(())
    }
}

/// Reads amounts. What is no number is its failure: it knows no better, and need not.
struct Teller {
    ledger: Address<Entry>,
}

enum Slip {
    Amount(&'static str),
    /// Nothing more comes: the answer is for the customer.
    Last(Reply<u64>),
}

impl Teller {
    fn read(slip: &str) -> Result<u64, ParseIntError> {
        slip.trim().parse()
    }
}

impl Actor for Teller {
    type Message = Slip;

    fn started(&mut self, _: &mut Context<Self>) -> Outcome {
        println!("the teller begins");
        Ok(())
    }

    fn receive(&mut self, slip: Slip, _: &mut Context<Self>) -> Outcome {
        match slip {
            Slip::Amount(text) => {
                let amount = Self::read(text).map_err(|error| format!("{text:?}: {error}"))?;
                println!("the teller has read {amount}");
                self.ledger.send(Entry::Add(amount))?;
            }
            Slip::Last(reply) => self.ledger.send(Entry::Sum(reply))?,
        }
        Ok(())
    }

    fn stopping(&mut self, why: &ExitReason, _: &mut Context<Self>) {
        println!("the teller {why}");
    }
}

/// Brings slips, and goes when the sum is known.
struct Customer;

impl Actor for Customer {
    type Message = Result<u64, AskError>;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let teller: Address<Slip> = ctx.find("teller").ok_or("there is no teller")?;
        for slip in ["10", "20", "a lot", "12"] {
            teller.send(Slip::Amount(slip))?;
        }
        ctx.ask(&teller, Slip::Last, |sum| sum);
        Ok(())
    }

    fn receive(&mut self, sum: Self::Message, ctx: &mut Context<Self>) -> Outcome {
        println!("{} in the ledger", sum?);
        ctx.shutdown(Drain::default());
        Ok(())
    }
}

/// Builds a teller, each time it is started.
fn teller(ledger: Option<Address<Entry>>) -> Teller {
    Teller { ledger: ledger.expect("the ledger is started first") }
}

fn main() -> Result<ExitCode, BuildError> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let runtime = Runtime::builder().loops(1).stop_on_signals().build()?;
    let names = runtime.handle().unref();
    // One for one: the teller's failure is nobody else's.
    let tree = move || {
        Supervisor::new(Supervision::one_for_one())
            .child(ChildSpec::permanent("ledger").registered(), || Ledger { sum: 0 })
            .child(ChildSpec::permanent("teller").registered(), move || {
                teller(names.find("ledger"))
            })
            .child(ChildSpec::temporary("customer"), || Customer)
    };
    Ok(match runtime.run_with(Spawn::named("bank"), tree) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("supervised: {error}");
            ExitCode::from(error.exit_status())
        }
    })
}
