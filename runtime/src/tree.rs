//! The tree of actors as it is now, put together from what the loops say of theirs.
//!
//! From outside the loops are asked, a [`PAGE`](describe::PAGE) at a time, so that none is held for long, however many
//! actors there are. Inside an actor nothing may wait: there the actors of its own loop are described, and under
//! simulation, where all loops run on one thread, those of all. It changes nothing.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::actor::{Actor, ActorId};
use crate::address::Address;
use crate::cell::CellRef;
use crate::clock::Clock;
use crate::context::Context;
use crate::describe::{self, Answer, Condition, Description, Held, PAGE, Question};
use crate::dying;
use crate::handle::{PATIENCE, RuntimeHandle};
use crate::home::Home;
use crate::ledger::Ledger;
use crate::local::Local;
use crate::parcel::Control;
use crate::world::World;

/// The actors of a runtime: parents before their children, siblings in the order in which they were spawned.
///
/// It was seen bit by bit while everything went on: it is no snapshot of one moment.
///
/// # Examples
/// ```
/// use roundsman_runtime::{Actor, ActorState, Context, Outcome, Runtime, Spawn};
///
/// struct Leaf;
///
/// impl Actor for Leaf {
///     type Message = ();
///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
///         Ok(())
///     }
/// }
///
/// struct Root;
///
/// impl Actor for Root {
///     type Message = ();
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let leaf = ctx.spawn_with(Spawn::named("leaf"), Leaf);
///         leaf.send(())?;
///         let tree = ctx.tree();
///         let leaf = tree.find("/top/leaf").ok_or("there is a leaf")?;
///         assert_eq!((leaf.state.clone(), leaf.queued), (ActorState::Runnable, 1));
///         assert!(tree.to_string().starts_with("/top running\n  leaf runnable, queued 1"), "{tree}");
///         ctx.stop();
///         Ok(())
///     }
///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
///         Ok(())
///     }
/// }
///
/// Runtime::builder().simulated(1).build()?.run_with(Spawn::named("top"), || Root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Tree {
    /// The actors. One list, not boxes in boxes: families may be deeper than the stack.
    pub nodes: Vec<Node>,
}

/// One actor of a [`Tree`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Node {
    /// Who it is.
    pub id: ActorId,
    /// Where it stands: `/server/session-17`.
    pub path: String,
    /// How many parents it has.
    pub depth: usize,
    /// The actor's type.
    pub actor: &'static str,
    /// The type of its messages.
    pub message: &'static str,
    /// The loop that it lives on, counted from 0.
    pub loop_index: usize,
    /// What it is about.
    pub state: ActorState,
    /// How many messages wait in its mailbox.
    pub queued: usize,
    /// What has reached its loop for it, and what became of that. A send that was refused elsewhere is not among it.
    pub ledger: Ledger,
    /// For how long it has been paused in its life, the pause that it is in included.
    pub paused: Duration,
    /// What it holds beside its mailbox.
    pub held: Held,
}

/// What an actor is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActorState {
    /// It waits for a message.
    Idle,
    /// It waits for its turn.
    Runnable,
    /// It is in its turn: whoever asks is this actor, or its turn lasts so long that its loop has not answered.
    Running,
    /// It waits until another is no longer over.
    Paused {
        /// The path of that one.
        on: String,
        /// For how long.
        waited: Duration,
    },
    /// It is stopping: its children go first.
    Stopping,
    /// It has failed, or was stopped, and waits to be built anew by its supervisor.
    Resting,
    /// It has ended.
    Ended,
    /// Its loop has not answered, and another actor is in turn there; or it may not be waited for.
    Unknown,
}

impl fmt::Display for ActorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("idle"),
            Self::Runnable => f.write_str("runnable"),
            Self::Running => f.write_str("running"),
            Self::Paused { on, waited } => write!(f, "paused on {on} for {waited:?}"),
            Self::Stopping => f.write_str("stopping"),
            Self::Resting => f.write_str("resting"),
            Self::Ended => f.write_str("ended"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl Tree {
    /// The first actor at this path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.path == path)
    }

    /// The tree as far as it can be seen from here.
    pub(crate) fn seen(world: &World, reach: Reach<'_>) -> Self {
        Survey::of(world, reach).into_tree()
    }
}

impl Node {
    fn new(
        cell: &CellRef,
        path: String,
        depth: usize,
        seen: Option<Description>,
        in_turn: bool,
    ) -> Self {
        let header = cell.header();
        let mut node = Self {
            id: header.id,
            path,
            depth,
            actor: (cell.ops().actor_name)(),
            message: (cell.ops().message_name)(),
            loop_index: header.home.index,
            state: if in_turn { ActorState::Running } else { ActorState::Unknown },
            queued: 0,
            ledger: Ledger::default(),
            paused: Duration::ZERO,
            held: Held::default(),
        };
        if let Some(seen) = seen {
            (node.queued, node.ledger) = (seen.queued, seen.ledger);
            (node.paused, node.held) = (seen.paused, seen.held);
            node.state = match seen.condition {
                Condition::Idle => ActorState::Idle,
                Condition::Runnable => ActorState::Runnable,
                Condition::Running => ActorState::Running,
                Condition::Paused { on, waited } => ActorState::Paused { on: on.path(), waited },
                Condition::Stopping => ActorState::Stopping,
                Condition::Resting => ActorState::Resting,
                Condition::Ended => ActorState::Ended,
            };
        }
        node
    }
}

/// One line an actor, indented by depth: the last part of its path, its state, and what there is to say of it.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for node in &self.nodes {
            let name = node.path.rsplit('/').next().unwrap_or_default();
            let top = if node.depth == 0 { "/" } else { "" };
            write!(f, "{:indent$}{top}{name} {}", "", node.state, indent = 2 * node.depth)?;
            let Held { timers, asks, sources, guards, .. } = node.held;
            let numbers = [
                ("queued", node.queued as u64),
                ("handled", node.ledger.handled),
                ("timers", timers as u64),
                ("asks", asks as u64),
                ("sources", sources as u64),
                ("guards", guards as u64),
            ];
            for (what, number) in numbers.into_iter().filter(|(_, number)| *number != 0) {
                write!(f, ", {what} {number}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Whom a survey can ask.
pub(crate) enum Reach<'a> {
    /// Every loop, and wait for its answer.
    Outside,
    /// The loop of this thread.
    Here(&'a Local),
    /// All loops of a simulation, which run on this thread.
    Simulated(Vec<Rc<Local>>),
    /// Nobody: this thread may not wait, and none of the loops is its own.
    Nobody,
}

impl Reach<'_> {
    /// What this thread can reach of `world`.
    pub(crate) fn with<R>(world: &World, f: impl FnOnce(Reach<'_>) -> R) -> R {
        let mut f = Some(f);
        let inside = Local::with_any(|local| {
            let f = f.take()?;
            let reach = if !std::ptr::eq(&*local.home.world, world) {
                Reach::Nobody
            } else if local.driver.is_simulated() {
                Reach::Simulated(local.neighbours())
            } else {
                Reach::Here(local)
            };
            Some(f(reach))
        });
        match (inside.flatten(), f) {
            (Some(result), _) => result,
            // The loops stand still until the job has ended.
            (None, Some(f)) if world.pool.is_simulated_job() => f(Reach::Nobody),
            (None, Some(f)) => f(Reach::Outside),
            (None, None) => unreachable!("`f` is taken only where it is called"),
        }
    }

    /// Asks a loop. What it says is waited for by [`Asked::answers`].
    fn ask(&self, home: &Home, questions: Vec<Question>) -> Asked {
        match self {
            Self::Outside => {
                let (sender, receiver) = flume::bounded(1);
                let sent = home.ask(Control::Describe(questions, sender));
                if sent { Asked::Later(receiver) } else { Asked::Unanswered }
            }
            Self::Here(local) if std::ptr::eq(&*local.home, home) => {
                Asked::Now(describe::answer(local, questions))
            }
            Self::Simulated(locals) => {
                match locals.iter().find(|local| std::ptr::eq(&*local.home, home)) {
                    Some(local) => Asked::Now(describe::answer(local, questions)),
                    None => Asked::Silent,
                }
            }
            Self::Here(_) | Self::Nobody => Asked::Silent,
        }
    }
}

enum Asked {
    Now(Vec<Answer>),
    Later(flume::Receiver<Vec<Answer>>),
    /// It has not answered whoever asked before.
    Unanswered,
    Silent,
}

impl Asked {
    /// What the loop says, waited for until `deadline`.
    fn answers(self, deadline: Instant) -> Result<Vec<Answer>, Silence> {
        match self {
            Self::Now(answers) => Ok(answers),
            Self::Later(receiver) => receiver.recv_deadline(deadline).map_err(|_| Silence::Busy),
            Self::Unanswered => Err(Silence::Busy),
            Self::Silent => Err(Silence::Apart),
        }
    }
}

/// Why there is no answer.
enum Silence {
    /// There was time for one.
    Busy,
    /// It could not be asked.
    Apart,
}

impl Silence {
    /// The actor whose turn may be why.
    fn in_turn(&self, home: &Home) -> Option<ActorId> {
        match self {
            Self::Busy => home.with_in_turn(|cell| cell.header().id),
            Self::Apart => None,
        }
    }
}

/// A loop that is being asked.
struct Loop {
    home: Arc<Home>,
    /// What is still to be asked: an actor by its place among the sightings, or those without a parent.
    open: VecDeque<(Option<usize>, usize)>,
    silent: bool,
    /// The actor in turn, if that is why it is silent.
    in_turn: Option<ActorId>,
}

/// An actor that was found.
struct Sighting {
    cell: CellRef,
    parent: Option<usize>,
    description: Option<Description>,
}

/// A tree in the making.
pub(crate) struct Survey {
    loops: Vec<Loop>,
    sightings: Vec<Sighting>,
}

impl Survey {
    /// Asks whom it can reach until there is nothing more to ask.
    pub(crate) fn of(world: &World, reach: Reach<'_>) -> Self {
        let mut survey = Self { loops: Vec::new(), sightings: Vec::new() };
        for home in world.homes() {
            survey.open(&home, (None, 0));
        }
        while survey.wave(world, &reach) {}
        survey
    }

    /// The loops that have not answered.
    pub(crate) fn silent(&self) -> impl Iterator<Item = &Arc<Home>> {
        self.loops.iter().filter(|one| one.silent).map(|one| &one.home)
    }

    fn open(&mut self, home: &Arc<Home>, question: (Option<usize>, usize)) {
        let at = self.loops.iter().position(|one| Arc::ptr_eq(&one.home, home));
        let at = at.unwrap_or_else(|| {
            let home = Arc::clone(home);
            self.loops.push(Loop { home, open: VecDeque::new(), silent: false, in_turn: None });
            self.loops.len() - 1
        });
        self.loops[at].open.push_back(question);
    }

    /// Asks every loop one page of what is open. False if nothing was.
    fn wave(&mut self, world: &World, reach: &Reach<'_>) -> bool {
        let _asking = matches!(reach, Reach::Outside).then(|| world.asking());
        let mut asked = Vec::new();
        for (at, one) in self.loops.iter_mut().enumerate().filter(|(_, one)| !one.silent) {
            let page: Vec<_> = one.open.drain(..one.open.len().min(PAGE)).collect();
            if page.is_empty() {
                continue;
            }
            let cell = |of: Option<usize>| of.map(|of| self.sightings[of].cell.clone());
            let questions =
                page.iter().map(|(of, from)| Question { cell: cell(*of), from: *from }).collect();
            asked.push((at, page, reach.ask(&one.home, questions)));
        }
        let any = !asked.is_empty();
        let deadline = Clock::origin() + PATIENCE;
        for (at, page, asked) in asked {
            match asked.answers(deadline) {
                Ok(answers) => {
                    for ((of, _), answer) in page.into_iter().zip(answers) {
                        self.enter(at, of, answer);
                    }
                }
                Err(silence) => {
                    let one = &mut self.loops[at];
                    (one.silent, one.in_turn) = (true, silence.in_turn(&one.home));
                }
            }
        }
        any
    }

    fn enter(&mut self, at: usize, of: Option<usize>, answer: Answer) {
        if let (Some(of), Some(description)) = (of, answer.description) {
            self.sightings[of].description = Some(description);
        }
        for cell in answer.children {
            let home = Arc::clone(cell.home());
            self.sightings.push(Sighting { cell, parent: of, description: None });
            self.open(&home, (Some(self.sightings.len() - 1), 0));
        }
        if let Some(from) = answer.more {
            self.loops[at].open.push_back((of, from));
        }
    }

    /// Puts what was seen in order.
    pub(crate) fn into_tree(mut self) -> Tree {
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.sightings.len()];
        let mut top = Vec::new();
        for (at, sighting) in self.sightings.iter().enumerate() {
            match sighting.parent {
                Some(parent) => children[parent].push(at),
                None => top.push(at),
            }
        }
        // A family's ids are given out by one loop, in order. The youngest comes first: the last is taken first.
        let id = |at: &usize| std::cmp::Reverse(self.sightings[*at].cell.header().id);
        top.sort_by_key(id);
        for family in &mut children {
            family.sort_by_key(id);
        }
        let in_turn: Vec<ActorId> = self.loops.iter().filter_map(|one| one.in_turn).collect();
        let mut nodes: Vec<Node> = Vec::with_capacity(self.sightings.len());
        let mut open: Vec<(usize, Option<usize>)> = top.into_iter().map(|at| (at, None)).collect();
        while let Some((at, parent)) = open.pop() {
            let description = self.sightings[at].description.take();
            let cell = &self.sightings[at].cell;
            let (mut path, depth) = match parent.map(|parent| &nodes[parent]) {
                Some(parent) => (parent.path.clone(), parent.depth + 1),
                None => (String::new(), 0),
            };
            path.push('/');
            path.push_str(&dying::name_of(cell));
            let in_turn = in_turn.contains(&cell.header().id);
            nodes.push(Node::new(cell, path, depth, description, in_turn));
            let here = nodes.len() - 1;
            open.extend(children[at].drain(..).map(|child| (child, Some(here))));
        }
        Tree { nodes }
    }
}

/// One actor as its loop sees it; unknown if that cannot be asked.
fn node(cell: &CellRef) -> Node {
    let home = cell.home();
    let question = Question { cell: Some(cell.clone()), from: 0 };
    let answers = Reach::with(&home.world, |reach| {
        let _asking = matches!(reach, Reach::Outside).then(|| home.world.asking());
        reach.ask(home, vec![question]).answers(Clock::origin() + PATIENCE)
    });
    let (description, in_turn) = match answers {
        Ok(answers) => (answers.into_iter().next().and_then(|one| one.description), None),
        Err(silence) => (None, silence.in_turn(home)),
    };
    let in_turn = in_turn == Some(cell.header().id);
    let path = dying::path_of(cell);
    let depth = path.matches('/').count() - 1;
    Node::new(cell, path, depth, description, in_turn)
}

impl RuntimeHandle {
    /// The tree of actors, as it is now. Loops are asked a thousand actors at a time, so that none is held for long; one
    /// that has not answered within a second leaves its actors [`Unknown`](ActorState::Unknown), but the one in turn there
    /// [`Running`](ActorState::Running). It is not asked again, nor waited for, until it has answered.
    ///
    /// Inside an actor, which must not wait, the actors of other loops are unknown; not so under simulation. When the
    /// runtime has ended the tree is empty.
    #[must_use]
    pub fn tree(&self) -> Tree {
        Reach::with(self.world(), |reach| Tree::seen(self.world(), reach))
    }

    /// One actor, as it is now: its mailbox, its books, what it waits for. [`Unknown`](ActorState::Unknown) if its loop
    /// does not answer within a second or has ended; or, inside an actor, is another one.
    #[must_use]
    pub fn actor<M: Send + 'static>(&self, address: &Address<M>) -> Node {
        node(address.cell())
    }
}

impl<A: Actor> Context<'_, A> {
    /// The tree of actors as far as this loop knows it: those of other loops are [`Unknown`](ActorState::Unknown), and so
    /// their children are left out. Under simulation, all of it.
    #[must_use]
    pub fn tree(&self) -> Tree {
        let world = &self.scope().local.home.world;
        Reach::with(world, |reach| Tree::seen(world, reach))
    }

    /// One actor, as it is now. [`Unknown`](ActorState::Unknown) if it lives on another loop; not so under simulation.
    #[must_use]
    pub fn actor<M: Send + 'static>(&self, address: &Address<M>) -> Node {
        node(address.cell())
    }
}
