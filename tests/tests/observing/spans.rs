//! A span around every turn, with the feature `spans`.

use roundsman::Spawn;
use roundsman_tests::role::Role;
use roundsman_tests::seeds::world;

use super::log::Log;

#[test]
fn a_turn_has_a_span_with_the_path_and_the_type_of_messages() {
    let lines = Log::of(|| {
        let runtime = world(1, 1).build().unwrap();
        let root = || {
            Role::<u32>::new(|_, ctx| {
                ctx.stop();
                Ok(())
            })
            .started(|ctx| Ok(ctx.address().send(1)?))
        };
        runtime.run_with(Spawn::named("top"), root).unwrap();
    });
    let of_root = "span turn path=/top message=\"u32\"";
    assert!(lines.iter().any(|line| line == of_root), "{lines:#?}");
}
