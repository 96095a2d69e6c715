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
use crate::cell::{CellRef, Front, Handle, Uncounted};
use crate::clock::Clock;
use crate::dying;
use crate::envelope::{Envelope, Load};
use crate::exit::ExitReason;
use crate::extras::Waiter;
use crate::home::INBOX_HIGH;
use crate::inbox::Refused;
use crate::local::Local;
use crate::mailbox::Overflow;
use crate::own::flag;
use crate::parcel::{DeadLetterReason, Parcel};
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
    #[inline]
    pub fn send(&self, message: M) -> Result<(), SendError<M>> {
        match Local::current(self.cell.home()) {
            Some(local) => self.push(message, &local),
            None => self.send_elsewhere(message),
        }
    }

    /// Sends a message unless the actor is over. For rooms, routers and brokers: a slow receiver costs only itself.
    ///
    /// # Errors
    /// [`TrySendError::Over`] or [`TrySendError::Closed`]; both hand the message back.
    #[inline]
    pub fn try_send(&self, message: M) -> Result<(), TrySendError<M>> {
        if self.cell.is_over() {
            return Err(TrySendError::Over(message));
        }
        if Local::is_current(self.cell.home()) {
            return self.send(message).map_err(|error| match error {
                SendError::Closed(message) => TrySendError::Closed(message),
                SendError::Rejected(message) => TrySendError::Over(message),
            });
        }
        if self.cell.is_dead() {
            return Err(TrySendError::Closed(message));
        }
        let home = &self.cell.header().home;
        match home.post_within(self.wrap(message)) {
            Ok(_) => Ok(()),
            Err(Refused::Full(parcel)) => Err(TrySendError::Over(unwrap(parcel))),
            Err(Refused::Closed(parcel)) => Err(TrySendError::Closed(unwrap(parcel))),
        }
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
        self.send_blocking(message, Some(timeout))
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

    fn front(&self) -> &Front<M> {
        // SAFETY: the premise of this module: the cell's actor takes `M`.
        unsafe { self.cell.front() }
    }

    /// Same loop: straight into the mailbox.
    ///
    /// Whatever is unusual leaves by a call that ends this one, so that the usual way saves no registers.
    #[inline]
    pub(crate) fn push(&self, message: M, local: &Local) -> Result<(), SendError<M>> {
        let pushed = self.front().owned(local, |own, mailbox| {
            let flags = own.flags.get();
            if flags & (flag::DEAD | flag::LIMITED) != 0 || !mailbox.has_room() {
                return Err(message);
            }
            let len = mailbox.push_plain(message);
            if flags & (flag::SCHEDULED | flag::PAUSED) == 0 {
                own.flags.set(flags | flag::SCHEDULED);
                local.run_queue.push(Uncounted::new(&self.cell));
            }
            let over = flags & (flag::FULL | flag::GUARDED) != 0;
            Ok(over || len > self.cell.header().high as usize)
        });
        match pushed {
            Ok(false) => Ok(()),
            Ok(true) => self.pushed_over(local),
            Err(message) => self.push_unusual(message, local),
        }
    }

    #[cold]
    #[inline(never)]
    fn pushed_over(&self, local: &Local) -> Result<(), SendError<M>> {
        let high = self.cell.header().high;
        let above = self.front().owned(local, |_, mailbox| mailbox.above(high));
        waiting::pushed(local, &self.cell, above);
        Ok(())
    }

    /// The same for an actor that is gone, whose mailbox must grow, or has rules of its own.
    #[cold]
    #[inline(never)]
    fn push_unusual(&self, message: M, local: &Local) -> Result<(), SendError<M>> {
        let own = self.cell.own(local);
        if own.has(flag::DEAD) {
            local.counters.handed_back.add(1);
            return Err(SendError::Closed(message));
        }
        let high = self.cell.header().high;
        let mut dropped = None;
        if own.has(flag::FULL) {
            match self.front().owned(local, |_, mailbox| mailbox.overflow()) {
                Overflow::Reject => {
                    local.counters.handed_back.add(1);
                    return Err(SendError::Rejected(message));
                }
                Overflow::DropNewest => {
                    let reason = DeadLetterReason::DroppedByPolicy;
                    waiting::dead_letter(local, &self.cell, message, reason);
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
        let above = self.front().owned(local, |_, mailbox| {
            mailbox.push(message, weight);
            mailbox.above(high)
        });
        local.schedule(&self.cell);
        waiting::pushed(local, &self.cell, above);
        if let Some(dropped) = dropped {
            let reason = DeadLetterReason::DroppedByPolicy;
            waiting::dead_letter(local, &self.cell, dropped, reason);
        }
        Ok(())
    }

    /// Same loop: a reply or a completion, which never counts and is never held back.
    pub(crate) fn push_exempt(&self, message: M, local: &Local) {
        if self.cell.own(local).has(flag::DEAD) {
            waiting::dead_letter(local, &self.cell, message, DeadLetterReason::ReceiverEnded);
            return;
        }
        self.front().owned(local, |own, mailbox| {
            mailbox.push_exempt(message);
            // From now on the mailbox has rules: which of its messages do not count.
            own.set(flag::LIMITED);
        });
        local.schedule(&self.cell);
    }

    /// Sends what cannot be handed back any more: refused, it is a dead letter.
    pub(crate) fn send_or_lose(&self, message: M) {
        let Err(error) = self.send(message) else { return };
        let reason = match error {
            SendError::Closed(_) => DeadLetterReason::ReceiverEnded,
            SendError::Rejected(_) => DeadLetterReason::Rejected,
        };
        let mut message = Some(error.into_message());
        Local::with_any(|local| {
            if let Some(message) = message.take() {
                waiting::dead_letter(local, &self.cell, message, reason);
            }
        });
        if let Some(message) = message {
            waiting::lost(&self.cell, message, reason);
        }
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
                let envelope = Envelope::new(&self.cell, Exempt(message));
                // Refused, it is lost with the loop, and said so by the envelope's drop.
                drop(self.cell.header().home.post(Parcel::Message(envelope)));
            }
        }
    }

    /// Other loop or thread: through the inbox of the actor's loop.
    #[inline(never)]
    fn send_elsewhere(&self, message: M) -> Result<(), SendError<M>> {
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
        let len = self
            .cell
            .header()
            .home
            .post(self.wrap(message))
            .map_err(|parcel| SendError::Closed(unwrap(parcel)))?;
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
            match home.post_within(parcel) {
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
        match home.post(parcel) {
            Ok(_) => Ok(()),
            Err(parcel) => Err(TrySendError::Closed(unwrap(parcel))),
        }
    }

    fn wrap(&self, message: M) -> Parcel {
        Parcel::Message(Envelope::new(&self.cell, Sent(message)))
    }
}

/// The message in a parcel that was refused.
fn unwrap<M: Send + 'static>(parcel: Parcel) -> M {
    match parcel {
        Parcel::Message(envelope) => envelope.take_back::<Sent<M>>().0,
        _ => unreachable!("a refused parcel is the one that was sent"),
    }
}

/// A message on its way.
struct Sent<M>(M);

impl<M: Send + 'static> Load for Sent<M> {
    #[inline]
    fn deliver(self, cell: &CellRef, local: &Local) {
        // SAFETY: `wrap` has put the message into an envelope for the cell of an `Address<M>`.
        let address = unsafe { Address::<M>::borrowed(cell) };
        if let Err(error) = address.push(self.0, local) {
            let reason = match error {
                SendError::Closed(_) => DeadLetterReason::ReceiverEnded,
                SendError::Rejected(_) => DeadLetterReason::Rejected,
            };
            waiting::dead_letter(local, cell, error.into_message(), reason);
        }
    }

    fn lost(self, cell: &CellRef) {
        waiting::lost(cell, self.0, DeadLetterReason::LoopEnded);
    }
}

/// A message on its way that no mailbox may refuse.
struct Exempt<M>(M);

impl<M: Send + 'static> Load for Exempt<M> {
    fn deliver(self, cell: &CellRef, local: &Local) {
        // SAFETY: `send_exempt` has put the message into an envelope for the cell of an `Address<M>`.
        let address = unsafe { Address::<M>::borrowed(cell) };
        address.push_exempt(self.0, local);
    }

    fn lost(self, cell: &CellRef) {
        waiting::lost(cell, self.0, DeadLetterReason::LoopEnded);
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
