//! Operators of the server: OPER, KILL and WALLOPS.

use roundsman_tests::irc_client::Client;

use crate::{Chat, assert_answers, commands, only, texts};

fn chat() -> Chat {
    Chat::with(&["--oper", "root:secret", "--oper", "other:x:y"])
}

#[test]
fn the_right_password_makes_an_operator_and_a_wrong_one_does_not() {
    let chat = chat();
    let mut ann = chat.client("ann");
    for wrong in ["OPER root wrong", "OPER nobody secret", "OPER root SECRET"] {
        let refused = only(ann.ask(wrong));
        assert!(matches!(refused.command.as_str(), "464" | "491"), "{refused:?}");
    }
    assert_answers(&ann.ask("OPER root"), &["461 OPER"]);
    assert_answers(&ann.ask("OPER"), &["461 OPER"]);
    let lines = ann.ask("OPER root secret");
    assert_eq!(commands(&lines), ["381", "MODE"]);
    assert_eq!(lines[1].params, ["ann", "+o"]);
    assert_eq!(only(ann.ask("MODE ann")).text(), "+o");
    assert_eq!(commands(&chat.client("bob").ask("OPER other x:y")), ["381", "MODE"]);
}

#[test]
fn an_operator_is_shown_as_one_until_it_is_none_any_more() {
    let chat = chat();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.ask("OPER root secret");
    assert_eq!(bob.ask("WHO #c")[0].param(6), "H*@");
    assert!(bob.ask("WHOIS ann").iter().any(|line| line.command == "313"));
    assert_eq!(only(bob.ask("USERHOST ann")).text(), "ann*=+ann@127.0.0.1");
    let counted = |bob: &mut Client| {
        let lines = bob.ask("LUSERS");
        lines.iter().find(|line| line.command == "252").map(|line| line.param(1).to_owned())
    };
    assert_eq!(counted(&mut bob).as_deref(), Some("1"));
    assert_eq!(commands(&bob.ask("WHO * o")), ["352", "315"]);
    assert_eq!(only(ann.ask("MODE ann -o")).text(), "-o");
    assert!(bob.ask("WHOIS ann").iter().all(|line| line.command != "313"));
    assert_eq!(counted(&mut bob).as_deref(), Some("0"));
}

#[test]
fn kill_cuts_a_client_off_and_everybody_who_shared_a_channel_sees_it_quit() {
    let chat = chat();
    let [mut ann, mut bob, mut cat] = chat.room("#c", ["ann", "bob", "cat"]);
    ann.ask("OPER root secret");
    assert_answers(&ann.ask("KILL nobody :x"), &["401 nobody"]);
    assert_answers(&ann.ask("KILL"), &["461 KILL"]);
    assert_eq!(commands(&ann.ask("KILL bob :go away")), ["QUIT"]);
    let last = bob.read_to_end().pop().expect("an ERROR line");
    assert_eq!(last.command, "ERROR");
    assert!(last.text().contains("go away"), "{last:?}");
    let told = only(cat.sync());
    assert!(told.is("bob", "QUIT") && told.text().contains("go away"), "{told:?}");
}

#[test]
fn kill_and_wallops_are_for_operators() {
    let chat = chat();
    let mut ann = chat.client("ann");
    let mut bob = chat.client("bob");
    assert_answers(&ann.ask("KILL bob :x"), &["481"]);
    assert_answers(&ann.ask("WALLOPS :x"), &["481"]);
    bob.sync();
}

#[test]
fn wallops_reach_those_who_want_to_hear_them() {
    let chat = chat();
    let [mut ann, mut bob, mut cat] = ["ann", "bob", "cat"].map(|nick| chat.client(nick));
    ann.ask("OPER root secret");
    bob.ask("MODE bob +w");
    assert_eq!(texts(&ann.ask("WALLOPS :attention please")), [""; 0]);
    let heard = only(bob.sync());
    assert_eq!(heard.as_str(), ":ann!ann@127.0.0.1 WALLOPS :attention please");
    assert_eq!(texts(&cat.sync()), [""; 0]);
    assert_answers(&ann.ask("WALLOPS"), &["461 WALLOPS"]);
    assert_answers(&ann.ask("WALLOPS :"), &["461 WALLOPS"]);
}
