//! MONITOR: hearing when somebody comes and goes.

use crate::{Chat, commands, only, texts};

#[test]
fn whoever_is_monitored_is_told_of_at_once_and_when_that_changes() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let mut bob = chat.client("Bob");
    let lines = ann.ask("MONITOR + bob,cat");
    assert_eq!(commands(&lines), ["730", "731"]);
    assert_eq!((lines[0].text(), lines[1].text()), ("Bob!Bob@127.0.0.1", "cat"));
    let mut cat = chat.client("cat");
    assert_eq!(only(ann.sync()).as_str(), ":chat.example 730 ann :cat!cat@127.0.0.1");
    bob.send("QUIT");
    bob.read_to_end();
    assert_eq!(only(ann.sync()).as_str(), ":chat.example 731 ann :Bob");
    cat.ask("NICK bob");
    let told: Vec<_> = ann.sync().iter().map(|line| line.command.clone()).collect();
    assert_eq!(told, ["731", "730"]);
}

#[test]
fn the_list_can_be_shown_asked_about_shortened_and_emptied() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    ann.ask("MONITOR + bob,cat,not!a!nick");
    let lines = ann.ask("MONITOR L");
    assert_eq!((commands(&lines), lines[0].text()), (vec!["732", "733"], "bob,cat"));
    assert_eq!(texts(&ann.ask("MONITOR - BOB")), [""; 0]);
    assert_eq!(ann.ask("MONITOR L")[0].text(), "cat");
    assert_eq!(only(ann.ask("MONITOR S")).command, "731");
    assert_eq!(texts(&ann.ask("MONITOR C")), [""; 0]);
    assert_eq!(commands(&ann.ask("MONITOR L")), ["733"]);
    let _cat = chat.client("cat");
    assert_eq!(texts(&ann.sync()), [""; 0]);
}

#[test]
fn no_more_than_100_are_monitored() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    for n in 0..100 {
        ann.send(&format!("MONITOR + n{n}"));
    }
    ann.sync();
    let lines = ann.ask("MONITOR + more");
    let refused = only(lines);
    assert_eq!(
        (refused.command.as_str(), refused.param(1), refused.param(2)),
        ("734", "100", "more")
    );
    assert_eq!(commands(&ann.ask("MONITOR + n1")), ["731"]);
    let lines = ann.ask("MONITOR + a,n1,b,c,not!a!nick,d");
    assert_eq!(commands(&lines), ["731", "734", "734"]);
    assert_eq!([&lines[1], &lines[2]].map(|line| line.param(2)), ["a,b,c", "d"]);
}
