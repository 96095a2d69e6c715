//! Streams over a network that is slow, stutters and is cut: what comes out is what a list gives, and every end is told once.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use roundsman::net::{ConnectError, Connection, tcp};
use roundsman::sim::{Host, NetworkFaults, Sim, check};
use roundsman::stream::{
    Item, LineTooLong, PipeError, Running, Source, StreamContext, Summary, concat, merge,
};
use roundsman::{Actor, Backoff, Context, Outcome, Placement};
use roundsman_tests::arrivals::{Arrivals, Order};
use roundsman_tests::counted::{Count, Counted};
use roundsman_tests::payload::Payload;

use super::secs;

/// What has come of a stream, at both ends.
#[derive(Clone, Default)]
struct Books(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    got: Vec<u64>,
    /// Items that came after the end.
    late: u32,
    ends: Vec<Result<Summary, PipeError>>,
    /// What was pulled from the other end's source.
    given: Count,
    /// How the other end's pipelines have ended.
    given_ends: u32,
}

impl Books {
    fn open(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().expect("nobody panics as he writes")
    }
}

/// Gives so many numbers, a line each, to each who connects.
struct Giver {
    numbers: u64,
    books: Books,
}

enum Given {
    Accepted(Item<Connection>),
    Ended,
    Closed,
}

impl Actor for Giver {
    type Message = Given;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let incoming = tcp::listen("0.0.0.0:7000")?.incoming();
        incoming.pipe(ctx.inlet(Given::Accepted)).start(ctx, |_| Given::Closed);
        Ok(())
    }

    fn receive(&mut self, given: Given, ctx: &mut Context<'_, Self>) -> Outcome {
        match given {
            Given::Accepted(conn) => {
                let conn = conn.take();
                let count = self.books.open().given.clone();
                let numbers = Source::iter(Counted::<u64>::new(self.numbers, &count));
                let lines = numbers.map(|number| Bytes::from(number.to_string())).encode_lines();
                lines.pipe(conn.writer()).start(ctx, |_| Given::Ended);
            }
            Given::Ended => self.books.open().given_ends += 1,
            Given::Closed => {}
        }
        Ok(())
    }
}

/// What makes the stages behind the connection.
type Through = Arc<dyn Fn(Source<u64>) -> Source<u64> + Send + Sync>;

/// Takes numbers from the other host.
struct Taker {
    through: Through,
    /// So many items it keeps in hand.
    keeps: usize,
    /// After so many it has enough.
    enough: Option<usize>,
    books: Books,
    kept: VecDeque<Item<u64>>,
    running: Option<Running>,
}

enum Took {
    Connected(Result<Connection, ConnectError>),
    Number(Item<u64>),
    Ended(Result<Summary, PipeError>),
    Over,
}

fn number(line: Result<Bytes, LineTooLong>) -> Result<u64, Box<dyn Error + Send + Sync>> {
    Ok(std::str::from_utf8(&line?)?.parse()?)
}

impl Actor for Taker {
    type Message = Took;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        tcp::connect("giver:7000").start(ctx, Took::Connected);
        Ok(())
    }

    fn receive(&mut self, took: Took, ctx: &mut Context<'_, Self>) -> Outcome {
        match took {
            Took::Connected(Ok(conn)) => {
                let numbers = (self.through)(conn.reader().lines(100).try_map(number));
                let pipeline = numbers.pipe(ctx.inlet(Took::Number));
                self.running = Some(pipeline.start(ctx, Took::Ended));
            }
            // What breaks a connection may break it before there is one.
            Took::Connected(Err(_)) => ctx.stop(),
            Took::Number(number) => {
                let mut entries = self.books.open();
                entries.late += u32::from(!entries.ends.is_empty());
                entries.got.push(*number);
                let enough = self.enough == Some(entries.got.len());
                drop(entries);
                self.kept.push_back(number);
                if self.kept.len() > self.keeps {
                    self.kept.pop_front();
                }
                if enough && let Some(running) = &self.running {
                    running.cancel("enough");
                    running.cancel("enough");
                }
            }
            Took::Ended(end) => {
                self.books.open().ends.push(end);
                // Whatever comes now comes too late.
                ctx.send_after(secs(10), Took::Over);
            }
            Took::Over => ctx.stop(),
        }
        Ok(())
    }

    fn show(took: &Took) -> String {
        match took {
            Took::Connected(result) => format!("Connected({})", result.is_ok()),
            Took::Number(number) => format!("Number({})", **number),
            Took::Ended(end) => format!("Ended({end:?})"),
            Took::Over => "Over".to_owned(),
        }
    }
}

/// Has two hosts, `giver` and `taker`, on a network that stutters.
fn two_hosts(sim: &Sim, numbers: u64, enough: Option<usize>, through: Through) -> (Host, Books) {
    let books = Books::default();
    let network = sim.network();
    network.faults(NetworkFaults {
        short_reads: 200_000,
        short_writes: 200_000,
        odd_blocks: 200_000,
        ..NetworkFaults::none()
    });
    network.window(sim.pick(&[128 * 1024, 1024, 100, 16]));
    network.give_up(secs(20));
    let entries = books.clone();
    let giver = sim.host("giver").loops(1 + sim.below(2)).serves();
    let giver = giver.start_with("giver", move || Giver { numbers, books: entries.clone() });
    let (entries, keeps) = (books.clone(), sim.below(8));
    sim.host("taker").loops(1 + sim.below(3)).start_with("taker", move || Taker {
        through: Arc::clone(&through),
        keeps,
        enough,
        books: entries.clone(),
        kept: VecDeque::new(),
        running: None,
    });
    (giver, books)
}

/// A stage, as it is drawn.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Map,
    Filter,
    FlatMap,
    Chunks,
    Boundary,
    On(usize),
    OnPool(usize),
    Delay(u64),
    Throttle(u64),
    ChunksWithin(u64),
    Timeout,
    Diamond(usize),
    AlsoTo,
    Append(u64),
    FlatConcat,
    // What needs an order.
    Scan,
    Take(u64),
    Skip(u64),
    StepBy(u64),
    // What loses it.
    Balance(usize),
    Merge(u64),
    FlatMerge,
}

impl Stage {
    fn drawn(sim: &Sim) -> Self {
        let (few, many) = (1 + sim.below(4), sim.below(100) as u64);
        sim.pick(&[
            Self::Map,
            Self::Filter,
            Self::FlatMap,
            Self::Chunks,
            Self::Boundary,
            Self::On(few),
            Self::OnPool(few),
            Self::Delay(few as u64),
            Self::Throttle(few as u64),
            Self::ChunksWithin(few as u64),
            Self::Timeout,
            Self::Diamond(few),
            Self::AlsoTo,
            Self::Append(many),
            Self::FlatConcat,
            Self::Scan,
            Self::Take(many),
            Self::Skip(many),
            Self::StepBy(few as u64),
            Self::Balance(few),
            Self::Merge(many),
            Self::FlatMerge,
        ])
    }

    fn needs_order(self) -> bool {
        matches!(self, Self::Scan | Self::Take(_) | Self::Skip(_) | Self::StepBy(_))
    }

    fn loses_order(self) -> bool {
        matches!(self, Self::Balance(_) | Self::Merge(_) | Self::FlatMerge)
    }

    /// What it makes of a stream.
    fn stream(self, source: Source<u64>) -> Source<u64> {
        let millis = Duration::from_millis;
        match self {
            Self::Map => source.map(|n| n + 1),
            Self::Filter => source.filter(|n| n % 3 != 0),
            Self::FlatMap => source.flat_map(|n| [n, n + 1]),
            Self::Chunks => source.chunks(3).flatten(),
            Self::Boundary => source.boundary(),
            Self::On(index) => source.on(Placement::Loop(index)),
            Self::OnPool(jobs) => source.map_on_pool(jobs, |n| n * 2),
            Self::Delay(by) => source.delay(millis(by)),
            Self::Throttle(per) => source.throttle(20, millis(per)),
            Self::ChunksWithin(within) => source.chunks_within(5, millis(within)).flatten(),
            Self::Timeout => source.timeout(secs(3_600)),
            Self::Diamond(index) => {
                let [a, b] = source.broadcast();
                a.on(Placement::Loop(index)).zip_with(b.boundary(), |a, b| a + b)
            }
            Self::AlsoTo => source.also_to(roundsman::stream::count()),
            Self::Append(count) => concat([source, third_time_lucky(count)]),
            Self::FlatConcat => source.flat_concat(|n| Source::iter([n, n])),
            Self::Scan => source.scan(0, |sum, n| {
                *sum = (*sum + n) % 1_000;
                Some(*sum)
            }),
            Self::Take(count) => source.take(count),
            Self::Skip(count) => source.skip(count),
            Self::StepBy(step) => source.step_by(step),
            Self::Balance(branches) => {
                merge(source.balance_vec(branches).into_iter().map(Source::boundary))
            }
            Self::Merge(count) => source.merge(third_time_lucky(count)),
            Self::FlatMerge => source.flat_merge(3, |n| Source::iter([n, n + 7])),
        }
    }

    /// What it makes of a list.
    fn list(self, items: Vec<u64>) -> Vec<u64> {
        let items = items.into_iter();
        match self {
            Self::Map => items.map(|n| n + 1).collect(),
            Self::Filter => items.filter(|n| n % 3 != 0).collect(),
            Self::FlatMap => items.flat_map(|n| [n, n + 1]).collect(),
            Self::OnPool(_) | Self::Diamond(_) => items.map(|n| n * 2).collect(),
            Self::Append(count) | Self::Merge(count) => items.chain(0..count).collect(),
            Self::FlatConcat => items.flat_map(|n| [n, n]).collect(),
            Self::Scan => {
                let mut sum = 0;
                items
                    .map(|n| {
                        sum = (sum + n) % 1_000;
                        sum
                    })
                    .collect()
            }
            Self::Take(count) => items.take(count as usize).collect(),
            Self::Skip(count) => items.skip(count as usize).collect(),
            Self::StepBy(step) => items.step_by(step as usize).collect(),
            Self::FlatMerge => items.flat_map(|n| [n, n + 7]).collect(),
            _ => items.collect(),
        }
    }
}

/// So many numbers, from a source that fails at its first two attempts.
fn third_time_lucky(count: u64) -> Source<u64> {
    let (mut attempts, millis) = (0, Duration::from_millis);
    Source::retry(3, Backoff::exponential(millis(5), millis(50)), move || {
        attempts += 1;
        if attempts < 3 { Source::failed("not yet") } else { Source::iter(0..count) }
    })
}

/// Stages that fit behind each other, and whether they keep the order.
fn stages(sim: &Sim, most: usize) -> (Vec<Stage>, bool) {
    let (mut stages, mut ordered) = (Vec::new(), true);
    for _ in 0..sim.below(most + 1) {
        let stage = Stage::drawn(sim);
        if ordered || !stage.needs_order() {
            ordered &= !stage.loses_order();
            stages.push(stage);
        }
    }
    (stages, ordered)
}

fn joined(stages: &[Stage]) -> Through {
    let stages = stages.to_vec();
    Arc::new(move |source| stages.iter().fold(source, |source, stage| stage.stream(source)))
}

fn modelled(numbers: u64, stages: &[Stage]) -> Vec<u64> {
    stages.iter().fold((0..numbers).collect(), |items, stage| stage.list(items))
}

#[test]
fn what_comes_out_of_a_drawn_pipeline_behind_a_network_is_what_a_list_gives() {
    check(200, |sim| {
        let numbers = sim.below(100) as u64;
        let (stages, ordered) = stages(sim, 6);
        sim.note(format!("{numbers} numbers through {stages:?}"));
        let (_, books) = two_hosts(sim, numbers, None, joined(&stages));
        // For a while nothing gets through.
        let cut = sim.time_below(Duration::from_millis(50));
        sim.after(cut, |sim| {
            sim.network().partition("giver", "taker");
            sim.after(sim.time_below(secs(10)), |sim| sim.network().heal_all());
        });
        sim.stall_randomly("taker/*", 2_000, Duration::from_millis(100));
        sim.run()?;
        let (mut got, mut expected) =
            (std::mem::take(&mut books.open().got), modelled(numbers, &stages));
        if !ordered {
            got.sort_unstable();
            expected.sort_unstable();
        }
        assert_eq!(got, expected, "{stages:?}");
        let entries = books.open();
        assert!(matches!(entries.ends[..], [Ok(_)]), "one end: {:?}", entries.ends);
        assert_eq!((entries.late, entries.given.drops()), (0, 1), "{stages:?}");
        Ok(())
    });
}

/// How a stream is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Break {
    StagePanics(u64),
    TakerHasEnough(usize),
    Reset,
    Partition,
    GiverRestarts,
}

#[test]
fn a_stream_that_breaks_fails_once_at_both_ends_and_has_given_the_beginning_of_its_list() {
    check(200, |sim| {
        let numbers = sim.below(200) as u64;
        let (stages, ordered) = stages(sim, 4);
        let some = sim.below(200);
        let how = sim.pick(&[
            Break::StagePanics(some as u64),
            Break::TakerHasEnough(some + 1),
            Break::Reset,
            Break::Partition,
            Break::GiverRestarts,
        ]);
        sim.note(format!("{how:?}, {numbers} numbers through {stages:?}"));
        sim.may_panic("taker/*");
        let through = joined(&stages);
        let through: Through = Arc::new(move |source| {
            // Whoever only reads hears nothing of a peer that is gone.
            let numbers = through(source.timeout(secs(60)));
            let mut left = if let Break::StagePanics(after) = how { after } else { u64::MAX };
            numbers.map(move |n| {
                left = left.checked_sub(1).expect("it was told to");
                n
            })
        });
        let enough = if let Break::TakerHasEnough(count) = how { Some(count) } else { None };
        let (giver, books) = two_hosts(sim, numbers, enough, through);
        let at = sim.time_below(Duration::from_millis(100));
        sim.after(at, move |sim| match how {
            Break::Reset => _ = sim.network().reset("giver", "taker"),
            Break::Partition => sim.network().partition("giver", "taker"),
            Break::GiverRestarts => sim.restart(giver),
            Break::StagePanics(_) | Break::TakerHasEnough(_) => {}
        });
        sim.run()?;
        let entries = books.open();
        let expected = modelled(numbers, &stages);
        match &entries.ends[..] {
            // It was broken before it began.
            [] => assert!(entries.got.is_empty()),
            [Ok(_)] => assert_eq!(entries.got.len(), expected.len(), "{stages:?}"),
            [Err(_)] if ordered => {
                assert!(expected.starts_with(&entries.got), "{:?}", entries.got);
            }
            [Err(_)] => assert!(entries.got.len() <= expected.len()),
            more => panic!("one end: {more:?}"),
        }
        let (drops, pulled) = (entries.given.drops(), entries.given.items());
        assert_eq!(entries.late, 0);
        assert!(drops == 1 || (drops, pulled) == (0, 0), "the source is let go once, not {drops}");
        // A host that was killed has nobody left to be told.
        assert!(entries.given_ends <= 1, "{} ends", entries.given_ends);
        assert!(how == Break::GiverRestarts || u64::from(entries.given_ends) == drops);
        Ok(())
    });
}

#[test]
fn a_taker_of_a_few_numbers_of_an_endless_stream_ends_it_at_both_ends() {
    check(200, |sim| {
        let count = sim.below(100) as u64;
        let through: Through = Arc::new(move |source| source.boundary().take(count));
        let (_, books) = two_hosts(sim, u64::MAX, None, through);
        let ended = || {
            let entries = books.open();
            (entries.ends.len(), entries.given_ends, entries.given.drops()) == (1, 1, 1)
        };
        sim.run_until(ended, secs(30))?;
        let entries = books.open();
        assert!(entries.ends[0].is_ok(), "{:?}", entries.ends);
        assert_eq!(entries.got, (0..count).collect::<Vec<_>>());
        Ok(())
    });
}

mod ahead {
    //! How far a giver is ahead of a taker on another host.

    use super::*;

    /// Gives blocks without end.
    struct Blocks(Count);

    enum Blocked {
        Accepted(Item<Connection>),
        Over,
    }

    impl Actor for Blocks {
        type Message = Blocked;

        fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            let incoming = tcp::listen("0.0.0.0:7000")?.incoming();
            incoming.pipe(ctx.inlet(Blocked::Accepted)).start(ctx, |_| Blocked::Over);
            Ok(())
        }

        fn receive(&mut self, blocked: Blocked, ctx: &mut Context<'_, Self>) -> Outcome {
            if let Blocked::Accepted(conn) = blocked {
                let blocks = Source::iter(Counted::<Bytes>::new(u64::MAX, &self.0));
                blocks.pipe(conn.take().writer()).start(ctx, |_| Blocked::Over);
            }
            Ok(())
        }
    }

    struct Keeper {
        kept: Vec<Item<Bytes>>,
        arrivals: Arc<Mutex<Arrivals>>,
    }

    enum Kept {
        Connected(Result<Connection, ConnectError>),
        Block(Item<Bytes>),
        LetGo,
        Ended,
    }

    impl Actor for Keeper {
        type Message = Kept;

        fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
            tcp::connect("giver:7000").start(ctx, Kept::Connected);
            // Several times it lets go what it has, and keeps what comes then.
            for second in 1..5 {
                ctx.send_after(secs(10 * second), Kept::LetGo);
            }
            ctx.send_after(secs(50), Kept::Ended);
            Ok(())
        }

        fn receive(&mut self, kept: Kept, ctx: &mut Context<'_, Self>) -> Outcome {
            match kept {
                Kept::Connected(conn) => {
                    conn?.reader().pipe(ctx.inlet(Kept::Block)).start(ctx, |_| Kept::Ended);
                }
                Kept::Block(block) => {
                    self.arrivals.lock().expect("nobody panics as he writes").take(&*block);
                    self.kept.push(block);
                }
                Kept::LetGo => self.kept.clear(),
                Kept::Ended => ctx.stop(),
            }
            Ok(())
        }
    }

    #[test]
    fn a_giver_is_never_further_ahead_of_a_taker_on_another_host_than_the_windows_between_them() {
        check(200, |sim| {
            let window = sim.pick(&[128 * 1024, 4096, 64 * 1024]);
            let network = sim.network();
            network.window(window);
            network.faults(NetworkFaults {
                short_reads: 200_000,
                short_writes: 200_000,
                odd_blocks: 200_000,
                ..NetworkFaults::none()
            });
            let count = Count::default();
            let arrivals = Arc::new(Mutex::new(Arrivals::new(Order::Kept)));
            let gives = count.clone();
            sim.host("giver").serves().start(move || Blocks(gives.clone()));
            let arrive = Arc::clone(&arrivals);
            let keeper = move || Keeper { kept: Vec::new(), arrivals: Arc::clone(&arrive) };
            sim.host("taker").loops(1 + sim.below(2)).start(keeper);
            // A link to the writer, its queue, what reads; and what the network holds.
            let most = 3 * Bytes::LINK + window as u64;
            let (gives, arrive) = (count.clone(), Arc::clone(&arrivals));
            sim.invariant("no more is pulled than there is room for", move || {
                let arrived = arrive.lock().expect("nobody panics as he writes").weight();
                let ahead = gives.weight() - arrived;
                if ahead > most { Err(format!("{ahead} bytes ahead, of {most}")) } else { Ok(()) }
            });
            sim.run()?;
            let arrivals = arrivals.lock().expect("nobody panics as he writes");
            assert!(!arrivals.disorder(), "every byte is where it belongs");
            // Once it has been given a window, and four times as much as brings it to more than half of one again.
            assert!(arrivals.weight() >= 3 * Bytes::WINDOW, "{} bytes", arrivals.weight());
            assert_eq!(count.drops(), 1, "with its connection the source has ended");
            Ok(())
        });
    }
}
