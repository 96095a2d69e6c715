//! Threads that run loops.
//!
//! The only file that starts threads. [`runtime`](crate::runtime) starts one for every loop but the first, which runs
//! on the thread that calls `run`; an actor with [`Placement::OwnThread`](crate::Placement::OwnThread) gets one more; so
//! does the [`pool`](crate::pool) when a job needs one, and the [watchdog](crate::watchdog).

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::driver::Driver;
use crate::event_loop::EventLoop;
use crate::home::Home;
use crate::local::Local;
use crate::parcel::Control;
use crate::poller::Poller;
use crate::pool::Pool;
use crate::watchdog;
use crate::world::World;

/// A loop that has its home and its poller, and no thread yet.
pub(crate) struct Seedling {
    pub(crate) home: Arc<Home>,
    poller: Poller,
    control: flume::Receiver<Control>,
    origin: Instant,
}

impl Seedling {
    /// Makes the next loop of `world`.
    ///
    /// # Errors
    /// The OS gave no poller.
    pub(crate) fn new(world: &Arc<World>, origin: Instant, dedicated: bool) -> io::Result<Self> {
        let (poller, waker) = Poller::new()?;
        let (sender, control) = flume::unbounded();
        let (world, waker) = (Arc::clone(world), Some(waker));
        let index = world.next_index();
        let home = Home::new(Arc::clone(&world), index, dedicated, waker, sender, Some(origin));
        world.add_home(Arc::clone(&home));
        Ok(Self { home, poller, control, origin })
    }

    /// The loop, on the thread that will run it.
    pub(crate) fn grow(self) -> EventLoop {
        let local = Local::new(self.home, Driver::os(self.origin, self.poller));
        EventLoop::new(local, self.control)
    }

    /// Runs the loop on a thread of its own; `ended` hears of its end, also of one by panic.
    ///
    /// # Errors
    /// The OS gave no thread.
    #[expect(clippy::disallowed_methods, reason = "the one place where loops get their threads")]
    pub(crate) fn start(self, ended: flume::Sender<Ended>) -> io::Result<()> {
        let index = self.home.index;
        thread::Builder::new().name(format!("roundsman-{index}")).spawn(move || {
            let mut ended = Ended { index, to: Some(ended), whole: false };
            let mut event_loop = self.grow();
            event_loop.run();
            ended.whole = true;
        })?;
        Ok(())
    }
}

/// Runs the pool's thread of this number.
///
/// # Errors
/// The OS gave no thread.
#[expect(clippy::disallowed_methods, reason = "the one place where the pool gets its threads")]
pub(crate) fn start_pool_thread(pool: &Arc<Pool>, index: usize) -> io::Result<()> {
    let pool = Arc::clone(pool);
    let name = format!("roundsman-pool-{index}");
    thread::Builder::new().name(name).spawn(move || pool.work(index))?;
    Ok(())
}

/// Told when a worker's loop has ended.
pub(crate) struct Ended {
    pub(crate) index: usize,
    to: Option<flume::Sender<Ended>>,
    /// It ended as planned, not by a panic of this crate.
    pub(crate) whole: bool,
}

impl Ended {
    /// Puts the ends that nobody has heard of yet together, so that actors with threads of their own may come and go for
    /// ever. Those that are summed up are forgotten before the one that stands for them is told of: who waits for as many
    /// ends as there are threads never waits for too many.
    pub(crate) fn sum_up(told: &flume::Receiver<Self>, to: &flume::Sender<Self>, world: &World) {
        let (whole, broken): (Vec<_>, Vec<_>) = told.try_iter().partition(|one| one.whole);
        world.forget_threads(whole.len().saturating_sub(1));
        for one in broken.into_iter().chain(whole.into_iter().next_back()) {
            let _ = to.send(one);
        }
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some(to) = self.to.take() {
            // Nobody listens any more when the main thread has given up on a loop that blocks.
            let _ = to.send(Self { index: self.index, to: None, whole: self.whole });
        }
    }
}

/// The thread of the watchdog, if there is one. It ends when this is dropped.
pub(crate) struct WatchdogThread {
    world: Arc<World>,
    ended: Option<flume::Receiver<()>>,
}

/// How long the end of a run waits for a function that the watchdog has called.
const WATCHDOG_ENDS: Duration = Duration::from_secs(1);

impl WatchdogThread {
    /// Starts it, if the runtime is to have one.
    #[expect(clippy::disallowed_methods, reason = "the one place where threads are started")]
    pub(crate) fn start(world: &Arc<World>) -> Self {
        let mut watchdog = Self { world: Arc::clone(world), ended: None };
        let Some(limit) = world.settings.watchdog else { return watchdog };
        let (ends, ended) = flume::bounded::<()>(0);
        let world = Arc::clone(world);
        let started = thread::Builder::new().name("roundsman-watch".into()).spawn(move || {
            // Dropped at the end, also of one by panic.
            let _ends = ends;
            world.watchdog.is_on(thread::current());
            watchdog::run(&world, limit);
        });
        match started {
            Ok(thread) => {
                watchdog.world.watchdog.is_on(thread.thread().clone());
                watchdog.ended = Some(ended);
            }
            Err(error) => {
                tracing::warn!(%error, "no thread for the watchdog: raise `ulimit -u`, or use `Builder::no_watchdog`");
            }
        }
        watchdog
    }
}

impl Drop for WatchdogThread {
    fn drop(&mut self) {
        self.world.watchdog.end();
        if let Some(ended) = &self.ended {
            let _ = ended.recv_timeout(WATCHDOG_ENDS);
        }
    }
}
