//! The chat server under simulation: clients that come and go in bad weather, and what each of them may see.

use std::time::Duration;

use roundsman::Outcome;
use roundsman::sim::{self, Check, Sim};
use roundsman_tests::chat_world::{SENDQ, ask, evening, register, serve};

/// What a connection may hold for its peer, in bytes: the window of the network, and what waits ahead of the socket.
const WINDOW: usize = 4 * 1024;
const WRITER: u64 = 64 * 1024;

/// Evenings take their time, so they are shared out over the threads that run tests: this quarter of them.
fn evenings(quarter: u64) {
    Check::new().seeds(200).part(quarter, 4).assert(evening);
}

#[test]
fn every_client_sees_what_the_channels_that_it_is_in_saw() {
    evenings(0);
}

#[test]
fn every_client_sees_what_the_channels_that_it_is_in_saw_in_the_second_quarter_of_evenings() {
    evenings(1);
}

#[test]
fn every_client_sees_what_the_channels_that_it_is_in_saw_in_the_third_quarter_of_evenings() {
    evenings(2);
}

#[test]
fn every_client_sees_what_the_channels_that_it_is_in_saw_in_the_last_quarter_of_evenings() {
    evenings(3);
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
    let line = |number| format!(":ann!ann@10.0.0.2 PRIVMSG #a :{}\r\n", text(number)).len() as u64;
    let (mut waiting, mut said) = (0, 0);
    loop {
        // In one breath, up to what the writer holds; then one by one.
        let lines = if waiting < WRITER { 8 } else { 1 };
        let breath: Vec<_> =
            (said..said + lines).map(|number| format!("PRIVMSG #a :{}", text(number))).collect();
        let answers = ask(&mut ann, &breath.join("\r\n"))?;
        if let Some(quit) = answers.iter().find(|line| line.command == "QUIT") {
            assert!(quit.text().contains("SendQ exceeded"), "{quit:?}");
            break;
        }
        assert_eq!(answers, [], "nobody notices anything else");
        waiting += (said..said + lines).map(line).sum::<u64>();
        said += lines;
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
    sim::check(200, deafness);
}

/// The hall fails while somebody comes; who is cut off then is nowhere any more.
fn a_bad_moment(sim: &Sim) -> Outcome {
    sim.network().latency(Duration::ZERO..Duration::ZERO);
    serve(sim, 1);
    // It listens by then.
    sim.advance(Duration::from_millis(20));
    let mut ann = register(sim, "ann")?;
    sim.panic_at("server/chat/hall", 1 + sim.below(3) as u64);
    let mut bob = sim.client("bob", "server:6667")?;
    bob.patience(Duration::from_secs(1));
    ann.send("PING 1\r\nPING 2\r\nPING 3\r\n")?;
    bob.send("NICK bob\r\nUSER bob 0 * :bob\r\nJOIN #a\r\n")?;
    // He stays, and closes nothing.
    if bob.line_with("ERROR").is_ok() {
        let mut carol = register(sim, "carol")?;
        let others = ask(&mut carol, "WHO *")?;
        assert!(!others.iter().any(|line| line.param(5) == "bob"), "{others:?}");
        assert_eq!(ask(&mut carol, "NICK bob")?.len(), 1, "his nick is free");
    }
    drop((ann, bob));
    Ok(sim.run()?)
}

#[test]
fn who_is_cut_off_because_the_hall_has_failed_is_gone_for_everybody_else() {
    sim::check(200, a_bad_moment);
}
