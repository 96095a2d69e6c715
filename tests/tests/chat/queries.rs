//! Questions that real clients ask on the side: LUSERS, WHOIS, LIST, ISON, USERHOST, VERSION and MOTD.

use crate::{Chat, assert_answers, commands, only};

#[test]
fn lusers_counts_clients_and_channels_as_they_are() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let mut unregistered = chat.connection();
    unregistered.sync();
    let counts = |lines: &[roundsman_tests::irc_client::Line]| {
        let find = |code: &str| lines.iter().find(|line| line.command == code);
        let number =
            |code, index| find(code).and_then(|line| line.param(index).parse::<u32>().ok());
        (number("253", 1).unwrap_or(0), number("254", 1), number("265", 1), number("265", 2))
    };
    assert_eq!(counts(&ann.ask("LUSERS")), (1, Some(1), Some(2), Some(2)));
    unregistered.send("QUIT");
    unregistered.read_to_end();
    bob.send("QUIT");
    bob.read_to_end();
    ann.sync();
    assert_eq!(counts(&ann.ask("LUSERS")), (0, Some(1), Some(1), Some(2)));
    ann.ask("PART #c");
    assert_eq!(counts(&ann.ask("LUSERS")), (0, Some(0), Some(1), Some(2)));
}

#[test]
fn whois_tells_who_someone_is_and_of_nobody_that_there_is_none() {
    let chat = Chat::start();
    let [_ann, mut bob] = chat.room("#c", ["Ann", "bob"]);
    let lines = bob.ask("WHOIS aNN");
    assert_eq!(lines[0].command, "311");
    assert_eq!(lines[0].params, ["bob", "Ann", "Ann", "127.0.0.1", "*", "Ann the client"]);
    let channels = lines.iter().find(|line| line.command == "319").expect("319");
    assert_eq!(channels.text(), "@#c");
    let end = lines.last().expect("318");
    assert_eq!((end.command.as_str(), end.param(1)), ("318", "aNN"));
    assert_answers(&bob.ask("WHOIS nobody"), &["401 nobody", "318 nobody"]);
}

#[test]
fn list_names_every_channel_with_its_size_and_topic() {
    let chat = Chat::start();
    let [mut ann, _bob] = chat.room("#c", ["ann", "bob"]);
    ann.ask("TOPIC #c :the topic");
    let lines = ann.ask("LIST");
    let item = lines.iter().find(|line| line.command == "322").expect("322");
    assert_eq!(item.params[1..], ["#c", "2", "the topic"]);
    assert_eq!(lines.last().map(|line| line.command.as_str()), Some("323"));
}

#[test]
fn ison_and_userhost_name_those_who_are_here() {
    let chat = Chat::start();
    let mut ann = chat.client("Ann");
    let answer = only(ann.ask("ISON nobody ann"));
    assert_eq!((answer.command.as_str(), answer.text().trim()), ("303", "Ann"));
    let answer = only(ann.ask("USERHOST ann nobody"));
    assert_eq!((answer.command.as_str(), answer.text().trim()), ("302", "Ann=+Ann@127.0.0.1"));
}

#[test]
fn version_and_motd_are_answered() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    assert_eq!(commands(&ann.ask("VERSION"))[0], "351");
    assert_eq!(commands(&ann.ask("MOTD")), ["422"]);
}
