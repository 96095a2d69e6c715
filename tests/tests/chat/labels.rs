//! Labels: the answers to a command are found by the label it was given (IRCv3 labeled-response).

use roundsman_tests::irc_client::Client;

use crate::{Chat, commands, only, texts};

fn client(chat: &Chat, nick: &str) -> Client {
    chat.capable(nick, "labeled-response batch echo-message")
}

#[test]
fn one_line_has_the_label_itself() {
    let chat = Chat::start();
    let mut ann = client(&chat, "ann");
    for line in ["@label=a1 PING x", "@label=a1 NONSENSE", "@label=a1 PRIVMSG nobody :x"] {
        let answer = only(ann.ask(line));
        assert_eq!(answer.tags, "label=a1", "{answer:?}");
    }
}

#[test]
fn several_lines_are_a_batch_with_the_label() {
    let chat = Chat::start();
    let mut ann = client(&chat, "ann");
    let lines = ann.ask("@label=a2 JOIN #c");
    assert_eq!(commands(&lines), ["BATCH", "JOIN", "353", "366", "BATCH"]);
    let name = lines[0].param(0).strip_prefix('+').expect("a batch begins");
    assert_eq!((lines[0].tags.as_str(), lines[0].param(1)), ("label=a2", "labeled-response"));
    assert!(lines[1..4].iter().all(|line| line.tag("batch") == Some(name)), "{lines:#?}");
    assert_eq!((lines[4].text(), lines[4].tags.as_str()), (format!("-{name}").as_str(), ""));
}

#[test]
fn a_text_that_looks_like_a_batch_is_none() {
    let chat = Chat::start();
    let mut ann = client(&chat, "ann");
    let _others = ["bob", "cat"].map(|nick| client(&chat, nick));
    let lines = ann.ask("@label=a9 PRIVMSG bob,cat :x BATCH +x");
    assert_eq!(commands(&lines), ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]);
}

#[test]
fn no_line_is_ack() {
    let chat = Chat::start();
    let mut ann = client(&chat, "ann");
    for line in ["@label=a3 PONG x", "@label=a3 NOTICE nobody :x"] {
        let answer = only(ann.ask(line));
        assert_eq!((answer.command.as_str(), answer.tags.as_str()), ("ACK", "label=a3"));
    }
}

#[test]
fn what_others_get_has_no_label() {
    let chat = Chat::start();
    let mut ann = client(&chat, "ann");
    let mut bob = client(&chat, "bob");
    assert_eq!(only(ann.ask("@label=a4 PRIVMSG bob :hello")).tags, "label=a4");
    assert_eq!(only(bob.sync()).tags, "");
    let lines = ann.ask("@label=a5 PRIVMSG ann :to myself");
    let mut tags: Vec<&str> = lines.iter().map(|line| line.tags.as_str()).collect();
    tags.sort_unstable();
    assert_eq!(tags, ["", "label=a5"]);
}

#[test]
fn a_label_has_64_bytes_at_most() {
    let chat = Chat::start();
    let mut ann = client(&chat, "ann");
    for label in ["x".repeat(64), r"\:".repeat(64)] {
        assert_eq!(only(ann.ask(&format!("@label={label} PING x"))).tags, format!("label={label}"));
    }
    assert_eq!(only(ann.ask(&format!("@label={} PING x", "x".repeat(129)))).tags, "");
}

#[test]
fn who_does_not_know_labels_gets_none() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    assert_eq!(only(ann.ask("@label=a6 NONSENSE")).tags, "");
    assert_eq!(texts(&ann.ask("@label=a6 PONG x")), [""; 0]);
}

#[test]
fn bytes_that_are_no_utf_8_are_refused_with_the_label() {
    let chat = Chat::start();
    let mut ann = client(&chat, "ann");
    ann.send_bytes(b"@label=a7 PRIVMSG ann :\xff\r\n");
    let refused = only(ann.sync());
    assert_eq!((refused.command.as_str(), refused.tags.as_str()), ("FAIL", "label=a7"));
}

#[test]
fn what_is_too_long_is_refused_with_the_label() {
    let chat = Chat::start();
    let mut ann = client(&chat, "ann");
    let refused = only(ann.ask(&format!("@label=abc PRIVMSG b :{}", "x".repeat(600))));
    assert_eq!((refused.command.as_str(), refused.tags.as_str()), ("417", "label=abc"));
    let unlabeled = only(ann.ask(&format!("PRIVMSG b :{}", "x".repeat(600))));
    assert_eq!((unlabeled.command.as_str(), unlabeled.tags.as_str()), ("417", ""));
}

#[test]
fn whoever_quits_with_a_label_still_gets_its_error_line() {
    let chat = Chat::start();
    let mut ann = client(&chat, "ann");
    ann.send("@label=a8 QUIT :bye");
    assert_eq!(commands(&ann.read_to_end()), ["ERROR"]);
}
