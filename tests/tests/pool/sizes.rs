//! How large the pool is, and what is refused.

use roundsman::{BuildError, Lane, LaneError, LaneLimits, MAX_POOL_THREADS, Runtime, job};
use roundsman_tests::again;
use roundsman_tests::role::Role;
use roundsman_tests::seeds::world;

const OURS: &str = "ROUNDSMAN_POOL_THREADS";
const LIBUV: &str = "UV_THREADPOOL_SIZE";

#[test]
fn a_number_of_pool_threads_out_of_range_is_an_error_that_names_the_range() {
    for threads in [0, MAX_POOL_THREADS + 1, 4_096, usize::MAX] {
        let error = Runtime::builder().pool_threads(threads).build().err().expect("out of range");
        assert!(matches!(error, BuildError::PoolThreads { threads: asked } if asked == threads));
        let text = error.to_string();
        for part in [&threads.to_string(), "1 to 1024", "Builder::pool_threads"] {
            assert!(text.contains(part), "{text:?} does not name {part:?}");
        }
        assert!(world(1, 1).pool_threads(threads).build().is_err());
    }
    for threads in [1, 1_024] {
        assert!(Runtime::builder().loops(1).pool_threads(threads).build().is_ok());
    }
}

#[test]
fn a_variable_that_holds_no_usable_size_is_an_error_that_names_it_and_the_range() {
    let name =
        "sizes::a_variable_that_holds_no_usable_size_is_an_error_that_names_it_and_the_range";
    if again::is_child() {
        let variable = if std::env::var_os(OURS).is_some() { OURS } else { LIBUV };
        let value = std::env::var_os(variable).expect("set");
        let error = Runtime::builder().loops(1).build().err().expect("unusable");
        assert!(
            matches!(error, BuildError::PoolVariable { variable: named, .. } if named == variable)
        );
        let text = error.to_string();
        for part in [variable, &*value.to_string_lossy(), "1 to 1024", "unset"] {
            assert!(text.contains(part), "{text:?} does not name {part:?}");
        }
        // What the builder says comes first, and a simulated world reads no variable.
        assert!(Runtime::builder().loops(1).pool_threads(2).build().is_ok());
        assert!(world(1, 1).build().is_ok());
        return;
    }
    for value in ["0", "abc", "4096", "", "-1", "2.5", "1025", "18446744073709551616"] {
        again::run(name, "", &[(OURS, value)]);
        again::run(name, "", &[(LIBUV, value)]);
    }
    again::run(name, "", &[(OURS, "0"), (LIBUV, "3")]);
    again::run(name, &format!("export {OURS}=$(printf '4\\377')"), &[]);
}

/// How many threads the pool comes to have, when every one is needed.
fn threads() -> u64 {
    use std::sync::{Arc, Barrier, mpsc};
    let (tell, told) = mpsc::channel();
    let expected: usize = std::env::var("EXPECTED").expect("set").parse().expect("a number");
    let root = move || {
        let shared = Arc::new(Barrier::new(expected));
        let mut left = expected;
        Role::<()>::new(move |(), ctx| {
            left -= 1;
            if left == 0 {
                ctx.stop();
            }
            Ok(())
        })
        .started(move |ctx| {
            for _ in 0..expected {
                let shared = Arc::clone(&shared);
                ctx.start(job(Lane::User, move || _ = shared.wait()), |_| ());
            }
            Ok(())
        })
        .stopping(move |_, ctx| {
            tell.send(ctx.loop_index()).ok();
        })
    };
    let none = LaneLimits::default().reserved(0);
    let builder = Runtime::builder().loops(1).lane(Lane::Fs, none).lane(Lane::Dns, none);
    let runtime = builder.build().unwrap();
    let handle = runtime.handle();
    let counted = crate::started_thread(move || {
        told.recv().ok();
        drop(handle);
    });
    runtime.run(root).unwrap();
    counted.join().unwrap();
    expected as u64
}

#[test]
fn ours_comes_before_libuvs_and_both_before_the_default() {
    let name = "sizes::ours_comes_before_libuvs_and_both_before_the_default";
    if again::is_child() {
        roundsman_tests::patience::must_end(threads);
        return;
    }
    again::run(name, "", &[("EXPECTED", "6"), (OURS, "6"), (LIBUV, "2")]);
    again::run(name, "", &[("EXPECTED", "5"), (OURS, " 5 ")]);
    again::run(name, "", &[("EXPECTED", "3"), (LIBUV, "3")]);
    again::run(name, "", &[("EXPECTED", "4")]);
}

#[test]
fn limits_of_a_lane_that_cannot_be_kept_are_errors_that_name_limit_and_remedy() {
    let refused = |lane, limits: LaneLimits| {
        let builder = Runtime::builder().loops(1).pool_threads(4).lane(lane, limits);
        match builder.build() {
            Err(BuildError::Lane(error)) => error,
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("{limits:?} is taken"),
        }
    };
    let none = refused(Lane::Dns, LaneLimits::default().cap(0));
    assert_eq!(none, LaneError::Cap { lane: Lane::Dns });
    assert!(none.to_string().contains("LaneLimits::cap"), "{none}");
    let above = refused(Lane::Crypto, LaneLimits::default().cap(1).reserved(2));
    assert!(matches!(above, LaneError::AboveCap { lane: Lane::Crypto, reserved: 2, cap: 1, .. }));
    assert!(above.to_string().contains("crypto lane"), "{above}");
    // One for files and one for names are reserved already.
    for reserved in [2, 3] {
        let none_left = refused(Lane::User, LaneLimits::default().reserved(reserved));
        assert!(matches!(none_left, LaneError::Reserved { threads: 4, .. }));
        let text = none_left.to_string();
        for part in ["4 pool threads", "Builder::pool_threads", "LaneLimits::reserved"] {
            assert!(text.contains(part), "{text:?} does not name {part:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn without_a_single_thread_jobs_are_answered_all_the_same() {
    use roundsman::JobError;
    let name = "sizes::without_a_single_thread_jobs_are_answered_all_the_same";
    if again::is_child() {
        let root = || {
            let mut left = 100;
            Role::<Result<(), JobError>>::new(move |outcome, ctx| {
                assert_eq!(outcome, Err(JobError::NoThread));
                left -= 1;
                if left == 0 {
                    ctx.stop();
                }
                Ok(())
            })
            .started(|ctx| {
                for _ in 0..100 {
                    ctx.start(job(Lane::User, || ()), |outcome| outcome);
                }
                Ok(())
            })
        };
        Runtime::builder().loops(1).build().unwrap().run(root).unwrap();
        return;
    }
    // A thread's stack would be larger than all that the process may have.
    again::run(name, "ulimit -v 300000", &[("RUST_MIN_STACK", "400000000")]);
}
