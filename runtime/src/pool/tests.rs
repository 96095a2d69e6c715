//! What the pool does when the OS gives it no thread. The threads are numbers here; the test is all of them.

use std::cell::RefCell;

use super::*;
use crate::errand::Queued;
use crate::lane::LaneLimits;
use crate::tray::Tray;

/// A job that does nothing, and says when it was refused.
struct Nothing(Arc<AtomicBool>);

impl Errand for Nothing {
    fn enqueued(&self, _: u64) -> bool {
        true
    }
    fn begin(&self, _: Timestamp) -> bool {
        true
    }
    fn run(&self) {}
    fn go_home(self: Arc<Self>) {}
    fn refuse(&self, _: Refusal) {
        self.0.store(true, Ordering::Relaxed);
    }
    fn cancel(&self) {}
    fn describe(&self) -> (String, String) {
        (String::new(), String::new())
    }
}

/// What the OS does about the thread of a number.
type Os = Box<dyn FnMut(&Arc<Pool>, usize) -> bool>;

thread_local! {
    static OS: RefCell<Option<Os>> = const { RefCell::new(None) };
    static ASKED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

fn start_thread(pool: &Arc<Pool>, number: usize) -> io::Result<()> {
    ASKED.with_borrow_mut(|asked| asked.push(number));
    // Not borrowed while it is called, for it may submit and be asked again.
    let mut os = OS.take().unwrap_or_else(|| Box::new(|_, _| true));
    let given = os(pool, number);
    OS.set(Some(os));
    if given { Ok(()) } else { Err(io::ErrorKind::WouldBlock.into()) }
}

/// A pool of four threads that asks `os`, after such a pause if it got none.
fn pool(pause: Duration, os: impl FnMut(&Arc<Pool>, usize) -> bool + 'static) -> Arc<Pool> {
    OS.set(Some(Box::new(os)));
    ASKED.take();
    let limits = Limits::of_all([LaneLimits::default(); LANES], 4).unwrap();
    let mut pool = Pool::new(4, limits, Duration::ZERO, false, Some(start_thread));
    Arc::get_mut(&mut pool).unwrap().pause = pause;
    pool
}

/// Submits a job. What is returned is true once it was refused.
fn submit(pool: &Arc<Pool>, lane: Lane) -> Arc<AtomicBool> {
    let refused = Arc::new(AtomicBool::new(false));
    let tray = Tray::default();
    tray.push(lane, Queued::new(Arc::new(Nothing(Arc::clone(&refused)))));
    pool.submit(&tray, pool.now());
    refused
}

fn asked() -> Vec<usize> {
    ASKED.take()
}

fn limits(pool: &Pool) -> [Limits; LANES] {
    pool.lock().lanes.limits
}

#[test]
fn two_threads_never_have_the_same_number_although_starts_fail_out_of_order() {
    let mut first = true;
    let pool = pool(Duration::ZERO, move |pool, number| {
        // While the OS thinks about the second thread, another loop asks for the third and gets it.
        if number == 1 && std::mem::take(&mut first) {
            OS.set(None);
            submit(pool, Lane::Fs);
            return false;
        }
        true
    });
    submit(&pool, Lane::Fs);
    submit(&pool, Lane::Fs);
    assert_eq!(asked(), [0, 1, 2, 1], "it asks again for the one that it did not get");
    submit(&pool, Lane::Dns);
    assert_eq!(asked(), [3]);
    assert_eq!(pool.metrics()[0].threads, 4);
}

#[test]
fn a_want_of_threads_that_passes_leaves_no_trace() {
    let mut refusals = 1;
    let pool = pool(Duration::ZERO, move |_, number| {
        let refused = number > 0 && refusals > 0;
        refusals -= usize::from(refused);
        !refused
    });
    let whole = limits(&pool);
    for _ in 0..4 {
        submit(&pool, Lane::User);
    }
    assert_eq!(limits(&pool), whole);
    assert_eq!(pool.metrics()[0].threads, 4);
    assert!(!pool.lock().complained);
}

#[test]
fn the_pool_does_with_fewer_threads_and_asks_again_only_after_a_pause() {
    let pool = pool(Duration::from_secs(3600), |_, number| number == 0);
    for _ in 0..50 {
        let refused = submit(&pool, Lane::User);
        assert!(!refused.load(Ordering::Relaxed), "the one thread runs it");
    }
    assert_eq!(asked(), [0, 1]);
    let one = |limits: Limits| (limits.cap, limits.reserved) == (1, 0);
    assert!(limits(&pool).into_iter().all(one));
    assert!(pool.lock().complained);
    // An hour later the OS has threads.
    OS.set(None);
    pool.lock().ask_again = Some(pool.now());
    submit(&pool, Lane::User);
    assert_eq!(asked(), [1]);
    assert!(!limits(&pool).into_iter().all(one));
    assert!(!pool.lock().complained);
}

#[test]
fn without_any_thread_each_job_is_refused_and_the_next_asks_again() {
    let pool = pool(Duration::from_secs(3600), |_, _| false);
    for _ in 0..3 {
        assert!(submit(&pool, Lane::User).load(Ordering::Relaxed));
        assert_eq!(asked(), [0]);
    }
    OS.set(None);
    assert!(!submit(&pool, Lane::User).load(Ordering::Relaxed));
    let lane = &pool.metrics()[Lane::User.index()];
    assert_eq!((lane.started, lane.queued, lane.unstarted), (4, 1, 3));
}
