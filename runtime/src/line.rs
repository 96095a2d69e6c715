//! A line: jobs that run in the order in which they were started, each once those before it have ended.
//!
//! Entered by [`jobs`](crate::jobs) as a job is started; asked by the [`agenda`](crate::agenda) whether a job's turn has
//! come; left as its result has gone home. A job whose turn has not come is parked in its lane's backlog and holds no
//! thread. It knows no pool: what it calls in is a function.
//!
//! | a place | who moves it on |
//! |---|---|
//! | drawn | its job comes to the pool: it is admitted, or parked |
//! | parked | whoever leaves before it calls it in |
//! | admitted | its job runs, is refused or is dropped, and leaves |
//!
//! Order of locking: the pool, then a line. Nothing is called under the mutex of a line.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Jobs that belong together and must not overtake each other: those of one file, one device, one connection to a
/// database. [`Job::in_line`](crate::Job::in_line) puts a job into it. (Boost.Asio: `strand`.)
///
/// - Order: the jobs of a line run in the order in which they were started, whoever starts them and on which loop, one
///   at a time; their results are sent home in this order, too. Those put in by
///   [`Job::in_line_shared`](crate::Job::in_line_shared) run together with others of their kind that stand beside them.
/// - Blocking: a job that waits for those before it holds no thread. It counts as waiting in its lane, so whoever starts
///   more than the lane should hold is paused.
/// - Cancel: a job that has not begun leaves the line when it is cancelled, when its time is up
///   ([`Job::within`](crate::Job::within)), or when its actor ends; those behind it go on. A job that fails or panics
///   stops nobody.
///
/// Clones are the same line. It takes jobs of any lane, and of any runtime.
///
/// # Examples
/// ```
/// use std::sync::{Arc, Mutex};
/// use roundsman_runtime::{Actor, Context, JobError, Lane, Line, Outcome, Runtime, job};
///
/// struct Clerk(Arc<Mutex<Vec<u32>>>);
///
/// impl Actor for Clerk {
///     type Message = Result<(), JobError>;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         let line = Line::new();
///         for number in 0..100 {
///             let book = Arc::clone(&self.0);
///             let enter = job(Lane::User, move || book.lock().expect("nobody panics").push(number));
///             ctx.start(enter.in_line(&line), |done| done);
///         }
///         Ok(())
///     }
///
///     fn receive(&mut self, done: Self::Message, _: &mut Context<Self>) -> Outcome {
///         Ok(done?)
///     }
/// }
///
/// let book = Arc::default();
/// let clerk = Clerk(Arc::clone(&book));
/// Runtime::builder().loops(1).build()?.run(|| clerk)?;
/// assert!(book.lock().expect("nobody panics").iter().copied().eq(0..100));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Line(Arc<Mutex<Order>>);

/// What calls in a job that was parked.
type CallIn = Box<dyn FnOnce() + Send>;

/// Who stands in a line.
#[derive(Default)]
struct Order {
    /// The number of the first place that has not been left.
    first: u64,
    /// Places below this number are admitted, or have been left.
    admitted: u64,
    /// Those from `first` on.
    places: VecDeque<Standing>,
}

struct Standing {
    shared: bool,
    left: bool,
    parked: Option<CallIn>,
}

impl Line {
    /// One in which nobody stands.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Draws the next place.
    pub(crate) fn enter(&self, shared: bool) -> Arc<Place> {
        let mut order = self.lock();
        let number = order.first + order.places.len() as u64;
        order.places.push_back(Standing { shared, left: false, parked: None });
        // Nobody is parked who could be called in by it.
        order.admit();
        drop(order);
        Arc::new(Place { line: self.clone(), number, left: AtomicBool::new(false) })
    }

    fn lock(&self) -> MutexGuard<'_, Order> {
        // A poisoned mutex means that a push panicked for want of memory; the order is whole all the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("standing", &self.lock().places.len()).finish()
    }
}

impl Order {
    /// Admits whom nobody before stands in the way of; returns those of them that were parked.
    fn admit(&mut self) -> Vec<CallIn> {
        while self.places.front().is_some_and(|place| place.left) {
            self.places.pop_front();
            self.first += 1;
        }
        self.admitted = self.admitted.max(self.first);
        let mut called = Vec::new();
        // Those that are admitted and have not left: one that is alone, or only shared ones. The first tells which.
        let shares = self.places.front().is_some_and(|place| place.shared);
        while let Some(next) = self.places.get_mut((self.admitted - self.first) as usize) {
            let alone = self.admitted == self.first;
            if !(next.left || alone || shares && next.shared) {
                break;
            }
            called.extend(next.parked.take());
            self.admitted += 1;
        }
        called
    }
}

/// A job's place in a line. Dropped, it is left.
pub(crate) struct Place {
    line: Line,
    number: u64,
    left: AtomicBool,
}

impl Place {
    /// Whether its turn has come. If not, what `call_in` returns is called when it has.
    pub(crate) fn arrive(&self, call_in: impl FnOnce() -> CallIn) -> bool {
        let mut order = self.line.lock();
        let admitted = self.number < order.admitted;
        if !admitted {
            let index = (self.number - order.first) as usize;
            if let Some(standing) = order.places.get_mut(index) {
                standing.parked = Some(call_in());
            }
        }
        admitted
    }

    /// Its job has ended, or never will begin: those behind it go on. Said again, it does nothing.
    pub(crate) fn leave(&self) {
        // Relaxed: the mutex orders whatever belongs to the line.
        if self.left.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut order = self.line.lock();
        let Some(index) = self.number.checked_sub(order.first) else { return };
        let Some(standing) = order.places.get_mut(index as usize) else { return };
        standing.left = true;
        let parked = standing.parked.take();
        let called = order.admit();
        drop(order);
        drop(parked);
        called.into_iter().for_each(|call_in| call_in());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(all(test, not(roundsman_loom)))]
mod tests;
