//! When the items of a stream come, in virtual time.
//!
//! An actor takes them, keeps them as long as the test likes, and notes everything; the tests compare.

use std::sync::mpsc;
use std::time::Duration;

use roundsman::stream::{Item, PipeError, Running, Source, StreamContext, Summary};
use roundsman::{Context, Outcome};

use crate::ledger::run_balanced;
use crate::patience::must_end;
use crate::role::Role;
use crate::trial::World;

/// How a stream is taken. Times count from its start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    keep_until: Option<Duration>,
    cancel_at: Option<Duration>,
    paused: Option<(Duration, Duration)>,
}

/// What came, and when: in milliseconds since the start.
#[derive(Debug)]
pub struct Timeline<T> {
    /// The items.
    pub items: Vec<(u64, T)>,
    /// How it ended.
    pub end: Result<Summary, PipeError>,
    /// When it had.
    pub ended_at: u64,
}

enum Step<T: Send + 'static> {
    Item(Item<T>),
    LetGo,
    Cancel,
    Pause(bool),
    Ended(Result<Summary, PipeError>),
}

impl Taken {
    /// Each item is let go as it comes.
    #[must_use]
    pub fn at_once() -> Self {
        Self::default()
    }

    /// Items are kept until then, and let go as they come from then on.
    #[must_use]
    pub fn keep_until(mut self, millis: u64) -> Self {
        self.keep_until = Some(Duration::from_millis(millis));
        self
    }

    /// It is cancelled then.
    #[must_use]
    pub fn cancel_at(mut self, millis: u64) -> Self {
        self.cancel_at = Some(Duration::from_millis(millis));
        self
    }

    /// It is paused from then to then.
    #[must_use]
    pub fn paused(mut self, from: u64, to: u64) -> Self {
        self.paused = Some((Duration::from_millis(from), Duration::from_millis(to)));
        self
    }

    /// Runs a stream.
    ///
    /// # Panics
    /// If it does not end, or ends twice.
    #[must_use]
    pub fn run<T: Send + 'static>(self, world: World, source: Source<T>) -> Timeline<T> {
        let (sender, results) = mpsc::channel();
        must_end(move || {
            run_balanced(world.runtime(), move || self.receiver(source, sender))
                .expect("the receiver does not fail");
        });
        let timeline = results.recv().expect("it ends");
        assert!(results.recv().is_err(), "it ends once");
        timeline
    }

    fn receiver<T: Send + 'static>(
        self,
        source: Source<T>,
        tell: mpsc::Sender<Timeline<T>>,
    ) -> Role<Step<T>> {
        let mut items: Vec<(u64, Kept<T>)> = Vec::new();
        let mut keeps = self.keep_until.is_some();
        let (start, started) = mpsc::channel::<Running>();
        let mut running = None;
        let receive = move |step: Step<T>, ctx: &mut Context<'_, Role<Step<T>>>| -> Outcome {
            let now = ctx.now().since_start().as_millis() as u64;
            running = running.take().or_else(|| started.try_recv().ok());
            match (step, &running) {
                (Step::Item(item), _) => {
                    let item = if keeps { Kept::Here(item) } else { Kept::Taken(item.take()) };
                    items.push((now, item));
                }
                (Step::LetGo, _) => {
                    keeps = false;
                    items.iter_mut().for_each(|(_, item)| item.let_go());
                }
                (Step::Cancel, Some(running)) => running.cancel("enough"),
                (Step::Pause(true), Some(running)) => running.pause(),
                (Step::Pause(false), Some(running)) => running.resume(),
                (Step::Ended(end), _) => {
                    let items = items.drain(..).map(|(at, item)| (at, item.take())).collect();
                    // The test has given up if nobody listens.
                    let _ = tell.send(Timeline { items, end, ended_at: now });
                    ctx.stop();
                }
                (Step::Cancel | Step::Pause(_), None) => {}
            }
            Ok(())
        };
        Role::new(receive).started(move |ctx| {
            let pipeline = source.pipe(ctx.inlet(Step::Item));
            let running = pipeline.start(ctx, Step::Ended);
            if let Some(until) = self.keep_until {
                ctx.send_after(until, Step::LetGo);
            }
            if let Some(at) = self.cancel_at {
                ctx.send_after(at, Step::Cancel);
            }
            if let Some((from, to)) = self.paused {
                ctx.send_after(from, Step::Pause(true));
                ctx.send_after(to, Step::Pause(false));
            }
            Ok(start.send(running)?)
        })
    }
}

/// An item that was kept, or is taken out of its demand.
enum Kept<T: Send + 'static> {
    Here(Item<T>),
    Taken(T),
    Gone,
}

impl<T: Send + 'static> Kept<T> {
    fn let_go(&mut self) {
        *self = match std::mem::replace(self, Self::Gone) {
            Self::Here(item) => Self::Taken(item.take()),
            other => other,
        };
    }

    fn take(self) -> T {
        match self {
            Self::Here(item) => item.take(),
            Self::Taken(item) => item,
            Self::Gone => unreachable!("only for a moment"),
        }
    }
}

impl<T> Timeline<T> {
    /// The items alone.
    #[must_use]
    pub fn values(self) -> Vec<T> {
        self.items.into_iter().map(|(_, item)| item).collect()
    }
}
