//! Limits: how much one client may have, and what it is told beyond that.

use roundsman_tests::irc_client::Client;

use crate::{Chat, assert_answers, commands, only, texts};

#[test]
fn a_password_is_needed_where_there_is_one() {
    let chat = Chat::with(&["--password", "open sesame"]);
    for (pass, lets_in) in [("PASS :open sesame", true), ("PASS wrong", false), ("PING x", false)] {
        let mut ann = chat.connection();
        ann.send(pass);
        ann.introduce("ann");
        let lines = if lets_in { ann.greeting() } else { ann.read_to_end() };
        let codes = commands(&lines);
        assert_eq!(codes.contains(&"001"), lets_in, "{pass}: {codes:?}");
        assert!(lets_in || codes.ends_with(&["464", "ERROR"]), "{pass}: {codes:?}");
        if lets_in {
            assert_answers(&ann.ask("PASS x"), &["462"]);
            ann.send("QUIT");
            ann.read_to_end();
        }
    }
    assert_answers(&chat.connection().ask("PASS"), &["461 PASS"]);
}

#[test]
fn who_comes_when_the_server_is_full_is_told_so() {
    let chat = Chat::with(&["--max-clients", "2"]);
    let _ann = chat.client("ann");
    let mut bob = chat.client("bob");
    let refused = only(chat.connection().read_to_end());
    assert_eq!(refused.as_str(), "ERROR :Closing link (The server is full)");
    bob.send("QUIT");
    bob.read_to_end();
    drop(bob);
    // The server learns of the end of a connection by itself, at some time.
    while Client::call(chat.address).is_none_or(|mut cat| cat.ask_or_end("PING x").is_none()) {}
}

#[test]
fn too_many_connections_from_one_address_are_refused() {
    let chat = Chat::with(&["--max-per-address", "2"]);
    let mut clients = [chat.client("ann"), chat.client("bob")];
    let refused = only(chat.connection().read_to_end());
    assert_eq!(refused.as_str(), "ERROR :Closing link (Too many connections from your address)");
    clients.iter_mut().for_each(|client| assert_eq!(texts(&client.sync()), [""; 0]));
}

#[test]
fn a_client_is_in_no_more_than_100_channels() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    for n in 0..100 {
        ann.send(&format!("JOIN #c{n}"));
    }
    assert_eq!(ann.sync().len(), 300);
    assert_answers(&ann.ask("JOIN #more"), &["405 #more"]);
    ann.ask("PART #c0");
    assert_eq!(commands(&ann.join("#more")), ["JOIN", "353", "366"]);
}

#[test]
fn a_message_goes_to_four_targets_and_no_more() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let lines = ann.ask("PRIVMSG a,b,c,ann,d,e :x");
    assert_answers(&lines, &["401 a", "401 b", "401 c", "PRIVMSG", "407 d"]);
    assert_eq!(commands(&ann.ask("NOTICE a,b,c,ann,d :x")), ["NOTICE"]);
    assert_eq!(ann.ask("NOTICE a,b,c,d,ann :x").len(), 0);
}

#[test]
fn a_thousand_joins_and_parts_in_a_row_leave_nothing_behind() {
    let chat = Chat::start();
    let [mut ann] = chat.room("#home", ["ann"]);
    for n in 0..1000 {
        ann.send_bytes(format!("JOIN #c{}\r\nPART #c{}\r\n", n % 7, n % 7).as_bytes());
    }
    assert_eq!(ann.sync().len(), 4000);
    assert_answers(&ann.ask("LIST"), &["321", "322 #home", "323"]);
}

#[test]
fn whatever_a_client_does_memory_stays_flat() {
    let chat = Chat::start();
    let mut ann = chat.client("ann");
    let mut pester = || {
        for n in 0..1000 {
            ann.send_bytes(format!("JOIN #{n}\r\nPART #{n}\r\n").as_bytes());
        }
        assert_eq!(ann.sync().len(), 4000);
        for piece in [&b"x"[..], b"\0", b"\r\n", b"\xff\n", b"@a=b ", b"PING x\r\n"] {
            let mut rude = chat.connection();
            rude.send_bytes(&piece.repeat(64 * 1024 / piece.len()));
            rude.finish_sending();
            rude.read_to_end();
        }
    };
    // The first stretches fill what the process keeps for later. What leaks does so in each.
    let mut grown = [0; 5];
    let settled = grown.iter_mut().any(|grown| {
        let before = chat.process.resident();
        for _ in 0..4 {
            pester();
        }
        *grown = chat.process.resident().saturating_sub(before);
        *grown < 128 * 1024
    });
    assert!(
        settled,
        "{grown:?} bytes more, after 1.5 MiB of input and 16,000 lines of answers each"
    );
}

#[test]
fn lines_as_long_as_a_bundle_leave_nothing_behind() {
    let chat = Chat::start();
    let mut ann = Client::register_with(chat.address, "ann", "message-tags");
    let mut bob = Client::register_with(chat.address, "bob", "message-tags");
    let line = format!("@+x={} PRIVMSG bob :h\r\n", "y".repeat(4080));
    let before = chat.process.resident();
    // Nobody says anything else meanwhile.
    for _ in 0..40 {
        ann.send_bytes(line.repeat(100).as_bytes());
        assert!((0..100).all(|_| bob.line().is("ann", "PRIVMSG")));
    }
    let grown = chat.process.resident().saturating_sub(before);
    assert!(grown < 8 * 1024 * 1024, "{grown} bytes more, after 16 MB of messages");
}

#[test]
fn what_channels_keep_of_long_messages_has_a_bound() {
    let chat = Chat::start();
    let mut ann = chat.capable("ann", "message-tags");
    let channels: Vec<String> = (0..20).map(|n| format!("#c{n}")).collect();
    ann.ask(&format!("JOIN {}", channels.join(",")));
    let before = chat.process.resident();
    for channel in &channels {
        let line = format!("@+x={} PRIVMSG {channel} :h\r\n", "y".repeat(4080));
        ann.send_bytes(line.repeat(500).as_bytes());
        ann.sync();
    }
    let grown = chat.process.resident().saturating_sub(before);
    assert!(grown < 16 * 1024 * 1024, "{grown} bytes more, after 40 MB to 20 channels");
}

#[test]
fn texts_that_are_too_long_are_cut_and_names_are_refused() {
    let chat = Chat::start();
    let [mut ann, mut bob] = chat.room("#c", ["ann", "bob"]);
    let long = "x".repeat(400);
    ann.ask(&format!("AWAY :{long}"));
    assert_eq!(only(bob.ask("PRIVMSG ann :x")).text().len(), 200);
    ann.sync();
    assert_eq!(only(ann.ask(&format!("KICK #c bob :{long}"))).text().len(), 300);
    assert_answers(&ann.ask(&format!("JOIN #{long}")), &[&format!("403 #{long}")]);
    assert_answers(&ann.ask(&format!("NICK {long}")), &[&format!("432 {long}")]);
    let mut cat = chat.connection();
    cat.send(&format!("NICK cat\r\nUSER cat 0 * :{long}"));
    cat.greeting();
    assert_eq!(cat.ask("WHOIS cat")[0].text().len(), 150);
}
