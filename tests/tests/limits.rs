//! Limits and what is said when they are met: what is wrong, and what to change.

use std::time::Duration;

use roundsman::{BuildError, Context, MAX_LOOPS, Outcome, Placement, Runtime};
use roundsman_tests::again;
use roundsman_tests::role::Role;

#[test]
fn a_number_of_loops_out_of_range_is_an_error_that_names_the_range() {
    for loops in [0, MAX_LOOPS + 1, 4_096, usize::MAX] {
        let error = Runtime::builder().loops(loops).build().err().expect("out of range");
        assert!(matches!(error, BuildError::Loops { loops: asked } if asked == loops));
        let text = error.to_string();
        for part in [&loops.to_string(), "1 to 1024", "Builder::loops"] {
            assert!(text.contains(part), "{text:?} does not name {part:?}");
        }
        // Under simulation it is no different.
        assert!(Runtime::builder().simulated(1).loops(loops).build().is_err());
    }
}

#[test]
fn a_budget_of_nothing_is_an_error() {
    let error = Runtime::builder().loops(1).budget(0).build().err().expect("nothing would happen");
    assert!(matches!(error, BuildError::Budget));
    assert!(error.to_string().contains("Builder::budget"), "{error}");
}

#[test]
fn the_variable_for_the_number_of_loops_is_checked_and_named() {
    if again::is_child() {
        let value = std::env::var("ROUNDSMAN_LOOPS").expect("set");
        let error = Runtime::builder().build().err().expect("unusable");
        assert!(matches!(error, BuildError::Variable { variable: "ROUNDSMAN_LOOPS", .. }));
        let text = error.to_string();
        for part in ["ROUNDSMAN_LOOPS", value.as_str(), "1 to 1024", "unset"] {
            assert!(text.contains(part), "{text:?} does not name {part:?}");
        }
        // What the builder says comes first.
        assert!(Runtime::builder().loops(1).build().is_ok());
        return;
    }
    for value in ["abc", "0", "99999", "-1", "1.5", "1025", "18446744073709551616"] {
        let name = "the_variable_for_the_number_of_loops_is_checked_and_named";
        again::run(name, "", &[("ROUNDSMAN_LOOPS", value)]);
    }
}

/// How many loops the runtime has, as its metrics say.
fn loops(runtime: &Runtime) -> usize {
    runtime.handle().metrics().loops.len()
}

#[test]
fn the_variable_sets_the_number_of_loops_and_the_builder_overrides_it() {
    if again::is_child() {
        assert_eq!(loops(&Runtime::builder().build().unwrap()), 3);
        assert_eq!(loops(&Runtime::builder().loops(2).build().unwrap()), 2);
        return;
    }
    let name = "the_variable_sets_the_number_of_loops_and_the_builder_overrides_it";
    again::run(name, "", &[("ROUNDSMAN_LOOPS", "3")]);
    again::run(name, "", &[("ROUNDSMAN_LOOPS", " 3 ")]);
}

#[test]
fn without_any_of_these_there_is_a_loop_for_each_core() {
    if again::is_child() {
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(loops(&Runtime::builder().build().unwrap()), cores.min(MAX_LOOPS));
        return;
    }
    again::run("without_any_of_these_there_is_a_loop_for_each_core", "", &[]);
}

#[cfg(unix)]
#[test]
fn too_few_descriptors_for_the_loops_is_an_error_that_names_the_limit_and_the_remedy() {
    if again::is_child() {
        let error = Runtime::builder().loops(64).build().err().expect("not that many descriptors");
        let BuildError::Poller { index, loops: 64, .. } = &error else { panic!("{error:?}") };
        assert!((1..64).contains(index), "{error}");
        let text = error.to_string();
        for part in ["ulimit -n", "fewer loops", "of 64"] {
            assert!(text.contains(part), "{text:?} does not name {part:?}");
        }
        // What was taken for the others is given back: one loop still can be had, and runs.
        for _ in 0..20 {
            assert!(Runtime::builder().loops(64).build().is_err());
        }
        Runtime::builder().loops(1).build().unwrap().run(Role::<()>::idle).unwrap();
        return;
    }
    let name = "too_few_descriptors_for_the_loops_is_an_error_that_names_the_limit_and_the_remedy";
    again::run(name, "ulimit -n 32", &[]);
}

#[cfg(unix)]
#[test]
fn an_actor_for_which_no_thread_can_be_had_is_dead_from_the_start_and_nobody_else_is() {
    if again::is_child() {
        let start = |ctx: &mut Context<'_, Role<u32>>| -> Outcome {
            let mut actors = Vec::new();
            while actors.len() < 100 {
                actors.push(ctx.spawn_on(Placement::OwnThread, Role::<()>::idle));
            }
            let dead: Vec<_> = actors.iter().filter(|actor| actor.is_closed()).collect();
            assert!(!dead.is_empty() && dead.len() < 100, "{} of them", dead.len());
            assert!(dead[0].send(()).is_err());
            ctx.watch(dead[0], |_| 1);
            ctx.send_after(Duration::from_secs(10), 2);
            Ok(())
        };
        let root = move || {
            Role::new(|told, ctx| {
                assert_eq!(told, 1, "its watcher was not told");
                ctx.stop();
                Ok(())
            })
            .started(start)
        };
        Runtime::builder().loops(1).build().unwrap().run(root).unwrap();
        return;
    }
    let name = "an_actor_for_which_no_thread_can_be_had_is_dead_from_the_start_and_nobody_else_is";
    again::run(name, "ulimit -n 64", &[]);
}

#[test]
fn runtimes_that_are_built_and_dropped_leave_nothing_behind() {
    if again::is_child() {
        for _ in 0..100 {
            drop(Runtime::builder().loops(2).build().expect("its descriptors were given back"));
        }
        for _ in 0..100 {
            let runtime = Runtime::builder().loops(2).build().expect("they were given back");
            runtime.run(Role::<()>::idle).unwrap();
        }
        return;
    }
    again::run("runtimes_that_are_built_and_dropped_leave_nothing_behind", "ulimit -n 64", &[]);
}
