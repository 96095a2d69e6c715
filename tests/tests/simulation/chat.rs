//! The chat server under simulation: clients that come and go in bad weather, and what each of them may see.

use std::time::Duration;

use roundsman::sim::{self, Check, Sim};
use roundsman::{Outcome, Spawn};
use roundsman_examples::chat::{About, Server, Settings};
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

/// One is cut off, reads nothing of it, and closes nothing.
fn stubbornness(sim: &Sim) -> Outcome {
    sim.network().window(WINDOW);
    serve(sim, 1);
    let mut ann = register(sim, "ann")?;
    let mut deaf = register(sim, "deaf")?;
    ask(&mut ann, "JOIN #a")?;
    ask(&mut deaf, "JOIN #a")?;
    ask(&mut ann, "")?;
    let text = "x".repeat(380);
    while !ask(&mut ann, &format!("PRIVMSG #a :{text}"))?.iter().any(|it| it.is("deaf", "QUIT")) {}
    let ends = sim.network().open_ends();
    // Time to read the last line, and to close. It answers PING meanwhile.
    for _ in 0..12 {
        sim.advance(Duration::from_secs(1));
        ask(&mut ann, "")?;
    }
    assert!(sim.network().open_ends() < ends, "the server holds no end for it any more");
    drop((ann, deaf));
    Ok(sim.run()?)
}

#[test]
fn who_is_cut_off_and_reads_nothing_is_let_go_after_ten_seconds() {
    sim::check(200, stubbornness);
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

/// A session fails; its client hears why, and so do the others.
fn a_broken_session(sim: &Sim) -> Outcome {
    serve(sim, 1 + sim.below(2));
    let mut ann = register(sim, "ann")?;
    let mut bob = register(sim, "bob")?;
    for client in [&mut ann, &mut bob] {
        ask(client, "JOIN #a")?;
    }
    ask(&mut ann, "")?;
    let session = format!("server/chat/session:{}:49152", sim.network().addresses("bob")[0]);
    // What he says, or one of the lines that he is told, ERROR aside.
    sim.panic_at(session, 1 + sim.below(3) as u64);
    // He says it all before he reads a word.
    for _ in 0..20 {
        bob.send("PING x\r\n")?;
        sim.advance(sim.time_below(Duration::from_millis(20)));
    }
    let mut told = String::from("PONG");
    while told.contains("PONG") {
        told = bob.line()?;
    }
    assert_eq!(told, "ERROR :Closing link (Internal error)");
    bob.expect_end()?;
    let told = ask(&mut ann, "")?;
    assert!(told[0].is("bob", "QUIT") && told[0].text() == "Internal error", "{told:?}");
    drop((ann, bob));
    Ok(sim.run()?)
}

#[test]
fn who_is_served_by_a_session_that_fails_is_told_so_and_the_others_see_it_quit() {
    sim::check(200, a_broken_session);
}

/// A server with a web side.
fn serve_web(sim: &Sim) {
    let settings = Settings { web: Some(([0, 0, 0, 0], 80).into()), ..Settings::default() };
    sim.host("server").serves().start_with(Spawn::named("chat"), move || {
        Server::new(About::new(settings.clone(), Duration::ZERO), |_| {})
    });
    // It listens by then.
    sim.advance(Duration::from_millis(20));
}

/// Requests that take their time, byte by byte; and one that never comes.
fn slow_requests(sim: &Sim) -> Outcome {
    sim.network().latency(Duration::ZERO..Duration::ZERO);
    serve_web(sim);
    let mut slow = sim.client("slow", "server:80")?;
    let mut silent = sim.client("silent", "server:80")?;
    let begun = sim.now();
    for byte in b"GET / HTT" {
        slow.send([*byte])?;
        slow.expect_nothing(Duration::from_secs(1))?;
    }
    slow.send("P/1.1\r\n")?;
    for client in [&mut slow, &mut silent] {
        client.patience(Duration::from_secs(60));
    }
    assert_eq!(slow.line()?, "HTTP/1.1 408 Request Timeout");
    silent.expect_end()?;
    let elapsed = sim.now() - begun;
    assert!((9_990..10_100).contains(&elapsed.as_millis()), "{elapsed:?}");
    drop((slow, silent));
    Ok(sim.run()?)
}

#[test]
fn a_request_has_ten_seconds_however_its_bytes_come() {
    sim::check(200, slow_requests);
}

/// Somebody who has been answered, and stays.
fn idleness(sim: &Sim) -> Outcome {
    sim.network().latency(Duration::ZERO..Duration::ZERO);
    serve_web(sim);
    let mut client = sim.client("client", "server:80")?;
    client.patience(Duration::from_secs(60));
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")?;
    while !client.line()?.is_empty() {}
    let answered = sim.now();
    client.expect_end()?;
    let elapsed = sim.now() - answered;
    assert!((4_990..5_100).contains(&elapsed.as_millis()), "{elapsed:?}");
    drop(client);
    Ok(sim.run()?)
}

#[test]
fn a_connection_that_asks_nothing_more_is_closed_after_five_seconds() {
    sim::check(200, idleness);
}
