//! An actor that keeps what it is sent, for a test that expects it.

use std::any::type_name;
use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use roundsman_runtime::{
    Actor, Address, Context, Outcome, Placement, Recipient, RuntimeHandle, Spawn,
};

use super::pace::Pace;

/// An actor that keeps what it is sent, for a test that expects it. It stands where another actor would: give its
/// [`address`](Self::address), or a [`recipient`](Self::recipient) made from it.
///
/// What was expected is taken; what was not stays, in order, until it is. It never pauses anybody: its mailbox has no limit
/// that a test would reach, so use it for some thousand messages, not for a flood.
///
/// # Examples
/// In a simulation, where five seconds take no time:
/// ```
/// use std::time::Duration;
///
/// use roundsman::prelude::*;
/// use roundsman::sim::{Pace, Probe};
/// use roundsman::{Simulation, Spawn};
///
/// /// Says so when it has been silent for five seconds.
/// struct Watchman(Address<&'static str>);
///
/// impl Actor for Watchman {
///     type Message = ();
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         ctx.send_after(Duration::from_secs(5), ());
///         Ok(())
///     }
///     fn receive(&mut self, (): (), _: &mut Context<Self>) -> Outcome {
///         Ok(self.0.send("all is quiet")?)
///     }
/// }
///
/// let simulation = Simulation::new(1);
/// let runtime = Runtime::builder().build_in(&simulation)?;
/// let handle = runtime.handle();
/// let probe = Probe::new(&handle, Pace::from(&simulation));
/// let address = probe.address();
/// simulation.launch(runtime, Spawn::new(), || Watchman(address));
/// probe.expect_no_message(Duration::from_secs(4));
/// assert_eq!(probe.expect_message(Duration::from_secs(2)), "all is quiet");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Probe<M: Send + 'static> {
    address: Address<M>,
    kept: Arc<Kept<M>>,
    pace: Pace,
}

/// What has come and was not taken.
struct Kept<M>(Mutex<VecDeque<M>>);

impl<M> Kept<M> {
    fn lock(&self) -> MutexGuard<'_, VecDeque<M>> {
        // A test that has failed while it held this is over.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The actor.
struct Keeper<M>(Arc<Kept<M>>);

impl<M: Send + Debug + 'static> Actor for Keeper<M> {
    type Message = M;

    fn receive(&mut self, message: M, _: &mut Context<'_, Self>) -> Outcome {
        self.0.lock().push_back(message);
        Ok(())
    }

    fn show(message: &M) -> String {
        format!("{message:?}")
    }
}

impl<M: Send + Debug + 'static> Probe<M> {
    /// A probe on the first loop of this runtime, which must run by the time that something is expected; in a simulation,
    /// have begun.
    ///
    /// # Panics
    /// If it has ended.
    #[must_use]
    #[track_caller]
    pub fn new(runtime: &RuntimeHandle, pace: impl Into<Pace>) -> Self {
        let kept = Arc::new(Kept(Mutex::default()));
        let spawn = Spawn::named("probe").tireless();
        let keeper = Arc::clone(&kept);
        let address = runtime.spawn(Placement::Loop(0), spawn, || Keeper(keeper));
        let address = address.expect("the runtime has not ended");
        Self { address, kept, pace: pace.into() }
    }

    /// Where to send what is expected.
    #[must_use]
    pub fn address(&self) -> Address<M> {
        self.address.clone()
    }

    /// The same, for whoever sends something else, of which `map` makes a message.
    pub fn recipient<E, F>(&self, map: F) -> Recipient<E>
    where
        E: Send + 'static,
        F: Fn(E) -> M + Send + Sync + 'static,
    {
        self.address.recipient(map)
    }

    /// The next message, which comes within this time.
    ///
    /// # Panics
    /// If none does.
    #[track_caller]
    pub fn expect_message(&self, within: Duration) -> M {
        let came = self.pace.wait(within, || !self.kept.lock().is_empty());
        assert!(came, "{} came within {within:?}", no::<M>());
        self.kept.lock().pop_front().expect("one has come")
    }

    /// The next message, which comes within this time and `is` what is expected.
    ///
    /// # Panics
    /// If none comes, or another.
    #[track_caller]
    pub fn expect(&self, within: Duration, is: impl Fn(&M) -> bool) -> M {
        let message = self.expect_message(within);
        assert!(is(&message), "another message was expected than {message:?}");
        message
    }

    /// The next messages, which all come within this time and are these, in this order.
    ///
    /// # Panics
    /// If another comes, or too few.
    #[track_caller]
    pub fn expect_in_order(&self, within: Duration, expected: impl IntoIterator<Item = M>)
    where
        M: PartialEq,
    {
        let mut missing: VecDeque<_> = expected.into_iter().collect();
        let (mut at, mut other) = (0, None);
        let done = self.pace.wait(within, || {
            let mut kept = self.kept.lock();
            while let Some(expected) = missing.front() {
                match kept.pop_front() {
                    None => return false,
                    Some(message) if message == *expected => drop(missing.pop_front()),
                    Some(message) => {
                        other = Some(message);
                        return true;
                    }
                }
                at += 1;
            }
            true
        });
        if let (Some(message), Some(expected)) = (other, missing.front()) {
            panic!("message {at}: expected {expected:?}, and {message:?} came");
        }
        assert!(done, "message {at}: {} came within {within:?}; expected {missing:?}", no::<M>());
    }

    /// These messages, which come within this time, in whatever order. Others that come with them stay.
    ///
    /// # Panics
    /// If one does not come; those that are missing are named, and those that came instead.
    #[track_caller]
    pub fn expect_in_any_order(&self, within: Duration, expected: impl IntoIterator<Item = M>)
    where
        M: PartialEq,
    {
        let mut missing: Vec<_> = expected.into_iter().collect();
        let all = self.pace.wait(within, || {
            let mut kept = self.kept.lock();
            missing.retain(|expected| match kept.iter().position(|message| message == expected) {
                Some(at) => kept.remove(at).is_none(),
                None => true,
            });
            missing.is_empty()
        });
        assert!(
            all,
            "within {within:?} did not come: {missing:?}; instead: {:?}",
            self.kept.lock()
        );
    }

    /// Nothing comes for so long.
    ///
    /// # Panics
    /// If something does, or has come before and was not expected.
    #[track_caller]
    pub fn expect_no_message(&self, within: Duration) {
        let came = self.pace.wait(within, || !self.kept.lock().is_empty());
        assert!(!came, "no message was expected, and these came: {:?}", self.kept.lock());
    }

    /// Takes all that has come and was not expected.
    pub fn take_all(&self) -> Vec<M> {
        self.kept.lock().drain(..).collect()
    }
}

impl<M: Send + 'static> Drop for Probe<M> {
    fn drop(&mut self) {
        self.address.stop();
    }
}

impl<M: Send + 'static> Debug for Probe<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Probe<{}>({} kept)", type_name::<M>(), self.kept.lock().len())
    }
}

fn no<M>() -> String {
    format!("no {}", type_name::<M>())
}
