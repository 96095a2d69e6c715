//! What a look-up finds, and what it says when it finds nothing.

use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use roundsman::dns::{self, Addresses, Family, Hosts, Lookup, LookupError, Lookups};
use roundsman::{Builder, Runtime};
use roundsman_tests::diary::Diary;
use roundsman_tests::ledger::run_balanced;
use roundsman_tests::missing::is_there;
use roundsman_tests::patience::must_end;
use roundsman_tests::role::Role;
use roundsman_tests::seeds::{each_world, world};

pub type Found = Result<Addresses, LookupError>;

/// What comes of a look-up.
pub fn found(builder: Builder, lookup: Lookup) -> Found {
    must_end(move || {
        let diary = Diary::<Found>::default();
        let notes = diary.clone();
        let root = move || {
            let receive = move |found, _: &mut roundsman::Context<'_, Role<Found>>| {
                notes.note(found);
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                lookup.start(ctx, |found| found);
                Ok(())
            })
        };
        run_balanced(builder.build().expect("a runtime"), root).expect("the root does not fail");
        let mut told = diary.take();
        assert_eq!(told.len(), 1, "one answer: {told:?}");
        told.remove(0)
    })
}

/// A real runtime.
pub fn real() -> Builder {
    Runtime::builder().loops(1)
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// What the system's own tool says of a name, in its order: nothing, if it finds nothing.
pub fn getent(host: &str) -> Vec<IpAddr> {
    let output = Command::new("getent").args(["ahosts", host]).output().expect("it runs");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let streams = lines.lines().filter(|line| line.contains("STREAM"));
    let first = streams.filter_map(|line| line.split_whitespace().next());
    // With a scope, some have it in the text.
    first.filter_map(|text| text.split('%').next()?.parse().ok()).collect()
}

#[test]
fn a_look_up_finds_what_the_systems_own_tool_finds_in_the_same_order() {
    if !is_there("getent", "what the system finds is compared with nothing") {
        return;
    }
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let listed = hosts.lines().filter(|line| !line.trim_start().starts_with('#'));
    let listed = listed.flat_map(|line| line.split_whitespace().skip(1));
    for host in ["localhost", "no-such-name.invalid"].into_iter().chain(listed) {
        let ips = match found(real(), dns::lookup(host)) {
            Ok(found) => found.ips().collect(),
            Err(_) => Vec::new(),
        };
        assert_eq!(ips, getent(host), "{host}");
    }
}

#[test]
fn an_address_is_its_own_answer_and_nobody_is_asked() {
    each_world(3, [1, 2], |seed, loops| {
        for (host, expected) in [
            ("127.0.0.9", "127.0.0.9:0"),
            ("::1", "[::1]:0"),
            ("fe80::1%7", "[fe80::1%7]:0"),
            ("::ffff:10.0.0.1", "[::ffff:10.0.0.1]:0"),
        ] {
            let nobody = Lookups::by(|host, _| panic!("{host} is looked up"));
            let answer = found(world(seed, loops).provide(nobody), dns::lookup(host));
            let expected: SocketAddr = expected.parse().expect("an address");
            assert_eq!(&answer.expect("an address")[..], [expected]);
        }
    });
}

#[test]
fn an_address_of_the_other_family_is_no_data() {
    for (host, family) in [("127.0.0.1", Family::V6), ("::1", Family::V4)] {
        let answer = found(world(1, 1), dns::lookup(host).family(family));
        assert_eq!(answer, Err(LookupError::NoData { host: host.into() }));
    }
}

#[test]
fn the_scope_of_an_address_is_kept_also_when_it_is_the_name_of_an_interface() {
    let Ok(index) = std::fs::read_to_string("/sys/class/net/lo/ifindex") else {
        // Elsewhere it has another name; the numbers above are scopes, too.
        return;
    };
    let answer = found(real(), dns::lookup("fe80::1%lo")).expect("an address");
    let [SocketAddr::V6(address)] = answer[..] else { panic!("{answer:?}") };
    assert_eq!(address.scope_id().to_string(), index.trim());
}

#[test]
fn only_addresses_of_the_family_that_was_asked_for_are_found() {
    each_world(3, [1], |seed, loops| {
        let hosts = Hosts::new().with("both.test", [ip("10.0.0.1"), ip("::7"), ip("10.0.0.2")]);
        let lookups = Lookups::from(hosts.with("four.test", [ip("10.0.0.1")]));
        let ask = |host, family| {
            let builder = world(seed, loops).provide(lookups.clone());
            let answer = found(builder, dns::lookup(host).family(family));
            answer.map(|found| found.ips().collect::<Vec<_>>())
        };
        let all = [ip("10.0.0.1"), ip("::7"), ip("10.0.0.2")];
        assert_eq!(ask("both.test", Family::Any).as_deref(), Ok(&all[..]));
        assert_eq!(ask("both.test", Family::V6).as_deref(), Ok(&[ip("::7")][..]));
        assert_eq!(ask("BOTH.test.", Family::V4).map(|found| found.len()), Ok(2));
        let nothing = LookupError::NoData { host: "four.test".into() };
        assert_eq!(ask("four.test", Family::V6), Err(nothing));
    });
}

#[test]
fn a_name_that_is_not_there_is_not_found_and_the_error_names_it() {
    let answer =
        found(world(1, 1).provide(Lookups::from(Hosts::new())), dns::lookup("nobody.test"));
    let error = answer.unwrap_err();
    assert_eq!(error, LookupError::NotFound { host: "nobody.test".into() });
    assert!(error.to_string().contains("nobody.test"), "{error}");
}

#[test]
fn the_system_says_of_a_name_that_cannot_be_that_it_is_not_there_or_that_nobody_can_be_asked() {
    let error = found(real(), dns::lookup("no-such-name.invalid")).unwrap_err();
    let expected = matches!(
        error,
        LookupError::NotFound { .. } | LookupError::NoData { .. } | LookupError::Temporary { .. }
    );
    assert!(expected, "{error:?}");
    assert_eq!(error.host(), "no-such-name.invalid");
}

#[test]
fn what_can_be_no_name_is_refused_and_nobody_is_asked() {
    let long = "x".repeat(100_000);
    for host in ["", ".", "a\0b", &long] {
        let nobody = Lookups::by(|host, _| panic!("{host} is looked up"));
        let error = found(world(1, 1).provide(nobody), dns::lookup(host)).unwrap_err();
        assert!(matches!(error, LookupError::BadName { .. }), "{error:?}");
        assert!(error.to_string().len() < 400, "an error is no place for a long name");
    }
}

#[test]
fn the_longest_name_that_can_be_is_looked_up() {
    let host = format!("{}.", "x".repeat(253));
    let lookups = Lookups::by(|_, _| Ok([ip("10.0.0.1")].into_iter().collect()));
    assert!(found(world(1, 1).provide(lookups), dns::lookup(host)).is_ok());
}

#[test]
fn to_find_no_address_is_no_data() {
    let lookups = Lookups::by(|_, _| Ok(Addresses::from_iter([] as [IpAddr; 0])));
    let answer = found(world(1, 1).provide(lookups), dns::lookup("empty.test"));
    assert_eq!(answer, Err(LookupError::NoData { host: "empty.test".into() }));
}

#[test]
fn a_look_up_that_takes_too_long_is_given_up() {
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let slow = Lookups::by(move |_, _| {
        // Until the test has what it wants: the run waits for the pool as it ends.
        let _ = released.lock().expect("nobody panics").recv();
        Ok([ip("10.0.0.1")].into_iter().collect())
    });
    let error = must_end(move || {
        let diary = Diary::<Found>::default();
        let notes = diary.clone();
        let root = move || {
            let receive = move |found, _: &mut roundsman::Context<'_, Role<Found>>| {
                notes.note(found);
                let _ = release.send(());
                Ok(())
            };
            Role::new(receive).started(move |ctx| {
                let lookup = dns::lookup("slow.test").timeout(Duration::from_millis(20));
                lookup.start(ctx, |found| found);
                Ok(())
            })
        };
        run_balanced(real().provide(slow).build().expect("a runtime"), root).expect("it ends");
        diary.take().remove(0).unwrap_err()
    });
    let timeout = Duration::from_millis(20);
    assert_eq!(error, LookupError::Timeout { host: "slow.test".into(), timeout });
}
