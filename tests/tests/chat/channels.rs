//! Channels: JOIN, PART, QUIT, NAMES, TOPIC, MODE and WHO, as members and outsiders see them.

use crate::{Chat, assert_answers, commands, only, texts};

#[test]
fn who_joins_gets_join_and_names_and_the_others_get_join() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let created = ann.join("#c");
    assert_eq!(commands(&created), ["JOIN", "353", "366"]);
    assert_eq!((created[0].source.as_str(), created[0].text()), ("ann!ann@127.0.0.1", "#c"));
    assert_eq!(created[1].params, ["ann", "=", "#c", "@ann"]);
    assert_eq!(created[2].param(1), "#c");

    let mut bob = chat.client("bob");
    let joined = bob.join("#c");
    assert_eq!(commands(&joined), ["JOIN", "353", "366"]);
    let mut names: Vec<&str> = joined[1].text().split(' ').collect();
    names.sort_unstable();
    assert_eq!(names, ["@ann", "bob"]);
    let told = only(ann.sync());
    assert!(told.is("bob", "JOIN") && told.text() == "#c", "{told:?}");
}

#[test]
fn joining_again_is_not_told_to_the_others() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    assert!(ann.ask("JOIN #C").iter().all(|line| matches!(line.command.as_str(), "353" | "366")));
    assert_eq!(texts(&bob.sync()), [""; 0]);
}

#[test]
fn a_channel_is_one_in_any_case_and_is_shown_as_it_was_made() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#Rust", ["ann", "bob"]);
    ann.ask("PRIVMSG #rUST :x");
    assert_eq!(only(bob.sync()).param(0), "#Rust");
}

#[test]
fn several_channels_are_joined_at_once_and_a_bad_one_spoils_only_itself() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let lines = ann.ask("JOIN #a,inv@lid,#b");
    let joined: Vec<&str> =
        lines.iter().filter(|line| line.command == "JOIN").map(|line| line.text()).collect();
    assert_eq!(joined, ["#a", "#b"]);
    let errors: Vec<&str> = commands(&lines)
        .into_iter()
        .filter(|code| !matches!(*code, "JOIN" | "353" | "366"))
        .collect();
    assert!(matches!(errors[..], ["403" | "476" | "479"]), "{lines:#?}");
}

#[test]
fn the_names_of_a_large_channel_fill_several_lines_and_miss_nobody() {
    let chat = Chat::start();
    let nicks: Vec<String> = (0..40).map(|n| format!("member-with-a-long-name-{n}")).collect();
    let mut members: Vec<_> = nicks.iter().map(|nick| chat.client(nick)).collect();
    for member in &mut members {
        member.join("#c");
    }
    let lines = chat.client("ann").join("#c");
    let mut names: Vec<&str> = lines
        .iter()
        .filter(|line| line.command == "353")
        .flat_map(|line| line.text().split(' '))
        .map(|name| name.trim_start_matches('@'))
        .collect();
    assert!(commands(&lines).iter().filter(|code| **code == "353").count() > 1);
    let mut expected: Vec<&str> = nicks.iter().map(String::as_str).chain(["ann"]).collect();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn part_is_seen_by_all_and_the_parted_gets_nothing_more() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let own = only(ann.ask("PART #c :so long"));
    assert!(own.is("ann", "PART"));
    assert_eq!((own.param(0), own.text()), ("#c", "so long"));
    assert_eq!(bob.sync(), [own]);
    bob.ask("PRIVMSG #c :alone?");
    assert_eq!(texts(&ann.sync()), [""; 0]);
    let own = only(bob.ask("PART #c"));
    assert!(own.is("bob", "PART") && own.param(0) == "#c");
}

#[test]
fn part_needs_a_channel_one_is_in() {
    let chat = Chat::start();
    let [_ann] = chat.room("#c", ["ann"]);
    let mut bob = chat.client("bob");
    assert_answers(&bob.ask("PART #c"), &["442 #c"]);
    let refused = only(bob.ask("PART #nowhere"));
    assert!(matches!(refused.command.as_str(), "403" | "442"), "{refused:?}");
    for nothing in ["PART", "PART :", "PART ,,"] {
        assert_answers(&bob.ask(nothing), &["461 PART"]);
    }
}

#[test]
fn an_empty_channel_is_gone() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    ann.ask("TOPIC #c :old");
    ann.ask("PART #c");
    assert_answers(&ann.ask("TOPIC #c"), &["403 #c"]);
    assert_eq!(commands(&ann.join("#c")), ["JOIN", "353", "366"]);
}

#[test]
fn quit_gets_an_error_line_and_the_others_see_one_quit_with_its_reason() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.join("#d");
    bob.join("#d");
    ann.sync();
    ann.send("QUIT :gone fishing");
    let last = ann.read_to_end().pop().expect("an ERROR line");
    assert_eq!((last.source.as_str(), last.command.as_str()), ("", "ERROR"));
    let told = only(bob.sync());
    assert!(told.is("ann", "QUIT") && told.text().contains("gone fishing"), "{told:?}");
    assert_eq!(bob.ask("NAMES #c")[0].text().trim_start_matches('@'), "bob");
}

#[test]
fn quit_without_a_reason_still_says_that_it_was_one() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.send("QUIT");
    ann.read_to_end();
    assert_eq!(only(bob.sync()).as_str(), ":ann!ann@127.0.0.1 QUIT :Quit: ");
}

#[test]
fn a_connection_that_breaks_off_is_a_quit_to_the_others() {
    let chat = Chat::start();
    let [ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    drop(ann);
    assert!(bob.line().is("ann", "QUIT"));
    assert_eq!(texts(&bob.sync()), [""; 0]);
}

#[test]
fn names_of_an_unknown_channel_is_only_its_end() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    assert_answers(&ann.ask("NAMES #Nowhere"), &["366 #Nowhere"]);
    assert_answers(&ann.ask("NAMES inv@lid"), &["366 inv@lid"]);
}

#[test]
fn a_topic_is_told_to_all_shown_to_who_joins_and_cleared_by_an_empty_one() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    assert_answers(&ann.ask("TOPIC #c"), &["331 #c"]);
    let own = only(ann.ask("TOPIC #c :to be or not"));
    assert!(own.is("ann", "TOPIC") && own.text() == "to be or not");
    assert_eq!(bob.sync(), [own]);
    let mut cat = chat.client("cat");
    for lines in [bob.ask("TOPIC #c"), cat.join("#c")] {
        let shown: Vec<_> = lines.iter().filter(|line| line.command.starts_with("33")).collect();
        assert_eq!(
            shown.iter().map(|line| line.command.as_str()).collect::<Vec<_>>(),
            ["332", "333"]
        );
        assert_eq!((shown[0].param(1), shown[0].text()), ("#c", "to be or not"));
        assert!(shown[1].param(2).starts_with("ann") && shown[1].text().parse::<u64>().is_ok());
    }
    bob.sync();
    ann.sync();
    assert_eq!(only(ann.ask("TOPIC #c :")).params, ["#c", ""]);
    assert!(only(bob.sync()).is("ann", "TOPIC"));
    assert_answers(&bob.ask("TOPIC #c"), &["331 #c"]);
}

#[test]
fn a_topic_is_refused_to_outsiders_and_of_no_channel() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let mut bob = chat.client("bob");
    assert_answers(&bob.ask("TOPIC #c :mine"), &["442 #c"]);
    assert_answers(&bob.ask("TOPIC #nowhere :x"), &["403 #nowhere"]);
    assert_answers(&bob.ask("TOPIC"), &["461 TOPIC"]);
    assert_eq!(texts(&ann.sync()), [""; 0]);
}

#[test]
fn a_long_topic_is_cut_to_topiclen() {
    let chat = Chat::start();
    // The longest names there are, and a line that is as long as one may be.
    let (nick, channel) = ("n".repeat(30), format!("#{}", "c".repeat(49)));
    let mut ann = chat.client(&nick);
    ann.join(&channel);
    let set = only(ann.ask(&format!("TOPIC {channel} :{}", "x".repeat(450))));
    assert_eq!(set.text(), "x".repeat(350));
    assert_eq!(ann.ask(&format!("TOPIC {channel}"))[0].text(), "x".repeat(350));
}

#[test]
fn the_modes_of_a_channel_are_324_and_329() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let lines = ann.ask("MODE #c");
    assert_answers(&lines, &["324 #c", "329 #c"]);
    assert_eq!(lines[0].params, ["ann", "#c", "+"]);
    assert!(lines[1].text().parse::<u64>().is_ok(), "{:?}", lines[1]);
    assert_answers(&ann.ask("MODE #nowhere"), &["403 #nowhere"]);
    assert_answers(&ann.ask("MODE"), &["461 MODE"]);
}

#[test]
fn a_mode_of_a_channel_is_not_for_everyone_to_set() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    assert_answers(&bob.ask("MODE #c +m"), &["482 #c"]);
    assert_eq!(texts(&ann.sync()), [""; 0]);
}

#[test]
fn the_modes_of_a_client_are_221_and_only_its_own() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let _bob = chat.client("bob");
    let modes = only(ann.ask("MODE ann"));
    assert_eq!((modes.command.as_str(), modes.param(0)), ("221", "ann"));
    assert!(modes.param(1).starts_with('+'), "{modes:?}");
    assert_answers(&ann.ask("MODE bob"), &["502"]);
    let refused = only(ann.ask("MODE nobody"));
    assert!(matches!(refused.command.as_str(), "401" | "502"), "{refused:?}");
}

#[test]
fn what_irssi_sends_after_it_joined_is_answered_to_the_end() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let lines = ann.ask("MODE ann +i");
    assert!(lines.is_empty() || only(lines).is("ann", "MODE"));
    ann.send_bytes(b"JOIN #c\r\nMODE #c\r\nWHO #c\r\nMODE #c b\r\n");
    let expected = ["JOIN", "353", "366", "324", "329", "352", "315", "368"];
    assert_eq!(commands(&ann.sync()), expected);
}

#[test]
fn who_names_everyone_in_a_channel() {
    let chat = Chat::start();
    let [mut ann, _bob] = chat.room("#c", ["ann", "bob"]);
    let lines = ann.ask("WHO #C");
    assert_eq!(commands(&lines), ["352", "352", "315"]);
    assert_eq!(lines[2].param(1), "#C");
    let mut people: Vec<_> = lines[..2]
        .iter()
        .map(|line| {
            let [_, channel, user, host, _server, nick, flags, text] = &line.params[..] else {
                panic!("{line:?}")
            };
            [channel, user, host, nick, flags, text].map(String::as_str)
        })
        .collect();
    people.sort_unstable();
    assert_eq!(
        people,
        [
            ["#c", "ann", "127.0.0.1", "ann", "H@", "0 ann the client"],
            ["#c", "bob", "127.0.0.1", "bob", "H", "0 bob the client"],
        ]
    );
}

#[test]
fn who_names_a_client_and_of_nobody_only_the_end() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let _bob = chat.client("bob");
    let lines = ann.ask("WHO bob");
    assert_answers(&lines, &["352", "315 bob"]);
    assert_eq!(lines[0].param(5), "bob");
    assert_answers(&ann.ask("WHO nobody"), &["315 nobody"]);
    assert_answers(&ann.ask("WHO #nowhere"), &["315 #nowhere"]);
}

#[test]
fn join_needs_a_channel() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    for nothing in ["JOIN", "JOIN :", "JOIN ,,"] {
        assert_answers(&ann.ask(nothing), &["461 JOIN"]);
    }
}
