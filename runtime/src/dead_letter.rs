//! Dead letters: messages that were accepted and never handled. They are counted, logged, and told to who wants to know.
//!
//! Called by whatever finds one. It decides nothing about a message but that it is dropped now.
//!
//! # Who counts
//! A message's sender and its fate are counted each by the loop where it happens. What plain threads send is counted by
//! the receiver's inbox, under its mutex; what they find refused or lost, by the receiver's [`Home`](crate::home::Home).
//! So a message never has a fate without having been sent, and nothing is missing once all loops have ended.

use std::any::type_name;
use std::cell::Cell;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::PoisonError;
use std::sync::{Arc, Mutex};

use crate::actor::{Actor, ActorId};
use crate::audience::Audience;
use crate::cell::CellRef;
use crate::context::Context;
use crate::dying;
use crate::handle::RuntimeHandle;
use crate::ledger::{DeadLetterReason, Ledger};
use crate::local::Local;
use crate::recipient::Recipient;
use crate::world::World;

/// A message that was accepted and never handled.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Whom it was for.
    pub id: ActorId,
    /// Where that actor stood in the tree.
    pub path: String,
    /// The message's type.
    pub message: &'static str,
    /// Why it was not handled.
    pub reason: DeadLetterReason,
}

/// Who counts what a send does that leaves its thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The loop that the sender runs on, one of the same runtime.
    Loop,
    /// The home of the receiver: the sender is a plain thread, or an actor of another runtime.
    Outside,
}

impl Origin {
    /// The origin of what this thread sends to `cell`.
    pub(crate) fn of(cell: &CellRef) -> Self {
        let world = &cell.home().world;
        match Local::with_any(|local| Arc::ptr_eq(&local.home.world, world)) {
            Some(true) => Self::Loop,
            _ => Self::Outside,
        }
    }

    /// A message is about to be sent. The inbox counts those from outside, as it takes them.
    pub(crate) fn sends(self) {
        if self == Self::Loop {
            Local::with_any(|local| local.counters().sent.add(1));
        }
    }

    /// It was refused, and its sender gets it back.
    pub(crate) fn hands_back(self, cell: &CellRef) {
        match self {
            Self::Loop => _ = Local::with_any(|local| local.counters().handed_back.add(1)),
            Self::Outside => cell.home().enter(|outside| {
                outside.sent += 1;
                outside.handed_back += 1;
            }),
        }
    }

    /// It was refused, and its sender cannot get it back.
    pub(crate) fn loses<M>(self, cell: &CellRef, message: M, reason: DeadLetterReason) {
        match self {
            Self::Loop => _ = Local::with_any(|local| local.counters().dead_letter(reason)),
            Self::Outside => cell.home().enter(|outside| {
                outside.sent += 1;
                outside.enter(reason, 1);
            }),
        }
        dispose(cell, message, reason);
    }
}

/// A message that this actor has put away to handle it again counts as sent again.
pub(crate) fn sent_again(local: &Local, cell: &CellRef) {
    local.counters().sent.add(1);
    cell.own(local).count_sent();
}

/// Counts a message that had reached its actor and will never be handled, and drops it.
pub(crate) fn dead_letter<M>(local: &Local, cell: &CellRef, message: M, reason: DeadLetterReason) {
    local.counters().dead_letter(reason);
    cell.own(local).enter(|fates| fates.enter(reason, 1));
    dispose(cell, message, reason);
}

/// The actor has ended and its mailbox is empty: each message that has reached it has had one fate. If not, the end of the
/// run says so: a panic here would be taken for the actor's.
pub(crate) fn close_books(local: &Local, cell: &CellRef) {
    if cfg!(debug_assertions) {
        let books = cell.own(local).ledger();
        if !books.is_balanced() {
            let _ = local.home.world.unbalanced.set(format!("{}: {books}", dying::path_of(cell)));
        }
    }
}

/// Counts a message that was under way to a loop that has ended, and drops it.
pub(crate) fn lost<M>(cell: &CellRef, message: M) {
    let reason = DeadLetterReason::LoopEnded;
    cell.home().enter(|outside| outside.enter(reason, 1));
    dispose(cell, message, reason);
}

thread_local! {
    /// This thread tells of a dead letter: what is lost meanwhile is counted, and nobody is told.
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

/// Logs a dead letter, tells of it, and drops it. The last two are user code: a panic of theirs is logged and changes
/// nothing.
fn dispose<M>(cell: &CellRef, message: M, reason: DeadLetterReason) {
    let header = cell.header();
    let world = &header.home.world;
    let first = header.marks.is_mourned()
        && header.marks.first_of(reason)
        && world.dead_letters.is_news(cell, reason);
    let told = !TELLING.get() && world.dead_letters.has_listeners();
    if first || told {
        let path = dying::path_of(cell);
        let letter = DeadLetter { id: header.id, path, message: type_name::<M>(), reason };
        if first {
            log(&letter, world.is_ending() || is_root_stopping(cell));
        }
        if told {
            TELLING.set(true);
            world.dead_letters.tell(cell, &letter);
            TELLING.set(false);
        }
    }
    dying::carefully(cell, "dropping a dead letter", || drop(message));
}

/// Whether the whole tree that it stands in is coming down: the actor at its root has been told to stop.
fn is_root_stopping(cell: &CellRef) -> bool {
    let mut above = cell.header().parent.as_ref();
    while let Some(cell) = above {
        above = cell.header().parent.as_ref();
        if above.is_none() {
            return cell.is_winding_down() || cell.is_dead();
        }
    }
    false
}

/// Once for each path and reason. As a runtime ends, or all that stands below its root, messages that nobody comes to are
/// no surprise.
fn log(letter: &DeadLetter, ending: bool) {
    let DeadLetter { path, message, reason, .. } = letter;
    if ending {
        tracing::debug!(%path, message, %reason, "a dead letter; more of this kind are only counted");
    } else {
        tracing::warn!(%path, message, %reason, "a dead letter; more of this kind are only counted");
    }
}

/// Hears of each message that was accepted and never handled.
pub(crate) type TellDeadLetter = Arc<dyn Fn(&DeadLetter) + Send + Sync>;

/// Who is told of the dead letters of a runtime.
#[derive(Default)]
pub(crate) struct Listeners {
    /// The builder's function.
    function: Option<TellDeadLetter>,
    actors: Audience<DeadLetter>,
    /// The paths and reasons that were logged, by hash: actors come and go at one path.
    logged: Mutex<HashSet<u64>>,
}

/// So many paths and reasons are remembered; then all are forgotten.
const LOGGED_MAX: usize = 4_096;

impl Listeners {
    pub(crate) fn new(function: Option<TellDeadLetter>) -> Self {
        Self { function, ..Self::default() }
    }

    /// Whether this reason was not logged yet for the path of this actor, which has not met it before.
    #[cold]
    fn is_news(&self, cell: &CellRef, reason: DeadLetterReason) -> bool {
        let mut hasher = DefaultHasher::new();
        (dying::path_of(cell), reason as u8).hash(&mut hasher);
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() >= LOGGED_MAX {
            logged.clear();
        }
        logged.insert(hasher.finish())
    }

    fn has_listeners(&self) -> bool {
        self.function.is_some() || self.actors.is_there()
    }

    /// Tells everybody. Nothing is borrowed or locked meanwhile: what is called is user code.
    fn tell(&self, cell: &CellRef, letter: &DeadLetter) {
        if let Some(function) = &self.function {
            dying::carefully(cell, "telling of a dead letter", || function(letter));
        }
        // What one that listens has lost may be what it was told, and telling of that might never end.
        if self.actors.is_there() && !cell.header().marks.listens() {
            self.actors.tell("telling of a dead letter", letter);
        }
    }

    fn subscribe(&self, recipient: Recipient<DeadLetter>) {
        recipient.listens();
        self.actors.subscribe(recipient);
    }

    /// Forgets all recipients, who hold their loops: the runtime has ended.
    pub(crate) fn clear(&self) {
        self.actors.clear();
    }
}

impl<A: Actor> Context<'_, A> {
    /// Turns dead letters of the whole runtime into this actor's own messages, until it ends, or subscribes anew. (Akka:
    /// subscribing to `DeadLetter` on the event stream.)
    ///
    /// An actor that is over is not told ([`LoopMetrics::untold`](crate::LoopMetrics::untold) counts those), so it costs
    /// nobody anything to be slow at this, and nobody pauses for it. A message that an actor that listens has lost is told
    /// to no actor: it may itself be news of a dead letter.
    ///
    /// # Examples
    /// ```
    /// use roundsman_runtime::{Actor, Context, DeadLetter, Outcome, Runtime, Spawn};
    ///
    /// /// Ends at once, with two messages in its mailbox.
    /// struct Brief;
    ///
    /// impl Actor for Brief {
    ///     type Message = u32;
    ///     fn receive(&mut self, _: u32, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// struct Undertaker;
    ///
    /// impl Actor for Undertaker {
    ///     type Message = DeadLetter;
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.on_dead_letter(|letter| letter);
    ///         let brief = ctx.spawn_with(Spawn::named("brief"), Brief);
    ///         brief.send(1)?;
    ///         brief.send(2)?;
    ///         Ok(())
    ///     }
    ///     fn receive(&mut self, letter: DeadLetter, ctx: &mut Context<Self>) -> Outcome {
    ///         assert!(letter.path.ends_with("/brief"));
    ///         assert_eq!((letter.message, letter.reason.to_string()), ("u32", "receiver ended".into()));
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().simulated(1).build()?.run(|| Undertaker)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_dead_letter<F>(&mut self, map: F)
    where
        F: Fn(DeadLetter) -> A::Message + Send + Sync + 'static,
    {
        let recipient = self.recipient(map);
        self.scope().local.home.world.dead_letters.subscribe(recipient);
    }
}

impl RuntimeHandle {
    /// Tells `recipient` of dead letters of the whole runtime until its actor ends; see
    /// [`Context::on_dead_letter`](crate::Context::on_dead_letter).
    pub fn on_dead_letter(&self, recipient: Recipient<DeadLetter>) {
        if !self.world().is_ending() {
            self.world().dead_letters.subscribe(recipient);
        }
    }
}

/// Looks at the books of a runtime that has stopped as planned: with debug assertions, those that do not balance are a bug
/// of this crate.
pub(crate) fn audit(world: &World) {
    let unbalanced = world.unbalanced.get();
    debug_assert!(unbalanced.is_none(), "the books do not balance: {unbalanced:?}");
    if cfg!(debug_assertions) {
        let books: Ledger = world.metrics().iter().map(|one| one.ledger).sum();
        debug_assert!(books.is_balanced(), "the books do not balance: {books}");
    }
}
