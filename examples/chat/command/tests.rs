//! What is made of lines.

use super::*;
use channel::Request as OfChannel;
use directory::Request as OfDirectory;

fn commands(line: &str, nick: Option<&str>) -> Vec<Command> {
    let about = About { name: "s".to_owned(), motd: None, started_unix_s: 0 };
    let nick = nick.map(|nick| Nick::parse(nick).expect("a nick"));
    let mut commands = VecDeque::new();
    read(&Line::parse(line).expect("a command"), &about, nick.as_ref(), &mut commands);
    commands.into()
}

/// What a line of ann's asks for.
fn of_ann(line: &str) -> Vec<Command> {
    commands(line, Some("ann"))
}

/// The numerics that answer a line, if it asks for nothing else.
fn answers(commands: Vec<Command>) -> Vec<String> {
    let answer = |command| match command {
        Command::Answer(line) => {
            let text = str::from_utf8(&line).expect("valid UTF-8");
            text.split(' ').nth(1).expect("a numeric").to_owned()
        }
        other => panic!("no answer: {other:?}"),
    };
    commands.into_iter().map(answer).collect()
}

#[test]
fn a_line_with_a_list_of_channels_is_so_many_commands_in_order() {
    let commands = of_ann("JOIN #a,inv@lid,#b");
    let [
        Command::Directory(OfDirectory::Join(a)),
        refusal,
        Command::Directory(OfDirectory::Join(b)),
    ] = <[Command; 3]>::try_from(commands).expect("three commands")
    else {
        panic!("not two joins around a refusal");
    };
    assert_eq!((a.as_str(), b.as_str()), ("#a", "#b"));
    assert_eq!(answers(vec![refusal]), ["403"]);
}

#[test]
fn each_channel_of_a_list_is_parted_with_the_reason() {
    let commands = of_ann("PART #a,#b :so long");
    assert_eq!(commands.len(), 2);
    for command in commands {
        let Command::Channel(_, OfChannel::Part { reason }) = command else { panic!("a PART") };
        assert_eq!(reason.as_deref(), Some("so long"));
    }
}

#[test]
fn a_stranger_is_told_so_before_anything_else_is_found_wrong() {
    for line in ["JOIN #c", "JOIN", "PRIVMSG", "NONSENSE", "NOTICE ann :x"] {
        assert_eq!(answers(commands(line, None)), ["451"], "{line}");
    }
}

#[test]
fn a_notice_is_never_answered() {
    for line in ["NOTICE", "NOTICE ann", "NOTICE ann :", "NOTICE a!b :x", "NOTICE #a\u{7}b :x"] {
        assert!(of_ann(line).is_empty(), "{line}");
    }
}

#[test]
fn a_message_is_for_a_channel_or_a_nick_and_keeps_its_text() {
    let [Command::Channel(name, OfChannel::Say(speech))] = &of_ann("PRIVMSG #c :a  b ")[..] else {
        panic!("said in a channel");
    };
    assert_eq!((name.as_str(), speech.kind, speech.text.as_str()), ("#c", Kind::Message, "a  b "));
    let [Command::Directory(OfDirectory::Say(nick, speech))] = &of_ann("NOTICE bob x")[..] else {
        panic!("said to a client");
    };
    assert_eq!((nick.as_str(), speech.kind, speech.text.as_str()), ("bob", Kind::Notice, "x"));
}

#[test]
fn a_name_that_no_channel_can_have_is_answered_as_one_that_does_not_exist() {
    assert_eq!(answers(of_ann("TOPIC nowhere :x")), ["403"]);
    assert_eq!(answers(of_ann("NAMES nowhere")), ["366"]);
    assert_eq!(answers(of_ann("WHO #a\u{7}b")), ["315"]);
}

#[test]
fn an_empty_topic_is_set_and_a_missing_one_is_asked_for() {
    assert!(matches!(&of_ann("TOPIC #c")[..], [Command::Channel(_, OfChannel::Topic)]));
    let [Command::Channel(_, OfChannel::SetTopic(topic))] = &of_ann("TOPIC #c :")[..] else {
        panic!("sets a topic");
    };
    assert_eq!(topic, "");
}

#[test]
fn modes_of_a_channel_are_asked_for_listed_or_set() {
    let request = |line| match of_ann(line).pop() {
        Some(Command::Channel(_, request)) => request,
        other => panic!("{other:?}"),
    };
    assert!(matches!(request("MODE #c"), OfChannel::Modes));
    assert!(matches!(request("MODE #c b"), OfChannel::Bans));
    assert!(matches!(request("MODE #c +b"), OfChannel::Bans));
    assert!(matches!(request("MODE #c +m"), OfChannel::SetMode('m')));
}

#[test]
fn each_letter_of_an_own_mode_counts_and_unknown_ones_are_refused_together() {
    let commands = of_ann("MODE ANN +xi-iy");
    let [Command::BeInvisible(true), Command::BeInvisible(false), Command::Answer(_)] =
        &commands[..]
    else {
        panic!("{commands:?}");
    };
    assert_eq!(answers(of_ann("MODE bob +i")), ["502"]);
    assert!(matches!(of_ann("MODE ann")[..], [Command::ShowModes]));
}

#[test]
fn the_last_parameter_of_whois_is_the_nick() {
    let commands = of_ann("WHOIS chat.example bob");
    let [Command::Directory(OfDirectory::WhoIs(nick))] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(nick.as_str(), "bob");
    assert_eq!(answers(of_ann("WHOIS")), ["431"]);
    assert_eq!(answers(of_ann("WHOIS a!b")), ["401", "318"]);
}

#[test]
fn nicks_are_found_whether_they_are_one_parameter_or_many() {
    for line in ["ISON ann b!d bob", "ISON :ann b!d bob"] {
        let commands = of_ann(line);
        let [Command::Directory(OfDirectory::IsOn(nicks))] = &commands[..] else {
            panic!("{commands:?}")
        };
        assert_eq!(nicks.iter().map(Nick::as_str).collect::<Vec<_>>(), ["ann", "bob"]);
    }
}
