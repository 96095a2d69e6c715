//! An actor as a source: it pushes items, and is told how much is wanted.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use roundsman_runtime::Recipient;

use super::PipeError;
use super::assembly::{Abort, Counts, Reporter};
use super::error::Cut;
use super::link::{Demand, Downstream, Flow, Supplier, Upstream, weight};
use super::source::Source;

/// A pair: a source to pipe, and the outlet through which an actor (or a thread) feeds it.
///
/// What is pushed ahead of demand waits in the outlet, at most `limit` (in items, or in bytes where items are
/// [`Bytes`](bytes::Bytes)); past it, [`Outlet::push`] hands the item back.
///
/// # Examples
/// ```
/// use roundsman::stream::{Full, outlet};
///
/// let (source, mut outlet) = outlet::<u32>(2);
/// assert_eq!(outlet.push(1), Ok(0), "nothing is wanted yet");
/// assert_eq!(outlet.push(2), Ok(0));
/// assert_eq!(outlet.push(3), Err(Full::Limit(3)));
/// # drop(source);
/// ```
pub fn outlet<T: Send + 'static>(limit: u64) -> (Source<T>, Outlet<T>) {
    let state = State {
        link: None,
        reporter: None,
        demand: 0,
        kept: VecDeque::new(),
        kept_weight: 0,
        limit,
        ending: Ending::No,
        wanted: None,
    };
    let shared = Arc::new(Shared {
        state: Mutex::new(state),
        asked: AtomicU64::new(0),
        cancelled: AtomicBool::new(false),
        aborted: OnceLock::new(),
    });
    let unstarted = Unstarted(Some(Arc::clone(&shared)));
    let source = Source::new(move |assembly, outflow| {
        let Some(inside) = unstarted.start() else { return };
        let mut link = outflow.into_link(assembly);
        let reporter = assembly.enter("outlet", Some(Box::new(Arc::clone(&inside))));
        link.take(Flow::Begin(Upstream::new(Arc::clone(&inside))));
        inside.with(|state| {
            state.link = Some(link);
            state.reporter = Some(reporter);
            if state.ending == Ending::Ended {
                // The outlet was dropped before this.
                state.fail(PipeError::new("outlet", Cut::OwnerGone));
            } else {
                state.flush();
            }
        });
    });
    (source, Outlet { shared })
}

/// The source of an outlet until it is started. Dropped, it closes the outlet: nobody will ever take its items.
struct Unstarted<T: Send + 'static>(Option<Arc<Shared<T>>>);

impl<T: Send + 'static> Unstarted<T> {
    fn start(mut self) -> Option<Arc<Shared<T>>> {
        self.0.take()
    }
}

impl<T: Send + 'static> Drop for Unstarted<T> {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.with(State::cut);
        }
    }
}

/// Where an actor pushes the items of a source; see [`outlet`].
///
/// Dropped without [`end`](Self::end), it fails the pipeline: what ends halfway must not look complete.
pub struct Outlet<T: Send + 'static> {
    shared: Arc<Shared<T>>,
}

/// An item that an outlet did not take; it is handed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Full<T> {
    /// As much waits as the outlet may hold.
    #[error("the outlet holds as much as it may: raise its limit, or push when there is demand")]
    Limit(T),
    /// Nobody takes items any more: the pipeline has ended, or the outlet has.
    #[error("the pipeline has ended")]
    Closed(T),
}

impl<T: Send + 'static> Outlet<T> {
    /// Gives an item and returns how much is still wanted beyond it: 0 says "wait if you can".
    ///
    /// # Errors
    /// [`Full`] hands the item back: the limit is reached, or nobody takes items any more.
    pub fn push(&mut self, item: T) -> Result<u64, Full<T>> {
        self.shared.with(|state| state.push(item))
    }

    /// What waits here because nobody has asked for it yet, in items or bytes.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.shared.with(|state| state.kept_weight)
    }

    /// Drops what waits here and was not asked for; returns how many items that were.
    pub fn discard(&mut self) -> usize {
        // Dropped outside: items are the user's.
        let discarded = self.shared.with(|state| {
            state.kept_weight = 0;
            std::mem::take(&mut state.kept)
        });
        discarded.len()
    }

    /// The stream ends once everything has been taken. Later pushes are refused.
    pub fn end(&mut self) {
        self.shared.with(|state| {
            if state.ending == Ending::No {
                state.ending = Ending::Soon;
                state.flush();
            }
        });
    }

    /// Tells `recipient` when there is demand again after a push that found none; or when the pipeline has ended
    /// meanwhile, which the next push says. (Node: `drain`.)
    pub fn notify(&mut self, recipient: Recipient<Wanted>) {
        self.shared.with(|state| state.wanted = Some((recipient, false)));
    }
}

/// It is worth pushing again: there is demand, or nobody takes items any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted;

/// What the outlet and the link's lower end have in common.
///
/// Demand comes from below at any time, even from inside a send that this outlet is making: an item that its receiver
/// drops at once gives its demand back on the spot. So demand is only noted (`asked`, `cancelled`, `aborted`), and
/// whoever holds the mutex looks at the notes again after letting it go.
struct Shared<T> {
    state: Mutex<State<T>>,
    asked: AtomicU64,
    cancelled: AtomicBool,
    /// With what the pipeline was cut, if it was.
    aborted: OnceLock<PipeError>,
}

struct State<T> {
    link: Option<Downstream<T>>,
    reporter: Option<Reporter>,
    demand: u64,
    kept: VecDeque<T>,
    kept_weight: u64,
    limit: u64,
    ending: Ending,
    /// Whom to tell of demand, and whether a push has found none since.
    wanted: Option<(Recipient<Wanted>, bool)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    No,
    /// The end follows what is kept.
    Soon,
    Ended,
}

impl<T: Send + 'static> Shared<T> {
    fn with<R>(&self, f: impl FnOnce(&mut State<T>) -> R) -> R {
        let result = {
            // Nothing in here is left half done by a panic: an allocation that fails aborts.
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            self.absorb(&mut state);
            f(&mut state)
        };
        self.settle();
        result
    }

    /// Acts on demand that was noted, unless somebody holds the mutex, who then will: the note was made before the
    /// attempt, and every holder looks again after letting go.
    fn settle(&self) {
        while self.asked.load(Ordering::SeqCst) > 0 || self.cancelled.load(Ordering::SeqCst) {
            let Ok(mut state) = self.state.try_lock() else { return };
            self.absorb(&mut state);
        }
    }

    fn absorb(&self, state: &mut State<T>) {
        // Looked at before it is taken: a look is cheaper, and most pushes find nothing.
        if self.cancelled.load(Ordering::SeqCst) && self.cancelled.swap(false, Ordering::SeqCst) {
            match self.aborted.get() {
                Some(error) => state.fail(error.clone()),
                None => state.cut(),
            }
        }
        if self.asked.load(Ordering::SeqCst) > 0 {
            state.wanted(self.asked.swap(0, Ordering::SeqCst));
        }
    }
}

impl<T: Send + 'static> State<T> {
    fn push(&mut self, item: T) -> Result<u64, Full<T>> {
        if self.ending != Ending::No {
            return Err(Full::Closed(item));
        }
        if self.kept.is_empty() && self.demand > 0 {
            self.send(item);
        } else {
            let weight = weight(&item);
            if self.kept_weight.saturating_add(weight) > self.limit {
                return Err(Full::Limit(item));
            }
            self.kept_weight += weight;
            self.kept.push_back(item);
        }
        if let (0, Some((_, waits))) = (self.demand, &mut self.wanted) {
            *waits = true;
        }
        Ok(self.demand)
    }

    fn send(&mut self, item: T) {
        self.demand = self.demand.saturating_sub(weight(&item));
        if !self.link.as_mut().is_some_and(|link| link.take(Flow::Item(item))) {
            self.cut();
        }
    }

    fn flush(&mut self) {
        while self.demand > 0 && self.link.is_some() {
            let Some(item) = self.kept.pop_front() else { break };
            self.kept_weight -= weight(&item);
            self.send(item);
        }
        if self.ending == Ending::Soon
            && self.kept.is_empty()
            && let Some(link) = &mut self.link
        {
            link.take(Flow::End);
            self.close(Ok(Counts::default()));
        }
    }

    /// So much more is asked for.
    fn wanted(&mut self, amount: u64) {
        self.demand = self.demand.saturating_add(amount);
        self.flush();
        if self.demand > 0 {
            self.tell();
        }
    }

    /// Tells whoever waits that it is worth pushing again.
    fn tell(&mut self) {
        if let Some((recipient, waits @ true)) = &mut self.wanted {
            *waits = false;
            // An actor that has ended wants nothing.
            let _ = recipient.send(Wanted);
        }
    }

    /// Nobody takes items any more.
    fn cut(&mut self) {
        self.close(Ok(Counts::default()));
        self.tell();
    }

    /// The pipeline has failed, here or elsewhere: the lower end hears so.
    fn fail(&mut self, error: PipeError) {
        if let Some(link) = &mut self.link {
            link.take(Flow::Failed(error.clone()));
        }
        self.close(Err(error));
        self.tell();
    }

    fn close(&mut self, result: Result<Counts, PipeError>) {
        self.ending = Ending::Ended;
        self.link = None;
        self.kept.clear();
        self.kept_weight = 0;
        if let Some(mut reporter) = self.reporter.take() {
            reporter.closed(result);
        }
    }
}

impl<T: Send + 'static> Supplier for Arc<Shared<T>> {
    fn ask(&self, demand: Demand) {
        match demand {
            Demand::Cancel => self.cancelled.store(true, Ordering::SeqCst),
            Demand::More(amount) => {
                let add = |asked: u64| Some(asked.saturating_add(amount));
                // The function never says `None`.
                let _ = self.asked.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
            }
        }
        self.settle();
    }
}

impl<T: Send + 'static> Abort for Arc<Shared<T>> {
    fn abort(&self, error: PipeError) {
        // The first error stands.
        let _ = self.aborted.set(error);
        self.cancelled.store(true, Ordering::SeqCst);
        self.settle();
    }
}

impl<T: Send + 'static> Drop for Outlet<T> {
    fn drop(&mut self) {
        self.shared.with(|state| {
            if state.ending == Ending::No {
                state.wanted = None;
                state.fail(PipeError::new("outlet", Cut::OwnerGone));
            }
        });
    }
}

impl<T: Send + 'static> fmt::Debug for Outlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outlet({} waiting)", self.waiting())
    }
}
