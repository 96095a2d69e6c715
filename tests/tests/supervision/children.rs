//! The spawner of an actor that is not supervised is told when it fails.

use roundsman::{Actor, Context, ExitReason, Outcome, Placement, RunError, Terminated};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

/// Spawns something that fails, and notes what it is told.
struct Spawner {
    place: Placement,
    fails: Make,
    diary: Diary,
    /// Would rather not live without it.
    strict: bool,
}

impl Actor for Spawner {
    type Message = ();

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let child = ctx.spawn_on_with(self.place, "child".into(), self.fails);
        // Where it fails at once, this comes too late.
        let _ = child.send(());
        Ok(())
    }

    fn receive(&mut self, (): (), _: &mut Context<'_, Self>) -> Outcome {
        Ok(())
    }

    fn child_failed(&mut self, child: &Terminated, ctx: &mut Context<'_, Self>) -> Outcome {
        assert!(child.path.ends_with("/child"));
        assert_eq!(ctx.children(), 0);
        self.diary.note(child.reason.to_string());
        if self.strict { Err(child.reason.to_string().into()) } else { Ok(()) }
    }
}

type Make = fn() -> Role<()>;

const FAILING: [(Make, &str); 4] = [
    (|| panic!("in the constructor"), "panicked: in the constructor"),
    (|| Role::idle().started(|_| Err("in started".into())), "failed: in started"),
    (|| Role::idle().may_panic().started(|_| panic!("in started")), "panicked: in started"),
    (|| Role::new(|(), _| Err("in receive".into())), "failed: in receive"),
];

#[test]
fn the_spawner_is_told_once_wherever_its_child_fails() {
    for (fails, reason) in FAILING {
        for place in [Placement::Here, Placement::Loop(1)] {
            each_world(10, 1..=3, |seed, loops| {
                let diary = Diary::new();
                let spawner = Spawner { place, fails, diary: diary.clone(), strict: false };
                play(world(seed, loops), || spawner).unwrap();
                assert_eq!(diary.take(), [reason]);
            });
        }
    }
}

#[test]
fn a_spawner_may_let_the_failure_go_up() {
    each_world(10, 1..=3, |seed, loops| {
        let (fails, reason) = FAILING[1];
        let (place, diary) = (Placement::Loop(1), Diary::new());
        let spawner = Spawner { place, fails, diary, strict: true };
        let error = play(world(seed, loops), || spawner).unwrap_err();
        let RunError::RootFailed { reason: ExitReason::Failed(text), .. } = error else {
            panic!("{error}")
        };
        assert_eq!(&*text, reason);
    });
}

#[test]
fn a_child_that_ends_as_planned_is_no_failure() {
    each_world(10, 1..=3, |seed, loops| {
        let fails = || {
            Role::new(|(), ctx: &mut Context<'_, Role<()>>| {
                ctx.stop();
                Ok(())
            })
        };
        let diary = Diary::new();
        let spawner =
            Spawner { place: Placement::Loop(1), fails, diary: diary.clone(), strict: true };
        play(world(seed, loops), || spawner).unwrap();
        assert_eq!(diary.take(), [""; 0]);
    });
}
