//! The page in a browser: pages and a client over TCP in one channel, what somebody types, a server that comes back, the
//! keyboard, and what a page owes to whoever cannot see it.

use std::path::PathBuf;

use roundsman_tests::browser::{Browser, Page, Screen, key};
use roundsman_tests::irc_client::Client;
use serde_json::Value;

use crate::Chat;

/// What a line of the log shows, from the last on: `line(1)` is the last.
fn line(from_end: usize) -> String {
    format!("[...document.querySelectorAll('#lines .line')].at(-{from_end})")
}

/// Whether the log shows a line with this text.
fn shows(text: &str) -> String {
    let text = Value::from(text);
    format!(
        "[...document.querySelectorAll('#lines .words')].some((it) => it.textContent.includes({text}))"
    )
}

/// Whether this channel is the one that is shown.
fn is_in(channel: &str) -> String {
    format!("document.querySelector('#room-name').textContent === '{channel}'")
}

/// A page in which `nick` has come in.
fn enters(browser: &Browser, chat: &Chat, screen: Screen, nick: &str) -> Page {
    let page = browser.open(&chat.url(), screen);
    enter(&page, nick);
    page
}

/// A client over TCP in the channel of the pages.
fn cat(chat: &Chat) -> Client {
    let mut cat = chat.client("cat");
    cat.join("#lobby");
    cat
}

/// Comes in as `nick`, and waits until the channel is there.
fn enter(page: &Page, nick: &str) {
    page.wait("document.activeElement.id === 'nick'");
    page.type_text(nick);
    page.press(&[key::ENTER]);
    page.wait(&is_in("#lobby"));
    page.wait("document.querySelector('#app').dataset.state === 'online'");
    page.wait(&format!("document.querySelector('#member-list [data-nick={nick}]')"));
}

/// Says something, as somebody who types.
fn say(page: &Page, text: &str) {
    page.type_text(text);
    page.press(&[key::ENTER]);
}

/// Keeps a picture for whoever wants to see it.
fn picture(page: &Page, name: &str) {
    page.picture(&PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("chat-{name}.png")));
}

#[test]
fn two_pages_and_a_client_over_tcp_see_all_that_is_said_in_their_channel() {
    let Some(browser) = Browser::start() else { return };
    let chat = Chat::start();
    let mut cat = cat(&chat);
    let [ann, bob] = ["ann", "bob"].map(|nick| enters(&browser, &chat, Screen::Desk, nick));
    cat.read_to(|line| line.is("bob", "JOIN"));
    say(&ann, "hello from ann");
    assert_eq!(
        cat.read_to(|line| line.command == "PRIVMSG").pop().expect("a line").text(),
        "hello from ann"
    );
    say(&bob, "hello from bob – grüße 🦀");
    cat.read_to(|line| line.text() == "hello from bob – grüße 🦀");
    cat.ask("PRIVMSG #lobby :hello from cat");
    cat.ask("PRIVMSG #lobby :\u{1}ACTION waves\u{1}");
    for page in [&ann, &bob] {
        for text in ["hello from ann", "hello from bob – grüße 🦀", "hello from cat", "waves"]
        {
            page.wait(&shows(text));
        }
        let members = "[...document.querySelectorAll('#member-list .name')].map((it) => it.textContent).join()";
        page.wait(&format!("{members} === 'cat,ann,bob'"));
    }

    // Who is meant sees it marked; nobody else does.
    cat.ask(
        "PRIVMSG #lobby :bob: have a look at https://example.org/a_(b), please. Bobby may wait",
    );
    bob.wait(&shows("have a look"));
    assert_eq!(bob.text(&format!("{}.querySelector('mark').textContent", line(1))), "bob");
    assert_eq!(bob.look(&format!("{}.querySelectorAll('mark').length", line(1))), 1);
    assert_eq!(bob.look(&format!("{}.classList.contains('mention')", line(1))), true);
    let link = format!("{}.querySelector('a')", line(1));
    assert_eq!(bob.text(&format!("{link}.href")), "https://example.org/a_(b)");
    assert_eq!(
        bob.text(&format!("{link}.rel + ' ' + {link}.target")),
        "noopener noreferrer _blank"
    );
    ann.wait(&shows("have a look"));
    assert_eq!(ann.look(&format!("{}.classList.contains('mention')", line(1))), false);

    // Said to one alone: it has its own place, and a number in the title until it is looked at.
    cat.ask("PRIVMSG ann :between us");
    ann.wait("document.title.startsWith('(1) ')");
    ann.wait("document.querySelector('[data-room=cat] .count.mentions').textContent === '1'");
    picture(&ann, "light");
    ann.prefer("dark");
    picture(&ann, "dark");
    ann.press(&[key::ALT, 'a']);
    ann.wait(&shows("between us"));
    ann.wait("!document.title.startsWith('(')");
    assert_eq!(bob.look(&shows("between us")), false);
    assert_eq!(ann.said(), [""; 0]);
}

#[test]
fn whoever_joins_later_sees_what_was_said_before_and_more_of_it_further_up() {
    let Some(browser) = Browser::start() else { return };
    let chat = Chat::start();
    let mut cat = cat(&chat);
    for nth in 1..=250 {
        cat.send(&format!("PRIVMSG #lobby :line {nth}."));
    }
    cat.sync();
    let page = enters(&browser, &chat, Screen::Desk, "ann");
    page.wait(&shows("line 250."));
    page.wait(&shows("line 151."));
    assert_eq!(page.look(&shows("line 150.")), false);
    for oldest in ["line 51.", "line 1."] {
        page.run("document.querySelector('#log').scrollTop = 0");
        page.wait(&shows(oldest));
    }
    let numbers = "[...document.querySelectorAll('#lines .said .words')].map((it) => parseInt(it.textContent.slice(5)))";
    assert_eq!(
        page.look(&format!("{numbers}.every((it, at) => it === at + 1)")),
        true,
        "in order, and each once"
    );
}

#[test]
fn what_somebody_types_is_text_and_nothing_of_it_runs() {
    const MARKUP: [&str; 4] = [
        "<img src=x onerror=\"window.hacked = 1\">",
        "<script>window.hacked = 1</script>",
        "<a href=\"javascript:window.hacked = 1\">click</a> javascript:window.hacked=1",
        "https://example.org/\"onmouseover=\"window.hacked=1",
    ];
    let Some(browser) = Browser::start() else { return };
    let chat = Chat::start();
    let page = enters(&browser, &chat, Screen::Desk, "ann");
    let mut cat = cat(&chat);
    for text in MARKUP {
        cat.ask(&format!("PRIVMSG #lobby :{text}"));
        page.wait(&shows(text));
        say(&page, text);
    }
    cat.ask(&format!("JOIN #{}", "<img/src=x/onerror=window.hacked=1>"));
    cat.ask(&format!("INVITE ann #{}", "<img/src=x/onerror=window.hacked=1>"));
    cat.ask(&format!("AWAY :{}", MARKUP[0]));
    say(&page, &format!("/topic {}", MARKUP[0]));
    let topic = Value::from(MARKUP[0]);
    page.wait(&format!("document.querySelector('#room-topic').textContent === {topic}"));
    page.press(&[key::CONTROL, 'k']);
    page.wait("document.querySelectorAll('#channel-results .result').length === 2");
    page.press(&[key::ESCAPE]);
    cat.ask(&format!("PART #lobby :{}", MARKUP[1]));
    page.wait(&shows("cat left (<script>"));
    // Nothing has become an element but the links, and those lead to the web.
    let elements = "#lines :is(img, script, iframe, form, object, style), dialog li img";
    assert_eq!(page.look(&format!("document.querySelectorAll('{elements}').length")), 0);
    let links =
        "[...document.querySelectorAll('#lines a')].every((it) => it.protocol === 'https:')";
    assert_eq!(page.look(links), true);
    assert_eq!(page.look("'hacked' in window"), false);
    // Nor has the policy had to keep anything from happening.
    assert_eq!(page.said(), [""; 0]);
}

#[test]
fn when_the_server_ends_and_begins_anew_the_pages_come_back_by_themselves() {
    let Some(browser) = Browser::start() else { return };
    let chat = Chat::start();
    let [ann, bob] = ["ann", "bob"].map(|nick| enters(&browser, &chat, Screen::Desk, nick));
    say(&ann, "/join #second");
    ann.wait(&is_in("#second"));
    say(&ann, "before");
    ann.wait(&shows("before"));
    let web = chat.web.to_string();
    // Killed, without a word.
    drop(chat);
    for page in [&ann, &bob] {
        page.wait("!document.querySelector('#banner').hidden");
        page.wait("document.querySelector('#app').dataset.state === 'waiting'");
        page.wait("document.querySelectorAll('#member-list li').length === 0");
    }
    // What is typed meanwhile is not lost.
    say(&ann, "meanwhile");
    assert_eq!(ann.text("document.querySelector('#entry').value"), "meanwhile");
    let chat = Chat::at(&web, &[]);
    for page in [&ann, &bob] {
        page.wait("document.querySelector('#app').dataset.state === 'online'");
        page.wait("document.querySelector('#banner').hidden");
        page.wait("document.querySelectorAll('.room-button.left').length === 0");
    }
    ann.press(&[key::ENTER]);
    ann.wait(&shows("meanwhile"));
    assert_eq!(ann.look(&shows("before")), true, "what was seen before is still there");
    let mut cat = chat.client("cat");
    let names = cat.join("#lobby");
    let names: Vec<&str> =
        names.iter().filter(|line| line.command == "353").map(|it| it.text()).collect();
    for nick in ["ann", "bob"] {
        assert!(names.iter().any(|line| line.contains(nick)), "{names:?}");
    }
    cat.ask("PRIVMSG #lobby :welcome back");
    bob.wait(&shows("welcome back"));
}

#[test]
fn a_page_that_comes_back_gets_all_that_it_has_missed_however_little_may_wait_for_it() {
    let Some(browser) = Browser::start() else { return };
    let chat = Chat::with(&["--sendq", "65536", "--oper", "cat:secret"]);
    let page = enters(&browser, &chat, Screen::Desk, "ann");
    let mut cat = cat(&chat);
    cat.ask("OPER cat secret");
    cat.ask("PRIVMSG #lobby :line 0.");
    page.wait(&shows("line 0."));
    cat.send("KILL ann :come back");
    let text = "x".repeat(400);
    for nth in 1..=350 {
        cat.send(&format!("PRIVMSG #lobby :line {nth}. {text}"));
    }
    cat.sync();
    for oldest in ["line 350.", "line 1."] {
        page.wait(&shows(oldest));
    }
    let numbers = "[...document.querySelectorAll('#lines .said .words')].map((it) => parseInt(it.textContent.slice(5)))";
    assert_eq!(
        page.look(&format!("{numbers}.every((it, at) => it === at)")),
        true,
        "in order, and each once"
    );
    assert_eq!(page.look(&shows("SendQ exceeded")), false);
    assert_eq!(page.said(), [""; 0]);
}

#[test]
fn everything_can_be_done_with_the_keyboard() {
    let Some(browser) = Browser::start() else { return };
    let chat = Chat::start();
    let mut cat = chat.client("catherine");
    cat.join("#lobby");
    let page = browser.open(&chat.url(), Screen::Desk);
    page.wait("document.activeElement.id === 'nick'");
    page.type_text("no name");
    page.press(&[key::ENTER]);
    page.wait("document.querySelector('#welcome-error').textContent !== ''");
    page.press(&[key::CONTROL, 'a']);
    page.type_text("catherine");
    page.press(&[key::ENTER]);
    page.wait("document.querySelector('#welcome-error').textContent.includes('is taken')");
    assert_eq!(page.text("document.activeElement.id"), "nick");
    page.press(&[key::CONTROL, 'a']);
    enter(&page, "ann");

    // Completed, and sent.
    page.type_text("ca");
    page.press(&[key::TAB]);
    assert_eq!(page.text("document.querySelector('#entry').value"), "catherine: ");
    say(&page, "there you are");
    cat.read_to(|line| line.text() == "catherine: there you are");
    // What was sent comes back.
    page.wait(&shows("there you are"));
    page.press(&[key::UP]);
    assert_eq!(page.text("document.querySelector('#entry').value"), "catherine: there you are");
    page.press(&[key::DOWN]);
    assert_eq!(page.text("document.querySelector('#entry').value"), "");

    // A channel that is not there yet.
    page.press(&[key::CONTROL, 'k']);
    page.wait("document.querySelector('#channels').open && document.activeElement.id === 'channel-search'");
    page.type_text("new");
    page.wait("document.querySelector('#channel-results .result').textContent.includes('#new')");
    page.press(&[key::ENTER]);
    page.wait("document.querySelector('#room-name').textContent === '#new' && document.activeElement.id === 'entry'");
    page.press(&[key::ALT, key::UP]);
    page.wait(&is_in("#lobby"));
    page.press(&[key::ALT, key::DOWN]);
    page.wait(&is_in("#new"));

    // Help comes and goes, and the focus is where it was.
    page.press(&[key::CONTROL, '/']);
    page.wait("document.querySelector('#help').open");
    page.press(&[key::ESCAPE]);
    page.wait("!document.querySelector('#help').open && document.activeElement.id === 'entry'");

    // Tab goes through everything, and nothing keeps it.
    let here =
        "document.activeElement.id || Object.values(document.activeElement.dataset)[0] || ''";
    let mut seen = Vec::new();
    for _ in 0..30 {
        page.press(&[key::TAB]);
        seen.push(page.text(here));
    }
    for id in ["browse", "#lobby", "#new", "me", "theme", "show-help", "edit-topic", "leave", "log"]
    {
        assert!(seen.iter().any(|it| it == id), "{id} in {seen:?}");
    }
    // One leaves as one has come.
    page.run("document.querySelector('#entry').focus()");
    say(&page, "/quit");
    page.wait("document.querySelector('#welcome').open && document.activeElement.id === 'nick'");
    cat.read_to(|line| line.is("ann", "QUIT"));
}

/// What a page owes to whoever has it read aloud: names for everything, once each, and texts that can be told from what is
/// behind them (WCAG 2.2: 1.1.1, 1.4.3, 2.4.2, 3.1.1, 4.1.2). It returns what is wrong.
const COMPLAINTS: &str = r#"(() => {
  const found = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const visible = (it) => it.checkVisibility({ visibilityProperty: true });
  if (!document.documentElement.lang) found.push("no language");
  if (!document.title) found.push("no title");
  if (all("h1").length !== 1 || all("main").length !== 1) found.push("not one heading and one main part");
  for (const it of all("[id]")) if (all(`#${CSS.escape(it.id)}`).length > 1) found.push(`twice: ${it.id}`);
  for (const it of all("img")) if (!it.hasAttribute("alt")) found.push(`no text: ${it.outerHTML}`);
  for (const it of all("input, textarea, select")) if (it.labels.length === 0) found.push(`no label: ${it.id}`);
  for (const it of all("button, a")) {
    if (!(it.getAttribute("aria-label") ?? it.textContent).trim()) found.push(`no name: ${it.outerHTML}`);
  }
  for (const it of all("[aria-labelledby], [aria-describedby], [aria-controls], label[for]")) {
    for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
      const id = it.getAttribute(name);
      if (id !== null && document.getElementById(id) === null) found.push(`nothing has the id ${id}`);
    }
  }
  for (const it of all("dialog, nav, aside, [role=log]")) {
    if (!it.hasAttribute("aria-label") && !it.hasAttribute("aria-labelledby")) found.push(`no name: ${it.id}`);
  }
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const over = (top, below) => [0, 1, 2].map((at) => (top[at] * top[3] + below[at] * (255 - top[3])) / 255);
  const behind = (it) => {
    const layers = [];
    for (let at = it; at; at = at.parentElement) layers.unshift(rgba(getComputedStyle(at).backgroundColor));
    return layers.reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const light = (colour) => {
    const parts = colour.map((it) => it / 255).map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  for (const it of all("body *:not(script, noscript, svg, svg *)")) {
    const own = [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !visible(it) || it.closest(".unseen, .skip, [disabled]") || getComputedStyle(it).opacity === "0") continue;
    const [one, other] = [light(over(rgba(getComputedStyle(it).color), behind(it))), light(behind(it))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${it.className || it.id || it.tagName} ${it.textContent.slice(0, 30)}`);
  }
  return found;
})()"#;

#[test]
fn everything_has_a_name_and_every_text_can_be_read_dark_and_light() {
    let Some(browser) = Browser::start() else { return };
    let chat = Chat::start();
    let page = browser.open(&chat.url(), Screen::Desk);
    let check = |what: &str| {
        for scheme in ["light", "dark"] {
            page.prefer(scheme);
            assert_eq!(page.look(COMPLAINTS), Value::Array(Vec::new()), "{what}, {scheme}");
        }
    };
    page.wait("document.querySelector('#welcome').open");
    check("the prompt");
    enter(&page, "ann");
    // Names enough for every colour, with and without a voice, here and away.
    let mut others: Vec<_> =
        ["bob", "cat", "dan", "eve", "fay", "gus", "hal", "ida", "jim", "kim", "lee", "mia"]
            .map(|nick| chat.client(nick))
            .into();
    for (nth, client) in others.iter_mut().enumerate() {
        client.join("#lobby");
        client.ask(&format!("PRIVMSG #lobby :number {nth}, ann: see https://example.org/"));
        client.ask(&format!("PRIVMSG #lobby :number {nth} \u{2}once\u{2} more"));
    }
    others[0].ask("AWAY :gone");
    others[1].ask("NOTICE #lobby :a notice");
    others[2].ask("PRIVMSG ann :psst");
    say(&page, "/topic What a topic");
    say(&page, "/mode +v cat");
    say(&page, "/nonsense");
    page.wait(
        "document.querySelector('.member.away') && document.querySelector('.count.mentions')",
    );
    page.wait("document.querySelectorAll('#lines .error').length === 1");
    check("a channel");
    let log = "document.querySelector('#log')";
    assert_eq!(page.text(&format!("{log}.getAttribute('role')")), "log");
    page.wait(&format!("{log}.getAttribute('aria-live') === 'polite'"));
    assert_eq!(page.text("document.querySelector('[aria-current]').dataset.room"), "#lobby");
    page.press(&[key::CONTROL, 'k']);
    page.wait("document.querySelectorAll('#channel-results .result').length === 1");
    check("the channels");
    page.press(&[key::ESCAPE]);
    page.press(&[key::CONTROL, '/']);
    check("help");
    page.press(&[key::ESCAPE]);
    page.run("document.querySelector('#member-list [data-nick=bob]').click()");
    page.wait("document.querySelector('#person').open");
    check("somebody's card");
    assert_eq!(page.said(), [""; 0]);
}

#[test]
fn a_burst_of_5000_lines_leaves_the_page_small_and_at_its_end() {
    let Some(browser) = Browser::start() else { return };
    let chat = Chat::start();
    let page = enters(&browser, &chat, Screen::Desk, "ann");
    let mut cat = cat(&chat);
    for from in (1..=5_000).step_by(500) {
        let lines: Vec<String> =
            (from..from + 500).map(|nth| format!("PRIVMSG #lobby :line {nth}.\r\n")).collect();
        cat.send_bytes(lines.concat().as_bytes());
        cat.sync();
    }
    page.wait(&shows("line 5000."));
    assert_eq!(page.look("document.querySelectorAll('#lines > *').length"), 1_000);
    let box_of = "(({ scrollTop, scrollHeight, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2)(document.querySelector('#log'))";
    assert_eq!(page.look(box_of), true);
    assert_eq!(page.look(&shows("line 4001.")), true);

    // Whoever reads further up stays there, whatever comes.
    page.run("document.querySelector('#log').scrollTop -= 3_000");
    page.wait("!document.querySelector('#latest').hidden");
    let top = "(() => { const log = document.querySelector('#log').getBoundingClientRect(); \
        return document.elementFromPoint(log.left + 200, log.top + 100).closest('.entry').textContent; })()";
    let before = page.text(top);
    let lines: Vec<String> =
        (1..=100).map(|nth| format!("PRIVMSG #lobby :new {nth}.\r\n")).collect();
    cat.send_bytes(lines.concat().as_bytes());
    page.wait(&shows("new 100."));
    assert_eq!(page.look("document.querySelectorAll('#lines > *').length"), 1_000);
    assert_eq!(page.text(top), before);
    page.press(&[key::ESCAPE]);
    page.wait(box_of);
}

#[test]
fn on_a_phone_the_sides_slide_in_and_nothing_is_wider_than_the_screen() {
    let Some(browser) = Browser::start() else { return };
    let chat = Chat::start();
    let page = enters(&browser, &chat, Screen::Phone, "ann");
    let mut cat = cat(&chat);
    cat.ask(&format!("PRIVMSG #lobby :a long word {}", "x".repeat(200)));
    page.wait(&shows("a long word"));
    assert_eq!(page.look("document.documentElement.scrollWidth"), 390);
    assert_eq!(page.look("document.querySelector('#log').scrollWidth <= 390"), true);
    for (side, inside) in [("rooms", "#browse"), ("members", "#member-list button")] {
        let shown = format!(
            "document.querySelector('#{side}').checkVisibility({{ visibilityProperty: true }})"
        );
        assert_eq!(page.look(&shown), false, "{side}");
        page.run(&format!("document.querySelector('#show-{side}').click()"));
        page.wait(&format!(
            "{shown} && document.activeElement === document.querySelector('{inside}')"
        ));
        page.press(&[key::ESCAPE]);
        page.wait(&format!("!{shown} && document.activeElement.id === 'entry'"));
    }
    let touch = "[...document.querySelectorAll('.head .tool')].every((it) => it.hidden || it.offsetWidth >= 44)";
    assert_eq!(page.look(touch), true, "a finger finds every button");
    picture(&page, "phone");
}
