//! `map_on_pool`: each item turned into another by a job of the pool, several at a time.

use std::any::type_name;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use roundsman_runtime::{Context, JobError, Lane, try_job};

use super::holdback::Holdback;
use super::link::Flow;
use super::runner::{Feed, Runner, RunnerMessage};
use super::stage::{Stage, Tail};
use super::{PipeError, Source};

/// How a stage uses the pool: how many jobs at a time, in what order their results go on, in which lane they run.
///
/// A number alone says how many; the rest is then as it says below. Order and lane are said here, and not by functions of
/// their own, because each would double their number.
///
/// # Examples
/// ```
/// use roundsman::Lane;
/// use roundsman::stream::{Jobs, Source};
///
/// let hashes = Source::iter(0..100_u64).map_on_pool(4, |n| n.wrapping_mul(0x9e37_79b9));
/// let whoever_is_first = Jobs::at_most(8).unordered().lane(Lane::Crypto);
/// let more = Source::iter(0..100_u64).map_on_pool(whoever_is_first, |n| n.wrapping_mul(0x9e37_79b9));
/// # drop((hashes, more));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it says how a stage is to use the pool"]
pub struct Jobs {
    most: usize,
    ordered: bool,
    lane: Lane,
}

impl Jobs {
    /// At most so many jobs at a time; results in the order of their items; lane [`User`](Lane::User).
    ///
    /// # Panics
    /// If `most` is 0.
    pub fn at_most(most: usize) -> Self {
        assert!(most > 0, "with no jobs at a time nothing would ever be done: allow at least 1");
        Self { most, ordered: true, lane: Lane::User }
    }

    /// Results go on as they come: one slow job holds up no others, as long as there are fewer of them than there may be
    /// jobs. (Pekko: `mapAsyncUnordered`.)
    pub fn unordered(mut self) -> Self {
        self.ordered = false;
        self
    }

    /// The lane in which they run, with its cap and its queue.
    pub fn lane(mut self, lane: Lane) -> Self {
        self.lane = lane;
        self
    }
}

/// So many at a time, in order, in the lane [`User`](Lane::User).
impl From<usize> for Jobs {
    /// # Panics
    /// If `most` is 0.
    fn from(most: usize) -> Self {
        Self::at_most(most)
    }
}

/// Each item turned into another by `f`, which runs on the pool and may block or compute: at most so many at a time.
/// (Pekko: `mapAsync`.)
///
/// - Demand: asks for as many items as may be in jobs. Items in jobs and results that wait are together no more than
///   [`Jobs`] allows, so a slow sink stops the jobs, and with them the source.
/// - The end comes after the last result.
/// - Failure: a panic of `f` fails the pipeline, and nothing else; the cause is the [`JobError`], with the panic's message.
///   After a failure or a cancel, from wherever it comes, jobs that wait for a thread never run; those that run end in
///   their own time, and nobody hears of them.
///
/// # Panics
/// If it is given 0 as the number of jobs.
///
/// # Examples
/// ```
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source};
///
/// struct Squares;
///
/// impl Actor for Squares {
///     type Message = Result<Vec<u64>, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let squares = Source::iter(1..=5_u64).map_on_pool(2, |n| n * n);
///         squares.collect().start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, squares: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         assert_eq!(squares?, [1, 4, 9, 16, 25]);
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Squares)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn map_on_pool<In, Out>(
    jobs: impl Into<Jobs>,
    f: impl Fn(In) -> Out + Send + Sync + 'static,
) -> Stage<In, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
{
    let code = path_of(&f);
    let f = move |item| Ok::<_, Infallible>(f(item));
    Stage::waiting("map_on_pool", PoolFeed::new("map_on_pool", code, jobs.into(), f))
}

/// The same for an `f` that may fail: its first error fails the pipeline, and is the cause.
///
/// Demand, end, cancel and panics as in [`map_on_pool`].
///
/// # Panics
/// If it is given 0 as the number of jobs.
///
/// # Examples
/// ```
/// use std::num::ParseIntError;
///
/// use roundsman::prelude::*;
/// use roundsman::stream::{PipeError, Source};
///
/// struct Sum;
///
/// impl Actor for Sum {
///     type Message = Result<u32, PipeError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let numbers = Source::iter(["1", "2", "three"]).try_map_on_pool(2, |text| text.parse::<u32>());
///         numbers.fold(0, |sum, n| sum + n).start(ctx, |result| result);
///         Ok(())
///     }
///
///     fn receive(&mut self, sum: Self::Message, ctx: &mut Context<Self>) -> Outcome {
///         let error = sum.expect_err("`three` is no number");
///         assert_eq!(error.stage(), "try_map_on_pool");
///         assert!(error.cause_as::<ParseIntError>().is_some());
///         ctx.stop();
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Sum)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn try_map_on_pool<In, Out, E>(
    jobs: impl Into<Jobs>,
    f: impl Fn(In) -> Result<Out, E> + Send + Sync + 'static,
) -> Stage<In, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    let code = path_of(&f);
    Stage::waiting("try_map_on_pool", PoolFeed::new("try_map_on_pool", code, jobs.into(), f))
}

impl<T: Send + 'static> Source<T> {
    /// Each item turned into another on the pool. See [`map_on_pool`](super::map_on_pool()).
    ///
    /// # Panics
    /// If it is given 0 as the number of jobs.
    pub fn map_on_pool<Out: Send + 'static>(
        self,
        jobs: impl Into<Jobs>,
        f: impl Fn(T) -> Out + Send + Sync + 'static,
    ) -> Source<Out> {
        self.through(map_on_pool(jobs, f))
    }

    /// The same for an `f` that may fail. See [`try_map_on_pool`](super::try_map_on_pool()).
    ///
    /// # Panics
    /// If it is given 0 as the number of jobs.
    pub fn try_map_on_pool<Out, E>(
        self,
        jobs: impl Into<Jobs>,
        f: impl Fn(T) -> Result<Out, E> + Send + Sync + 'static,
    ) -> Source<Out>
    where
        Out: Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    {
        self.through(try_map_on_pool(jobs, f))
    }
}

fn path_of<F>(_: &F) -> &'static str {
    type_name::<F>().trim_end_matches("::{{closure}}")
}

/// Starts jobs, and pushes their results.
struct PoolFeed<In, Out, F> {
    name: &'static str,
    /// The path of the user's code, which names its jobs.
    code: &'static str,
    jobs: Jobs,
    f: Arc<F>,
    held: Holdback<In>,
    /// A place for each item that is in a job, or has its result here: `None` while the job is under way. Only with
    /// order are the results anywhere but at the front.
    places: VecDeque<Option<Out>>,
    /// The number of the first place.
    first: usize,
}

enum PoolEvent<In, Out, E> {
    Flow(Flow<In>),
    Done { place: usize, result: Result<Out, JobError<E>> },
}

impl<In, Out, E> From<Flow<In>> for PoolEvent<In, Out, E> {
    fn from(flow: Flow<In>) -> Self {
        Self::Flow(flow)
    }
}

impl<In: 'static, Out, F> PoolFeed<In, Out, F> {
    fn new(name: &'static str, code: &'static str, jobs: Jobs, f: F) -> Self {
        let (f, held, places) = (Arc::new(f), Holdback::new(), VecDeque::new());
        Self { name, code, jobs, f, held, places, first: 0 }
    }

    /// Puts a result where it belongs.
    fn enter(&mut self, place: usize, result: Out) {
        let at = if self.jobs.ordered {
            place.wrapping_sub(self.first)
        } else {
            // Results in the order in which they came, then what is under way.
            self.places.iter().position(Option::is_none).unwrap_or(0)
        };
        if let Some(place) = self.places.get_mut(at) {
            *place = Some(result);
        }
    }
}

impl<In, Out, E, F> Feed for PoolFeed<In, Out, F>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    F: Fn(In) -> Result<Out, E> + Send + Sync + 'static,
{
    type Item = Out;
    type Event = PoolEvent<In, Out, E>;

    fn take(
        &mut self,
        event: Self::Event,
        _: &mut dyn Tail<Out>,
        _: &mut Context<'_, Runner<Self>>,
    ) -> Result<(), PipeError> {
        match event {
            PoolEvent::Flow(flow) => self.held.take(flow)?,
            PoolEvent::Done { place, result: Ok(result) } => self.enter(place, result),
            PoolEvent::Done { result: Err(error), .. } => {
                return Err(PipeError::new(self.name, cause(error)));
            }
        }
        Ok(())
    }

    fn advance(
        &mut self,
        tail: &mut dyn Tail<Out>,
        ctx: &mut Context<'_, Runner<Self>>,
    ) -> Result<bool, PipeError> {
        while tail.room() > 0
            && let Some(result) = self.places.front_mut().and_then(Option::take)
        {
            self.places.pop_front();
            self.first = self.first.wrapping_add(1);
            tail.push(result)?;
        }
        while self.places.len() < self.jobs.most
            && let Some(item) = self.held.pop()
        {
            let place = self.first.wrapping_add(self.places.len());
            let f = Arc::clone(&self.f);
            let job = try_job(self.jobs.lane, move || f(item)).named(self.code);
            ctx.start(job, move |result| RunnerMessage::Event(PoolEvent::Done { place, result }));
            self.places.push_back(None);
        }
        if self.held.is_dry() && self.places.is_empty() {
            tail.end()?;
        } else if tail.room() > 0 {
            // Where items are bytes, each byte that is asked for may bring one item.
            let free = self.jobs.most - self.places.len();
            self.held.ask_up_to(free as u64);
        }
        Ok(false)
    }

    fn let_go(&mut self) {
        // Its jobs are cancelled as the actor ends.
        self.held.cancel();
    }
}

/// The error of the job's own code, or why there is none.
fn cause<E>(error: JobError<E>) -> Box<dyn Error + Send + Sync>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let other: JobError = match error {
        JobError::Failed(error) => return error.into(),
        JobError::Panicked(text) => JobError::Panicked(text),
        JobError::Cancelled => JobError::Cancelled,
        JobError::Expired => JobError::Expired,
        JobError::NoThread => JobError::NoThread,
        _ => JobError::Closed,
    };
    other.into()
}
