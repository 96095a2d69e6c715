//! Storms over supervised children: they panic, fail, leave and are stopped while others send to them, ask and watch them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use roundsman::sim::{Host, Sim, check};
use roundsman::{
    Actor, Address, AskError, Backoff, ChildSpec, Context, ExitReason, Outcome, Placement, Reply,
    Simulation, Spawn, Strategy, Supervision, Terminated, Timestamp,
};
use roundsman_tests::role::Role;

use super::secs;

/// What is known of everybody. It is written and read on one thread, and never held across a handler.
#[derive(Clone, Default)]
struct Books(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    boss: Option<Address<()>>,
    /// How often the boss was built.
    lives: u64,
    addresses: Vec<Address<Task>>,
    children: Vec<Child>,
    clients_done: usize,
    asked: u64,
    /// What came of questions: an answer, or none.
    answers: u64,
    failed_asks: u64,
    /// Of these, as nobody said anything until the deadline.
    timeouts: u64,
    /// How often each watcher was told.
    told: Vec<u32>,
    /// What must not have happened.
    wrong: Vec<String>,
}

/// What is known of one child.
#[derive(Clone, Default)]
struct Child {
    alive: i64,
    /// Actors that it has spawned.
    helpers: i64,
    /// When it was built, and in which life of the boss.
    built: Vec<(u64, Timestamp)>,
    failures: u64,
    sent: u64,
    seen: u64,
    /// The last number that it has seen of each client.
    last: BTreeMap<usize, u64>,
}

impl Books {
    fn open(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().expect("nobody panics as he writes")
    }
}

/// What a child takes.
enum Task {
    Note { from: usize, number: u64 },
    Ask(u64, Reply<u64>),
    Forget(Reply<u64>),
    Fail,
    Leave,
}

struct Worker {
    index: usize,
    books: Books,
}

impl Worker {
    /// Nothing of its former life is left, and with the strategies for groups no younger sibling runs.
    fn built(index: usize, strategy: Strategy, books: &Books) -> Self {
        let now = Simulation::current().expect("it is simulated").now();
        let mut entries = books.open();
        let lives = entries.lives;
        let again = entries.children[index].built.last().is_some_and(|(life, _)| *life == lives);
        let younger: i64 = entries.children[index + 1..].iter().map(|child| child.alive).sum();
        if again && strategy != Strategy::OneForOne && younger > 0 {
            entries.wrong.push(format!("child-{index} is built while a younger one runs"));
        }
        if entries.children[index].helpers > 0 {
            entries.wrong.push(format!("child-{index} is built, and its former helper runs"));
        }
        let child = &mut entries.children[index];
        child.alive += 1;
        child.built.push((lives, now));
        Self { index, books: books.clone() }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.books.open().children[self.index].alive -= 1;
    }
}

/// What a child has spawned.
struct Helper(usize, Books);

impl Drop for Helper {
    fn drop(&mut self) {
        self.1.open().children[self.0].helpers -= 1;
    }
}

impl Actor for Helper {
    type Message = ();

    fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
        Ok(())
    }
}

impl Actor for Worker {
    type Message = Task;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.books.open().children[self.index].helpers += 1;
        let (index, books) = (self.index, self.books.clone());
        ctx.spawn_on(Placement::RoundRobin, move || Helper(index, books));
        Ok(())
    }

    fn receive(&mut self, task: Task, ctx: &mut Context<'_, Self>) -> Outcome {
        match task {
            Task::Note { from, number } => {
                let mut entries = self.books.open();
                let child = &mut entries.children[self.index];
                child.seen += 1;
                if child.last.insert(from, number).is_some_and(|last| last >= number) {
                    let text = format!("child-{} sees {number} of {from} too late", self.index);
                    entries.wrong.push(text);
                }
            }
            Task::Ask(number, reply) => reply.send(number),
            Task::Forget(reply) => drop(reply),
            Task::Fail => return Err("it was told to".into()),
            Task::Leave => ctx.stop(),
        }
        Ok(())
    }

    fn stopping(&mut self, why: &ExitReason, _: &mut Context<'_, Self>) {
        self.books.open().children[self.index].failures += u64::from(why.is_failure());
    }

    fn show(task: &Task) -> String {
        match task {
            Task::Note { from, number } => format!("Note({number} of client-{from})"),
            Task::Ask(number, _) => format!("Ask({number})"),
            Task::Forget(_) => "Forget".to_owned(),
            Task::Fail => "Fail".to_owned(),
            Task::Leave => "Leave".to_owned(),
        }
    }
}

/// Supervises the children. Any message makes it fail.
struct Boss {
    plan: Plan,
    books: Books,
}

impl Actor for Boss {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.supervision(self.plan.policy);
        {
            let mut entries = self.books.open();
            let left: i64 = entries.children.iter().map(|child| child.alive + child.helpers).sum();
            if left > 0 {
                entries.wrong.push("the boss begins, and somebody of before still runs".to_owned());
            }
            entries.lives += 1;
            entries.addresses.clear();
        }
        for index in 0..self.plan.children {
            let (books, strategy) = (self.books.clone(), self.plan.strategy);
            let spec = ChildSpec::permanent(format!("child-{index}"));
            let place = Placement::Loop(index % self.plan.loops);
            let child =
                ctx.supervise_on(place, spec, move || Worker::built(index, strategy, &books));
            self.books.open().addresses.push(child);
        }
        Ok(())
    }

    fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
        Err("it was told to".into())
    }
}

/// What a client does to a child.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Note,
    Ask,
    Forget,
    Rest,
    Fail,
    Leave,
    Stop,
    Watch,
    FailTheBoss,
}

struct Client {
    index: usize,
    script: VecDeque<(usize, Act)>,
    number: u64,
    books: Books,
}

enum Step {
    Go,
    Answered { number: u64, answer: Result<u64, AskError> },
    Gone { watch: usize, gone: Terminated },
}

impl Client {
    fn act(&mut self, on: usize, act: Act, ctx: &mut Context<'_, Self>) {
        let mut entries = self.books.open();
        let Some(child) = entries.addresses.get(on).cloned() else { return };
        self.number += 1;
        let number = self.number;
        let answered = move |answer| Step::Answered { number, answer };
        entries.asked += u64::from(matches!(act, Act::Ask | Act::Forget));
        let note = match act {
            Act::Watch => {
                let watch = entries.told.len();
                entries.told.push(0);
                ctx.watch(&child, move |gone| Step::Gone { watch, gone });
                return;
            }
            Act::FailTheBoss => {
                // Between two lives it takes no notice.
                let _ = entries.boss.as_ref().map(|boss| boss.send(()));
                return;
            }
            Act::Rest => return,
            Act::Note => {
                entries.children[on].sent += 1;
                Task::Note { from: self.index, number }
            }
            Act::Ask => {
                drop(entries);
                return ctx.ask(&child, |reply| Task::Ask(number, reply), answered);
            }
            Act::Forget => {
                drop(entries);
                return ctx.ask(&child, Task::Forget, answered);
            }
            Act::Stop => return child.stop(),
            Act::Fail => Task::Fail,
            Act::Leave => Task::Leave,
        };
        drop(entries);
        // With its boss a child ends for good.
        let _ = child.send(note);
    }
}

impl Actor for Client {
    type Message = Step;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        Ok(ctx.address().send(Step::Go)?)
    }

    fn receive(&mut self, step: Step, ctx: &mut Context<'_, Self>) -> Outcome {
        match step {
            Step::Go => match self.script.pop_front() {
                None => self.books.open().clients_done += 1,
                Some((on, act)) => {
                    self.act(on, act, ctx);
                    match act {
                        Act::Rest => _ = ctx.send_after(Duration::from_millis(200), Step::Go),
                        _ => ctx.address().send(Step::Go)?,
                    }
                }
            },
            Step::Answered { number, answer } => {
                let mut entries = self.books.open();
                match answer {
                    Ok(answer) if answer != number => {
                        entries.wrong.push(format!("{answer} is the answer to {number}"));
                    }
                    Ok(_) => entries.answers += 1,
                    Err(error) => {
                        entries.failed_asks += 1;
                        entries.timeouts += u64::from(error == AskError::Timeout);
                    }
                }
            }
            Step::Gone { watch, gone } => {
                let mut entries = self.books.open();
                entries.told[watch] += 1;
                if entries.addresses.iter().any(|child| child.id() == gone.id && !child.is_closed())
                {
                    entries.wrong.push(format!("{} is told to be gone, and is not", gone.path));
                }
            }
        }
        Ok(())
    }

    fn show(step: &Step) -> String {
        match step {
            Step::Go => "Go".to_owned(),
            Step::Answered { number, answer } => format!("Answered({number}: {answer:?})"),
            Step::Gone { gone, .. } => format!("Gone({} {})", gone.path, gone.reason),
        }
    }
}

/// Who is there, and how they are treated.
#[derive(Clone, Copy)]
struct Plan {
    loops: usize,
    children: usize,
    strategy: Strategy,
    policy: Supervision,
}

impl Plan {
    fn drawn(sim: &Sim) -> Self {
        let strategy = sim.pick(&[Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne]);
        let policy = match strategy {
            Strategy::OneForAll => Supervision::one_for_all(),
            Strategy::RestForOne => Supervision::rest_for_one(),
            _ => Supervision::one_for_one(),
        };
        let (loops, children) = (1 + sim.below(3), 1 + sim.below(4));
        Self { loops, children, strategy, policy }
    }

    fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.policy = self.policy.intensity(restarts, period);
        self
    }
}

/// Has a host `office` with a boss, its children, and some clients that do these acts to them, drawn.
fn office(sim: &Sim, plan: Plan, acts: &[Act]) -> Office {
    let books = Books::default();
    books.open().children = vec![Child::default(); plan.children];
    let clients = 1 + sim.below(3);
    let mut act = |_| (sim.below(plan.children), sim.pick(acts));
    let mut script = |_| (0..1 + sim.below(30)).map(&mut act).collect::<VecDeque<_>>();
    let scripts: Vec<_> = (0..clients).map(&mut script).collect();
    let entries = books.clone();
    let root = move || {
        let (scripts, books) = (scripts.clone(), entries.clone());
        Role::<()>::idle().started(move |ctx| {
            ctx.supervision(Supervision::one_for_one().intensity(u32::MAX, secs(1)));
            let hires = books.clone();
            let make = move || Boss { plan, books: hires.clone() };
            let place = Placement::Loop(plan.loops - 1);
            let boss = ctx.supervise_on(place, ChildSpec::transient("boss"), make);
            books.open().boss = Some(boss);
            for (index, script) in scripts.into_iter().enumerate() {
                let books = books.clone();
                let client = move || Client { index, script, number: 0, books };
                let spawn = Spawn::named(format!("client-{index}"));
                ctx.spawn_on_with(Placement::Loop(index % plan.loops), spawn, client);
            }
            Ok(())
        })
    };
    let host = sim.host("office").loops(plan.loops).start_with("root", root);
    let seen = books.clone();
    sim.invariant("no child runs twice, and nothing is wrong", move || {
        let entries = seen.open();
        let twice = entries.children.iter().position(|child| !(0..=1).contains(&child.alive));
        match (twice, entries.wrong.first()) {
            (Some(index), _) => Err(format!("child-{index} runs twice")),
            (None, Some(wrong)) => Err(wrong.clone()),
            (None, None) => Ok(()),
        }
    });
    Office { host, books, clients }
}

/// What [`office`] has made.
struct Office {
    host: Host,
    books: Books,
    clients: usize,
}

impl Office {
    /// Until the clients have done all that they do, and have an answer to each question.
    fn work(&self, sim: &Sim) -> Outcome {
        let done = || {
            let entries = self.books.open();
            let answered = entries.answers + entries.failed_asks;
            entries.clients_done == self.clients && answered == entries.asked
        };
        Ok(sim.run_until(done, secs(1_000))?)
    }
}

/// What fails a child, whoever sees to it.
const FAILURES: [Act; 9] = [
    Act::Note,
    Act::Note,
    Act::Note,
    Act::Ask,
    Act::Forget,
    Act::Rest,
    Act::Fail,
    Act::Leave,
    Act::Stop,
];

#[test]
fn a_child_that_is_built_anew_has_its_address_and_its_mailbox_and_nothing_else_of_before() {
    check(200, |sim| {
        let mut plan = Plan::drawn(sim).intensity(u32::MAX, secs(1));
        if sim.below(2) == 1 {
            let backoff = Backoff::exponential(Duration::from_millis(10), secs(2));
            plan.policy = plan.policy.backoff(backoff);
        }
        let office = office(sim, plan, &FAILURES);
        sim.panic_randomly("office/*/child-*", 50_000);
        sim.stall_randomly("office/*", 5_000, Duration::from_millis(50));
        office.work(sim)?;
        sim.run()?;
        let entries = office.books.open();
        for (index, child) in entries.children.iter().enumerate() {
            let lost = child.sent - child.seen;
            // A failure takes with it what was in hand, and no more.
            assert!(lost <= child.failures, "child-{index} lost {lost}, with {}", child.failures);
        }
        let ledger = sim.handle(office.host).metrics().ledger();
        assert_eq!(ledger.dead_letters(), 0, "mailboxes outlive their actors: {ledger}");
        Ok(())
    });
}

#[test]
fn every_question_is_answered_once_whatever_becomes_of_who_was_asked() {
    check(200, |sim| {
        let plan = Plan::drawn(sim).intensity(sim.below(4) as u32, secs(1));
        let acts = [&FAILURES[..], &[Act::Ask, Act::Forget, Act::FailTheBoss]].concat();
        let office = office(sim, plan, &acts);
        sim.panic_randomly("office/*/child-*", 50_000);
        office.work(sim)?;
        // Nothing comes later that was counted too early.
        sim.run()?;
        let entries = office.books.open();
        assert_eq!(entries.answers + entries.failed_asks, entries.asked);
        assert_eq!(
            entries.timeouts, 0,
            "nobody is slow: what is not answered is said to be, at once"
        );
        Ok(())
    });
}

#[test]
fn every_watch_is_told_once_and_after_the_end_only() {
    check(200, |sim| {
        let plan = Plan::drawn(sim).intensity(sim.below(4) as u32, secs(1));
        let acts =
            [&FAILURES[..], &[Act::Watch, Act::Watch, Act::Watch, Act::FailTheBoss]].concat();
        let office = office(sim, plan, &acts);
        sim.panic_randomly("office/*/child-*", 50_000);
        office.work(sim)?;
        let boss = office.books.open().boss.clone();
        boss.expect("the office has begun").stop();
        sim.run()?;
        let told = std::mem::take(&mut office.books.open().told);
        assert!(told.iter().all(|times| *times == 1), "{told:?}");
        Ok(())
    });
}

#[test]
fn a_supervisor_allows_no_more_restarts_than_its_intensity_in_any_period() {
    check(200, |sim| {
        let (most, period) = (sim.below(4) as u32, secs(1));
        let mut plan = Plan::drawn(sim);
        (plan.strategy, plan.policy) = (Strategy::OneForOne, Supervision::one_for_one());
        let office = office(sim, plan.intensity(most, period), &FAILURES);
        sim.panic_randomly("office/*/child-*", 50_000);
        office.work(sim)?;
        sim.run()?;
        let entries = office.books.open();
        for life in 1..=entries.lives {
            let restarts = entries.children.iter().flat_map(|child| {
                let built = child.built.iter().filter(move |(of, _)| *of == life);
                built.skip(1).map(|(_, at)| at.since_start())
            });
            let mut restarts: Vec<_> = restarts.collect();
            restarts.sort_unstable();
            let too_many = restarts
                .windows(most as usize + 1)
                .find(|times| times[most as usize] - times[0] < period);
            assert!(too_many.is_none(), "more than {most}: {too_many:?} in life {life}");
        }
        Ok(())
    });
}
