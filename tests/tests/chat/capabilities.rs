//! The capabilities of IRCv3: who has one gets what it promises, and who has not sees nothing of it.

use crate::{Chat, assert_answers, commands, only, texts};

#[test]
fn a_request_is_taken_as_a_whole_or_not_at_all() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let answer = only(ann.ask("CAP REQ :multi-prefix nonsense server-time"));
    assert_eq!(answer.params, ["ann", "NAK", "multi-prefix nonsense server-time"]);
    assert_eq!(only(ann.ask("CAP LIST")).text(), "");
    let answer = only(ann.ask("CAP REQ :multi-prefix setname"));
    assert_eq!(answer.params, ["ann", "ACK", "multi-prefix setname"]);
    assert_eq!(only(ann.ask("CAP LIST")).text(), "multi-prefix setname");
    assert_eq!(only(ann.ask("CAP REQ :-multi-prefix")).param(1), "ACK");
    assert_eq!(only(ann.ask("CAP LIST")).text(), "setname");
}

#[test]
fn all_that_is_listed_can_be_had() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let all = only(ann.ask("CAP LS 302"));
    assert_eq!(only(ann.ask(&format!("CAP REQ :{}", all.text()))).param(1), "ACK");
    assert_eq!(only(ann.ask("CAP LIST")).text(), all.text());
}

#[test]
fn who_knows_302_has_cap_notify_and_keeps_it() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.ask("CAP LS 302");
    assert_eq!(only(ann.ask("CAP LIST")).text(), "cap-notify");
    assert_eq!(only(ann.ask("CAP REQ :-cap-notify")).param(1), "NAK");
    ann.introduce("ann");
    ann.send("CAP END");
    ann.expect("001");
}

#[test]
fn what_is_asked_for_many_times_is_given_and_named_once_as_it_was_asked_for_last() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let asked = "batch setname -setname ".repeat(21);
    let answer = only(ann.ask(&format!("CAP REQ :{asked}multi-prefix")));
    assert_eq!((answer.param(1), answer.text()), ("ACK", "batch -setname multi-prefix"));
    assert_eq!(only(ann.ask("CAP LIST")).text(), "batch multi-prefix");
}

#[test]
fn cap_needs_a_subcommand() {
    let chat = Chat::start();
    assert_answers(&chat.connection().ask("CAP"), &["461 CAP"]);
}

#[test]
fn server_time_says_when_on_every_line() {
    let chat = Chat::start();
    let mut ann = chat.capable("ann", "server-time");
    let [mut bob] = chat.room("#c", ["bob"]);
    let joined = ann.join("#c");
    bob.ask("PRIVMSG #c :hello");
    let said = only(ann.sync());
    for line in joined.iter().chain([&said]) {
        let time = line.tag("time").unwrap_or_else(|| panic!("no time: {line:?}"));
        assert!(time.len() == 24 && time.starts_with("20") && time.ends_with('Z'), "{time}");
        assert_eq!(line.tags.split(';').count(), 1, "{line:?}");
    }
    assert!(bob.sync().iter().all(|line| line.tags.is_empty()));
}

#[test]
fn what_a_capability_adds_begins_behind_the_line_that_grants_it() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    assert_eq!(only(ann.ask("CAP REQ server-time")).tags, "");
    assert!(only(ann.ask("CAP REQ -server-time")).tag("time").is_some());
    assert_eq!(only(ann.ask("CAP LIST")).tags, "");
}

#[test]
fn echo_message_gives_back_what_one_has_said() {
    let chat = Chat::start();
    let mut ann = chat.capable("ann", "echo-message");
    let [mut bob] = chat.room("#c", ["bob"]);
    ann.join("#c");
    bob.sync();
    for line in
        ["PRIVMSG #c :to all", "NOTICE #c :to all", "PRIVMSG bob :to one", "NOTICE BOB :one"]
    {
        let echo = only(ann.ask(line));
        assert_eq!(echo, only(bob.sync()));
    }
    assert_eq!(commands(&ann.ask("PRIVMSG ann :to me")), ["PRIVMSG", "PRIVMSG"]);
    assert_answers(&ann.ask("PRIVMSG nobody :x"), &["401 nobody"]);
}

#[test]
fn multi_prefix_and_userhost_in_names_show_more_of_the_members() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    ann.ask("MODE #c +v ann");
    let names = |capabilities| {
        let nick = format!("n{}", str::len(capabilities));
        let lines = chat.capable(&nick, capabilities).ask("NAMES #c");
        lines[0].text().to_owned()
    };
    assert_eq!(names("multi-prefix"), "@+ann");
    assert_eq!(names("userhost-in-names"), "@ann!ann@127.0.0.1");
    assert_eq!(names("multi-prefix userhost-in-names"), "@+ann!ann@127.0.0.1");
    let channels = |lines: Vec<roundsman_tests::irc_client::Line>| lines[1].text().to_owned();
    assert_eq!(channels(ann.ask("WHOIS ann")), "@#c");
    assert_eq!(channels(chat.capable("bob", "multi-prefix").ask("WHOIS ann")), "@+#c");
    let mut who = chat.capable("cat", "multi-prefix");
    assert_eq!(who.ask("WHO #c")[0].param(6), "H@+");
}

#[test]
fn away_notify_tells_when_somebody_goes_away_and_is_back_and_joins_being_away() {
    let chat = Chat::start();
    let mut ann = chat.capable("ann", "away-notify");
    ann.join("#c");
    let [mut bob, mut cat] = chat.room("#c", ["bob", "cat"]);
    ann.sync();
    bob.ask("AWAY :lunch");
    assert_eq!(only(ann.sync()).as_str(), ":bob!bob@127.0.0.1 AWAY :lunch");
    bob.ask("AWAY :lunch");
    assert_eq!(texts(&ann.sync()), [""; 0]);
    bob.ask("PART #c");
    ann.sync();
    bob.join("#c");
    assert_eq!(commands(&ann.sync()), ["JOIN", "AWAY"]);
    bob.ask("AWAY");
    assert_eq!(only(ann.sync()).as_str(), ":bob!bob@127.0.0.1 AWAY");
    assert!(cat.sync().iter().all(|line| line.command != "AWAY"));
}

#[test]
fn invite_notify_tells_those_in_the_channel() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let mut bob = chat.capable("bob", "invite-notify");
    bob.join("#c");
    let mut cat = chat.client("cat");
    ann.sync();
    assert_eq!(commands(&ann.ask("INVITE cat #c")), ["341"]);
    assert_eq!(only(bob.sync()).as_str(), ":ann!ann@127.0.0.1 INVITE cat #c");
    assert_eq!(commands(&cat.sync()), ["INVITE"]);
}

#[test]
fn setname_changes_the_real_name_and_tells_who_wants_to_know() {
    let chat = Chat::start();
    let mut ann = chat.capable("ann", "setname");
    ann.join("#c");
    let [mut bob] = chat.room("#c", ["bob"]);
    ann.sync();
    bob.ask("SETNAME :Bob the Builder");
    assert_eq!(only(ann.sync()).as_str(), ":bob!bob@127.0.0.1 SETNAME :Bob the Builder");
    assert_eq!(ann.ask("WHOIS bob")[0].text(), "Bob the Builder");
    assert_eq!(only(ann.ask("SETNAME :Ann")).command, "SETNAME");
    assert_eq!(texts(&bob.sync()), [""; 0]);
    for bad in ["SETNAME :", &format!("SETNAME :{}", "x".repeat(200))] {
        let refused = only(ann.ask(bad));
        assert_eq!((refused.command.as_str(), refused.param(1)), ("FAIL", "INVALID_REALNAME"));
    }
    assert_answers(&ann.ask("SETNAME"), &["461 SETNAME"]);
}

#[test]
fn tags_for_other_clients_reach_those_who_take_tags_and_no_others() {
    let chat = Chat::start();
    let mut ann = chat.capable("ann", "message-tags");
    let mut bob = chat.capable("bob", "message-tags");
    let mut cat = chat.client("cat");
    for client in [&mut ann, &mut bob, &mut cat] {
        client.join("#c");
    }
    ann.sync();
    bob.sync();
    ann.ask("@+react=yes;mine=no;label=1 PRIVMSG #c :hello");
    let tagged = only(bob.sync());
    assert_eq!(
        (tagged.tag("+react"), tagged.tag("mine"), tagged.tag("label")),
        (Some("yes"), None, None)
    );
    assert!(tagged.tag("msgid").is_some_and(|msgid| !msgid.is_empty()), "{tagged:?}");
    assert_eq!(only(cat.sync()).as_str(), ":ann!ann@127.0.0.1 PRIVMSG #c :hello");
    ann.ask("@+typing=active TAGMSG #c");
    let tags_only = only(bob.sync());
    assert_eq!((tags_only.command.as_str(), tags_only.tag("+typing")), ("TAGMSG", Some("active")));
    assert_eq!(texts(&cat.sync()), [""; 0]);
    assert_eq!(texts(&ann.ask("@+x TAGMSG cat")), [""; 0]);
    assert_answers(&ann.ask("@+x TAGMSG nobody"), &["401 nobody"]);
    assert_answers(&cat.ask("TAGMSG #c"), &["421 TAGMSG"]);
}

#[test]
fn tags_for_others_are_passed_on_once_each_behind_those_of_the_server_and_end_no_line() {
    let chat = Chat::start();
    let mut ann = chat.capable("ann", "message-tags");
    let mut bob = chat.capable("bob", "message-tags");
    bob.ask("MODE bob +B");
    for (sent, expected) in [
        ("+a=1;+b;+a=2", "bot;+b;+a=2"),
        ("+a=x\rQUIT;+b", "bot;+b"),
        ("+a=x\0y;+b=", "bot;+b="),
        ("msgid=mine;bot=mine;time=mine", "bot"),
    ] {
        bob.ask(&format!("@{sent} PRIVMSG ann :x"));
        let tags = only(ann.sync()).tags;
        let (name, others) = tags.split_once(';').expect("more than one tag");
        assert!(name.starts_with("msgid=") && name != "msgid=mine", "{tags}");
        assert_eq!(others, expected);
    }
}

#[test]
fn every_message_has_a_name_of_its_own_and_the_same_for_all() {
    let chat = Chat::start();
    let mut ann = chat.capable("ann", "message-tags echo-message");
    let mut bob = chat.capable("bob", "message-tags");
    let mut seen = Vec::new();
    for _ in 0..10 {
        let echo = only(ann.ask("PRIVMSG bob :x"));
        assert_eq!(only(bob.sync()).tags, echo.tags);
        seen.push(echo.tags);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 10);
}

#[test]
fn tags_may_be_long_and_no_longer_than_that() {
    let chat = Chat::start();
    let mut ann = chat.capable("ann", "message-tags");
    let mut bob = chat.capable("bob", "message-tags");
    let tags = |length: usize| format!("+x={}", "y".repeat(length - 3));
    ann.ask(&format!("@{} PRIVMSG bob :hello", tags(4094)));
    assert_eq!(only(bob.sync()).tag("+x").map(str::len), Some(4091));
    assert_answers(&ann.ask(&format!("@{} PRIVMSG bob :hello", tags(4095))), &["417"]);
    assert_answers(&ann.ask(&format!("@{} PRIVMSG bob :hello", tags(20_000))), &["417"]);
    assert_eq!(texts(&bob.sync()), [""; 0]);
}

#[test]
fn a_bot_is_known_as_one() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let mut bob = chat.capable("bob", "message-tags");
    bob.join("#c");
    assert_eq!(only(bob.ask("MODE bob +B")).text(), "+B");
    assert!(ann.ask("WHOIS bob").iter().any(|line| line.command == "335"));
    assert_eq!(ann.ask("WHO bob")[0].param(6), "HB");
    let mut cat = chat.capable("cat", "message-tags");
    bob.ask("PRIVMSG cat :beep");
    assert_eq!(only(cat.sync()).tag("bot"), Some(""));
    cat.join("#c");
    ann.sync();
    bob.ask("PART #c\r\nJOIN #c\r\nTOPIC #c :beep\r\nNICK rob");
    bob.send("QUIT");
    bob.read_to_end();
    let done = cat.sync();
    assert_eq!(commands(&done), ["PART", "JOIN", "TOPIC", "NICK", "QUIT"]);
    assert!(done.iter().all(|line| line.tags == "bot"), "{done:#?}");
    assert!(ann.sync().iter().all(|line| line.tags.is_empty()));
}
