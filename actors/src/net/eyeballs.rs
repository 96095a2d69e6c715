//! In which order addresses are tried: RFC 8305, section 4. Pure; [`connect`](super::connect) carries it out.

use std::collections::VecDeque;
use std::net::SocketAddr;

/// Puts addresses of both families in turn, beginning with the family of the first; within a family the order stays as the
/// look-up gave it. Doubles are left out.
pub(crate) fn in_turn(addresses: impl IntoIterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut seen = Vec::new();
    for address in addresses {
        if !seen.contains(&address) {
            seen.push(address);
        }
    }
    let v6_first = seen.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        seen.into_iter().partition(|address| address.is_ipv6() == v6_first);
    let mut order = VecDeque::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return order;
        }
        order.extend(pair.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    //! Orders.

    use super::*;

    fn order(addresses: &[&str]) -> Vec<String> {
        let parsed = addresses.iter().map(|address| address.parse().unwrap());
        in_turn(parsed).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn families_come_in_turn_and_the_first_stays_the_first() {
        let given = ["[::1]:1", "[::2]:1", "[::3]:1", "192.0.2.1:1", "192.0.2.2:1"];
        let wanted = ["[::1]:1", "192.0.2.1:1", "[::2]:1", "192.0.2.2:1", "[::3]:1"];
        assert_eq!(order(&given), wanted);
        let given = ["192.0.2.1:1", "192.0.2.2:1", "[::1]:1"];
        assert_eq!(order(&given), ["192.0.2.1:1", "[::1]:1", "192.0.2.2:1"]);
    }

    #[test]
    fn one_family_stays_in_its_order_and_doubles_are_tried_once() {
        assert_eq!(order(&["[::2]:1", "[::1]:1", "[::2]:1"]), ["[::2]:1", "[::1]:1"]);
        assert!(order(&[]).is_empty());
    }
}
