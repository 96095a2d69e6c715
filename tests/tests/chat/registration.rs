//! Registration: NICK, USER and CAP, what the greeting holds, and who may have which nick.

use crate::{Chat, assert_answers, commands, only, texts};

#[test]
fn nick_and_user_register_in_either_order() {
    let chat = Chat::start();
    for order in [["NICK ann", "USER a 0 * :Ann"], ["USER a 0 * :Ann", "NICK ann"]] {
        let mut ann = chat.connection();
        ann.send(order[0]);
        assert_eq!(texts(&ann.sync()), [""; 0]);
        ann.send(order[1]);
        let welcome = ann.expect("001");
        assert_eq!(welcome.param(0), "ann");
        ann.send("QUIT");
        ann.read_to_end();
    }
}

#[test]
fn the_greeting_is_001_to_005_the_census_and_the_message_of_the_day_and_no_more() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.introduce("ann");
    let greeting = ann.greeting();
    let codes = commands(&greeting);
    let mut rest = codes.strip_prefix(&["001", "002", "003", "004", "005"]).expect("001 to 005");
    while let Some(("005", after)) = rest.split_first().map(|(first, after)| (*first, after)) {
        rest = after;
    }
    assert_eq!(rest, ["251", "252", "253", "254", "255", "265", "266", "422"]);
    assert!(greeting.iter().all(|line| line.param(0) == "ann"), "{greeting:#?}");
    assert_eq!(texts(&ann.sync()), [""; 0]);
}

#[test]
fn the_greeting_states_case_mapping_prefixes_and_limits() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.introduce("ann");
    let greeting = ann.greeting();
    let features: Vec<&str> = greeting
        .iter()
        .filter(|line| line.command == "005")
        .flat_map(|line| &line.params[1..line.params.len() - 1])
        .map(String::as_str)
        .collect();
    for token in ["CASEMAPPING=ascii", "CHANTYPES=#", "NICKLEN=30", "CHANNELLEN=50", "TOPICLEN=350"]
    {
        assert!(features.contains(&token), "{token} in {features:?}");
    }
    for name in ["PREFIX=", "CHANMODES=", "NETWORK="] {
        assert!(features.iter().any(|token| token.starts_with(name)), "{name} in {features:?}");
    }
    for line in greeting.iter().filter(|line| line.command == "005") {
        assert!(line.params.len() <= 15, "{line:?}");
    }
}

#[test]
fn the_welcome_shows_a_client_its_own_mask() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.introduce("ann");
    assert!(ann.expect("001").text().ends_with("ann!ann@127.0.0.1"));
}

#[test]
fn cap_ls_is_answered_and_holds_registration_until_cap_end() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.send("CAP LS 302");
    ann.introduce("ann");
    let answer = only(ann.sync());
    assert_eq!((answer.command.as_str(), answer.param(0), answer.param(1)), ("CAP", "*", "LS"));
    assert!(answer.text().split(' ').any(|name| name == "server-time"), "{answer:?}");
    assert_answers(&ann.ask("JOIN #c"), &["451"]);
    ann.send("CAP END");
    ann.expect("001");
}

#[test]
fn cap_req_is_refused_and_holds_registration_too() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.send("CAP REQ :multi-prefix sasl");
    ann.introduce("ann");
    let answer = only(ann.sync());
    assert_eq!((answer.command.as_str(), answer.param(1)), ("CAP", "NAK"));
    assert_eq!(answer.text().trim_end(), "multi-prefix sasl");
    ann.send("CAP END");
    ann.expect("001");
}

#[test]
fn cap_end_registers_only_who_has_given_nick_and_user() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.send("CAP LS");
    ann.expect("CAP");
    ann.send("NICK ann");
    assert_eq!(texts(&ann.ask("CAP END")), [""; 0]);
    ann.send("USER a 0 * :Ann");
    ann.expect("001");
}

#[test]
fn cap_works_after_registration_and_ends_nothing() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    for (asked, answered) in [("CAP LS", "LS"), ("CAP LIST", "LIST")] {
        let answer = only(ann.ask(asked));
        assert_eq!((answer.param(0), answer.param(1)), ("ann", answered));
        assert_eq!(answer.text().is_empty(), answered == "LIST");
    }
    assert_eq!(texts(&ann.ask("CAP END")), [""; 0]);
}

#[test]
fn an_unknown_cap_subcommand_is_410() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    assert_answers(&ann.ask("CAP NONSENSE"), &["410 NONSENSE"]);
    ann.introduce("ann");
    ann.greeting();
    assert_answers(&ann.ask("CAP NONSENSE"), &["410 NONSENSE"]);
}

#[test]
fn before_registration_other_commands_are_451() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    for command in ["JOIN #c", "PRIVMSG ann :x", "WHO #c", "MODE ann", "LUSERS", "NAMES #c"] {
        assert_answers(&ann.ask(command), &["451"]);
    }
    ann.introduce("ann");
    ann.expect("001");
}

#[test]
fn a_nick_in_use_is_433_in_any_case_and_another_one_works() {
    let chat = Chat::start();
    let _ann = chat.client("ann");
    let mut other = chat.connection();
    other.send("USER o 0 * :Other");
    assert_answers(&other.ask("NICK ann"), &["433 ann"]);
    assert_answers(&other.ask("NICK ANN"), &["433 ANN"]);
    other.send("NICK bob");
    assert_eq!(other.expect("001").param(0), "bob");
}

#[test]
fn a_stranger_is_told_at_once_that_its_nick_is_in_use_and_once() {
    let chat = Chat::start();
    let _ann = chat.client("ann");
    let mut other = chat.connection();
    assert_answers(&other.ask("NICK ann"), &["433 ann"]);
    assert_answers(&other.ask("USER o 0 * :Other"), &[]);
    other.send("NICK bob");
    assert_eq!(other.expect("001").param(0), "bob");
}

#[test]
fn of_two_clients_that_register_one_nick_at_once_exactly_one_gets_it() {
    let chat = Chat::start();
    for round in 0..50 {
        let nick = format!("ann{round}");
        let mut both = [chat.connection(), chat.connection()];
        for client in &mut both {
            client.introduce(&nick);
        }
        let mut codes = both.each_mut().map(|client| client.line().command);
        if codes[0] == "433" {
            both.reverse();
        }
        codes.sort();
        assert_eq!(codes, ["001", "433"]);
        let [winner, loser] = &mut both;
        winner.greeting();
        loser.send(&format!("NICK bob{round}"));
        assert_eq!(loser.expect("001").param(0), format!("bob{round}"));
    }
}

#[test]
fn a_nick_is_free_again_once_its_owner_has_gone_or_changed_it() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    ann.ask("NICK bob");
    let mut second = chat.client("Ann");
    second.send("QUIT");
    second.read_to_end();
    let mut third = chat.client("aNN");
    third.sync();
}

#[test]
fn a_nick_is_free_again_once_a_client_has_gone_that_never_registered() {
    let chat = Chat::start();
    let mut first = chat.connection();
    first.ask("NICK ann");
    first.send("QUIT");
    first.read_to_end();
    chat.client("ann");
}

#[test]
fn a_bad_nick_is_432_and_a_good_one_works_afterwards() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    for bad in ["*", "1ann", "a!b", "a@b", "#ann", "a,b", "änn", "$ann", &"a".repeat(31)] {
        assert_answers(&ann.ask(&format!("NICK {bad}")), &[&format!("432 {bad}")]);
    }
    assert_answers(&ann.ask("NICK :a b"), &["432"]);
    assert_answers(&ann.ask("NICK"), &["431"]);
    let empty = only(ann.ask("NICK :"));
    assert!(matches!(empty.command.as_str(), "431" | "432"), "{empty:?}");
    ann.introduce("ann");
    ann.expect("001");
}

#[test]
fn user_needs_four_parameters_and_a_real_name() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.send("NICK ann");
    for lacking in ["USER", "USER a", "USER a 0 *", "USER a 0 * :"] {
        assert_answers(&ann.ask(lacking), &["461 USER"]);
    }
    ann.send("USER a 0 * :Ann");
    ann.expect("001");
}

#[test]
fn a_user_name_or_real_name_of_other_letters_is_taken_or_refused_but_explained() {
    let chat = Chat::start();
    for (nick, user) in
        [("ann", "USER än 0 * :Änn"), ("bob", "USER é 0 * :é"), ("cat", "USER !@ 0 * :c")]
    {
        let mut client = chat.connection();
        client.send(user);
        client.send(&format!("NICK {nick}"));
        let answer = client.line();
        assert!(matches!(answer.command.as_str(), "001" | "468" | "ERROR"), "{answer:?}");
    }
}

#[test]
fn nobody_registers_twice() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    assert_answers(&ann.ask("USER a 0 * :Ann"), &["462"]);
}

#[test]
fn a_new_nick_is_told_once_to_everyone_who_shares_a_channel_and_to_nobody_else() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let mut stranger = chat.client("stranger");
    ann.join("#d");
    bob.join("#d");
    ann.sync();
    let told = only(ann.ask("NICK eve"));
    assert_eq!((told.source.as_str(), told.text()), ("ann!ann@127.0.0.1", "eve"));
    assert_eq!(told.command, "NICK");
    assert_eq!(bob.sync(), [told]);
    assert_eq!(texts(&stranger.sync()), [""; 0]);
    bob.send("PRIVMSG eve :hello");
    assert_eq!(ann.expect("PRIVMSG").text(), "hello");
}

#[test]
fn the_case_of_a_nick_is_its_owners_to_change_and_the_same_nick_again_is_silence() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let told = only(ann.ask("NICK Ann"));
    assert_eq!((told.nick(), told.command.as_str(), told.text()), ("ann", "NICK", "Ann"));
    assert_eq!(texts(&ann.ask("NICK Ann")), [""; 0]);
    let mut bob = chat.client("bob");
    assert_answers(&bob.ask("NICK aNN"), &["433 aNN"]);
    assert_answers(&bob.ask("NICK 1bob"), &["432 1bob"]);
    assert_eq!(bob.ask("MODE bob")[0].param(0), "bob");
}

#[test]
fn quit_before_registration_is_answered_with_an_error_line_and_the_end() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.send("QUIT :x");
    assert_eq!(commands(&ann.read_to_end()), ["ERROR"]);
}
