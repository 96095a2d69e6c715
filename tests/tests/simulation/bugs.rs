//! Bugs that are found: each within 1,000 seeds, and shown in under 20 steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use roundsman::sim::{Check, Failed, Failing, Sim};
use roundsman::{Actor, Address, Context, Outcome, Reply, Spawn};

/// What is found within 1,000 seeds, and shrunk.
#[track_caller]
fn found(body: impl Fn(&Sim) -> Outcome) -> Box<Failing> {
    let failing = Check::new().seeds(1_000).run(body).expect_err("the bug is found");
    if std::env::var_os("SHOWFAIL").is_some() {
        eprintln!("{failing}");
    }
    assert!(failing.trace().len() < 20, "{failing}");
    failing
}

mod lost_update {
    //! Somebody reads, adds, and writes, as somebody else does the same.

    use super::*;

    enum Account {
        Read(Reply<u32>),
        Write(u32),
    }

    struct Bank {
        balance: u32,
        shown: Arc<AtomicU32>,
    }

    impl Actor for Bank {
        type Message = Account;

        fn receive(&mut self, message: Account, _: &mut Context<'_, Self>) -> Outcome {
            match message {
                Account::Read(reply) => reply.send(self.balance),
                Account::Write(balance) => {
                    self.balance = balance;
                    self.shown.store(balance, Ordering::SeqCst);
                }
            }
            Ok(())
        }
    }

    struct Teller {
        bank: Address<Account>,
        left: u32,
    }

    impl Teller {
        fn ask(&self, ctx: &mut Context<'_, Self>) {
            ctx.ask(&self.bank, Account::Read, |balance| balance.unwrap_or_default());
        }
    }

    impl Actor for Teller {
        type Message = u32;

        fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            self.ask(ctx);
            Ok(())
        }

        fn receive(&mut self, balance: u32, ctx: &mut Context<'_, Self>) -> Outcome {
            // The bug: meanwhile the balance may be another.
            self.bank.send(Account::Write(balance + 1))?;
            self.left -= 1;
            if self.left == 0 {
                ctx.stop();
            } else {
                self.ask(ctx);
            }
            Ok(())
        }

        fn show(balance: &u32) -> String {
            format!("Balance({balance})")
        }
    }

    struct Branch {
        shown: Arc<AtomicU32>,
        tellers: u32,
        each: u32,
    }

    impl Actor for Branch {
        type Message = ();

        fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            let shown = Arc::clone(&self.shown);
            let bank = ctx.spawn_with(Spawn::named("bank"), Bank { balance: 0, shown });
            for number in 0..self.tellers {
                let teller = Teller { bank: bank.clone(), left: self.each };
                ctx.spawn_with(Spawn::named(format!("teller-{number}")), teller);
            }
            Ok(())
        }

        fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
            Ok(())
        }
    }

    #[test]
    fn a_lost_update_between_two_mailboxes_is_found() {
        let failing = found(|sim| {
            let shown = Arc::new(AtomicU32::new(0));
            let (tellers, each) = (1 + sim.below(4) as u32, 1 + sim.below(20) as u32);
            let seen = Arc::clone(&shown);
            let branch = move || Branch { shown: Arc::clone(&seen), tellers, each };
            sim.host("branch").start_with("branch", branch);
            sim.run()?;
            let sum = shown.load(Ordering::SeqCst);
            if sum != tellers * each {
                Err(format!("{sum} where {tellers} tellers have paid in {each} each"))?;
            }
            Ok(())
        });
        assert!(matches!(failing.failed(), Failed::Body(_)), "{failing}");
        // Two tellers, one payment each: it cannot be less.
        let text = failing.to_string();
        assert!(text.contains("1 where 2 tellers have paid in 1 each"), "{text}");
    }
}

mod missed_wake_up {
    //! A worker sleeps when there is nothing to do, and is rung when there is. The bell is lost while it is cut off.

    use super::*;

    enum Task {
        Fetch,
        Got(Option<u32>),
    }

    /// Tells a worker once that there is something, and no more until it has found nothing.
    struct Queue {
        items: u32,
        is_told: bool,
        worker: Option<Address<Task>>,
        link: Arc<AtomicU32>,
    }

    enum Ask {
        Hello(Address<Task>),
        Add,
        Take,
    }

    impl Queue {
        /// What goes over a link that is down is lost.
        fn send(&self, task: Task) -> Outcome {
            if self.link.load(Ordering::SeqCst) == 1 {
                return Ok(());
            }
            if let Some(worker) = &self.worker {
                worker.send(task)?;
            }
            Ok(())
        }
    }

    impl Actor for Queue {
        type Message = Ask;

        fn receive(&mut self, message: Ask, _: &mut Context<'_, Self>) -> Outcome {
            match message {
                Ask::Hello(worker) => self.worker = Some(worker),
                Ask::Add => {
                    self.items += 1;
                    // The bug: it takes for granted that this arrives.
                    if !self.is_told {
                        self.is_told = true;
                        return self.send(Task::Fetch);
                    }
                }
                Ask::Take => {
                    let item = self.items.checked_sub(1);
                    self.is_told = item.is_some();
                    self.items = item.unwrap_or(0);
                    return self.send(Task::Got(item));
                }
            }
            Ok(())
        }
    }

    struct Worker {
        queue: Address<Ask>,
        done: Arc<AtomicU32>,
    }

    impl Actor for Worker {
        type Message = Task;

        fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            Ok(self.queue.send(Ask::Hello(ctx.address()))?)
        }

        fn receive(&mut self, task: Task, _: &mut Context<'_, Self>) -> Outcome {
            match task {
                Task::Fetch => self.queue.send(Ask::Take)?,
                Task::Got(None) => {}
                Task::Got(Some(_)) => {
                    self.done.fetch_add(1, Ordering::SeqCst);
                    self.queue.send(Ask::Take)?;
                }
            }
            Ok(())
        }
    }

    struct Idle;

    impl Actor for Idle {
        type Message = ();

        fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
            Ok(())
        }
    }

    #[test]
    fn a_missed_wake_up_after_a_partition_is_found() {
        let failing = found(|sim| {
            let (link, done) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
            let [store, office] =
                ["store", "office"].map(|name| sim.host(name).serves().start(|| Idle));
            let down = Arc::clone(&link);
            let queue = sim.spawn(store, move || Queue {
                items: 0,
                is_told: false,
                worker: None,
                link: down,
            });
            let (asks, counts) = (queue.clone(), Arc::clone(&done));
            sim.spawn(office, move || Worker { queue: asks, done: counts });
            sim.advance(Duration::from_millis(1));
            let count = 1 + sim.below(10) as u32;
            // The link is down for a moment, and heals.
            if sim.chance(100_000) {
                let (cut, heal) = (Arc::clone(&link), Arc::clone(&link));
                let (begin, takes) =
                    (sim.time_below(Duration::from_millis(10)), Duration::from_millis(1));
                sim.after(begin, move |sim| {
                    sim.note("the link is cut");
                    cut.store(1, Ordering::SeqCst);
                });
                sim.after(begin + takes, move |sim| {
                    sim.note("the link has healed");
                    heal.store(0, Ordering::SeqCst);
                });
            }
            for _ in 0..count {
                sim.advance(sim.time_below(Duration::from_millis(3)));
                let adds = queue.clone();
                sim.spawn(store, move || Once { queue: adds });
            }
            let all = || done.load(Ordering::SeqCst) == count;
            Ok(sim.run_until(all, Duration::from_secs(1))?)
        });
        assert!(matches!(failing.failed(), Failed::NotReached { .. }), "{failing}");
        assert!(failing.to_string().contains("the link is cut"), "{failing}");
    }

    /// Adds one item and stops.
    struct Once {
        queue: Address<Ask>,
    }

    impl Actor for Once {
        type Message = ();

        fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            self.queue.send(Ask::Add)?;
            ctx.stop();
            Ok(())
        }

        fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
            Ok(())
        }
    }
}

mod deadlock {
    //! Two philosophers, two forks. A fork that is taken holds pressure back on whoever wants it.

    use super::*;

    enum Fork {
        Take(Address<Dinner>),
        Put,
    }

    #[derive(Debug)]
    enum Dinner {
        Begin,
        Have,
    }

    /// Gives itself to the first who asks, then to the next.
    #[derive(Default)]
    struct Resource {
        is_taken: bool,
        waiting: std::collections::VecDeque<Address<Dinner>>,
    }

    impl Actor for Resource {
        type Message = Fork;

        fn receive(&mut self, message: Fork, _: &mut Context<'_, Self>) -> Outcome {
            match message {
                Fork::Take(who) => self.waiting.push_back(who),
                Fork::Put => self.is_taken = false,
            }
            if !self.is_taken
                && let Some(next) = self.waiting.pop_front()
            {
                self.is_taken = true;
                next.send(Dinner::Have)?;
            }
            Ok(())
        }

        fn show(message: &Fork) -> String {
            match message {
                Fork::Take(who) => format!("Take, for {}", who.path()),
                Fork::Put => "Put".to_owned(),
            }
        }
    }

    struct Philosopher {
        forks: [Address<Fork>; 2],
        held: usize,
        meals: usize,
    }

    impl Actor for Philosopher {
        type Message = Dinner;

        fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            // Whoever is at table wants to finish.
            ctx.set_unfinished(true);
            Ok(ctx.address().send(Dinner::Begin)?)
        }

        fn receive(&mut self, message: Dinner, ctx: &mut Context<'_, Self>) -> Outcome {
            match message {
                Dinner::Begin if self.meals == 0 => ctx.stop(),
                Dinner::Begin => self.forks[0].send(Fork::Take(ctx.address()))?,
                Dinner::Have if self.held == 0 => {
                    // The bug: both take the one at their right first.
                    self.held = 1;
                    self.forks[1].send(Fork::Take(ctx.address()))?;
                }
                Dinner::Have => {
                    self.held = 0;
                    self.meals -= 1;
                    for fork in &self.forks {
                        fork.send(Fork::Put)?;
                    }
                    ctx.address().send(Dinner::Begin)?;
                }
            }
            Ok(())
        }

        fn show(message: &Dinner) -> String {
            format!("{message:?}")
        }
    }

    struct Table {
        seats: usize,
        meals: usize,
    }

    impl Actor for Table {
        type Message = ();

        fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            let fork = |number| (Spawn::named(format!("fork-{number}")), Resource::default());
            let forks: Vec<_> = (0..self.seats)
                .map(|number| {
                    let (spawn, fork) = fork(number);
                    ctx.spawn_with(spawn, fork)
                })
                .collect();
            for seat in 0..self.seats {
                let forks = [seat, (seat + 1) % self.seats].map(|fork| forks[fork].clone());
                let philosopher = Philosopher { forks, held: 0, meals: self.meals };
                ctx.spawn_with(Spawn::named(format!("philosopher-{seat}")), philosopher);
            }
            Ok(())
        }

        fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
            Ok(())
        }
    }

    #[test]
    fn a_protocol_that_deadlocks_is_found() {
        let failing = found(|sim| {
            let (seats, meals) = (2 + sim.below(4), 1 + sim.below(10));
            sim.host("room").start_with("table", move || Table { seats, meals });
            Ok(sim.run()?)
        });
        let Failed::Deadlock(waiting) = failing.failed() else { panic!("{failing}") };
        assert!(
            waiting.contains("room: /table/philosopher-0, which has not finished"),
            "{failing}"
        );
    }
}
