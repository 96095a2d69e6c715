//! KICK, INVITE and AWAY.

use crate::{Chat, assert_answers, commands, only, texts};

#[test]
fn who_is_kicked_is_told_as_all_are_and_is_outside() {
    let chat = Chat::start();
    let [mut ann, mut bob, mut cat] = chat.room("#c", ["ann", "bob", "cat"]);
    let own = only(ann.ask("KICK #c BOB :too loud"));
    assert_eq!(own.as_str(), ":ann!ann@127.0.0.1 KICK #c bob :too loud");
    assert_eq!(only(bob.sync()), own);
    assert_eq!(only(cat.sync()), own);
    ann.ask("PRIVMSG #c :alone");
    assert_eq!(texts(&bob.sync()), [""; 0]);
    assert_eq!(only(ann.ask("KICK #c cat")).text(), "ann");
}

#[test]
fn only_operators_kick_and_only_who_is_there() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let mut cat = chat.client("cat");
    assert_answers(&bob.ask("KICK #c ann"), &["482 #c"]);
    assert_answers(&cat.ask("KICK #c ann"), &["442 #c"]);
    assert_answers(&ann.ask("KICK #nowhere bob"), &["403 #nowhere"]);
    assert_answers(&ann.ask("KICK #c cat"), &["441 cat"]);
    assert_answers(&ann.ask("KICK #c"), &["461 KICK"]);
}

#[test]
fn several_are_kicked_at_once_each_in_a_line_of_its_own() {
    let chat = Chat::start();
    let [mut ann, _bob, _cat] = chat.room("#c", ["ann", "bob", "cat"]);
    let lines = ann.ask("KICK #c bob,cat :bye");
    let kicked: Vec<_> = lines.iter().map(|line| (line.param(1), line.text())).collect();
    assert_eq!(kicked, [("bob", "bye"), ("cat", "bye")]);
    assert_answers(&ann.ask("KICK #c a,b,c,d,e"), &["441 a", "441 b", "441 c", "441 d", "407 e"]);
}

#[test]
fn an_invitation_is_told_to_two_and_opens_the_channel_once() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let mut cat = chat.client("cat");
    ann.ask("MODE #c +il 2");
    bob.sync();
    assert_answers(&cat.ask("JOIN #c"), &["473 #c"]);
    let answer = only(ann.ask("INVITE cat #c"));
    assert_eq!(
        (answer.command.as_str(), &answer.params[..]),
        ("341", &["ann", "cat", "#c"].map(Into::into)[..])
    );
    let told = only(cat.sync());
    assert_eq!(told.as_str(), ":ann!ann@127.0.0.1 INVITE cat #c");
    assert_eq!(texts(&bob.sync()), [""; 0]);
    assert_eq!(commands(&cat.join("#c")), ["JOIN", "353", "366"]);
    cat.ask("PART #c");
    assert_answers(&cat.ask("JOIN #c"), &["473 #c"]);
}

#[test]
fn who_is_no_operator_asks_people_in_and_lets_nobody_in_who_is_kept_out() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let mut cat = chat.client("cat");
    for (modes, refusal) in [("+b cat!*@*", "474 #c"), ("-b+l cat!*@* 2", "471 #c")] {
        ann.ask(&format!("MODE #c {modes}"));
        bob.sync();
        assert_answers(&bob.ask("INVITE cat #c"), &["341 cat"]);
        assert_eq!(only(cat.sync()).as_str(), ":bob!bob@127.0.0.1 INVITE cat #c");
        assert_answers(&cat.ask("JOIN #c"), &[refusal]);
    }
    // Asked while it was open, and closed since.
    ann.ask("MODE #c -l+i");
    assert_answers(&cat.ask("JOIN #c"), &["473 #c"]);
    ann.ask("INVITE cat #c");
    cat.sync();
    ann.ask("MODE #c -i+b cat!*@*");
    bob.sync();
    // What an operator allows stays allowed.
    bob.ask("INVITE cat #c");
    cat.sync();
    assert_eq!(commands(&cat.join("#c")), ["JOIN", "353", "366"]);
}

#[test]
fn an_invitation_ends_with_its_channel() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let mut cat = chat.client("cat");
    ann.ask("INVITE cat #c");
    cat.sync();
    ann.ask("PART #c");
    assert_answers(&cat.ask("INVITE"), &["337"]);
    let mut bob = chat.client("bob");
    bob.join("#c");
    bob.ask("MODE #c +i");
    assert_answers(&cat.ask("INVITE"), &["337"]);
    assert_answers(&cat.ask("JOIN #c"), &["473 #c"]);
    bob.ask("INVITE cat #c");
    cat.sync();
    assert_eq!(commands(&cat.join("#c")), ["JOIN", "353", "366"]);
}

#[test]
fn an_invitation_is_refused_for_a_reason() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let mut cat = chat.client("cat");
    assert_answers(&ann.ask("INVITE nobody #c"), &["401 nobody"]);
    assert_answers(&ann.ask("INVITE cat #nowhere"), &["403 #nowhere"]);
    assert_answers(&cat.ask("INVITE ann #c"), &["442 #c"]);
    assert_answers(&ann.ask("INVITE BOB #c"), &["443 bob"]);
    assert_answers(&ann.ask("INVITE cat"), &["461 INVITE"]);
    ann.ask("MODE #c +i");
    bob.sync();
    assert_answers(&bob.ask("INVITE cat #c"), &["482 #c"]);
    assert_eq!(texts(&cat.sync()), [""; 0]);
}

#[test]
fn invite_alone_lists_where_one_is_asked_in() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let mut bob = chat.client("bob");
    assert_answers(&bob.ask("INVITE"), &["337"]);
    ann.ask("INVITE bob #c");
    bob.sync();
    assert_answers(&bob.ask("INVITE"), &["336 #c", "337"]);
}

#[test]
fn who_writes_to_somebody_away_is_told_so_and_nothing_once_he_is_back() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    assert_answers(&ann.ask("AWAY :at lunch"), &["306"]);
    let told = only(bob.ask("PRIVMSG ann :hi"));
    assert_eq!((told.command.as_str(), told.param(1), told.text()), ("301", "ann", "at lunch"));
    assert_eq!(texts(&bob.ask("NOTICE ann :hi")), [""; 0]);
    assert_eq!(texts(&bob.ask("PRIVMSG #c :hi")), [""; 0]);
    assert!(bob.ask("WHOIS ann").iter().any(|line| line.command == "301"));
    assert_eq!(bob.ask("WHO #c")[0].param(6), "G@");
    assert_eq!(only(bob.ask("USERHOST ann")).text(), "ann=-ann@127.0.0.1");
    ann.sync();
    for back in ["AWAY", "AWAY :"] {
        assert_answers(&ann.ask(back), &["305"]);
    }
    assert_eq!(texts(&bob.ask("PRIVMSG ann :hi")), [""; 0]);
    assert!(bob.ask("WHOIS ann").iter().all(|line| line.command != "301"));
}

#[test]
fn join_0_leaves_all_channels() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    ann.ask("JOIN #a,#b");
    let lines = ann.ask("JOIN 0");
    assert_eq!(commands(&lines), ["PART", "PART"]);
    assert_answers(&ann.ask("LIST"), &["321", "323"]);
}
