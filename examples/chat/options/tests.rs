//! What the command line promises.

use super::*;
use crate::chat::settings::Flood;

/// There is one file, `chat.toml`.
const CONFIG: &str =
    "# A server.\nlisten = \"127.0.0.1:7000\"\nmax-clients = 5\noper = [\"ann:a\", \"bob:b:c\"]\n";

fn read(file: &Path) -> io::Result<String> {
    match file.to_str() {
        Some("chat.toml") => Ok(CONFIG.to_owned()),
        Some(text) if text.contains('=') => Ok(text.to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

fn parse(arguments: &[&str]) -> Result<Options, OptionsError> {
    Options::parse(arguments)
}

fn settings<I>(arguments: I) -> Result<Settings, OptionsError>
where
    I: IntoIterator<Item: Into<OsString>>,
{
    match Options::parse(arguments)? {
        Options::Serve(line) => line.settings(read),
        other => panic!("{other:?}"),
    }
}

fn serve(arguments: &[&str]) -> Settings {
    settings(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

fn refused(arguments: &[&str]) -> String {
    let error = settings(arguments).expect_err("bad options");
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
fn the_version_is_asked_for_in_two_ways() {
    assert_eq!(parse(&["--version"]), Ok(Options::Version));
    assert_eq!(parse(&["-V", "--nonsense"]), Ok(Options::Version));
}

#[test]
fn help_is_asked_for_in_two_ways() {
    assert_eq!(parse(&["--help"]), Ok(Options::Help));
    assert_eq!(parse(&["--motd", "m", "-h", "--nonsense"]), Ok(Options::Help));
}

#[test]
fn the_help_names_every_option() {
    for line in HELP.lines().filter_map(|line| line.strip_prefix("  --")) {
        let (option, _) = line.split_once(' ').expect("a name");
        let is_none = ["help", "version", "config"].contains(&option);
        let known = is_none || Settings::wants(option).is_some();
        assert!(known, "{option} is in the help only");
    }
    for name in [
        "listen",
        "web",
        "tls-listen",
        "tls-cert",
        "tls-key",
        "server-name",
        "network",
        "description",
        "password",
        "oper",
        "motd",
        "max-clients",
        "max-per-address",
        "sendq",
        "ping",
        "flood",
        "log",
    ] {
        let wants = Settings::wants(name).expect("a setting");
        assert!(HELP.contains(&format!("\n  --{name} {wants} ")), "{name}");
    }
}

#[test]
fn the_help_states_the_defaults_that_are_used() {
    let settings = Settings::default();
    let default = |name: &str, value: &dyn fmt::Display| {
        let line = HELP.lines().find(|line| line.contains(&format!("--{name} "))).expect("a line");
        assert!(line.ends_with(&format!("[default: {value}]")), "{line}");
    };
    default("listen", &settings.listen);
    default("server-name", &settings.server_name);
    default("network", &settings.network);
    default("description", &settings.description);
    default("max-clients", &settings.max_clients);
    default("max-per-address", &settings.max_per_address);
    default("sendq", &settings.sendq);
    default("ping", &settings.ping.as_secs());
    default("flood", &"off");
    default("log", &settings.log);
}

#[test]
fn an_unknown_option_is_named() {
    assert_eq!(refused(&["--port", "1"]), "unknown option \"--port\"; --help lists them");
    assert_eq!(refused(&["6667"]), "unknown option \"6667\"; --help lists them");
    assert_eq!(refused(&["--help=x"]), "unknown option \"--help\"; --help lists them");
}

#[test]
fn of_what_is_long_and_cannot_be_meant_the_beginning_is_shown() {
    let (long, cut) = ("é".repeat(1000), "é".repeat(SHOWN_MAX));
    for line in [
        refused(&["--ping", &long]),
        refused(&["--config", &format!("ping=\"{long}\"")]).split_off(long.len()),
        refused(&[&long]),
    ] {
        assert!(line.contains(&format!("\"{cut}…\"")), "{line}");
    }
}

#[test]
fn the_same_command_line_reads_its_file_again() {
    let Ok(Options::Serve(line)) = parse(&["--config", "chat.toml", "--ping", "5"]) else {
        panic!("it is to serve");
    };
    let read_anew = |_: &Path| Ok("max-clients=6\nping=7".to_owned());
    assert_eq!(line.settings(read).expect("a good file").max_clients, 5);
    let settings = line.settings(read_anew).expect("a good file");
    assert_eq!((settings.max_clients, settings.ping.as_secs()), (6, 5));
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

#[test]
fn operators_are_added_and_a_password_may_have_colons() {
    let settings = serve(&["--oper", "ann:a", "--oper", "bob:b:c"]);
    let operators = settings.operators.iter().map(|(name, password)| (&**name, &**password));
    assert_eq!(operators.collect::<Vec<_>>(), [("ann", "a"), ("bob", "b:c")]);
    for bad in ["ann", ":a", "ann:", "a b:c"] {
        assert!(refused(&["--oper", bad]).starts_with("--oper wants NAME:PASSWORD"), "{bad}");
    }
}

#[test]
fn a_flood_is_lines_in_seconds_or_off() {
    let flood = Flood { lines: 20, period: std::time::Duration::from_secs(2) };
    assert_eq!(serve(&["--flood", "20/2"]).flood, Some(flood));
    assert_eq!(serve(&["--flood", "20/2", "--flood", "off"]).flood, None);
    for bad in ["20", "0/1", "1/0", "a/b", "-1/2", "on"] {
        assert!(refused(&["--flood", bad]).starts_with("--flood wants LINES/SECONDS"), "{bad}");
    }
}

#[test]
fn numbers_have_a_range() {
    for option in ["--max-clients", "--max-per-address", "--sendq", "--ping"] {
        for bad in ["0", "-1", "x", "", "99999999999999999999"] {
            assert!(refused(&[option, bad]).starts_with(&format!("{option} wants a number")));
        }
    }
}

#[test]
fn tls_wants_all_that_belongs_to_it() {
    let all = ["--tls-listen", "[::1]:6697", "--tls-cert", "c.pem", "--tls-key", "k.pem"];
    assert_eq!(serve(&all).tls_cert, Some("c.pem".into()));
    for part in [&all[..2], &all[..4], &all[2..]] {
        assert_eq!(refused(part), "TLS wants all of --tls-listen, --tls-cert and --tls-key");
    }
}

#[test]
fn browsers_are_served_at_home_unless_somebody_says_where_to_listen() {
    let web = |arguments: &[&str]| serve(arguments).web;
    assert_eq!(web(&[]), Some(WEB));
    assert_eq!(web(&["--config", "ping=5"]), Some(WEB));
    for somewhere in ["listen=\"127.0.0.1:1\"", "web=\"127.0.0.1:2\""] {
        assert_ne!(web(&["--config", somewhere]), Some(WEB), "{somewhere}");
    }
    assert_eq!(web(&["--config", "ping=5", "--listen", "127.0.0.1:1"]), None);
}

#[test]
fn what_an_argument_says_wins_over_the_file_wherever_it_stands() {
    let settings = serve(&["--max-clients", "7", "--config", "chat.toml", "--oper", "cat:c"]);
    assert_eq!((settings.listen.port(), settings.max_clients), (7000, 7));
    let names: Vec<&str> = settings.operators.keys().map(String::as_str).collect();
    assert_eq!(names, ["ann", "bob", "cat"]);
}

#[test]
fn a_file_that_cannot_be_meant_is_named_and_so_is_the_place() {
    for (text, complaint) in [
        ("missing", "\"missing\": cannot be read: "),
        ("x=", "\"x=\": line 1: "),
        ("a=1\nb=[\n", "line "),
        ("port=1", "\"port=1\": there is no setting \"port\""),
        ("config=\"x\"", "there is no setting \"config\""),
        ("listen=6667", "listen wants ADDR:PORT, such as"),
        (
            "ping=1.5",
            "\"ping=1.5\": ping wants SECONDS, as a text in quotes or a whole number, not a number with a fraction",
        ),
        (
            "flood=false",
            "flood wants LINES/SECONDS|off, as a text in quotes or a whole number, not true or false",
        ),
        (
            "oper=[[1]]",
            "oper wants NAME:PASSWORD, as a text in quotes or a whole number, not a list in a list",
        ),
        ("[server]\nx=1", "there is no setting \"server\"; --help lists them"),
        ("max_clients=1", "there is no setting \"max_clients\", but \"max-clients\""),
        ("ping=[1,2]", "ping wants one value, not several"),
    ] {
        let line = refused(&["--config", text]).replace('\n', " ");
        assert!(line.contains(complaint), "{text}: {line}");
    }
}

#[cfg(unix)]
#[test]
fn bytes_that_are_not_text_are_refused_where_text_is_wanted_and_kept_in_a_path() {
    use std::os::unix::ffi::OsStringExt;

    let odd = || OsString::from_vec(vec![b'a', 0xff]);
    let line = Options::parse([odd()]).expect_err("no option").to_string();
    assert_eq!(line, "unknown option \"a\u{fffd}\"; --help lists them");
    assert!(settings([OsString::from("--listen"), odd()]).is_err());
    let settings = settings([OsString::from("--motd"), odd()]).expect("a path may be any bytes");
    assert_eq!(settings.motd, Some(odd().into()));
}
