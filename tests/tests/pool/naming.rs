//! What a job is called, and what its id names.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc;

use roundsman::{
    CancelToken, ChildSpec, JobError, JobId, Lane, Supervision, job, job_with_token, try_job,
};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

fn hashes() {}

fn watches(token: &CancelToken) -> Result<(), ()> {
    if token.is_cancelled() { Err(()) } else { Ok(()) }
}

#[test]
fn a_job_without_a_name_is_named_after_the_place_of_its_code() {
    let (tell, told) = mpsc::channel();
    let runtime = world(1, 1).build().unwrap();
    let handle = runtime.handle().unref();
    let root = move || {
        Role::<()>::idle().started(move |ctx| {
            ctx.start(job(Lane::User, || ()), |_| ());
            ctx.start(try_job(Lane::User, || Err::<(), _>(7)), |_| ());
            ctx.start(job_with_token(Lane::User, |_| Err::<(), _>(7)), |_| ());
            ctx.start(job(Lane::User, hashes), |_| ());
            ctx.start(job_with_token(Lane::User, watches), |_| ());
            ctx.start(job(Lane::User, || ()).named("mine"), |_| ());
            tell.send(handle.jobs())?;
            Ok(())
        })
    };
    runtime.run(root).unwrap();
    let names: Vec<_> = told.recv().unwrap().into_iter().map(|job| job.name).collect();
    let here = "pool::naming::a_job_without_a_name_is_named_after_the_place_of_its_code";
    let (hashes, watches) = ("pool::naming::hashes", "pool::naming::watches");
    assert_eq!(names, [here, here, here, hashes, watches, "mine"]);
}

#[test]
fn an_id_names_no_job_of_another_actor() {
    each_world(20, 1..=2, |seed, loops| {
        let root = move || {
            Role::<()>::idle().started(|ctx| {
                let first: Rc<Cell<Option<JobId>>> = Rc::default();
                for _ in 0..2 {
                    let first = Rc::clone(&first);
                    let twin = Role::<Result<(), JobError>>::new(|outcome, _| Ok(outcome?));
                    ctx.spawn(twin.started(move |ctx| {
                        let own = ctx.start(job(Lane::User, || ()), |outcome| outcome);
                        if let Some(others) = first.replace(Some(own)) {
                            assert_ne!(own, others);
                            assert!(!ctx.cancel_job(others), "it is not its own");
                        }
                        Ok(())
                    }));
                }
                Ok(())
            })
        };
        play(world(seed, loops).pool_threads(1), root).unwrap();
    });
}

#[test]
fn an_id_names_no_job_of_another_life() {
    each_world(20, 1..=2, |seed, loops| {
        let root = move || {
            Role::<()>::idle().started(|ctx| {
                ctx.supervision(Supervision::one_for_one());
                let ids: Rc<RefCell<Vec<JobId>>> = Rc::default();
                ctx.supervise(ChildSpec::transient("worker"), move || {
                    let ids = Rc::clone(&ids);
                    Role::<Result<(), JobError>>::new(|outcome, _| Ok(outcome?)).started(
                        move |ctx| {
                            let before = ids.borrow().last().copied();
                            let id = ctx.start(job(Lane::User, || ()), |outcome| outcome);
                            ids.borrow_mut().push(id);
                            match before {
                                None => Err("its first life ends".into()),
                                Some(before) => {
                                    assert_ne!(before, id);
                                    assert!(!ctx.cancel_job(before), "it is of another life");
                                    ctx.stop();
                                    Ok(())
                                }
                            }
                        },
                    )
                });
                Ok(())
            })
        };
        play(world(seed, loops).pool_threads(1), root).unwrap();
    });
}

#[test]
fn a_clone_of_a_token_tells_what_the_token_tells() {
    each_world(20, 1..=2, |seed, loops| {
        let (tell, told) = mpsc::channel();
        let root = move || {
            Role::<Option<bool>>::new(move |outcome, ctx| {
                match outcome {
                    Some(cancelled) => tell.send(cancelled)?,
                    None => ctx.stop(),
                }
                Ok(())
            })
            .started(|ctx| {
                let code = |token: &CancelToken| {
                    let kept = token.clone();
                    Ok::<_, ()>((kept.is_cancelled(), token.is_cancelled()))
                };
                for cancel in [false, true] {
                    let id = ctx.start(job_with_token(Lane::User, code), |outcome| {
                        let (kept, given) = outcome.unwrap_or((true, true));
                        assert_eq!(kept, given);
                        Some(kept)
                    });
                    if cancel {
                        ctx.cancel_job(id);
                    }
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let mut told: Vec<_> = told.into_iter().collect();
        told.sort_unstable();
        assert_eq!(told, [false, true]);
    });
}
