//! An actor between two pipelines: what arrives at its inlet it pushes into an outlet, no faster than that is wanted.

use std::collections::VecDeque;

use roundsman::stream::{
    Full, Item, Outlet, PipeError, Running, Source, StreamContext, Summary, Wanted, outlet,
};
use roundsman::{Actor, Context, Outcome, Placement, Scope, Spawn};

use crate::payload::Payload;

/// Passes items on from an inlet to an outlet.
struct Relay<T: Payload> {
    source: Option<Source<T>>,
    running: Option<Running>,
    outlet: Option<Outlet<T>>,
    held: VecDeque<Item<T>>,
    refused: Option<T>,
    ended: bool,
}

enum Message<T: Payload> {
    Item(Item<T>),
    Ended(Result<Summary, PipeError>),
    Wanted(Wanted),
}

/// What comes out of an actor, on the loop that `placement` names, that takes what `source` gives.
pub fn relayed<T: Payload>(source: Source<T>, scope: Scope<'_>, placement: Placement) -> Source<T> {
    let (onward, outlet) = outlet(T::LINK);
    scope.spawn_on(placement, Spawn::named("relay"), move || Relay {
        source: Some(source),
        running: None,
        outlet: Some(outlet),
        held: VecDeque::new(),
        refused: None,
        ended: false,
    });
    onward
}

impl<T: Payload> Relay<T> {
    fn pass_on(&mut self) {
        let Some(outlet) = &mut self.outlet else { return };
        while let Some(item) = self.refused.take().or_else(|| self.held.pop_front().map(Item::take))
        {
            match outlet.push(item) {
                Ok(_) => {}
                Err(Full::Limit(item)) => {
                    self.refused = Some(item);
                    return;
                }
                Err(_) => {
                    // Nobody takes items any more, so none are wanted.
                    self.outlet = None;
                    self.held.clear();
                    if let Some(running) = &self.running {
                        running.cancel("enough");
                    }
                    return;
                }
            }
        }
        if self.ended {
            outlet.end();
        }
    }
}

impl<T: Payload> Actor for Relay<T> {
    type Message = Message<T>;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        if let Some(outlet) = &mut self.outlet {
            outlet.notify(ctx.recipient(Message::Wanted));
        }
        let source = self.source.take().expect("it starts once");
        self.running = Some(source.pipe(ctx.inlet(Message::Item)).start(ctx, Message::Ended));
        Ok(())
    }

    fn receive(&mut self, message: Message<T>, _: &mut Context<'_, Self>) -> Outcome {
        match message {
            Message::Item(item) => self.held.push_back(item),
            Message::Ended(Ok(_)) => self.ended = true,
            // Dropped without an end: whoever is behind it hears of a failure.
            Message::Ended(Err(_)) => self.outlet = None,
            Message::Wanted(Wanted) => {}
        }
        self.pass_on();
        Ok(())
    }
}
