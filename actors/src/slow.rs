//! What is done about one that does not keep up, where others must not wait for it.
//!
//! Said of each receiver by whoever sends the same to many. It decides nothing.

/// What becomes of a receiver that does not keep up, among many that are sent the same.
///
/// Nothing is lost in silence: what is dropped is counted, and a receiver that is cut off is told of as one that left.
///
/// # Examples
/// ```
/// use roundsman::SlowPolicy;
///
/// assert_eq!(SlowPolicy::default(), SlowPolicy::Wait);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SlowPolicy {
    /// The sender waits for it, and with the sender everybody else: nothing is lost, and all go at the pace of the slowest.
    #[default]
    Wait,
    /// The oldest of what waits for it is dropped: it gets the newest, with gaps.
    DropOldest,
    /// What comes while too much waits for it is dropped: it gets the oldest, with gaps.
    DropNewest,
    /// It is cut off: it gets no more. What waits in front of it is dropped, what it has taken is not.
    Disconnect,
}
