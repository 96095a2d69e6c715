//! A backlog against a plain list.

use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Act {
    Push,
    Pop,
    /// Takes back the job that was pushed so many before the last.
    Withdraw(u64),
    Wait,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Push),
        2 => Just(Act::Pop),
        3 => (0..40_u64).prop_map(Act::Withdraw),
        1 => Just(Act::Wait),
    ]
}

proptest! {
    #[test]
    fn it_does_what_a_plain_list_does(
        limit in 0..20_usize,
        acts in prop::collection::vec(act(), 1..400),
    ) {
        let mut backlog = Backlog::new(Lane::User, limit);
        let (mut list, mut over, mut last) = (Vec::new(), false, 0);
        let (mut waiting, resumed) = (0, Arc::new(AtomicUsize::new(0)));
        let call = Arc::new(AtomicBool::new(false));
        for act in acts {
            match act {
                Act::Push => {
                    last = backlog.push(last + 1, Timestamp::default());
                    list.push(last);
                }
                Act::Pop => {
                    let oldest = (!list.is_empty()).then(|| list.remove(0));
                    prop_assert_eq!(backlog.pop(Timestamp::default()), oldest);
                }
                Act::Withdraw(before) => {
                    let ticket = u64::saturating_sub(last, before);
                    let place = list.iter().position(|job| *job == ticket);
                    let job = place.map(|place| list.remove(place));
                    prop_assert_eq!(backlog.withdraw(ticket), job);
                }
                Act::Wait => {
                    let resumed = Arc::clone(&resumed);
                    let resume = || Resume::new(&call, move || _ = resumed.fetch_add(1, Ordering::Relaxed));
                    prop_assert_eq!(backlog.wait(resume), over);
                    waiting += usize::from(over);
                }
            }
            over |= list.len() > limit;
            if over && list.len() <= limit / 2 {
                over = false;
                for resume in backlog.fell() {
                    resume.go_on();
                    waiting -= 1;
                }
                prop_assert_eq!(waiting, 0, "somebody still waits");
            } else {
                prop_assert!(backlog.fell().is_empty());
            }
            prop_assert_eq!(backlog.len(), list.len());
            prop_assert_eq!(backlog.room(), if over { 0 } else { limit + 1 - list.len() });
            prop_assert!(backlog.iter().eq(&list));
            prop_assert!(backlog.jobs.len() <= 2 * list.len() + GAPS + 1, "gaps pile up");
        }
    }
}

#[test]
fn what_has_waited_and_what_never_started_is_counted() {
    let mut backlog = Backlog::new(Lane::Fs, 10);
    let later = Timestamp::default() + Duration::from_micros(3);
    for job in 0..4 {
        backlog.push(job, Timestamp::default());
    }
    assert_eq!(backlog.pop(later), Some(0));
    assert_eq!(backlog.withdraw(2), Some(1));
    assert_eq!(backlog.withdraw_all().collect::<Vec<_>>(), [2, 3]);
    let metrics = &backlog.metrics;
    assert_eq!((metrics.waited_nanos, metrics.waited_nanos_max), (3_000, 3_000));
    assert_eq!((metrics.unstarted, backlog.len()), (3, 0));
}

#[test]
fn waiters_that_have_given_up_are_never_called_and_do_not_pile_up() {
    let mut backlog = Backlog::new(Lane::User, 0);
    backlog.push((), Timestamp::default());
    let called = Arc::new(AtomicUsize::new(0));
    let wait = |backlog: &mut Backlog<()>| {
        let call = Arc::new(AtomicBool::new(false));
        let called = Arc::clone(&called);
        let gone = backlog.weed();
        let resume = || Resume::new(&call, move || _ = called.fetch_add(1, Ordering::Relaxed));
        assert!(backlog.wait(resume));
        (call, gone)
    };
    let (patient, _) = wait(&mut backlog);
    for _ in 0..1_000 {
        drop(wait(&mut backlog));
        assert!(backlog.waiters.len() <= WAITERS_PER_LOOK);
    }
    backlog.pop(Timestamp::default());
    backlog.fell().into_iter().for_each(Resume::go_on);
    assert_eq!(called.load(Ordering::Relaxed), 1);
    assert!(patient.load(Ordering::Relaxed));
}
