//! Addresses that are not let in.

use std::net::IpAddr;

use ipnet::IpNet;

/// Addresses whose connections a listener does not take; see [`Listen::block`](super::Listen::block). (Node:
/// `net.BlockList`.)
///
/// Looking an address up takes a search in the sorted ranges. An address of IPv4 that is written in IPv6
/// (`::ffff:192.0.2.1`) is that of IPv4.
///
/// # Examples
/// ```
/// use roundsman::net::BlockList;
///
/// let list = BlockList::new().block("192.0.2.0/24")?.block("2001:db8::/32")?.block("203.0.113.7")?;
/// assert!(list.blocks("192.0.2.200".parse()?));
/// assert!(list.blocks("::ffff:203.0.113.7".parse()?));
/// assert!(!list.blocks("192.0.3.1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct BlockList {
    /// First and last address of each range, sorted; none has an address of another.
    ranges: Vec<(IpAddr, IpAddr)>,
}

/// A text is neither an address nor a range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no range of addresses: it takes 192.0.2.0/24, 2001:db8::/32, or a single address"
)]
#[non_exhaustive]
pub struct BlockListError {
    /// What was said.
    pub text: String,
}

impl BlockList {
    /// One that blocks nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Blocks a range in CIDR notation, or an address, as well.
    ///
    /// # Errors
    /// The text is neither.
    pub fn block(mut self, range: &str) -> Result<Self, BlockListError> {
        let network = range.parse::<IpNet>().or_else(|_| range.parse::<IpAddr>().map(IpNet::from));
        let network = network.map_err(|_| BlockListError { text: range.to_owned() })?;
        let (first, last) = (network.network(), network.broadcast());
        // A range of IPv4 in the writing of IPv6 is that of IPv4. One that has others besides is of IPv6: both ends must say so.
        let both = (first.to_canonical(), last.to_canonical());
        let (first, last) = if both.0.is_ipv4() { both } else { (first, last) };
        self.add(first, last);
        Ok(self)
    }

    /// Whether an address is blocked.
    #[must_use]
    pub fn blocks(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let after = self.ranges.partition_point(|(first, _)| *first <= address);
        after.checked_sub(1).is_some_and(|which| self.ranges[which].1 >= address)
    }

    fn add(&mut self, mut first: IpAddr, mut last: IpAddr) {
        // Addresses of IPv4 sort before those of IPv6, so no range has both.
        self.ranges.retain(|(other_first, other_last)| {
            let apart = *other_last < first || last < *other_first;
            if !apart {
                first = first.min(*other_first);
                last = last.max(*other_last);
            }
            apart
        });
        let at = self.ranges.partition_point(|(other, _)| *other < first);
        self.ranges.insert(at, (first, last));
    }
}
