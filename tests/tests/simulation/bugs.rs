//! Bugs that are found: each within 1,000 seeds, and shown in under 20 steps.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::UdpSocket;
use roundsman::net::udp::{self, Datagram, Outgoing};
use roundsman::sim::{Check, Failed, Failing, Sim};
use roundsman::stream::{Item, StreamContext};
use roundsman::{Actor, Address, Context, Outcome, Placement, Reply, Spawn};

/// What is found within 1,000 seeds, and shrunk.
#[track_caller]
fn found(body: impl Fn(&Sim) -> Outcome) -> Box<Failing> {
    let failing = Check::new().seeds(1_000).run(body).expect_err("the bug is found");
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
    //! The keeper of a door wakes a sleeper on another host when it opens, by a datagram. The network between the two is cut for
    //! a moment, and heals; if the door opens meanwhile, that datagram is lost.

    use super::*;

    const PORT: u16 = 7;
    /// How long a keeper that rings again waits before it does.
    const AGAIN: Duration = Duration::from_millis(500);

    /// Rings when the door opens.
    struct Keeper {
        socket: Option<UdpSocket>,
        sleeper: SocketAddr,
        opens_in: Duration,
        /// For as long as the door is open. Without it: the bug.
        rings_again: bool,
    }

    /// It is time to ring.
    struct Ring;

    impl Actor for Keeper {
        type Message = Ring;

        fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            self.socket = Some(udp::socket("0.0.0.0:0").bind()?);
            ctx.send_after(self.opens_in, Ring);
            Ok(())
        }

        fn receive(&mut self, Ring: Ring, ctx: &mut Context<'_, Self>) -> Outcome {
            if let Some(socket) = &self.socket {
                socket.send(ctx, Outgoing::to(self.sleeper, Bytes::from_static(b"wake up")))?;
            }
            if self.rings_again {
                ctx.send_after(AGAIN, Ring);
            }
            Ok(())
        }

        fn show(_: &Ring) -> String {
            "rings".to_owned()
        }
    }

    /// Ends when it is woken.
    struct Sleeper;

    enum Heard {
        Datagram(Item<Datagram>),
        NoMore,
    }

    impl Actor for Sleeper {
        type Message = Heard;

        fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            let socket = udp::socket(format!("0.0.0.0:{PORT}")).bind()?;
            socket.reader().pipe(ctx.inlet(Heard::Datagram)).start(ctx, |_| Heard::NoMore);
            Ok(())
        }

        fn receive(&mut self, _: Heard, ctx: &mut Context<'_, Self>) -> Outcome {
            ctx.stop();
            Ok(())
        }

        fn show(heard: &Heard) -> String {
            match heard {
                Heard::Datagram(datagram) => format!("hears {:?}", datagram.bytes),
                Heard::NoMore => "hears no more".to_owned(),
            }
        }
    }

    /// A night, in which the network may be cut for a while.
    fn night(sim: &Sim, rings_again: bool) -> Outcome {
        let bed = sim.host("bed").start_with("sleeper", || Sleeper);
        let [ip, _] = sim.network().addresses("bed");
        let (sleeper, opens_in) = (SocketAddr::new(ip, PORT), time(sim, 100));
        sim.host("door").serves().start_with("keeper", move || Keeper {
            socket: None,
            sleeper,
            opens_in,
            rings_again,
        });
        if sim.chance(100_000) {
            let (begin, takes) = (time(sim, 100), time(sim, 20));
            sim.after(begin, |sim| sim.network().partition("door", "bed"));
            sim.after(begin + takes, |sim| sim.network().heal("door", "bed"));
        }
        Ok(sim.run_until(|| !sim.is_alive(bed), Duration::from_secs(10))?)
    }

    /// A time of less than so many milliseconds, but some.
    fn time(sim: &Sim, bound: u64) -> Duration {
        Duration::from_millis(1) + sim.time_below(Duration::from_millis(bound - 1))
    }

    #[test]
    fn a_missed_wake_up_after_a_partition_is_found() {
        let failing = found(|sim| night(sim, false));
        assert!(matches!(failing.failed(), Failed::NotReached { .. }), "{failing}");
        let entries = failing.trace().entries();
        let at = |what: &str| entries.iter().position(|entry| entry.message == what);
        let cut = at("door and bed are cut off from each other").expect("it is cut");
        let healed = at("door and bed reach each other again").expect("it heals");
        let rings = at("rings").expect("it rings");
        // What is under way as it is cut is lost as well.
        assert!(cut < healed && rings < healed, "{failing}");
        assert!(at("hears b\"wake up\"").is_none(), "{failing}");
    }

    #[test]
    fn whoever_rings_again_wakes_the_sleeper_whatever_is_lost() {
        // The seeds among which the other is found.
        Check::new().seeds(1_000).run(|sim| night(sim, true)).expect("it is heard in the end");
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
