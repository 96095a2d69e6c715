//! Graphs of actors that send to one another, run on any runtime, with every mailbox measured.
//!
//! A [`Topology`] says who sends how much to whom. [`Topology::run`] builds it under an idle root and returns, when
//! nothing can happen any more, what each mailbox has held at most. A stall shows as messages that were not handled:
//! a runtime in which everybody waits has nothing left to do, so it ends.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use roundsman::{Actor, Address, Builder, Context, Outcome, Placement, Spawn};

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
    /// To whom it sends.
    pub links: Vec<Link>,
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
        let root = move || Role::<()>::idle().started(move |ctx| topology.plant(ctx, &measured));
        run_balanced(runtime, root).expect("the root does not fail");
        let sum = |one: fn(&Gauge) -> &AtomicU64| {
            gauges.iter().map(|gauge| one(gauge).load(Ordering::SeqCst)).sum::<u64>()
        };
        let report = Report {
            most: gauges.iter().map(|gauge| gauge.most.load(Ordering::SeqCst) as u64).collect(),
            sent: sum(|gauge| &gauge.sent),
            handled: sum(|gauge| &gauge.handled),
        };
        assert_eq!(report.handled, report.sent, "it has stalled: {report:?} in {self:?}");
        report
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
            }
        }
        bound + if remote { INBOX_HIGH } else { 0 }
    }

    fn plant(self, ctx: &mut Context<'_, Role<()>>, gauges: &Arc<[Gauge]>) -> Outcome {
        let everybody: Arc<OnceLock<Vec<Address<Job>>>> = Arc::default();
        let spawn = |(index, node): (usize, &Node)| {
            let (node, gauges) = (node.clone(), Arc::clone(gauges));
            let everybody = Arc::clone(&everybody);
            let mailbox = Spawn::named(format!("node-{index}")).high(node.high);
            ctx.spawn_on_with(Placement::Loop(node.home), mailbox, move || Worker {
                begun: 0,
                index,
                node,
                everybody,
                gauges,
            })
        };
        let addresses: Vec<_> = self.nodes.iter().enumerate().map(spawn).collect();
        everybody.set(addresses.clone()).expect("set once");
        for (index, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.items > 0) {
            gauges[index].rise();
            addresses[index].send(Job::Begin).map_err(|_| format!("{node:?} has ended"))?;
        }
        Ok(())
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

impl Gauge {
    fn rise(&self) {
        self.sent.fetch_add(1, Ordering::SeqCst);
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(waiting, Ordering::SeqCst);
    }

    fn fall(&self) {
        self.handled.fetch_add(1, Ordering::SeqCst);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

enum Job {
    /// Send of your own accord.
    Begin,
    /// Pass this on, so many times more.
    Pass(u32),
}

struct Worker {
    index: usize,
    node: Node,
    begun: u32,
    everybody: Arc<OnceLock<Vec<Address<Job>>>>,
    gauges: Arc<[Gauge]>,
}

impl Worker {
    fn send(&self, to: usize, job: Job) -> Outcome {
        let everybody = self.everybody.get().expect("the root has set it before it sent anything");
        self.gauges[to].rise();
        everybody[to].send(job)?;
        Ok(())
    }

    fn begin(&mut self) -> Outcome {
        for link in &self.node.links {
            for _ in 0..self.node.burst {
                self.send(link.to, Job::Pass(self.node.hops))?;
            }
        }
        self.begun += 1;
        if self.begun < self.node.items {
            self.send(self.index, Job::Begin)?;
        }
        Ok(())
    }

    fn pass(&self, hops: u32, ctx: &Context<'_, Self>) -> Outcome {
        let links = match (&self.node.links[..], self.node.one_of) {
            ([], _) => return Ok(()),
            (links, true) => std::slice::from_ref(&links[ctx.random() as usize % links.len()]),
            (links, false) => links,
        };
        for link in links {
            if ctx.random() % 100 < u64::from(link.percent) {
                for _ in 0..link.copies {
                    self.send(link.to, Job::Pass(hops))?;
                }
            }
        }
        Ok(())
    }
}

impl Actor for Worker {
    type Message = Job;

    fn receive(&mut self, job: Job, ctx: &mut Context<'_, Self>) -> Outcome {
        self.gauges[self.index].fall();
        match job {
            Job::Begin => self.begin(),
            Job::Pass(0) => Ok(()),
            Job::Pass(hops) => self.pass(hops - 1, ctx),
        }
    }
}
