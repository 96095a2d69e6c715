//! Events: an [`Emitter`] gives what is emitted to everybody who listens. (Node: `EventEmitter`.)
//!
//! An emitter is an actor, and its listeners are actors; [`Events`] is an emitter in the hands of either. An event is a type,
//! so one emitter carries many, and a wrong payload does not compile. [`Listeners`] is the list inside, for actors that emit
//! in their own turn.
//!
//! # The rules
//! They are those of Node's [`events`](https://nodejs.org/api/events.html). Each has a test, in `tests/tests/emitter.rs`.
//!
//! 1. **Order of registration.** An event is sent to listeners in the order in which they were added; a
//!    [prepended](Events::prepend) one comes first.
//! 2. **Once is once.** A listener that is called once is removed before it is called.
//! 3. **An emit is not disturbed.** Who is added or removed while an event is given neither gets it nor misses it.
//! 4. **The same listener twice is called twice**, and [`off`](Events::off) takes back the latest. The same listener is a clone
//!    of one [`Recipient`](crate::Recipient).
//! 5. **[`NewListener`] before** a listener is added, **[`RemoveListener`] after** it was removed, whatever removes it.
//! 6. **An [`Error`] that nobody listens to is a failure** of the emitter. It goes to its supervisor, never to the process.
//! 7. **More than 10 listeners of one owner** are warned of, once: [`Emitter::max_listeners`].
//!
//! And, since listeners are actors:
//!
//! 8. **A subscription dies with its owner.** The owner is watched, once however often it listens. If it is supervised and
//!    built anew, what the earlier life has subscribed is gone, for it subscribes again as it starts. (A recipient that was made
//!    by an address, not by a context, belongs to all lives.)
//! 9. **A slow listener has a [`SlowPolicy`](crate::SlowPolicy)**, said by its [`Subscriber`]. One that is waited for pauses the
//!    emitter, and in the end whoever emits. For the others, [some](Subscriber::room) events are kept while they are over. What
//!    is dropped is [counted](Events::dropped).
//!
//! # Happenings
//! What happens in a runtime are events, too: spawn [`Emitter::happenings`], and listen.
//!
//! | event | what has happened |
//! |---|---|
//! | [`ChildFailed`](crate::ChildFailed) | a child has failed, supervised or not |
//! | [`DeadLetter`](crate::DeadLetter) | a message was accepted and never handled |
//! | [`SlowTurn`](crate::SlowTurn) | a loop is delayed: a turn takes too long, and goes on |
//! | [`ConnectionOpened`](crate::net::ConnectionOpened) | a connection has begun to live |
//! | [`ConnectionClosed`](crate::net::ConnectionClosed) | it has ended |
//! | [`ConnectionFailed`](crate::net::ConnectionFailed) | it has failed |
//! | [`ConnectionDropped`](crate::net::ConnectionDropped) | a listener has not got a connection that came |
//! | [`DatagramDropped`](crate::net::DatagramDropped) | a UDP socket has dropped what it had taken to send |
//! | [`DatagramFailed`](crate::net::DatagramFailed) | a datagram could not be sent, or an earlier one came to nothing |
//!
//! Whatever else is told with [`Context::happens`](crate::Context::happens) is one as well. An emitter that is over is passed
//! over, so nobody pauses for one; `LoopMetrics::untold` counts that. While there is none, nothing is told.

#[expect(clippy::module_inception, reason = "a file is named after its main type")]
mod emitter;
mod entry;
mod events;
mod listeners;
mod message;
mod notices;
mod question;
mod subscriber;
mod topic;

pub use emitter::{Emitter, MAX_LISTENERS};
pub use events::Events;
pub use listeners::Listeners;
pub use message::EmitterMessage;
pub use notices::{Error, NewListener, Removal, RemoveListener};
pub use question::Question;
pub use subscriber::{Subscriber, Subscription};
