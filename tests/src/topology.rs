//! Graphs of actors that send to one another, run on any runtime, with every mailbox measured.
//!
//! A [`Topology`] says who sends how much to whom. [`Topology::run`] builds it under an idle root and returns, when
//! nothing can happen any more, what each mailbox has held at most. A stall shows as messages that were not handled:
//! a runtime in which everybody waits has nothing left to do, so it ends. [`Topology::start`] has a host of a simulation
//! run it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use roundsman::sim::{Host, Sim};
use roundsman::{
    Actor, Address, Builder, ChildSpec, Context, Lane, Outcome, Placement, PressureGuard, Reply,
    Spawn, Supervision, job,
};

use crate::ledger::run_balanced;
use crate::role::Role;

/// What the inbox of a loop holds before it counts as over.
pub const INBOX_HIGH: u64 = 1024;

/// Who sends how much to whom.
#[derive(Clone, Debug)]
pub struct Topology {
    /// How many loops it wants.
    pub loops: usize,
    /// Its actors.
    pub nodes: Vec<Node>,
}

/// One actor.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// The loop that it lives on.
    pub home: usize,
    /// Its high mark; the low one is half of it.
    pub high: u32,
    /// How often it sends of its own accord, once in each of as many turns.
    pub items: u32,
    /// How many messages it then sends along each link.
    pub burst: u32,
    /// How often what it begins is passed on at most.
    pub hops: u32,
    /// It passes a message on along one link, drawn by lot, instead of along all.
    pub one_of: bool,
    /// How it sends.
    pub manner: Manner,
    /// It holds pressure for less than so long, at one message of eight.
    pub holds: Duration,
    /// To whom it sends.
    pub links: Vec<Link>,
}

/// How an actor sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// With `send`.
    #[default]
    Sends,
    /// With `try_send`: what is handed back is dropped.
    Tries,
    /// With `ask`: whoever is asked answers, and passes on what it was asked.
    Asks,
    /// After a job of the pool for each message.
    AfterAJob,
}

/// A way from one actor to another.
#[derive(Clone, Debug)]
pub struct Link {
    /// The other's place in the list.
    pub to: usize,
    /// How many messages are sent for one that was handled…
    pub copies: u32,
    /// …in so many cases of a hundred.
    pub percent: u32,
}

impl Link {
    /// Passes everything on.
    #[must_use]
    pub fn to(to: usize) -> Self {
        Self { to, copies: 1, percent: 100 }
    }
}

/// What has been measured.
#[derive(Debug)]
pub struct Report {
    /// The most messages that each actor had before it, under way included.
    pub most: Vec<u64>,
    /// Messages sent, by all.
    pub sent: u64,
    /// Messages handled, by all.
    pub handled: u64,
}

impl Topology {
    /// Builds it on `builder`, lets it run dry, and checks that every message was handled.
    ///
    /// # Panics
    /// If a message was not handled: it has stalled.
    #[track_caller]
    pub fn run(&self, builder: Builder) -> Report {
        let gauges: Arc<[Gauge]> = self.nodes.iter().map(|_| Gauge::default()).collect();
        let (topology, measured) = (self.clone(), Arc::clone(&gauges));
        let runtime = builder.loops(self.loops).build().expect("a runtime can be built");
        let root = move || topology.root(&measured, Workers::Children);
        run_balanced(runtime, root).expect("the root does not fail");
        let report = Report::of(&gauges);
        assert_eq!(report.handled, report.sent, "it has stalled: {report:?} in {self:?}");
        report
    }

    /// Has a host `graph` of a simulation run it, whose actors are `top` and `node-0`, `node-1`, …
    pub fn start(&self, sim: &Sim, workers: Workers) -> Measured {
        let gauges: Arc<[Gauge]> = self.nodes.iter().map(|_| Gauge::default()).collect();
        let (topology, measured) = (self.clone(), Arc::clone(&gauges));
        let root = move || topology.clone().root(&measured, workers);
        let host = sim.host("graph").loops(self.loops).start_with("top", root);
        let bounds = (0..self.nodes.len()).map(|index| self.bound(index)).collect();
        Measured { host, gauges, bounds }
    }

    /// The same in a simulated world, and no mailbox has held more than point 9 of the pressure rules allows. For
    /// graphs without cycles.
    ///
    /// # Panics
    /// If it has stalled, or if a mailbox has held more.
    #[track_caller]
    pub fn run_bounded(&self, builder: Builder) -> Report {
        let report = self.run(builder);
        self.assert_bounded(&report, 0);
        report
    }

    /// The same on real threads. There a loop may be interrupted between taking its inbox and delivering what was in
    /// it, and until it goes on the inbox fills once more.
    ///
    /// # Panics
    /// If it has stalled, or if a mailbox has held more.
    #[track_caller]
    pub fn run_bounded_on_threads(&self, builder: Builder) -> Report {
        let report = self.run(builder);
        self.assert_bounded(&report, INBOX_HIGH);
        report
    }

    #[track_caller]
    fn assert_bounded(&self, report: &Report, interrupted: u64) {
        for (index, most) in report.most.iter().enumerate() {
            let bound = self.bound(index) + if self.loops > 1 { interrupted } else { 0 };
            assert!(*most <= bound, "actor {index} held {most}, more than {bound}, in {self:?}");
        }
    }

    /// The most messages that may be before an actor, if the graph has no cycles.
    ///
    /// What is counted here includes what is under way, so a sender on another loop counts twice: once for what its
    /// target's mailbox has taken over the mark, once for what it sends before it hears of that.
    #[must_use]
    pub fn bound(&self, of: usize) -> u64 {
        let target = &self.nodes[of];
        let mut bound = u64::from(target.high) + u64::from(target.items > 0);
        let mut remote = false;
        for node in &self.nodes {
            for link in node.links.iter().filter(|link| link.to == of) {
                let at_once =
                    if node.items > 0 { link.copies.max(node.burst) } else { link.copies };
                let elsewhere = node.home != target.home;
                remote |= elsewhere;
                bound += u64::from(at_once) * if elsewhere { 2 } else { 1 };
                // What is handed back was counted for a moment.
                bound += u64::from(node.manner == Manner::Tries);
            }
        }
        bound + if remote { INBOX_HIGH } else { 0 }
    }

    /// The same with so much less to do.
    #[must_use]
    pub fn shorter(mut self, times: u32) -> Self {
        for node in &mut self.nodes {
            node.items = node.items.div_ceil(times);
        }
        self
    }

    /// At most how many messages it handles, if it has no cycles.
    #[must_use]
    pub fn flow(&self) -> u64 {
        let mut before = vec![0_u64; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            for link in &node.links {
                before[link.to] += u64::from(node.items * node.burst);
                before[link.to] += before[index] * u64::from(link.copies);
            }
        }
        before.iter().sum()
    }

    fn root(self, gauges: &Arc<[Gauge]>, workers: Workers) -> Role<()> {
        let gauges = Arc::clone(gauges);
        Role::idle().started(move |ctx| self.plant(ctx, &gauges, workers))
    }

    fn plant(
        self,
        ctx: &mut Context<'_, Role<()>>,
        gauges: &Arc<[Gauge]>,
        workers: Workers,
    ) -> Outcome {
        let everybody: Arc<OnceLock<Vec<Address<Job>>>> = Arc::default();
        ctx.supervision(Supervision::one_for_one().intensity(u32::MAX, Duration::from_secs(1)));
        let spawn = |(index, node): (usize, &Node)| {
            let (node, gauges) = (node.clone(), Arc::clone(gauges));
            let everybody = Arc::clone(&everybody);
            let mailbox = Spawn::named(format!("node-{index}")).high(node.high);
            let place = Placement::Loop(node.home);
            let make = move || Worker {
                index,
                node: node.clone(),
                everybody: Arc::clone(&everybody),
                gauges: Arc::clone(&gauges),
                begun: 0,
                guard: None,
            };
            match workers {
                Workers::Children => ctx.spawn_on_with(place, mailbox, make),
                Workers::Supervised => ctx.supervise_on(place, ChildSpec::permanent(mailbox), make),
            }
        };
        let addresses: Vec<_> = self.nodes.iter().enumerate().map(spawn).collect();
        everybody.set(addresses.clone()).expect("set once");
        for (index, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.items > 0) {
            let begin = Job::Begin(Queued::new(gauges, index));
            addresses[index].send(begin).map_err(|_| format!("{node:?} has ended"))?;
        }
        Ok(())
    }
}

/// What becomes of an actor that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// It has ended.
    Children,
    /// It is built anew.
    Supervised,
}

/// A topology that a host of a simulation runs.
pub struct Measured {
    /// The host.
    pub host: Host,
    gauges: Arc<[Gauge]>,
    bounds: Vec<u64>,
}

impl Measured {
    /// What has been measured so far.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::of(&self.gauges)
    }

    /// Claims that no mailbox holds more than point 9 of the pressure rules allows, after each turn. For graphs without
    /// cycles.
    pub fn claim_bounds(&self, sim: &Sim) {
        let (gauges, bounds) = (Arc::clone(&self.gauges), self.bounds.clone());
        sim.invariant("no mailbox holds more than rule 9 allows", move || {
            for (index, (gauge, bound)) in gauges.iter().zip(&bounds).enumerate() {
                let most = gauge.most.load(Ordering::SeqCst) as u64;
                if most > *bound {
                    return Err(format!("node-{index} has held {most}, more than {bound}"));
                }
            }
            Ok(())
        });
    }
}

impl Report {
    fn of(gauges: &[Gauge]) -> Self {
        let sum = |one: fn(&Gauge) -> &AtomicU64| {
            gauges.iter().map(|gauge| one(gauge).load(Ordering::SeqCst)).sum::<u64>()
        };
        Self {
            most: gauges.iter().map(|gauge| gauge.most.load(Ordering::SeqCst) as u64).collect(),
            sent: sum(|gauge| &gauge.sent),
            handled: sum(|gauge| &gauge.handled),
        }
    }
}

/// Counts one actor's messages.
#[derive(Default)]
struct Gauge {
    sent: AtomicU64,
    handled: AtomicU64,
    waiting: AtomicI64,
    most: AtomicI64,
}

/// A place before an actor, for as long as a message takes it.
struct Queued {
    gauges: Arc<[Gauge]>,
    before: usize,
}

impl Queued {
    fn new(gauges: &Arc<[Gauge]>, before: usize) -> Self {
        let gauge = &gauges[before];
        gauge.sent.fetch_add(1, Ordering::SeqCst);
        let waiting = gauge.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        gauge.most.fetch_max(waiting, Ordering::SeqCst);
        Self { gauges: Arc::clone(gauges), before }
    }

    /// The message is in hand.
    fn handled(self) {
        self.gauges[self.before].handled.fetch_add(1, Ordering::SeqCst);
    }

    /// It was not taken.
    fn handed_back(self) {
        self.gauges[self.before].sent.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.gauges[self.before].waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

enum Job {
    /// Send of your own accord.
    Begin(Queued),
    /// Pass this on, so many times more.
    Pass(Queued, u32),
    /// The same, and answer.
    Question(Queued, u32, Reply<()>),
    /// A question has its answer, or has none.
    Answered,
    /// What a job has made ready to be passed on.
    Ready(u32),
}

impl Job {
    fn place(self) -> Option<Queued> {
        match self {
            Self::Begin(queued) | Self::Pass(queued, _) | Self::Question(queued, ..) => {
                Some(queued)
            }
            Self::Answered | Self::Ready(_) => None,
        }
    }
}

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(100_000);

struct Worker {
    index: usize,
    node: Node,
    everybody: Arc<OnceLock<Vec<Address<Job>>>>,
    gauges: Arc<[Gauge]>,
    begun: u32,
    guard: Option<PressureGuard>,
}

impl Worker {
    fn address(&self, of: usize) -> &Address<Job> {
        &self.everybody.get().expect("the root has set it before it sent anything")[of]
    }

    fn send(&self, to: usize, hops: u32, ctx: &mut Context<'_, Self>) -> Outcome {
        let (queued, to) = (Queued::new(&self.gauges, to), self.address(to));
        match self.node.manner {
            Manner::Sends | Manner::AfterAJob => to.send(Job::Pass(queued, hops))?,
            Manner::Tries => {
                if let Err(back) = to.try_send(Job::Pass(queued, hops))
                    && let Some(queued) = back.into_message().place()
                {
                    queued.handed_back();
                }
            }
            Manner::Asks => {
                let question = |reply| Job::Question(queued, hops, reply);
                ctx.ask_within(LONG, to, question, |_| Job::Answered);
            }
        }
        Ok(())
    }

    fn begin(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        for link in &self.node.links {
            for _ in 0..self.node.burst {
                self.send(link.to, self.node.hops, ctx)?;
            }
        }
        self.begun += 1;
        if self.begun < self.node.items {
            let again = Job::Begin(Queued::new(&self.gauges, self.index));
            self.address(self.index).send(again)?;
        }
        Ok(())
    }

    /// Passes on what came, now or after a job.
    fn came(&mut self, hops: u32, ctx: &mut Context<'_, Self>) -> Outcome {
        let longest = self.node.holds.as_millis() as u64;
        if longest > 0 && ctx.random().is_multiple_of(8) {
            let millis = ctx.random() % longest;
            self.guard = Some(ctx.pressure(Duration::from_millis(millis)));
        }
        match hops.checked_sub(1) {
            None => Ok(()),
            Some(hops) if self.node.manner == Manner::AfterAJob => {
                ctx.start(job(Lane::User, move || hops), |hops| Job::Ready(hops.unwrap_or(0)));
                Ok(())
            }
            Some(hops) => self.pass(hops, ctx),
        }
    }

    fn pass(&self, hops: u32, ctx: &mut Context<'_, Self>) -> Outcome {
        let links = match (&self.node.links[..], self.node.one_of) {
            ([], _) => return Ok(()),
            (links, true) => std::slice::from_ref(&links[ctx.random() as usize % links.len()]),
            (links, false) => links,
        };
        for link in links {
            if ctx.random() % 100 < u64::from(link.percent) {
                for _ in 0..link.copies {
                    self.send(link.to, hops, ctx)?;
                }
            }
        }
        Ok(())
    }
}

impl Actor for Worker {
    type Message = Job;

    fn receive(&mut self, job: Job, ctx: &mut Context<'_, Self>) -> Outcome {
        match job {
            Job::Begin(queued) => {
                queued.handled();
                self.begin(ctx)
            }
            Job::Pass(queued, hops) => {
                queued.handled();
                self.came(hops, ctx)
            }
            Job::Question(queued, hops, reply) => {
                queued.handled();
                reply.send(());
                self.came(hops, ctx)
            }
            Job::Answered => Ok(()),
            Job::Ready(hops) => self.pass(hops, ctx),
        }
    }

    fn show(job: &Job) -> String {
        match job {
            Job::Begin(_) => "Begin".to_owned(),
            Job::Pass(_, hops) => format!("Pass({hops})"),
            Job::Question(_, hops, _) => format!("Question({hops})"),
            Job::Answered => "Answered".to_owned(),
            Job::Ready(hops) => format!("Ready({hops})"),
        }
    }
}
