//! Who somebody is, was, or fits a mask: WHO, WHOX, WHOIS and WHOWAS.

use crate::{Chat, assert_answers, commands, only};

#[test]
fn a_mask_finds_nicks_users_and_hosts_in_any_case() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let _others = ["coolnick1", "CoolNick2", "other"].map(|nick| chat.client(nick));
    let nicks = |lines: Vec<roundsman_tests::irc_client::Line>| {
        let shown = lines.iter().filter(|line| line.command == "352");
        shown.map(|line| line.param(5).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(nicks(ann.ask("WHO coolni*")), ["coolnick1", "CoolNick2"]);
    assert_eq!(nicks(ann.ask("WHO 127.0.?.1")).len(), 4);
    assert_eq!(nicks(ann.ask("WHO *")).len(), 4);
    assert_eq!(nicks(ann.ask("WHO")).len(), 4);
    let end = ann.ask("WHO nobody*");
    assert_answers(&end, &["315 nobody*"]);
}

#[test]
fn who_is_invisible_is_found_by_who_shares_a_channel_or_knows_the_nick() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let mut cat = chat.client("cat");
    bob.ask("MODE bob +i");
    assert!(ann.ask("WHO *").iter().any(|line| line.param(5) == "bob"));
    assert!(cat.ask("WHO *").iter().all(|line| line.param(5) != "bob"));
    assert_answers(&cat.ask("WHO b*"), &["315 b*"]);
    assert_eq!(commands(&cat.ask("WHO bob")), ["352", "315"]);
    assert_eq!(cat.ask("NAMES #c")[0].text(), "@ann");
    assert!(cat.ask("WHOIS bob").iter().all(|line| line.command != "319"));
    assert!(cat.ask("LUSERS")[0].text().contains("2 users and 1 invisible"));
}

#[test]
fn whox_gives_the_fields_that_are_asked_for_in_its_own_order() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let line = &ann.ask("WHO #c %rfnhuct,42")[0];
    assert_eq!(line.command, "354");
    assert_eq!(line.params, ["ann", "42", "#c", "ann", "127.0.0.1", "ann", "H@", "ann the client"]);
    let line = &ann.ask("WHO ann %na")[0];
    assert_eq!(line.params, ["ann", "ann", "0"]);
}

#[test]
fn whois_takes_a_server_before_the_nick_and_no_other_one() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    for server in ["chat.example", "*.example", "ann"] {
        assert_eq!(ann.ask(&format!("WHOIS {server} ann"))[0].command, "311", "{server}");
    }
    assert_answers(&ann.ask("WHOIS other.example ann"), &["402 other.example", "318 ann"]);
    assert_answers(&ann.ask("WHOIS"), &["431"]);
}

#[test]
fn whois_says_all_there_is_in_order() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let lines = ann.ask("WHOIS ann");
    assert_eq!(commands(&lines), ["311", "319", "312", "317", "318"]);
    assert_eq!(lines[2].params[1..], ["ann", "chat.example", "A chat of actors"]);
    assert!(lines[3].param(2).parse::<u64>().is_ok_and(|idle_s| idle_s < 60));
    assert!(lines[3].param(3).parse::<u64>().is_ok_and(|at| at > 1_700_000_000));
}

#[test]
fn whowas_remembers_who_has_left_or_taken_another_nick_the_last_first() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    for user in ["first", "second", "third"] {
        let mut bob = chat.connection();
        bob.send(&format!("NICK bob\r\nUSER {user} 0 * :{user} bob"));
        bob.greeting();
        if user == "third" {
            bob.ask("NICK cat");
        } else {
            bob.send("QUIT");
            bob.read_to_end();
        }
    }
    let users = |question: &str, ann: &mut roundsman_tests::irc_client::Client| {
        let lines = ann.ask(question);
        assert_eq!(lines.last().map(|line| line.command.as_str()), Some("369"));
        let shown = lines.iter().filter(|line| line.command == "314");
        shown.map(|line| line.param(2).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(users("WHOWAS BOB", &mut ann), ["third", "second", "first"]);
    assert_eq!(users("WHOWAS bob 1", &mut ann), ["third"]);
    for all in ["0", "-1", "10"] {
        assert_eq!(users(&format!("WHOWAS bob {all}"), &mut ann).len(), 3);
    }
    assert_answers(&ann.ask("WHOWAS nobody"), &["406 nobody", "369 nobody"]);
    let refused = only(ann.ask("WHOWAS"));
    assert!(matches!(refused.command.as_str(), "431" | "461"), "{refused:?}");
}
