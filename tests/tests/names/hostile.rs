//! Name servers that lie, or say nothing.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use roundsman::dns::{ResolveError, Resolver};
use roundsman_tests::name_server::{Asked, Rogue, closed_port};
use roundsman_tests::resolving::{a, answer, answers, resolver};

const TRUE: [u8; 4] = [10, 0, 0, 1];
const FALSE: [u8; 4] = [66, 6, 6, 6];

/// Asserts that only the true answer counts, though `lies` come before it.
#[track_caller]
fn is_passed_over(lies: impl Fn(&Asked<'_>) -> Vec<Vec<u8>> + Send + Sync + 'static) {
    let server = Rogue::start(move |asked| {
        let mut packets = lies(asked);
        packets.push(asked.a(TRUE));
        packets
    });
    let found = a(server.address(), "a.test").expect("the true answer comes");
    assert_eq!(found.to_vec(), [Ipv4Addr::from(TRUE)]);
}

#[test]
fn an_answer_with_another_id_is_passed_over() {
    is_passed_over(|asked| {
        let with = |bit: u8| {
            let mut packet = asked.a(FALSE);
            packet[1] ^= bit;
            packet
        };
        [1, 2, 128].map(with).into()
    });
}

#[test]
fn an_answer_to_another_question_is_passed_over() {
    is_passed_over(|asked| {
        let mut name = asked.a(FALSE);
        // Its first letter.
        name[13] = b'b';
        let mut kind = asked.a(FALSE);
        let end = kind.len() - 16;
        // The type of the question: AAAA.
        assert_eq!(kind[end - 4..end], [0, 1, 0, 1]);
        kind[end - 3] = 28;
        vec![name, kind]
    });
}

#[test]
fn what_is_too_short_to_be_an_answer_is_passed_over() {
    is_passed_over(|asked| vec![Vec::new(), vec![asked.packet[0]], b"no".to_vec()]);
}

#[test]
fn an_answer_from_elsewhere_never_arrives() {
    is_passed_over(|asked| {
        // Another port of the same machine, with everything else right.
        let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        other.send_to(&asked.a(FALSE), asked.from).expect("it is sent");
        Vec::new()
    });
}

#[test]
fn garbage_with_the_right_id_is_a_bad_answer_and_no_panic() {
    for len in [2, 11, 12, 13, 40, 500] {
        let server = Rogue::start(move |asked| {
            let mut packet = asked.packet[..2].to_vec();
            packet.extend((2..len).map(|at| (at * 151 + len) as u8));
            vec![packet]
        });
        let resolver = Resolver::builder().servers([server.address()]);
        let resolver = resolver.timeout(Duration::from_millis(100)).attempts(0).build();
        let error = answer(resolver.a("a.test")).unwrap_err();
        let expected = matches!(
            error,
            ResolveError::BadResponse { .. }
                | ResolveError::Timeout { .. }
                | ResolveError::FormatError { .. }
                | ResolveError::OtherCode { .. }
        );
        assert!(expected, "{len}: {error:?}");
    }
}

#[test]
fn an_answer_that_is_cut_off_anywhere_is_no_panic() {
    let server = Rogue::start(|asked| {
        let whole = asked.a(FALSE);
        let len: usize = asked.label()[1..].parse().expect("a number");
        vec![whole[..len.min(whole.len() - 1)].to_vec()]
    });
    let resolver = Resolver::builder().servers([server.address()]);
    let resolver = resolver.timeout(Duration::from_millis(50)).attempts(0).build();
    let questions = (0..50).map(|len| resolver.a(format!("x{len}.test"))).collect();
    assert!(answers(questions).iter().all(Result::is_err));
}

#[test]
fn an_answer_that_is_always_truncated_is_given_up() {
    let server = Rogue::start(|asked| vec![asked.truncated()]);
    let error = a(server.address(), "a.test").unwrap_err();
    assert!(matches!(error, ResolveError::BadResponse { .. }), "{error:?}");
    assert!(server.count() <= 4, "it is asked {} times", server.count());
}

#[test]
fn after_a_truncated_answer_the_whole_one_comes_over_tcp() {
    let server =
        Rogue::start(|asked| vec![if asked.is_tcp() { asked.a(TRUE) } else { asked.truncated() }]);
    let found = a(server.address(), "a.test").expect("it comes over TCP");
    assert_eq!(found.to_vec(), [Ipv4Addr::from(TRUE)]);
}

#[test]
fn over_tcp_an_answer_with_another_id_or_to_another_question_does_not_count() {
    let server = Rogue::start(|asked| {
        if !asked.is_tcp() {
            return vec![asked.truncated()];
        }
        let mut other_id = asked.a(FALSE);
        other_id[1] ^= 1;
        let mut other_question = asked.a(FALSE);
        other_question[13] = b'b';
        vec![other_id, other_question]
    });
    let resolver = Resolver::builder().servers([server.address()]);
    let resolver = resolver.timeout(Duration::from_millis(200)).attempts(0).build();
    let error = answer(resolver.a("a.test")).unwrap_err();
    assert!(matches!(error, ResolveError::BadResponse { .. }), "{error:?}");
    assert!(error.to_string().contains("another question"), "{error}");
}

#[test]
fn records_of_another_name_do_not_count() {
    let server = Rogue::start(|asked| {
        let mut packet = asked.a(FALSE);
        // The name of the record: not that of the question, but the rest of it.
        let at = packet.len() - 15;
        packet[at] = 14;
        vec![packet]
    });
    let error = a(server.address(), "a.test").unwrap_err();
    assert!(matches!(error, ResolveError::NoData { .. }), "{error:?}");
}

#[test]
fn what_a_server_says_by_its_code_is_told_apart() {
    let server = Rogue::start(|asked| {
        let code = asked.label()[1..].parse().expect("a number");
        vec![asked.answer(code, &[])]
    });
    let resolver = resolver([server.address()]);
    let code = |code: u8| answer(resolver.a(format!("x{code}.test"))).unwrap_err();
    assert!(matches!(code(0), ResolveError::NoData { .. }));
    assert!(matches!(code(1), ResolveError::FormatError { .. }));
    assert!(matches!(code(2), ResolveError::ServerFailure { .. }));
    assert!(matches!(code(3), ResolveError::NotFound { .. }));
    assert!(matches!(code(4), ResolveError::NotImplemented { .. }));
    assert!(matches!(code(5), ResolveError::Refused { .. }));
    assert!(matches!(code(9), ResolveError::OtherCode { code: 9, .. }));
}

#[test]
fn a_port_where_nobody_listens_is_known_at_once() {
    // The attempts would take a minute, and the test as long.
    let resolver = Resolver::builder().servers([closed_port()]);
    let resolver = resolver.timeout(Duration::from_secs(60)).attempts(3).build();
    let error = answer(resolver.a("a.test")).unwrap_err();
    assert!(matches!(error, ResolveError::ConnectionRefused { .. }), "{error:?}");
}

#[test]
fn a_server_that_is_down_costs_nothing_if_another_is_up() {
    let dead = closed_port();
    let silent = Rogue::start(|_| Vec::new());
    let live = Rogue::start(|asked| vec![asked.a(TRUE)]);
    for servers in
        [[dead, live.address()], [live.address(), dead], [silent.address(), live.address()]]
    {
        // One that were waited for would take a minute, and the test as long.
        let resolver = Resolver::builder().servers(servers);
        let resolver = resolver.timeout(Duration::from_secs(60)).attempts(3).build();
        let found = answer(resolver.a("a.test")).expect("the live one answers");
        assert_eq!(found.to_vec(), [Ipv4Addr::from(TRUE)]);
    }
}

#[test]
fn a_server_that_fails_to_find_out_leaves_it_to_another() {
    let failing = Rogue::start(|asked| vec![asked.answer(2, &[])]);
    let live = Rogue::start(|asked| vec![asked.a(TRUE)]);
    let found = answer(resolver([failing.address(), live.address()]).a("a.test"));
    assert_eq!(found.expect("the live one answers").to_vec(), [Ipv4Addr::from(TRUE)]);
}

#[test]
fn servers_that_fail_or_are_silent_take_no_more_than_the_time_of_all_attempts() {
    let failing = Rogue::start(|asked| vec![asked.answer(2, &[])]);
    let silent = [(); 4].map(|()| Rogue::start(|_| Vec::new()));
    let servers = silent.iter().chain([&failing]).map(Rogue::address);
    let resolver = Resolver::builder().servers(servers).attempts(0);
    let resolver = resolver.timeout(Duration::from_millis(300)).build();
    // Each for itself they would take more than four times as long.
    let error = answer(resolver.a("a.test").within(Duration::from_millis(1_200))).unwrap_err();
    let is_in_time =
        matches!(error, ResolveError::ServerFailure { .. } | ResolveError::Timeout { .. });
    assert!(is_in_time, "{error:?}");
}

#[test]
fn a_lost_question_is_asked_again() {
    let server =
        Rogue::start(|asked| if asked.before < 2 { Vec::new() } else { vec![asked.a(TRUE)] });
    let resolver = Resolver::builder().servers([server.address()]);
    let resolver = resolver.timeout(Duration::from_millis(100)).attempts(20).build();
    let found = answer(resolver.a("a.test")).expect("the third is answered");
    assert_eq!(found.to_vec(), [Ipv4Addr::from(TRUE)]);
}
