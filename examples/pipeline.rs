//! A pipeline: blocks of text become lines, lines become amounts, amounts become a sum.
//!
//! `lines` cuts the blocks wherever they happen to be cut, as those of a socket are. What stands before `boundary` runs
//! in one actor and what follows in another: the link between them lets 16 items be under way.
#![expect(clippy::disallowed_macros, reason = "a program prints what came of it")]

use bytes::Bytes;
use roundsman::prelude::*;
use roundsman::stream::{PipeError, Source, Summary, fold, lines};

const TEXT: [&str; 4] =
    ["rent 700\n# paid in cash\nbre", "ad 12\ntea 9", "\nan entry that is far too", " long 1\n"];

struct Ledger;

enum Msg {
    Listed(Result<Summary, PipeError>),
    Summed(Result<u64, PipeError>),
}

/// The entries of the text, without comments and without what is too long.
fn entries() -> Source<String> {
    Source::iter(TEXT.map(Bytes::from))
        .through(lines(20))
        .filter(|line| line.as_ref().is_ok_and(|line| !line.starts_with(b"#")))
        .map(|line| String::from_utf8_lossy(&line.unwrap_or_default()).into_owned())
}

/// What an entry costs: its last word.
fn amount(entry: String) -> u64 {
    entry.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

impl Actor for Ledger {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        entries().for_each(|entry| println!("{entry}")).start(ctx, Msg::Listed);
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Listed(summary) => {
                println!("{} entries", summary?.items);
                let sum = fold(0, |sum, amount| sum + amount);
                entries().map(amount).boundary().pipe(sum).start(ctx, Msg::Summed);
            }
            Msg::Summed(sum) => println!("{} in all", sum?),
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Runtime::builder().build()?.run(|| Ledger)?;
    Ok(())
}
