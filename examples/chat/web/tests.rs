//! Whose pages may connect, and what may stand in a policy.

use super::*;

#[test]
fn a_page_is_our_own_if_it_has_come_from_the_host_it_connects_to() {
    for (origin, host, own) in [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", true),
        ("http://[::1]:8080", "[::1]:8080", true),
        ("https://Chat.example", "chat.example", true),
        ("https://chat.example", "chat.example:443", true),
        ("http://chat.example", "chat.example:80", true),
        ("http://chat.example", "chat.example:443", false),
        ("http://127.0.0.1:8080", "127.0.0.1:8081", false),
        ("http://chat.example.evil.example", "chat.example", false),
        ("http://evil.example", "chat.example", false),
        ("null", "null", false),
        ("file://", "", false),
        ("http://", "", false),
    ] {
        assert_eq!(is_own(origin, host), own, "{origin} {host}");
    }
}

#[test]
fn a_policy_names_the_host_only_if_that_cannot_end_it() {
    assert!(policy(Some("chat.example:8080")).contains(
        "connect-src 'self' ws://chat.example:8080 wss://chat.example:8080; base-uri 'none'"
    ));
    for host in [None, Some(""), Some("a; script-src *"), Some("a b"), Some("a,b"), Some("*")] {
        assert!(policy(host).contains("connect-src 'self'; base-uri"), "{host:?}");
    }
}

#[test]
fn every_file_has_a_name_of_its_own_for_caches() {
    let site = Site::new();
    let tags: std::collections::BTreeSet<&str> = site.0.iter().map(|page| &*page.tag).collect();
    assert_eq!(tags.len(), FILES.len());
}
