//! People: what they are called, where they are, and what is known of them.

use crate::Evening;

#[test]
fn a_new_nick_is_seen_both_ways() {
    Evening::in_each(|Evening { ann, program, .. }| {
        ann.send("NICK anna");
        program.lists("#c", "@anna pat");
        program.shows("#c", "anna");
        program.types("#c", "/nick Patricia");
        program.lists("#c", "@anna Patricia");
        let told = ann.read_to(|line| line.is("pat", "NICK")).pop().expect("a line");
        assert_eq!(told.text(), "Patricia");
        program.types("#c", "still here");
        assert!(ann.read_to(|line| line.text() == "still here")[0].is("Patricia", "PRIVMSG"));
    });
}

#[test]
fn who_is_away_is_away_both_ways() {
    Evening::in_each(|Evening { ann, program, .. }| {
        ann.ask("AWAY :Mittagspause 🍜");
        program.types("#c", "/whois ann");
        program.gets(" 311 pat ann ann 127.0.0.1 ");
        program.gets(" 301 pat ann :Mittagspause 🍜");
        program.gets(" 318 pat ann ");
        program.types("#c", "/away gone fishing");
        program.gets(" 306 pat ");
        let answer = ann.ask("PRIVMSG pat :hello");
        assert_eq!((answer[0].command.as_str(), answer[0].text()), ("301", "gone fishing"));
        program.types("#c", "/away");
        program.gets(" 305 pat ");
        assert!(ann.ask("PRIVMSG pat :hello").is_empty());
    });
}

#[test]
fn whois_shows_a_name_the_channels_and_the_server() {
    Evening::in_each(|Evening { ann, program, .. }| {
        program.types("#c", "/whois ann");
        for (code, shown) in [("311", "ann the client"), ("319", "@#c"), ("312", "chat.example")] {
            assert!(program.gets(&format!(" {code} pat ann ")).contains(shown), "{code}");
        }
        program.gets(" 318 pat ann ");
        let of_pat = ann.ask("WHOIS pat");
        assert_eq!(of_pat[0].text(), "pat the program");
    });
}
