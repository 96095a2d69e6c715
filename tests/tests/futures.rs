//! Futures on the loop.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context as Cx, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use roundsman::futures::{FutureContext, FutureError, FutureHandle, sleep};
use roundsman::{Placement, RunError, Runtime};
use roundsman_tests::diary::Diary;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

type Told<T> = Result<T, FutureError>;

/// An actor that runs what `future` makes, notes what it is told, and goes on.
fn runs<T, F>(future: impl FnOnce() -> F + 'static, notes: Diary<Told<T>>) -> Role<Told<T>>
where
    T: Send + 'static,
    F: Future<Output = T> + 'static,
{
    let receive = move |told, _: &mut roundsman::Context<'_, Role<Told<T>>>| {
        notes.note(told);
        Ok(())
    };
    Role::new(receive).started(move |ctx| {
        ctx.run_future(future(), |told| told);
        Ok(())
    })
}

/// What came of the future in a simulated world.
fn told<T, F>(seed: u64, loops: usize, future: impl FnOnce() -> F + Send + 'static) -> Vec<Told<T>>
where
    T: Send + 'static,
    F: Future<Output = T> + 'static,
{
    let diary = Diary::default();
    let notes = diary.clone();
    play(world(seed, loops), move || runs(future, notes)).unwrap();
    diary.take()
}

/// Yields once.
fn yielded() -> impl Future<Output = ()> {
    let mut first = true;
    poll_fn(move |cx| {
        if std::mem::replace(&mut first, false) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
}

/// Counts its drops.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_value_of_a_future_is_a_message_and_the_future_need_not_be_send() {
    each_world(5, [1, 2], |seed, loops| {
        let future = || async {
            let kept = Rc::new(Cell::new(40));
            yielded().await;
            kept.set(kept.get() + 2);
            kept.get()
        };
        assert_eq!(told(seed, loops, future), [Ok(42)]);
    });
}

#[test]
fn a_future_lives_on_the_loop_of_its_owner() {
    each_world(3, [3], |seed, _| {
        let diary = Diary::<Told<bool>>::default();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.spawn_on(Placement::Loop(2), move || {
                    // What only this loop may touch.
                    let here = Rc::new(());
                    runs(move || async move { Rc::strong_count(&here) == 1 }, notes)
                });
                Ok(())
            })
        };
        play(world(seed, 3), root).unwrap();
        assert_eq!(diary.take(), [Ok(true)]);
    });
}

#[test]
fn a_sleep_takes_as_long_as_it_says_in_virtual_time() {
    each_world(5, [1, 2], |seed, loops| {
        let root = move || {
            let receive = |told: Told<()>, ctx: &mut roundsman::Context<'_, Role<Told<()>>>| {
                assert_eq!(told, Ok(()));
                assert_eq!(ctx.now().since_start(), Duration::from_secs(3 * 3600));
                ctx.stop();
                Ok(())
            };
            Role::new(receive).started(|ctx| {
                let future = async {
                    sleep(Duration::from_secs(3600)).await;
                    sleep(Duration::from_secs(7200)).await;
                };
                ctx.run_future(future, |told| told);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
    });
}

/// A waker that counts.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_sleep_that_is_dropped_leaves_no_timer() {
    let wakes = Arc::<Wakes>::default();
    let waker = Waker::from(Arc::clone(&wakes));
    let future = || async move {
        let mut dropped = Box::pin(sleep(Duration::from_secs(60)));
        let mut kept = Box::pin(sleep(Duration::from_secs(60)));
        assert!(dropped.as_mut().poll(&mut Cx::from_waker(&waker)).is_pending());
        assert!(kept.as_mut().poll(&mut Cx::from_waker(&waker)).is_pending());
        drop(dropped);
        sleep(Duration::from_secs(3600)).await;
    };
    assert_eq!(told(1, 1, future), [Ok(())]);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "only the one that was kept rings");
}

#[test]
fn many_wakes_before_a_poll_are_one() {
    each_world(5, [1, 2], |seed, loops| {
        let future = || {
            let mut polls = 0;
            poll_fn(move |cx| {
                polls += 1;
                if polls == 1 {
                    for _ in 0..1_000 {
                        cx.waker().wake_by_ref();
                    }
                    return Poll::Pending;
                }
                // A second wake would poll it a third time, and find it over.
                Poll::Ready(polls)
            })
        };
        assert_eq!(told(seed, loops, future), [Ok(2)]);
    });
}

#[test]
fn a_future_that_always_wakes_itself_starves_nobody() {
    each_world(5, [1], |seed, loops| {
        let diary = Diary::<Told<()>>::default();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                let told = Rc::new(Cell::new(false));
                let (tells, hears) = (Rc::clone(&told), told);
                let until_told = || async move {
                    while !hears.get() {
                        yielded().await;
                    }
                };
                ctx.spawn(runs(until_told, notes));
                let mut left = 1_000_u32;
                let counts = move |(), ctx: &mut roundsman::Context<'_, Role<()>>| {
                    left -= 1;
                    tells.set(left == 0);
                    if left > 0 {
                        ctx.address().send(())?;
                    }
                    Ok(())
                };
                let counter = ctx.spawn(Role::new(counts));
                Ok(counter.send(())?)
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [Ok(())]);
    });
}

#[test]
fn a_future_that_is_cancelled_is_dropped_at_once_and_its_owner_is_told() {
    each_world(5, [1, 2], |seed, loops| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let diary = Diary::<Told<()>>::default();
        let (notes, counts) = (diary.clone(), Arc::clone(&dropped));
        let root = move || {
            let handle = Rc::new(RefCell::new(None::<FutureHandle>));
            let kept = Rc::clone(&handle);
            let receive = move |told: Option<Told<()>>, _: &mut roundsman::Context<'_, _>| {
                match told {
                    Some(told) => notes.note(told),
                    None => {
                        let handle = handle.borrow();
                        let handle = handle.as_ref().expect("it was started");
                        assert_eq!(counts.load(Ordering::SeqCst), 0);
                        handle.cancel();
                        assert_eq!(counts.load(Ordering::SeqCst), 1, "before `cancel` returns");
                        handle.cancel();
                    }
                }
                Ok(())
            };
            let dropped = Dropped(dropped);
            Role::new(receive).started(move |ctx| {
                let future = async move {
                    let _kept = dropped;
                    pending::<()>().await;
                };
                *kept.borrow_mut() = Some(ctx.run_future(future, Some));
                ctx.send_after(Duration::from_secs(1), None);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), [Err(FutureError::Cancelled)]);
    });
}

#[test]
fn a_future_that_cancels_itself_is_dropped_after_its_poll() {
    let diary = Diary::<Told<()>>::default();
    let notes = diary.clone();
    let root = move || {
        let handle = Rc::new(RefCell::new(None::<FutureHandle>));
        let kept = Rc::clone(&handle);
        let receive = move |told, _: &mut roundsman::Context<'_, Role<Told<()>>>| {
            notes.note(told);
            Ok(())
        };
        Role::new(receive).started(move |ctx| {
            let future = poll_fn(move |_| {
                if let Some(handle) = &*handle.borrow() {
                    handle.cancel();
                }
                Poll::<()>::Pending
            });
            *kept.borrow_mut() = Some(ctx.run_future(future, |told| told));
            Ok(())
        })
    };
    play(world(1, 1), root).unwrap();
    assert_eq!(diary.take(), [Err(FutureError::Cancelled)]);
}

#[test]
fn to_cancel_a_future_that_has_ended_changes_nothing() {
    let diary = Diary::<Told<u8>>::default();
    let notes = diary.clone();
    let root = move || {
        let handle = Rc::new(RefCell::new(None::<FutureHandle>));
        let kept = Rc::clone(&handle);
        let receive = move |told, _: &mut roundsman::Context<'_, Role<Told<u8>>>| {
            notes.note(told);
            handle.borrow().as_ref().expect("it was started").cancel();
            Ok(())
        };
        Role::new(receive).started(move |ctx| {
            *kept.borrow_mut() = Some(ctx.run_future(async { 7 }, |told| told));
            Ok(())
        })
    };
    play(world(1, 1), root).unwrap();
    assert_eq!(diary.take(), [Ok(7)]);
}

#[test]
fn a_panic_of_a_future_is_an_answer() {
    let told = told::<(), _>(1, 1, || async {
        yielded().await;
        panic!("the milk is sour");
    });
    assert_eq!(told, [Err(FutureError::Panicked("the milk is sour".into()))]);
}

#[test]
fn a_panic_as_a_future_is_dropped_is_an_answer_too() {
    struct Sour;

    impl Drop for Sour {
        fn drop(&mut self) {
            panic!("sour to the last");
        }
    }

    impl Future for Sour {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Cx<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }

    let told = told(1, 1, || Sour);
    assert_eq!(told, [Err(FutureError::Panicked("sour to the last".into()))]);
}

#[test]
fn a_future_ends_with_its_owner() {
    each_world(5, [1, 2], |seed, loops| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&dropped);
        let root = move || {
            let stops = |(), ctx: &mut roundsman::Context<'_, Role<()>>| {
                ctx.stop();
                Ok(())
            };
            Role::<()>::idle().started(move |ctx| {
                let dropped = Dropped(counts);
                let owner = Role::new(stops).started(move |ctx| {
                    let future = async move {
                        let _kept = dropped;
                        sleep(Duration::from_secs(3600)).await;
                    };
                    ctx.run_future(future, drop);
                    ctx.send_after(Duration::from_secs(1), ());
                    Ok(())
                });
                ctx.spawn(owner);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_simulated_run_that_waits_for_a_future_that_nobody_wakes_is_stuck() {
    let diary = Diary::default();
    let error = play(world(1, 1), move || runs(pending::<()>, diary)).unwrap_err();
    assert!(matches!(error, RunError::Stuck { .. }), "{error}");
    assert!(error.to_string().contains("future"), "it names who waits: {error}");
}

#[test]
fn a_pending_future_keeps_the_runtime_alive_until_a_thread_wakes_it() {
    let diary = Diary::<Told<&'static str>>::default();
    let notes = diary.clone();
    must_end(move || {
        let (tell, told) = mpsc::channel::<Waker>();
        let (arm, armed) = mpsc::channel::<()>();
        #[expect(clippy::disallowed_methods, reason = "somebody outside of the runtime wakes it")]
        let waker = thread::spawn(move || {
            let waker = told.recv().expect("it is polled");
            arm.send(()).expect("it is there");
            waker.wake();
        });
        let future = move || {
            let mut sent = false;
            poll_fn(move |cx| {
                if !std::mem::replace(&mut sent, true) {
                    tell.send(cx.waker().clone()).expect("the thread listens");
                    return Poll::Pending;
                }
                armed.try_recv().map_or(Poll::Pending, |()| Poll::Ready("woken"))
            })
        };
        let runtime = Runtime::builder().loops(1).build().expect("a runtime");
        run_balanced(runtime, move || runs(future, notes)).expect("the root does not fail");
        waker.join().expect("it does not panic");
    });
    assert_eq!(diary.take(), [Ok("woken")]);
}

#[test]
fn a_waker_that_outlives_its_future_wakes_nobody() {
    let root = || {
        let kept = Rc::new(RefCell::new(None::<Waker>));
        let waker = Rc::clone(&kept);
        let receive = move |told: Option<Told<()>>, ctx: &mut roundsman::Context<'_, Role<_>>| {
            match told {
                Some(told) => {
                    assert_eq!(told, Ok(()));
                    ctx.send_after(Duration::from_secs(1), None);
                }
                // Nor does it become a dead letter: the books are looked at as the run ends.
                None => kept.borrow_mut().take().expect("it was polled").wake(),
            }
            Ok(())
        };
        Role::new(receive).started(move |ctx| {
            let future = poll_fn(move |cx| {
                *waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Ready(())
            });
            ctx.run_future(future, Some);
            Ok(())
        })
    };
    let builder = world(1, 1).on_dead_letter(|letter| panic!("{letter:?}"));
    play(builder, root).unwrap();
}

#[test]
fn a_sleep_that_is_polled_by_nobodys_executor_is_over_at_once() {
    let mut slept = pin!(sleep(Duration::from_secs(3600)));
    let mut cx = Cx::from_waker(Waker::noop());
    assert_eq!(slept.as_mut().poll(&mut cx), Poll::Ready(()));
}
