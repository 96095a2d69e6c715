//! A simulation: runtimes on one thread, in one virtual time, every choice drawn from a seed.
//!
//! Used by [`runtime`](crate::runtime) for one runtime alone, and by whoever builds worlds of several: the module `sim` of
//! `roundsman` does, and puts a network between them. It says what comes next and when time jumps; what a runtime does is
//! said by [`simulate`](crate::simulate).

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::Actor;
use crate::clock::Timestamp;
use crate::course::Course;
use crate::metrics::Pause;
use crate::runtime::{Bound, Lone, RunError, Runtime, conclude, plant};
use crate::sighting::{Sighting, Verdict};
use crate::simulate::{Deed, Rest, Simulated};
use crate::spawn::Spawn;
use crate::why_alive::WhyAlive;
use crate::world::World;

/// A simulation. Clones are the same one.
///
/// The hosts of it are runtimes, built with [`Builder::build_in`](crate::Builder::build_in). What happens between them
/// happens in [events](Self::at).
///
/// # Examples
/// Two runtimes, in one time:
/// ```
/// use std::time::Duration;
///
/// use roundsman_runtime::{Actor, Context, Outcome, Runtime, Simulation, Spawn};
///
/// struct Sleeper(Duration);
///
/// impl Actor for Sleeper {
///     type Message = ();
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.send_after(self.0, ());
///         Ok(())
///     }
///     fn receive(&mut self, (): (), ctx: &mut Context<Self>) -> Outcome {
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// let simulation = Simulation::new(7);
/// for hours in [1, 2] {
///     let runtime = Runtime::builder().build_in(&simulation)?;
///     let sleeper = Sleeper(Duration::from_secs(3600 * hours));
///     simulation.launch(runtime, Spawn::new(), || sleeper);
/// }
/// simulation.run()?;
/// assert_eq!(simulation.now().since_start(), Duration::from_secs(7200));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Simulation(Rc<Inner>);

struct Inner {
    course: Rc<Course>,
    hosts: RefCell<Vec<Host>>,
    events: RefCell<BinaryHeap<Reverse<Event>>>,
    event_count: Cell<u64>,
    steps: Cell<u64>,
    /// How many hosts have ended so far.
    ended: Cell<u64>,
    /// Room that is used again each step.
    deeds: RefCell<Vec<(usize, Deed)>>,
    places: RefCell<Vec<Option<(usize, usize)>>>,
}

enum Host {
    /// It has its number, and no root yet.
    Built,
    Alive(Box<Living>),
    /// It is being stepped.
    Away,
    Ended(Option<Result<(), RunError>>),
}

struct Living {
    simulated: Simulated,
    bound: Bound,
}

struct Event {
    at: Timestamp,
    number: u64,
    what: Box<dyn FnOnce(&Simulation)>,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stepped {
    /// Something happened: a round of a loop, the end of a job, an event, the end of a host.
    Acted,
    /// Nothing could happen, so time has passed.
    Waited,
    /// Nothing happens until the moment that was named, and that has come.
    Reached,
    /// Nothing can be done without time, which is [held](Simulation::hold_time).
    Held,
    /// Every host has ended.
    Ended,
    /// Nothing can ever happen again, and not every host has ended. A host that can do nothing more by itself ends, unless an
    /// actor of it is paused or [unfinished](crate::Context::set_unfinished).
    Stuck,
}

thread_local! {
    /// The simulation that runs on this thread, and the host whose code does.
    static CURRENT: RefCell<Option<(Simulation, Option<Arc<World>>)>> = const { RefCell::new(None) };
}

/// Keeps a simulation current, with the host whose code runs.
struct Stage(Option<(Simulation, Option<Arc<World>>)>);

impl Stage {
    fn set(simulation: &Simulation, world: Option<Arc<World>>) -> Self {
        Self(CURRENT.replace(Some((simulation.clone(), world))))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        CURRENT.replace(self.0.take());
    }
}

/// What the simulated runtime whose code runs on this thread was [provided](crate::Builder::provide) with: in a turn, in a
/// job, as its root is made. `None` elsewhere, and so in the real world.
///
/// For libraries that reach the outside where there is no [`Context`](crate::Context).
#[must_use]
pub fn simulated_provided<T: Send + Sync + 'static>() -> Option<Arc<T>> {
    CURRENT.with_borrow(|current| {
        let (_, world) = current.as_ref()?;
        world.as_ref()?.provided.get()
    })
}

impl Simulation {
    /// A simulation without hosts, every choice of which is drawn from `seed`. Its messages are looked at one by one.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::of(Course::new(seed, true))
    }

    pub(crate) fn of(course: Rc<Course>) -> Self {
        Self(Rc::new(Inner {
            course,
            hosts: RefCell::default(),
            events: RefCell::default(),
            event_count: Cell::default(),
            steps: Cell::default(),
            ended: Cell::default(),
            deeds: RefCell::default(),
            places: RefCell::default(),
        }))
    }

    /// The one that runs on this thread, if one does.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.with_borrow(|current| current.as_ref().map(|(simulation, _)| simulation.clone()))
    }

    /// Whether one runs on this thread.
    #[must_use]
    pub fn is_current() -> bool {
        CURRENT.with_borrow(Option::is_some)
    }

    /// Calls `code` as an event of this simulation does: what it does to things of the simulation, it does now. For whoever
    /// stands outside, between two steps.
    pub fn inside<R>(&self, code: impl FnOnce() -> R) -> R {
        let _stage = Stage::set(self, None);
        code()
    }

    pub(crate) fn course(&self) -> &Rc<Course> {
        &self.0.course
    }

    // Time and chance.

    /// The time of the simulation. Clocks of hosts may differ from it: see [`skew`](Self::skew).
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.course.now.get()
    }

    /// A number below `bound`; 0 if that is 0. 0 is taken for the plain choice by whoever makes runs simpler.
    #[must_use]
    pub fn below(&self, bound: usize) -> usize {
        self.0.course.chance.below(bound)
    }

    /// True with this chance in a million: 0 never, 1,000,000 always; nothing is drawn for these two. The plain choice is false.
    #[must_use]
    pub fn chance(&self, per_million: u32) -> bool {
        const MILLION: usize = 1_000_000;
        match per_million as usize {
            0 => false,
            MILLION.. => true,
            often => self.below(MILLION) >= MILLION - often,
        }
    }

    /// A seed for something that draws by itself. It depends on the seed, and on how many were asked for before.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.0.course.chance.seed()
    }

    /// Calls `what` at this moment, or as soon as it has passed. Events of one moment come in the order in which they were
    /// made; between them, and before and after, others act as drawn.
    pub fn at(&self, at: Timestamp, what: impl FnOnce(&Self) + 'static) {
        let number = self.0.event_count.replace(self.0.event_count.get() + 1);
        let event = Event { at, number, what: Box::new(what) };
        self.0.events.borrow_mut().push(Reverse(event));
    }

    /// Forgets what was asked for with [`at`](Self::at) and has not come. For the end of a world: what an event holds may hold the
    /// simulation.
    pub fn forget_events(&self) {
        let events = self.0.events.take();
        // Outside of the borrow: it is the user's.
        drop(events);
    }

    /// Jobs take less than this each. Default 10 ms.
    pub fn longest_job(&self, longest: Duration) {
        self.0.course.longest_job.set(longest);
    }

    /// From now on mailboxes that reject or drop what comes when they are full get smaller limits, drawn: so their policies show
    /// at odd moments. (Those that have senders wait lose nothing, and keep theirs.)
    pub fn tighten_mailboxes(&self) {
        self.0.course.tighten();
    }

    /// For the next `turns` turns, loops and actors have priorities, which change at `changes` of these turns; then whose turn
    /// it is, is drawn again. (Burckhardt et al., ASPLOS 2010: PCT; `changes` is its depth less 1.)
    pub fn prioritize(&self, changes: usize, turns: usize) {
        self.0.course.prioritize(changes, turns.max(1));
    }

    /// Keeps the choices from now on, for [`tape`](Self::tape).
    pub fn keep_tape(&self) {
        self.0.course.chance.keep();
    }

    /// Makes these choices from now on, in the place of those that would be drawn; 0 when they are over.
    pub fn follow_tape(&self, choices: Vec<u64>) {
        self.0.course.chance.follow(choices);
    }

    /// The choices that were made.
    #[must_use]
    pub fn tape(&self) -> Vec<u64> {
        self.0.course.chance.tape()
    }

    /// Calls `observer` ahead of each message, and of each actor's start; it says what becomes of it. It must not touch the
    /// simulation's hosts. The last one counts.
    pub fn observe(&self, observer: impl FnMut(&Sighting<'_>) -> Verdict + 'static) {
        self.0.course.set_observer(Box::new(observer));
    }

    // Hosts.

    /// A number for a host that is being built.
    pub(crate) fn next_host(&self) -> usize {
        let mut hosts = self.0.hosts.borrow_mut();
        hosts.push(Host::Built);
        hosts.len() - 1
    }

    /// Has a runtime that was [built in](crate::Builder::build_in) this simulation begin with its root; returns the number of
    /// the host, which was given as it was built, counted from 0.
    ///
    /// # Panics
    /// If it was built elsewhere.
    pub fn launch<A: Actor>(
        &self,
        runtime: Runtime,
        spawn: Spawn<A::Message>,
        root: impl FnOnce() -> A,
    ) -> usize {
        let Lone { simulated, host, bound } = runtime.into_lone();
        assert!(Rc::ptr_eq(&simulated.course, &self.0.course), "built in another simulation");
        bound.0.sets_out();
        {
            let _stage = Stage::set(self, Some(Arc::clone(&bound.0)));
            simulated.plant(|first| plant(first, spawn, root));
        }
        self.0.hosts.borrow_mut()[host] = Host::Alive(Box::new(Living { simulated, bound }));
        host
    }

    /// Whether this host has begun and not ended.
    #[must_use]
    pub fn is_alive(&self, host: usize) -> bool {
        matches!(self.0.hosts.borrow().get(host), Some(Host::Alive(_) | Host::Away))
    }

    /// How this host has ended, once it has; it is told once.
    pub fn result(&self, host: usize) -> Option<Result<(), RunError>> {
        match self.0.hosts.borrow_mut().get_mut(host) {
            Some(Host::Ended(result)) => result.take(),
            _ => None,
        }
    }

    /// Ends a host at once: no code of it runs any more, but the drop of what its actors have. Its jobs never end. Not to be
    /// called by the host itself.
    pub fn kill(&self, host: usize) {
        let Some(mut living) = self.take_host(host) else { return };
        {
            let _stage = Stage::set(self, Some(Arc::clone(&living.bound.0)));
            living.simulated.kill();
        }
        drop(living);
        self.0.hosts.borrow_mut()[host] = Host::Ended(Some(Ok(())));
        self.count_ended();
    }

    fn count_ended(&self) {
        self.0.ended.set(self.0.ended.get() + 1);
    }

    /// How many hosts have ended so far, killed ones among them: a cheap way to see that another has.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.0.ended.get()
    }

    /// The panics of actors since this was last asked: the number of the host, the path, and what was thrown, as text. Those
    /// that an observer has asked for say [`ASKED_FOR_PANIC`](crate::ASKED_FOR_PANIC).
    #[must_use]
    pub fn take_panics(&self) -> Vec<(usize, String, String)> {
        self.0.course.take_panics()
    }

    /// The clock of a host jumps ahead by this, and from now on goes faster by so many parts in a million, or slower below 0:
    /// from half the rate to twice. No clock ever goes back.
    pub fn skew(&self, host: usize, ahead: Duration, parts_per_million: i32) {
        if let Some(Host::Alive(living)) = self.0.hosts.borrow().get(host) {
            living.simulated.skew(ahead, parts_per_million);
        }
    }

    /// Takes a host out, for something in which its own code may run.
    fn take_host(&self, host: usize) -> Option<Box<Living>> {
        let mut hosts = self.0.hosts.borrow_mut();
        let place = hosts.get_mut(host)?;
        if !matches!(place, Host::Alive(_)) {
            return None;
        }
        match std::mem::replace(place, Host::Away) {
            Host::Alive(living) => Some(living),
            _ => None,
        }
    }

    // Steps.

    /// How many steps there were.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.0.steps.get()
    }

    /// Does one thing of all that can be done now, as chance has it. If nothing can, time passes to the next moment at which
    /// something does, but not beyond `limit`.
    pub fn step(&self, limit: Option<Timestamp>) -> Stepped {
        self.0.steps.set(self.0.steps.get() + 1);
        let mut deeds = self.0.deeds.take();
        deeds.clear();
        self.gather(&mut deeds);
        let is_event_due = self.is_event_due();
        let stepped = if deeds.is_empty() && !is_event_due {
            self.rest(limit)
        } else {
            self.act(&deeds, is_event_due);
            Stepped::Acted
        };
        self.0.deeds.replace(deeds);
        stepped
    }

    fn gather(&self, deeds: &mut Vec<(usize, Deed)>) {
        for (host, living) in self.0.hosts.borrow_mut().iter_mut().enumerate() {
            if let Host::Alive(living) = living {
                living.simulated.begin_jobs();
                living.simulated.deeds(|deed| deeds.push((host, deed)));
            }
        }
    }

    fn is_event_due(&self) -> bool {
        let now = self.now();
        self.0.events.borrow().peek().is_some_and(|Reverse(event)| event.at <= now)
    }

    fn act(&self, deeds: &[(usize, Deed)], is_event_due: bool) {
        let mut places = self.0.places.take();
        places.clear();
        places.extend(deeds.iter().map(|(host, deed)| match deed {
            Deed::Round(index) => Some((*host, *index)),
            Deed::EndOfJob(_) => None,
        }));
        if is_event_due {
            places.push(None);
        }
        let chosen = self.0.course.choose(&places);
        self.0.places.replace(places);
        let Some((host, deed)) = deeds.get(chosen) else { return self.next_event() };
        let Some(mut living) = self.take_host(*host) else { return };
        {
            let _stage = Stage::set(self, Some(Arc::clone(&living.bound.0)));
            living.simulated.act(*deed);
        }
        self.0.hosts.borrow_mut()[*host] = Host::Alive(living);
    }

    fn next_event(&self) {
        let event = self.0.events.borrow_mut().pop();
        if let Some(Reverse(event)) = event {
            let _stage = Stage::set(self, None);
            (event.what)(self);
        }
    }

    /// Nothing can be done now: hosts end that can do nothing any more, or time passes.
    fn rest(&self, limit: Option<Timestamp>) -> Stepped {
        let mut next = self.0.events.borrow().peek().map(|Reverse(event)| event.at);
        let (mut alive, mut acted) = (0, false);
        let hosts = self.0.hosts.borrow().len();
        for host in 0..hosts {
            let Some(mut living) = self.take_host(host) else { continue };
            let _stage = Stage::set(self, Some(Arc::clone(&living.bound.0)));
            let after = match living.simulated.rest() {
                Rest::Ended => {
                    acted = true;
                    let exit = living.simulated.root_exit();
                    let Living { simulated, bound } = *living;
                    drop(simulated);
                    self.count_ended();
                    Host::Ended(Some(conclude(bound, Ok(exit))))
                }
                Rest::Dry => {
                    acted = true;
                    Host::Alive(living)
                }
                Rest::Until(until) => {
                    alive += 1;
                    next = [next, until].into_iter().flatten().min();
                    Host::Alive(living)
                }
            };
            self.0.hosts.borrow_mut()[host] = after;
        }
        if acted {
            return Stepped::Acted;
        }
        let is_held = self.0.course.holds.get() > 0;
        match (next, limit) {
            (None, None) if alive == 0 => Stepped::Ended,
            (None, None) => Stepped::Stuck,
            _ if is_held && limit.is_none_or(|limit| limit > self.now()) => Stepped::Held,
            (next, Some(limit)) if next.is_none_or(|next| next > limit) => {
                self.0.course.now.set(limit.max(self.now()));
                Stepped::Reached
            }
            (Some(next), _) => {
                self.0.course.now.set(next.max(self.now()));
                Stepped::Waited
            }
            (None, _) if alive == 0 => Stepped::Ended,
            (None, _) => Stepped::Stuck,
        }
    }

    /// Steps until every host has ended.
    ///
    /// # Errors
    /// Of the first host, by number, that has not ended as planned: [`RunError::Stuck`] if nothing can happen any more. The
    /// results are told here, and no more by [`result`](Self::result).
    pub fn run(&self) -> Result<(), RunError> {
        loop {
            match self.step(None) {
                Stepped::Stuck => return Err(RunError::Stuck(self.why_stuck())),
                Stepped::Held => return Err(RunError::Stuck("its time is held".to_owned())),
                Stepped::Ended => break,
                _ => {}
            }
        }
        let hosts = self.0.hosts.borrow().len();
        (0..hosts).filter_map(|host| self.result(host)).collect()
    }

    /// What keeps this host from ending. `None` unless it lives.
    #[must_use]
    pub fn why_alive(&self, host: usize) -> Option<WhyAlive> {
        match self.0.hosts.borrow().get(host) {
            Some(Host::Alive(living)) => Some(living.simulated.why_alive()),
            _ => None,
        }
    }

    /// What keeps the hosts that have not ended, and who waits on whom, for people.
    #[must_use]
    pub fn why_stuck(&self) -> String {
        let hosts = self.0.hosts.borrow();
        let living = hosts.iter().enumerate().filter_map(|(host, one)| match one {
            Host::Alive(living) => Some((host, &living.simulated)),
            _ => None,
        });
        let several = hosts.len() > 1;
        let mut text = String::new();
        for (host, simulated) in living {
            if !text.is_empty() {
                text.push_str("; ");
            }
            if several {
                text.push_str(&format!("host {host}: "));
            }
            text.push_str(&simulated.why_alive().to_string());
        }
        text
    }

    /// Who waits on whom, on all hosts that have not ended, each with the number of its host.
    #[must_use]
    pub fn pauses(&self) -> Vec<(usize, Pause)> {
        let hosts = self.0.hosts.borrow();
        let mut pauses = Vec::new();
        for (host, one) in hosts.iter().enumerate() {
            if let Host::Alive(living) = one {
                pauses.extend(living.simulated.pauses().into_iter().map(|pause| (host, pause)));
            }
        }
        pauses
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Simulation({:?}, step {})", self.now(), self.steps())
    }
}
