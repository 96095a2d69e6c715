//! An address: how messages reach an actor, from anywhere.
//!
//! Used by everybody. On the actor's own loop a send pushes onto the actor's mailbox; from elsewhere it goes through
//! the inbox of the actor's loop. It decides nothing about pausing: it notes, and [`waiting`](crate::waiting) acts.
//!
//! # Safety
//! An `Address<M>` is made only for a cell whose actor takes `M` ([`Address::of`], [`Address::newborn`], and
//! [`Address::borrowed`] for an envelope that was made from one). That premise is what every `front::<M>()` here rests on.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::{Actor, ActorId};
use crate::cell::{CellRef, Front, Handle};
use crate::clock::Clock;
use crate::dead_letter::{self, Origin};
use crate::dying;
use crate::envelope::{Envelope, Load};
use crate::exit::ExitReason;
use crate::extras::Waiter;
use crate::home::INBOX_HIGH;
use crate::inbox::Refused;
use crate::ledger::DeadLetterReason;
use crate::local::Local;
use crate::mailbox::Overflow;
use crate::own::flag;
use crate::parcel::Parcel;
use crate::parker::Parker;
use crate::pool::is_pool_thread;
use crate::recipient::Recipient;
use crate::reply::{AskError, Reply};
use crate::send_error::{SendError, TrySendError};
use crate::waiting;

/// Where messages of type `M` can be sent: one word, cheap to copy, usable from any thread.
///
/// It stays valid for ever: after its actor has ended, a send hands the message back, and it never reaches another
/// actor. Holding one keeps neither the actor nor the runtime alive.
///
/// # Order
/// Messages from one sender to one receiver arrive in the order sent, on one loop and across loops.
///
/// # Pressure
/// [`send`](Self::send) inside an actor never blocks and never fails for fullness. If the receiver is over (more than
/// 1,024 messages wait, unless said otherwise), the sending *actor* is paused after the message that it is handling,
/// until the receiver has caught up. A plain thread blocks instead.
#[repr(transparent)]
pub struct Address<M> {
    cell: CellRef,
    takes: PhantomData<fn(M)>,
}

impl<M: Send + 'static> Address<M> {
    /// The address of an actor.
    pub(crate) fn of<A: Actor<Message = M>>(actor: &Handle<'_, A>) -> Self {
        Self { cell: actor.cell.clone(), takes: PhantomData }
    }

    /// The address of a cell that was just allocated for `A`.
    pub(crate) fn newborn<A: Actor<Message = M>>(cell: CellRef) -> Self {
        debug_assert_eq!((cell.ops().actor_name)(), std::any::type_name::<A>());
        Self { cell, takes: PhantomData }
    }

    /// A cell, seen as an address.
    ///
    /// # Safety
    /// The cell's actor takes messages of type `M`.
    #[inline]
    unsafe fn borrowed(cell: &CellRef) -> &Self {
        // SAFETY: `repr(transparent)` over a `CellRef`; the type is right by the caller.
        unsafe { &*std::ptr::from_ref(cell).cast() }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`SendError::Closed`] if the actor has ended; [`SendError::Rejected`] if it was spawned to reject what comes
    /// while it is over, or if it is over and this is a job of the pool. Both hand the message back.
    ///
    /// # Blocking
    /// Never inside an actor, and never in a job of the pool. A plain thread blocks while the actor is over.
    ///
    /// # Examples
    /// ```
    /// # use roundsman_runtime::{Actor, Context, Outcome, Runtime};
    /// # struct Sum(u64);
    /// # impl Actor for Sum {
    /// #     type Message = u64;
    /// #     fn started(&mut self, ctx: &mut Context<Self>) -> Outcome {
    /// let me = ctx.address();
    /// me.send(40)?;
    /// me.send(2)?;
    /// #         Ok(())
    /// #     }
    /// #     fn receive(&mut self, n: u64, ctx: &mut Context<Self>) -> Outcome {
    /// #         self.0 += n;
    /// #         if self.0 == 42 { ctx.stop(); }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # Runtime::builder().loops(1).build()?.run(|| Sum(0))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn send(&self, message: M) -> Result<(), SendError<M>> {
        match Local::current(self.cell.home()) {
            Some(local) => self.push::<true, true>(message, &local),
            None => self.send_elsewhere(message),
        }
    }

    /// Sends a message unless the actor is over. For rooms, routers and brokers: a slow receiver costs only itself.
    ///
    /// # Errors
    /// [`TrySendError::Over`] or [`TrySendError::Closed`]; both hand the message back.
    #[inline]
    pub fn try_send(&self, message: M) -> Result<(), TrySendError<M>> {
        if !self.cell.is_over()
            && let Some(local) = Local::current(self.cell.home())
        {
            return self.push::<true, false>(message, &local).map_err(|error| match error {
                SendError::Closed(message) => TrySendError::Closed(message),
                SendError::Rejected(message) => TrySendError::Over(message),
            });
        }
        self.try_send_elsewhere(message)
    }

    fn try_send_elsewhere(&self, message: M) -> Result<(), TrySendError<M>> {
        let origin = Origin::of(&self.cell);
        origin.sends();
        let result = if self.cell.is_over() {
            Err(TrySendError::Over(message))
        } else if self.cell.is_dead() {
            Err(TrySendError::Closed(message))
        } else {
            let home = &self.cell.header().home;
            home.post_message(self.wrap(message), INBOX_HIGH, origin).map(drop).map_err(|refused| {
                match refused {
                    Refused::Full(parcel) => TrySendError::Over(unwrap(parcel)),
                    Refused::Closed(parcel) => TrySendError::Closed(unwrap(parcel)),
                }
            })
        };
        result.inspect_err(|_| origin.hands_back(&self.cell))
    }

    /// Sends a message from a plain thread, waiting at most `timeout` while the actor is over.
    ///
    /// # Errors
    /// [`TrySendError::Over`] if the time ran out, [`TrySendError::Closed`] if the actor has ended; both hand the
    /// message back. Inside an actor and in a job of the pool nothing may wait, so there it is
    /// [`try_send`](Self::try_send).
    pub fn send_timeout(&self, message: M, timeout: Duration) -> Result<(), TrySendError<M>> {
        if Local::with_any(|_| ()).is_some() {
            return self.try_send(message);
        }
        let sent = self.send_blocking(message, Some(timeout));
        sent.inspect_err(|_| Origin::Outside.hands_back(&self.cell))
    }

    /// Asks the actor to stop. It handles no further message; what is queued becomes dead letters.
    pub fn stop(&self) {
        Parcel::Stop(self.cell.clone(), ExitReason::Shutdown).send(&self.cell);
    }

    /// Whether the actor is known to have ended. Another thread may learn it late.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.cell.is_dead()
    }

    /// Whether more waits for the actor than should: its senders pause. A hint when asked from another loop.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.cell.is_over()
    }

    /// Who it is.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.cell.header().id
    }

    /// Where it stands in the tree, for people: `/server/session-17`.
    #[must_use]
    pub fn path(&self) -> String {
        dying::path_of(&self.cell)
    }

    /// The address as "takes `E`": `map` makes the actor's own message of an `E`, mostly an enum variant.
    pub fn recipient<E, F>(&self, map: F) -> Recipient<E>
    where
        E: Send + 'static,
        F: Fn(E) -> M + Send + Sync + 'static,
    {
        Recipient::new(self.clone(), map)
    }

    /// Asks from a plain thread and waits for the answer, at most `timeout`.
    ///
    /// # Errors
    /// [`AskError::Closed`], [`AskError::Dropped`], [`AskError::Timeout`]; and [`AskError::InsideActor`] when called
    /// on a loop's thread or in a job of the pool, which must not block on an actor: use
    /// [`Context::ask`](crate::Context::ask) there.
    pub fn ask_blocking<T: Send + 'static>(
        &self,
        question: impl FnOnce(Reply<T>) -> M,
        timeout: Duration,
    ) -> Result<T, AskError> {
        if is_pool_thread() || Local::with_any(|_| ()).is_some() {
            return Err(AskError::InsideActor);
        }
        let (reply, answer) = Reply::channel();
        let deadline = Clock::origin().checked_add(timeout);
        self.send_timeout(question(reply), timeout).map_err(|error| match error {
            TrySendError::Closed(_) => AskError::Closed,
            TrySendError::Over(_) => AskError::Timeout,
        })?;
        let answered = match deadline {
            Some(deadline) => answer.recv_deadline(deadline).ok(),
            None => answer.recv().ok(),
        };
        answered.unwrap_or(Err(AskError::Timeout))
    }

    pub(crate) fn cell(&self) -> &CellRef {
        &self.cell
    }

    pub(crate) fn front(&self) -> &Front<M> {
        // SAFETY: the premise of this module: the cell's actor takes `M`.
        unsafe { self.cell.front() }
    }

    /// Same loop: straight into the mailbox. If it is `FRESH` it is sent now; else it was counted as it began its way, and
    /// what it becomes is the caller's to count. Who only tries (not `WAITS`) does not pause for what it has filled.
    ///
    /// Whatever is unusual leaves by a call that ends this one, so that the usual way saves no registers.
    #[inline(always)]
    pub(crate) fn push<const FRESH: bool, const WAITS: bool>(
        &self,
        message: M,
        local: &Local,
    ) -> Result<(), SendError<M>> {
        let pushed = self.front().owned(local, |own, mailbox| {
            let flags = own.flags.get();
            if flags & (flag::DEAD | flag::LIMITED) != 0 || !mailbox.has_room() {
                return Err(message);
            }
            let len = mailbox.push_plain(message);
            own.count_sent();
            if FRESH {
                local.counters().sent.add(1);
            }
            if flags & (flag::SCHEDULED | flag::PAUSED | flag::VACANT) == 0 {
                own.flags.set(flags | flag::SCHEDULED);
                local.enqueue(&self.cell);
            }
            let over = flags & (flag::FULL | flag::GUARDED) != 0;
            Ok(over || len > self.cell.header().high as usize)
        });
        match pushed {
            Ok(false) => Ok(()),
            Ok(true) => self.pushed_over::<WAITS>(local),
            Err(message) => self.push_unusual::<FRESH, WAITS>(message, local),
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn pushed_over<const WAITS: bool>(&self, local: &Local) -> Result<(), SendError<M>> {
        let high = self.cell.header().high;
        let above = self.front().owned(local, |_, mailbox| mailbox.above(high));
        waiting::pushed(local, &self.cell, above, WAITS);
        Ok(())
    }

    /// The same for an actor that is gone, whose mailbox must grow, or has rules of its own.
    #[cold]
    #[inline(never)]
    fn push_unusual<const FRESH: bool, const WAITS: bool>(
        &self,
        message: M,
        local: &Local,
    ) -> Result<(), SendError<M>> {
        let own = self.cell.own(local);
        own.count_sent();
        if FRESH {
            local.counters().sent.add(1);
        }
        let hand_back = || {
            if FRESH {
                local.counters().handed_back.add(1);
                own.enter(|fates| fates.handed_back += 1);
            }
        };
        if own.has(flag::DEAD) {
            hand_back();
            return Err(SendError::Closed(message));
        }
        let high = self.cell.header().high;
        let mut dropped = None;
        if own.has(flag::FULL) {
            match self.front().owned(local, |_, mailbox| mailbox.overflow()) {
                Overflow::Reject => {
                    hand_back();
                    return Err(SendError::Rejected(message));
                }
                Overflow::DropNewest => {
                    let reason = DeadLetterReason::DroppedByPolicy;
                    dead_letter::dead_letter(local, &self.cell, message, reason);
                    return Ok(());
                }
                Overflow::DropOldest => {
                    dropped = self.front().owned(local, |_, mailbox| mailbox.pop_oldest_counted());
                }
                Overflow::Wait | Overflow::Unbounded => {}
            }
        }
        let weigh = self.front().owned(local, |own, mailbox| {
            if mailbox.relax() {
                own.clear(flag::LIMITED);
            }
            mailbox.weigher()
        });
        let mut weight = 0;
        if let Some(weigh) = weigh {
            // The user's code, and perhaps in nobody's turn. What cannot be weighed weighs nothing.
            dying::carefully(&self.cell, "weighing a message", || weight = weigh(&message));
        }
        let above = self.front().owned(local, |own, mailbox| {
            mailbox.push(message, weight);
            own.grows();
            mailbox.above(high)
        });
        local.schedule(&self.cell);
        waiting::pushed(local, &self.cell, above, WAITS);
        if let Some(dropped) = dropped {
            let reason = DeadLetterReason::DroppedByPolicy;
            dead_letter::dead_letter(local, &self.cell, dropped, reason);
        }
        Ok(())
    }

    /// Same loop: a reply or a completion, which never counts towards the marks and is never held back.
    pub(crate) fn push_exempt(&self, message: M, local: &Local) {
        local.counters().sent.add(1);
        self.take_exempt(message, local);
    }

    /// The same for one that was counted as it was sent.
    fn take_exempt(&self, message: M, local: &Local) {
        let own = self.cell.own(local);
        own.count_sent();
        if own.has(flag::DEAD) {
            dead_letter::dead_letter(local, &self.cell, message, DeadLetterReason::ReceiverEnded);
            return;
        }
        self.front().owned(local, |own, mailbox| {
            mailbox.push_exempt(message);
            // From now on the mailbox has rules: which of its messages do not count.
            own.set(flag::LIMITED);
            own.grows();
        });
        local.schedule(&self.cell);
    }

    /// Sends news that nobody waits for. False if the actor is over or has ended.
    pub(crate) fn notify(&self, message: M) -> bool {
        self.try_send(message).is_ok()
    }

    /// Whether a send now would be rejected.
    pub(crate) fn rejects(&self) -> bool {
        self.cell.header().overflow == Overflow::Reject && self.cell.is_over()
    }

    /// Sends what no mailbox may refuse or drop, and nobody waits for: that an actor has ended, that a job is done.
    pub(crate) fn send_exempt(&self, message: M) {
        match Local::current(self.cell.home()) {
            Some(local) => self.push_exempt(message, &local),
            None => {
                let origin = Origin::of(&self.cell);
                origin.sends();
                let parcel = Parcel::Message(Envelope::new(&self.cell, Exempt(message)));
                let posted = self.cell.header().home.post_message(parcel, usize::MAX, origin);
                if let Err(Refused::Closed(parcel) | Refused::Full(parcel)) = posted {
                    let Exempt(message) = take_back::<Exempt<M>>(parcel);
                    origin.loses(&self.cell, message, DeadLetterReason::LoopEnded);
                }
            }
        }
    }

    /// Other loop or thread: through the inbox of the actor's loop.
    #[inline(never)]
    fn send_elsewhere(&self, message: M) -> Result<(), SendError<M>> {
        let origin = Origin::of(&self.cell);
        origin.sends();
        self.post_elsewhere(message, origin).inspect_err(|_| origin.hands_back(&self.cell))
    }

    pub(crate) fn post_elsewhere(&self, message: M, origin: Origin) -> Result<(), SendError<M>> {
        if Local::with_any(|_| ()).is_none() {
            return self.send_blocking(message, None).map_err(|error| match error {
                TrySendError::Closed(message) => SendError::Closed(message),
                TrySendError::Over(message) => SendError::Rejected(message),
            });
        }
        if self.cell.is_dead() {
            return Err(SendError::Closed(message));
        }
        let over = self.cell.is_over();
        if over && self.cell.header().overflow == Overflow::Reject {
            return Err(SendError::Rejected(message));
        }
        let home = &self.cell.header().home;
        let posted = home.post_message(self.wrap(message), usize::MAX, origin);
        let len = posted.map_err(|refused| match refused {
            Refused::Full(parcel) | Refused::Closed(parcel) => SendError::Closed(unwrap(parcel)),
        })?;
        if over && self.cell.header().overflow == Overflow::Wait || len > INBOX_HIGH {
            Local::with_any(|local| local.note(&self.cell));
        }
        Ok(())
    }

    /// A plain thread: waits while the actor, or its loop's inbox, is over.
    fn send_blocking(&self, message: M, timeout: Option<Duration>) -> Result<(), TrySendError<M>> {
        let header = self.cell.header();
        let home = &header.home;
        if self.cell.is_dead() {
            return Err(TrySendError::Closed(message));
        }
        let over = self.cell.is_over();
        if over && header.overflow == Overflow::Reject {
            return Err(TrySendError::Over(message));
        }
        let mut parcel = self.wrap(message);
        // Nobody waits for a mailbox that drops; but for an inbox that is full everybody does.
        if !over || header.overflow != Overflow::Wait {
            match home.post_message(parcel, INBOX_HIGH, Origin::Outside) {
                Ok(_) => return Ok(()),
                Err(Refused::Closed(parcel)) => return Err(TrySendError::Closed(unwrap(parcel))),
                Err(Refused::Full(refused)) => parcel = refused,
            }
        }
        // A pool thread waits for no actor: that one might wait for its lane.
        if is_pool_thread() {
            return Err(TrySendError::Over(unwrap(parcel)));
        }
        // The wait record takes the same way as messages, so it is looked at after everything that is queued now.
        let parker = Arc::new(Parker::default());
        let who = Waiter::Thread(Arc::clone(&parker));
        if home.post(Parcel::Wait { who, on: self.cell.clone() }).is_err() {
            return Err(TrySendError::Closed(unwrap(parcel)));
        }
        if !parker.park(timeout) {
            return Err(TrySendError::Over(unwrap(parcel)));
        }
        if self.cell.is_dead() {
            return Err(TrySendError::Closed(unwrap(parcel)));
        }
        // Resumed, so it is this thread's turn: one message goes in whatever others have sent meanwhile.
        match home.post_message(parcel, usize::MAX, Origin::Outside) {
            Ok(_) => Ok(()),
            Err(Refused::Full(parcel) | Refused::Closed(parcel)) => {
                Err(TrySendError::Closed(unwrap(parcel)))
            }
        }
    }

    pub(crate) fn wrap(&self, message: M) -> Parcel {
        Parcel::Message(Envelope::new(&self.cell, Sent(message)))
    }
}

/// The message in a parcel that was refused.
pub(crate) fn unwrap<M: Send + 'static>(parcel: Parcel) -> M {
    take_back::<Sent<M>>(parcel).0
}

fn take_back<L: Load>(parcel: Parcel) -> L {
    match parcel {
        Parcel::Message(envelope) => envelope.take_back::<L>(),
        _ => unreachable!("a refused parcel is the one that was sent"),
    }
}

/// Why a message that was refused, and cannot be handed back, is a dead letter.
pub(crate) fn reason_of<M>(error: &SendError<M>) -> DeadLetterReason {
    match error {
        SendError::Closed(_) => DeadLetterReason::ReceiverEnded,
        SendError::Rejected(_) => DeadLetterReason::Rejected,
    }
}

/// A message on its way.
struct Sent<M>(M);

impl<M: Send + 'static> Load for Sent<M> {
    #[inline]
    fn deliver(self, cell: &CellRef, local: &Local) {
        // SAFETY: `wrap` has put the message into an envelope for the cell of an `Address<M>`.
        let address = unsafe { Address::<M>::borrowed(cell) };
        if let Err(error) = address.push::<false, true>(self.0, local) {
            let reason = reason_of(&error);
            dead_letter::dead_letter(local, cell, error.into_message(), reason);
        }
    }

    fn lost(self, cell: &CellRef) {
        dead_letter::lost(cell, self.0);
    }
}

/// A message on its way that no mailbox may refuse.
struct Exempt<M>(M);

impl<M: Send + 'static> Load for Exempt<M> {
    fn deliver(self, cell: &CellRef, local: &Local) {
        // SAFETY: `send_exempt` has put the message into an envelope for the cell of an `Address<M>`.
        let address = unsafe { Address::<M>::borrowed(cell) };
        address.take_exempt(self.0, local);
    }

    fn lost(self, cell: &CellRef) {
        dead_letter::lost(cell, self.0);
    }
}

impl<M> Clone for Address<M> {
    fn clone(&self) -> Self {
        Self { cell: self.cell.clone(), takes: PhantomData }
    }
}

impl<M> PartialEq for Address<M> {
    fn eq(&self, other: &Self) -> bool {
        self.cell.same(&other.cell)
    }
}

impl<M> Eq for Address<M> {}

impl<M> Hash for Address<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.cell.header().id.hash(state);
    }
}

impl<M> fmt::Debug for Address<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", dying::path_of(&self.cell))
    }
}
