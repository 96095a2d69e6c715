//! A pipeline of pure operators, with and without a boundary.

use std::{sync::mpsc, time::Instant};

use roundsman::prelude::*;
use roundsman::stream::{PipeError, Source, fold};

use crate::{
    clock,
    flow::{Carried, Flow, Form, change, gather, keep},
};

/// Owns the pipeline, and tells what it gave.
struct Owner {
    flow: Flow,
    begun: Instant,
    tell: mpsc::Sender<Carried>,
}

enum Message {
    Gathered(Result<u32, PipeError>),
}

impl Actor for Owner {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        self.begun = clock::now();
        let changed = Source::iter(0..self.flow.items).map(change);
        let changed = match self.flow.form {
            Form::Fused => changed,
            Form::Boundary => changed.boundary(),
        };
        changed.filter(keep).pipe(fold(0, gather)).start(ctx, Message::Gathered);
        Ok(())
    }

    fn receive(&mut self, Message::Gathered(gathered): Message, _: &mut Context<Self>) -> Outcome {
        let carried = Carried { elapsed: self.begun.elapsed(), gathered: gathered? };
        self.tell.send(carried)?;
        Ok(())
    }
}

/// Carries a flow on one loop.
///
/// # Panics
/// If the runtime cannot be built or the pipeline fails.
pub fn run(flow: Flow) -> Option<Carried> {
    let (tell, told) = mpsc::channel();
    let runtime = Runtime::builder().loops(1).build().expect("one loop can be had");
    runtime.run(|| Owner { flow, begun: clock::now(), tell }).expect("nothing fails");
    told.recv().ok()
}
