//! The page and its files: types, policies, caches, and what is refused.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use roundsman_tests::websocket_peer::{WebSocketPeer, header};

use crate::Chat;

/// The head and the body of an answer.
struct Answer {
    head: String,
    body: String,
}

impl Answer {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    #[track_caller]
    fn header(&self, name: &str) -> &str {
        header(&self.head, name).unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }
}

/// Asks for something over a connection that stays.
fn ask(peer: &mut WebSocketPeer, line: &str, lines: &str) -> Answer {
    peer.send_raw(format!("{line} HTTP/1.1\r\nHost: chat.test:8080\r\n{lines}\r\n").as_bytes());
    let head = peer.read_head();
    let length: usize =
        header(&head, "content-length").map_or(0, |it| it.parse().expect("a number"));
    let length = if line.starts_with("HEAD") { 0 } else { length };
    let body = (0..length).map(|_| peer.read_raw::<1>()[0]).collect();
    Answer { head, body: String::from_utf8(body).expect("all files are text") }
}

fn get(server: SocketAddr, path: &str) -> Answer {
    ask(&mut WebSocketPeer::connect(server), &format!("GET {path}"), "")
}

/// What stands between `before` and the next quote, wherever it does.
fn quoted<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

/// Every file of the page, found as a browser finds them: in the page, and from there on.
fn files(server: SocketAddr) -> Vec<(String, Answer)> {
    let mut wanted = vec!["/".to_owned()];
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    while let Some(path) = wanted.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = get(server, &path);
        for start in ["src=\"/", "href=\"/", "from \"./"] {
            wanted.extend(quoted(&answer.body, start).map(|name| format!("/{name}")));
        }
        found.push((path, answer));
    }
    found
}

#[test]
fn the_page_and_all_that_it_names_is_there_and_has_its_type() {
    let chat = Chat::start();
    let files = files(chat.web);
    assert!(files.len() > 10, "{}", files.len());
    for (path, answer) in files {
        let kind = match path.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!((answer.status(), answer.header("content-type")), ("200", kind), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_has_nothing_inline() {
    let chat = Chat::start();
    for (path, Answer { body, .. }) in files(chat.web) {
        let elsewhere = body.match_indices("://").filter(|(at, _)| {
            let (before, after) = (&body[..*at], &body[at + 3..]);
            // Names, not addresses: of a namespace, in a comment, and of what counts as a link.
            !(after.starts_with("www.w3.org/")
                || after.starts_with("host/")
                || before.ends_with("https?"))
        });
        assert_eq!(elsewhere.count(), 0, "{path}");
        for word in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("]
        {
            assert!(!body.contains(word), "{word} in {path}");
        }
        if path == "/" {
            for word in ["<style", " style=", "<script>", "javascript:", " onclick=", " onload="] {
                assert!(!body.contains(word), "{word} in the page");
            }
        }
    }
}

#[test]
fn every_answer_has_the_policy_whatever_its_status() {
    let chat = Chat::start();
    for (line, status) in [
        ("GET /", "200"),
        ("GET /chat.css", "200"),
        ("GET /nothing", "404"),
        ("POST /", "405"),
        ("GET /irc", "426"),
    ] {
        let answer = ask(&mut WebSocketPeer::connect(chat.web), line, "");
        assert_eq!(answer.status(), status, "{line}");
        let policy = answer.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self' ws://chat.test:8080 wss://chat.test:8080",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|it| it == rule), "{rule} in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

#[test]
fn head_is_answered_as_get_is_and_without_the_body() {
    let chat = Chat::start();
    let mut peer = WebSocketPeer::connect(chat.web);
    let head = ask(&mut peer, "HEAD /chat.css", "").head;
    // Over the same connection: had a body come, it would stand in front of this.
    let get = ask(&mut peer, "GET /chat.css", "");
    assert_eq!(head, get.head);
    assert_eq!(get.header("content-length"), get.body.len().to_string());
}

#[test]
fn a_file_that_is_known_is_not_sent_again() {
    let chat = Chat::start();
    let mut peer = WebSocketPeer::connect(chat.web);
    let first = ask(&mut peer, "GET /main.js", "");
    assert_eq!(first.header("cache-control"), "no-cache");
    let tag = first.header("etag");
    for tags in [tag.to_owned(), format!("\"other\", {tag}"), format!("W/{tag}")] {
        let again = ask(&mut peer, "GET /main.js", &format!("If-None-Match: {tags}\r\n"));
        assert_eq!((again.status(), &*again.body), ("304", ""), "{tags}");
        assert_eq!(again.header("etag"), tag);
    }
    let other = ask(&mut peer, "GET /main.js", "If-None-Match: \"other\"\r\n");
    assert_eq!((other.status(), &other.body), ("200", &first.body));
}

#[test]
fn another_method_is_405_and_told_which_are_allowed() {
    let chat = Chat::start();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
        let answer = ask(&mut WebSocketPeer::connect(chat.web), &format!("{method} /"), "");
        assert_eq!((answer.status(), answer.header("allow")), ("405", "GET, HEAD"), "{method}");
    }
}

#[test]
fn a_path_is_a_name_and_leads_to_no_file_of_the_machine() {
    let chat = Chat::start();
    for path in [
        "/index.html",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "//",
        "/web/main.js",
        "/main.js/",
        "*",
    ] {
        assert_eq!(get(chat.web, path).status(), "404", "{path}");
    }
    assert_eq!(get(chat.web, "/?from=a-link").status(), "200");
}

#[test]
fn irc_without_an_upgrade_is_426() {
    let chat = Chat::start();
    let answer = get(chat.web, "/irc");
    assert_eq!((answer.status(), answer.header("upgrade")), ("426", "websocket"));
}
