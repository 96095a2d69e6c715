//! What is said, in a channel and to one alone, in every direction.

use roundsman_tests::example::Example;
use roundsman_tests::irc_client::Client;
use roundsman_tests::irc_program::{EventKind, IrcProgram, Kind};

use crate::{Evening, with_each};

/// Two bytes a letter, three, and four; and one that is put together of several.
const TEXT: &str = "Grüße aus Köln – das kostet 3 € 🦀 👩‍🚒";

#[test]
fn what_is_said_in_a_channel_is_seen_both_ways_to_the_letter() {
    Evening::in_each(|Evening { ann, program, .. }| {
        program.types("#c", TEXT);
        let said = ann.read_to(|line| line.command == "PRIVMSG").pop().expect("a line");
        assert_eq!((said.nick(), said.param(0), said.text()), ("pat", "#c", TEXT));
        ann.send(&format!("PRIVMSG #c :zurück: {TEXT}"));
        assert!(program.shows("#c", &format!("zurück: {TEXT}")).contains("ann"));
    });
}

#[test]
fn an_action_is_one_both_ways() {
    Evening::in_each(|Evening { ann, program, .. }| {
        program.types("#c", "/me waves 👋");
        let said = ann.read_to(|line| line.command == "PRIVMSG").pop().expect("a line");
        assert_eq!(said.text(), "\u{1}ACTION waves 👋\u{1}");
        ann.send("PRIVMSG #c :\u{1}ACTION bows\u{1}");
        assert!(program.shows("#c", "* ann bows").trim_start().starts_with('*'));
    });
}

#[test]
fn what_is_said_to_one_alone_has_a_window_of_its_own() {
    Evening::in_each(|Evening { ann, program, .. }| {
        ann.send("PRIVMSG pat :between us");
        program.shows("ann", "between us");
        program.types("ann", "nobody else, ja ✓");
        let said = ann.read_to(|line| line.command == "PRIVMSG").pop().expect("a line");
        assert_eq!((said.param(0), said.text()), ("ann", "nobody else, ja ✓"));
        program.types("", "/msg nobody hello");
        program.gets(" 401 pat nobody ");
    });
}

#[test]
fn what_was_said_before_is_shown_as_it_was_said_when_it_is_asked_for() {
    with_each(|kind| {
        let (_server, address) = Example::serve::<&str>("chat", &[]);
        let capabilities = "batch draft/chathistory echo-message labeled-response message-tags";
        let mut ann = Client::register_with(address, "ann", capabilities);
        ann.join("#c");
        for text in ["one", "two", "three"] {
            ann.ask(&format!("@label=x PRIVMSG #c :{text}"));
        }
        let mut program = IrcProgram::start(kind, address, "pat");
        program.gets(" 001 ");
        program.types("", "/join #c");
        program.lists("#c", "@ann pat");
        program.types("#c", "/quote CHATHISTORY LATEST #c * 2");
        program.shows("#c", "two");
        program.shows("#c", "three");
        ann.ask("@label=y PRIVMSG #c :four");
        program.shows("#c", "four");
        let strange =
            |text: &str| ["BATCH", "label=", "one"].iter().any(|word| text.contains(word));
        let got = program.told().iter().filter(|event| event.kind == EventKind::Got);
        assert_eq!(got.filter(|event| strange(&event.text)).count(), 0, "{:#?}", program.told());
    });
}

#[test]
fn irssi_and_weechat_talk_to_each_other() {
    if !Kind::ALL.iter().all(|kind| kind.is_installed()) {
        return;
    }
    let (_server, address) = Example::serve::<&str>("chat", &[]);
    let mut irssi = IrcProgram::start(Kind::Irssi, address, "iris");
    irssi.gets(" 001 ");
    irssi.types("", "/join #c");
    irssi.lists("#c", "@iris");
    let mut weechat = IrcProgram::start(Kind::Weechat, address, "wendy");
    weechat.gets(" 001 ");
    weechat.types("", "/join #c");
    for program in [&mut irssi, &mut weechat] {
        program.lists("#c", "@iris wendy");
    }
    irssi.types("#c", TEXT);
    weechat.shows("#c", TEXT);
    weechat.types("#c", "/me nickt 😀");
    irssi.shows("#c", "* wendy nickt 😀");
    irssi.types("#c", "/msg wendy unter uns");
    weechat.shows("iris", "unter uns");
    weechat.types("iris", "ja");
    irssi.shows("wendy", "ja");
    irssi.types("#c", "/op wendy");
    for program in [&mut irssi, &mut weechat] {
        program.lists("#c", "@iris @wendy");
    }
    weechat.types("#c", "/topic Grüße 🦀");
    irssi.shows("#c", "Grüße 🦀");
    weechat.types("#c", "/nick wanda");
    irssi.lists("#c", "@iris @wanda");
    irssi.types("#c", "/quit bis bald");
    weechat.shows("#c", "bis bald");
    irssi.ends();
    weechat.lists("#c", "@wanda");
}
