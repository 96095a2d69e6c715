//! Lines: how long, how ended, in which pieces and of which bytes, and what is said to a command nobody knows.

use roundsman_tests::irc_client::{Client, Line};

use crate::{Chat, assert_answers, commands, only, texts};

#[test]
fn a_line_over_512_bytes_is_417_and_the_connection_lives_on() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    for length in [513, 600, 5_000, 200_000] {
        let line = format!("PRIVMSG #c :{}", "x".repeat(length - 14));
        assert_answers(&ann.ask(&line), &["417"]);
    }
    assert_eq!(texts(&bob.sync()), [""; 0]);
    ann.ask("PRIVMSG #c :still here");
    assert_eq!(only(bob.sync()).text(), "still here");
}

#[test]
fn a_line_over_512_bytes_before_registration_is_417_too() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    assert_answers(&ann.ask(&"x".repeat(600)), &["417"]);
    ann.introduce("ann");
    ann.expect("001");
}

#[test]
fn a_line_of_512_bytes_is_no_longer_than_allowed() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    assert_eq!(ann.ask(&format!("PING {}", "x".repeat(505)))[0].command, "PONG");
}

#[test]
fn the_rest_of_a_line_that_is_too_long_is_no_command() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    for filler in [509, 510, 511, 512, 513, 1_022, 1_024, 4_096, 65_536] {
        let line = format!("{} QUIT", "x".repeat(filler));
        assert_answers(&ann.ask(&line), &["417"]);
        let line = format!("{}QUIT :x", "x".repeat(filler));
        assert_answers(&ann.ask(&line), &["417"]);
    }
}

#[test]
fn a_line_that_its_source_makes_too_long_is_cut_between_characters() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    for shift in 0..4 {
        let sent = format!("{}{}", "x".repeat(shift), "🦀".repeat(123));
        ann.ask(&format!("PRIVMSG #c :{sent}"));
        let got = only(bob.sync());
        assert!(sent.starts_with(got.text()) && got.text().len() > 460, "{got:?}");
    }
}

/// What a client can send in one go: registering, a channel, and a few questions.
const SCRIPT: &[u8] =
    "CAP LS 302\r\nNICK ann\r\nUSER a 0 * :Änn\r\nCAP END\r\nJOIN #c\r\nTOPIC #c :grüße\r\n\
    NAMES #c\r\nWHO #c\r\nMODE #c\r\nNONSENSE\r\nPRIVMSG ann :🦀 🦀\r\nPING :the end\r\n"
        .as_bytes();

impl Chat {
    /// What a new client is answered to a script that ends with a PING, but for what tells the time.
    fn answers_to(&self, script: &[u8], send: fn(&mut Client, &[u8])) -> Vec<String> {
        let mut client = self.connection();
        send(&mut client, script);
        let lines = client.read_to(|line| line.command == "PONG");
        let timeless = |line: &&Line| !matches!(line.command.as_str(), "003" | "329" | "333");
        lines.iter().filter(timeless).map(|line| line.as_str().to_owned()).collect()
    }
}

#[test]
fn bytes_that_arrive_one_at_a_time_mean_the_same_as_all_at_once() {
    let whole = Chat::start().answers_to(SCRIPT, Client::send_bytes);
    let bytewise = Chat::start().answers_to(SCRIPT, Client::send_bytewise);
    assert!(whole.len() > 20, "{whole:#?}");
    assert_eq!(whole, bytewise);
}

#[test]
fn a_line_feed_alone_ends_a_line() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.send_bytes(b"NICK ann\nUSER a 0 * :Ann\nPING :x\r\nPING :y\n");
    ann.greeting();
    assert_eq!(ann.expect("PONG").text(), "x");
    assert_eq!(ann.expect("PONG").text(), "y");
}

#[test]
fn an_empty_line_is_nothing() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    ann.send_bytes(b"\r\n\n   \r\n:source\r\n");
    assert_eq!(texts(&ann.sync()), [""; 0]);
}

#[test]
fn a_client_may_name_itself_as_the_source_and_spell_commands_in_any_case() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.ask(":ann pRivMsg #c :one");
    ann.ask(":somebody!else@there PRIVMSG #c :two");
    let lines = bob.sync();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line.source == "ann!ann@127.0.0.1"), "{lines:#?}");
}

#[test]
fn bytes_that_are_no_utf_8_are_refused_and_not_relayed_and_a_notice_of_them_is_silence() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.send_bytes(b"PRIVMSG #c :caf\xe9 \xf0\x9f \xff\xfe!\r\nNOTICE #c :\xff\r\n");
    let refused = only(ann.sync());
    assert_eq!(refused.command, "FAIL");
    assert_eq!((refused.param(0), refused.param(1)), ("PRIVMSG", "INVALID_UTF8"));
    assert_eq!(texts(&bob.sync()), [""; 0]);
}

#[test]
fn bytes_that_are_no_utf_8_have_the_length_in_which_they_came() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let mut said = |command: &str, count: usize| {
        let line = [command.as_bytes(), b" b :", &vec![0xff; count], b"\r\n"].concat();
        ann.send_bytes(&line);
        ann.sync()
    };
    for count in [1, 300, 499] {
        assert_eq!(only(said("PRIVMSG", count)).param(1), "INVALID_UTF8", "{count}");
    }
    assert_answers(&said("PRIVMSG", 500), &["417"]);
    assert_eq!(texts(&said("NOTICE", 300)), [""; 0]);
}

#[test]
fn a_notice_that_is_too_long_is_silence_as_far_as_anybody_can_tell_that_it_is_one() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    for length in [600, 4_000] {
        assert_eq!(texts(&ann.ask(&format!("NOTICE #c :{}", "x".repeat(length)))), [""; 0]);
    }
    assert_eq!(texts(&ann.ask(&format!("@{} NOTICE #c :x", "t".repeat(4_200)))), [""; 0]);
    assert_answers(&ann.ask(&format!("NOTICE #c :{}", "x".repeat(5_000))), &["417"]);
    assert_eq!(texts(&bob.sync()), [""; 0]);
}

#[test]
fn a_nul_or_a_lone_carriage_return_survives_and_starts_no_line() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.send_bytes(b"PRIVMSG #c :one\0two\rQUIT :three\r\n");
    assert_eq!(texts(&ann.sync()), [""; 0]);
    let got = only(bob.sync());
    assert!(got.text().starts_with("one") && got.text().ends_with("three"), "{got:?}");
}

#[test]
fn what_would_be_several_parameters_in_an_answer_is_shown_as_a_star() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    ann.send_bytes(b"NICK a\rb\r\nJOIN #a\0b\r\nNICK :a b\r\n\0\0\r\n");
    let answers = ann.sync();
    assert_answers(&answers, &["432 *", "403 *", "432 *", "421 *"]);
    assert!(answers.iter().all(|line| line.params.len() == 3), "{answers:#?}");
}

#[test]
fn bytes_of_every_value_do_the_server_no_harm() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    for command in
        ["", "NICK ", "JOIN #", "PRIVMSG ", "PRIVMSG #c :", "TOPIC #c :", "MODE ", "WHO "]
    {
        for byte in 0..=255_u8 {
            let mut line = command.as_bytes().to_vec();
            line.extend([byte, b'\r', b'\n']);
            ann.send_bytes(&line);
        }
    }
    ann.sync();
    bob.sync();
}

#[test]
fn an_unknown_command_is_421_and_is_quoted() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    assert_answers(&ann.ask("Nonsense a b :c"), &["421 Nonsense"]);
    assert_answers(&ann.ask("0"), &["421 0"]);
    assert_answers(&ann.ask("ÄÖ"), &["421 ÄÖ"]);
}

#[test]
fn a_ping_is_answered_with_its_token() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.send("PING early");
    assert_eq!(ann.expect("PONG").text(), "early");
    ann.introduce("ann");
    ann.greeting();
    ann.send("PING :two words");
    let pong = ann.expect("PONG");
    assert_eq!(pong.params, [pong.source.clone(), "two words".into()]);
    let lacking = only(ann.ask("PING"));
    assert!(matches!(lacking.command.as_str(), "409" | "461"), "{lacking:?}");
    assert_eq!(texts(&ann.ask("PONG :whatever")), [""; 0]);
}

#[test]
fn who_ends_its_sending_side_still_gets_the_answers_to_what_it_sent() {
    let chat = Chat::start();
    let mut ann = chat.connection();
    ann.send_bytes(b"NICK ann\r\nUSER a 0 * :Ann\r\nJOIN #c\r\nPING :last\r\n");
    ann.finish_sending();
    let lines = ann.read_to_end();
    let codes = commands(&lines);
    assert!(codes.starts_with(&["001"]), "{codes:?}");
    assert!(lines.iter().any(|line| line.command == "PONG" && line.text() == "last"), "{codes:?}");
}

#[test]
fn half_a_line_in_front_of_the_end_is_not_carried_out() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    ann.send_bytes(b"PRIVMSG #c :whole\r\nPRIVMSG #c :only ha");
    ann.finish_sending();
    assert_eq!(commands(&ann.read_to_end()), ["ERROR"]);
    let heard = bob.read_to(|line| line.command == "QUIT");
    assert_eq!(commands(&heard), ["PRIVMSG", "QUIT"]);
    assert_eq!(heard[0].text(), "whole");
}
