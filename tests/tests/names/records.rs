//! Records of every kind, from a real name server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;

use roundsman::dns::{RecordType, ResolveError, Resolver};
use roundsman_tests::missing::is_there;
use roundsman_tests::name_server::Dnsmasq;
use roundsman_tests::resolving::{answer, resolver, texts};

/// 2,400 bytes: no datagram that is asked for holds them.
fn big() -> String {
    let chunk = "x".repeat(240);
    format!("--txt-record=big.test{}", format!(",{chunk}").repeat(10))
}

fn server() -> Option<Dnsmasq> {
    Dnsmasq::start(&[
        "--host-record=a.test,10.2.3.4,fd00::4",
        "--address=/many.test/10.0.0.1",
        "--host-record=many.test,10.0.0.2",
        "--mx-host=a.test,mx1.test,10",
        "--mx-host=a.test,mx2.test,20",
        "--txt-record=a.test,hello,world",
        "--txt-record=a.test,say \"no\"",
        "--srv-host=_sip._tcp.a.test,a.test,5060,1,2",
        "--cname=www.a.test,a.test",
        "--caa-record=a.test,0,issue,ca.test",
        "--ptr-record=4.3.2.10.in-addr.arpa,a.test",
        "--host-record=lo.test,127.0.0.9,::1",
        &big(),
    ])
}

#[test]
fn records_of_every_kind_are_found() {
    let Some(server) = server() else { return };
    let ask = resolver([server.address()]);
    let a = answer(ask.a("a.test")).expect("it is there");
    assert_eq!(a.to_vec(), [Ipv4Addr::new(10, 2, 3, 4)]);
    let aaaa = answer(ask.aaaa("a.test")).expect("it is there");
    assert_eq!(aaaa.to_vec(), ["fd00::4".parse::<Ipv6Addr>().expect("an address")]);
    let mx = answer(ask.mx("a.test")).expect("it is there");
    let mut mx: Vec<_> = mx.iter().map(|mx| (mx.preference, mx.exchange.as_str())).collect();
    mx.sort_unstable();
    assert_eq!(mx, [(10, "mx1.test"), (20, "mx2.test")]);
    let txt = answer(ask.txt("a.test")).expect("it is there");
    let chunks = |chunks: &[&'static str]| chunks.iter().map(|chunk| (*chunk).into()).collect();
    let mut txt: Vec<_> = txt.into_iter().map(|txt| txt.chunks).collect();
    txt.sort();
    let expected: [Vec<bytes::Bytes>; 2] = [chunks(&["hello", "world"]), chunks(&["say \"no\""])];
    assert_eq!(txt, expected);
    let srv = answer(ask.srv("_sip._tcp.a.test")).expect("it is there");
    let srv: Vec<_> = srv.iter().map(ToString::to_string).collect();
    assert_eq!(srv, ["1 2 5060 a.test"]);
    assert_eq!(answer(ask.cname("www.a.test")).expect("it is there").to_vec(), ["a.test"]);
    let caa = answer(ask.caa("a.test")).expect("it is there");
    assert_eq!((caa[0].critical, &*caa[0].tag, &*caa[0].value), (false, "issue", &b"ca.test"[..]));
    let reversed = answer(ask.reverse(IpAddr::from([10, 2, 3, 4]))).expect("it is there");
    assert_eq!(reversed.to_vec(), ["a.test"]);
}

#[test]
fn names_of_loopback_addresses_are_those_that_the_server_says() {
    let Some(server) = server() else { return };
    let ask = resolver([server.address()]);
    for ip in [IpAddr::from([127, 0, 0, 9]), Ipv6Addr::LOCALHOST.into()] {
        let names = answer(ask.reverse(ip)).expect("it is there");
        assert_eq!(names.to_vec(), ["lo.test"], "{ip}");
    }
    // dnsmasq has nobody to ask in its turn, and says so.
    let error = answer(ask.reverse(IpAddr::from([127, 0, 0, 10]))).unwrap_err();
    assert!(matches!(error, ResolveError::Refused { .. }), "{error:?}");
}

/// One that has a zone of its own.
fn authority() -> Option<Dnsmasq> {
    Dnsmasq::start(&[
        "--auth-server=ns.zone.test,127.0.0.1",
        "--auth-sec-servers=ns2.zone.test",
        "--auth-zone=zone.test",
        "--auth-soa=2026,hostmaster.zone.test,1200,120,604800",
    ])
}

#[test]
fn a_zone_has_name_servers_and_says_how_it_is_kept() {
    let Some(server) = authority() else { return };
    let ask = resolver([server.address()]);
    assert_eq!(texts(&ask, "zone.test", RecordType::Ns), ["ns.zone.test", "ns2.zone.test"]);
    let soa = answer(ask.soa("zone.test")).expect("it is there");
    assert_eq!((&*soa[0].primary, &*soa[0].responsible), ("ns.zone.test", "hostmaster.zone.test"));
    let times = [soa[0].refresh, soa[0].retry, soa[0].expire].map(|time| time.as_secs());
    assert_eq!((soa[0].serial, times), (2026, [1200, 120, 604_800]));
}

#[test]
fn behind_another_name_only_what_was_asked_for_is_found() {
    let Some(server) = server() else { return };
    let ask = resolver([server.address()]);
    assert_eq!(texts(&ask, "www.a.test", RecordType::A), ["10.2.3.4"]);
    assert_eq!(texts(&ask, "www.a.test", RecordType::Mx), ["10 mx1.test", "20 mx2.test"]);
}

#[test]
fn a_dot_at_the_end_and_upper_case_change_nothing() {
    let Some(server) = server() else { return };
    let ask = resolver([server.address()]);
    assert_eq!(texts(&ask, "A.Test.", RecordType::A), ["10.2.3.4"]);
}

#[test]
fn a_name_that_is_not_there_and_one_without_such_records_are_told_apart() {
    let Some(server) = server() else { return };
    let ask = resolver([server.address()]);
    let error = answer(ask.a("nobody.test")).unwrap_err();
    assert!(matches!(error, ResolveError::NotFound { .. }), "{error:?}");
    let error = answer(ask.srv("a.test")).unwrap_err();
    assert!(matches!(error, ResolveError::NoData { .. }), "{error:?}");
    let said = error.to_string();
    let (name, at) = ("SRV of \"a.test\"", server.address().to_string());
    assert!(said.contains(name) && said.contains(&at), "it names question and server: {said}");
}

#[test]
fn what_does_not_fit_into_a_datagram_comes_over_tcp() {
    let Some(server) = server() else { return };
    let txt = answer(resolver([server.address()]).txt("big.test")).expect("it is there");
    assert_eq!(txt[0].text(), "x".repeat(2_400));
}

/// What node says, as the texts of records.
const SCRIPT: &str = r#"
const [server, ...questions] = process.argv.slice(1);
const resolver = new (require('dns').promises.Resolver)({ timeout: 5000, tries: 1 });
resolver.setServers([server]);
const quoted = (text) => '"' + text.replace(/[\\"]/g, '\\$&') + '"';
const text = {
    A: (r) => r, AAAA: (r) => r, CNAME: (r) => r, NS: (r) => r, PTR: (r) => r,
    MX: (r) => `${r.priority} ${r.exchange}`,
    TXT: (r) => r.map(quoted).join(' '),
    SRV: (r) => `${r.priority} ${r.weight} ${r.port} ${r.name}`,
    SOA: (r) => `${r.nsname} ${r.hostmaster} ${r.serial} ${r.refresh} ${r.retry} ${r.expire} ${r.minttl}`,
    CAA: (r) => `${r.critical} issue ${quoted(r.issue)}`,
};
(async () => {
    for (const question of questions) {
        const [type, name] = question.split(' ');
        try {
            const found = [].concat(await resolver.resolve(name, type)).map(text[type]).sort();
            console.log(found.join('\t'));
        } catch (error) {
            console.log(error.code);
        }
    }
})();
"#;

/// What we say, in the same form.
fn ours(resolver: &Resolver, record_type: RecordType, name: &str) -> String {
    match answer(resolver.resolve(name, record_type)) {
        Ok(answer) => {
            let mut texts: Vec<_> = answer.iter().map(ToString::to_string).collect();
            texts.sort();
            texts.join("\t")
        }
        Err(ResolveError::NotFound { .. }) => "ENOTFOUND".to_owned(),
        Err(ResolveError::NoData { .. }) => "ENODATA".to_owned(),
        Err(ResolveError::Refused { .. }) => "EREFUSED".to_owned(),
        Err(other) => panic!("{other}"),
    }
}

/// Asks node's resolver and ours the same.
fn compare(server: &Dnsmasq, questions: &[(RecordType, &str)]) {
    let output = Command::new("node")
        .args(["-e", SCRIPT])
        .arg(server.address().to_string())
        .args(questions.iter().map(|(record_type, name)| format!("{record_type} {name}")))
        .output()
        .expect("it runs");
    let theirs = String::from_utf8_lossy(&output.stdout).into_owned();
    let theirs: Vec<_> = theirs.lines().collect();
    assert_eq!(theirs.len(), questions.len(), "{}", String::from_utf8_lossy(&output.stderr));
    let resolver = resolver([server.address()]);
    for ((record_type, name), theirs) in questions.iter().zip(theirs) {
        assert_eq!(ours(&resolver, *record_type, name), theirs, "{record_type} of {name}");
    }
}

#[test]
fn node_says_the_same_of_all_kinds_of_records() {
    if !is_there("node", "what node's resolver says is compared with nothing") {
        return;
    }
    let (Some(server), Some(authority)) = (server(), authority()) else { return };
    let questions = [
        (RecordType::A, "a.test"),
        (RecordType::A, "www.a.test"),
        (RecordType::A, "many.test"),
        (RecordType::A, "nobody.test"),
        (RecordType::A, "elsewhere.example"),
        (RecordType::Aaaa, "a.test"),
        (RecordType::Aaaa, "many.test"),
        (RecordType::Mx, "a.test"),
        (RecordType::Mx, "many.test"),
        (RecordType::Txt, "a.test"),
        (RecordType::Txt, "big.test"),
        (RecordType::Srv, "_sip._tcp.a.test"),
        (RecordType::Cname, "www.a.test"),
        (RecordType::Caa, "a.test"),
        (RecordType::Ptr, "4.3.2.10.in-addr.arpa"),
        (RecordType::Ptr, "9.0.0.127.in-addr.arpa"),
        (RecordType::Ptr, "10.0.0.127.in-addr.arpa"),
    ];
    compare(&server, &questions);
    compare(&authority, &[(RecordType::Ns, "zone.test"), (RecordType::Soa, "zone.test")]);
}
