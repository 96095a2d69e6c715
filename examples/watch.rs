//! Says what changes below a path, one line an event, until Ctrl-C.
//!
//! `cargo run --example watch -- PATH`, then change something there: `touch PATH/news`. Events of one path are joined while
//! this program is busy, and if there are too many it is told so; it is never left to believe that nothing has happened.
#![expect(clippy::disallowed_macros, reason = "a program prints what it sees")]

use std::path::PathBuf;

use roundsman::fs::{self, WatchEvent, WatchKind};
use roundsman::prelude::*;
use roundsman::stream::{Item, PipeError, Summary};

struct Watcher {
    path: PathBuf,
}

enum Msg {
    Changed(Item<WatchEvent>),
    Ended(Result<Summary, PipeError>),
}

impl Actor for Watcher {
    type Message = Msg;

    fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
        let events = fs::watch(&self.path).recursive(true).source();
        events.pipe(ctx.inlet(Msg::Changed)).start(ctx, Msg::Ended);
        Ok(())
    }

    fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
        match message {
            Msg::Changed(event) => print(&event),
            // Ctrl-C has ended the watch. That the path is not there has ended it, too.
            Msg::Ended(result) => {
                result?;
                ctx.stop();
            }
        }
        Ok(())
    }
}

fn print(event: &WatchEvent) {
    let path = event.path.display();
    match &event.kind {
        WatchKind::Ready => println!("watching {path}"),
        WatchKind::Created => println!("created {path}"),
        WatchKind::Modified => println!("changed {path}"),
        WatchKind::Removed => println!("removed {path}"),
        WatchKind::Renamed { from, to } => {
            println!("renamed {} to {}", from.display(), to.display());
        }
        WatchKind::Rescan => println!("too much at once: look at all of {path}"),
        other => println!("{other:?} {path}"),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: watch PATH")?.into();
    Runtime::builder().stop_on_signals().build()?.run(|| Watcher { path })?;
    Ok(())
}
