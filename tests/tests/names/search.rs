//! Search domains, and names that only the hosts file has: in a process that has files and a network of its own.

use std::process::Command;

use roundsman::dns;
use roundsman_tests::again;
use roundsman_tests::folder::Folder;
use roundsman_tests::missing::is_there;
use roundsman_tests::name_server::Dnsmasq;

use super::lookups::{found, getent, real};

const NAME: &str =
    "search::names_of_the_hosts_file_and_of_search_domains_are_found_as_the_system_finds_them";

/// Goes on in namespaces of its own, where `resolv.conf` and `hosts` are the test's.
const SETUP: &str = r#"
exec unshare --user --map-root-user --mount --net sh -c '
    ip link set lo up && mount --bind "$TEST_RESOLV" /etc/resolv.conf &&
    mount --bind "$TEST_HOSTS" /etc/hosts && exec "$@"' sh "$@"
"#;

#[test]
fn names_of_the_hosts_file_and_of_search_domains_are_found_as_the_system_finds_them() {
    if again::is_child() {
        return compare();
    }
    let what = "hosts file and search domains were not compared with the system's own tool";
    let tools = ["getent", "unshare", "ip", "dnsmasq"];
    if !tools.iter().all(|tool| is_there(tool, what)) || !may_unshare(what) {
        return;
    }
    let folder = Folder::new();
    let resolv = folder.with("resolv.conf", "nameserver 127.0.0.1\nsearch no.test test\n");
    let hosts = folder.with("hosts", "127.0.0.1 localhost\n10.7.7.7 only-in-hosts\n");
    let paths = [resolv, hosts].map(|path| path.to_string_lossy().into_owned());
    again::run(NAME, SETUP, &[("TEST_RESOLV", &paths[0]), ("TEST_HOSTS", &paths[1])]);
}

#[expect(clippy::disallowed_macros, reason = "a test that is skipped says so aloud")]
fn may_unshare(what: &str) -> bool {
    let arguments = ["--user", "--map-root-user", "--mount", "--net", "true"];
    let tried = Command::new("unshare").args(arguments).output();
    let may = tried.is_ok_and(|output| output.status.success());
    if !may {
        eprintln!("\nSKIPPED: this user may have no namespaces, so {what}\n");
    }
    may
}

fn compare() {
    let records = ["--host-record=a.test,10.2.3.4,fd00::4", "--host-record=b.no.test,10.2.3.5"];
    let server = Dnsmasq::start_at(53, &records);
    for (host, is_known) in [
        ("localhost", true),
        ("only-in-hosts", true),
        // By the second search domain, by the first, and in full.
        ("a", true),
        ("b", true),
        ("a.test", true),
        ("a.test.", true),
        // A dot at the end leaves the search domains out.
        ("a.", false),
        ("nobody", false),
    ] {
        let ips = match found(real(), dns::lookup(host)) {
            Ok(found) => found.ips().collect(),
            Err(_) => Vec::new(),
        };
        assert_eq!(!ips.is_empty(), is_known, "{host}: {ips:?}");
        assert_eq!(ips, getent(host), "{host}");
    }
    drop(server);
}
