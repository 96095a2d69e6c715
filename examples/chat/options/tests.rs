//! What the command line promises.

use super::*;

fn serve(arguments: &[&str]) -> Settings {
    match Options::parse(arguments) {
        Ok(Options::Serve(settings)) => settings,
        other => panic!("{arguments:?}: {other:?}"),
    }
}

fn refused(arguments: &[&str]) -> String {
    let error = Options::parse(arguments).expect_err("bad options");
    let line = error.to_string();
    assert!(!line.contains('\n'), "one line: {line:?}");
    line
}

#[test]
fn without_options_it_listens_on_the_port_of_irc_at_home() {
    assert_eq!(serve(&[]).listen.to_string(), "127.0.0.1:6667");
    assert_eq!(serve(&[]).server_name, "chat.example");
    assert_eq!(serve(&[]).motd, None);
}

#[test]
fn every_option_takes_its_value_from_the_next_argument_or_after_an_equals_sign() {
    let apart = serve(&["--listen", "[::1]:0", "--server-name", "a.b", "--motd", "x=y"]);
    let joined = serve(&["--listen=[::1]:0", "--server-name=a.b", "--motd=x=y"]);
    assert_eq!(apart, joined);
    assert_eq!(apart.listen.to_string(), "[::1]:0");
    assert_eq!(apart.server_name, "a.b");
    assert_eq!(apart.motd, Some("x=y".into()));
}

#[test]
fn the_last_of_one_option_counts() {
    assert_eq!(serve(&["--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2"]).listen.port(), 2);
}

#[test]
fn help_is_asked_for_in_two_ways() {
    assert_eq!(Options::parse(["--help"]), Ok(Options::Help));
    assert_eq!(Options::parse(["--motd", "m", "-h", "--nonsense"]), Ok(Options::Help));
}

#[test]
fn the_help_names_every_option() {
    for option in ["--listen ADDR:PORT", "--server-name NAME", "--motd FILE", "--help"] {
        assert!(HELP.contains(option), "{option}");
    }
}

#[test]
fn the_help_states_the_defaults_that_are_used() {
    let Settings { listen, server_name, .. } = Settings::default();
    assert!(HELP.contains(&format!("[default: {listen}]")));
    assert!(HELP.contains(&format!("[default: {server_name}]")));
}

#[test]
fn an_unknown_option_is_named() {
    assert_eq!(refused(&["--port", "1"]), "unknown option \"--port\"; --help lists them");
    assert_eq!(refused(&["6667"]), "unknown option \"6667\"; --help lists them");
    assert_eq!(refused(&["--help=x"]), "unknown option \"--help\"; --help lists them");
}

#[test]
fn a_missing_value_is_asked_for() {
    assert_eq!(refused(&["--listen"]), "--listen wants ADDR:PORT after it");
}

#[test]
fn a_bad_address_is_shown_with_a_good_one() {
    for bad in ["6667", "localhost", "127.0.0.1", "127.0.0.1:70000", ":6667", "", "a\nb"] {
        let wants = "ADDR:PORT, such as 127.0.0.1:6667 or [::1]:6667";
        assert_eq!(refused(&["--listen", bad]), format!("--listen wants {wants}, not {bad:?}"));
    }
}

#[test]
fn a_server_name_can_be_told_from_a_nick_and_fits_into_a_line() {
    for bad in ["", "chat", "a b.c", ":a.b", ".a", "-a.b", "ä.b", &format!("{}.b", "a".repeat(62))]
    {
        assert!(refused(&["--server-name", bad]).starts_with("--server-name wants at most 63"));
    }
}

#[cfg(unix)]
#[test]
fn bytes_that_are_not_text_are_refused_where_text_is_wanted_and_kept_in_a_path() {
    use std::os::unix::ffi::OsStringExt;

    let odd = || OsString::from_vec(vec![b'a', 0xff]);
    let line = Options::parse([odd()]).expect_err("no option").to_string();
    assert_eq!(line, "unknown option \"a\u{fffd}\"; --help lists them");
    assert!(Options::parse([OsString::from("--listen"), odd()]).is_err());
    let Ok(Options::Serve(settings)) = Options::parse([OsString::from("--motd"), odd()]) else {
        panic!("a path may be any bytes");
    };
    assert_eq!(settings.motd, Some(odd().into()));
}
