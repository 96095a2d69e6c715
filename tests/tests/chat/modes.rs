//! MODE of a channel: who may change what, what holds then, and what everybody is told.

use crate::{Chat, assert_answers, commands, only, texts};

#[test]
fn a_change_is_told_to_all_in_one_line_and_only_what_has_changed() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let own = only(ann.ask("MODE #c +nt-i+kv key BOB"));
    assert_eq!(own.as_str(), ":ann!ann@127.0.0.1 MODE #c +ntkv key bob");
    assert_eq!(bob.sync(), [own]);
    assert_eq!(texts(&ann.ask("MODE #c +nt")), [""; 0]);
    assert_eq!(only(ann.ask("MODE #c -n+l-t 5")).params, ["#c", "-n+l-t", "5"]);
    assert_eq!(commands(&bob.sync()), ["MODE"]);
}

#[test]
fn masks_that_do_not_fit_into_one_line_with_their_setter_are_told_whole_in_two() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", [&*"a".repeat(30), "bob"]);
    let masks = [("x", 200), ("y", 200), ("z", 90)].map(|(letter, length)| letter.repeat(length));
    ann.ask(&format!("MODE #c +bbb {}", masks.join(" ")));
    let told = bob.sync();
    let params: Vec<&[String]> = told.iter().map(|line| &line.params[1..]).collect();
    assert_eq!(
        params,
        [
            &["+bb".to_owned(), masks[0].clone(), masks[1].clone()][..],
            &["+b".to_owned(), masks[2].clone()]
        ]
    );
    assert_eq!(commands(&ann.ask("MODE #c b")), ["367", "367", "367", "368"]);
}

#[test]
fn what_holds_is_324_with_the_key_for_members_only() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    ann.ask("MODE #c +smk key");
    ann.ask("MODE #c +l 7");
    assert_eq!(ann.ask("MODE #c")[0].params, ["ann", "#c", "+mskl", "key", "7"]);
    assert_eq!(chat.client("bob").ask("MODE #c")[0].params, ["bob", "#c", "+mskl", "*", "7"]);
}

#[test]
fn who_is_no_operator_is_482_and_who_is_outside_442() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let mut cat = chat.client("cat");
    for change in ["+m", "-n", "+o bob", "+b x", "+k x", "+l 1"] {
        assert_answers(&bob.ask(&format!("MODE #c {change}")), &["482 #c"]);
        assert_answers(&cat.ask(&format!("MODE #c {change}")), &["442 #c"]);
    }
    assert_eq!(texts(&ann.sync()), [""; 0]);
    assert_answers(&bob.ask("MODE #nowhere +m"), &["403 #nowhere"]);
}

#[test]
fn a_letter_nobody_knows_is_472_and_the_others_take_effect() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let lines = ann.ask("MODE #c +nXt");
    assert_answers(&lines, &["472 X", "MODE"]);
    assert_eq!(lines[1].text(), "+nt");
}

#[test]
fn an_operator_makes_operators_and_takes_it_from_them() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.ask("MODE #c +o bob");
    bob.sync();
    assert_eq!(only(bob.ask("MODE #c -o ann")).params, ["#c", "-o", "ann"]);
    ann.sync();
    assert_answers(&ann.ask("MODE #c +o ann"), &["482 #c"]);
}

#[test]
fn whoever_is_not_there_gets_no_prefix_and_the_operator_is_told_why() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let _outsider = chat.client("bob");
    for letter in ["o", "v"] {
        assert_answers(&ann.ask(&format!("MODE #c +{letter} nobody")), &["401 nobody"]);
        assert_answers(&ann.ask(&format!("MODE #c +{letter} bob")), &["441 bob"]);
        assert_answers(&ann.ask(&format!("MODE #c +{letter}")), &["461 MODE"]);
    }
}

#[test]
fn a_voiced_operator_shows_only_the_higher_prefix() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.ask("MODE #c +v ann");
    ann.ask("MODE #c +v bob");
    bob.sync();
    assert_eq!(bob.ask("NAMES #c")[0].text(), "@ann +bob");
    let who = bob.ask("WHO #c");
    assert_eq!((who[0].param(6), who[1].param(6)), ("H@", "H+"));
}

#[test]
fn a_moderated_channel_hears_only_operators_and_who_has_a_voice() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.ask("MODE #c +m");
    bob.sync();
    assert_answers(&bob.ask("PRIVMSG #c :x"), &["404 #c"]);
    assert_eq!(texts(&bob.ask("NOTICE #c :x")), [""; 0]);
    ann.ask("MODE #c +v bob");
    bob.sync();
    assert_eq!(texts(&bob.ask("PRIVMSG #c :heard")), [""; 0]);
    assert_eq!(only(ann.sync()).text(), "heard");
}

#[test]
fn without_n_outsiders_are_heard_and_with_it_they_are_not() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let mut bob = chat.client("bob");
    bob.ask("PRIVMSG #c :hello");
    assert_eq!(only(ann.sync()).text(), "hello");
    ann.ask("MODE #c +n");
    assert_answers(&bob.ask("PRIVMSG #c :hello?"), &["404 #c"]);
    assert_eq!(texts(&ann.sync()), [""; 0]);
}

#[test]
fn a_locked_topic_is_the_operators_and_a_voice_is_not_enough() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.ask("MODE #c +tv bob");
    bob.sync();
    assert_answers(&bob.ask("TOPIC #c :mine"), &["482 #c"]);
    assert_eq!(texts(&ann.sync()), [""; 0]);
    assert_eq!(commands(&ann.ask("TOPIC #c :ours")), ["TOPIC"]);
    bob.sync();
    assert_answers(&bob.ask("TOPIC #c"), &["332 #c", "333 #c"]);
}

#[test]
fn a_key_is_needed_to_join_and_one_of_several_goes_with_each_channel() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    ann.ask("JOIN #a,#b,#c");
    ann.ask("MODE #a +k one");
    ann.ask("MODE #b +k two");
    let mut bob = chat.client("bob");
    assert_answers(&bob.ask("JOIN #a"), &["475 #a"]);
    assert_answers(&bob.ask("JOIN #a two"), &["475 #a"]);
    let lines = bob.ask("JOIN #a,#b,#c one,two");
    let joined: Vec<&str> =
        lines.iter().filter(|line| line.command == "JOIN").map(|line| line.text()).collect();
    assert_eq!(joined, ["#a", "#b", "#c"]);
    ann.sync();
    assert_eq!(only(ann.ask("MODE #a -k whatever")).param(1), "-k");
    assert_eq!(commands(&chat.client("cat").join("#a")), ["JOIN", "353", "366"]);
}

#[test]
fn whoever_takes_a_key_away_need_not_know_it() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    for (take, told) in [("-k", "-k *"), ("-k wrong", "-k wrong"), ("-k :", "-k *")] {
        ann.ask("MODE #c +k one");
        assert_eq!(only(ann.ask(&format!("MODE #c {take}"))).params[1..].join(" "), told);
        assert_eq!(texts(&ann.ask(&format!("MODE #c {take}"))), [""; 0]);
    }
}

#[test]
fn a_key_that_cannot_be_typed_is_696_and_never_a_bad_request() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    for bad in [":", ":a b", ":a:b", "a,b", &"k".repeat(400)] {
        let lines = ann.ask(&format!("MODE #c +k {bad}"));
        let refused = only(lines);
        assert_eq!(refused.params[..4], ["ann", "#c", "k", "*"], "{bad}: {refused:?}");
        assert_eq!(refused.command, "696");
    }
    assert_answers(&ann.ask("MODE #c +k"), &["461 MODE"]);
    assert_eq!(ann.ask("MODE #c")[0].params, ["ann", "#c", "+"]);
}

#[test]
fn a_full_channel_is_471_until_its_limit_is_lifted() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    ann.ask("MODE #c +l 1");
    let mut bob = chat.client("bob");
    assert_answers(&bob.ask("JOIN #c"), &["471 #c"]);
    assert_eq!(only(ann.ask("MODE #c -l")).params, ["#c", "-l"]);
    assert_eq!(commands(&bob.join("#c")), ["JOIN", "353", "366"]);
}

#[test]
fn a_limit_is_a_number_of_at_least_1() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    for bad in ["0", "-1", "x", "1x", "99999999999"] {
        let refused = only(ann.ask(&format!("MODE #c +l {bad}")));
        assert_eq!(refused.params[..4], ["ann", "#c", "l", bad], "{refused:?}");
        assert_eq!(refused.command, "696");
    }
    assert_eq!(only(ann.ask("MODE #c +l :")).command, "696");
    assert_answers(&ann.ask("MODE #c +l"), &["461 MODE"]);
}

#[test]
fn who_is_banned_may_not_join_and_not_speak() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    assert_eq!(only(ann.ask("MODE #c +b BOB!*@*")).params, ["#c", "+b", "BOB!*@*"]);
    bob.sync();
    assert_answers(&bob.ask("PRIVMSG #c :x"), &["404 #c"]);
    bob.ask("PART #c");
    assert_answers(&bob.ask("JOIN #c"), &["474 #c"]);
    ann.sync();
    assert_eq!(only(ann.ask("MODE #c -b bob!*@*")).param(1), "-b");
    assert_eq!(commands(&bob.join("#c")), ["JOIN", "353", "366"]);
}

#[test]
fn the_bans_are_shown_to_anyone_with_who_set_them() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.ask("MODE #c +bb a!*@* *!*@b");
    bob.sync();
    let lines = bob.ask("MODE #c +b");
    assert_answers(&lines, &["367 #c", "367 #c", "368 #c"]);
    assert_eq!(lines[0].params[1..4], ["#c", "a!*@*", "ann"]);
    assert!(lines[0].text().parse::<u64>().is_ok());
    assert_eq!(texts(&ann.ask("MODE #c +b A!*@*")), [""; 0]);
}

#[test]
fn no_more_than_100_bans_are_kept() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    for n in 0..100 {
        ann.send(&format!("MODE #c +b n{n}!*@*"));
    }
    assert_eq!(ann.sync().len(), 100);
    let refused = only(ann.ask("MODE #c +b more!*@*"));
    assert_eq!((refused.command.as_str(), refused.param(2)), ("478", "more!*@*"));
}

#[test]
fn a_secret_channel_is_shown_to_its_members_only() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    ann.ask("MODE #c +s");
    assert_eq!(ann.ask("NAMES #c")[0].param(1), "@");
    let mut bob = chat.client("bob");
    assert_answers(&bob.ask("NAMES #c"), &["366 #c"]);
    assert_answers(&bob.ask("WHO #c"), &["315 #c"]);
    assert_answers(&bob.ask("LIST"), &["321", "323"]);
    assert!(bob.ask("WHOIS ann").iter().all(|line| line.command != "319"));
    assert!(ann.ask("WHOIS ann").iter().any(|line| line.command == "319"));
    assert_answers(&ann.ask("LIST"), &["321", "322 #c", "323"]);
}

#[test]
fn own_modes_are_i_w_and_b_and_each_change_is_told() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    assert_eq!(only(ann.ask("MODE ann +iwB")).params, ["ann", "+iwB"]);
    assert_eq!(only(ann.ask("MODE ann")).params, ["ann", "+Biw"]);
    assert_eq!(only(ann.ask("MODE ann +i-w")).params, ["ann", "-w"]);
    assert_eq!(texts(&ann.ask("MODE ann +o")), [""; 0]);
    assert_answers(&ann.ask("MODE ann +x"), &["501"]);
    assert_answers(&ann.ask("MODE nobody"), &["401 nobody"]);
}
