//! The ready-made supervisors.

use std::time::Duration;

use roundsman::{
    Address, AskError, ChildCounts, ChildSpec, DynamicMessage, DynamicSupervisor, Placement, Reply,
    Supervision, Supervisor, SupervisorMessage,
};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::often;

/// A child that notes its start, of which the first `bad` fail.
fn noted(name: &'static str, diary: &Diary, bad: u32) -> impl FnMut() -> Role<()> + Send + 'static {
    let (diary, mut bad) = (diary.clone(), bad);
    move || {
        let (starts, ends) = (diary.clone(), diary.clone());
        let fails = bad > 0;
        bad = bad.saturating_sub(1);
        Role::<()>::idle()
            .started(move |_| {
                if fails {
                    starts.note(format!("!{name}"));
                    return Err("not yet".into());
                }
                starts.note(format!("+{name}"));
                Ok(())
            })
            .stopping(move |why, _| {
                if !why.is_failure() {
                    ends.note(format!("-{name}"));
                }
            })
    }
}

#[test]
fn a_supervisor_starts_in_order_each_when_the_one_before_has_started_and_stops_in_reverse() {
    each_world(50, 1..=4, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Supervisor::new(often(Supervision::one_for_one()))
                .child_on(Placement::Loop(1), ChildSpec::permanent("a"), noted("a", &notes, 0))
                .child_on(Placement::Loop(2), ChildSpec::permanent("b"), noted("b", &notes, 2))
                .child(ChildSpec::transient("c"), noted("c", &notes, 1))
                .child_on(Placement::Loop(3), ChildSpec::permanent("d"), noted("d", &notes, 0))
        };
        play(world(seed, loops), root).unwrap();
        let expected = ["+a", "!b", "!b", "+b", "!c", "+c", "+d", "-d", "-c", "-b", "-a"];
        assert_eq!(diary.take(), expected);
    });
}

#[test]
fn a_registered_child_is_found_by_its_name_and_the_supervisor_counts_its_children() {
    each_world(10, 1..=2, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<Result<ChildCounts, AskError>>::new(move |counts, ctx| {
                let counts = counts?;
                notes.note(format!("{} of {}", counts.active, counts.specs));
                let found: Option<Address<()>> = ctx.find("one");
                assert!(found.is_some_and(|one| one.path().ends_with("/tree/one")));
                assert!(ctx.find::<()>("two").is_none(), "not registered");
                Ok(())
            })
            .started(|ctx| {
                let diary = Diary::new();
                let supervisor = Supervisor::new(Supervision::one_for_all())
                    .child(ChildSpec::permanent("one").registered(), noted("one", &diary, 0))
                    .child(ChildSpec::permanent("two"), noted("two", &diary, 0));
                let tree = ctx.spawn_with("tree".into(), supervisor);
                let question = SupervisorMessage::Count;
                ctx.send_after(Duration::from_secs(1), Ok(ChildCounts::default()));
                ctx.ask(&tree, question, |counts| counts);
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let mut notes = diary.take();
        notes.truncate(1);
        // The question may come before the second has started.
        assert!(["2 of 2", "1 of 2"].contains(&&*notes[0]), "{notes:?}");
    });
}

enum Front {
    Started(Result<Address<Work>, AskError>),
    Counted(Result<ChildCounts, AskError>),
    Ended(Result<bool, AskError>),
    Who(Result<String, AskError>),
}

enum Work {
    Who(Reply<String>),
    Fail,
}

#[test]
fn a_dynamic_supervisor_starts_children_from_arguments_and_restarts_them_from_the_same() {
    each_world(20, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            let mut pool: Option<Address<DynamicMessage<String, Work>>> = None;
            Role::<Front>::new(move |front, ctx| {
                let pool = pool.get_or_insert_with(|| ctx.find("pool").expect("registered"));
                match front {
                    Front::Started(child) => {
                        let child = child?;
                        child.send(Work::Fail)?;
                        ctx.ask(&child, Work::Who, Front::Who);
                        let end = child.clone();
                        ctx.ask(pool, |reply| DynamicMessage::Terminate(end, reply), Front::Ended);
                    }
                    Front::Who(who) => notes.note(who.unwrap_or_else(|error| error.to_string())),
                    Front::Ended(ended) => {
                        assert_eq!(ended, Ok(true));
                        ctx.ask(pool, DynamicMessage::Count, Front::Counted);
                    }
                    Front::Counted(counts) => {
                        let counts = counts?;
                        assert!(counts.specs <= 3, "{counts:?}");
                    }
                }
                Ok(())
            })
            .started(|ctx| {
                let spec = ChildSpec::permanent("worker");
                let policy = often(Supervision::one_for_all());
                let workers = DynamicSupervisor::new(policy, spec, |name: String| {
                    Role::<Work>::new(move |work, _| match work {
                        Work::Who(reply) => {
                            reply.send(name.clone());
                            Ok(())
                        }
                        Work::Fail => Err("on purpose".into()),
                    })
                })
                .on(Placement::RoundRobin);
                let spec = ChildSpec::permanent("pool").registered();
                let mut workers = Some(workers);
                let pool = ctx.supervise(spec, move || workers.take().expect("it never fails"));
                for name in ["x", "y", "z"] {
                    let start = |reply| DynamicMessage::Start(name.to_owned(), reply);
                    ctx.ask(&pool, start, Front::Started);
                }
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        let mut who = diary.take();
        who.sort();
        // One that was ended first drops its question.
        assert_eq!(who.len(), 3, "{who:?}");
        assert!(
            who.iter()
                .all(|who| who.len() == 1 || who.contains("dropped") || who.contains("failed"))
        );
    });
}
