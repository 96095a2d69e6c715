//! What an earlier life has left behind is not the next one's.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use roundsman::{Actor, Address, ChildSpec, Context, Outcome, Placement, Supervision, Terminated};
use roundsman_tests::diary::Diary;
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{each_world, world};

use crate::often;

/// Fails twice; in each life it takes the same name, watches the same actor, and asks for the end of the round.
struct Returns {
    watched: Address<()>,
    life: u32,
    diary: Diary,
}

enum Call {
    Fail,
    Gone(Terminated),
    Defer,
}

impl Actor for Returns {
    type Message = Call;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        ctx.register_name("returns")?;
        ctx.watch(&self.watched, Call::Gone);
        Ok(())
    }

    fn receive(&mut self, call: Call, ctx: &mut Context<'_, Self>) -> Outcome {
        match call {
            Call::Defer => ctx.defer(),
            Call::Fail => {
                ctx.defer();
                return Err("on purpose".into());
            }
            Call::Gone(gone) => self.diary.note(format!("life {}: {}", self.life, gone.reason)),
        }
        Ok(())
    }

    fn deferred(&mut self, _: &mut Context<'_, Self>) -> Outcome {
        self.diary.note(format!("life {}: deferred", self.life));
        Ok(())
    }
}

#[test]
fn what_an_earlier_life_watched_named_and_put_off_is_the_next_lifes_only_if_it_asks_again() {
    each_world(30, 1..=3, |seed, loops| {
        let diary = Diary::new();
        let notes = diary.clone();
        let root = move || {
            Role::<()>::idle().started(move |ctx| {
                ctx.supervision(often(Supervision::one_for_one()));
                let watched = ctx.spawn_on(Placement::Loop(1), || {
                    Role::<()>::new(|(), ctx| {
                        ctx.stop();
                        Ok(())
                    })
                });
                let (target, lives) = (watched.clone(), AtomicU32::new(0));
                let spec = ChildSpec::permanent("returns");
                let child = ctx.supervise_on(Placement::Loop(2), spec, move || {
                    let life = lives.fetch_add(1, Ordering::SeqCst) + 1;
                    Returns { watched: target.clone(), life, diary: notes.clone() }
                });
                child.send(Call::Fail)?;
                child.send(Call::Fail)?;
                child.send(Call::Defer)?;
                ctx.spawn(Role::<()>::new(move |(), _| Ok(watched.send(())?)).started(|ctx| {
                    ctx.send_after(Duration::from_secs(1), ());
                    Ok(())
                }));
                Ok(())
            })
        };
        play(world(seed, loops), root).unwrap();
        assert_eq!(diary.take(), ["life 3: deferred", "life 3: stopped"]);
    });
}
