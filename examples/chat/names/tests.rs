//! What names promise.

use std::net::SocketAddr;

use std::collections::{BTreeMap, HashMap};

use super::*;
use crate::chat::wire;

fn nick(text: &str) -> Nick {
    Nick::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"))
}

fn channel(text: &str) -> ChannelName {
    ChannelName::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"))
}

#[test]
fn the_nicks_of_rfc_2812_are_nicks() {
    for text in ["a", "Ann", "ann-1", "[x]", "\\o_", "`tick`", "^", "{a|b}", "_"] {
        assert_eq!(nick(text).as_str(), text);
    }
}

#[test]
fn a_nick_starts_with_neither_digit_nor_hyphen() {
    assert_eq!(Nick::parse("1ann"), Err(NameError::Forbidden('1')));
    assert_eq!(Nick::parse("-ann"), Err(NameError::Forbidden('-')));
}

#[test]
fn a_nick_holds_nothing_that_means_something_else() {
    for c in "*!@#$&~%+,.:;?/ \0\r\n\u{7}äß🦀\u{fffd}".chars() {
        for text in [format!("{c}"), format!("a{c}"), format!("a{c}b")] {
            assert_eq!(Nick::parse(&text), Err(NameError::Forbidden(c)), "{text:?}");
        }
    }
}

#[test]
fn an_empty_nick_is_told_from_a_bad_one() {
    assert_eq!(Nick::parse(""), Err(NameError::Empty));
}

#[test]
fn a_nick_has_at_most_30_bytes() {
    assert!(Nick::parse(&"a".repeat(30)).is_ok());
    assert_eq!(Nick::parse(&"a".repeat(31)), Err(NameError::TooLong));
}

#[test]
fn a_channel_is_a_hash_and_nearly_anything() {
    for text in ["#", "#a", "##", "#Rust", "#a:b", "#grüße", "#🦀", "#a!@*?"] {
        assert_eq!(channel(text).as_str(), text);
    }
}

#[test]
fn a_channel_without_its_hash_is_none() {
    assert_eq!(ChannelName::parse("inv@lid"), Err(NameError::Forbidden('i')));
    assert_eq!(ChannelName::parse("&local"), Err(NameError::Forbidden('&')));
    assert_eq!(ChannelName::parse(""), Err(NameError::Empty));
}

#[test]
fn a_channel_holds_no_separator_and_no_control_character() {
    for c in " ,\0\r\n\u{7}\u{1b}\u{7f}\u{fffd}".chars() {
        assert_eq!(ChannelName::parse(&format!("#a{c}b")), Err(NameError::Forbidden(c)));
    }
}

#[test]
fn a_channel_has_at_most_50_bytes() {
    assert!(ChannelName::parse(&format!("#{}", "a".repeat(49))).is_ok());
    assert_eq!(ChannelName::parse(&format!("#{}", "a".repeat(50))), Err(NameError::TooLong));
    assert_eq!(ChannelName::parse(&format!("#{}", "ä".repeat(25))), Err(NameError::TooLong));
}

#[test]
fn what_starts_with_a_hash_was_meant_as_a_channel() {
    assert!(ChannelName::is_meant("#a,b"));
    assert!(!ChannelName::is_meant("ann"));
}

#[test]
fn names_that_differ_in_case_are_one_key() {
    let hashed = HashMap::from([(nick("Ann"), 1)]);
    assert_eq!(hashed.get(&nick("aNN")), Some(&1));
    let ordered = BTreeMap::from([(channel("#Rust"), 1)]);
    assert_eq!(ordered.get(&channel("#rUST")), Some(&1));
}

#[test]
fn only_ascii_letters_fold() {
    assert_ne!(nick("a["), nick("a{"));
    assert_ne!(nick("a\\"), nick("a|"));
    assert_ne!(channel("#Ä"), channel("#ä"));
}

#[test]
fn order_agrees_with_equality() {
    assert_eq!(nick("ANN").cmp(&nick("ann")), Ordering::Equal);
    assert_eq!(nick("ANN").cmp(&nick("bob")), Ordering::Less);
    assert_eq!(nick("ann").cmp(&nick("ANNA")), Ordering::Less);
}

#[test]
fn a_name_keeps_its_spelling() {
    assert_eq!(nick("AnN").to_string(), "AnN");
    assert!(!nick("Ann").same_spelling(&nick("ann")));
    assert!(nick("Ann").same_spelling(&nick("Ann")));
}

#[test]
fn a_user_name_keeps_what_can_stand_in_a_mask() {
    assert_eq!(UserName::clean("ann.b-1_x").as_str(), "ann.b-1_x");
    assert_eq!(UserName::clean("a n!n@\u{e4}\0").as_str(), "ann");
    assert_eq!(UserName::clean(&"a".repeat(99)).as_str(), "a".repeat(USER_MAX));
}

#[test]
fn a_user_name_of_which_nothing_is_left_is_user() {
    assert_eq!(UserName::clean("").as_str(), "user");
    assert_eq!(UserName::clean("ÄÖ").as_str(), "user");
}

#[test]
fn a_host_never_starts_with_a_colon() {
    let written = |text: &str| {
        host(&SocketAddr::new(text.parse().expect("an address"), 0).into()).to_string()
    };
    assert_eq!(written("127.0.0.1"), "127.0.0.1");
    assert_eq!(written("::1"), "0::1");
    assert_eq!(written("2001:db8::1"), "2001:db8::1");
    assert_eq!(written("::ffff:192.0.2.1"), "192.0.2.1");
}

#[test]
fn a_text_of_the_length_that_005_states_fits_into_a_line_whoever_says_it_and_wherever() {
    let of = |length: usize| "x".repeat(length);
    let address =
        SocketAddr::new("fd00:aaaa:bbbb:cccc:dddd:eeee:ffff:1111".parse().expect("one"), 0);
    let host = host(&address.into());
    // RFC 2812 has no longer one.
    let server = of(63);
    let (nick, user, channel) = (of(NICK_MAX), of(USER_MAX), of(CHANNEL_MAX));
    let source = format!("{nick}!{user}@{host}");
    let relayed =
        |command, params: &[&str], text: &str| wire::relay(&source, command, params, Some(text));
    let answered =
        |code, params: &[&str], text: &str| wire::numeric(&server, code, &nick, params, Some(text));
    let (topic, reason, away, name) = (of(TOPIC_MAX), of(KICK_MAX), of(AWAY_MAX), of(REALNAME_MAX));
    for (line, text) in [
        (relayed("TOPIC", &[&channel], &topic), &topic),
        (answered("332", &[&channel], &topic), &topic),
        (relayed("KICK", &[&channel, &nick], &reason), &reason),
        (relayed("AWAY", &[], &away), &away),
        (answered("301", &[&nick], &away), &away),
        (relayed("SETNAME", &[], &name), &name),
        (answered("311", &[&nick, &user, &host, "*"], &name), &name),
        (
            answered(
                "352",
                &[&channel, &user, &host, &server, &nick, "G*@+"],
                &format!("0 {name}"),
            ),
            &name,
        ),
    ] {
        assert!(line.ends_with(format!("{text}\r\n").as_bytes()), "{line:?}");
        assert!(!line.ends_with(format!("x{text}\r\n").as_bytes()), "{line:?}");
    }
}
