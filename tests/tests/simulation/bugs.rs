//! Bugs that are found: each within 1,000 seeds, and shown in under 20 steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use roundsman::sim::{Check, Failed, Failing, Sim};
use roundsman::{Actor, Address, Context, Outcome, Placement, Reply, Spawn};

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
    //! Two peers ask each other over a link with credit. Answers need credit as well, and what cannot be answered yet gives
    //! none back: when both have spent theirs on questions, nobody answers.

    use super::*;

    enum Frame {
        Meet(Address<Frame>),
        Ask,
        Answer,
        /// One frame more may be sent.
        Credit,
    }

    struct Peer {
        other: Option<Address<Frame>>,
        credit: u32,
        /// Questions that are still to be asked, and those that wait for their answer.
        unasked: u32,
        unanswered: u32,
        /// Questions of the other that wait for credit.
        held: u32,
    }

    impl Peer {
        fn send(&mut self, frame: Frame) -> Outcome {
            self.credit -= 1;
            self.tell(frame)
        }

        fn tell(&self, frame: Frame) -> Outcome {
            let other = self.other.as_ref().ok_or("they have not met")?;
            Ok(other.send(frame)?)
        }

        fn go_on(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            while self.credit > 0 && self.held > 0 {
                self.held -= 1;
                self.send(Frame::Answer)?;
                self.tell(Frame::Credit)?;
            }
            // The bug: questions may take the last credit, which an answer will need.
            while self.credit > 0 && self.unasked > 0 {
                self.unasked -= 1;
                self.unanswered += 1;
                self.send(Frame::Ask)?;
            }
            ctx.set_unfinished(self.unanswered + self.held > 0);
            Ok(())
        }
    }

    impl Actor for Peer {
        type Message = Frame;

        fn receive(&mut self, frame: Frame, ctx: &mut Context<'_, Self>) -> Outcome {
            match frame {
                Frame::Meet(other) => self.other = Some(other),
                Frame::Ask => self.held += 1,
                Frame::Answer => {
                    self.unanswered -= 1;
                    self.tell(Frame::Credit)?;
                }
                Frame::Credit => self.credit += 1,
            }
            self.go_on(ctx)
        }

        fn show(frame: &Frame) -> String {
            match frame {
                Frame::Meet(other) => format!("Meet({})", other.path()),
                Frame::Ask => "Ask".to_owned(),
                Frame::Answer => "Answer".to_owned(),
                Frame::Credit => "Credit".to_owned(),
            }
        }
    }

    struct Call {
        credit: u32,
        questions: [u32; 2],
    }

    impl Actor for Call {
        type Message = ();

        fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            let peer = |unasked| Peer {
                other: None,
                credit: self.credit,
                unasked,
                unanswered: 0,
                held: 0,
            };
            let [ann, bob] = self.questions.map(peer);
            let ann = ctx.spawn_with(Spawn::named("ann"), ann);
            let bob = ctx.spawn_on_with(Placement::Loop(1), Spawn::named("bob"), move || bob);
            ann.send(Frame::Meet(bob.clone()))?;
            Ok(bob.send(Frame::Meet(ann))?)
        }

        fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
            Ok(())
        }
    }

    #[test]
    fn a_protocol_that_deadlocks_under_pressure_is_found() {
        let failing = found(|sim| {
            let credit = 4 - sim.below(4) as u32;
            let questions = [(); 2].map(|()| sim.below(6) as u32);
            sim.host("line").loops(2).start_with("call", move || Call { credit, questions });
            Ok(sim.run()?)
        });
        let Failed::Deadlock(waiting) = failing.failed() else { panic!("{failing}") };
        for peer in ["ann", "bob"] {
            let unfinished = format!("line: /call/{peer}, which has not finished");
            assert!(waiting.contains(&unfinished), "{failing}");
        }
    }
}
