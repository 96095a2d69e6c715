//! The chat server under simulation: clients that come and go in bad weather, and what each of them may see.

use roundsman::Outcome;
use roundsman::sim::{self, Check, Sim};
use roundsman_tests::chat_world::{SENDQ, ask, evening, register, serve};

/// What a connection may hold for its peer, in bytes: the window of the network, and what waits ahead of the socket.
const WINDOW: usize = 4 * 1024;
const WRITER: u64 = 64 * 1024;

/// Few seeds, for an evening takes a third of a second without optimization; `ROUNDSMAN_SIM_SEEDS` asks for more. Not twice
/// each: when its hall has failed the server dismisses its sessions in the order of a `HashMap`.
fn evenings(first_seed: u64) {
    Check::new().first_seed(first_seed).seeds(25).twice(false).assert(evening);
}

#[test]
fn every_client_sees_what_the_channels_that_it_is_in_saw() {
    evenings(0);
}

#[test]
fn every_client_sees_what_the_channels_that_it_is_in_saw_with_other_seeds() {
    evenings(25);
}

/// One talks, and one does not listen.
fn deafness(sim: &Sim) -> Outcome {
    sim.network().window(WINDOW);
    serve(sim, 1 + sim.below(2));
    let mut ann = register(sim, "ann")?;
    let mut deaf = register(sim, "deaf")?;
    ask(&mut ann, "JOIN #a")?;
    ask(&mut deaf, "JOIN #a")?;
    ask(&mut ann, "")?;

    let text = |number: usize| format!("{number} {}", "x".repeat(380));
    let (mut waiting, mut said) = (0, 0);
    loop {
        let answers = ask(&mut ann, &format!("PRIVMSG #a :{}", text(said)))?;
        if let Some(quit) = answers.iter().find(|line| line.command == "QUIT") {
            assert!(quit.text().contains("SendQ exceeded"), "{quit:?}");
            break;
        }
        assert_eq!(answers, [], "nobody notices anything else");
        waiting += format!(":ann!ann@10.0.0.2 PRIVMSG #a :{}\r\n", text(said)).len() as u64;
        said += 1;
        let most = SENDQ + WRITER + 2 * WINDOW as u64;
        assert!(waiting <= most, "{waiting} bytes wait where {most} are the most");
    }
    assert!(waiting >= SENDQ, "cut off with {waiting} bytes");

    // What was said first is there, without a gap.
    for number in 0.. {
        let line = deaf.line()?;
        if line.starts_with("ERROR") {
            assert_eq!(line, "ERROR :Closing link (SendQ exceeded)");
            break;
        }
        assert!(line.ends_with(&format!("PRIVMSG #a :{}", text(number))), "{number}: {line}");
    }
    deaf.expect_end()?;
    drop((ann, deaf));
    Ok(sim.run()?)
}

#[test]
fn a_client_that_does_not_read_is_cut_off_before_more_waits_for_it_than_may() {
    sim::check(10, deafness);
}
