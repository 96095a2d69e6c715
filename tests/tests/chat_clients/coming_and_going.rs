//! The ways in and out: what is agreed on first, goodbyes, and a server that goes and comes back.

use std::collections::BTreeSet;

use roundsman_tests::certificates::Authority;
use roundsman_tests::example::Example;
use roundsman_tests::irc_client::Client;
use roundsman_tests::irc_program::{EventKind, IrcProgram};

use crate::{Evening, with_each};

/// The capabilities in a line of CAP.
fn capabilities(line: &str) -> BTreeSet<&str> {
    line.rsplit(':').next().unwrap_or_default().split_whitespace().collect()
}

#[test]
fn all_capabilities_that_it_asks_for_are_there_and_given() {
    with_each(|kind| {
        let (_server, address) = Example::serve::<&str>("chat", &[]);
        let mut program = IrcProgram::start(kind, address, "pat");
        let offered = program.gets(" CAP * LS ");
        let asked = program.sends("CAP REQ ");
        let given = program.gets(" CAP * ACK ");
        program.gets(" 001 pat ");
        assert_eq!(capabilities(&asked), capabilities(&given));
        assert!(capabilities(&asked).is_subset(&capabilities(&offered)), "{asked}\n{offered}");
        for useful in ["multi-prefix", "server-time", "away-notify"] {
            assert!(capabilities(&asked).contains(useful), "{useful} in {asked}");
        }
    });
}

#[test]
fn over_tls_it_trusts_the_certificate_and_is_known_to_be_secure() {
    with_each(|kind| {
        let authority = Authority::new();
        let files = authority.issue("localhost");
        let [certificate, key] = [files.certificate, files.key].map(|it| it.display().to_string());
        let options =
            ["--tls-listen", "127.0.0.1:0", "--tls-cert", &certificate, "--tls-key", &key];
        let (mut server, address) = Example::serve("chat", &options);
        let line = server.line();
        let tls = line.strip_prefix("chat listens on ").and_then(|it| it.strip_suffix(" with TLS"));
        let tls = tls.and_then(|tls| tls.parse().ok()).expect("it says where");
        let mut program = IrcProgram::start_over_tls(kind, tls, &authority.root(), "pat");
        program.gets(" 001 pat ");
        let whois = Client::register(address, "ann").ask("WHOIS pat");
        assert!(whois.iter().any(|line| line.command == "671"), "{whois:?}");
        program.types("", "/quit");
        program.ends();
    });
}

#[test]
fn nothing_that_it_says_by_itself_is_unknown_to_the_server() {
    with_each(|kind| {
        let Evening { mut program, server: _server, .. } = Evening::in_channel(kind);
        program.types("#c", "/whois pat");
        program.gets(" 318 pat ");
        let unknown = |text: &str| [" 421 ", " 461 ", " FAIL "].iter().any(|it| text.contains(it));
        let got = program.told().iter().filter(|event| event.kind == EventKind::Got);
        assert_eq!(got.filter(|event| unknown(&event.text)).count(), 0, "{:#?}", program.told());
    });
}

#[test]
fn a_nick_that_somebody_has_is_followed_by_another_try() {
    with_each(|kind| {
        let (_server, address) = Example::serve::<&str>("chat", &[]);
        let mut pat = Client::register(address, "pat");
        let mut program = IrcProgram::start(kind, address, "pat");
        program.gets(" 433 * pat ");
        program.gets(" 001 pat");
        assert!(pat.sync().is_empty());
    });
}

#[test]
fn goodbyes_are_seen_both_ways() {
    with_each(|kind| {
        let mut evening = Evening::in_channel(kind);
        let mut bob = evening.another("bob");
        let Evening { mut ann, mut program, server: _server, .. } = evening;
        bob.send("QUIT :gute Nacht");
        program.shows("#c", "gute Nacht");
        program.lists("#c", "@ann pat");
        program.types("#c", "/quit schlaf schön");
        let told = ann.read_to(|line| line.is("pat", "QUIT")).pop().expect("a line");
        assert_eq!(told.text(), "Quit: schlaf schön");
        program.ends();
    });
}

#[test]
fn a_server_that_ends_says_so_and_one_that_is_there_again_is_found_and_the_channel_too() {
    with_each(|kind| {
        let Evening { server, address, mut program, .. } = Evening::in_channel(kind);
        server.signal("TERM");
        program.gets("ERROR :Closing link (Server closing)");
        assert_eq!(server.ended().status.code(), Some(0));
        let listen = address.to_string();
        let (_server, _) = Example::serve("chat", &["--listen", &listen]);
        program.gets(" 001 pat ");
        program.lists("#c", "@pat");
        let mut ann = Client::register(address, "ann");
        ann.join("#c");
        program.lists("#c", "@pat ann");
        program.types("#c", "there you are");
        ann.read_to(|line| line.text() == "there you are");
    });
}

#[test]
fn a_server_that_is_killed_is_found_again_as_well() {
    with_each(|kind| {
        let Evening { server, address, mut program, .. } = Evening::in_channel(kind);
        drop(server);
        let listen = address.to_string();
        let (_server, _) = Example::serve("chat", &["--listen", &listen]);
        program.gets(" 001 pat ");
        program.lists("#c", "@pat");
    });
}
