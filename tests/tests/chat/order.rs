//! Order across connections: a PONG is a barrier.
//!
//! When the PONG of 1 is there, everything that the earlier commands of 1 cause stands in the queues of all others,
//! ahead of any answer to what those send afterwards.

use roundsman_tests::irc_client::Client;

use crate::{Chat, commands};

/// How often each claim is tried: the ways of the actors differ from time to time.
const ROUNDS: usize = 200;

#[test]
fn messages_to_several_channels_stand_ahead_of_the_pong_that_others_ask_for_later() {
    let chat = Chat::start();
    let channels = ["#a", "#b", "#c", "#d"];
    let [mut ann, mut bob] = chat.room("#a", ["ann", "bob"]);
    for channel in &channels[1..] {
        ann.join(channel);
        bob.join(channel);
    }
    ann.sync();
    for round in 0..ROUNDS {
        for channel in channels {
            ann.send(&format!("PRIVMSG {channel} :{round}"));
        }
        ann.send(&format!("PRIVMSG bob :{round}"));
        ann.sync();
        let got = bob.sync();
        assert_eq!(got.len(), channels.len() + 1, "in round {round}: {got:#?}");
        assert!(got.iter().all(|line| line.text() == round.to_string()), "{got:#?}");
    }
}

#[test]
fn joining_and_parting_stand_ahead_of_the_pong_that_others_ask_for_later() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#home", ["ann", "bob"]);
    bob.join("#c");
    for round in 0..ROUNDS {
        ann.ask("JOIN #c");
        assert_eq!(commands(&bob.sync()), ["JOIN"], "in round {round}");
        ann.ask("TOPIC #c :x");
        assert_eq!(commands(&bob.sync()), ["TOPIC"], "in round {round}");
        ann.ask("PART #c");
        assert_eq!(commands(&bob.sync()), ["PART"], "in round {round}");
    }
}

#[test]
fn a_new_nick_is_known_everywhere_once_its_owner_has_a_pong() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let mut stranger = chat.client("stranger");
    for round in 0..ROUNDS {
        let nick = format!("ann{round}");
        ann.ask(&format!("NICK {nick}"));
        assert_eq!(commands(&bob.sync()), ["NICK"], "in round {round}");
        stranger.ask(&format!("PRIVMSG {nick} :{round}"));
        assert_eq!(ann.sync().len(), 1, "in round {round}");
        let names = bob.ask("NAMES #c");
        let mut names: Vec<&str> = names[0].text().split(' ').collect();
        names.sort_unstable();
        assert_eq!(names, [format!("@{nick}").as_str(), "bob"], "in round {round}");
    }
}

#[test]
fn a_quit_is_seen_by_who_asks_after_the_connection_has_ended() {
    let chat = Chat::start();
    let [mut bob] = chat.room("#c", ["bob"]);
    for round in 0..ROUNDS {
        let mut ann = chat.client("ann");
        ann.join("#c");
        assert_eq!(commands(&bob.sync()), ["JOIN"], "in round {round}");
        ann.send("QUIT");
        ann.read_to_end();
        assert_eq!(commands(&bob.sync()), ["QUIT"], "in round {round}");
    }
}

#[test]
fn a_message_to_a_channel_stands_behind_the_join_of_its_sender() {
    let chat = Chat::start();
    let [mut bob] = chat.room("#c", ["bob"]);
    for round in 0..ROUNDS {
        let mut ann = chat.client("ann");
        ann.send_bytes(b"JOIN #c\r\nPRIVMSG #c :hello\r\nPART #c\r\nPRIVMSG bob :bye\r\nQUIT\r\n");
        ann.read_to_end();
        let expected = ["JOIN", "PRIVMSG", "PART", "PRIVMSG"];
        assert_eq!(commands(&bob.sync()), expected, "in round {round}");
    }
}

#[test]
fn who_says_many_lines_at_once_hears_none_of_them_and_all_others_hear_each_once_in_order() {
    let chat = Chat::start();
    let [mut ann, mut bob, mut cat] = chat.room("#c", ["ann", "bob", "cat"]);
    let mut eve = chat.capable("eve", "echo-message server-time");
    eve.join("#c");
    let said = |nick: &str| -> String {
        (0..100).map(|n| format!("PRIVMSG #c :{nick} {n}\r\n")).collect()
    };
    for speaker in [&mut ann, &mut bob, &mut eve] {
        speaker.sync();
    }
    cat.sync();
    ann.send_bytes(said("ann").as_bytes());
    bob.send_bytes(said("bob").as_bytes());
    eve.send_bytes(said("eve").as_bytes());
    let mut heard = [ann.sync(), bob.sync(), eve.sync()];
    // What others said before their PONG may have come after one's own.
    for (lines, client) in heard.iter_mut().zip([&mut ann, &mut bob, &mut eve]) {
        lines.extend(client.sync());
    }
    let [by_ann, by_bob, by_eve] = heard;
    let by_cat = cat.sync();
    for (lines, speakers) in [
        (by_ann, &["bob", "eve"][..]),
        (by_bob, &["ann", "eve"]),
        (by_eve, &["ann", "bob", "eve"]),
        (by_cat, &["ann", "bob", "eve"]),
    ] {
        assert_eq!(lines.len(), 100 * speakers.len(), "{lines:#?}");
        for speaker in speakers {
            let of_speaker = lines.iter().filter(|line| line.nick() == *speaker);
            let expected = (0..100).map(|n| format!("{speaker} {n}"));
            assert!(of_speaker.map(|line| line.text().to_owned()).eq(expected), "{speaker}");
        }
    }
}

#[test]
fn what_is_said_stands_ahead_of_whatever_its_speaker_does_next() {
    let chat = Chat::start();
    let [mut bob] = chat.room("#c", ["bob"]);
    bob.join("#d");
    for round in 0..ROUNDS {
        let mut ann = chat.client("ann");
        ann.send_bytes(
            b"JOIN #c,#d\r\nPRIVMSG #c :1\r\nPRIVMSG #d :2\r\nNOTICE #d :3\r\nTOPIC #d :4\r\n\
            PRIVMSG #d :5\r\nPRIVMSG bob :6\r\nNOTICE #c :7\r\nNICK amy\r\nPRIVMSG #c :8\r\n\
            PART #c\r\nPRIVMSG #d :9\r\nQUIT\r\n",
        );
        ann.read_to_end();
        let expected = [
            "JOIN", "JOIN", "PRIVMSG", "PRIVMSG", "NOTICE", "TOPIC", "PRIVMSG", "PRIVMSG",
            "NOTICE", "NICK", "PRIVMSG", "PART", "PRIVMSG", "QUIT",
        ];
        assert_eq!(commands(&bob.sync()), expected, "in round {round}");
    }
}

#[test]
fn answers_stand_in_the_order_of_their_questions() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#c", ["ann"]);
    let script =
        b"PING :1\r\nNAMES #c\r\nWHO #c\r\nNONSENSE\r\nTOPIC #c\r\nPRIVMSG ann :x\r\nMODE #c\r\n\
        PRIVMSG nobody :x\r\nMODE ann\r\nJOIN #d\r\nNICK eve\r\nPART #d\r\nNICK ann\r\n";
    let expected = [
        "PONG", "353", "366", "352", "315", "421", "331", "PRIVMSG", "324", "329", "401", "221",
        "JOIN", "353", "366", "NICK", "PART", "NICK",
    ];
    for round in 0..ROUNDS {
        ann.send_bytes(script);
        assert_eq!(commands(&ann.sync()), expected, "in round {round}");
    }
}

#[test]
fn many_clients_that_write_at_once_see_the_lines_of_a_channel_in_one_order() {
    let chat = Chat::start();
    let nicks: Vec<String> = (0..10).map(|n| format!("c{n}")).collect();
    let mut clients: Vec<Client> = nicks.iter().map(|nick| chat.client(nick)).collect();
    for client in &mut clients {
        client.join("#c");
    }
    let mut watchers = [chat.client("w1"), chat.client("w2")];
    for watcher in &mut watchers {
        watcher.join("#c");
    }
    for watcher in &mut watchers {
        watcher.sync();
    }
    for round in 0..50 {
        for client in &mut clients {
            client.send(&format!("PRIVMSG #c :{round}"));
        }
    }
    for client in &mut clients {
        client.sync();
    }
    let [first, second] = watchers.each_mut().map(Client::sync);
    assert_eq!(first.len(), 500);
    assert_eq!(first, second);
}
