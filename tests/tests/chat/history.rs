//! CHATHISTORY: what was said before one came.

use roundsman_tests::irc_client::{Client, Line};

use crate::{Chat, only};

const CAPABILITIES: &str = "draft/chathistory batch server-time message-tags echo-message";

/// A channel in which ann has said the numbers from 0 on; and the echoes, with their names and times.
fn spoken(chat: &Chat, count: usize) -> (Client, Vec<Line>) {
    let mut ann = chat.capable("ann", CAPABILITIES);
    ann.join("#c");
    let echoes = (0..count).map(|n| only(ann.ask(&format!("PRIVMSG #c :{n}")))).collect();
    (ann, echoes)
}

/// What a question gives: a batch, whose lines are returned as their texts.
#[track_caller]
fn batch(client: &mut Client, question: &str) -> Vec<String> {
    let lines = client.ask(question);
    let [begin, between @ .., end] = &lines[..] else { panic!("no batch: {lines:#?}") };
    let name = begin.param(0).strip_prefix('+').expect("a batch begins");
    assert_eq!(
        (begin.command.as_str(), begin.params[1..].join(" ").as_str()),
        ("BATCH", "chathistory #c")
    );
    assert_eq!((end.command.as_str(), end.text()), ("BATCH", format!("-{name}").as_str()));
    assert!(between.iter().all(|line| line.tag("batch") == Some(name)), "{lines:#?}");
    between.iter().map(|line| line.text().to_owned()).collect()
}

#[test]
fn who_joins_later_can_read_what_was_said_with_its_names_and_times() {
    let chat = Chat::start();
    let (_ann, echoes) = spoken(&chat, 3);
    let mut bob = chat.capable("bob", CAPABILITIES);
    bob.join("#C");
    assert_eq!(batch(&mut bob, "CHATHISTORY LATEST #C * 10"), ["0", "1", "2"]);
    let lines = bob.ask("CHATHISTORY LATEST #c * 10");
    for (line, echo) in lines[1..4].iter().zip(&echoes) {
        assert_eq!(line.tag("msgid"), echo.tag("msgid"));
        assert_eq!(line.tag("time"), echo.tag("time"));
        assert_eq!(line.source, echo.source);
    }
}

#[test]
fn messages_are_found_before_after_around_and_between_others() {
    let chat = Chat::start();
    let (mut ann, echoes) = spoken(&chat, 8);
    let name = |n: usize| format!("msgid={}", echoes[n].tag("msgid").expect("a name"));
    let (two, five) = (name(2), name(5));
    for (question, expected) in [
        ("LATEST #c * 2".to_owned(), &["6", "7"][..]),
        (format!("LATEST #c {five} 10"), &["6", "7"]),
        (format!("BEFORE #c {two} 10"), &["0", "1"]),
        (format!("AFTER #c {five} 1"), &["6"]),
        (format!("AROUND #c {five} 3"), &["4", "5", "6"]),
        (format!("BETWEEN #c {two} {five} 10"), &["3", "4"]),
        (format!("BETWEEN #c {five} {two} 1"), &["4"]),
        ("AFTER #c timestamp=2000-01-01T00:00:00.000Z 2".to_owned(), &["0", "1"]),
        ("BEFORE #c timestamp=2000-01-01T00:00:00.000Z 2".to_owned(), &[]),
    ] {
        assert_eq!(batch(&mut ann, &format!("CHATHISTORY {question}")), expected, "{question}");
    }
}

#[test]
fn the_last_500_messages_are_kept() {
    let chat = Chat::start();
    let mut ann = chat.capable("ann", CAPABILITIES);
    ann.join("#c");
    let lines: String = (0..510).map(|n| format!("NOTICE #c :{n}\r\n")).collect();
    ann.send_bytes(lines.as_bytes());
    ann.sync();
    let kept = batch(&mut ann, "CHATHISTORY LATEST #c * 1000");
    assert_eq!((kept.len(), kept[0].as_str(), kept[499].as_str()), (500, "10", "509"));
}

/// `count` messages that have as much of `tags` in front of them as there may be, and `bytes` of text.
fn fill(writer: &mut Client, channel: &str, count: usize, tags: usize, bytes: usize) {
    let tags = if tags > 0 { format!("@+x={} ", "y".repeat(tags)) } else { String::new() };
    for n in 0..count {
        let text = format!("{n:04}{}", "x".repeat(bytes - 4));
        writer.send(&format!("{tags}PRIVMSG {channel} :{text}"));
    }
    writer.sync();
}

/// The numbers of messages of [`fill`], whose texts these are.
fn numbers(texts: &[String]) -> Vec<usize> {
    texts.iter().map(|text| text[..4].parse().expect("a number")).collect()
}

#[test]
fn no_answer_is_so_long_that_whoever_asked_is_cut_off() {
    for (options, tags, bytes) in
        [(&["--sendq", "16384"][..], 0, 400), (&["--sendq", "16384"], 4000, 400), (&[], 4000, 10)]
    {
        let chat = Chat::with(options);
        let mut ann = chat.capable("ann", "message-tags");
        ann.join("#c");
        fill(&mut ann, "#c", 500, tags, bytes);
        let mut bob = chat.capable("bob", "draft/chathistory batch server-time message-tags");
        bob.join("#c");
        let latest = numbers(&batch(&mut bob, "CHATHISTORY LATEST #c * 500"));
        assert_eq!(latest, Vec::from_iter(500 - latest.len()..500), "the newest");
        let moment = "timestamp=2000-01-01T00:00:00.000Z";
        let oldest = numbers(&batch(&mut bob, &format!("CHATHISTORY AFTER #c {moment} 500")));
        let first = oldest[0];
        assert_eq!(oldest, Vec::from_iter(first..first + oldest.len()), "the oldest");
    }
}

#[test]
fn who_asks_on_until_nothing_comes_gets_all_there_is() {
    let chat = Chat::with(&["--sendq", "16384"]);
    let mut ann = chat.client("ann");
    ann.join("#c");
    fill(&mut ann, "#c", 200, 0, 400);
    let mut bob = chat.capable("bob", CAPABILITIES);
    bob.join("#c");
    let (mut got, mut question) = (Vec::new(), "LATEST #c *".to_owned());
    loop {
        let lines = bob.ask(&format!("CHATHISTORY {question} 500"));
        let Some(oldest) = lines[1].tag("msgid") else { break };
        question = format!("BEFORE #c msgid={oldest}");
        let page = lines[1..lines.len() - 1].iter().map(|line| line.text().to_owned());
        got.splice(0..0, page);
    }
    assert_eq!(numbers(&got), Vec::from_iter(0..200));
}

#[test]
fn the_messages_that_are_kept_have_256_kib_at_most() {
    let chat = Chat::with(&["--sendq", "8388608"]);
    let mut ann = chat.capable("ann", "message-tags");
    ann.join("#c");
    fill(&mut ann, "#c", 300, 4000, 100);
    let mut bob = chat.capable("bob", CAPABILITIES);
    bob.join("#c");
    let kept = numbers(&batch(&mut bob, "CHATHISTORY LATEST #c * 500"));
    assert_eq!(kept, Vec::from_iter(300 - kept.len()..300));
    assert!((60..64).contains(&kept.len()), "{} messages of 4.1 KiB", kept.len());
}

#[test]
fn without_batches_the_lines_come_alone() {
    let chat = Chat::start();
    let (_ann, _) = spoken(&chat, 2);
    let mut bob = chat.capable("bob", "draft/chathistory");
    bob.join("#c");
    let lines = bob.ask("CHATHISTORY LATEST #c * 10");
    let lines: Vec<&str> = lines.iter().map(Line::as_str).collect();
    let expected = [0, 1].map(|n| format!(":ann!ann@127.0.0.1 PRIVMSG #c :{n}"));
    assert_eq!(lines, expected);
}

#[test]
fn targets_are_the_channels_in_which_something_was_said() {
    let chat = Chat::start();
    let (mut ann, _) = spoken(&chat, 1);
    ann.join("#silent");
    let always = "timestamp=2000-01-01T00:00:00.000Z timestamp=9000-01-01T00:00:00.000Z";
    let lines = ann.ask(&format!("CHATHISTORY TARGETS {always} 10"));
    let targets: Vec<&Line> = lines.iter().filter(|line| line.command == "CHATHISTORY").collect();
    assert_eq!(targets.len(), 1, "{lines:#?}");
    assert_eq!((targets[0].param(0), targets[0].param(1)), ("TARGETS", "#c"));
    assert_eq!(lines[0].param(1), "draft/chathistory-targets");
}

#[test]
fn targets_count_from_the_first_moment_and_leave_both_moments_out() {
    let chat = Chat::start();
    let mut ann = chat.capable("ann", CAPABILITIES);
    ann.ask("JOIN #a,#b");
    let mut said = |channel: &str| {
        let echo = only(ann.ask(&format!("PRIVMSG {channel} :x")));
        echo.tag("time").map(|time| format!("timestamp={time}")).expect("a time")
    };
    let first = said("#a");
    // Time has to pass, in milliseconds, before the second is later.
    let second = std::iter::repeat_with(|| said("#b")).find(|at| *at != first).expect("a clock");
    let mut asked = |range: String, limit: usize| {
        let lines = ann.ask(&format!("CHATHISTORY TARGETS {range} {limit}"));
        let found = lines.iter().filter(|line| line.command == "CHATHISTORY");
        found.map(|line| line.param(1).to_owned()).collect::<Vec<_>>()
    };
    let (early, late) =
        ("timestamp=2000-01-01T00:00:00.000Z", "timestamp=9000-01-01T00:00:00.000Z");
    assert_eq!(asked(format!("{early} {late}"), 10), ["#a", "#b"]);
    assert_eq!(asked(format!("{early} {late}"), 1), ["#a"]);
    assert_eq!(asked(format!("{late} {early}"), 1), ["#b"]);
    assert_eq!(asked(format!("{first} {late}"), 10), ["#b"]);
    assert_eq!(asked(format!("{early} {second}"), 10), ["#a"]);
    assert_eq!(asked(format!("{first} {second}"), 10), [""; 0]);
}

#[test]
fn what_cannot_be_answered_is_fail_with_a_code() {
    let chat = Chat::start();
    let (mut ann, _) = spoken(&chat, 1);
    chat.client("bob").join("#other");
    for (question, code) in [
        ("CHATHISTORY", "INVALID_PARAMS"),
        ("CHATHISTORY NONSENSE #c * 10", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #c *", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #c * 10 more", "INVALID_PARAMS"),
        ("CHATHISTORY BETWEEN #c * 10", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #c * many", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #c * 0", "INVALID_PARAMS"),
        ("CHATHISTORY BEFORE #c yesterday 10", "INVALID_PARAMS"),
        ("CHATHISTORY BEFORE #c timestamp=yesterday 10", "INVALID_PARAMS"),
        ("CHATHISTORY LATEST #nowhere * 10", "INVALID_TARGET"),
        ("CHATHISTORY LATEST #other * 10", "INVALID_TARGET"),
        ("CHATHISTORY TARGETS x y 10", "INVALID_PARAMS"),
        ("CHATHISTORY TARGETS x y", "INVALID_PARAMS"),
    ] {
        let refused = only(ann.ask(question));
        let shown = (refused.command.as_str(), refused.param(0), refused.param(1));
        assert_eq!(shown, ("FAIL", "CHATHISTORY", code), "{question}");
    }
}
