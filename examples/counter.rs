//! The first program of the README: an actor that counts, and is asked for its total.
#![expect(clippy::disallowed_macros, reason = "a program prints what it was told")]

use roundsman::prelude::*;

struct Counter(u64);

enum Msg {
    Add(u64),
    Total(Reply<u64>),
    Told(Result<u64, AskError>),
}

impl Actor for Counter {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let counter = ctx.address();
        counter.send(Msg::Add(40))?;
        counter.send(Msg::Add(2))?;
        ctx.ask(&counter, Msg::Total, Msg::Told);
        Ok(())
    }

    fn receive(&mut self, message: Msg, _: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Add(n) => self.0 += n,
            Msg::Total(reply) => reply.send(self.0),
            Msg::Told(total) => println!("{}", total?),
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    Runtime::builder().build()?.run(|| Counter(0))?;
    Ok(())
}
