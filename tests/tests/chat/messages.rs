//! PRIVMSG and NOTICE: who gets what, once, in order, and what is said where nobody can.

use crate::{Chat, assert_answers, only, texts};

#[test]
fn a_message_to_a_channel_reaches_everybody_else_exactly_once_and_not_its_sender() {
    let chat = Chat::start();
    let [mut ann, mut bob, mut cat] = chat.room("#c", ["ann", "bob", "cat"]);
    let mut outsider = chat.client("outsider");
    for command in ["PRIVMSG", "NOTICE"] {
        assert_eq!(texts(&ann.ask(&format!("{command} #c :hello  there :)"))), [""; 0]);
        for other in [&mut bob, &mut cat] {
            let expected = format!(":ann!ann@127.0.0.1 {command} #c :hello  there :)");
            assert_eq!(only(other.sync()).as_str(), expected);
        }
    }
    assert_eq!(texts(&outsider.sync()), [""; 0]);
}

#[test]
fn a_message_to_a_nick_reaches_that_client_alone_in_any_case() {
    let chat = Chat::start();
    let [mut ann, mut bob, mut cat] = chat.room("#c", ["ann", "Bob", "cat"]);
    for command in ["PRIVMSG", "NOTICE"] {
        assert_eq!(texts(&ann.ask(&format!("{command} bOB :psst"))), [""; 0]);
        let got = only(bob.sync());
        assert_eq!((got.source.as_str(), got.command.as_str()), ("ann!ann@127.0.0.1", command));
        assert_eq!(got.text(), "psst");
        assert_eq!(texts(&cat.sync()), [""; 0]);
    }
}

#[test]
fn a_client_can_write_to_itself() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    assert!(only(ann.ask("PRIVMSG ann :note")).is("ann", "PRIVMSG"));
}

#[test]
fn a_text_without_spaces_needs_no_colon() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.ask("PRIVMSG #c hello");
    assert_eq!(only(bob.sync()).text(), "hello");
}

#[test]
fn a_message_to_nobody_is_refused() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    assert_answers(&ann.ask("PRIVMSG nobody :x"), &["401 nobody"]);
    let refused = only(ann.ask("PRIVMSG #nowhere :x"));
    assert!(matches!(refused.command.as_str(), "401" | "403" | "404"), "{refused:?}");
    assert_eq!(refused.param(1), "#nowhere");
}

#[test]
fn a_message_without_target_or_text_is_refused_and_not_relayed() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let refused = only(ann.ask("PRIVMSG"));
    assert!(matches!(refused.command.as_str(), "411" | "461"), "{refused:?}");
    assert_answers(&ann.ask("PRIVMSG ,, :x"), &["411"]);
    assert_answers(&ann.ask("PRIVMSG #c"), &["412"]);
    assert_answers(&ann.ask("PRIVMSG #c :"), &["412"]);
    assert_eq!(texts(&bob.sync()), [""; 0]);
}

#[test]
fn whoever_is_named_twice_hears_it_once() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    assert_eq!(texts(&ann.ask("PRIVMSG bob,#c,,BOB,#C :x")), [""; 0]);
    let heard: Vec<String> = bob.sync().iter().map(|line| line.param(0).to_owned()).collect();
    assert_eq!(heard, ["bob", "#c"]);
}

#[test]
fn a_notice_never_causes_a_reply() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    for notice in ["NOTICE nobody :x", "NOTICE #nowhere :x", "NOTICE", "NOTICE ann", "NOTICE ann :"]
    {
        assert_eq!(texts(&ann.ask(notice)), [""; 0], "{notice}");
    }
}

#[test]
fn a_thousand_lines_of_one_sender_arrive_in_order() {
    let chat = Chat::start();
    let [mut ann, mut bob, mut cat] = chat.room("#c", ["ann", "bob", "cat"]);
    let lines: String = (0..1_000).map(|n| format!("PRIVMSG #c :line {n}\r\n")).collect();
    ann.send_bytes(lines.as_bytes());
    assert_eq!(texts(&ann.sync()), [""; 0]);
    for reader in [&mut bob, &mut cat] {
        let got = reader.sync();
        assert_eq!(got.len(), 1_000);
        for (n, line) in got.iter().enumerate() {
            assert_eq!(line.text(), format!("line {n}"));
        }
    }
}

#[test]
fn lines_of_two_senders_arrive_in_the_order_of_each_and_the_same_for_all() {
    let chat = Chat::start();
    let [mut ann, mut bob, mut cat, mut dan] = chat.room("#c", ["ann", "bob", "cat", "dan"]);
    let lines: String = (0..500).map(|n| format!("PRIVMSG #c :{n}\r\n")).collect();
    ann.send_bytes(lines.as_bytes());
    bob.send_bytes(lines.as_bytes());
    ann.sync();
    bob.sync();
    let seen = cat.sync();
    for sender in ["ann", "bob"] {
        let texts =
            seen.iter().filter(|line| line.nick() == sender).map(|line| line.text().parse());
        assert!(texts.eq((0..500).map(Ok::<i32, std::num::ParseIntError>)));
    }
    assert_eq!(texts(&seen), texts(&dan.sync()));
}

#[test]
fn lines_to_several_channels_keep_their_order_for_one_reader() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#a", ["ann", "bob"]);
    for client in [&mut ann, &mut bob] {
        client.join("#b");
    }
    ann.sync();
    let lines: String =
        (0..300).map(|n| format!("PRIVMSG {} :{n}\r\n", ["#a", "#b", "bob"][n % 3])).collect();
    ann.send_bytes(lines.as_bytes());
    ann.sync();
    let got = bob.sync();
    for (name, first) in [("#a", 0), ("#b", 1), ("bob", 2)] {
        let texts = got.iter().filter(|line| line.param(0) == name).map(|line| line.text().parse());
        assert!(
            texts.eq((first..300).step_by(3).map(Ok::<i32, std::num::ParseIntError>)),
            "{name}"
        );
    }
}
