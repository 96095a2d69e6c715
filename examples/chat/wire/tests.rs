//! What the wire format promises.

use super::*;

fn parsed(text: &str) -> (String, Vec<&str>) {
    let line = Line::parse(text).expect("short enough").expect("a command");
    (line.verb().as_str().to_owned(), line.params().to_vec())
}

fn written(line: &Bytes) -> &str {
    str::from_utf8(line).expect("valid UTF-8")
}

#[test]
fn a_line_is_a_command_and_its_parameters() {
    assert_eq!(
        parsed("PRIVMSG #rust :hello there"),
        ("PRIVMSG".into(), vec!["#rust", "hello there"])
    );
    assert_eq!(parsed("NICK ann"), ("NICK".into(), vec!["ann"]));
    assert_eq!(parsed("QUIT"), ("QUIT".into(), vec![]));
}

#[test]
fn tags_and_a_source_are_read_over() {
    let expected = ("JOIN".to_owned(), vec!["#a"]);
    assert_eq!(parsed("@time=1;x=y JOIN #a"), expected);
    assert_eq!(parsed(":ann!a@b JOIN #a"), expected);
    assert_eq!(parsed("@t  :ann   JOIN   #a"), expected);
}

#[test]
fn a_line_without_a_command_is_nothing() {
    for text in ["", " ", "   ", ":source", ":source ", "@tags", "@tags :source "] {
        assert!(Line::parse(text).expect("short enough").is_none(), "{text:?}");
    }
}

#[test]
fn several_spaces_count_as_one() {
    assert_eq!(parsed("  MODE   #a    +o  ann  "), ("MODE".into(), vec!["#a", "+o", "ann"]));
}

#[test]
fn a_trailing_parameter_keeps_its_spaces_and_colons() {
    assert_eq!(parsed("TOPIC #a :  a : b "), ("TOPIC".into(), vec!["#a", "  a : b "]));
    assert_eq!(parsed("PRIVMSG #a ::)"), ("PRIVMSG".into(), vec!["#a", ":)"]));
}

#[test]
fn an_empty_trailing_parameter_is_a_parameter() {
    assert_eq!(parsed("TOPIC #a :"), ("TOPIC".into(), vec!["#a", ""]));
}

#[test]
fn a_colon_inside_a_parameter_is_part_of_it() {
    assert_eq!(parsed("WHO a:b c"), ("WHO".into(), vec!["a:b", "c"]));
}

#[test]
fn the_fifteenth_parameter_takes_the_rest_of_the_line() {
    let (_, params) = parsed("X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17");
    assert_eq!((params.len(), params[13], params[14]), (15, "14", "15 16 17"));
    let (_, params) = parsed("X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 :15 16");
    assert_eq!((params.len(), params[14]), (15, "15 16"));
}

#[test]
fn a_verb_is_upper_case_and_the_command_stays_as_sent() {
    let line = Line::parse("pRivMsg a :b").expect("short enough").expect("a command");
    assert_eq!((line.verb().as_str(), line.command()), ("PRIVMSG", "pRivMsg"));
}

#[test]
fn a_command_that_cannot_be_one_has_no_verb() {
    for command in ["ÄÖ", "ABCDEFGHIJKLMNOP"] {
        let line = Line::parse(command).expect("short enough").expect("a command");
        assert_eq!((line.verb().as_str(), line.command()), ("", command));
    }
}

#[test]
fn valid_text_is_not_copied() {
    assert!(matches!(decode("NICK änn".as_bytes()), Cow::Borrowed("NICK änn")));
}

#[test]
fn bytes_that_are_not_utf_8_become_replacement_characters() {
    assert_eq!(decode(b"PRIVMSG a :caf\xe9 \xff!"), "PRIVMSG a :caf\u{fffd} \u{fffd}!");
}

#[test]
fn a_numeric_names_server_and_client() {
    let line = numeric("chat.example", "433", "*", &["ann"], Some("Nickname is already in use"));
    assert_eq!(written(&line), ":chat.example 433 * ann :Nickname is already in use\r\n");
}

#[test]
fn a_relay_names_its_source() {
    assert_eq!(written(&relay("a!b@c", "NICK", &["d"], None)), ":a!b@c NICK d\r\n");
    assert_eq!(written(&relay("a!b@c", "TOPIC", &["#x"], Some(""))), ":a!b@c TOPIC #x :\r\n");
}

#[test]
fn a_bare_line_has_no_source() {
    assert_eq!(written(&bare("ERROR", "Closing link")), "ERROR :Closing link\r\n");
}

#[test]
fn a_line_is_made_without_spare_room() {
    let line = relay("a!b@c", "PRIVMSG", &["#x"], Some("hello"));
    assert_eq!(length(Some("a!b@c"), &["PRIVMSG"], &["#x"], Some("hello")) + 2, line.len());
}

#[test]
fn a_long_line_is_cut_to_512_bytes() {
    let line = relay("a!b@c", "PRIVMSG", &["#x"], Some(&"y".repeat(600)));
    assert_eq!(line.len(), LINE_MAX);
    assert!(written(&line).ends_with("yyy\r\n"));
}

#[test]
fn the_cut_never_splits_a_character() {
    for shift in 0..4 {
        let text = format!("{}{}", "y".repeat(shift), "🦀".repeat(150));
        let line = relay("a!b@c", "PRIVMSG", &["#x"], Some(&text));
        assert!(line.len() <= LINE_MAX && line.len() > LINE_MAX - 4, "{}", line.len());
        assert!(written(&line).ends_with("🦀\r\n"));
    }
}

#[test]
fn text_cannot_start_a_second_line() {
    let line = relay("a!b@c", "PRIVMSG", &["#x"], Some("one\rtwo\nthree\0four"));
    assert_eq!(written(&line), ":a!b@c PRIVMSG #x :one two three four\r\n");
}

#[test]
fn a_parameter_that_would_run_into_the_next_is_shown_as_a_star() {
    let line = numeric("s", "401", "ann", &["", "a b", ":c", "d", "a\rb", "a\0b"], Some("e"));
    assert_eq!(written(&line), ":s 401 ann * * * d * * :e\r\n");
}

#[test]
fn a_list_takes_as_many_lines_as_it_needs_and_loses_nothing() {
    let nicks: Vec<String> = (0..300).map(|n| format!("nick{n}")).collect();
    let lines = numeric_list("s", "353", "ann", &["=", "#x"], &nicks);
    assert!(lines.len() > 3);
    let mut seen = Vec::new();
    for line in &lines {
        assert!(line.len() <= LINE_MAX);
        let text =
            written(line).strip_prefix(":s 353 ann = #x :").expect("the same head on every line");
        seen.extend(text.trim_end().split(' '));
    }
    assert_eq!(seen, nicks);
}

#[test]
fn a_list_fills_its_lines_to_the_last_byte() {
    let head = ":s 303 ann :".len();
    let one = "x".repeat(BODY_MAX - head - 2);
    let lines = numeric_list("s", "303", "ann", &[], [one.as_str(), "y", "z"]);
    assert_eq!(lines.iter().map(Bytes::len).collect::<Vec<_>>(), [LINE_MAX, head + 3]);
}

#[test]
fn an_empty_list_makes_one_line() {
    let lines = numeric_list("s", "303", "ann", &[], [""; 0]);
    assert_eq!(lines, [":s 303 ann :\r\n"]);
}

#[test]
fn tags_are_found_by_their_keys_and_the_last_of_one_key_counts() {
    let line = Line::parse("@label=a;+x=1;label=b;+y;+=2; PING z").expect("short enough");
    let line = line.expect("a command");
    assert_eq!((line.tag("label"), line.tag("+y"), line.tag("z")), (Some("b"), Some(""), None));
    assert_eq!(line.client_tags(), ["+x=1", "+y", "+=2"]);
}

#[test]
fn tags_and_the_rest_of_a_line_are_limited_apart() {
    let verb = |text: &str| match Line::parse(text) {
        Ok(line) => Ok(line.expect("a command").verb().as_str().to_owned()),
        Err(TooLong(line)) => Err(line.expect("a command").verb().as_str().to_owned()),
    };
    let tags = |length: usize| format!("@{} PING x", "t".repeat(length - 2));
    assert_eq!(verb(&tags(TAGS_MAX)), Ok("PING".into()));
    assert_eq!(verb(&tags(TAGS_MAX + 1)), Err("PING".into()));
    let body = |length: usize| format!("@t   PING {}", "x".repeat(length - 5));
    assert_eq!(verb(&body(BODY_MAX)), Ok("PING".into()));
    assert_eq!(verb(&body(BODY_MAX + 1)), Err("PING".into()));
    assert!(matches!(Line::parse(&" ".repeat(BODY_MAX + 1)), Err(TooLong(None))));
}

#[test]
fn bytes_that_are_not_utf_8_count_as_they_came() {
    assert!(fits(&[0xff; BODY_MAX]));
    assert!(!fits(&[0xff; BODY_MAX + 1]));
    assert!(Line::parse(&decode(&[0xff; BODY_MAX])).is_err());
}

#[test]
fn a_list_leaves_out_what_is_empty() {
    let line = Line::parse("JOIN #a,,#b, x").expect("short enough").expect("a command");
    assert_eq!(line.list(0).collect::<Vec<_>>(), ["#a", "#b"]);
    assert_eq!((line.list(7).count(), line.param(7)), (0, ""));
}

#[test]
fn finished_lines_are_split_without_their_ends() {
    let lines = |text: &'static str| split(text.as_bytes()).collect::<Vec<_>>();
    assert_eq!(lines("PING :a\r\n"), [b"PING :a"]);
    assert_eq!(lines("A\r\nB c\r\n"), [&b"A"[..], b"B c"]);
    assert!(lines("").is_empty());
}
