//! Channels: who is there, what they are called, what they are about, and who says so.

use roundsman_tests::irc_program::IrcProgram;

use crate::Evening;

/// Has it leave `#c`, and know it: until then it would take `/join` for a look at where it is.
fn leave(program: &mut IrcProgram) {
    program.types("#c", "/part");
    program.gets(":pat!pat@127.0.0.1 PART #c");
}

#[test]
fn the_list_of_nicks_has_everybody_with_the_sign_of_their_rank() {
    Evening::in_each(|evening| {
        let (_bob, _cat) = (evening.another("bob"), evening.another("cat"));
        let Evening { ann, program, .. } = evening;
        program.lists("#c", "@ann bob cat pat");
        ann.ask("MODE #c +v bob");
        program.lists("#c", "+bob @ann cat pat");
        ann.ask("MODE #c +v-o+o ann ann cat");
        program.lists("#c", "+ann +bob @cat pat");
    });
}

#[test]
fn a_topic_is_seen_by_who_is_there_and_by_who_comes() {
    Evening::in_each(|Evening { ann, program, .. }| {
        ann.send("TOPIC #c :alles über Bäume 🌳");
        program.shows("#c", "alles über Bäume 🌳");
        program.types("#c", "/topic und Sträucher");
        let told = ann.read_to(|line| line.command == "TOPIC" && line.is("pat", "TOPIC"));
        assert_eq!(told.last().expect("a line").text(), "und Sträucher");
        leave(program);
        program.types("", "/join #c");
        program.shows("#c", "und Sträucher");
    });
}

#[test]
fn an_operator_makes_operators_and_they_kick() {
    Evening::in_each(|evening| {
        let mut bob = evening.another("bob");
        let Evening { ann, program, .. } = evening;
        program.types("#c", "/kick bob not yet");
        program.gets(" 482 pat #c ");
        ann.send("MODE #c +o pat");
        program.lists("#c", "@ann @pat bob");
        program.types("#c", "/op bob");
        program.lists("#c", "@ann @bob @pat");
        program.types("#c", "/deop bob");
        program.lists("#c", "@ann @pat bob");
        program.types("#c", "/kick bob schöne Grüße");
        program.lists("#c", "@ann @pat");
        let kicked = bob.read_to(|line| line.command == "KICK").pop().expect("a line");
        assert_eq!((kicked.nick(), kicked.text()), ("pat", "schöne Grüße"));
        ann.send("KICK #c pat :and you");
        assert!(program.shows("#c", "and you").contains("ann"));
        ann.ask("PRIVMSG #c :alone");
        program.types("", "/join #c");
        program.lists("#c", "@ann pat");
    });
}

#[test]
fn a_ban_and_a_key_are_explained_to_whoever_they_keep_out() {
    Evening::in_each(|Evening { ann, program, .. }| {
        leave(program);
        ann.ask("MODE #c +k sesame");
        program.types("", "/join #c");
        program.gets(" 475 pat #c ");
        program.types("", "/join #c sesame");
        program.lists("#c", "@ann pat");
        leave(program);
        ann.ask("MODE #c +b pat!*@*");
        program.types("", "/join #c sesame");
        program.gets(" 474 pat #c ");
    });
}
