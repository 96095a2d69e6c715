//! The server in a world of its own, where hours are nothing: silences, time limits, and clients that say anything.
//!
//! The visitors have no sockets: a transport is lines in and lines out, and here both are actors of the test.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use roundsman::Terminated;
use roundsman::prelude::*;
use roundsman::stream::{Item, LineTooLong, Outlet, outlet};
use roundsman_examples::chat::{
    About, Flood, Goodbye, Message as ToServer, Server, Settings, Transport,
};
use roundsman_tests::role::{Role, play};
use roundsman_tests::seeds::{Dice, each_world, world};

/// What a visitor does, and when, counted in seconds from its arrival.
type Script = Vec<(u64, String)>;

/// A line that a visitor was told, and when, in seconds since the world began.
type Heard = (f64, String);

/// A visitor: says what its script says, and notes what it hears.
struct Visitor {
    server: Address<ToServer>,
    script: Script,
    /// Whether it answers PING.
    is_there: bool,
    mouth: Option<Outlet<Result<Bytes, LineTooLong>>>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

enum Message {
    Say(String),
    Told(Item<Bytes>),
}

impl Visitor {
    fn say(&mut self, line: String) {
        if let Some(mouth) = &mut self.mouth {
            // Nobody listens any more to whoever was sent away.
            let _ = mouth.push(Ok(line.into()));
        }
    }
}

impl Actor for Visitor {
    type Message = Message;

    fn started(&mut self, ctx: &mut Context<'_, Self>) -> Outcome {
        let (incoming, mouth) = outlet(1 << 20);
        self.mouth = Some(mouth);
        let outgoing = ctx.inlet(Message::Told);
        let transport = Transport {
            incoming,
            outgoing,
            peer: ctx.path(),
            host: "nowhere".into(),
            secure: false,
            goodbye: Goodbye::default(),
        };
        assert!(self.server.send(ToServer::Connected(transport)).is_ok(), "the server is there");
        for (after, line) in std::mem::take(&mut self.script) {
            ctx.send_after(Duration::from_secs(after), Message::Say(line));
        }
        Ok(())
    }

    fn receive(&mut self, message: Message, ctx: &mut Context<'_, Self>) -> Outcome {
        match message {
            Message::Say(line) => self.say(line),
            Message::Told(lines) => {
                let at = ctx.now().since_start().as_secs_f64();
                for line in str::from_utf8(&lines)?.lines() {
                    if let (true, Some(token)) = (self.is_there, line.strip_prefix("PING ")) {
                        self.say(format!("PONG {token}"));
                    }
                    self.heard.lock().expect("not poisoned").push((at, line.to_owned()));
                    if line.starts_with("ERROR ") {
                        self.mouth.take().expect("it ends once").end();
                    }
                }
            }
        }
        Ok(())
    }
}

/// Has these visitors come at once, waits so long, and returns what each has heard.
fn visit(
    seed: u64,
    settings: Settings,
    visitors: Vec<(bool, Script)>,
    wait: Duration,
) -> Vec<Vec<Heard>> {
    let heard: Vec<_> = visitors.iter().map(|_| Arc::default()).collect();
    let notes = heard.clone();
    play(world(seed, 1), move || {
        Role::new(|ended: Option<Terminated>, ctx| {
            assert!(ended.is_none(), "the server is to go on: {ended:?}");
            ctx.stop();
            Ok(())
        })
        .started(move |ctx| {
            let about = About::new(settings, Duration::from_secs(1_000_000_000));
            let server = ctx.spawn(Server::without_listener(about));
            ctx.watch(&server, Some);
            for ((is_there, script), heard) in visitors.into_iter().zip(notes) {
                ctx.spawn(Visitor { server: server.clone(), script, is_there, mouth: None, heard });
            }
            ctx.send_after(wait, None);
            Ok(())
        })
    })
    .expect("the world does not fail");
    heard
        .into_iter()
        .map(|heard| std::mem::take(&mut *heard.lock().expect("not poisoned")))
        .collect()
}

/// What registers somebody at once, and then says more.
fn registered(nick: &str, more: &[(u64, &str)]) -> Script {
    let hello = [(0, format!("NICK {nick}")), (0, format!("USER {nick} 0 * :{nick}"))];
    hello.into_iter().chain(more.iter().map(|(at, line)| (*at, (*line).to_owned()))).collect()
}

fn position(heard: &[Heard], what: &str) -> Option<f64> {
    heard.iter().find(|(_, line)| line.contains(what)).map(|(at, _)| *at)
}

#[test]
fn who_does_not_register_is_sent_away_after_30_seconds() {
    let silent = Vec::new();
    let half = vec![(0, "NICK ann".to_owned()), (29, "PING x".to_owned())];
    let hour = Duration::from_secs(3600);
    for heard in visit(1, Settings::default(), vec![(true, silent), (true, half)], hour) {
        let (at, last) = heard.last().expect("an ERROR line");
        assert_eq!(last, "ERROR :Closing link (Registration timed out)");
        assert!((30.0..30.1).contains(at), "{at}");
    }
}

#[test]
fn who_is_silent_is_asked_and_cut_off_after_twice_that_and_others_see_it_quit() {
    let settings = Settings { ping: Duration::from_secs(60), ..Settings::default() };
    let gone = registered("gone", &[(0, "JOIN #c")]);
    let here = registered("here", &[(0, "JOIN #c")]);
    let hour = Duration::from_secs(3600);
    let heard = visit(1, settings, vec![(false, gone), (true, here)], hour);
    let asked = position(&heard[0], "PING :chat.example").expect("it is asked");
    assert!((60.0..61.0).contains(&asked), "{asked}");
    let (at, last) = heard[0].last().expect("an ERROR line");
    assert_eq!(last, "ERROR :Closing link (Ping timeout: 120 seconds)");
    assert!((120.0..121.0).contains(at), "{at}");
    let quit = ":gone!gone@nowhere QUIT :Ping timeout: 120 seconds";
    assert_eq!(heard[1].iter().filter(|(_, line)| line == quit).count(), 1);
    assert_eq!(position(&heard[1], "ERROR"), None, "who answers stays");
}

#[test]
fn who_talks_is_not_asked() {
    let settings = Settings { ping: Duration::from_secs(60), ..Settings::default() };
    let lines: Vec<(u64, &str)> = (0..60).map(|n| (n * 59, "PRIVMSG ann :x")).collect();
    let script = registered("ann", &lines);
    let heard = visit(1, settings, vec![(false, script)], Duration::from_secs(3500));
    assert_eq!(position(&heard[0], "PING "), None);
    assert_eq!(position(&heard[0], "ERROR"), None);
}

#[test]
fn a_flood_is_held_to_its_measure_and_nothing_of_it_is_lost() {
    let flood = Some(Flood { lines: 10, period: Duration::from_secs(5) });
    let lines: Vec<String> = (0..30).map(|n| format!("PING {n}")).collect();
    let lines: Vec<(u64, &str)> = lines.iter().map(|line| (100, line.as_str())).collect();
    for (flood, last_at) in [(flood, 110.0), (None, 100.0)] {
        let settings = Settings { flood, ..Settings::default() };
        let script = registered("ann", &lines);
        let heard = visit(1, settings, vec![(true, script)], Duration::from_secs(200));
        let pongs: Vec<_> = heard[0].iter().filter(|(_, line)| line.contains(" PONG ")).collect();
        assert_eq!(pongs.len(), 30);
        assert!((100.0..100.1).contains(&pongs[9].0), "the first ten at once");
        assert!((last_at..last_at + 0.1).contains(&pongs[29].0), "{:?}", pongs[29]);
    }
}

#[test]
fn the_times_of_messages_are_those_of_the_world() {
    let script = vec![
        (0, "CAP REQ server-time".to_owned()),
        (0, "NICK ann".to_owned()),
        (0, "USER ann 0 * :Ann".to_owned()),
        (0, "CAP END".to_owned()),
        (100, "PRIVMSG ann :x".to_owned()),
    ];
    let heard = visit(1, Settings::default(), vec![(true, script)], Duration::from_secs(101));
    let (_, line) = heard[0].last().expect("a message");
    // 1,000,000,100 seconds since 1970.
    assert_eq!(line, "@time=2001-09-09T01:48:20.000Z :ann!ann@nowhere PRIVMSG ann :x");
}

#[test]
fn who_comes_to_many_is_told_together_but_never_behind_a_pong_or_what_is_said() {
    const ASK: &str = "CAP REQ :labeled-response batch";
    let mut visitors = vec![
        (true, registered("ann", &[(20, "JOIN #c")])),
        (true, registered("bob", &[(30, "JOIN #c"), (30, "PING x")])),
        (true, registered("cat", &[(40, "JOIN #c"), (40, "PRIVMSG #c :hi")])),
        (true, registered("dan", &[(5, "JOIN #c"), (9, "PRIVMSG #c :hi")])),
        (true, registered("eve", &[(4, ASK), (50, "JOIN #c"), (50, "@label=y PING x")])),
        (
            true,
            registered("gil", &[(4, "OPER root secret"), (55, "JOIN #c"), (55, "KILL v0 :bye")]),
        ),
    ];
    let killed = visitors.len();
    visitors.extend((0..100).map(|n| (true, registered(&format!("v{n}"), &[(1, "JOIN #c")]))));
    let mut settings = Settings::default();
    settings.set("oper", "root:secret").expect("an operator");
    let heard = visit(1, settings, visitors, Duration::from_secs(60));
    let told = |who: usize, nick: &str| {
        let line = format!(":{nick}!{nick}@nowhere JOIN #c");
        position(&heard[who], &line).expect("everybody hears of everybody")
    };
    for other in killed..heard.len() {
        // The last news was told to 100: 50 µs for each.
        let (own, others) = (told(0, "ann"), told(other, "ann"));
        assert!((0.004..0.006).contains(&(others - own)), "{own}, and {others}");
        // A PONG does not wait, and says that everybody knows.
        let pong = position(&heard[1], " PONG ").expect("it is answered");
        assert!((told(other, "bob") - pong).abs() < 0.001);
        // Nor does what is said; so what happened before is told before it.
        let lines = heard[other].iter().map(|(_, line)| line.as_str());
        let last: Vec<&str> = lines.skip_while(|line| !line.contains(":cat!")).take(2).collect();
        assert_eq!(last, [":cat!cat@nowhere JOIN #c", ":cat!cat@nowhere PRIVMSG #c :hi"]);
        assert!(told(other, "cat") < 40.001);
        let pong = position(&heard[4], "@label=y :chat.example PONG ").expect("it is answered");
        assert!((told(other, "eve") - pong).abs() < 0.001);
    }
    // Whoever is sent away hears before it what happened before.
    let lines: Vec<&str> = heard[killed].iter().rev().map(|(_, line)| line.as_str()).collect();
    assert!(lines[0].starts_with("ERROR :Closing link (Killed"), "{}", lines[0]);
    assert!(lines[1..3].contains(&":gil!gil@nowhere JOIN #c"), "{lines:?}");
}

/// What clients say: `{n}` stands for a nick, `{c}` for a channel.
const LINES: [&str; 58] = [
    "JOIN {c}",
    "JOIN {c},{c} key",
    "PART {c} :bye",
    "PRIVMSG {c} :hello",
    "PRIVMSG {n} :hello",
    "NICK {n}",
    "MODE {c} +o {n}",
    "MODE {c} -o {n}",
    "MODE {c} +v-i {n}",
    "MODE {c} +b {n}!*@*",
    "MODE {c} -b {n}!*@*",
    "MODE {c} +imnst-imnst",
    "MODE {c} +kl key 3",
    "MODE {c} -kl key",
    "MODE {n} +iwB",
    "KICK {c} {n},{n} :out",
    "INVITE {n} {c}",
    "TOPIC {c} :about {n}",
    "TOPIC {c}",
    "NAMES {c}",
    "NAMES",
    "LIST",
    "WHO {c}",
    "WHO *",
    "WHO {n} %tcuhnfar,1",
    "WHOIS {n}",
    "WHOWAS {n}",
    "AWAY :out",
    "AWAY",
    "SETNAME :{n}",
    "LUSERS",
    "MONITOR + {n},{n}",
    "MONITOR S",
    "MONITOR C",
    "OPER root secret",
    "KILL {n} :because",
    "WALLOPS :{n}",
    "JOIN 0",
    "VERSION",
    "CAP REQ :labeled-response batch echo-message message-tags",
    "CAP REQ -batch",
    "CAP LS",
    "@label=1;+x=y PRIVMSG {c} :hi",
    "@label=2 JOIN {c}",
    "TAGMSG {c}",
    "USER x 0 * :x",
    "HELP",
    "CHATHISTORY LATEST {c} * 10",
    "@label=3 CHATHISTORY LATEST {c} * 3",
    "ISON {n} {n}",
    "USERHOST {n}",
    "QUIT :{n}",
    "NONSENSE {c}",
    "MODE",
    "PRIVMSG",
    "INFO",
    "TIME",
    "LINKS",
];

/// A line that means something, mostly.
fn anything(dice: &mut Dice) -> String {
    let nick = |dice: &mut Dice| format!("n{}", dice.below(8));
    let channel = |dice: &mut Dice| format!("#{}", dice.pick(&["a", "B", "b", "c"]));
    let command = dice.pick(&LINES);
    let mut line = String::new();
    for part in command.split_inclusive('}') {
        let (text, hole) = part.split_once('{').unwrap_or((part, ""));
        line.push_str(text);
        match hole {
            "n}" => line.push_str(&nick(dice)),
            "c}" => line.push_str(&channel(dice)),
            other => line.push_str(other),
        }
    }
    line
}

#[test]
fn whatever_many_clients_say_nobody_fails_and_the_counts_are_right_at_the_end() {
    each_world(40, [1], |seed, _| {
        let mut dice = Dice::new(seed);
        let settings = Settings::default();
        let mut settings = Settings { ping: Duration::from_secs(600), ..settings };
        settings.set("oper", "root:secret").expect("an operator");
        let visitors: Vec<(bool, Script)> = (0..8)
            .map(|n| {
                let mut script = registered(&format!("n{n}"), &[]);
                script.extend((0..200).map(|at| (at / 4, anything(&mut dice))));
                // Whoever is still there leaves all channels but for the first, who counts.
                script.push((100, "JOIN 0".to_owned()));
                (true, script)
            })
            .chain([(
                true,
                registered("witness", &[(110, "LUSERS"), (110, "LIST"), (111, "QUIT")]),
            )])
            .collect();
        let heard = visit(seed, settings, visitors, Duration::from_secs(200));
        for (_, line) in heard.iter().flatten() {
            assert!(!line.contains("Internal error"), "{line}");
        }
        let witness = heard.last().expect("the witness");
        let Some(census) = witness.iter().rfind(|(_, line)| line.contains(" 265 ")) else {
            // It was killed.
            return;
        };
        let here =
            heard.iter().filter(|heard| position(heard, "ERROR").is_none_or(|at| at > 110.5));
        let count = here.count();
        assert!(
            census.1.contains(&format!(" 265 witness {count} ")),
            "{count} are here: {census:?}"
        );
        assert_eq!(position(witness, " 322 "), None, "a channel without members");
    });
}
