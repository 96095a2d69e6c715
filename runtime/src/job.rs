//! A job: code for a thread of the pool, as a value, and everything that becomes of it.
//!
//! Made by users and by libraries, started with [`Context::start`](crate::Context::start). It is one allocation for its
//! whole life: the code, later the result, and the way home ([`jobs`](crate::jobs)). It chooses no thread.
//!
//! | state | who moves it on |
//! |---|---|
//! | `Todo` | the thread that was given it runs it; or, before that, its owner or the pool takes the code out |
//! | `Running` | the thread: it holds the mutex of the state as long as the code runs |
//! | `Done` | the owner's loop takes the result |
//! | `Empty` | – |

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use crate::cancel_token::CancelToken;
use crate::cell::CellRef;
use crate::clock::Timestamp;
use crate::dying;
use crate::errand::{Errand, Refusal};
use crate::home::Home;
use crate::job_code::{Code, Fallible, Sure, Watchful};
use crate::job_error::JobError;
use crate::jobs::JobKey;
use crate::lane::Lane;
use crate::line::{Line, Place};
use crate::local::Local;
use crate::parcel::Parcel;
use crate::pool::is_pool_thread;

/// Code that blocks or computes, for a thread of the pool. It does nothing until an actor starts it with
/// [`Context::start`](crate::Context::start), and its result is then that actor's own message.
///
/// It is made by [`job`], [`try_job`] or [`job_with_token`]; libraries offer jobs as values.
///
/// # Examples
/// ```
/// use roundsman_runtime::{Actor, Context, JobError, Lane, Outcome, Runtime, job};
///
/// enum Msg {
///     Sorted(Result<Vec<u32>, JobError>),
/// }
///
/// struct Sorter;
///
/// impl Actor for Sorter {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let mut numbers = vec![3, 1, 2];
///         let sort = job(Lane::User, move || {
///             numbers.sort();
///             numbers
///         });
///         ctx.start(sort.named("sort"), Msg::Sorted);
///         Ok(())
///     }
///
///     fn receive(&mut self, Msg::Sorted(numbers): Msg, _: &mut Context<Self>) -> Outcome {
///         assert_eq!(numbers?, [1, 2, 3]);
///         Ok(())
///     }
/// }
///
/// Runtime::builder().loops(1).build()?.run(|| Sorter)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a job does nothing until `Context::start`"]
pub struct Job<T, E = Infallible>(Arc<dyn Prepared<T, E>>);

/// A job whose code cannot fail otherwise than by a panic.
pub fn job<T: Send + 'static>(lane: Lane, code: impl FnOnce() -> T + Send + 'static) -> Job<T> {
    Job::new(lane, Sure(code))
}

/// A job whose code answers a result; its error arrives as [`JobError::Failed`].
pub fn try_job<T, E>(lane: Lane, code: impl FnOnce() -> Result<T, E> + Send + 'static) -> Job<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    Job::new(lane, Fallible(code))
}

/// The same, for code that takes long and can end early: it looks at its token now and then.
///
/// # Examples
/// ```
/// use roundsman_runtime::{Lane, job_with_token};
///
/// let count = job_with_token(Lane::User, |token| {
///     let mut counted = 0_u64;
///     while counted < 1_000_000_000 {
///         if token.is_cancelled() {
///             return Err(counted);
///         }
///         counted += 1;
///     }
///     Ok(counted)
/// });
/// # drop(count);
/// ```
pub fn job_with_token<T, E>(
    lane: Lane,
    code: impl FnOnce(&CancelToken) -> Result<T, E> + Send + 'static,
) -> Job<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    let token = CancelToken::default();
    let mut job = Job::new(lane, Watchful { code, token: token.clone() });
    job.edit(|about| about.rare().token = Some(token));
    job
}

impl<T: Send + 'static, E: Send + 'static> Job<T, E> {
    fn new(lane: Lane, code: impl Code<T, E>) -> Self {
        Self(Arc::new(Work {
            about: About {
                lane,
                in_place: false,
                rare: None,
                cancelled: AtomicBool::new(false),
                ticket: AtomicU64::new(0),
                way: None,
            },
            state: Mutex::new(State::Todo(code)),
        }))
    }

    /// A name, for whoever asks what runs, and for the report of what did not end. Default: the path of its code.
    pub fn named(mut self, name: impl Into<Box<str>>) -> Self {
        self.edit(|about| about.rare().name = Some(name.into()));
        self
    }

    /// How long it may wait for a thread, from its start on. If it still waits then, it never runs, and its actor is
    /// told at once: [`JobError::Expired`]. Default: for ever.
    pub fn within(mut self, longest: Duration) -> Self {
        self.edit(|about| about.rare().within = Some(longest));
        self
    }

    /// Has it run where it is started, on the loop, inside [`Context::start`](crate::Context::start): for code that takes
    /// less time than the way to the pool and back, some 10 µs, and that never blocks.
    ///
    /// Everything else is as on the pool: the result is a message, which is never handled inside of the handler that has
    /// started the job; a panic is [`JobError::Panicked`]; results come in the order of their starts. What does not hold: its
    /// lane neither counts nor limits it ([`LoopMetrics::jobs_in_place`](crate::LoopMetrics::jobs_in_place) counts it),
    /// it cannot be cancelled, and it never [expires](Self::within). One that stands in a [`Line`] goes to the pool all the
    /// same: its turn may be later.
    ///
    /// # Examples
    /// ```
    /// use roundsman_runtime::{Actor, Context, JobError, Lane, Outcome, Runtime, job};
    ///
    /// struct Adder(bool);
    ///
    /// impl Actor for Adder {
    ///     type Message = Result<u32, JobError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         ctx.start(job(Lane::User, || 1 + 1).in_place(), |sum| sum);
    ///         self.0 = true;
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, sum: Self::Message, _: &mut Context<Self>) -> Outcome {
    ///         assert!(self.0, "not before `started` has ended");
    ///         assert_eq!(sum?, 2);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Adder(false))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_place(mut self) -> Self {
        self.edit(|about| about.in_place = true);
        self
    }

    /// Has it run in its turn: once every job of this line has ended that was started before it. See [`Line`].
    ///
    /// It stands in the line from [`Context::start`](crate::Context::start) on. A later call overrides.
    pub fn in_line(mut self, line: &Line) -> Self {
        self.edit(|about| about.rare().line = Some((line.clone(), false)));
        self
    }

    /// As [`in_line`](Self::in_line), but it runs together with those right before and behind it that were put in like
    /// this: reads between writes.
    ///
    /// # Examples
    /// ```
    /// use roundsman_runtime::{Lane, Line, job};
    ///
    /// let book = Line::new();
    /// // Started in this order, the two reads see what was written, and may run at the same time.
    /// let write = job(Lane::User, || { /* … */ }).in_line(&book);
    /// let reads = [1, 2].map(|page| job(Lane::User, move || page).in_line_shared(&book));
    /// # drop((write, reads));
    /// ```
    pub fn in_line_shared(mut self, line: &Line) -> Self {
        self.edit(|about| about.rare().line = Some((line.clone(), true)));
        self
    }

    /// Its lane.
    #[must_use]
    pub fn lane(&self) -> Lane {
        self.0.about().lane
    }

    /// Whether it is run where it is started.
    pub(crate) fn is_in_place(&self) -> bool {
        let about = self.0.about();
        about.in_place && about.rare.as_ref().is_none_or(|rare| rare.line.is_none())
    }

    fn edit(&mut self, edit: impl FnOnce(&mut About<T, E>)) {
        // Nobody else has it before it is started.
        if let Some(prepared) = Arc::get_mut(&mut self.0) {
            edit(prepared.about_mut());
        }
    }

    /// How long it may wait for a thread.
    pub(crate) fn longest_wait(&self) -> Option<Duration> {
        self.0.about().rare.as_ref()?.within
    }

    /// The errand of this job, with its way home. From here on it stands in its line.
    pub(crate) fn prepare(mut self, expires: Option<Timestamp>, way: Way<T, E>) -> Arc<dyn Homing> {
        self.edit(|about| {
            if let Some(rare) = &mut about.rare
                && let Some((line, shared)) = &rare.line
            {
                rare.place = Some(line.enter(*shared));
            }
            if expires.is_some() {
                about.rare().expires = expires;
            }
            about.way = Some(way);
        });
        self.0
    }
}

impl<T, E> Job<T, E> {
    /// The errand of this job, without a way home.
    pub(crate) fn for_nobody(self) -> Arc<dyn Homing> {
        self.0
    }
}

impl<T, E> fmt::Debug for Job<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("name", &self.0.name())
            .field("lane", &self.0.about().lane)
            .finish()
    }
}

/// The way of a result to the actor that started the job.
pub(crate) struct Way<T, E> {
    cell: CellRef,
    id: JobKey,
    deliver: Deliver<T, E>,
    /// Where the cell's home is, to compare it without looking into the cell: see [`LAST_HOME`].
    home: usize,
}

/// Delivers a result on the owner's loop; made for the owner's type.
type Deliver<T, E> = fn(&CellRef, &Local, JobKey, Result<T, JobError<E>>);

impl<T, E> Way<T, E> {
    pub(crate) fn new(cell: CellRef, id: JobKey, deliver: Deliver<T, E>) -> Self {
        let home = Arc::as_ptr(cell.home()) as usize;
        Self { cell, id, deliver, home }
    }
}

thread_local! {
    /// The loop to which this pool thread has sent a result last. Mostly the next one goes there, too; then the thread
    /// touches neither the cell nor the count of its home, both of which are in another core's cache.
    static LAST_HOME: Cell<Option<Arc<Home>>> = const { Cell::new(None) };
}

/// A job as its owner's loop sees it: without its type, on its way out and home.
pub(crate) trait Homing: Errand {
    /// On the owner's loop: becomes a message, if its owner still waits for it.
    fn arrive(self: Arc<Self>, local: &Local);
    /// Its place in its lane's queue; 0 if it has none yet. Read under the pool's mutex.
    fn ticket(&self) -> u64;
    /// Its lane.
    fn lane(&self) -> Lane;
    /// It was taken back: those behind it in its line go on.
    fn leave_line(&self);
    /// Whether its result is on its way.
    fn has_ended(&self) -> bool;
}

/// A job that has not been started, without the type of its code.
trait Prepared<T, E>: Homing {
    fn about(&self) -> &About<T, E>;
    fn about_mut(&mut self) -> &mut About<T, E>;
    fn name(&self) -> String;
}

/// What is known of a job without the type of its code.
struct About<T, E> {
    lane: Lane,
    /// Run where it is started.
    in_place: bool,
    rare: Option<Box<Rare>>,
    /// Nobody wants its result any more.
    cancelled: AtomicBool,
    ticket: AtomicU64,
    way: Option<Way<T, E>>,
}

/// What only some jobs have: the others stay small, for they travel between cores.
#[derive(Default)]
struct Rare {
    name: Option<Box<str>>,
    within: Option<Duration>,
    expires: Option<Timestamp>,
    /// What its code looks at, if it does.
    token: Option<CancelToken>,
    /// The line that it is to stand in, and whether it shares its turn.
    line: Option<(Line, bool)>,
    /// Where it stands, once it is started.
    place: Option<Arc<Place>>,
}

impl Rare {
    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl<T, E> About<T, E> {
    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    fn place(&self) -> Option<&Arc<Place>> {
        self.rare.as_ref()?.place.as_ref()
    }
}

/// A job, all of it.
struct Work<T, E, F> {
    about: About<T, E>,
    state: Mutex<State<T, E, F>>,
}

enum State<T, E, F> {
    Todo(F),
    Running,
    Done(Result<T, JobError<E>>),
    Empty,
}

impl<T, E, F> Work<T, E, F>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Code<T, E>,
{
    fn lock(&self) -> MutexGuard<'_, State<T, E, F>> {
        // Panics of the code are caught inside.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an answer in the place of the code, which is dropped.
    fn answer(&self, error: JobError<E>) {
        let before = std::mem::replace(&mut *self.lock(), State::Done(Err(error)));
        drop_carefully(before);
    }
}

impl<T, E, F> Prepared<T, E> for Work<T, E, F>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Code<T, E>,
{
    fn about(&self) -> &About<T, E> {
        &self.about
    }

    fn about_mut(&mut self) -> &mut About<T, E> {
        &mut self.about
    }

    fn name(&self) -> String {
        match self.about.rare.as_ref().and_then(|rare| rare.name.as_ref()) {
            Some(name) => name.to_string(),
            None => F::path().to_owned(),
        }
    }
}

impl<T, E, F> Errand for Work<T, E, F>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Code<T, E>,
{
    fn enqueued(&self, ticket: u64) -> bool {
        // Relaxed: written and read under the pool's mutex.
        self.about.ticket.store(ticket, Ordering::Relaxed);
        let (Some(place), Some(way)) = (self.about.place(), &self.about.way) else { return true };
        place.arrive(|| {
            let (home, lane) = (Arc::clone(way.cell.home()), self.about.lane);
            Box::new(move || home.world.pool.call_in(lane, ticket))
        })
    }

    fn begin(&self, now: Timestamp) -> bool {
        // Relaxed: nothing is handed over with it.
        let why = if self.about.cancelled.load(Ordering::Relaxed) {
            JobError::Cancelled
        } else if self.about.rare.as_ref().is_some_and(|rare| rare.has_expired(now)) {
            JobError::Expired
        } else {
            return true;
        };
        self.answer(why);
        false
    }

    fn run(&self) {
        let mut state = self.lock();
        let State::Todo(code) = std::mem::replace(&mut *state, State::Running) else { return };
        // What it captured is dropped inside, too. A panic leaves nothing behind that anybody sees.
        let result = match catch_unwind(AssertUnwindSafe(|| code.run())) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(JobError::Failed(error)),
            Err(panic) => {
                let text = Arc::from(dying::panic_text(&*panic));
                drop_carefully(panic);
                Err(JobError::Panicked(text))
            }
        };
        *state = State::Done(result);
    }

    fn go_home(self: Arc<Self>) {
        let Some(way) = &self.about.way else { return };
        let last = if is_pool_thread() { LAST_HOME.take() } else { None };
        let home = match last {
            Some(home) if Arc::as_ptr(&home) as usize == way.home => home,
            _ => Arc::clone(way.cell.home()),
        };
        let place = self.about.place().cloned();
        // An ended loop has no owner left.
        drop(home.post(Parcel::Job(self)));
        // Only now, so that the results of a line come in its order.
        if let Some(place) = place {
            place.leave();
        }
        if is_pool_thread() {
            LAST_HOME.set(Some(home));
        }
    }

    fn refuse(&self, why: Refusal) {
        self.answer(match why {
            Refusal::Cancelled => JobError::Cancelled,
            Refusal::Expired => JobError::Expired,
            Refusal::Closed => JobError::Closed,
            Refusal::NoThread => JobError::NoThread,
        });
    }

    fn cancel(&self) {
        self.about.cancelled.store(true, Ordering::Relaxed);
        if let Some(token) = self.about.rare.as_ref().and_then(|rare| rare.token.as_ref()) {
            token.cancel();
        }
    }

    fn describe(&self) -> (String, String) {
        let owner = self.about.way.as_ref().map(|way| dying::path_of(&way.cell));
        (self.name(), owner.unwrap_or_default())
    }
}

impl<T, E, F> Homing for Work<T, E, F>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Code<T, E>,
{
    fn arrive(self: Arc<Self>, local: &Local) {
        let Some(way) = &self.about.way else { return };
        let state = std::mem::replace(&mut *self.lock(), State::Empty);
        if let State::Done(result) = state {
            (way.deliver)(&way.cell, local, way.id, result);
        }
    }

    fn ticket(&self) -> u64 {
        self.about.ticket.load(Ordering::Relaxed)
    }

    fn lane(&self) -> Lane {
        self.about.lane
    }

    fn leave_line(&self) {
        if let Some(place) = self.about.place() {
            place.leave();
        }
    }

    fn has_ended(&self) -> bool {
        match self.state.try_lock() {
            Ok(state) => matches!(*state, State::Done(_) | State::Empty),
            Err(TryLockError::Poisoned(_)) => true,
            // It runs: the mutex is held as long.
            Err(TryLockError::WouldBlock) => false,
        }
    }
}

/// What is left in it is the user's: code that never ran, or a result that nobody took.
impl<T, E, F> Drop for Work<T, E, F> {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !matches!(state, State::Empty) {
            drop_carefully(std::mem::replace(state, State::Empty));
        }
    }
}

/// Drops what is the user's, in nobody's turn.
fn drop_carefully<T>(value: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        let text = dying::panic_text(&*panic);
        tracing::error!(text, "what belongs to a job panicked as it was dropped");
        // That one's drop is the user's, too: it is let go instead.
        std::mem::forget(panic);
    }
}
