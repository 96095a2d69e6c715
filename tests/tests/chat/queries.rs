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
        (number("253", 1), number("254", 1), number("265", 1), number("265", 2))
    };
    assert_eq!(counts(&ann.ask("LUSERS")), (Some(1), Some(1), Some(2), Some(2)));
    unregistered.send("QUIT");
    unregistered.read_to_end();
    bob.send("QUIT");
    bob.read_to_end();
    ann.sync();
    assert_eq!(counts(&ann.ask("LUSERS")), (Some(0), Some(1), Some(1), Some(2)));
    ann.ask("PART #c");
    assert_eq!(counts(&ann.ask("LUSERS")), (Some(0), Some(0), Some(1), Some(2)));
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

#[test]
fn the_time_is_391_with_the_seconds_since_1970() {
    let chat = Chat::start();
    let answer = only(chat.client("ann").ask("TIME"));
    assert_eq!(
        (answer.command.as_str(), answer.param(1), answer.param(3)),
        ("391", "chat.example", "0")
    );
    assert!(answer.param(2).parse::<u64>().is_ok_and(|at| at > 1_700_000_000), "{answer:?}");
}

#[test]
fn info_links_and_version_end_as_they_should_and_know_no_other_server() {
    let chat = Chat::with(&["--description", "a test"]);
    let mut ann = chat.client("ann");
    let lines = ann.ask("INFO");
    assert_eq!(lines.last().map(|line| line.command.as_str()), Some("374"));
    assert!(lines[..lines.len() - 1].iter().all(|line| line.command == "371"));
    let lines = ann.ask("LINKS");
    assert_eq!(lines[0].params[1..], ["chat.example", "chat.example", "0 a test"]);
    assert_answers(&lines[1..], &["365 *"]);
    for command in ["INFO", "VERSION", "TIME", "MOTD"] {
        assert_answers(&ann.ask(&format!("{command} other.example")), &["402 other.example"]);
        assert!(ann.ask(&format!("{command} ann"))[0].command != "402", "{command}");
    }
}

#[test]
fn help_is_704_to_706_and_524_of_what_there_is_none() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    for (question, subject) in [("HELP", "*"), ("HELP join", "join"), ("HELPOP JOIN", "JOIN")] {
        let lines = ann.ask(question);
        assert_eq!((lines[0].command.as_str(), lines[0].param(1)), ("704", subject));
        let last = lines.last().expect("706");
        assert_eq!((last.command.as_str(), last.param(1)), ("706", subject));
        assert!(lines[1..lines.len() - 1].iter().all(|line| line.command == "705"));
    }
    assert_answers(&ann.ask("HELP nonsense"), &["524 nonsense"]);
}

#[test]
fn list_takes_names_masks_and_conditions() {
    let chat = Chat::start();
    let [mut ann, _bob] = chat.room("#big", ["ann", "bob"]);
    ann.join("#small");
    ann.ask("TOPIC #small :x");
    let listed = |question: &str, ann: &mut roundsman_tests::irc_client::Client| {
        let lines = ann.ask(question);
        let items = lines.iter().filter(|line| line.command == "322");
        items.map(|line| line.param(1).to_owned()).collect::<Vec<_>>().join(" ")
    };
    for (question, expected) in [
        ("LIST", "#big #small"),
        ("LIST #BIG", "#big"),
        ("LIST #s*,#nowhere", "#small"),
        ("LIST >1", "#big"),
        ("LIST <2", "#small"),
        ("LIST !#b*", "#small"),
        ("LIST C<5", "#big #small"),
        ("LIST C>5", ""),
        ("LIST T<5", "#small"),
        ("LIST chat.example", "#big #small"),
        ("LIST ann", "#big #small"),
        ("LIST #big,#small >1", "#big"),
        ("LIST #small >1", ""),
        // A mask that would fit the name of the server, and what would be conditions but for the rest of them.
        ("LIST *e*", ""),
        ("LIST C*,T", ""),
    ] {
        assert_eq!(listed(question, &mut ann), expected, "{question}");
    }
}

#[test]
fn names_of_several_channels_have_one_end_and_of_all_as_well() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    ann.ask("JOIN #a,#b");
    assert_answers(&ann.ask("NAMES #a,#b"), &["353 =", "353 =", "366 #a,#b"]);
    assert_answers(&ann.ask("NAMES"), &["353 =", "353 =", "366 *"]);
}
