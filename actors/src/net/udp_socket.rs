//! A UDP socket: a value that holds a socket of the OS until it is used, and the way to its engine from then on.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roundsman_runtime::{Actor, Address, Context, Scope, Spawn};

use super::connection::{Refusal as NoWriter, refuse_reading};
use super::datagram::{Engine, Message, ended};
use super::datagram_happenings::DatagramDropped;
use super::multicast::{Change, Interface, Membership};
use super::outgoing::{Datagram, Fate, Outgoing, Refusal, SendRefused, Settings};
use super::send_queue::{Pushed, Room, SendQueue, UdpCounts};
use super::transport::DatagramSocket;
use super::udp::InEffect;
use crate::slow::SlowPolicy;
use crate::stream::source::Outflow;
use crate::stream::{Flow, Sink, Source, Subscriber, is_bytes, map};

/// A bound socket for datagrams. Made by [`Bind::bind`](super::udp::Bind::bind). (Node: `dgram.Socket`.)
///
/// A handle: it can be copied, and sent to other actors on any loop. It begins to live, as an actor on the loop of whoever
/// first [sends](Self::send) or pipes one of its halves, and as a child of that actor, with which it ends. Until then it
/// takes part in groups, and the OS keeps what comes.
///
/// It ends when it is [closed](Self::close), or when all handles are gone, both halves have ended and nothing waits to be
/// sent. A socket that reads keeps the runtime alive, as does one with something to send; an idle one does not.
///
/// | | what is promised |
/// |---|---|
/// | order | what is given here leaves in that order; UDP promises none of what arrives |
/// | loss | what is dropped or fails here is in the [counts](Self::counts) and told as a [happening](crate::emitter#happenings); what the network or the OS's receive buffer loses nobody knows |
/// | memory | the send queue is [bounded](super::udp::Bind::send_queue); nothing is read that nobody has asked for |
/// | errors | one datagram's error is that datagram's: no socket ends by it |
///
/// # Examples
/// Two sockets of one actor. What `there` receives goes back to whoever has sent it.
/// ```
/// use bytes::Bytes;
/// use roundsman::net::UdpSocket;
/// use roundsman::net::udp::{self, Datagram, Outgoing};
/// use roundsman::prelude::*;
/// use roundsman::stream::{Item, PipeError, Summary};
///
/// struct Ping {
///     here: UdpSocket,
///     there: UdpSocket,
/// }
///
/// enum Msg {
///     Came(Item<Datagram>),
///     Ended(Result<Summary, PipeError>),
/// }
///
/// impl Actor for Ping {
///     type Message = Msg;
///
///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
///         self.there.reader().pipe(self.there.writer()).start(ctx, Msg::Ended);
///         self.here.reader().pipe(ctx.inlet(Msg::Came)).start(ctx, Msg::Ended);
///         let ping = Outgoing::to(self.there.local(), Bytes::from_static(b"ping"));
///         self.here.send(ctx, ping)?;
///         Ok(())
///     }
///
///     fn receive(&mut self, message: Msg, ctx: &mut Context<Self>) -> Outcome {
///         match message {
///             Msg::Came(datagram) => {
///                 assert_eq!(datagram.peer, self.there.local());
///                 assert_eq!(&datagram.bytes[..], b"ping");
///                 ctx.stop();
///             }
///             Msg::Ended(result) => _ = result?,
///         }
///         Ok(())
///     }
/// }
///
/// let (here, there) = (udp::socket("127.0.0.1:0").bind()?, udp::socket("127.0.0.1:0").bind()?);
/// Runtime::builder().loops(1).build()?.run(|| Ping { here, there })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct UdpSocket {
    shared: Arc<Shared>,
}

/// What all handles of a socket have in common.
struct Shared {
    settings: Arc<Settings>,
    queue: Arc<SendQueue>,
    in_effect: InEffect,
    life: Mutex<Life>,
    /// The number of the next half that is piped.
    next: AtomicU32,
}

enum Life {
    /// Not used yet.
    Idle(DatagramSocket),
    Open(Address<Message>),
    /// Closed before it was used.
    Closed,
}

/// How a change of a group goes on.
pub(crate) enum Doing {
    Done(io::Result<()>),
    Ask(Address<Message>),
}

impl UdpSocket {
    pub(crate) fn new(
        socket: DatagramSocket,
        settings: Settings,
        queue: SendQueue,
        in_effect: InEffect,
    ) -> Self {
        let shared = Shared {
            settings: Arc::new(settings),
            queue: Arc::new(queue),
            in_effect,
            life: Mutex::new(Life::Idle(socket)),
            next: AtomicU32::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Where it is bound: with port 0 asked for, the port that the OS has chosen; connected, the address that leads to the
    /// peer.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.shared.settings.local
    }

    /// Who it is [connected](super::udp::Bind::connect) to.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.shared.settings.route.peer
    }

    /// Options as the OS had them when it was bound: what was asked for may be more than it gives.
    #[must_use]
    pub fn in_effect(&self) -> InEffect {
        self.shared.in_effect
    }

    /// What it has done so far. Also after its end.
    #[must_use]
    pub fn counts(&self) -> UdpCounts {
        self.shared.queue.counts()
    }

    /// The datagrams that come.
    ///
    /// - Demand: none is received that nobody has asked for. What comes meanwhile waits in the OS's
    ///   [receive buffer](super::udp::Bind::receive_buffer), and is lost when that is full; Linux counts it in
    ///   `/proc/net/udp`, the others nowhere that is portable. In one turn at most 64 are received, or 256 KiB.
    /// - An empty datagram is an item, not the end. One that is longer than
    ///   [`max_datagram`](super::udp::Bind::max_datagram) comes [flagged](Datagram::truncated).
    /// - End: when the socket is [closed](Self::close), or the runtime stopped as planned. A cancel ends the half; it can
    ///   be piped again, and what came meanwhile is still in the OS's buffer. Two at once: the second fails with
    ///   [`Cut::InUse`](crate::stream::Cut::InUse).
    /// - Failure: of a socket that is not connected, never. Of a connected one, when the network says that nothing of ours
    ///   reaches the peer (`ConnectionRefused`: nobody is bound there); also without demand. The socket goes on: pipe the
    ///   reader again to hear what comes later. Everything else that goes wrong is [counted](UdpCounts::errors) and told as a
    ///   [`DatagramFailed`](super::DatagramFailed).
    pub fn reader(&self) -> Source<Datagram> {
        let shared = Arc::clone(&self.shared);
        Source::new(move |assembly, outflow| {
            let mut link = outflow.into_link(assembly);
            let mut reporter = assembly.enter(format!("udp reader {}", shared.name()));
            let id = shared.next();
            let Some(address) = shared.open(assembly.owner) else {
                let error = reporter.error(ended());
                return refuse_reading(&mut link, &mut reporter, error);
            };
            let control = address.recipient(move |control| Message::ControlRead(id, control));
            assembly.set_control(reporter.member, control);
            if let Err(refused) = address.send(Message::Read { id, link, reporter })
                && let Message::Read { mut link, mut reporter, .. } = refused.into_message()
            {
                let error = reporter.error(ended());
                refuse_reading(&mut link, &mut reporter, error);
            }
        })
    }

    /// Where datagrams go: whatever can be made an [`Outgoing`], so what a [`reader`](Self::reader) gives goes back to whoever
    /// has sent it, and `Bytes` go to the peer of a connected socket.
    ///
    /// - They join the send queue behind what others have sent. With [`SlowPolicy::Wait`] no more are asked for than there is
    ///   room for; with the others as many as come, and the queue's policy drops.
    /// - The end of the stream is heard by nobody: UDP has none. The pipeline ends well once everything has left or was
    ///   dropped; [`counts`](Self::counts) tells which. Then it can be piped again.
    /// - A datagram that cannot be sent (too long, no peer, no permission, no way there) is that datagram's failure: it is
    ///   [counted](UdpCounts::failed), told as a [`DatagramFailed`](super::DatagramFailed), and the next one follows.
    /// - A failure of what is piped into it, or a cancel, ends the half; what waits is still sent. It fails with
    ///   `NotConnected` when the socket is [closed](Self::close).
    pub fn writer<T: Into<Outgoing> + Send + 'static>(&self) -> Sink<T> {
        if is_bytes::<T>() {
            // Links count these by length; here it is how many that counts.
            return self.queue().behind(map(Into::into));
        }
        self.queue()
    }

    /// The send queue as a sink.
    fn queue<T: Into<Outgoing> + Send + 'static>(&self) -> Sink<T> {
        let shared = Arc::clone(&self.shared);
        Sink::new(move |assembly| {
            let mut reporter = assembly.enter(format!("udp writer {}", shared.name()));
            let to = reporter.name.clone();
            let id = shared.next();
            let Some(address) = shared.open(assembly.owner) else {
                let error = reporter.error(ended());
                reporter.closed(Err(error));
                return Outflow::Link { link: Box::new(NoWriter), to };
            };
            let control = address.recipient(move |control| Message::ControlWrite(id, control));
            assembly.set_control(reporter.member, control);
            if let Err(refused) = address.send(Message::Write { id, reporter })
                && let Message::Write { mut reporter, .. } = refused.into_message()
            {
                let error = reporter.error(ended());
                reporter.closed(Err(error));
            }
            Outflow::Link { link: Box::new(IntoQueue { id, address }), to }
        })
    }

    /// Sends one datagram: it joins the send queue, and leaves it in order as soon as the OS takes it. What was not taken is
    /// handed back. (Node: `send`.)
    ///
    /// Never blocks. That it was queued does not say that it will be sent, nor that it arrives: if not, the
    /// [counts](Self::counts) and a [happening](super::DatagramFailed) say so.
    ///
    /// # Errors
    /// [`SendRefused`]: the queue is full and its policy is to wait (see [`when_room`](Self::when_room)), the datagram is
    /// longer than any may be, it has no peer, or another than the socket is connected to; or the socket has ended.
    pub fn send<A: Actor>(
        &self,
        ctx: &mut Context<'_, A>,
        outgoing: impl Into<Outgoing>,
    ) -> Result<Fate, SendRefused> {
        let outgoing = outgoing.into();
        let Shared { settings, queue, .. } = &*self.shared;
        if let Err(why) = settings.route.check(&outgoing) {
            return Err(SendRefused { outgoing, why });
        }
        let Some(engine) = self.shared.open(ctx.scope()) else {
            return Err(SendRefused { outgoing, why: Refusal::Closed });
        };
        let Pushed { fate, dropped, nudge } = queue.push(outgoing)?;
        for outgoing in dropped {
            say_dropped(ctx, settings.local, &outgoing, Some(queue.policy()));
        }
        if nudge {
            // One that has just ended has given up what waited: it is in the books.
            let _ = engine.send(Message::Look);
        }
        Ok(fate)
    }

    /// Tells this actor, once, when half of the send queue is free: at once if it is, or if the socket has ended, which the
    /// next [`send`](Self::send) says. For whoever was refused. (Node: `'drain'`.)
    ///
    /// It is an answer: ask again only once told.
    pub fn when_room<A, F>(&self, ctx: &mut Context<'_, A>, map: F)
    where
        A: Actor,
        F: Fn(Room) -> A::Message + Send + Sync + 'static,
    {
        self.shared.queue.when_room(ctx.recipient(map));
    }

    /// To receive what is sent to a group, over one interface. (Node: `addMembership`.)
    ///
    /// The socket must be bound to the port that the group is sent to, mostly at `0.0.0.0` or `[::]`, and with
    /// [`reuse_address`](super::udp::Bind::reuse_address) if others of this machine are to be. The OS limits how many groups
    /// there are (Linux: 20 of IPv4). Its end leaves all groups.
    ///
    /// # Examples
    /// ```
    /// use roundsman::net::udp::{self, Interface, MulticastError};
    /// use roundsman::prelude::*;
    ///
    /// struct Joins;
    ///
    /// impl Actor for Joins {
    ///     type Message = Result<(), MulticastError>;
    ///
    ///     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    ///         let socket = udp::socket("0.0.0.0:0").bind()?;
    ///         socket.join("10.0.0.1".parse()?, Interface::Any).start(ctx, |joined| joined);
    ///         Ok(())
    ///     }
    ///
    ///     fn receive(&mut self, joined: Self::Message, ctx: &mut Context<Self>) -> Outcome {
    ///         let error = joined.expect_err("that is no group");
    ///         assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    ///         ctx.stop();
    ///         Ok(())
    ///     }
    /// }
    ///
    /// Runtime::builder().loops(1).build()?.run(|| Joins)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join(&self, group: IpAddr, interface: impl Into<Interface>) -> Membership {
        self.membership(true, group, None, interface.into())
    }

    /// To receive it no longer. The interface is the one that was named to [`join`](Self::join). (Node: `dropMembership`.)
    pub fn leave(&self, group: IpAddr, interface: impl Into<Interface>) -> Membership {
        self.membership(false, group, None, interface.into())
    }

    /// To receive what one source sends to a group, and nobody else's. Say it again for further sources. IPv4 only: over
    /// IPv6 it is refused as `Unsupported`. (RFC 3678; Node: `addSourceSpecificMembership`.)
    pub fn join_source(
        &self,
        source: IpAddr,
        group: IpAddr,
        interface: impl Into<Interface>,
    ) -> Membership {
        self.membership(true, group, Some(source), interface.into())
    }

    /// To receive it no longer. (Node: `dropSourceSpecificMembership`.)
    pub fn leave_source(
        &self,
        source: IpAddr,
        group: IpAddr,
        interface: impl Into<Interface>,
    ) -> Membership {
        self.membership(false, group, Some(source), interface.into())
    }

    fn membership(
        &self,
        joins: bool,
        group: IpAddr,
        source: Option<IpAddr>,
        interface: Interface,
    ) -> Membership {
        Membership::new(self.clone(), Change { joins, group, source, interface })
    }

    pub(crate) fn begin_change(&self, change: Change) -> Doing {
        match &*self.shared.lock() {
            Life::Idle(socket) => Doing::Done(socket.change(&change)),
            Life::Open(engine) => Doing::Ask(engine.clone()),
            Life::Closed => Doing::Done(Err(ended())),
        }
    }

    /// Ends it: its reader ends, its writer fails, what waits is still sent, and then the socket is closed. What is sent from
    /// now on is refused. (Node: `close`.)
    pub fn close(&self) {
        self.shared.queue.close();
        let mut life = self.shared.lock();
        match &*life {
            Life::Idle(_) => *life = Life::Closed,
            // One that has ended is closed.
            Life::Open(engine) => _ = engine.send(Message::Close),
            Life::Closed => {}
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Life> {
        // Nothing in here can be left half done by a panic.
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it is called in names of actors and stages.
    fn name(&self) -> SocketAddr {
        self.settings.route.peer.unwrap_or(self.settings.local)
    }

    fn next(&self) -> u32 {
        // Distinct is all that it must be.
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Its engine, spawned on first use. `None` if it was closed.
    fn open(&self, owner: Scope<'_>) -> Option<Address<Message>> {
        let mut life = self.lock();
        match std::mem::replace(&mut *life, Life::Closed) {
            Life::Idle(socket) => {
                let spawn = Spawn::named(format!("udp:{}", self.name())).tireless();
                let engine =
                    Engine::new(socket, Arc::clone(&self.settings), Arc::clone(&self.queue));
                let address = owner.spawn_with(spawn, engine);
                *life = Life::Open(address.clone());
                Some(address)
            }
            Life::Open(address) => {
                *life = Life::Open(address.clone());
                Some(address)
            }
            Life::Closed => None,
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Life::Open(engine) = &*self.lock() {
            // One that has ended needs not be told. An idle socket goes with this.
            let _ = engine.send(Message::Released);
        }
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer() {
            Some(peer) => write!(f, "UdpSocket({} -> {peer})", self.local()),
            None => write!(f, "UdpSocket({})", self.local()),
        }
    }
}

/// Tells whoever listens that a datagram was dropped, by a policy or by the socket's end.
pub(crate) fn say_dropped<A: Actor>(
    ctx: &Context<'_, A>,
    local: SocketAddr,
    outgoing: &Outgoing,
    policy: Option<SlowPolicy>,
) {
    let Outgoing { to, bytes } = outgoing;
    ctx.happens(|| DatagramDropped { local, to: *to, len: bytes.len(), policy });
}

/// The lower end of a link into a writer.
struct IntoQueue {
    id: u32,
    address: Address<Message>,
}

impl<T: Into<Outgoing> + Send + 'static> Subscriber<T> for IntoQueue {
    fn take(&mut self, flow: Flow<T>) -> bool {
        let flow = match flow {
            Flow::Begin(upstream) => Flow::Begin(upstream),
            Flow::Item(item) => Flow::Item(item.into()),
            Flow::Items(items) => Flow::Items(items.into_iter().map(Into::into).collect()),
            Flow::End => Flow::End,
            Flow::Failed(error) => Flow::Failed(error),
        };
        self.address.send(Message::Flow(self.id, flow)).is_ok()
    }
}
