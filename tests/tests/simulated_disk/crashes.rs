//! What a crash loses, and what it must not.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use roundsman::fs::{self, FsError};
use roundsman::{
    Actor, Context, JobError, Outcome, Runtime, Simulation, Spawn, Stepped, Timestamp, Verdict,
};
use roundsman_tests::seeds::{Dice, seeds};

use crate::Bench;

/// What is in `/one` after a crash, in so many worlds.
fn outcomes(count: u64, act: impl Fn(&Bench)) -> BTreeSet<Option<String>> {
    let outcome = |seed| {
        let bench = Bench::new(seed);
        act(&bench);
        bench.crash();
        bench.text("/one")
    };
    (0..count).map(outcome).collect()
}

fn some(texts: &[&str]) -> BTreeSet<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

fn sync_dir(bench: &Bench, path: &str) {
    let dir = bench.get(fs::open(path));
    bench.get(dir.sync_all());
}

#[test]
fn what_was_synced_with_its_directory_is_there_whatever_the_seed() {
    let kept = outcomes(100, |bench| {
        let file = bench.get(fs::create("/one"));
        bench.get(file.write("all of it"));
        bench.get(file.sync_data());
        sync_dir(bench, "/");
    });
    assert_eq!(kept, some(&["all of it"]));
    let replaced = outcomes(100, |bench| {
        bench.get(fs::write_atomic("/one", "!"));
    });
    assert_eq!(replaced, some(&["!"]));
}

#[test]
fn a_file_that_was_never_synced_may_be_missing_empty_torn_or_whole() {
    let left = outcomes(300, |bench| {
        bench.get(fs::write("/one", "text"));
    });
    let mut expected = some(&["", "t", "te", "tex", "text"]);
    expected.insert(None);
    assert_eq!(left, expected);
}

#[test]
fn what_was_written_since_the_sync_may_be_lost_in_part_and_nothing_before_it() {
    let left = outcomes(300, |bench| {
        bench.disk.write("/one", "base ").expect("it can be written");
        for word in ["one ", "two "] {
            bench.get(fs::append("/one", word));
        }
    });
    let texts: Vec<_> = left.into_iter().map(|text| text.expect("its name was safe")).collect();
    assert!(texts.iter().all(|text| text.starts_with("base ")), "{texts:?}");
    for seen in ["base ", "base one ", "base one two ", "base one tw"] {
        assert!(texts.iter().any(|text| text == seen), "{seen:?} in {texts:?}");
    }
    // What is written out of order leaves a hole.
    assert!(texts.iter().any(|text| text == "base \0\0\0\0two "), "{texts:?}");
}

#[test]
fn a_sync_of_the_file_does_not_keep_its_name_but_whatever_has_the_name_is_whole() {
    let left = outcomes(100, |bench| {
        let file = bench.get(fs::create("/one"));
        bench.get(file.write("all of it"));
        bench.get(file.sync_all());
    });
    assert_eq!(left, [None, Some("all of it".to_owned())].into());
}

#[test]
fn a_directory_is_there_only_if_its_own_was_synced() {
    let left = |sync_root: bool| -> BTreeSet<Option<String>> {
        let outcome = |seed| {
            let bench = Bench::new(seed);
            bench.get(fs::create_dir("/dir"));
            bench.get(fs::write_atomic("/dir/file", "!"));
            if sync_root {
                sync_dir(&bench, "/");
            }
            bench.crash();
            bench.text("/dir/file")
        };
        (0..50).map(outcome).collect()
    };
    assert_eq!(left(false), [None, Some("!".to_owned())].into());
    assert_eq!(left(true), some(&["!"]));
}

#[test]
fn a_rename_without_a_sync_ahead_may_leave_an_empty_file() {
    let left = outcomes(200, |bench| {
        bench.disk.write("/one", "old").expect("it can be written");
        bench.get(fs::write("/one.new", "new"));
        bench.get(fs::rename("/one.new", "/one"));
    });
    assert!(left.contains(&Some(String::new())), "{left:?}");
    assert!(!left.contains(&None), "one of them has the name: {left:?}");
    let careful = outcomes(200, |bench| {
        bench.disk.write("/one", "old").expect("it can be written");
        let file = bench.get(fs::create("/one.new"));
        bench.get(file.write("new"));
        bench.get(file.sync_all());
        bench.get(fs::rename("/one.new", "/one"));
    });
    assert_eq!(careful, some(&["new", "old"]));
}

#[test]
fn a_rename_keeps_the_file_at_one_of_its_two_names() {
    for seed in 0..100 {
        let bench = Bench::new(seed);
        bench.disk.write("/here/file", "!").expect("it can be written");
        bench.get(fs::create_dir("/there"));
        sync_dir(&bench, "/");
        bench.get(fs::rename("/here/file", "/there/file"));
        bench.get(fs::rename("/there/file", "/there/other"));
        bench.crash();
        let at: Vec<_> = ["/here/file", "/there/file", "/there/other"]
            .into_iter()
            .filter(|path| bench.text(path).is_some())
            .collect();
        assert_eq!(at.len(), 1, "seed {seed}: {at:?}");
    }
}

#[test]
fn what_was_removed_may_be_back_until_its_directory_is_synced() {
    let removed = |sync: bool| {
        outcomes(60, move |bench| {
            bench.disk.write("/one", "!").expect("it can be written");
            bench.get(fs::remove_file("/one"));
            if sync {
                sync_dir(bench, "/");
            }
        })
    };
    assert_eq!(removed(false), [None, Some("!".to_owned())].into());
    assert_eq!(removed(true), [None].into());
}

#[test]
fn links_and_second_names_outlive_a_crash() {
    for seed in 0..20 {
        let bench = Bench::new(seed);
        bench.disk.write("/one", "!").expect("it can be written");
        bench.get(fs::hard_link("/one", "/two"));
        bench.get(fs::symlink("two", "/three"));
        sync_dir(&bench, "/");
        bench.crash();
        assert_eq!(bench.get(fs::read_link("/three")).to_str(), Some("two"));
        bench.get(fs::append("/three", "?"));
        assert_eq!(bench.text("/one").as_deref(), Some("!?"), "seed {seed}: they are one file");
        assert_eq!(bench.disk.used(), 2);
    }
}

#[test]
fn what_was_open_is_no_longer_and_says_so() {
    let bench = Bench::new(1);
    let options = fs::OpenOptions::new().read(true).write(true).create(true);
    let file = bench.get(options.open("/one"));
    bench.crash();
    for error in [
        bench.failure(file.write("!")),
        bench.failure(file.sync_all()),
        bench.failure(file.set_len(1)),
        bench.result(file.read(1)).map(drop).expect_err("it fails"),
    ] {
        assert!(error.to_string().contains("crashed"), "{error}");
    }
}

#[test]
fn what_is_temporary_stays_behind_when_the_power_fails_and_goes_when_its_owner_is_dropped() {
    let bench = Bench::new(1);
    // The plain choice: nothing is lost.
    bench.simulation.follow_tape(Vec::new());
    let (one, other) = (bench.get(fs::temp_file()), bench.get(fs::temp_dir()));
    bench.crash();
    drop((one, other));
    assert_eq!(bench.names("/tmp").len(), 2);
}

// Programs that are cut off anywhere.

/// What a program has done, for its checker.
type Story = Rc<RefCell<Vec<Step>>>;

/// Each is told as it is started, and again as it is acknowledged.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// A new file has this text, and this name. Whether its text was synced before.
    Put {
        name: usize,
        text: String,
        synced: bool,
    },
    Remove {
        name: usize,
    },
    SyncDirectory,
    Acknowledged,
}

/// Does what its dice say, one thing after another, for ever.
struct Program {
    dice: Dice,
    story: Story,
    count: usize,
    /// What is left of the step that is under way, the last first.
    left: Vec<Deed>,
    file: Option<fs::File>,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Create,
    Write,
    Sync,
    Rename(usize),
    Remove(usize),
    SyncDirectory,
}

enum Done {
    Opened(Result<fs::File, JobError<FsError>>),
    Done(Result<(), JobError<FsError>>),
}

const NAMES: usize = 3;

fn text_of(count: usize) -> String {
    format!("the text of file {count}")
}

impl Program {
    fn next_step(&mut self) {
        self.count += 1;
        let name = self.dice.below(NAMES as u64) as usize;
        let (step, mut deeds) = match self.dice.below(6) {
            0 => (Step::SyncDirectory, vec![Deed::SyncDirectory]),
            1 => (Step::Remove { name }, vec![Deed::Remove(name)]),
            n => {
                let synced = n > 3;
                let mut deeds = vec![Deed::Create, Deed::Write];
                deeds.extend(synced.then_some(Deed::Sync));
                deeds.push(Deed::Rename(name));
                (Step::Put { name, text: text_of(self.count), synced }, deeds)
            }
        };
        deeds.reverse();
        self.left = deeds;
        self.story.borrow_mut().push(step);
    }

    fn go_on(&mut self, ctx: &mut Context<'_, Self>) {
        let Some(deed) = self.left.pop() else {
            self.story.borrow_mut().push(Step::Acknowledged);
            self.next_step();
            return self.go_on(ctx);
        };
        let new = format!("/dir/new {}", self.count);
        let file = self.file.as_ref();
        match (deed, file) {
            (Deed::Write, Some(file)) => ctx.start(file.write(text_of(self.count)), Done::Done),
            (Deed::Sync, Some(file)) => ctx.start(file.sync_data(), Done::Done),
            (Deed::SyncDirectory, _) => ctx.start(fs::open("/dir"), Done::Opened),
            (Deed::Rename(name), _) => {
                ctx.start(fs::rename(new, format!("/dir/{name}")), Done::Done)
            }
            (Deed::Remove(name), _) => {
                ctx.start(fs::remove_file(format!("/dir/{name}")), Done::Done)
            }
            _ => ctx.start(fs::create(new), Done::Opened),
        };
    }
}

impl Actor for Program {
    type Message = Done;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        self.next_step();
        self.go_on(ctx);
        Ok(())
    }

    fn receive(&mut self, done: Done, ctx: &mut Context<'_, Self>) -> Outcome {
        match done {
            Done::Opened(file) => {
                let file = self.file.insert(file?);
                if matches!(self.story.borrow().last(), Some(Step::SyncDirectory)) {
                    ctx.start(file.sync_all(), Done::Done);
                    return Ok(());
                }
            }
            Done::Done(Ok(())) => {}
            // There was none to be removed.
            Done::Done(Err(JobError::Failed(error))) if error.operation == "removing" => {}
            Done::Done(Err(error)) => return Err(error.into()),
        }
        self.go_on(ctx);
        Ok(())
    }
}

/// Runs a host until this moment; then the power fails.
fn cut_off<A: Actor>(bench: &Bench, at: Duration, root: impl FnOnce() -> A) {
    let builder = bench.disk.give_to(Runtime::builder().loops(2));
    let runtime = builder.build_in(&bench.simulation).expect("a runtime");
    let host = bench.simulation.launch(runtime, Spawn::new(), root);
    let end = Timestamp::default() + at;
    while bench.simulation.step(Some(end)) != Stepped::Reached {
        assert!(bench.simulation.is_alive(host), "{:?}", bench.simulation.result(host));
    }
    bench.crash();
    bench.simulation.kill(host);
}

/// What each name may lead to: one state of all names, of each moment since the directory was synced last.
fn states(story: &[Step]) -> Vec<BTreeMap<usize, (String, bool)>> {
    let mut now = BTreeMap::new();
    let mut states = vec![BTreeMap::new()];
    for (index, step) in story.iter().enumerate() {
        match step {
            Step::Put { name, text, synced } => _ = now.insert(*name, (text.clone(), *synced)),
            Step::Remove { name } => _ = now.remove(name),
            Step::SyncDirectory if story.get(index + 1) == Some(&Step::Acknowledged) => {
                states.clear();
            }
            Step::SyncDirectory | Step::Acknowledged => {}
        }
        states.push(now.clone());
    }
    states
}

#[test]
fn a_program_that_is_cut_off_anywhere_finds_what_was_acknowledged_and_a_state_that_there_was() {
    let mut torn = 0;
    for seed in seeds(200) {
        let mut dice = Dice::new(seed);
        let bench = Bench::new(seed);
        bench.disk.write("/dir/-", "").expect("it can be written");
        let story = Story::default();
        let program = Program {
            dice: dice.clone(),
            story: Rc::clone(&story),
            count: 0,
            left: Vec::new(),
            file: None,
        };
        cut_off(&bench, Duration::from_millis(dice.below(400)), || program);
        let found: BTreeMap<_, _> = (0..NAMES)
            .filter_map(|name| Some((name, bench.text(&format!("/dir/{name}"))?)))
            .collect();
        let story = story.take();
        let fits = |state: &BTreeMap<usize, (String, bool)>| {
            state.len() == found.len()
                && state.iter().all(|(name, (text, synced))| match found.get(name) {
                    Some(found) if *synced => found == text,
                    Some(found) => text.starts_with(found.as_str()),
                    None => false,
                })
        };
        assert!(states(&story).iter().any(fits), "seed {seed}: {found:?} after {story:#?}");
        torn += found.values().filter(|text| !text.contains("file ")).count();
    }
    assert!(torn > 0 || seeds(200).count() == 1, "some of what was not synced is torn");
}

/// Replaces a file again and again, each time whole, with texts of another length.
struct Replacer {
    version: u32,
    /// The last that was acknowledged.
    safe: Rc<RefCell<u32>>,
}

fn version(version: u32) -> String {
    format!("version {version}\n").repeat(version as usize + 1)
}

impl Actor for Replacer {
    type Message = Result<(), JobError<FsError>>;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.start(fs::write_atomic("/dir/settings", version(self.version)), |done| done);
        Ok(())
    }

    fn receive(&mut self, done: Self::Message, ctx: &mut Context<'_, Self>) -> Outcome {
        done?;
        self.safe.replace(self.version);
        self.version += 1;
        self.started(ctx)
    }
}

#[test]
fn an_atomic_write_that_is_cut_off_anywhere_leaves_the_old_file_or_the_new_one() {
    let mut newer = 0;
    for seed in seeds(150) {
        let bench = Bench::new(seed);
        bench.disk.write("/dir/settings", version(0)).expect("it can be written");
        let safe = Rc::default();
        let replacer = Replacer { version: 1, safe: Rc::clone(&safe) };
        cut_off(&bench, Duration::from_millis(Dice::new(seed).below(60)), || replacer);
        let (found, safe) = (bench.text("/dir/settings"), *safe.borrow());
        let new = found.as_deref() == Some(&version(safe + 1));
        assert!(new || found.as_deref() == Some(&version(safe)), "seed {seed}: {found:?}");
        newer += u32::from(new);
    }
    assert!(newer < 150, "{newer}");
}

#[test]
fn the_same_seed_gives_the_same_twice() {
    let run = |seed| {
        let bench = Bench::new(seed);
        bench.disk.write("/dir/-", "").expect("it can be written");
        let trace = Rc::new(RefCell::new(Vec::new()));
        let writer = Rc::clone(&trace);
        bench.simulation.observe(move |seen| {
            writer.borrow_mut().push(format!("{seen:?}"));
            Verdict::Go
        });
        let story = Story::default();
        let program = Program {
            dice: Dice::new(seed),
            story: Rc::clone(&story),
            count: 0,
            left: Vec::new(),
            file: None,
        };
        cut_off(&bench, Duration::from_millis(200), || program);
        let names = bench.names("/dir");
        let texts: Vec<_> = names.iter().map(|name| bench.text(&format!("/dir/{name}"))).collect();
        (names, texts, story.take(), trace.take())
    };
    for seed in seeds(20) {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}

#[test]
fn each_host_has_its_own_disk() {
    let simulation = Simulation::new(1);
    let [one, other] = [1, 2].map(|number| {
        let bench = Bench { simulation: simulation.clone(), ..Bench::new(1) };
        bench.get(fs::write_atomic("/name", format!("host {number}")));
        bench
    });
    one.crash();
    assert_eq!(one.text("/name").as_deref(), Some("host 1"));
    assert_eq!(other.text("/name").as_deref(), Some("host 2"));
}
