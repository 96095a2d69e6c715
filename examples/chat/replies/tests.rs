//! What the answers look like on the wire.

use super::*;
use crate::chat::names::NameError;

fn nick(text: &str) -> Nick {
    Nick::parse(text).expect("a nick")
}

fn text(line: &Bytes) -> &str {
    let text = str::from_utf8(line).expect("valid UTF-8");
    text.strip_suffix("\r\n").expect("CR LF")
}

fn texts(lines: &[Bytes]) -> Vec<&str> {
    lines.iter().map(text).collect()
}

#[test]
fn a_client_without_a_nick_is_called_a_star() {
    let replies = Replies::new("chat.example", None);
    assert_eq!(text(&replies.not_registered()), ":chat.example 451 * :You have not registered");
    assert_eq!(text(&replies.cap("LS", "")), ":chat.example CAP * LS :");
}

#[test]
fn a_pong_carries_the_token_back_whatever_it_is() {
    let ann = nick("ann");
    let replies = Replies::new("chat.example", Some(&ann));
    assert_eq!(text(&replies.pong("a b")), ":chat.example PONG chat.example :a b");
    assert_eq!(text(&replies.pong("")), ":chat.example PONG chat.example :");
}

#[test]
fn the_end_of_a_link_says_why() {
    assert_eq!(text(&closing_link("SendQ exceeded")), "ERROR :Closing link (SendQ exceeded)");
}

#[test]
fn the_welcome_is_001_to_005_in_order() {
    let ann = nick("ann");
    let lines = Replies::new("chat.example", Some(&ann)).welcome("ann!a@127.0.0.1", 1_700_000_000);
    let lines = texts(&lines);
    let codes: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(codes, ["001", "002", "003", "004", "005"]);
    assert_eq!(lines[0], ":chat.example 001 ann :Welcome to the roundsman chat, ann!a@127.0.0.1");
    assert_eq!(lines[3], format!(":chat.example 004 ann chat.example {VERSION} i o"));
}

#[test]
fn the_features_are_few_ascii_tokens_with_at_most_one_equals_sign_each() {
    let ann = nick("ann");
    let lines = Replies::new("chat.example", Some(&ann)).welcome("ann!a@b", 0);
    for line in &texts(&lines)[4..] {
        let (head, _) = line.split_once(" :").expect("a trailing text");
        let tokens: Vec<&str> = head.split(' ').skip(3).collect();
        assert!(tokens.len() <= 13);
        assert!(tokens.iter().all(|t| t.is_ascii() && t.matches('=').count() <= 1), "{tokens:?}");
        assert!(tokens.contains(&"CASEMAPPING=ascii") && tokens.contains(&"NICKLEN=30"));
    }
}

#[test]
fn the_census_has_each_numeric_once_and_253_only_for_someone() {
    let ann = nick("ann");
    let replies = Replies::new("s", Some(&ann));
    let mut census = Census { users: 5, invisible: 2, unregistered: 0, channels: 3, users_max: 9 };
    assert_eq!(
        texts(&replies.census(census)),
        [
            ":s 251 ann :There are 3 users and 2 invisible on 1 servers",
            ":s 254 ann 3 :channels formed",
            ":s 255 ann :I have 5 clients and 1 servers",
            ":s 265 ann 5 9 :Current local users 5, max 9",
            ":s 266 ann 5 9 :Current global users 5, max 9",
        ]
    );
    census.unregistered = 1;
    assert_eq!(text(&replies.census(census)[1]), ":s 253 ann 1 :unknown connection(s)");
}

#[test]
fn a_message_of_the_day_is_framed_and_a_missing_one_is_422() {
    let ann = nick("ann");
    let replies = Replies::new("s", Some(&ann));
    assert_eq!(
        texts(&replies.message_of_the_day(Some("Hello\r\n\r\nthere\n"))),
        [
            ":s 375 ann :- s Message of the day - ",
            ":s 372 ann :- Hello",
            ":s 372 ann :- ",
            ":s 372 ann :- there",
            ":s 376 ann :End of /MOTD command",
        ]
    );
    assert_eq!(texts(&replies.message_of_the_day(None)), [":s 422 ann :MOTD File is missing"]);
}

#[test]
fn answers_about_people_have_the_parameters_of_the_rfc() {
    let (ann, bob) = (nick("ann"), nick("bob"));
    let replies = Replies::new("s", Some(&ann));
    let person = Person { nick: &bob, user: "b", host: "0::1", realname: "Bob B" };
    assert_eq!(text(&replies.whois_user(person)), ":s 311 ann bob b 0::1 * :Bob B");
    assert_eq!(
        text(&replies.who(Some("#c"), person, "H@")),
        ":s 352 ann #c b 0::1 s bob H@ :0 Bob B"
    );
    assert_eq!(text(&replies.who(None, person, "G")), ":s 352 ann * b 0::1 s bob G :0 Bob B");
    let idle = ":s 317 ann bob 7 1700000000 :seconds idle, signon time";
    assert_eq!(text(&replies.whois_idle(&bob, 7, 1_700_000_000)), idle);
    assert_eq!(texts(&replies.userhost(["bob=+b@0::1"])), [":s 302 ann :bob=+b@0::1"]);
}

#[test]
fn a_client_on_no_channel_has_no_319() {
    let ann = nick("ann");
    let replies = Replies::new("s", Some(&ann));
    assert_eq!(texts(&replies.whois_channels(&ann, &[])), [""; 0]);
    let channels = ["@#a".to_owned(), "#b".to_owned()];
    assert_eq!(texts(&replies.whois_channels(&ann, &channels)), [":s 319 ann ann :@#a #b"]);
}

#[test]
fn answers_about_channels_have_the_parameters_of_the_rfc() {
    let ann = nick("ann");
    let replies = Replies::new("s", Some(&ann));
    assert_eq!(texts(&replies.names("#c", ["@ann", "bob"])), [":s 353 ann = #c :@ann bob"]);
    assert_eq!(text(&replies.channel_modes("#c", "+")), ":s 324 ann #c +");
    assert_eq!(text(&replies.channel_created("#c", 17)), ":s 329 ann #c 17");
    assert_eq!(text(&replies.topic_set_by("#c", "bob", 17)), ":s 333 ann #c bob 17");
    assert_eq!(text(&replies.list_item("#c", 2, "")), ":s 322 ann #c 2 :");
}

#[test]
fn a_bad_nick_is_quoted_unless_it_would_break_the_line() {
    let replies = Replies::new("s", None);
    assert_eq!(text(&replies.bad_nick("", NameError::Empty)), ":s 431 * :No nickname given");
    let bad = NameError::Forbidden('1');
    assert_eq!(text(&replies.bad_nick("1a", bad)), ":s 432 * 1a :Erroneous nickname");
    assert_eq!(text(&replies.bad_nick("a b", bad)), ":s 432 * * :Erroneous nickname");
}
