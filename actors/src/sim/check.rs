//! A test run with many seeds, until one fails; and what is done then.
//!
//! Called by tests. It makes a [`Sim`] for each run, has a failing one [shrunk](super::shrink), and hands out a [`Failing`].

use std::env;
use std::hash::Hasher;
use std::ops::Range;

use super::failing::Failing;
use super::mixer::Mixer;
use super::quiet;
use super::ran::Ran;
use super::shrink::{Cost, Shrinking};
use super::watcher::Attention;
use super::world::Sim;
use crate::{Outcome, Simulation};

/// Runs one seed, and shows its trace.
const SEED: &str = "ROUNDSMAN_SIM_SEED";
/// Runs so many seeds.
const SEEDS: &str = "ROUNDSMAN_SIM_SEEDS";
/// With 1, each seed is run twice.
const TWICE: &str = "ROUNDSMAN_SIM_TWICE";

/// Steps of a run, unless said otherwise.
const STEPS: u64 = 1_000_000;
/// Runs that shrinking may take, and steps of all of them together.
const SHRINKING: usize = 2_000;
const SHRINKING_STEPS: u64 = 10_000_000;

/// Runs a test with so many seeds, counted from 0, as [`Check`] does with its defaults.
///
/// The body makes hosts and has time pass. It is called once for each seed, and again for a seed that fails; so it must make
/// everything anew that it changes.
///
/// `ROUNDSMAN_SIM_SEEDS=5000` in the environment runs so many instead. `ROUNDSMAN_SIM_SEED=17` runs this one alone, and shows
/// its trace whether it fails or not. With `CI=true` each seed is run [twice](Check::twice), and must do the same.
///
/// # Panics
/// With a report on the first seed that fails: see [`Failing`].
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use roundsman::prelude::*;
/// use roundsman::sim;
///
/// struct Sleeper;
///
/// impl Actor for Sleeper {
///     type Message = ();
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.send_after(Duration::from_secs(3600), ());
///         Ok(())
///     }
///     fn receive(&mut self, (): (), ctx: &mut Context<Self>) -> Outcome {
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// sim::check(100, |sim| {
///     let sleeper = sim.host("sleeper").start(|| Sleeper);
///     sim.advance(Duration::from_secs(1800));
///     assert!(sim.is_alive(sleeper));
///     sim.run()?;
///     assert_eq!(sim.now().since_start(), Duration::from_secs(3600));
///     Ok(())
/// });
/// ```
#[track_caller]
pub fn check(seeds: u64, body: impl Fn(&Sim) -> Outcome) {
    Check::new().seeds(seeds).assert(body);
}

/// How a test is run with many seeds.
///
/// # What fails a seed
/// The body returns an error, or panics. An actor panics: see [`Sim::may_panic`]. A host ends in an error: see
/// [`HostBuilder::may_fail`](super::HostBuilder::may_fail). An [invariant](Sim::invariant) does not hold. The books of a host that
/// has ended do not balance. Nothing can happen any more, and [`Sim::run`] waits. A run takes more than [`steps`](Self::steps).
/// A seed does different things when it is run twice.
///
/// # What is shown then
/// The run is repeated with other choices in the place of those that were drawn: fewer ones, smaller ones, down to 0, which
/// everywhere is the plain one (the next in turn, no fault, no delay). What fails in the same way with fewer messages, or with
/// as many and fewer choices, takes its place, until no change helps. The last one is shown, message by message. The same way
/// is: it says the same, but for numbers and what it quotes, at the same place in the source; of those that wait on each other,
/// some may be gone.
///
/// # Examples
/// ```
/// use roundsman::sim::{Check, Failed, Schedule};
///
/// let check = Check::new().seeds(10).schedule(Schedule::Priorities { depth: 3 }).steps(10_000);
/// let failing = check.run(|sim| {
///     let number = sim.below(1_000);
///     if number >= 7 { Err(format!("{number} is too much"))? }
///     Ok(())
/// });
/// let failing = failing.expect_err("most numbers are");
/// assert!(matches!(failing.failed(), Failed::Body(text) if text == "7 is too much"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a check does nothing until `run` or `assert`"]
pub struct Check {
    seeds: u64,
    first_seed: u64,
    /// Which part of them, and of how many.
    part: (u64, u64),
    schedule: Schedule,
    steps: u64,
    twice: Option<bool>,
    shrink: usize,
}

/// Whose turn comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// The two others in turn, from seed to seed, with depths from 1 to 4.
    #[default]
    Mixed,
    /// Anybody's, drawn.
    Random,
    /// Loops and actors have priorities; whoever has the highest runs as long as it can. At `depth - 1` turns whoever runs falls
    /// behind all others. Finds what needs `depth` orderings that chance seldom makes together, as that somebody is slow all
    /// the time. (PCT: Burckhardt et al., ASPLOS 2010.)
    Priorities {
        /// At least 1.
        depth: usize,
    },
}

/// Seeds that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// How many.
    pub seeds: u64,
    /// Messages that were handled, and actors that were started, with all of them.
    pub messages: u64,
    /// Of all that has happened. The same if the same has happened, in the same order, at the same virtual times; see
    /// [`Check::twice`].
    pub hash: u64,
}

/// Where the choices of a run come from.
#[derive(Clone)]
enum Choices<'a> {
    Drawn,
    /// Drawn, and kept.
    Kept,
    Made(&'a [u64]),
}

impl Default for Check {
    fn default() -> Self {
        Self::new()
    }
}

impl Check {
    /// 100 seeds from 0, [mixed](Schedule::Mixed).
    pub fn new() -> Self {
        Self {
            seeds: 100,
            first_seed: 0,
            part: (0, 1),
            schedule: Schedule::default(),
            steps: STEPS,
            twice: None,
            shrink: SHRINKING,
        }
    }

    /// How many seeds.
    pub fn seeds(mut self, seeds: u64) -> Self {
        self.seeds = seeds;
        self
    }

    /// The first of them. Default 0.
    pub fn first_seed(mut self, seed: u64) -> Self {
        self.first_seed = seed;
        self
    }

    /// Only this part of the seeds, counted from 0, of so many parts that are as large as each other: several tests, which run
    /// at the same time, share one range, however long the environment makes it.
    ///
    /// # Panics
    /// If there are no more than `part` of them.
    #[track_caller]
    pub fn part(mut self, part: u64, of: u64) -> Self {
        assert!(part < of, "part {part}, counted from 0, of {of}: it takes one of them");
        self.part = (part, of);
        self
    }

    /// Whose turn comes next.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Most steps of a run: rounds of loops, ends of jobs, events, jumps of time. Default 1,000,000. Whoever needs more may
    /// never end.
    pub fn steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// Whether each seed is run twice, and must do the same: the same actors handle the same messages, as they are
    /// [shown](crate::Actor::show), at the same virtual times; there are as many steps, and operations of sockets; it ends in the same
    /// way. Default: with [`assert`](Self::assert) where the environment has `CI=true` or `ROUNDSMAN_SIM_TWICE=1`, else
    /// not.
    ///
    /// What a message says is put together for nothing else but this and traces. So [`Checked::hash`], without it, is of the
    /// kinds of messages only: of an enum, which variant.
    pub fn twice(mut self, twice: bool) -> Self {
        self.twice = Some(twice);
        self
    }

    /// Most runs that are spent on shrinking. Default 2,000; with 0 the failure is shown as it was found.
    pub fn shrink(mut self, runs: usize) -> Self {
        self.shrink = runs;
        self
    }

    /// Runs them, as the environment says: see [`check()`].
    ///
    /// # Panics
    /// With a report on the first seed that fails; or if a variable of the environment is no number.
    #[track_caller]
    pub fn assert(mut self, body: impl Fn(&Sim) -> Outcome) {
        if let Some(seeds) = number_in(SEEDS) {
            self.seeds = seeds;
        }
        let is = |variable, text: &str| env::var_os(variable).is_some_and(|value| value == text);
        self.twice = self.twice.or(Some(is("CI", "true") || is(TWICE, "1")));
        let alone = number_in(SEED);
        if let Some(seed) = alone {
            (self.first_seed, self.seeds, self.part) = (seed, 1, (0, 1));
        }
        match (self.run(&body), alone) {
            (Err(mut failing), _) => {
                failing.asks_environment = true;
                panic!("{failing}");
            }
            (Ok(_), Some(seed)) => self.show(seed, &body),
            (Ok(_), None) => {}
        }
    }

    /// Runs them, whatever the environment says.
    ///
    /// # Errors
    /// The first seed that fails.
    pub fn run(&self, body: impl Fn(&Sim) -> Outcome) -> Result<Checked, Box<Failing>> {
        let twice = self.twice.unwrap_or(false);
        let attention = if twice { Attention::Words } else { Attention::Kinds };
        let (mut messages, mut hash) = (0, Mixer::default());
        let range = self.range();
        for seed in range.clone() {
            let ran = self.attempt(seed, Choices::Drawn, attention, &body);
            if ran.failure.is_some() {
                return Err(self.explain(seed, &body));
            }
            if twice && !self.attempt(seed, Choices::Drawn, attention, &body).is_as(&ran) {
                return Err(Box::new(Failing::of_two(seed)));
            }
            messages += ran.handled;
            hash.write_u64(ran.hash);
        }
        Ok(Checked { seeds: range.end - range.start, messages, hash: hash.finish() })
    }

    /// The seeds of its part.
    fn range(&self) -> Range<u64> {
        let (part, of) = self.part;
        let begin = |part| {
            let before = u128::from(self.seeds) * u128::from(part) / u128::from(of);
            // Of a part it is no more than of the whole.
            self.first_seed.saturating_add(u64::try_from(before).unwrap_or(u64::MAX))
        };
        begin(part)..begin(part + 1)
    }

    /// One run.
    fn attempt(
        &self,
        seed: u64,
        choices: Choices<'_>,
        attention: Attention,
        body: &impl Fn(&Sim) -> Outcome,
    ) -> Ran {
        let simulation = Simulation::new(seed);
        match choices {
            Choices::Drawn => {}
            Choices::Kept => simulation.keep_tape(),
            Choices::Made(choices) => simulation.follow_tape(choices.to_vec()),
        }
        self.schedule.apply(seed, &simulation);
        let sim = Sim::new(seed, simulation, self.steps, attention);
        let run = || {
            let outcome = quiet::quietly(|| body(&sim));
            sim.finish(outcome)
        };
        quiet::quietly(run).unwrap_or_else(|text| panic!("a simulated world cannot end: {text}"))
    }

    /// Finds the shortest run that fails as this seed does.
    fn explain(&self, seed: u64, body: &impl Fn(&Sim) -> Outcome) -> Box<Failing> {
        let found = self.attempt(seed, Choices::Kept, Attention::Kinds, body);
        let Some((as_found, _)) = found.failure else { return Box::new(Failing::of_two(seed)) };
        // A candidate that takes another way may not go on for ever.
        let steps = self.steps.min(found.steps.saturating_mul(4).saturating_add(1_000));
        let shorter = Self { steps, ..self.clone() };
        let mut steps_left = SHRINKING_STEPS;
        let attempt = |choices: &[u64]| {
            if steps_left == 0 {
                return None;
            }
            let ran = shorter.attempt(seed, Choices::Made(choices), Attention::Kinds, body);
            steps_left = steps_left.saturating_sub(ran.steps);
            let same = ran.failure.is_some_and(|(failed, _)| failed.is_as(&as_found));
            same.then(|| (Cost::of(ran.lines, &ran.choices), ran.choices))
        };
        let (before, choices_before) = (found.lines, found.choices.len());
        let cost = Cost::of(found.lines, &found.choices);
        let mut shrinking = Shrinking::new(found.choices, cost, self.shrink, attempt);
        shrinking.shrink();
        let (choices, runs) = shrinking.into_best();
        let ran = self.attempt(seed, Choices::Made(&choices), Attention::Kept, body);
        let failure = ran.failure.filter(|(failed, _)| failed.is_as(&as_found));
        let Some((failed, at)) = failure else { return Box::new(Failing::of_two(seed)) };
        let choices = (choices_before, choices.iter().filter(|choice| **choice != 0).count());
        let (trace, asks_environment) = (ran.trace, false);
        Box::new(Failing { seed, failed, at, trace, before, choices, runs, asks_environment })
    }

    /// Prints what a seed does that does not fail.
    #[expect(clippy::disallowed_macros, reason = "a person has asked to see it")]
    fn show(&self, seed: u64, body: &impl Fn(&Sim) -> Outcome) {
        let ran = self.attempt(seed, Choices::Drawn, Attention::Kept, body);
        eprintln!("seed {seed} does not fail:\n\n{}", ran.trace);
    }
}

impl Schedule {
    fn apply(self, seed: u64, simulation: &Simulation) {
        // Nobody knows how long a run is: these are.
        let turns = |seed: u64| 32 << (seed % 8);
        match self {
            Self::Random => {}
            Self::Priorities { depth } => {
                simulation.prioritize(depth.saturating_sub(1), turns(seed));
            }
            Self::Mixed if seed.is_multiple_of(2) => {}
            Self::Mixed => simulation.prioritize((seed / 2 % 4) as usize, turns(seed / 8)),
        }
    }
}

/// What a variable of the environment says.
#[track_caller]
fn number_in(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    match text.trim().parse() {
        Ok(number) => Some(number),
        Err(_) => panic!("{variable}={text:?}: it takes a whole number"),
    }
}
